"""Money received from customers: receipts, linked to the invoices they settle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today
from tests.platforms.reckon_one.conftest import Desk

from airbooks.canonical import Allocation, DocumentKind, DocumentStatus, PaymentKind
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.reckon_one.hook import ReckonOneHook


def test_one_payment_settles_several_invoices_with_one_receipt_and_the_rest_stays_credit(
    company: Company, desk: Desk, hook: ReckonOneHook
) -> None:
    buyer = company.party()
    documents = [company.small_invoice(buyer=buyer) for _ in range(2)]
    remotes = [company.book(hook, document) for document in documents]
    pairs = list(zip(documents, remotes, strict=True))
    parts = tuple(Allocation(document_number=one.number, remote_id=remote.remote_id, amount=Decimal(110)) for one, remote in pairs)
    payment = company.payment(documents[0], remotes[0], Decimal("250.00"), allocations=parts)
    refs = company.payment_references(hook, payment, remotes[0].customer_id)
    applied = hook.apply_payment(payment, customer_id=remotes[0].customer_id, key=str(uuid4()), references=refs)
    assert (applied.amount, [each.amount for each in applied.allocations]) == (Decimal(250), [Decimal(110), Decimal(110)])
    assert applied.reference == payment.reference
    row = desk.get(f"/receipts/{applied.remote_id}")
    assert (row["allocateFullAmount"], row["paymentMethod"]["name"]) == (False, "Wire")
    assert [hook.get_invoice(each.remote_id, DocumentKind.INVOICE).status for each in remotes] == [DocumentStatus.PAID] * 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"kind": PaymentKind.REFUND}, "payment cannot be expressed"),
        ({"currency": "USD"}, "payment cannot be expressed"),
        ({"reference": "x" * 201}, "payment cannot be expressed"),
        ({"amount": Decimal("110.01")}, "more than is outstanding"),
    ],
)
def test_what_a_receipt_cannot_say_is_refused_beforehand(
    company: Company, hook: ReckonOneHook, changes: dict[str, object], rule: str
) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("110.01") if "amount" in changes else Decimal("40"))
    payment = payment.model_copy(update=changes)
    with pytest.raises(PlatformError) as caught:
        hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=company.payment_references(hook, payment, ""))
    assert (caught.value.rule.name, caught.value.action) == (rule, Action.REVIEW)
    assert hook.get_invoice(remote.remote_id, DocumentKind.INVOICE).balance == Decimal(110)  # type: ignore[union-attr]


def test_parts_of_a_payment_for_one_invoice_are_one_link_and_never_more_than_is_open(company: Company, hook: ReckonOneHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    part = Allocation(document_number=document.number, remote_id=remote.remote_id, amount=Decimal(60))
    too_much = company.payment(document, remote, Decimal(120), allocations=(part, part))
    refs = company.payment_references(hook, too_much, "")
    with pytest.raises(PlatformError, match="120 is to be paid"):
        hook.apply_payment(too_much, customer_id=remote.customer_id, key="k", references=refs)
    rest = part.model_copy(update={"amount": Decimal(50)})
    payment = company.payment(document, remote, Decimal(110), allocations=(part, rest))
    applied = hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=refs)
    assert [each.amount for each in applied.allocations] == [Decimal(110)]


def test_a_receipt_that_is_linked_to_another_invoice_is_for_a_person(company: Company, hook: ReckonOneHook) -> None:
    buyer = company.party()
    documents = [company.small_invoice(buyer=buyer) for _ in range(2)]
    one, two = (company.book(hook, document) for document in documents)
    payment = company.payment(documents[0], one, Decimal(110))
    refs = company.payment_references(hook, payment, "")
    hook.apply_payment(payment, customer_id=one.customer_id, key="k", references=refs)
    other = Allocation(document_number=documents[1].number, remote_id=two.remote_id, amount=Decimal(110))
    with pytest.raises(PlatformError) as caught:
        hook.apply_payment(payment.model_copy(update={"allocations": (other,)}), customer_id=one.customer_id, key="k", references=refs)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.HAPPENED)


def test_a_draft_is_not_paid(company: Company, hook: ReckonOneHook) -> None:
    document = company.small_invoice()
    sending = company.sending(hook, document)
    draft = company.create(hook, sending)[sending.key].remote
    assert draft is not None
    payment = company.payment(document, draft, Decimal(40))
    with pytest.raises(PlatformError, match="is a draft"):
        hook.apply_payment(payment, customer_id=draft.customer_id, key="k", references=company.payment_references(hook, payment, ""))


def test_receipts_are_listed_and_not_what_was_paid_to_suppliers(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    made = desk.invoice()
    receipt = desk.made("/receipts", desk.receipt_body(made, 110, receiptDate=f"{today()}T00:00:00Z", reference="EFT 1"))
    listed = {each.remote_id: each for each in hook.list_payments(datetime.now(UTC) - timedelta(minutes=5))}
    assert [(each.remote_id, each.amount) for each in listed[receipt].allocations] == [(made, Decimal(110))]
    suppliers = {row["id"] for row in desk.get("/payments")["list"]}
    assert suppliers
    assert suppliers & set(listed) == set()


def test_a_receipt_entered_late_with_an_earlier_date_is_listed_all_the_same(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    """Receipts have no time of change: only looking further back finds it."""
    made = desk.invoice()
    late, old = (
        desk.made("/receipts", desk.receipt_body(made, 10, receiptDate=f"{today() - timedelta(days=days)}T00:00:00Z")) for days in (10, 30)
    )
    listed = {each.remote_id for each in hook.list_payments(datetime.now(UTC) - timedelta(minutes=5))}
    assert late in listed
    assert old not in listed


def test_links_that_a_list_leaves_out_are_read_with_the_receipt(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    made = desk.invoice()
    receipt = desk.made("/receipts", desk.receipt_body(made, 110, receiptDate=f"{today()}T00:00:00Z"))
    company.sandbox.inject("reckon_one", "lists_omit_links")
    listed = {each.remote_id: each for each in hook.list_payments(datetime.now(UTC) - timedelta(minutes=5))}
    assert [each.remote_id for each in listed[receipt].allocations] == [made]
