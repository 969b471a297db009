"""Payments that people book on a platform, read back from its simulator: they settle, and their deletion opens the document again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tests.delivery.office import CONNECTION, Office, us_credit_note, us_invoice
from tests.delivery.test_payments import decide, pays, two_invoices

from airbooks.canonical import Payment, RemotePayment
from airbooks.canonical.payment import Allocation
from airbooks.payments.differences import Cause, Leg, Measure, Setting
from airbooks.payments.reconciling import Stored, reconcile_division
from airbooks.platforms.quickbooks import QuickBooksHook
from airbooks.platforms.references import References
from airbooks.staging.balances import open_items
from airbooks.staging.platform_payments import read_payments

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
MARCH = Setting(division="US", starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31))
TOTAL = Decimal("169.00")


def book(office: Office, hook: QuickBooksHook, amount: str) -> str:
    """What a person does on the platform."""
    remote_id = office.one("SELECT remote_id FROM airbooks.delivery WHERE remote_id <> '' ORDER BY delivery_id LIMIT 1")
    customer_id = office.one("SELECT remote_id FROM airbooks.customer_link")
    part = Allocation(document_number="US-SI-000001", remote_id=remote_id, amount=Decimal(amount))
    payment = Payment(
        source="by hand",
        source_id="1",
        customer_code="C-US-0001",
        received_on=date(2026, 3, 20),
        amount=Decimal(amount),
        currency="USD",
        allocations=(part,),
    )
    return hook.apply_payment(payment, customer_id=customer_id, key="k" * 36, references=References(customer=customer_id)).remote_id


def read(office: Office, hook: QuickBooksHook) -> dict[str, int]:
    return dict(read_payments(office.database, hook, CONNECTION, "test run", first=YESTERDAY))


def open_amounts(office: Office) -> dict[str, Decimal]:
    return {each.number: each.open_amount for each in open_items(office.database)}


def reconciled(office: Office, hook: QuickBooksHook) -> Stored:
    return reconcile_division(office.database, MARCH, None, "test run", open_hook=lambda _: contextlib.nullcontext(hook))


def test_a_payment_booked_there_settles_until_it_is_deleted_there(office: Office) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    with office.hook() as hook:
        assert isinstance(hook, QuickBooksHook)
        payment_id = book(office, hook, "100.00")
        assert read(office, hook) == {"new": 1}
        assert open_amounts(office) == {"US-SI-000001": TOTAL - 100}
        found = reconciled(office, hook).found
        assert [(each.cause, each.amount) for each in found.differences] == [(Cause.BOOKED_THERE, Decimal("-100.00"))]
        hook.post("payment", {"Id": payment_id, "SyncToken": "0"}, operation="delete")
        assert read(office, hook) == {"reversed": 1}
        assert read(office, hook) == {}
        assert open_amounts(office) == {"US-SI-000001": TOTAL}
        assert reconciled(office, hook).found.differences == ()


def test_what_the_platform_says_is_open_shows_a_credit_note_that_was_not_allocated_there(office: Office) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    office.plant(us_credit_note(1, "US-SI-000001"))
    office.deliver()
    with office.hook() as hook:
        assert isinstance(hook, QuickBooksHook)
        stored = reconciled(office, hook)
    is_open = {(each.number, each.cause) for each in stored.found.differences if (each.leg, each.measure) == (Leg.PLATFORM, Measure.OPEN)}
    assert is_open == {("US-SI-000001", Cause.CREDIT_NOT_ALLOCATED), ("US-CN-000001", Cause.CREDIT_NOT_ALLOCATED)}
    assert (stored.asked, stored.found.unreconciled) == (2, ())


class Taciturn:
    """A platform that lists payments without what they settle."""

    def __init__(self, hook: QuickBooksHook) -> None:
        self._hook = hook

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        for each in self._hook.list_payments(since):
            yield each.model_copy(update={"allocations": ()})


def test_what_the_platform_does_not_tell_of_our_own_payment_is_no_difference(office: Office) -> None:
    office.codes |= {("payment_method", "Wire"): "Wire"}
    items = two_invoices(office)
    office.deliver()
    decide(office, "169.00", pays(items[:1], ["169.00"]))
    office.deliver()
    with office.hook() as hook:
        assert isinstance(hook, QuickBooksHook)
        read_payments(office.database, Taciturn(hook), CONNECTION, "test run", first=YESTERDAY)
    found = reconcile_division(office.database, MARCH, None, "test run").found
    assert found.differences == ()
    assert open_amounts(office) == {"US-SI-000002": TOTAL}
