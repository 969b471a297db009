"""Payments in and out, against the simulator over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.zoho_books.conftest import SLUG, Desk, Organisation
from tests.platforms.zoho_books.documents import euros, invoice, line
from tests.platforms.zoho_books.steps import pay, payment

from airbooks.canonical import (
    Allocation,
    PaymentKind,
)
from airbooks.platforms.errors import Action, Outcome, PlatformError


def test_a_payment_is_known_by_its_words_not_by_amount_or_reference(desk: Desk) -> None:
    sales = invoice(line(quantity="4"))
    _, remote = desk.book(sales)
    first = pay(desk, payment(sales, remote), remote.customer_id)
    same = pay(desk, payment(sales, remote), remote.customer_id)
    other = pay(desk, payment(sales, remote, source_id="78"), remote.customer_id)
    assert first.remote_id == same.remote_id != other.remote_id


def test_a_payment_that_is_there_with_another_amount_is_for_a_person(desk: Desk) -> None:
    sales = invoice(line(quantity="4"))
    _, remote = desk.book(sales)
    pay(desk, payment(sales, remote), remote.customer_id)
    with pytest.raises(PlatformError) as caught:
        pay(desk, payment(sales, remote, "20.00"), remote.customer_id)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.HAPPENED)
    assert len(desk.sandbox.books(SLUG).payments) == 1


def test_a_payment_in_another_currency_than_its_customers_is_not_booked_as_if_it_were_that(desk: Desk) -> None:
    sales = invoice(**euros())
    _, remote = desk.book(sales)
    with pytest.raises(PlatformError) as caught:
        pay(desk, payment(sales, remote, currency="GBP"), remote.customer_id)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert desk.sandbox.books(SLUG).payments == []


def test_without_the_custom_field_payments_are_posted_and_still_found_again(zoho: Any) -> None:
    desk = Desk(zoho, external_id_field="", deposit_account_id="")
    sales = invoice()
    _, remote = desk.book(sales)
    first = pay(desk, payment(sales, remote), remote.customer_id)
    assert pay(desk, payment(sales, remote), remote.customer_id).remote_id == first.remote_id
    assert desk.asked("POST", "/customerpayments") == 1
    desk.hook.close()


def test_two_allocations_to_one_invoice_are_told_as_one(desk: Desk) -> None:
    sales = invoice(line(quantity="4"))
    _, remote = desk.book(sales)
    part = Allocation(document_number=sales.number, remote_id=remote.remote_id, amount=Decimal("150.00"))
    with pytest.raises(PlatformError):
        pay(desk, payment(sales, remote, "300.00", allocations=(part, part)), remote.customer_id)
    part = part.model_copy(update={"amount": Decimal("120.00")})
    applied = pay(desk, payment(sales, remote, "240.00", allocations=(part, part)), remote.customer_id)
    assert [each.amount for each in applied.allocations] == [240]
    (booked,) = desk.sandbox.books(SLUG).payments
    assert booked.applied == {remote.remote_id: Decimal("240.00")}


def test_what_no_invoice_claims_stays_the_customers_credit(desk: Desk) -> None:
    sales = invoice()
    _, remote = desk.book(sales)
    part = (Allocation(document_number=sales.number, remote_id=remote.remote_id, amount=Decimal("30.00")),)
    applied = pay(desk, payment(sales, remote, "50.00", allocations=part), remote.customer_id)
    assert (applied.amount, [each.amount for each in applied.allocations]) == (50, [30])


@pytest.mark.parametrize("change", [{"kind": PaymentKind.REFUND}, {"discount": Decimal(1)}, {"write_off": Decimal(1)}])
def test_refunds_discounts_and_write_offs_are_refused_before_anything_is_sent(desk: Desk, change: dict[str, Any]) -> None:
    sales = invoice()
    _, remote = desk.book(sales)
    money = payment(sales, remote)
    if "kind" not in change:
        money = money.model_copy(update={"allocations": (money.allocations[0].model_copy(update=change),)})
    else:
        money = money.model_copy(update=change)
    with pytest.raises(PlatformError) as caught:
        pay(desk, money, remote.customer_id)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert desk.sandbox.books(SLUG).payments == []


@pytest.mark.parametrize("fault", ["", "openapi_names", "unsorted_lists", "ignore_filters"])
def test_payments_are_listed_since_a_moment_however_the_list_comes(desk: Desk, org: Organisation, fault: str) -> None:
    customer = org.contact()
    clock = desk.sandbox.simulators[SLUG].clock
    made = []
    for minutes in range(-8, 0):
        clock.offset = timedelta(minutes=minutes)
        made.append(org.pay(customer, 10 + minutes)[1]["payment"]["payment_id"] if minutes > -8 else "")
    clock.offset = timedelta()
    desk.hook.page_size = 2
    if fault:
        desk.inject(fault)
    since = datetime.now(UTC) - timedelta(minutes=3, seconds=30)
    assert {each.remote_id for each in desk.hook.list_payments(since)} == set(made[-3:])


def test_a_list_that_says_it_is_sorted_otherwise_is_read_to_its_end(desk: Desk, org: Organisation) -> None:
    """An old payment that was applied just now stands far behind in a list that is sorted by date."""
    customer, clock = org.contact(), desk.sandbox.simulators[SLUG].clock
    for minutes in range(-9, 0):
        clock.offset = timedelta(minutes=minutes)
        org.pay(customer, 10, date=f"2026-03-{20 + minutes:02}")
    clock.offset = timedelta()
    table = desk.sandbox.simulators[SLUG].store.table("payment")
    oldest = next(iter(table))
    table[oldest] = {**table[oldest], "last_modified_time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}+0000"}
    desk.hook.page_size = 2
    desk.inject("sorted_by", column="date")
    assert [each.remote_id for each in desk.hook.list_payments(datetime.now(UTC) - timedelta(seconds=30))] == [oldest]


def test_a_list_in_order_is_not_read_to_its_end(desk: Desk, org: Organisation) -> None:
    customer, clock = org.contact(), desk.sandbox.simulators[SLUG].clock
    for minutes in range(-9, 0):
        clock.offset = timedelta(minutes=minutes)
        org.pay(customer, 10)
    clock.offset = timedelta()
    desk.hook.page_size = 2
    already = desk.asked("GET", "/customerpayments?")
    assert len(list(desk.hook.list_payments(datetime.now(UTC) - timedelta(minutes=2, seconds=30)))) == 2
    assert desk.asked("GET", "/customerpayments?") - already == 2
