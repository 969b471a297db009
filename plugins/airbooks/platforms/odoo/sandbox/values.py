"""What may be written into a field: text, numbers, dates and choices, checked and in the form they are kept."""

# ruff: noqa: ARG001  all cleaners share one signature
from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from .refusals import ServerFailure
from .schema import Field


def rounded(value: Decimal, digits: int = 2) -> Decimal:
    """Half away from zero, as the vendor rounds."""
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def number(value: Any, name: str) -> Decimal:
    """A number as sent: JSON number or numeric text; false and null are zero."""
    if value is False or value is None or value == "":
        return Decimal(0)
    try:
        read = Decimal(str(value)) if not isinstance(value, bool) else Decimal(int(value))
    except InvalidOperation:
        raise ServerFailure(f"could not convert string to float: {value!r}") from None
    if not read.is_finite():
        raise ServerFailure(f"could not convert {name} to float: {value!r}")
    return read


TEXT_FIELD = Field("", "char")


def _text(told: Field, value: Any) -> str | bool:
    return str(value) or False


def _html(told: Field, value: Any) -> str | bool:
    text = str(value)
    return False if not text else text if text.startswith("<") else f"<p>{text}</p>"


def _date(told: Field, value: Any) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise ServerFailure(f"time data {value!r} does not match format '%Y-%m-%d'") from None


def _datetime(told: Field, value: Any) -> str:
    return datetime.fromisoformat(str(value)).strftime("%Y-%m-%d %H:%M:%S")


def _selection(told: Field, value: Any) -> str:
    if value not in told.choices:
        raise ServerFailure(f"Wrong value for {told.name}: {value!r}")
    return str(value)


def _json(told: Field, value: Any) -> Any:
    if not isinstance(value, dict):
        raise ServerFailure(f"Wrong value for {told.name}: {value!r}")
    return json.loads(json.dumps(value, default=str), parse_float=Decimal)


def _boolean(told: Field, value: Any) -> bool:
    return bool(value)


def _integer(told: Field, value: Any) -> int:
    return int(value)


def _number(told: Field, value: Any) -> Decimal:
    return number(value, told.name)


CLEAN: dict[str, Callable[[Field, Any], Any]] = {
    "char": _text,
    "text": _text,
    "html": _html,
    "date": _date,
    "datetime": _datetime,
    "selection": _selection,
    "json": _json,
    "boolean": _boolean,
    "integer": _integer,
    "float": _number,
    "monetary": _number,
}
