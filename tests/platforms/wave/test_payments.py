"""Payments in and out, against the simulator over real HTTP."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.wave.conftest import Client
from tests.platforms.wave.documents import BUYER
from tests.platforms.wave.steps import INVOICE, REFUSED, booked, created, documents_sent, meant, small

from airbooks.canonical import (
    Allocation,
    DocumentStatus,
    ExchangeRate,
    Payment,
    PaymentKind,
    RemoteDocument,
)
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.references import References
from airbooks.platforms.wave import WaveHook


def receipt(remote: RemoteDocument, amount: str = "40.00", **fields: Any) -> Payment:
    made = {
        "source": "bank",
        "source_id": "pay-7",
        "customer_code": BUYER.code,
        "received_on": date(2026, 11, 20),
        "amount": Decimal(amount),
        "currency": remote.currency,
        "allocations": (Allocation(document_number=remote.number, remote_id=remote.remote_id, amount=Decimal(amount)),),
    }
    return Payment(**{**made, **fields})


def pay(hook: WaveHook, payment: Payment, customer: str = "") -> Any:
    return hook.apply_payment(payment, customer_id=customer, key="k", references=References(settings=hook.settings()))


def test_a_payment_is_found_again_by_its_memo(client: Client, hook: WaveHook) -> None:
    """The trap: there is no idempotency for payments."""
    remote = booked(hook)
    first, second = pay(hook, receipt(remote, reference="RF18")), pay(hook, receipt(remote, reference="RF18"))
    assert first.remote_id == second.remote_id
    (payment,) = client.read(remote.remote_id)["payments"]
    assert payment["memo"] == "[bank pay-7]\nReference: RF18"


def test_one_payment_for_two_invoices_becomes_two_of_wave_and_none_twice(client: Client, hook: WaveHook) -> None:
    one, two = booked(hook), booked(hook, small(number="ACD-2"))
    parts = tuple(
        Allocation(document_number=each.number, remote_id=each.remote_id, amount=Decimal(amount))
        for each, amount in ((one, "108.25"), (two, "11.75"))
    )
    payment = receipt(one, "120.00", allocations=parts)
    client.pay(two.remote_id, "1", memo="[bank pay-70]")
    applied = pay(hook, payment)
    assert (applied.amount, len(applied.remote_id.split(","))) == (Decimal("120.00"), 2)
    assert pay(hook, payment).remote_id == applied.remote_id
    assert len(client.sandbox.books("wave").payments) == 3


def test_two_allocations_to_one_invoice_are_one_payment_however_often_it_is_tried(client: Client, hook: WaveHook) -> None:
    remote = booked(hook)
    part = Allocation(document_number=remote.number, remote_id=remote.remote_id, amount=Decimal("30.00"))
    parts = (part, part.model_copy(update={"amount": Decimal("10.00")}))
    payment = receipt(remote, "40.00", allocations=parts)
    for applied in (pay(hook, payment), pay(hook, payment)):
        assert (applied.amount, [each.amount for each in applied.allocations]) == (Decimal("40.00"), [Decimal("40.00")])
    assert [each.amount for each in client.sandbox.books("wave").payments] == [Decimal("40.00")]


def test_where_a_part_is_booked_no_refusal_of_the_rest_says_that_nothing_happened(client: Client, hook: WaveHook) -> None:
    one, two = booked(hook), booked(hook, small(number="ACD-2"))
    parts = tuple(Allocation(document_number=each.number, remote_id=each.remote_id, amount=Decimal(100)) for each in (one, two))
    payment = receipt(one, "200.00", allocations=parts)
    client.pay(one.remote_id, "100", memo="[bank pay-7]")
    client.pay(two.remote_id, "100")
    with pytest.raises(PlatformError, match="1 of its 2 parts") as caught:
        pay(hook, payment)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.UNKNOWN)


def test_a_payment_that_is_there_with_another_amount_is_for_a_person(client: Client, hook: WaveHook) -> None:
    remote = booked(hook)
    pay(hook, receipt(remote, "40.00"))
    with pytest.raises(PlatformError, match=r"40\.00 instead of 50\.00") as caught:
        pay(hook, receipt(remote, "50.00"))
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.HAPPENED)
    assert len(client.sandbox.books("wave").payments) == 1


def test_more_than_is_due_is_refused_although_wave_would_take_it(client: Client, hook: WaveHook) -> None:
    """Somebody entered the same receipt by hand: Wave would call the invoice overpaid."""
    remote = booked(hook)
    client.pay(remote.remote_id, "100")
    with pytest.raises(PlatformError, match=r"8\.25 USD") as caught:
        pay(hook, receipt(remote))
    assert meant(caught.value) == REFUSED
    assert len(client.sandbox.books("wave").payments) == 1


def test_a_foreign_payment_on_a_home_account_needs_a_rate(client: Client, hook: WaveHook) -> None:
    rate = ExchangeRate(base="USD", rate=Decimal("1.09"))
    remote = booked(hook, small(currency="EUR", exchange_rate=rate))
    with pytest.raises(PlatformError, match="without a rate"):
        pay(hook, receipt(remote))
    pay(hook, receipt(remote, exchange_rate=rate))
    (row,) = client.simulator.us.table("InvoicePayment").values()
    assert row["exchangeRate"] == Decimal("1.09")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kind": PaymentKind.REFUND}, "refund"),
    ({"allocations": ()}, "belongs to no document"),
    ({"currency": "GBP"}, "GBP for an invoice in USD"),
]


@pytest.mark.parametrize(("fields", "words"), WRONG)
def test_a_payment_that_wave_cannot_express_is_refused_before_anything_is_booked(
    client: Client, hook: WaveHook, fields: dict[str, Any], words: str
) -> None:
    remote = booked(hook)
    with pytest.raises(PlatformError, match=words) as caught:
        pay(hook, receipt(remote, **fields))
    assert meant(caught.value) == REFUSED
    assert client.sandbox.books("wave").payments == []


def test_money_that_no_invoice_claims_is_refused(client: Client, hook: WaveHook) -> None:
    payment = receipt(booked(hook)).model_copy(update={"amount": Decimal("50.00")})
    with pytest.raises(PlatformError, match=r"10\.00 USD of this payment are unapplied"):
        pay(hook, payment)
    assert client.sandbox.books("wave").payments == []


def test_a_discount_taken_with_a_payment_is_refused(hook: WaveHook) -> None:
    remote = booked(hook)
    part = Allocation(document_number="x", remote_id=remote.remote_id, amount=Decimal("40.00"), discount=Decimal(1))
    with pytest.raises(PlatformError, match="discount"):
        pay(hook, receipt(remote, allocations=(part,)))


def test_drafts_gone_invoices_and_other_customers_take_no_payment(client: Client, hook: WaveHook) -> None:
    _, draft = created(hook)
    with pytest.raises(PlatformError, match="draft"):
        pay(hook, receipt(draft))
    with pytest.raises(PlatformError, match="another customer"):
        pay(hook, receipt(booked(hook, small(number="ACD-2"))), customer="QnVz")
    client.mutate("invoiceDelete", "", invoiceId=draft.remote_id)
    with pytest.raises(PlatformError, match="gone"):
        pay(hook, receipt(draft))


def test_without_a_deposit_account_the_connection_is_named(client: Client) -> None:
    with client.hook(deposit_account_id="") as hook, pytest.raises(ConfigurationError, match="deposit_account_id"):
        pay(hook, receipt(booked(hook)))


def test_payments_are_read_invoice_by_invoice(client: Client, hook: WaveHook) -> None:
    """The trap: lists never contain payments."""
    remote = booked(hook)
    booked(hook, small(number="ACD-2"))
    client.pay(remote.remote_id, "40", memo="Cheque 17")
    read_before = len(documents_sent(client, "Invoice"))
    since = datetime.now(UTC) - timedelta(minutes=1)
    (found,) = hook.list_payments(since)
    assert (found.amount, found.reference, found.allocations[0].remote_id) == (Decimal("40.00"), "Cheque 17", remote.remote_id)
    assert [each["id"] for each in documents_sent(client, "Invoice")[read_before:]] == [remote.remote_id]


def test_a_payment_that_does_not_touch_its_invoice_is_found_by_the_daily_search(client: Client, hook: WaveHook) -> None:
    client.sandbox.inject("wave", "quiet_payments")
    remote = booked(hook)
    client.simulator.clock.offset = timedelta(days=2)
    client.pay(remote.remote_id, "40")
    assert [each.amount for each in hook.list_payments(datetime.now(UTC) + timedelta(days=-1))] == [Decimal("40.00")]
    table = client.simulator.us.table("Invoice")
    assert table[remote.remote_id]["modifiedAt"] < datetime.now(UTC) + timedelta(days=1)


def test_old_payments_of_a_changed_invoice_are_not_listed_again(client: Client, hook: WaveHook) -> None:
    remote = booked(hook)
    client.pay(remote.remote_id, "40")
    client.simulator.clock.offset = timedelta(hours=1)
    client.mutate("invoicePatch", "", id=remote.remote_id, memo="Called")
    assert list(hook.list_payments(datetime.now(UTC) + timedelta(minutes=30))) == []


def test_an_overpaid_invoice_counts_as_paid_and_is_flagged(client: Client, hook: WaveHook, caplog: pytest.LogCaptureFixture) -> None:
    remote = booked(hook)
    client.pay(remote.remote_id, "200")
    with caplog.at_level(logging.WARNING):
        now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert (now.status, now.balance) == (DocumentStatus.PAID, Decimal("-91.75"))
    assert "overpaid" in caplog.text
