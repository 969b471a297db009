"""Remittance advice: applied line by line where it agrees with the books, reviewed where it does not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.payments.business import HARBOUR, PAID_ON, amounts, credit_note, decide, invoice, paid, settles

from airbooks.canonical.incoming import AdviceLine
from airbooks.payments.decision import Stage, Verdict

ITEMS = [
    invoice(123, "100.00"),
    invoice(124, "250.00", discount_percent=Decimal(2), discount_until=PAID_ON),
    invoice(125, "60.00"),
    credit_note(17, "20.00"),
    invoice(200, "75.00", **HARBOUR),
]


def lines(*told: tuple[str, ...]) -> tuple[AdviceLine, ...]:
    return tuple(AdviceLine.model_validate(dict(zip(("document_number", "amount", "discount"), each, strict=False))) for each in told)


def test_every_line_is_applied_as_the_payer_says() -> None:
    advice = lines(("US-SI-000123", "100.00"), ("US-SI-000124", "245.00", "5.00"), ("US-CN-000017", "-20.00"))
    decision = decide(paid("325.00", advice=advice), *ITEMS)
    assert decision.verdict is Verdict.APPLY
    assert decision.best
    assert decision.best.stage is Stage.ADVICE
    assert {each.number: each.amount for each in decision.best.settled} == amounts(
        ("US-SI-000123", "100.00"), ("US-SI-000124", "245.00"), ("US-CN-000017", "-20.00")
    )


def test_a_line_in_part_leaves_the_rest_open() -> None:
    decision = decide(paid("130.00", advice=lines(("US-SI-000123", "70.00"), ("US-SI-000125", "60.00"))), *ITEMS)
    assert decision.verdict is Verdict.APPLY
    assert settles(decision) == amounts(("US-SI-000123", "70.00"), ("US-SI-000125", "60.00"))


def test_two_lines_for_one_invoice_count_together() -> None:
    decision = decide(paid("100.00", advice=lines(("US-SI-000123", "70.00"), ("US-SI-000123", "30.00"))), *ITEMS)
    assert settles(decision) == amounts(("US-SI-000123", "100.00"))


def test_incomplete_numbers_on_an_advice_are_read_among_the_payers_invoices() -> None:
    decision = decide(paid("160.00", advice=lines(("123", "100.00"), ("000125", "60.00"))), *ITEMS)
    assert decision.verdict is Verdict.APPLY
    assert settles(decision) == amounts(("US-SI-000123", "100.00"), ("US-SI-000125", "60.00"))


@pytest.mark.parametrize(
    ("amount", "advice"),
    [
        ("110.00", (("US-SI-000123", "110.00"),)),
        ("200.00", (("US-SI-000123", "100.00"),)),
        ("90.00", (("US-SI-000123", "90.00", "10.00"),)),
        ("160.00", (("US-SI-000123", "100.00"), ("what is this", "60.00"))),
        ("175.00", (("US-SI-000123", "100.00"), ("US-SI-000200", "75.00"))),
        ("50.00", (("US-SI-000123", "100.00"),)),
        ("80.00", (("US-SI-000123", "120.00"), ("US-CN-000017", "-40.00"))),
    ],
    ids=[
        "more than open",
        "more than the lines",
        "discount not agreed",
        "unreadable line",
        "someone else's",
        "less than the lines",
        "too much credit",
    ],
)
def test_an_advice_that_disagrees_with_the_books_is_reviewed(amount: str, advice: tuple[tuple[str, ...], ...]) -> None:
    assert decide(paid(amount, advice=lines(*advice)), *ITEMS).verdict is Verdict.REVIEW


def test_an_advice_with_an_invoice_that_does_not_exist_yet_waits() -> None:
    advice = lines(("US-SI-000123", "100.00"), ("US-SI-000999", "60.00"))
    assert decide(paid("160.00", advice=advice), *ITEMS).verdict is Verdict.WAIT
