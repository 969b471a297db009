"""Amounts: Decimal only, rounded to the currency's minor unit.

Rounding is half away from zero (ROUND_HALF_UP), what the accounting platforms do. The EN 16931 artefacts round half towards plus
infinity; the two agree on all amounts of ours, because credit notes are canonical with positive amounts.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Annotated, Any

from babel.core import get_global
from pydantic import AfterValidator, BeforeValidator


@lru_cache(maxsize=256)
def minor_units(currency: str) -> int:
    """Decimals of an ISO 4217 currency (Unicode CLDR): 2 for EUR, 0 for JPY, 3 for KWD."""
    fractions = get_global("currency_fractions")
    return int(fractions.get(currency, fractions["DEFAULT"])[0])


def is_known_currency(currency: str) -> bool:
    """Whether `currency` is an ISO 4217 code of money that some country uses or used (XXX, XTS and metals are not)."""
    if currency.startswith("X"):
        return currency in {"XAF", "XOF", "XPF", "XCD", "XCG"}
    return currency in get_global("all_currencies")


def round_amount(value: Decimal, currency: str) -> Decimal:
    """`value` at the currency's minor unit, half away from zero."""
    return value.quantize(Decimal(1).scaleb(-minor_units(currency)), ROUND_HALF_UP)


def _refuse_float(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError("a number from outside must arrive as text or Decimal, not as a binary float")  # noqa: TRY004 pydantic reports ValueError
    return value


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("must be a finite number")
    return value


def _currency_shape(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError("must be three capital letters (ISO 4217)")
    return value


# An amount of money, a price, a quantity or a rate: exact, finite, never a float.
Number = Annotated[Decimal, BeforeValidator(_refuse_float), AfterValidator(_finite)]
CurrencyCode = Annotated[str, AfterValidator(_currency_shape)]
