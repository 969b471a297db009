"""Checks of single fields: texts, dates, numbers, choices."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.platforms.myob.sandbox.answers import Row, malformed, refused, required

CENT = Decimal("0.01")


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def text(body: Row, name: str, most: int) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise malformed(f"{name} is a string")
    if len(value) > most:
        raise refused("StringTooLong", f"{name} is limited to {most} characters", details=f"{name} has {len(value)}")
    if any(ord(each) < 32 and each not in "\r\n\t" for each in value):
        raise malformed(f"{name} has a control character")
    return value


def moment(body: Row, name: str, *, needed: bool = True) -> datetime | None:
    """A date and time without a zone, `YYYY-MM-DDTHH:mm:ss`."""
    value = body.get(name)
    if not value:
        if needed:
            raise required(name)
        return None
    try:
        return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 the API's dates have no zone
    except ValueError:
        raise malformed(f"{name} is a date and time without a zone") from None


def day(body: Row, name: str) -> datetime:
    found = moment(body, name)
    assert found is not None  # noqa: S101 needed
    return found


def number(body: Row, name: str, decimals: int = 2, *, default: Decimal | None = None) -> Decimal:
    """A JSON number of at most so many decimals; required where there is no default."""
    value: Any = body.get(name)
    if value is None:
        if default is None:
            raise required(name)
        return default
    if isinstance(value, bool) or not isinstance(value, Decimal):
        raise malformed(f"{name} is a number")
    if value != round(value, decimals):
        raise refused("InvalidDecimalPlaces", f"{name} has at most {decimals} decimal places", details=str(value))
    return value


def choice(body: Row, name: str, known: Collection[str], default: str) -> str:
    value = body.get(name, default)
    if value not in known:
        raise malformed(f"{name} is one of {', '.join(sorted(known))}")
    return str(value)
