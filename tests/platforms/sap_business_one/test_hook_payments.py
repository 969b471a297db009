"""Payments: applied in the invoice's currency, booked once, found also when back-dated or cancelled."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.company import Company, today
from tests.platforms.sap_business_one.conftest import SLUG, asked, made

from airbooks.canonical import DocumentKind, DocumentStatus, ExchangeRate, Payment, RemoteDocument
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.sap_business_one import SapBusinessOneHook
from airbooks.platforms.sap_business_one.sandbox import SapBusinessOneSimulator

INVOICE = DocumentKind.INVOICE


def paid(company: Company, hook: SapBusinessOneHook, amount: str = "40.00", **fields: Any) -> tuple[Payment, RemoteDocument, References]:
    document = company.small_invoice(**fields)
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal(amount))
    references = company.payment_references(hook, payment, remote.customer_id)
    return payment, remote, references


def test_a_foreign_payment_settles_the_foreign_amount(company: Company, hook: SapBusinessOneHook) -> None:
    payment, remote, references = paid(company, hook, currency="USD")
    applied = hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    assert (applied.amount, applied.currency, applied.allocations[0].amount) == (Decimal(40), "USD", Decimal(40))
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert now.balance == Decimal("79.00")


def test_a_payment_in_another_currency_than_its_invoice_is_refused_before_it_is_sent(company: Company, hook: SapBusinessOneHook) -> None:
    payment, remote, references = paid(company, hook)
    before = asked(company, "/IncomingPayments")
    foreign = payment.model_copy(update={"currency": "USD"})
    with pytest.raises(PlatformError, match="is in EUR, the payment in"):
        hook.apply_payment(foreign, customer_id=remote.customer_id, key="k", references=references)
    assert asked(company, "/IncomingPayments") == before + 1  # the look-up


def test_a_rate_of_another_ledger_is_not_sent_with_a_payment(company: Company, hook: SapBusinessOneHook) -> None:
    payment, remote, references = paid(company, hook, currency="USD")
    rate = ExchangeRate(base="GBP", rate=Decimal("0.79"), rate_date=today(), source="bank")
    strange = payment.model_copy(update={"exchange_rate": rate})
    with pytest.raises(PlatformError, match="in GBP") as caught:
        hook.apply_payment(strange, customer_id=remote.customer_id, key="k", references=references)
    assert caught.value.outcome is Outcome.DID_NOT_HAPPEN


def test_an_early_payment_discount_closes_the_invoice(company: Company, hook: SapBusinessOneHook) -> None:
    payment, remote, references = paid(company, hook, "116.62")
    with_discount = payment.allocations[0].model_copy(update={"discount": Decimal("2.38")})
    early = payment.model_copy(update={"allocations": (with_discount,)})
    hook.apply_payment(early, customer_id=remote.customer_id, key="k", references=references)
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.PAID


def test_more_than_is_open_is_refused(company: Company, hook: SapBusinessOneHook) -> None:
    payment, remote, references = paid(company, hook, "119.01")
    with pytest.raises(PlatformError) as caught:
        hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def test_cancelled_and_back_dated_payments_are_listed_and_not_booked_again(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    payment, remote, references = paid(company, hook)
    old = payment.model_copy(update={"received_on": today() - timedelta(days=90)})
    applied = hook.apply_payment(old, customer_id=remote.customer_id, key="k", references=references)
    since = simulator.clock.now() - timedelta(minutes=5)
    assert applied.remote_id in {each.remote_id for each in hook.list_payments(since)}
    simulator.inject("cancel_payment", {"entry": applied.remote_id})
    assert [each.reversed for each in hook.list_payments(since) if each.remote_id == applied.remote_id] == [True]
    with pytest.raises(PlatformError, match="cancelled"):
        hook.apply_payment(old, customer_id=remote.customer_id, key="k", references=references)


def test_a_long_list_of_changed_payments_is_read_to_its_last_page(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    """The link to the next page of a stored query bears what it was asked with only where it was asked by GET."""
    payment, remote, references = paid(company, hook)
    applied = hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    table = simulator.store.table("IncomingPayments")
    added = [int(applied.remote_id) + 1000 + each for each in range(230)]
    for entry in added:
        table[str(entry)] = {**table[applied.remote_id], "DocEntry": entry}
    listed = [each.remote_id for each in hook.list_payments(simulator.clock.now())]
    for entry in added:
        del table[str(entry)]
    assert {str(entry) for entry in added} <= set(listed)
    assert len(listed) == len(set(listed))


def test_where_the_servers_day_is_unknown_payments_of_the_day_before_are_listed_too(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    payment, remote, references = paid(company, hook)
    applied = hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    table = simulator.store.table("IncomingPayments")
    since = simulator.clock.now()
    table[applied.remote_id] = {**table[applied.remote_id], "_updated": since.date() - timedelta(days=1)}
    with made(company, time_zone="") as elsewhere:
        assert applied.remote_id in {each.remote_id for each in elsewhere.list_payments(since)}


def test_a_bank_account_of_the_payment_goes_by_its_mapping_and_is_never_taken_for_theirs(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    payment, remote, references = paid(company, hook)
    ours = payment.model_copy(update={"bank_account": "4000"})
    with pytest.raises(PlatformError, match="bank account 4000") as caught:
        hook.apply_payment(ours, customer_id=remote.customer_id, key="k", references=references)
    assert caught.value.outcome is Outcome.DID_NOT_HAPPEN
    (account,) = hook.find_reference(ReferenceKind.ACCOUNT, ["1000"])
    mapped = References(
        customer=references.customer, entries={**references.entries, (ReferenceKind.ACCOUNT, "4000"): account}, settings=references.settings
    )
    applied = hook.apply_payment(ours, customer_id=remote.customer_id, key="k", references=mapped)
    assert simulator.store.table("IncomingPayments")[applied.remote_id]["TransferAccount"] == account.remote_id


def test_payments_need_a_bank_account_in_the_connection(company: Company, hook: SapBusinessOneHook) -> None:
    payment, remote, references = paid(company, hook)
    with made(company, transfer_account="") as bare, pytest.raises(ConfigurationError, match="transfer_account"):
        bare.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)


def test_a_time_zone_that_is_none_is_told(company: Company) -> None:
    with made(company, time_zone="Atlantis/Harbour") as hook, pytest.raises(ConfigurationError, match="time_zone"):
        list(hook.list_payments(company.sandbox.simulators[SLUG].clock.now()))
