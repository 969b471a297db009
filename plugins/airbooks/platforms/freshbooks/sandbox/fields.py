"""Reading what a request says: known fields only, numbers, dates, money and percentages in the form FreshBooks wants."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from airbooks.platforms.freshbooks.sandbox.answers import (
    BAD_DATE,
    NOT_A_NUMBER,
    NOT_A_PERCENT,
    Row,
    invalid,
    read_only,
    required,
)


def check_known(sent: Row, known: Iterable[str], kind: str) -> None:
    """Refuse what cannot be written (due dates and computed amounts; for unknown names it is the simulator's strictness)."""
    for field, value in sent.items():
        if field not in known:
            raise read_only(field, kind, value)


def whole(value: Any, field: str, kind: str) -> int:
    """A number that is sent as one; ids also as digits."""
    is_id = isinstance(value, str) and field.endswith("id") and value.isdigit()
    if isinstance(value, bool) or not (isinstance(value, int) or is_id):
        raise invalid(field, f"{field} must be a number", kind, value, NOT_A_NUMBER)
    return int(value)


def decimal(value: Any, field: str, kind: str) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise invalid(field, f"{field} must be a number", kind, value, NOT_A_NUMBER) from None


def percent(value: Any, field: str, kind: str) -> Decimal:
    """A decimal string such as "13"; null and "" are nothing."""
    if value in (None, ""):
        return Decimal(0)
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,3}(\.\d{1,3})?", value):
        raise invalid(field, f"{field} must be a decimal string", kind, value, NOT_A_PERCENT)
    return Decimal(value)


def day(value: Any, field: str, kind: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise invalid(field, f"{field} must be a date (YYYY-MM-DD)", kind, value, BAD_DATE)
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise invalid(field, f"{field} must be a date (YYYY-MM-DD)", kind, value, BAD_DATE) from None


def money(value: Any, field: str, kind: str, currency: str) -> Decimal:
    """The amount of `{"amount": "18450.00", "code": "USD"}`; its currency is the document's."""
    if not isinstance(value, dict) or "amount" not in value:
        raise required(f"{field}.amount", kind)
    if value.get("code", currency) != currency:
        raise invalid(f"{field}.code", f"the currency is {currency}", kind, value["code"])
    return decimal(value["amount"], f"{field}.amount", kind)


def shown(amount: Decimal, currency: str) -> Row:
    return {"amount": str(amount), "code": currency}


def of(value: Row) -> Decimal:
    return Decimal(value["amount"])


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
