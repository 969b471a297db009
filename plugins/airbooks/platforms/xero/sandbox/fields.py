"""Reading request elements: keys in any case, unknown ones ignored, dates and numbers in the forms Xero takes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from airbooks.platforms.xero.sandbox.answers import Refused, Row, malformed

_NET_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")


def folded(raw: Any, known: Iterable[str]) -> Row:
    """The known fields of an element under their proper names; keys are case-insensitive, what is unknown is ignored."""
    if not isinstance(raw, dict):
        raise malformed("PostDataInvalidException", "JSON for post data was invalid", 17)
    names = {name.lower(): name for name in known}
    return {names[key.lower()]: value for key, value in raw.items() if key.lower() in names}


def a_date(value: Any, name: str) -> date:
    """YYYY-MM-DD, or the .NET form that Xero's own SDK sends."""
    net = _NET_DATE.fullmatch(str(value))
    if net is not None:
        return datetime.fromtimestamp(int(net[1]) / 1000, UTC).date()
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise Refused(f"{name} is not a valid date.") from None


def a_number(value: Any, name: str) -> Decimal:
    if isinstance(value, bool):
        raise Refused(f"{name} is not a valid number.")
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise Refused(f"{name} is not a valid number.") from None


def rounded(value: Decimal, decimals: int = 2) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
