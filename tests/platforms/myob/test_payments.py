"""Payments in and out, against the simulator over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.platforms.company import Company, today
from tests.platforms.myob.steps import D, pay, simulator

from airbooks.canonical import (
    Allocation,
    DocumentKind,
    DocumentStatus,
    ExchangeRate,
)
from airbooks.platforms.errors import Action, PlatformError
from airbooks.platforms.myob.hook import MyobHook
from airbooks.platforms.references import ReferenceItem, ReferenceKind


def test_one_payment_settles_several_sales_under_the_files_own_method(company: Company, hook: MyobHook) -> None:
    one = company.small_invoice()
    two = company.small_invoice(buyer=one.buyer)
    first, second = company.book(hook, one), company.book(hook, two)
    allocations = tuple(
        Allocation(document_number=each.our_number, remote_id=each.remote_id, amount=amount)
        for each, amount in ((first, D("110.00")), (second, D("40.00")))
    )
    paid = pay(company, hook, one, first, "150.00", allocations=allocations, source_id="t-1")
    assert {each.remote_id: each.amount for each in paid.allocations} == {first.remote_id: D("110.00"), second.remote_id: D("40.00")}
    again = pay(company, hook, one, first, "150.00", allocations=allocations, source_id="t-1")
    assert again.remote_id == paid.remote_id
    row = simulator(company).company.payments[paid.remote_id]
    assert (row["PaymentMethod"], row["Account"]["DisplayID"]) == ("EFT", "1-1000")
    statuses = [hook.get_invoice(each.remote_id, DocumentKind.INVOICE) for each in (first, second)]
    assert [each and each.status for each in statuses] == [DocumentStatus.PAID, DocumentStatus.PARTIALLY_PAID]


def test_a_payment_in_dollars_is_told_in_dollars(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice(currency="USD", exchange_rate=company.exchange_rate())
    remote = company.book(hook, document)
    paid = pay(company, hook, document, remote, "110.00", exchange_rate=company.exchange_rate())
    assert (paid.currency, paid.amount, paid.allocations[0].amount) == ("USD", D("110.00"), D("110.00"))


def test_a_payment_whose_rate_is_to_another_currency_than_the_books_is_refused(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice(currency="USD", exchange_rate=company.exchange_rate())
    remote = company.book(hook, document)
    with pytest.raises(PlatformError, match="exchange rate is to EUR") as caught:
        pay(company, hook, document, remote, "10.00", exchange_rate=ExchangeRate(base="EUR", rate=D("0.92")))
    assert caught.value.action is Action.REVIEW
    assert company.booked(document.number)[0].balance == D("110.00")


def test_a_bank_account_that_is_mapped_is_used_and_without_any_the_money_waits(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    with company.hook(extra={"deposit_account": ""}) as bare:
        assert isinstance(bare, MyobHook)
        paid = pay(company, bare, document, remote, "10.00")
    assert simulator(company).company.payments[paid.remote_id]["DepositTo"] == "UndepositedFunds"
    payment = company.payment(document, remote, D("10.00"), bank_account="BANK")
    wrong = ReferenceItem(kind=ReferenceKind.ACCOUNT, code="4-4000", remote_id=_account(hook, "4-4000"))
    references = company.payment_references(hook, payment, remote.customer_id)
    references = replace(references, entries={**references.entries, (ReferenceKind.ACCOUNT, "BANK"): wrong})
    with pytest.raises(PlatformError, match="IncorrectAccountType") as caught:
        hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    assert caught.value.action is Action.REVIEW


def _account(hook: MyobHook, code: str) -> str:
    (found,) = hook.find_reference(ReferenceKind.ACCOUNT, [code])
    return found.remote_id


def test_more_than_the_balance_cannot_be_paid(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    with pytest.raises(PlatformError, match="AmountAppliedExceedsBalance"):
        pay(company, hook, document, remote, "110.01")


def test_a_payment_dated_long_ago_but_entered_now_is_listed(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    paid = pay(company, hook, document, remote, "10.00", received_on=today() - timedelta(days=60))
    listed = {each.remote_id for each in hook.list_payments(datetime.now(UTC) - timedelta(minutes=5))}
    assert paid.remote_id in listed
