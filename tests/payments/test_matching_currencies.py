"""Payments in another currency than the invoice, and currencies with no or three decimals."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.payments.business import amounts, decide, invoice, paid, settles

from airbooks.payments.decision import Verdict

EURO = {"currency": "EUR", "rate": Decimal("1.0870")}


def test_the_ordered_amount_settles_an_invoice_of_that_currency_exactly() -> None:
    movement = paid("1080.12", "US-SI-000123", instructed_amount="1000.00", instructed_currency="EUR")
    decision = decide(movement, invoice(123, "1000.00", **EURO))
    assert decision.verdict is Verdict.APPLY
    assert settles(decision) == amounts(("US-SI-000123", "1000.00"))
    assert decision.best
    assert decision.best.settled[0].amount == Decimal("1080.12")
    assert "1,000.00 EUR was ordered" in decision.reason


def test_an_ordered_amount_is_shared_out_to_the_cent() -> None:
    movement = paid("1000.00", "US-SI-000123 US-SI-000124 US-SI-000125", instructed_amount="900.00", instructed_currency="EUR")
    decision = decide(movement, *(invoice(serial, "300.00", **EURO) for serial in (123, 124, 125)))
    assert decision.verdict is Verdict.APPLY
    assert decision.best
    assert sum(each.amount for each in decision.best.settled) == 1000
    assert {each.settled for each in decision.best.settled} == {Decimal("300.00")}


def test_a_payment_near_the_documents_rate_is_reviewed_with_the_difference() -> None:
    items = [invoice(123, "1000.00", **EURO), invoice(124, "50.00")]
    decision = decide(paid("1080.12", "US-SI-000123"), *items)
    assert decision.verdict is Verdict.REVIEW
    assert settles(decision) == amounts(("US-SI-000123", "1000.00"))
    assert "6.88 USD" in decision.reason


@pytest.mark.parametrize("amount", ["500.00", "2000.00"])
def test_a_payment_far_from_the_rate_settles_nothing(amount: str) -> None:
    items = [invoice(123, "1000.00", **EURO), invoice(124, "50.00")]
    decision = decide(paid(amount, "US-SI-000123"), *items)
    assert decision.verdict is Verdict.REVIEW
    assert settles(decision) == {}


def test_the_same_number_of_another_currency_is_not_the_same_amount() -> None:
    assert decide(paid("1000.00"), invoice(123, "1000.00", **EURO)).verdict is Verdict.REVIEW


@pytest.mark.parametrize(
    ("currency", "first", "second", "total"), [("JPY", "12000", "3501", "15501"), ("BHD", "12.345", "7.001", "19.346")]
)
def test_currencies_without_cents_and_with_three_decimals_sum_exactly(currency: str, first: str, second: str, total: str) -> None:
    items = [invoice(123, first, currency=currency), invoice(124, second, currency=currency)]
    decision = decide(paid(total, "US-SI-000123/124", currency=currency), *items)
    assert decision.verdict is Verdict.APPLY
    assert settles(decision) == amounts(("US-SI-000123", first), ("US-SI-000124", second))
