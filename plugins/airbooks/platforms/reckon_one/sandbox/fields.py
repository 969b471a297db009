"""Reading what a request says: date-times, amounts, texts of a bounded length, fields that a request may have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.platforms.reckon_one.sandbox.answers import Row, invalid


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def check_known(sent: Row, known: Iterable[str], ignored: Iterable[str] = (), location: str = "") -> None:
    """Refuse unknown names (the simulator's strictness); `ignored` are fields that are computed there, whatever is sent."""
    for name in sent:
        if name not in {*known, *ignored}:
            raise invalid(f"{location}{name}", f"{name} is not a field of this resource.")


def required(sent: Row, name: str, location: str = "") -> Any:
    value = sent.get(name)
    if value is None or value in ("", []):
        raise invalid(f"{location}{name}", f"{name[0].upper()}{name[1:]} is required.")
    return value


def moment(value: Any, location: str) -> str:
    """A date-time such as 2026-01-15T00:00:00Z, kept with its time zeroed."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value):
        raise invalid(location, "The value is not a date-time.")
    try:
        return f"{datetime.fromisoformat(value).date().isoformat()}T00:00:00Z"
    except ValueError:
        raise invalid(location, "The value is not a date-time.") from None


def decimal(value: Any, location: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise invalid(location, "The value is not a number.")
    return Decimal(value)


def text(value: Any, location: str, limit: int | None = None) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(location, "The value is not a text.")
    if limit is not None and len(value) > limit:
        raise invalid(location, f"The text is longer than {limit} characters.")
    return value


def rows_of(sent: Row, name: str) -> list[Row]:
    found = sent.get(name) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise invalid(name, "The value is not a list.")
    return found
