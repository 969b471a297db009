"""Payments: booked once, cleared later, told to the cent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.company import Company, Document, today

from airbooks.canonical import Allocation, DocumentKind, DocumentStatus, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.sap_s4hana import mapping, receipts
from airbooks.platforms.sap_s4hana.hook import SapS4HanaHook

SLUG = "sap_s4hana"


@pytest.fixture(autouse=True)
def short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "SEEN_AFTER", (0.0, 0.01, 0.05))
    monkeypatch.setattr(receipts, "CLEARED_AFTER", (0.0, 0.01, 0.02, 0.05))


def pay(company: Company, hook: SapS4HanaHook, payment: Payment, customer: str, key: str = "") -> RemotePayment:
    references = company.payment_references(hook, payment, customer)
    return hook.apply_payment(payment, customer_id=customer, key=key or str(uuid4()), references=references)


def sold(company: Company, hook: SapS4HanaHook, **fields: Any) -> tuple[Document, RemoteDocument]:
    document = company.small_invoice(**fields)
    return document, company.book(hook, document)


def standing(hook: SapS4HanaHook, remote: RemoteDocument) -> tuple[DocumentStatus, Decimal | None]:
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    return now.status, now.balance


def dashboard(company: Company) -> list[str]:
    simulator: Any = company.sandbox.simulators[SLUG]
    return [row["error"] for row in simulator.clearing.requests.values() if row["state"] == "failed"]


@pytest.mark.parametrize("posts_items", [False, True], ids=["noted on the payment", "posted anew"])
def test_two_payments_in_part_close_an_invoice(company: Company, hook: SapS4HanaHook, posts_items: bool) -> None:
    if posts_items:
        company.sandbox.inject(SLUG, "partial_posts_items")
    document, remote = sold(company, hook)
    first = pay(company, hook, company.payment(document, remote, Decimal("19.00")), remote.customer_id)
    assert standing(hook, remote) == (DocumentStatus.PARTIALLY_PAID, Decimal("100.00"))
    second = pay(company, hook, company.payment(document, remote, Decimal("100.00")), remote.customer_id)
    assert standing(hook, remote) == (DocumentStatus.PAID, Decimal(0))
    for payment, amount in ((first, "19.00"), (second, "100.00")):
        assert [(each.remote_id, each.amount) for each in payment.allocations] == [(remote.remote_id, Decimal(amount))]
    listed = {each.remote_id: each for each in hook.list_payments(datetime.now(UTC) - timedelta(minutes=1))}
    assert listed[first.remote_id].allocations == first.allocations
    assert listed[second.remote_id].allocations == second.allocations


def test_one_payment_for_two_invoices_and_something_left_over(company: Company, hook: SapS4HanaHook) -> None:
    buyer = company.party()
    one, first = sold(company, hook, buyer=buyer)
    two, second = sold(company, hook, buyer=buyer)
    parts = (
        Allocation(document_number=one.number, remote_id=first.remote_id, amount=Decimal("119.00")),
        Allocation(document_number=two.number, remote_id=second.remote_id, amount=Decimal("50.00")),
    )
    payment = company.payment(one, first, Decimal("200.00"), allocations=parts)
    applied = pay(company, hook, payment, first.customer_id)
    assert applied.amount == Decimal("200.00")
    assert applied.reference == payment.reference
    assert {each.remote_id: each.amount for each in applied.allocations} == {
        first.remote_id: Decimal("119.00"),
        second.remote_id: Decimal("50.00"),
    }
    assert standing(hook, first) == (DocumentStatus.PAID, Decimal(0))
    assert standing(hook, second) == (DocumentStatus.PARTIALLY_PAID, Decimal("69.00"))
    booked = [each for each in company.sandbox.books(SLUG).payments if each.remote_id == applied.remote_id]
    assert [each.applied for each in booked] == [{first.remote_id: Decimal("119.00"), second.remote_id: Decimal("50.00")}]


def test_money_without_an_invoice_is_a_payment_on_account(company: Company, hook: SapS4HanaHook) -> None:
    document, remote = sold(company, hook)
    applied = pay(company, hook, company.payment(document, remote, Decimal("30.00"), allocations=()), remote.customer_id)
    assert applied.allocations == ()
    assert standing(hook, remote) == (DocumentStatus.OPEN, document.gross_total)


def test_a_clearing_that_takes_longer_is_told_and_ends_well_without_a_second_booking(company: Company, hook: SapS4HanaHook) -> None:
    document, remote = sold(company, hook)
    payment, key = company.payment(document, remote, document.gross_total), str(uuid4())
    company.sandbox.inject(SLUG, "slow_clearing", seconds=60, times=1)
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, payment, remote.customer_id, key)
    assert (caught.value.action, caught.value.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    assert document.number in caught.value.message
    simulator: Any = company.sandbox.simulators[SLUG]
    requests = len(simulator.clearing.requests)
    with pytest.raises(PlatformError):
        pay(company, hook, payment, remote.customer_id, key)  # asks again while the first request waits: the same id, a duplicate
    simulator.clock.offset += timedelta(seconds=61)
    applied = pay(company, hook, payment, remote.customer_id, key)
    assert [each.amount for each in applied.allocations] == [document.gross_total]
    assert len(simulator.clearing.requests) == requests
    assert [each for each in company.sandbox.books(SLUG).payments if remote.remote_id in each.applied][1:] == []


def test_a_clearing_that_fails_over_there_is_told_with_where_to_look(company: Company, hook: SapS4HanaHook) -> None:
    document, remote = sold(company, hook)
    company.sandbox.inject(SLUG, "clearing_fails", times=1)
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, company.payment(document, remote, document.gross_total), remote.customer_id)
    assert "Message Dashboard" in caught.value.rule.fix
    assert dashboard(company)[-1:] == ["Account is currently blocked by user MUELLER"]
    assert standing(hook, remote) == (DocumentStatus.OPEN, document.gross_total)


def test_a_payment_that_the_open_items_do_not_show_yet_is_not_booked_again(company: Company, hook: SapS4HanaHook) -> None:
    document, remote = sold(company, hook)
    payment, key = company.payment(document, remote, Decimal("19.00")), str(uuid4())
    company.sandbox.inject(SLUG, "cube_lag", seconds=60, times=1)
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, payment, remote.customer_id, key)
    assert caught.value.outcome is Outcome.UNKNOWN
    simulator: Any = company.sandbox.simulators[SLUG]
    simulator.clock.offset += timedelta(seconds=61)
    applied = pay(company, hook, payment, remote.customer_id, key)
    assert applied.amount == Decimal("19.00")
    assert len([each for each in company.sandbox.books(SLUG).payments if each.remote_id == applied.remote_id]) == 1
    assert standing(hook, remote) == (DocumentStatus.PARTIALLY_PAID, Decimal("100.00"))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"amount": Decimal("500.00")}, "more than"),
        ({"currency": "USD"}, "is in EUR"),
        ({"customer": "17109999"}, "belongs to customer"),
        ({"remote_id": "180099999917102026"}, "no such invoice"),
    ],
)
def test_nothing_is_booked_when_the_invoice_cannot_take_the_money(
    company: Company, hook: SapS4HanaHook, change: dict[str, Any], word: str
) -> None:
    document, remote = sold(company, hook)
    amount = change.get("amount", Decimal("10.00"))
    part = Allocation(document_number=document.number, remote_id=change.get("remote_id", remote.remote_id), amount=amount)
    payment = company.payment(document, remote, amount, allocations=(part,), currency=change.get("currency", "EUR"))
    before = len(company.sandbox.books(SLUG).payments)
    with pytest.raises(PlatformError, match=word) as caught:
        pay(company, hook, payment, change.get("customer", remote.customer_id))
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert len(company.sandbox.books(SLUG).payments) == before


def test_a_payment_that_somebody_reversed_is_listed_as_reversed_and_may_be_booked_again(company: Company, hook: SapS4HanaHook) -> None:
    document, remote = sold(company, hook)
    payment, key = company.payment(document, remote, Decimal("19.00"), allocations=()), str(uuid4())
    applied = pay(company, hook, payment, remote.customer_id, key)
    entry = mapping.reversal_entry(applied.remote_id, "DZ", today(), today(), hook.settings())
    hook.client.post(entry, "AV-by-hand")
    listed = {each.remote_id: each for each in hook.list_payments(datetime.now(UTC) - timedelta(minutes=1))}
    assert listed[applied.remote_id].reversed
    assert listed[applied.remote_id].allocations == ()
    assert pay(company, hook, payment, remote.customer_id, key).remote_id != applied.remote_id


def test_payments_are_asked_for_by_the_day_in_the_systems_own_time_zone(company: Company) -> None:
    with company.hook(extra={"time_zone": "Pacific/Auckland"}) as hook:
        already = len(company.sandbox.requests(SLUG))
        list(hook.list_payments(datetime(2026, 3, 1, 20, 0, tzinfo=UTC)))
    asked = company.sandbox.requests(SLUG)[already:]
    assert any("2026-03-02T00" in each.path.replace("%3A", ":") for each in asked)


def test_a_payment_whose_clearing_is_refused_is_never_told_as_not_booked(company: Company, hook: SapS4HanaHook) -> None:
    document, remote = sold(company, hook)
    payment = company.payment(document, remote, document.gross_total)
    company.sandbox.inject(SLUG, "missing_arrangement", service="journalentrybulkclearing")
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, payment, remote.customer_id)
    assert (caught.value.action, caught.value.outcome) == (Action.STOP, Outcome.UNKNOWN)
    company.sandbox.clear_faults()
    assert pay(company, hook, payment, remote.customer_id).amount == document.gross_total
    assert len([each for each in company.sandbox.books(SLUG).payments if remote.remote_id in each.applied]) == 1


def test_a_payment_is_booked_once_whatever_its_key(company: Company, hook: SapS4HanaHook) -> None:
    document, remote = sold(company, hook)
    payment = company.payment(document, remote, Decimal("19.00"))
    first = pay(company, hook, payment, remote.customer_id, "one")
    assert pay(company, hook, payment, remote.customer_id, "another").remote_id == first.remote_id
    assert standing(hook, remote) == (DocumentStatus.PARTIALLY_PAID, Decimal("100.00"))


def test_a_payment_that_is_there_with_another_amount_or_invoice_is_for_a_person(company: Company, hook: SapS4HanaHook) -> None:
    document, remote = sold(company, hook)
    payment = company.payment(document, remote, Decimal("19.00"))
    pay(company, hook, payment, remote.customer_id)
    parts = (payment.allocations[0].model_copy(update={"amount": Decimal("9.00")}),)
    for other in (company.payment(document, remote, Decimal("20.00")), payment.model_copy(update={"allocations": parts})):
        with pytest.raises(PlatformError) as caught:
            pay(company, hook, other.model_copy(update={"source_id": payment.source_id}), remote.customer_id)
        assert caught.value.rule.name == "payment booked otherwise"
