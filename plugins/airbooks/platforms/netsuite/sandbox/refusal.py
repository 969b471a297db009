"""How NetSuite says no: `o:errorDetails` with a code of its own and the place that it complains about."""

from __future__ import annotations

from typing import Any

TYPE = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec10.4"
TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 429: "Too Many Requests"}


class Refusal(Exception):  # noqa: N818 it is an answer, not a failure
    """A request that is answered with an error; `where` are the position keys (`o:errorPath` and the like)."""

    def __init__(self, status: int, code: str, detail: str, *, title: str = "", location: str = "", **where: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.location = status, code, detail, location
        self.title = title or TITLES.get(status, "Internal Server Error")
        self.where = {f"o:error{name.capitalize()}": value for name, value in where.items() if value}

    def body(self) -> dict[str, Any]:
        details = [{"detail": self.detail, "o:errorCode": self.code, **self.where}]
        return {"type": f"{TYPE}.{self.status - 399}", "title": self.title, "status": self.status, "o:errorDetails": details}


def content(detail: str, path: str) -> Refusal:
    """A body that is not of the record's form."""
    return Refusal(400, "INVALID_CONTENT", detail, path=path)


def unknown_field(name: str, path: str) -> Refusal:
    return content(f"Unknown property name: {name}.", path)


def user(detail: str, path: str = "") -> Refusal:
    """What the record itself refuses."""
    return Refusal(400, "USER_ERROR", f"Error while accessing a resource. {detail}", path=path)


def invalid_value(value: str, path: str) -> Refusal:
    field = path.rpartition(".")[2]
    return user(f"You have entered an Invalid Field Value {value} for the following field: {field}", path)


def missing(path: str) -> Refusal:
    return user(f"Please enter value(s) for: {path.rpartition('.')[2]}.", path)


def exists_already() -> Refusal:
    """Its code is not documented."""
    return user("This record already exists.")


def not_found() -> Refusal:
    return Refusal(404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID.", url="id")


def no_login() -> Refusal:
    return Refusal(401, "INVALID_LOGIN", "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI.")


def too_many() -> Refusal:
    return Refusal(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked.")
