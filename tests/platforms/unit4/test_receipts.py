"""Payments: posted once through GL07, told as soon as they are there, read with what they settle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today
from tests.platforms.unit4.conftest import BATCHES, ORDERS, Desk
from tests.platforms.unit4.test_hook import Heard, later, tables

from airbooks.canonical import (
    Allocation,
    DocumentKind,
    DocumentStatus,
    ExchangeRate,
    Invoice,
    Payment,
    PaymentKind,
    RemoteDocument,
    RemotePayment,
)
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.unit4 import receipts
from airbooks.platforms.unit4.hook import Unit4Hook

MakeHook = Callable[..., Unit4Hook]


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "PAUSES", (0.0,) * 3)


def booked(company: Company, hook: Unit4Hook, **fields: Any) -> tuple[Invoice, RemoteDocument]:
    document = company.small_invoice(**fields)
    return document, company.book(hook, document)


def apply(company: Company, hook: Unit4Hook, payment: Payment, customer: str) -> RemotePayment:
    references = company.payment_references(hook, payment, customer)
    return hook.apply_payment(payment, customer_id=customer, key=str(uuid4()), references=references)


def test_one_payment_settles_two_invoices_and_leaves_the_rest_on_account(company: Company, hook: Unit4Hook) -> None:
    first, one = booked(company, hook)
    second, two = booked(company, hook, buyer=first.buyer)
    allocations = (
        Allocation(document_number=first.number, remote_id=one.remote_id, amount=Decimal("120.00")),
        Allocation(document_number=second.number, remote_id=two.remote_id, amount=Decimal("50.00")),
    )
    payment = company.payment(first, one, Decimal("200.00"), allocations=allocations)
    applied = apply(company, hook, payment, one.customer_id)
    assert (applied.amount, applied.reference) == (Decimal("200.00"), payment.reference)
    assert {(each.remote_id, each.amount) for each in applied.allocations} == {
        (one.remote_id, Decimal("120.00")),
        (two.remote_id, Decimal("50.00")),
    }
    now = [hook.get_invoice(each.remote_id, DocumentKind.INVOICE) for each in (one, two)]
    assert [each.status for each in now if each is not None] == [DocumentStatus.PAID, DocumentStatus.PARTIALLY_PAID]


def test_a_fee_goes_to_its_own_account_and_the_voucher_balances(company: Company, hook: Unit4Hook) -> None:
    document, remote = booked(company, hook)
    applied = apply(company, hook, company.payment(document, remote, Decimal("120.00"), bank_fee=Decimal("1.25")), remote.customer_id)
    rows = [each for each in tables(company).ledger.values() if str(each["transactionNumber"]) == applied.remote_id]
    assert {each["account"]: each["currencyAmount"] for each in rows} == {
        "1000": Decimal("118.75"),
        "6200": Decimal("1.25"),
        "1100": Decimal("-120.00"),
    }


def test_a_fee_without_an_account_and_a_rate_of_another_ledger_are_refused(company: Company, hook: Unit4Hook, make_hook: MakeHook) -> None:
    document, remote = booked(company, hook, currency="EUR", exchange_rate=company.exchange_rate())
    rate = ExchangeRate(base="USD", rate=Decimal("1.08"), rate_date=today(), source="bank")
    strange = company.payment(document, remote, Decimal("10.00"), exchange_rate=rate)
    costly = company.payment(document, remote, Decimal("10.00"), bank_fee=Decimal("1.25"))
    for payment, words in ((strange, "is to USD"), (costly, "no account for bank fees")):
        with pytest.raises(PlatformError, match=words) as caught:
            apply(company, make_hook(bank_fee_account=""), payment, remote.customer_id)
        assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def test_a_payment_that_somebody_took_back_is_listed_as_reversed_with_what_took_it_back_and_may_be_booked_again(
    company: Company, hook: Unit4Hook
) -> None:
    document, remote = booked(company, hook)
    payment, other = (company.payment(document, remote, Decimal("50.00")) for _ in range(2))
    first, second = (apply(company, hook, each, remote.customer_id) for each in (payment, other))
    company.reverse_payment(second)
    listed = {each.remote_id: each for each in hook.list_payments(datetime.now(UTC) - timedelta(minutes=1))}
    assert (listed[first.remote_id].reversed, listed[second.remote_id].reversed) == (False, True)
    assert listed[second.remote_id].allocations == ()
    assert apply(company, hook, payment, remote.customer_id).remote_id == first.remote_id
    assert apply(company, hook, other, remote.customer_id).remote_id not in listed


def test_a_foreign_payment_without_a_rate_takes_that_of_its_invoice(company: Company, hook: Unit4Hook) -> None:
    document, remote = booked(company, hook, currency="EUR", exchange_rate=company.exchange_rate())
    apply(company, hook, company.payment(document, remote, document.gross_total), remote.customer_id)
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.PAID
    item = hook.posted(remote.remote_id)
    assert item is not None
    assert item.amount != item.value
    alone = company.payment(document, remote, Decimal("5.00"), allocations=())
    with pytest.raises(PlatformError) as caught:
        apply(company, hook, alone, remote.customer_id)
    assert caught.value.rule.name == "exchange rate missing"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": PaymentKind.REFUND},
        {"allocations": (Allocation(document_number="X", remote_id="1", amount=Decimal(10), discount=Decimal(1)),)},
        {"allocations": (Allocation(document_number="X", remote_id="1", amount=Decimal(10), write_off=Decimal(1)),)},
        {"allocations": (Allocation(document_number="X", remote_id="99999999", amount=Decimal(10)),)},
        {"amount": Decimal("120.01")},
        {"currency": "USD"},
    ],
    ids=["refund", "discount", "write-off", "unknown invoice", "too much", "other currency"],
)
def test_what_a_person_must_decide_is_refused_before_anything_is_staged(company: Company, hook: Unit4Hook, change: dict[str, Any]) -> None:
    document, remote = booked(company, hook)
    payment = company.payment(document, remote, Decimal("120.00"))
    if "amount" in change:
        change = {**change, "allocations": (payment.allocations[0].model_copy(update={"amount": change["amount"]}),)}
    heard = Heard(company)
    with pytest.raises(PlatformError) as caught:
        apply(company, hook, payment.model_copy(update=change), remote.customer_id)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert heard.to("POST", BATCHES) == []


def test_without_a_bank_account_no_payment_is_posted(company: Company, make_hook: MakeHook) -> None:
    hook = make_hook(bank_account="")
    document, remote = booked(company, hook)
    with pytest.raises(ConfigurationError, match="bank_account"):
        apply(company, hook, company.payment(document, remote, Decimal(10)), remote.customer_id)


def test_a_payment_that_gl07_rejects_is_told_and_taken_back(company: Company, hook: Unit4Hook) -> None:
    document, remote = booked(company, hook)
    payment = company.payment(document, remote, Decimal("120.00"))
    company.sandbox.inject("unit4", "period_closed", period=f"{payment.received_on:%Y%m}")
    staged = set(tables(company).batches)
    with pytest.raises(PlatformError) as caught:
        apply(company, hook, payment, remote.customer_id)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert set(tables(company).batches) == staged
    company.sandbox.clear_faults()
    assert apply(company, hook, payment, remote.customer_id).amount == Decimal("120.00")


@pytest.mark.usefixtures("no_pauses")
def test_a_payment_that_takes_long_is_unknown_and_found_by_the_next_try(company: Company, hook: Unit4Hook) -> None:
    document, remote = booked(company, hook)
    payment = company.payment(document, remote, Decimal("120.00"))
    company.sandbox.inject("unit4", "job_waits", seconds=60)
    with pytest.raises(PlatformError) as caught:
        apply(company, hook, payment, remote.customer_id)
    assert (caught.value.action, caught.value.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    assert "report job" in caught.value.message
    with later(company, 61):
        company.booked(document.number)
    with later(company, 62):
        heard = Heard(company)
        assert apply(company, hook, payment, remote.customer_id).amount == Decimal("120.00")
    assert heard.to("POST", BATCHES) == heard.to("POST", ORDERS) == []


@pytest.mark.usefixtures("no_pauses")
def test_where_gl07_is_scheduled_a_payment_waits_for_it_and_is_posted_once(company: Company, make_hook: MakeHook) -> None:
    hook = make_hook(run_gl07=False)
    company.sandbox.inject("unit4", "scheduled")
    document, remote = booked(company, hook)
    company.sandbox.clear_faults()
    payment = company.payment(document, remote, Decimal("120.00"))
    for _ in range(2):
        with pytest.raises(PlatformError) as caught:
            apply(company, hook, payment, remote.customer_id)
        assert caught.value.outcome is Outcome.UNKNOWN
    company.sandbox.inject("unit4", "scheduled")
    with later(company, 1):
        company.booked(document.number)
    with later(company, 2):
        assert apply(company, hook, payment, remote.customer_id).amount == Decimal("120.00")
    paid = [each for each in company.sandbox.books("unit4").payments if remote.remote_id in each.applied]
    assert [each.amount for each in paid] == [Decimal("120.00")]


def test_a_payment_that_the_tenant_does_not_match_shows_no_allocation(company: Company, hook: Unit4Hook) -> None:
    company.sandbox.inject("unit4", "no_matching")
    document, remote = booked(company, hook)
    applied = apply(company, hook, company.payment(document, remote, Decimal("120.00")), remote.customer_id)
    assert (applied.amount, applied.allocations) == (Decimal("120.00"), ())


def test_payments_of_other_hands_are_listed_by_the_types_that_the_connection_names(
    company: Company, hook: Unit4Hook, make_hook: MakeHook, desk: Desk
) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    document, remote = booked(company, hook)
    rows = [desk.row(0, "GL", "1000", 70.00), desk.row(1, "AR", "1100", -70.00, description="BACS 4711")]
    for row in rows:
        row["batchInformation"]["batchId"] = "BANK-1"
        row["transactionInformation"]["transactionType"] = "IP"
    item = {"customerOrSupplierId": remote.customer_id, "ledgerType": "R", "invoiceNumber": document.number}
    rows[1]["transactionInformation"]["invoice"] = item
    assert desk.errors(rows) == []
    with later(company, 1):
        listed = {each.reference: each for each in hook.list_payments(since)}
    found = listed["BACS 4711"]
    assert (found.amount, found.customer_id, found.reversed) == (Decimal("70.00"), remote.customer_id, False)
    assert [(each.remote_id, each.amount) for each in found.allocations] == [(remote.remote_id, Decimal("70.00"))]
    only_ours = make_hook(payment_types="CP")
    assert "BACS 4711" not in {each.reference for each in only_ours.list_payments(since)}


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.usefixtures("no_pauses")
def test_a_payment_that_is_staged_is_never_told_as_not_booked(company: Company, hook: Unit4Hook, status: int) -> None:
    document, remote = booked(company, hook)
    payment = company.payment(document, remote, Decimal("120.00"))
    company.sandbox.inject("unit4", "error_before_commit", status=status, path="customer-transactions", after=2, times=None)
    with pytest.raises(PlatformError) as caught:
        apply(company, hook, payment, remote.customer_id)
    assert (caught.value.action, caught.value.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    company.sandbox.clear_faults()
    company.booked(document.number)
    assert apply(company, hook, payment, remote.customer_id).amount == Decimal("120.00")


def test_a_payment_that_is_there_with_another_amount_is_for_a_person(company: Company, hook: Unit4Hook) -> None:
    document, remote = booked(company, hook)
    payment = company.payment(document, remote, Decimal("20.00"))
    apply(company, hook, payment, remote.customer_id)
    other = company.payment(document, remote, Decimal("30.00"), source_id=payment.source_id)
    with pytest.raises(PlatformError) as caught:
        apply(company, hook, other, remote.customer_id)
    assert caught.value.rule.name == "payment booked otherwise"
