"""How the Service Layer says no: an HTTP status, a code and a text."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 an answer, not a fault of the simulator
    """An error answer; its code is a number in v1 and text in v2."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def body(self, version: str) -> dict[str, object]:
        if version == "v1":
            return {"error": {"code": self.code, "message": {"lang": "en-us", "value": self.message}}}
        return {"error": {"code": str(self.code), "message": self.message}}


def bad(message: str, code: int = -5002) -> Refusal:
    return Refusal(400, code, message)


def no_match(table: str, status: int = 400) -> Refusal:
    """Master data or an entity that is not there."""
    return Refusal(status, -2028, f"No matching records found (ODBC -2028) [{table}]")


def unknown_property(name: str, kind: str) -> Refusal:
    return bad(f"Property '{name}' of '{kind}' is invalid", -1000)


def session_ended() -> Refusal:
    return Refusal(401, 301, "Invalid session or session already timeout.")
