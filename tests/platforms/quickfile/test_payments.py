"""Payments in and out, against the simulator over real HTTP."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today
from tests.platforms.quickfile.conftest import Owner
from tests.platforms.quickfile.steps import INVOICE

from airbooks.canonical import (
    Allocation,
    DocumentStatus,
)
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.quickfile import QuickFileHook
from airbooks.platforms.references import References


def test_a_payment_on_account_is_a_credit_of_the_client(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("30.00"), allocations=())
    references = company.payment_references(hook, payment, remote.customer_id)
    booked = hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    assert (booked.amount, booked.allocations) == (Decimal("30.00"), ())


def test_a_payment_for_two_invoices_and_a_rest_is_three_of_quickfile_and_none_twice(company: Company, hook: QuickFileHook) -> None:
    buyer = company.party()
    documents = [company.small_invoice(buyer=buyer) for _ in range(2)]
    remotes = [company.book(hook, document) for document in documents]
    shares = tuple(
        Allocation(document_number=each.our_number, remote_id=each.remote_id, amount=Decimal(amount))
        for each, amount in zip(remotes, (120, 30), strict=True)
    )
    payment = company.payment(documents[0], remotes[0], Decimal(200), allocations=shares)
    references = company.payment_references(hook, payment, remotes[0].customer_id)
    first, again = (
        hook.apply_payment(payment, customer_id=remotes[0].customer_id, key=str(uuid4()), references=references) for _ in range(2)
    )
    assert (first.amount, len(first.remote_id.split(","))) == (Decimal(200), 3)
    assert again == first
    assert sorted(each.amount for each in company.sandbox.books("quickfile").payments) == [Decimal(30), Decimal(50), Decimal(120)]


def test_where_a_part_is_booked_no_refusal_of_the_rest_says_that_nothing_happened(
    company: Company, hook: QuickFileHook, owner: Owner
) -> None:
    buyer = company.party()
    documents = [company.small_invoice(buyer=buyer) for _ in range(2)]
    remotes = [company.book(hook, document) for document in documents]
    shares = tuple(Allocation(document_number="x", remote_id=each.remote_id, amount=Decimal(100)) for each in remotes)
    payment = company.payment(documents[0], remotes[0], Decimal(200), allocations=shares, received_on=date(2026, 4, 2))
    for remote, amount in zip(remotes, (100, 50), strict=True):
        owner.pay(int(remote.customer_id), int(remote.remote_id), amount)
    with pytest.raises(PlatformError, match="1 of its 2 parts") as caught:
        hook.apply_payment(payment, customer_id=remotes[0].customer_id, key="k", references=References(settings=hook.settings()))
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.UNKNOWN)


def test_notes_that_quickfile_would_refuse_are_told_beforehand(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal(40), memo="paid " * 20)
    with pytest.raises(PlatformError, match="notes take 100") as caught:
        hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=References(settings=hook.settings()))
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def test_a_payment_in_another_currency_than_its_invoice_is_not_sent(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal(40), currency="EUR")
    with pytest.raises(PlatformError) as caught:
        hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=References(settings=hook.settings()))
    assert (caught.value.rule.name, caught.value.outcome) == ("payment cannot be expressed", Outcome.DID_NOT_HAPPEN)
    assert [each for each in company.sandbox.requests("quickfile") if "client_payments" in each.path and each.method == "POST"] == []


def test_a_payment_for_another_clients_invoice_is_not_sent(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    remote, other = company.book(hook, document), company.book(hook, company.small_invoice())
    payment = company.payment(document, remote, Decimal(40))
    with pytest.raises(PlatformError, match="of client") as caught:
        hook.apply_payment(payment, customer_id=other.customer_id, key="k", references=References(settings=hook.settings()))
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert company.sandbox.books("quickfile").payments == []


def test_a_payment_that_is_listed_and_not_shown_is_not_booked_again(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal(40))
    references = References(settings=hook.settings())
    hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    company.sandbox.inject("quickfile", "error_before_commit", path="client_payments/", status=404, html=True)
    with pytest.raises(PlatformError):
        hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    assert len(company.sandbox.books("quickfile").payments) == 1


def test_equal_payments_of_two_invoices_are_two(company: Company, hook: QuickFileHook) -> None:
    buyer = company.party()
    ids = set()
    for _ in range(2):
        document = company.small_invoice(buyer=buyer)
        remote = company.book(hook, document)
        payment = company.payment(document, remote, Decimal("40.00"))
        references = company.payment_references(hook, payment, remote.customer_id)
        ids.add(hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=references).remote_id)
    assert len(ids) == 2


def test_a_payment_dated_before_the_last_look_is_seen_within_the_days_set(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    for days, amount in ((2, "10.00"), (9, "20.00")):
        payment = company.payment(document, remote, Decimal(amount), received_on=today() - timedelta(days=days))
        references = company.payment_references(hook, payment, remote.customer_id)
        hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    assert [each.amount for each in hook.list_payments(datetime.now(UTC))] == [Decimal("10.00")]
    with company.hook(extra={"payment_look_back_days": 10}) as patient:
        assert sorted(each.amount for each in patient.list_payments(datetime.now(UTC))) == [Decimal("10.00"), Decimal("20.00")]


def test_a_foreign_payment_is_told_in_its_own_currency(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice(currency="EUR")
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("40.00"))
    references = company.payment_references(hook, payment, remote.customer_id)
    booked = hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    assert (booked.amount, booked.currency) == (Decimal("40.00"), "EUR")


def test_without_a_rest_token_invoices_work_and_payments_say_what_is_missing(company: Company) -> None:
    with company.hook(extra={"rest_token": ""}) as hook:
        works, says = hook.test_connection()
        assert (works, "REST token" in says) == (True, True)
        document = company.small_invoice()
        remote = company.book(hook, document)
        with pytest.raises(PlatformError) as caught:
            list(hook.list_payments(datetime.now(UTC)))
        assert (caught.value.rule.name, caught.value.action) == ("no REST token", Action.STOP)
    assert not any("/rest/" in each.path for each in company.sandbox.requests("quickfile"))
    assert remote.balance == document.gross_total


def test_a_partly_paid_invoices_balance_is_untold_without_a_rest_token(company: Company, owner: Owner) -> None:
    with company.hook(extra={"rest_token": ""}) as hook:
        remote = company.book(hook, company.small_invoice())
        owner.pay(int(remote.customer_id), int(remote.remote_id), 50)
        now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert (now.status, now.balance) == (DocumentStatus.PARTIALLY_PAID, None)


def test_a_rest_token_that_has_expired_stops_the_connection(company: Company, hook: QuickFileHook) -> None:
    company.sandbox.inject("quickfile", "rest_token_expired")
    works, says = hook.test_connection()
    assert (works, "401" in says) == (False, True)
