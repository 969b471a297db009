"""Payments before their invoice, twice, or taken back; and what several payments of one run may do together."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.payments.business import PAID_ON, amounts, credit_note, decide, invoice, paid, settles

from airbooks.canonical.payment import PaymentKind
from airbooks.payments.decision import OpenItem, Settled, Verdict
from airbooks.payments.matching import match
from airbooks.payments.tuning import Earlier, Known, Tuning


@pytest.mark.parametrize("text", ["US-SI-000999", "us si 000999", "PO-77001", "deposit for PO 77001"])
def test_a_payment_for_a_document_that_is_not_known_yet_waits_and_is_then_reviewed(text: str) -> None:
    items = [invoice(123, "100.00")]
    last_day = PAID_ON + timedelta(days=Tuning().wait_days)
    assert decide(paid("500.00", text), *items, known=Known(today=last_day)).verdict is Verdict.WAIT
    assert decide(paid("500.00", text), *items, known=Known(today=last_day + timedelta(days=1))).verdict is Verdict.REVIEW


def test_a_payment_for_an_unknown_invoice_is_not_put_on_another_of_the_same_amount() -> None:
    assert decide(paid("100.00", "US-SI-000999"), invoice(123, "100.00")).verdict is not Verdict.APPLY


def test_a_waiting_payment_settles_its_invoice_once_it_is_there() -> None:
    assert settles(decide(paid("500.00", "US-SI-000999"), invoice(999, "500.00"))) == amounts(("US-SI-000999", "500.00"))


def test_an_invoice_that_is_settled_already_is_not_paid_again() -> None:
    decision = decide(paid("100.00", "US-SI-000122"), invoice(123, "77.00"), known=Known(closed=frozenset({"US-SI-000122"})))
    assert decision.verdict is Verdict.REVIEW
    assert "settled already" in decision.reason


# -- one run -----------------------------------------------------------------------------------------------------------------------------


def test_of_two_payments_for_one_invoice_the_better_evidence_has_it() -> None:
    payments = [("a", paid("100.00", source_id="a")), ("b", paid("100.00", "US-SI-000123", source_id="b"))]
    amount_only, named = match(payments, [invoice(123, "100.00")], Tuning())
    assert (amount_only.verdict, named.verdict) == (Verdict.REVIEW, Verdict.APPLY)
    assert "payment b settles the same document" in amount_only.reason


def test_of_equal_evidence_the_earlier_payment_has_it() -> None:
    later = paid("100.00", "US-SI-000123", source_id="a", booked_on=PAID_ON + timedelta(days=1))
    payments = [("a", later), ("b", paid("100.00", "US-SI-000123", source_id="b"))]
    assert [each.verdict for each in match(payments, [invoice(123, "100.00")], Tuning())] == [Verdict.REVIEW, Verdict.APPLY]


def test_parts_of_one_invoice_add_up_to_no_more_than_is_open() -> None:
    payments = [(key, paid("40.00", "US-SI-000123", source_id=key)) for key in "abc"]
    decisions = match(payments, [invoice(123, "100.00")], Tuning())
    assert [each.verdict for each in decisions] == [Verdict.APPLY, Verdict.APPLY, Verdict.REVIEW]


def test_a_movement_that_is_told_twice_counts_once() -> None:
    payments = [(key, paid("40.00", "US-SI-000123", source_id=key, fingerprint="F1")) for key in "ab"]
    assert [each.verdict for each in match(payments, [invoice(123, "100.00")], Tuning())] == [Verdict.APPLY, Verdict.REVIEW]


# -- taken back --------------------------------------------------------------------------------------------------------------------------


def earlier(**facts: Any) -> Earlier:
    settled = Settled(document_id=123, connection="quickbooks_us", number="US-SI-000123", amount=Decimal(100), settled=Decimal(100))
    told: dict[str, Any] = {
        "key": "7",
        "source": "bank",
        "source_id": "B-1",
        "currency": "USD",
        "gross": Decimal(100),
        "settled": (settled,),
    }
    return Earlier(**(told | facts))


def back(amount: str, **facts: Any) -> Any:
    return paid(amount, **({"kind": PaymentKind.CHARGE_BACK, "reverses": "B-1", "source_id": "B-2"} | facts))


@pytest.mark.parametrize("kind", [PaymentKind.REFUND, PaymentKind.CHARGE_BACK])
def test_what_names_the_payment_that_it_takes_back_opens_its_invoice_again(kind: PaymentKind) -> None:
    decision = decide(back("100.00", kind=kind), known=Known(settled_before=(earlier(),)))
    assert decision.verdict is Verdict.APPLY
    assert decision.best
    assert decision.best.takes_back == "7"
    assert settles(decision) == amounts(("US-SI-000123", "100.00"))


def test_a_charge_back_with_a_charge_is_reviewed() -> None:
    decision = decide(back("115.00"), known=Known(settled_before=(earlier(),)))
    assert decision.verdict is Verdict.REVIEW
    assert decision.best
    assert decision.best.on_account == 15


def test_a_refund_of_what_was_on_account_touches_no_invoice() -> None:
    decision = decide(back("30.00"), known=Known(settled_before=(earlier(gross=Decimal(150), on_account=Decimal(50)),)))
    assert decision.verdict is Verdict.APPLY
    assert settles(decision) == {}


def test_a_refund_of_a_part_is_reviewed() -> None:
    decision = decide(back("30.00"), known=Known(settled_before=(earlier(),)))
    assert decision.verdict is Verdict.REVIEW
    assert settles(decision) == amounts(("US-SI-000123", "30.00"))


@pytest.mark.parametrize("settled_before", [(), (earlier(source_id="B-9"),)], ids=["nothing known", "another"])
def test_a_refund_of_nothing_that_is_named_is_reviewed(settled_before: tuple[Earlier, ...]) -> None:
    assert decide(back("100.00"), known=Known(settled_before=settled_before)).verdict is Verdict.REVIEW


def test_what_takes_back_a_payment_that_is_not_told_yet_waits_for_it_some_days() -> None:
    told = back("100.00")
    last_day = told.booked_on + timedelta(days=Tuning().wait_days)
    assert decide(told, known=Known(today=last_day)).verdict is Verdict.WAIT
    assert decide(told, known=Known(today=last_day + timedelta(days=1))).verdict is Verdict.REVIEW
    assert decide(told, known=Known(today=last_day, over=frozenset({"B-1"}))).verdict is Verdict.REVIEW


def test_the_number_of_a_document_that_is_not_open_yet_is_no_typing_error_of_another() -> None:
    waiting = paid("100.00", "US-SI-000123")
    assert decide(waiting, invoice(124, "100.00"), known=Known(today=waiting.booked_on, coming=frozenset({"US-SI-000123"}))).verdict is (
        Verdict.WAIT
    )


def test_a_refund_never_settles_an_invoice() -> None:
    items: list[OpenItem] = [invoice(124, "100.00"), credit_note(17, "100.00")]
    decision = decide(back("100.00", reverses="", text="US-SI-000124 US-CN-000017"), *items)
    assert decision.verdict is Verdict.REVIEW
    assert settles(decision) == amounts(("US-CN-000017", "100.00"))


def test_one_payment_is_taken_back_once() -> None:
    payments = [(key, back("100.00", source_id=key)) for key in ("x", "y")]
    decisions = match(payments, [], Tuning(), Known(settled_before=(earlier(),)))
    assert [each.verdict for each in decisions] == [Verdict.APPLY, Verdict.REVIEW]
