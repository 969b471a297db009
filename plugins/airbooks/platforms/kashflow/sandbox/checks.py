"""What a request body must look like: known fields, numbers of four decimals, dates in the vendor's form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from airbooks.platforms.kashflow.sandbox.answers import Row, invalid

_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d( \+00:00)?")
FOUR = Decimal("0.0001")


def known(body: Any, fields: Iterable[str], what: str) -> Row:
    """`body`, if it is an object with no other fields."""
    if not isinstance(body, dict):
        raise invalid(f"{what} must be an object")
    strange = set(body) - set(fields)
    if strange:
        raise invalid(f"{what} has no field {', '.join(sorted(strange))}")
    return body


def number(row: Mapping[str, Any], name: str, default: Decimal | None = None) -> Decimal:
    """A JSON number of at most four decimals; text is not one."""
    value = row.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise invalid(f"{name} must be a number")
    exact = Decimal(value)
    if exact != exact.quantize(FOUR):
        raise invalid(f"{name} has more than four decimals")
    return exact.quantize(FOUR)


def whole(row: Mapping[str, Any], name: str, default: int = 0) -> int:
    value = row.get(name, default)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or value != int(value):
        raise invalid(f"{name} must be an integer")
    return int(value)


def moment(row: Mapping[str, Any], name: str, default: str | None) -> str | None:
    """`YYYY-MM-DD HH:mm:ss`, as it is stored; " +00:00" at its end is taken and dropped."""
    value = row.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise invalid(f"{name} must be YYYY-MM-DD HH:mm:ss")
    try:
        datetime.strptime(value[:19], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 the vendor's dates have no zone
    except ValueError:
        raise invalid(f"{name} is not a date") from None
    return value[:19]


def flag(row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name, False)
    if not isinstance(value, bool):
        raise invalid(f"{name} must be true or false")
    return value


def text(row: Mapping[str, Any], name: str, default: str = "") -> str:
    value = row.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise invalid(f"{name} must be text")
    return value
