"""Payments: booked through the journal once, read back from the ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.business_central.conftest import SLUG, Desk
from tests.platforms.business_central.documents import BUYER, invoice, line

from airbooks.canonical import Allocation, DocumentKind, DocumentStatus, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.references import References

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def payment(amount: str, *invoices: tuple[RemoteDocument, str], **fields: Any) -> Payment:
    allocations = tuple(
        Allocation(document_number=each.our_number, remote_id=each.remote_id, amount=Decimal(part)) for each, part in invoices
    )
    made = {
        "source": "bank",
        "source_id": "PAY-777",
        "customer_code": BUYER.code,
        "received_on": date(2026, 3, 20),
        "amount": Decimal(amount),
        "currency": "EUR",
        "reference": "Wire 20 Mar",
        "allocations": allocations,
    }
    return Payment(**{**made, **fields})


def apply(desk: Desk, paid: Payment, key: str = "") -> RemotePayment:
    return desk.hook.apply_payment(paid, customer_id=BUYER.code, key=key or str(uuid4()), references=References())


def ledger(desk: Desk) -> list[tuple[str, Decimal, str]]:
    return [(each.reference, each.amount, each.status) for each in desk.sandbox.books(SLUG).payments]


def test_one_payment_settles_several_invoices_and_keeps_the_rest_unapplied(desk: Desk) -> None:
    _, first = desk.booked(invoice(number="EU-SI-000701"))
    _, second = desk.booked(invoice(line(quantity="1"), number="EU-SI-000702"))
    booked = apply(desk, payment("1700.00", (first, "1072.19"), (second, "500.00")))
    assert (booked.amount, booked.reference, booked.currency) == (Decimal("1700.00"), "BANK PAY-777", "EUR")
    assert {each.remote_id: each.amount for each in booked.allocations} == {
        first.remote_id: Decimal("1072.19"),
        second.remote_id: Decimal("500.00"),
    }
    found = desk.hook.find_invoices([("EU-SI-000701", DocumentKind.INVOICE), ("EU-SI-000702", DocumentKind.INVOICE)])
    statuses = {number: (hits[0].status, hits[0].balance) for (number, _), hits in found.items()}
    assert statuses["EU-SI-000701"] == (DocumentStatus.PAID, Decimal(0))
    assert statuses["EU-SI-000702"] == (DocumentStatus.PARTIALLY_PAID, Decimal("36.10"))
    assert ledger(desk) == [("BANK PAY-777", Decimal("1700.00"), "posted")]


def test_the_same_payment_twice_is_booked_once(desk: Desk) -> None:
    _, booked = desk.booked(invoice())
    first = apply(desk, payment("100.00", (booked, "100.00")))
    again = apply(desk, payment("100.00", (booked, "100.00")))
    assert first.remote_id == again.remote_id
    assert ledger(desk) == [("BANK PAY-777", Decimal("100.00"), "posted")]


@pytest.mark.parametrize("path", [r"\$batch", r"journals\("])
def test_a_lost_answer_to_a_payment_never_books_it_twice(desk: Desk, path: str) -> None:
    _, booked = desk.booked(invoice())
    desk.inject("reset_after_commit", method="POST", path=path)
    with pytest.raises(PlatformError) as lost:
        apply(desk, payment("100.00", (booked, "100.00")))
    assert lost.value.outcome is Outcome.UNKNOWN
    apply(desk, payment("100.00", (booked, "100.00")))
    assert ledger(desk) == [("BANK PAY-777", Decimal("100.00"), "posted")]


def test_a_reference_that_is_there_with_another_amount_is_for_a_person(desk: Desk) -> None:
    _, booked = desk.booked(invoice())
    apply(desk, payment("100.00", (booked, "100.00")))
    with pytest.raises(PlatformError) as refused:
        apply(desk, payment("120.00", (booked, "120.00")))
    assert (refused.value.rule.name, refused.value.action) == ("payment reference used", Action.REVIEW)


def test_a_posted_payment_that_the_ledger_cannot_confirm_is_not_called_unbooked(desk: Desk) -> None:
    _, booked = desk.booked(invoice())
    desk.inject("rate_limited", path="customerLedgerEntries", after=1, retry_after="600", times=None)
    with pytest.raises(PlatformError) as lost:
        apply(desk, payment("100.00", (booked, "100.00")))
    assert lost.value.outcome is Outcome.UNKNOWN
    assert ledger(desk) == [("BANK PAY-777", Decimal("100.00"), "posted")]


def test_a_payment_of_an_invoice_in_another_currency_never_reaches_the_journal(desk: Desk) -> None:
    _, booked = desk.booked(invoice(currency="USD"))
    with pytest.raises(PlatformError) as refused:
        apply(desk, payment("100.00", (booked, "100.00")))
    assert (refused.value.rule.name, refused.value.action) == ("payment cannot be expressed", Action.REVIEW)
    assert desk.asked("customerPaymentJournals") == []


def test_a_refused_posting_leaves_the_journal_empty_for_the_next_payment(desk: Desk) -> None:
    _, booked = desk.booked(invoice())
    desk.inject("lock_period")
    with pytest.raises(PlatformError) as refused:
        apply(desk, payment("100.00", (booked, "100.00")))
    assert (refused.value.rule.name, refused.value.outcome) == ("period closed", Outcome.DID_NOT_HAPPEN)
    desk.sandbox.clear_faults()
    apply(desk, payment("50.00", (booked, "50.00"), source_id="PAY-778"))
    assert ledger(desk) == [("BANK PAY-778", Decimal("50.00"), "posted")]


def test_lines_of_others_in_the_journal_are_not_posted_along(desk: Desk) -> None:
    _, booked = desk.booked(invoice())
    journal = next(iter(desk.hook.company.rows("customerPaymentJournals")))["id"]
    desk.hook.company.create(f"customerPaymentJournals({journal})/customerPayments", {"customerNumber": BUYER.code, "amount": -5})
    with pytest.raises(PlatformError) as refused:
        apply(desk, payment("100.00", (booked, "100.00")))
    assert (refused.value.rule.name, refused.value.outcome) == ("payment journal occupied", Outcome.DID_NOT_HAPPEN)
    assert ledger(desk) == []


def test_a_missing_journal_is_made_with_its_balancing_account(desk: Desk) -> None:
    _, booked = desk.booked(invoice())
    desk.hook = desk.another(payment_journal_code="AIRFLOW")
    apply(desk, payment("100.00", (booked, "100.00")))
    codes = {row["code"]: row["balancingAccountNumber"] for row in desk.hook.company.rows("customerPaymentJournals")}
    assert codes["AIRFLOW"] == "BANK"


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "refund"},
        {"currency": "USD"},
        {"allocations": (Allocation(document_number="EU-SI-1", amount=Decimal(5)),)},
        {"allocations": (Allocation(document_number="EU-SI-1", remote_id="x", amount=Decimal(5), discount=Decimal(1)),)},
        {"allocations": (Allocation(document_number="EU-SI-1", remote_id="x", amount=Decimal(5), write_off=Decimal(1)),)},
    ],
)
def test_what_a_journal_line_cannot_say_is_refused_before_anything_is_written(desk: Desk, fields: dict[str, Any]) -> None:
    desk.booked(invoice())
    with pytest.raises(PlatformError) as refused:
        apply(desk, payment("100.00", **fields))
    assert (refused.value.rule.name, refused.value.action) == ("payment cannot be expressed", Action.REVIEW)
    assert ledger(desk) == []


def test_payments_of_people_are_listed_at_once_and_with_their_whole_amount(desk: Desk) -> None:
    _, booked = desk.booked(invoice())
    apply(desk, payment("150.00", (booked, "100.00")))
    listed = list(desk.hook.list_payments(SINCE))
    assert [(each.reference, each.amount, each.customer_id, each.currency, each.reversed) for each in listed] == [
        ("BANK PAY-777", Decimal("150.00"), BUYER.code, "EUR", False)
    ]
    assert list(desk.hook.list_payments(datetime(2027, 1, 1, tzinfo=UTC))) == []


def test_a_reversed_payment_is_listed_as_reversed_and_not_booked_again(desk: Desk) -> None:
    _, booked = desk.booked(invoice())
    first = apply(desk, payment("100.00", (booked, "100.00")))
    desk.inject("reverse_payment", reference="BANK PAY-777")
    listed = list(desk.hook.list_payments(SINCE))
    assert [(each.remote_id, each.amount, each.reversed) for each in listed] == [(first.remote_id, Decimal("100.00"), True)]
    with pytest.raises(PlatformError) as refused:
        apply(desk, payment("100.00", (booked, "100.00")))
    assert "reversed" in refused.value.message


def test_a_partial_payment_is_seen_although_the_invoice_does_not_look_changed(desk: Desk) -> None:
    _, booked = desk.booked(invoice())
    apply(desk, payment("100.00", (booked, "100.00")))
    now = desk.hook.get_invoice(booked.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert (now.modified_at, now.status) == (booked.modified_at, DocumentStatus.PARTIALLY_PAID)
    assert now.balance == Decimal("972.19")
