"""Payments: entered once, posted, listed with what they settle; what cannot be expressed is told before anything is entered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.platforms.infor_syteline.conftest import SLUG, Client, Site

from airbooks.canonical import Allocation, DocumentKind, DocumentStatus, ExchangeRate, RemoteDocument, RemotePayment
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.infor_syteline import InforSyteLineHook
from airbooks.platforms.infor_syteline.receipts import check_number, identity, reference, since_condition

INVOICE = DocumentKind.INVOICE


def apply(site: Site, hook: InforSyteLineHook, payment: Any, customer: str, key: str) -> RemotePayment:
    return hook.apply_payment(payment, customer_id=customer, key=key, references=site.payment_references(hook, payment, customer))


def refused(site: Site, hook: InforSyteLineHook, payment: Any, customer: str, key: str = "refused") -> PlatformError:
    already = len(site.asked("/update/SLArpmt"))
    with pytest.raises(PlatformError) as caught:
        apply(site, hook, payment, customer, key)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert len(site.asked("/update/SLArpmt")) == already
    return caught.value


def test_one_payment_settles_two_invoices_and_keeps_the_rest_open(site: Site, hook: InforSyteLineHook) -> None:
    one = site.small_invoice()
    two = site.small_invoice(buyer=one.buyer)
    first, second = site.book(hook, one), site.book(hook, two)
    parts = (
        Allocation(document_number=one.number, remote_id=first.remote_id, amount=one.gross_total),
        Allocation(document_number=two.number, remote_id=second.remote_id, amount=Decimal("8.25")),
    )
    payment = site.payment(one, first, Decimal("200.00"), allocations=parts)
    since = datetime.now(UTC) - timedelta(minutes=1)
    applied = apply(site, hook, payment, first.customer_id, "two-1")
    assert [(each.remote_id, each.amount) for each in applied.allocations] == [
        (first.remote_id, one.gross_total),
        (second.remote_id, Decimal("8.25")),
    ]
    assert (applied.amount, applied.reference) == (Decimal("200.00"), payment.reference)
    statuses = [hook.find_invoice(each.number, INVOICE)[0].status for each in (one, two)]
    assert statuses == [DocumentStatus.PAID, DocumentStatus.PARTIALLY_PAID]
    assert applied in list(hook.list_payments(since))


def test_an_early_payment_discount_closes_the_invoice(site: Site, hook: InforSyteLineHook) -> None:
    document = site.small_invoice()
    remote = site.book(hook, document)
    off = Decimal("2.17")
    part = Allocation(document_number=document.number, remote_id=remote.remote_id, amount=document.gross_total - off, discount=off)
    apply(site, hook, site.payment(document, remote, part.amount, allocations=(part,)), remote.customer_id, "off-1")
    (now,) = hook.find_invoice(document.number, INVOICE)
    assert (now.status, now.balance) == (DocumentStatus.PAID, Decimal("0.00"))


def test_a_payment_in_euros_is_entered_in_both_currencies(site: Site, hook: InforSyteLineHook) -> None:
    document = site.small_invoice(currency="EUR", exchange_rate=site.exchange_rate())
    remote = site.book(hook, document)
    rate = ExchangeRate(base="USD", rate=Decimal("1.1"))
    payment = site.payment(document, remote, document.gross_total, exchange_rate=rate)
    assert apply(site, hook, payment, remote.customer_id, "eur-1").currency == "EUR"
    heads = [each.body for each in site.asked("/update/SLArpmts")]
    assert '"DomCheckAmt","Value":"119.08"' in heads[-1]
    assert '"ForCheckAmt","Value":"108.25"' in heads[-1]
    without = payment.model_copy(update={"exchange_rate": None})
    assert "needs a rate to USD" in refused(site, hook, without, remote.customer_id).message


def test_a_broken_off_entry_is_completed_and_not_entered_twice(site: Site, hook: InforSyteLineHook) -> None:
    document = site.small_invoice()
    remote = site.book(hook, document)
    payment = site.payment(document, remote, Decimal("50.00"))
    site.sandbox.inject(SLUG, "reset_before_commit", path="/update/SLArpmtds")
    with pytest.raises(PlatformError):
        apply(site, hook, payment, remote.customer_id, "half-1")
    apply(site, hook, payment, remote.customer_id, "half-1")
    assert [each.amount for each in site.sandbox.books(SLUG).payments if remote.remote_id in each.applied] == [Decimal("50.00")]


def test_a_payment_that_was_another_amount_is_for_a_person(site: Site, hook: InforSyteLineHook) -> None:
    document = site.small_invoice()
    remote = site.book(hook, document)
    payment = site.payment(document, remote, Decimal("50.00"))
    apply(site, hook, payment, remote.customer_id, "amount-1")
    error = refused(site, hook, payment.model_copy(update={"amount": Decimal("60.00")}), remote.customer_id, "amount-2")
    assert error.rule.name == "payment number used"


def test_where_posting_is_left_to_others_a_payment_waits(site: Site, hook: InforSyteLineHook) -> None:
    document = site.small_invoice()
    remote = site.book(hook, document)
    payment = site.payment(document, remote, Decimal("50.00"))
    with site.on(post_mode="none") as waiting:
        entered = [apply(site, waiting, payment, remote.customer_id, "wait-1") for _ in range(2)]
    assert site.booked(document.number)[0].balance == document.gross_total
    posted = apply(site, hook, payment, remote.customer_id, "wait-1")
    assert {each.remote_id for each in entered} == {posted.remote_id}
    assert site.booked(document.number)[0].balance == document.gross_total - 50


def test_money_for_an_unposted_invoice_is_not_entered(site: Site, hook: InforSyteLineHook) -> None:
    document = site.small_invoice()
    sending = site.sending(hook, document)
    remote = site.create(hook, sending)[sending.key].remote
    assert remote is not None
    assert "is not posted" in refused(site, hook, site.payment(document, remote, Decimal("5.00")), remote.customer_id).message


def test_money_in_another_currency_than_the_customers_is_refused(site: Site, hook: InforSyteLineHook) -> None:
    document = site.small_invoice()
    remote = site.book(hook, document)
    payment = site.payment(document, remote, Decimal("5.00"), currency="GBP")
    assert "pays in USD" in refused(site, hook, payment, remote.customer_id).message


def test_a_discount_needs_the_connections_account_for_it(site: Site) -> None:
    with site.on(discount_account="") as hook:
        document = site.small_invoice()
        remote = site.book(hook, document)
        part = Allocation(document_number=document.number, remote_id=remote.remote_id, amount=Decimal(5), discount=Decimal(1))
        payment = site.payment(document, remote, Decimal("5.00"), allocations=(part,))
        assert "discount_account" in refused(site, hook, payment, remote.customer_id).message


@pytest.mark.parametrize("field", ["bank_code", "site"])
def test_a_connection_without_bank_or_site_takes_no_payment(site: Site, field: str) -> None:
    with site.on(**{field: ""}) as hook:
        document = site.small_invoice()
        remote = site.book(hook, document)
        assert field in refused(site, hook, site.payment(document, remote, Decimal("5.00")), remote.customer_id).message


def test_a_payment_number_follows_from_its_key_alone() -> None:
    assert check_number("a") == check_number("a") != check_number("b")
    assert reference("a") == f"AB{check_number('a'):09d}"
    assert all(0 <= check_number(str(each)) < 10**9 for each in range(200))


def test_a_moment_is_asked_for_in_the_servers_local_time_an_hour_early() -> None:
    moment = datetime(2026, 7, 14, 12, 0, 0, 250_000, tzinfo=UTC)
    assert since_condition(moment, ZoneInfo("America/Chicago")) == "Type = N'P' AND RecordDate > '2026-07-14 06:00:00.250'"


def paid(site: Site, remote: RemoteDocument) -> list[Decimal]:
    return [each.applied[remote.remote_id] for each in site.sandbox.books(SLUG).payments if remote.remote_id in each.applied]


def test_a_payment_that_comes_again_under_another_key_is_booked_once(site: Site, hook: InforSyteLineHook) -> None:
    document = site.small_invoice()
    remote = site.book(hook, document)
    payment = site.payment(document, remote, Decimal("50.00"))
    ids = {apply(site, hook, payment, remote.customer_id, key).remote_id for key in ("one", "other")}
    assert len(ids) == 1
    assert paid(site, remote) == [Decimal("50.00")]


def test_two_allocations_to_one_invoice_are_applied_in_full(site: Site, hook: InforSyteLineHook) -> None:
    document = site.small_invoice()
    remote = site.book(hook, document)
    parts = tuple(Allocation(document_number=document.number, remote_id=remote.remote_id, amount=Decimal(each)) for each in ("30", "20"))
    payment = site.payment(document, remote, Decimal("50.00"), allocations=parts)
    apply(site, hook, payment, remote.customer_id, "twice-1")
    assert sum(paid(site, remote)) == 50
    assert site.booked(document.number)[0].balance == document.gross_total - 50


def test_a_document_of_another_customer_is_not_paid(site: Site, hook: InforSyteLineHook) -> None:
    document, other = site.small_invoice(), site.small_invoice()
    remote, elsewhere = site.book(hook, document), site.book(hook, other)
    error = refused(site, hook, site.payment(document, remote, Decimal("5.00")), elsewhere.customer_id)
    assert f"none of customer {elsewhere.customer_id}" in error.message


@pytest.mark.parametrize("path", ["/update/SLArpmtds", "/invoke/SLArpmts"])
def test_what_is_entered_is_not_told_as_not_booked(site: Site, hook: InforSyteLineHook, path: str) -> None:
    document = site.small_invoice()
    remote = site.book(hook, document)
    payment = site.payment(document, remote, Decimal("50.00"))
    site.sandbox.inject(SLUG, "error_before_commit", path=path, status=400)
    with pytest.raises(PlatformError) as caught:
        apply(site, hook, payment, remote.customer_id, "entered-1")
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.UNKNOWN)
    apply(site, hook, payment, remote.customer_id, "entered-1")
    assert paid(site, remote) == [Decimal("50.00")]


def test_somebody_elses_check_of_the_same_number_and_amount_is_not_taken_for_ours(
    site: Site, hook: InforSyteLineHook, client: Client
) -> None:
    document = site.small_invoice()
    remote = site.book(hook, document)
    payment = site.payment(document, remote, Decimal("50.00"))
    keys = {"BankCode": "B01", "CustNum": remote.customer_id, "Type": "W", "CheckNum": str(check_number(identity(payment)))}
    assert client.update("SLArpmts", {**keys, "ForCheckAmt": "50.00", "Ref": "Their own"})["Success"]
    assert refused(site, hook, payment, remote.customer_id).rule.name == "payment number used"
