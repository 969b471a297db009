"""Payments: booked once with their applications, seen as they are, listed one by one."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.acumatica.test_traps import draft, inject, simulator
from tests.platforms.company import Company

from airbooks.canonical import (
    Allocation,
    DocumentKind,
    DocumentStatus,
    Invoice,
    Payment,
    RemoteDocument,
    RemotePayment,
)
from airbooks.platforms.acumatica.hook import AcumaticaHook
from airbooks.platforms.acumatica.sandbox import receipts
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError

D = Decimal


def booked(company: Company, hook: AcumaticaHook, **fields: Any) -> tuple[Invoice, RemoteDocument]:
    sending, remote = draft(company, hook, **fields)
    assert isinstance(sending.document, Invoice)
    return sending.document, company.post(hook, sending, remote)


def apply(company: Company, hook: PlatformHook, payment: Payment, customer: str) -> RemotePayment:
    references = company.payment_references(hook, payment, customer)
    return hook.apply_payment(payment, customer_id=customer, key=str(uuid4()), references=references)


def error_of(company: Company, hook: PlatformHook, payment: Payment, customer: str) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        apply(company, hook, payment, customer)
    return caught.value


def test_one_payment_settles_two_invoices_with_a_discount_and_leaves_a_rest(company: Company, hook: AcumaticaHook) -> None:
    buyer = company.party()
    one, first = booked(company, hook, buyer=buyer)
    two, second = booked(company, hook, buyer=buyer)
    allocations = (
        Allocation(document_number=one.number, remote_id=first.remote_id, amount=D("106.08"), discount=D("2.17")),
        Allocation(document_number=two.number, remote_id=second.remote_id, amount=D("50.00")),
    )
    payment = company.payment(one, first, D("200.00"), allocations=allocations)
    made = apply(company, hook, payment, first.customer_id)
    assert {each.remote_id: each.amount for each in made.allocations} == {first.remote_id: D("106.08"), second.remote_id: D("50.00")}
    states = [hook.get_invoice(each.remote_id, DocumentKind.INVOICE) for each in (first, second)]
    assert [(each.status, each.balance) for each in states if each] == [
        (DocumentStatus.PAID, 0),
        (DocumentStatus.PARTIALLY_PAID, D("58.25")),
    ]


def test_a_foreign_payment_goes_to_the_cash_account_of_its_currency(company: Company, hook: AcumaticaHook) -> None:
    document, remote = booked(company, hook, currency="EUR")
    payment = company.payment(document, remote, D("10.00"))
    made = apply(company, hook, payment, remote.customer_id)
    assert (made.currency, made.amount) == ("EUR", D("10.00"))
    assert simulator(company).company.table("Payment")[made.remote_id]["CashAccount"] == "1003"


@pytest.mark.parametrize(("accounts", "currency", "works"), [("1000", "USD", True), ("USD:1000", "EUR", False), ("EUR:1003", "USD", False)])
def test_a_currency_without_a_cash_account_is_told_beforehand(company: Company, accounts: str, currency: str, works: bool) -> None:
    with company.hook(extra={"cash_account": accounts}) as hook:
        assert isinstance(hook, AcumaticaHook)
        document, remote = booked(company, hook, currency=currency)
        payment = company.payment(document, remote, D("10.00"))
        if works:
            assert apply(company, hook, payment, remote.customer_id).amount == D("10.00")
        else:
            assert f"no account for {currency}" in error_of(company, hook, payment, remote.customer_id).message


def test_a_connection_without_a_cash_account_says_which_field_is_missing(company: Company) -> None:
    with company.hook(extra={"cash_account": ""}) as hook:
        assert isinstance(hook, AcumaticaHook)
        document, remote = booked(company, hook)
        payment = company.payment(document, remote, D("10.00"))
        with pytest.raises(ConfigurationError, match="cash_account"):
            apply(company, hook, payment, remote.customer_id)


def test_a_payment_whose_method_has_no_mapping_takes_the_connections(company: Company, hook: AcumaticaHook) -> None:
    document, remote = booked(company, hook)
    made = apply(company, hook, company.payment(document, remote, D("10.00"), method="Barter"), remote.customer_id)
    assert simulator(company).company.table("Payment")[made.remote_id]["PaymentMethod"] == "WIRE"


def test_applications_that_were_ignored_are_sent_once_more(company: Company, hook: AcumaticaHook) -> None:
    document, remote = booked(company, hook)
    inject(company, "payment_not_applied")
    made = apply(company, hook, company.payment(document, remote, D("40.00")), remote.customer_id)
    assert [each.amount for each in made.allocations] == [D("40.00")]


def test_applications_that_are_ignored_again_leave_no_payment(company: Company, hook: AcumaticaHook) -> None:
    document, remote = booked(company, hook)
    inject(company, "payment_not_applied", times=2)
    error = error_of(company, hook, company.payment(document, remote, D("40.00")), remote.customer_id)
    assert (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert [each for each in company.sandbox.books("acumatica").payments if each.amount == D("40.00") and not each.applied] == []


def test_a_release_that_goes_on_is_told_as_unknown_and_finished_the_next_time(
    company: Company, hook: AcumaticaHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    document, remote = booked(company, hook)
    payment = company.payment(document, remote, D("40.00"))
    inject(company, "release_slow", seconds=20.0)
    for _ in range(2):  # the second one finds it running
        error = error_of(company, hook, payment, remote.customer_id)
        assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    assert sum(pauses) < 10
    simulator(company).clock.offset += timedelta(seconds=21)
    made = apply(company, hook, payment, remote.customer_id)
    assert [each.amount for each in made.allocations] == [D("40.00")]
    assert len([each for each in company.sandbox.books("acumatica").payments if remote.remote_id in each.applied]) == 1


def test_a_release_that_fails_says_why(company: Company, hook: AcumaticaHook) -> None:
    document, remote = booked(company, hook)
    inject(company, "release_slow", seconds=0.0)
    inject(company, "release_fails", message="Error: The batch cannot be posted.")
    error = error_of(company, hook, company.payment(document, remote, D("40.00")), remote.customer_id)
    assert (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert "cannot be posted" in error.message


def test_a_number_that_another_payment_has_is_a_review(company: Company, hook: AcumaticaHook) -> None:
    document, remote = booked(company, hook)
    payment = company.payment(document, remote, D("10.00"))
    apply(company, hook, payment, remote.customer_id)
    other = payment.model_copy(update={"amount": D("11.00")})
    assert "ours is 11.00" in error_of(company, hook, other, remote.customer_id).message


def test_a_payment_of_another_bank_account_is_not_booked_on_the_connections(company: Company, hook: AcumaticaHook) -> None:
    document, remote = booked(company, hook)
    error = error_of(company, hook, company.payment(document, remote, D("12.00"), bank_account="1009"), remote.customer_id)
    assert "1009" in error.message
    assert [each for each in company.sandbox.books("acumatica").payments if each.amount == D("12.00")] == []


def test_two_parts_of_a_payment_for_one_invoice_are_one(company: Company, hook: AcumaticaHook) -> None:
    document, remote = booked(company, hook)
    part = Allocation(document_number=document.number, remote_id=remote.remote_id, amount=D("20.00"), discount=D("0.50"))
    made = apply(company, hook, company.payment(document, remote, D("40.00"), allocations=(part, part)), remote.customer_id)
    assert [each.amount for each in made.allocations] == [D("40.00")]
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert now.balance == document.gross_total - D("41.00")


def test_more_than_is_open_is_refused_and_leaves_nothing(company: Company, hook: AcumaticaHook) -> None:
    document, remote = booked(company, hook)
    error = error_of(company, hook, company.payment(document, remote, D("500.00")), remote.customer_id)
    assert (error.action, error.status) == (Action.REVIEW, 422)
    assert [each for each in company.sandbox.books("acumatica").payments if each.amount == D("500.00")] == []


def test_a_voided_payment_is_listed_as_reversed_and_an_unreleased_one_not_at_all(company: Company, hook: AcumaticaHook) -> None:
    since = datetime.now(UTC) - timedelta(minutes=5)
    document, remote = booked(company, hook)
    made = apply(company, hook, company.payment(document, remote, D("40.00")), remote.customer_id)
    receipts.void(simulator(company).company, made.remote_id.partition("/")[2])
    inject(company, "release_slow", seconds=20.0)
    body = {"Type": "Payment", "CustomerID": remote.customer_id, "PaymentMethod": "WIRE", "CashAccount": "1000", "CurrencyID": "USD"}
    wrapped: dict[str, Any] = {name: {"value": value} for name, value in {**body, "PaymentRef": "r", "PaymentAmount": D(5)}.items()}
    open_one = hook.site.put("Payment", wrapped, {})
    listed = {each.remote_id: each for each in hook.list_payments(since)}
    assert listed[made.remote_id].reversed
    assert f"Payment/{open_one['ReferenceNbr']['value']}" not in listed
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert now.balance == document.gross_total


def test_payments_are_read_page_by_page_and_each_one_singly(company: Company, hook: AcumaticaHook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airbooks.platforms.acumatica.client.PAGE", 1)
    document, remote = booked(company, hook)
    for amount in ("1.00", "2.00", "3.00"):
        apply(company, hook, company.payment(document, remote, D(amount)), remote.customer_id)
    listed = [each for each in hook.list_payments(datetime.now(UTC) - timedelta(minutes=5)) if each.customer_id == remote.customer_id]
    assert sorted(each.amount for each in listed) == [D("1.00"), D("2.00"), D("3.00")]
    assert all(each.allocations for each in listed)
