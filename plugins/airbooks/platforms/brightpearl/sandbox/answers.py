"""How Brightpearl answers: `response` for what is asked for, `errors` with codes for refusals, plain `response` texts at the door."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]

NO_BODY, NOT_FOUND, BAD_FILTER, BAD_PATCH = "CMNC-010", "CMNC-404", "CMNC-018", "CMNC-044"
NO_PARTY, INVALID = "ORDC-022", "ORDC-024"
UNKNOWN_CODE = "ORDC-099"  # refusals whose code the vendor's contract does not tell
SERVER_ERROR = "CMNU-003"


class Refusal(Exception):  # noqa: N818 - not a fault of ours
    """What Brightpearl refuses; `code` is empty where it answers with a text alone."""

    def __init__(self, message: str, code: str = INVALID, status: int = 400) -> None:
        super().__init__(f"{code} {message}")
        self.message, self.code, self.status = message, code, status

    def body(self) -> Row:
        return {"errors": [{"code": self.code, "message": self.message}]} if self.code else {"response": self.message}


def exact_json(value: Any) -> str:
    """JSON with every Decimal written digit by digit."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{exact_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(exact_json(item) for item in value) + "]"
    return json.dumps(value)


def stamp(moment: datetime, zone: ZoneInfo) -> str:
    """A time as the account sees it: with milliseconds and the offset of its own zone."""
    return moment.astimezone(zone).isoformat(timespec="milliseconds")


def moment(field: str, text: object) -> datetime:
    """A time of a request; a date alone is midnight UTC."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        raise Refusal(f"{field} is not a valid date") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def money(value: Decimal, places: int = 2) -> str:
    return f"{value:.{places}f}"


def number(field: str, value: object, places: int) -> Decimal:
    """A number, as text or as JSON number, with at most so many decimals."""
    try:
        found = Decimal(str(value))
    except ArithmeticError:
        raise Refusal(f"{field} is not a number") from None
    if isinstance(value, bool) or not found.is_finite() or found != round(found, places):
        raise Refusal(f"{field} must be a number of at most {places} decimals")
    return found
