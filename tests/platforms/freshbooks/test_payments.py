"""Payments in and out, against the simulator over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.platforms.company import Company
from tests.platforms.freshbooks.steps import REFUSED, kind_of, pass_time, pay, person, table

from airbooks.canonical import Allocation, RemoteDocument
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import Outcome, PlatformError


def test_a_payment_over_two_invoices_is_two_there_and_made_once(company: Company, hook: PlatformHook) -> None:
    buyer = company.party()
    pairs = [(document, company.book(hook, document)) for document in (company.small_invoice(buyer=buyer) for _ in range(2))]
    parts = tuple(Allocation(document_number=each.number, remote_id=there.remote_id, amount=Decimal("50.00")) for each, there in pairs)
    payment = company.payment(*pairs[0], Decimal("100.00"), allocations=parts)
    first, again = pay(company, hook, payment), pay(company, hook, payment)
    assert first.remote_id == again.remote_id
    assert (first.amount, len(first.allocations), len(table(company, "payment"))) == (Decimal("100.00"), 2, 2)
    assert {row["type"] for row in table(company, "payment").values()} == {"Bank Transfer"}


def test_a_payment_of_which_a_part_is_booked_is_not_called_unbooked(company: Company, hook: PlatformHook) -> None:
    buyer = company.party()
    pairs = [(document, company.book(hook, document)) for document in (company.small_invoice(buyer=buyer) for _ in range(2))]
    parts = tuple(Allocation(document_number=each.number, remote_id=there.remote_id, amount=Decimal("50.00")) for each, there in pairs)
    payment = company.payment(*pairs[0], Decimal("100.00"), allocations=parts)
    company.sandbox.inject("freshbooks", "error_before_commit", method="POST", path="payments", status=422, after=1)
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, payment)
    (booked,) = table(company, "payment")
    assert caught.value.outcome is Outcome.UNKNOWN
    assert booked in caught.value.message
    assert pay(company, hook, payment).amount == Decimal("100.00")
    assert len(table(company, "payment")) == 2


def halves(remote: RemoteDocument, total: Decimal) -> tuple[Allocation, ...]:
    parts = (Decimal("50.00"), total - Decimal("50.00"))
    return tuple(Allocation(document_number=remote.our_number, remote_id=remote.remote_id, amount=each) for each in parts)


def test_two_allocations_to_one_invoice_are_one_payment_and_not_more_than_is_outstanding(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote, total = company.book(hook, document), document.gross_total
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, company.payment(document, remote, total + 1, allocations=halves(remote, total + 1)))
    assert kind_of(caught.value) == REFUSED
    assert table(company, "payment") == {}
    pay(company, hook, company.payment(document, remote, total, allocations=halves(remote, total)))
    assert [row["amount"]["amount"] for row in table(company, "payment").values()] == [str(total)]


def test_a_payment_that_a_person_corrected_is_not_booked_once_more(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    payment = company.payment(document, company.book(hook, document), Decimal("40.00"))
    made = pay(company, hook, payment)
    rows = company.sandbox.simulators["freshbooks"].store.table("xZNQ1X/payment")
    rows[made.remote_id] = {**rows[made.remote_id], "date": "2026-01-31"}
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, payment)
    assert kind_of(caught.value) == REFUSED
    assert len(rows) == 1


def test_more_than_is_outstanding_is_refused_and_no_credit_arises(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, company.payment(document, remote, document.gross_total + 1))
    assert kind_of(caught.value) == REFUSED
    assert table(company, "payment") == table(company, "credit_note") == {}


def test_a_deleted_payment_is_listed_as_reversed_and_may_be_made_again(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    payment = company.payment(document, company.book(hook, document), Decimal("40.00"))
    first = pay(company, hook, payment)
    person(company, hook).put(f"/payments/payments/{first.remote_id}", {"payment": {"vis_state": 1}})
    (listed,) = hook.list_payments(datetime.now(UTC) - timedelta(minutes=5))
    assert (listed.remote_id, listed.reversed, listed.reference) == (first.remote_id, True, payment.reference)
    assert pay(company, hook, payment).remote_id != first.remote_id


def test_payments_are_listed_over_all_pages_and_over_midnight(company: Company, hook: PlatformHook) -> None:
    remote = company.book(hook, company.invoice(company.line(1, price="900.00")))
    by_hand = person(company, hook)
    for _ in range(103):
        by_hand.pay({"id": int(remote.remote_id), "amount": {"code": "USD"}}, "1.00")
    pass_time(company, days=1)
    assert len(list(hook.list_payments(datetime.now(UTC) - timedelta(minutes=5)))) == 103
    assert list(hook.list_payments(datetime.now(UTC) + timedelta(hours=2))) == []
