"""Customer payments: booked once, on the documents they name, and listed by what changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.platforms.company import Company
from tests.platforms.netsuite.test_hook import balance, pay

from airbooks.canonical import Allocation, ExchangeRate
from airbooks.platforms.errors import ConfigurationError, Outcome, PlatformError
from airbooks.platforms.netsuite import NetSuiteHook


def test_one_payment_settles_several_invoices_and_keeps_the_rest(company: Company, hook: NetSuiteHook) -> None:
    buyer = company.party()
    documents = [company.small_invoice(buyer=buyer) for _ in range(2)]
    remotes = [company.book(hook, each) for each in documents]
    payment = company.payment(documents[0], remotes[0], Decimal("150.00"))
    first = payment.allocations[0].model_copy(update={"amount": Decimal("100.00")})
    second = first.model_copy(update={"remote_id": remotes[1].remote_id, "amount": Decimal("40.00")})
    payment = payment.model_copy(update={"allocations": (first, second)})
    refs = company.payment_references(hook, payment, remotes[0].customer_id)
    applied = hook.apply_payment(payment, customer_id=remotes[0].customer_id, key="several-1", references=refs)
    assert {each.remote_id: each.amount for each in applied.allocations} == {
        remotes[0].remote_id: Decimal("100.00"),
        remotes[1].remote_id: Decimal("40.00"),
    }
    assert applied.amount == Decimal("150.00")


def test_more_than_is_due_is_refused(company: Company, hook: NetSuiteHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, remote, document, str(document.gross_total + 1), "over-1")
    assert (caught.value.rule.name, caught.value.outcome) == ("applied too much", Outcome.DID_NOT_HAPPEN)


def test_a_payment_is_booked_once_under_whatever_key_it_comes(company: Company, hook: NetSuiteHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("10.00"))
    refs = company.payment_references(hook, payment, remote.customer_id)
    made = {
        hook.apply_payment(payment, customer_id=remote.customer_id, key=key, references=refs).remote_id for key in ("twice-1", "twice-2")
    }
    assert len(made) == 1
    assert balance(company, document.number) == document.gross_total - Decimal("10.00")
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, remote, document, "11.00", "twice-1", source_id=payment.source_id)
    assert caught.value.rule.name == "payment id used"


def test_two_parts_of_a_payment_for_one_invoice_are_one(company: Company, hook: NetSuiteHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    part = Allocation(document_number=document.number, remote_id=remote.remote_id, amount=Decimal("20.00"))
    applied = pay(company, hook, remote, document, "40.00", "parts-1", allocations=(part, part))
    assert [each.amount for each in applied.allocations] == [Decimal("40.00")]
    assert balance(company, document.number) == document.gross_total - Decimal("40.00")


def test_a_rate_for_other_books_is_told_beforehand(company: Company, hook: NetSuiteHook) -> None:
    document = company.small_invoice(currency="EUR")
    remote = company.book(hook, document)
    with pytest.raises(PlatformError, match="kept in USD") as caught:
        pay(company, hook, remote, document, "10.00", "lose-1", exchange_rate=ExchangeRate(base="CHF", rate=Decimal("0.9")))
    assert caught.value.outcome is Outcome.DID_NOT_HAPPEN
    assert balance(company, document.number) == document.gross_total


@pytest.mark.parametrize("zone", ["", "America/Los_Angeles"], ids=["unknown zone", "zone in the connection"])
def test_new_payments_are_listed_though_the_account_lives_in_another_time_zone(company: Company, zone: str) -> None:
    with company.hook(extra={"time_zone": zone}) as hook:
        assert isinstance(hook, NetSuiteHook)
        document = company.small_invoice()
        remote = company.book(hook, document)
        company.book(hook, company.small_invoice(buyer=document.buyer))  # open, and not settled: it is in the apply sublist all the same
        applied = pay(company, hook, remote, document, "10.00", f"zone-{zone or 'none'}")
        listed = {each.remote_id: each for each in hook.list_payments(datetime.now(UTC) - timedelta(minutes=5))}
        assert [each.remote_id for each in listed[applied.remote_id].allocations] == [remote.remote_id]
        later = datetime.now(UTC) + timedelta(minutes=5)
        assert list(hook.list_payments(later)) == []


def test_a_time_zone_that_there_is_not_is_told_in_words(company: Company) -> None:
    with company.hook(extra={"time_zone": "Pacific"}) as hook, pytest.raises(ConfigurationError, match="time_zone"):
        list(hook.list_payments(datetime.now(UTC)))


def test_a_payment_needs_the_connections_bank_account(company: Company) -> None:
    with company.hook(extra={"bank_account_id": ""}) as hook:
        document = company.small_invoice()
        remote = company.book(hook, document)
        with pytest.raises(ConfigurationError, match="bank_account_id"):
            pay(company, hook, remote, document, "10.00", "bank-1")  # type: ignore[arg-type]
