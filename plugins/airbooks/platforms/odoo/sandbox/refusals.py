"""The ways Odoo says no: each refusal knows its exception name, its XML-RPC fault code and its JSON-2 status."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):  # noqa: N818  the vendor's word for each is in `exception`
    """An exception of the vendor's server; `str()` is its message."""

    exception: ClassVar[str] = "odoo.exceptions.UserError"
    fault: ClassVar[int] = 2
    status: ClassVar[int] = 422

    def __init__(self, message: str, debug: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.debug = debug or f"Traceback (most recent call last):\n{self.exception}: {message}"


class UserRefusal(Refusal):
    """A business rule was broken; the text is for the user."""


class ValidationRefusal(Refusal):
    """A constraint on stored data was broken."""

    exception = "odoo.exceptions.ValidationError"


class Missing(Refusal):
    """A record does not exist (any more)."""

    exception = "odoo.exceptions.MissingError"
    status = 404

    @classmethod
    def record(cls, model: str, record_id: object, user: int) -> Missing:
        return cls(f"Record does not exist or has been deleted.\n(Record: {model}({record_id},), User: {user})")


class AccessRefusal(Refusal):
    """The user may not do this."""

    exception = "odoo.exceptions.AccessError"
    fault, status = 4, 403


class AccessDenied(Refusal):
    """Wrong database user, password or key on the RPC services."""

    exception = "odoo.exceptions.AccessDenied"
    fault, status = 3, 403

    def __init__(self, message: str = "Access Denied") -> None:
        super().__init__(message)


class Unauthorized(Refusal):
    """JSON-2 only: no key, or a key that is unknown or has expired."""

    exception = "werkzeug.exceptions.Unauthorized"
    fault, status = 3, 401


class NotFound(Refusal):
    """Unknown model or method; XML-RPC calls it a user error."""

    exception = "werkzeug.exceptions.NotFound"
    status = 404


class WrongArguments(Refusal):
    """Missing or unexpected arguments of a method."""

    exception = "werkzeug.exceptions.UnprocessableEntity"
    fault, status = 1, 422


class ServerFailure(Refusal):
    """A Python error inside the server; XML-RPC answers its traceback as fault 1."""

    exception = "builtins.ValueError"
    fault, status = 1, 500


class SerializationFailure(ServerFailure):
    """Concurrent writes on one journal, after the server's own five tries."""

    exception = "psycopg2.errors.SerializationFailure"
