"""Amounts: exact, rounded half up at the currency's own minor unit, never a binary float."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from airbooks.canonical import minor_units, round_amount
from airbooks.canonical.money import CurrencyCode, Number, is_known_currency

NUMBER: TypeAdapter[Decimal] = TypeAdapter(Number)
CURRENCY: TypeAdapter[str] = TypeAdapter(CurrencyCode)
UNITS = {"EUR": 2, "USD": 2, "AUD": 2, "JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3, "TND": 3}


@pytest.mark.parametrize(("currency", "decimals"), UNITS.items())
def test_currencies_have_their_own_minor_unit(currency: str, decimals: int) -> None:
    assert minor_units(currency) == decimals


@pytest.mark.parametrize(
    ("value", "currency", "rounded"),
    [
        ("11.445", "EUR", "11.45"),
        ("11.4449", "EUR", "11.44"),
        ("-0.005", "EUR", "-0.01"),
        ("2.675", "EUR", "2.68"),
        ("1499.5", "JPY", "1500"),
        ("1.0005", "KWD", "1.001"),
    ],
)
def test_halves_are_rounded_away_from_zero(value: str, currency: str, rounded: str) -> None:
    assert str(round_amount(Decimal(value), currency)) == rounded


@given(st.decimals("-1000000", "1000000", places=6), st.sampled_from(sorted(UNITS)))
def test_rounding_moves_an_amount_by_half_a_minor_unit_at_most(value: Decimal, currency: str) -> None:
    rounded = round_amount(value, currency)
    assert abs(rounded - value) <= Decimal(5).scaleb(-UNITS[currency] - 1)
    assert round_amount(rounded, currency) == rounded


@pytest.mark.parametrize("known", ["EUR", "CHF", "XOF", "NZD"])
def test_money_of_a_country_is_known(known: str) -> None:
    assert is_known_currency(known)


@pytest.mark.parametrize("unknown", ["XXX", "XTS", "XAU", "EURO", "ZZZ"])
def test_metals_tests_and_inventions_are_not_money(unknown: str) -> None:
    assert not is_known_currency(unknown)


def test_a_number_arrives_as_text_or_decimal() -> None:
    assert NUMBER.validate_python("12345678901234567.89") == Decimal("12345678901234567.89")
    assert str(NUMBER.validate_json('"10.00"')) == "10.00"


@pytest.mark.parametrize("wrong", [10.1, float("nan"), "NaN", "Infinity", "12,50", ""])
def test_a_float_or_no_number_at_all_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        NUMBER.validate_python(wrong)


@pytest.mark.parametrize("wrong", ["eur", "EU", "EURO", "€", ""])
def test_a_currency_is_three_capital_letters(wrong: str) -> None:
    with pytest.raises(ValidationError):
        CURRENCY.validate_python(wrong)
