"""Payments: one receipt on each order, checked before the first is booked, known again by source and id."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.brightpearl.conftest import SLUG, Client, Desk
from tests.platforms.brightpearl.documents import BUYER, euros, invoice

from airbooks.canonical import (
    Allocation,
    DocumentKind,
    DocumentStatus,
    Payment,
    RemoteDocument,
)
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.references import References

INVOICE = DocumentKind.INVOICE


def payment(*settled: tuple[RemoteDocument, str], **fields: Any) -> Payment:
    parts = tuple(Allocation(document_number=each.our_number, remote_id=each.remote_id, amount=Decimal(share)) for each, share in settled)
    known = {
        "source": "bank",
        "source_id": str(uuid4()),
        "customer_code": BUYER.code,
        "received_on": date(2026, 7, 2),
        "amount": sum((each.amount for each in parts), Decimal(0)) or Decimal(1),
        "currency": "GBP",
        "reference": "BACS-7781",
        "allocations": parts,
    }
    return Payment(**{**known, **fields})


def apply(desk: Desk, made: Payment, customer: str) -> Any:
    references = References(settings=desk.hook.settings())
    return desk.hook.apply_payment(made, customer_id=customer, key="k", references=references)


def test_one_payment_of_two_invoices_is_one_receipt_on_each(desk: Desk) -> None:
    (_, one), (_, two) = desk.book(invoice()), desk.book(invoice())
    made = payment((one, "120.00"), (two, "20.00"))
    applied = apply(desk, made, one.customer_id)
    assert (applied.amount, applied.reference, applied.received_on) == (Decimal("140.00"), "BACS-7781", date(2026, 7, 2))
    assert [(each.remote_id, each.amount) for each in applied.allocations] == [
        (one.remote_id, Decimal("120.00")),
        (two.remote_id, Decimal("20.00")),
    ]
    assert len(applied.remote_id.split(",")) == 2
    assert apply(desk, made, one.customer_id).remote_id == applied.remote_id
    held = [desk.hook.get_invoice(each.remote_id, INVOICE) for each in (one, two)]
    assert [(each.status, each.balance) for each in held if each] == [
        (DocumentStatus.PAID, Decimal("0")),
        (DocumentStatus.PARTIALLY_PAID, Decimal("100.00")),
    ]


def test_a_payment_that_broke_off_between_two_invoices_is_finished(desk: Desk) -> None:
    (_, one), (_, two) = desk.book(invoice()), desk.book(invoice())
    made = payment((one, "10.00"), (two, "20.00"))
    desk.sandbox.inject(SLUG, "reset_before_commit", path="/customer-payment$", body=f'"orderId":{two.remote_id}')
    with pytest.raises(PlatformError):
        apply(desk, made, one.customer_id)
    desk.sandbox.clear_faults()
    assert apply(desk, made, one.customer_id).amount == Decimal("30.00")
    paid = [each.amount for each in desk.sandbox.books(SLUG).payments if set(each.applied) <= {one.remote_id, two.remote_id}]
    assert paid == [Decimal("10.00"), Decimal("20.00")]


def test_two_allocations_to_one_invoice_are_one_receipt(desk: Desk) -> None:
    _, remote = desk.book(invoice())
    made = payment((remote, "10.00"), (remote, "20.00"))
    applied = apply(desk, made, remote.customer_id)
    assert (applied.amount, [each.amount for each in applied.allocations]) == (Decimal("30.00"), [Decimal("30.00")])


def test_a_payment_of_which_a_part_is_booked_is_never_told_as_not_booked(desk: Desk) -> None:
    (_, one), (_, two) = desk.book(invoice()), desk.book(invoice())
    made = payment((one, "10.00"), (two, "20.00"))
    desk.sandbox.inject(SLUG, "error_before_commit", status=400, path="/customer-payment$", body=f'"orderId":{two.remote_id}')
    with pytest.raises(PlatformError) as caught:
        apply(desk, made, one.customer_id)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.UNKNOWN)


@pytest.mark.parametrize("wrong", ["currency", "customer", "amount"])
def test_nothing_is_booked_when_one_of_the_invoices_cannot_take_its_part(desk: Desk, wrong: str) -> None:
    (_, one), (_, two) = desk.book(invoice()), desk.book(invoice(**(euros() if wrong == "currency" else {})))
    before = desk.asked("POST", "customer-payment")
    made = payment((one, "10.00"), (two, "500.00" if wrong == "amount" else "20.00"))
    with pytest.raises(PlatformError) as caught:
        apply(desk, made, "999" if wrong == "customer" else one.customer_id)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert desk.asked("POST", "customer-payment") == before


def test_a_payment_that_is_there_with_another_amount_is_for_a_person(desk: Desk) -> None:
    _, remote = desk.book(invoice())
    made = payment((remote, "10.00"))
    apply(desk, made, remote.customer_id)
    with pytest.raises(PlatformError) as caught:
        apply(desk, payment((remote, "12.00"), source_id=made.source_id), remote.customer_id)
    assert caught.value.rule.name == "payment booked otherwise"


def test_a_payment_whose_method_is_mapped_anew_is_not_booked_again(desk: Desk) -> None:
    _, remote = desk.book(invoice())
    made = payment((remote, "10.00"))
    applied = apply(desk, made, remote.customer_id)
    with desk.another(payment_method_code="CARD") as hook:
        again = hook.apply_payment(made, customer_id=remote.customer_id, key="k", references=References(settings=hook.settings()))
    assert again.remote_id == applied.remote_id


def test_a_payment_method_without_mapping_needs_the_connections(desk: Desk) -> None:
    _, remote = desk.book(invoice())
    with desk.another(payment_method_code="") as hook, pytest.raises(PlatformError, match="payment_method_code"):
        hook.apply_payment(
            payment((remote, "1.00")), customer_id=remote.customer_id, key="k", references=References(settings=hook.settings())
        )


def test_payments_are_listed_page_by_page_with_whose_they_are(desk: Desk, client: Client) -> None:
    _, remote = desk.book(invoice())
    ids = [str(client.pay(int(remote.remote_id), "1.00")[1]["response"]) for _ in range(3)]
    client.pay(int(remote.remote_id), "1.00", paymentType="PAYMENT")  # a refund is no receipt
    with desk.another() as hook:
        hook.client.page_size = 2
        found = {each.remote_id: each for each in hook.list_payments(datetime.now(UTC) - timedelta(minutes=5))}
    assert set(ids) <= set(found)
    assert {found[each].customer_id for each in ids} == {remote.customer_id}
    assert all(each.amount > 0 for each in found.values())
