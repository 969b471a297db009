"""Payments in and out, against the simulator over real HTTP."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.quickbooks.conftest import Company
from tests.platforms.quickbooks.documents import BUYER, document, foreign, line
from tests.platforms.quickbooks.steps import account_of, asked, booked, key

from airbooks.canonical import Allocation, Payment, PaymentKind
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.quickbooks import QuickBooksHook
from airbooks.platforms.quickbooks.sandbox.seed import US_REALM
from airbooks.platforms.references import ReferenceKind, References
from airbooks.sandbox.server import Sandbox


def payment(*allocations: Allocation, **more: Any) -> Payment:
    fields: dict[str, Any] = {
        "source": "bank",
        "source_id": "stmt-1/7",
        "customer_code": BUYER.code,
        "received_on": date(2026, 3, 20),
        "amount": Decimal("100.00"),
        "currency": "USD",
        "reference": "WIRE-5521 RE INVOICE US-SI-004711",
        "allocations": allocations,
        **more,
    }
    return Payment(**fields)


def pay(hook: QuickBooksHook, what: Payment, customer: str, attempt: str | None = None) -> Any:
    methods = hook.find_reference(ReferenceKind.PAYMENT_METHOD, ["Wire"])
    entries = {(ReferenceKind.PAYMENT_METHOD, "Wire"): methods[0]}
    found = References(entries=entries, settings=hook.settings())
    return hook.apply_payment(what, customer_id=customer, key=attempt or key(), references=found)


def part(remote: Any, amount: str) -> Allocation:
    return Allocation(document_number=remote.number, remote_id=remote.remote_id, amount=Decimal(amount))


def test_a_payment_pays_two_invoices_and_keeps_the_rest_as_credit(hook: QuickBooksHook, us: Company) -> None:
    sent, one = booked(hook, document(number="A1", lines=(line("1", "1", "60.00"),)))
    _, two = booked(hook, document(number="A2", lines=(line("1", "1", "60.00"),)))
    done = pay(hook, payment(part(one, "60.00"), part(two, "30.00"), method="Wire"), sent.references.customer)
    assert {each.remote_id: each.amount for each in done.allocations} == {one.remote_id: Decimal(60), two.remote_id: Decimal(30)}
    assert done.reference == "WIRE-5521 RE INVOICE"
    assert [each.status for each in us.sandbox.books("quickbooks").documents] == ["paid", "partially_paid"]
    row = us.get(f"/payment/{done.remote_id}")[1]["Payment"]
    assert (row["UnappliedAmt"], row["PaymentMethodRef"]["name"], row["DepositToAccountRef"]) == (Decimal(10), "Wire", {"value": "1"})
    assert "WIRE-5521 RE INVOICE US-SI-004711" in row["PrivateNote"]


@pytest.mark.parametrize("same_key", [True, False])
def test_the_same_payment_again_is_found_and_not_booked_twice(hook: QuickBooksHook, quickbooks: Sandbox, same_key: bool) -> None:
    sent, remote = booked(hook)
    first, second = "key-1", "key-1" if same_key else "key-2"
    done = pay(hook, payment(part(remote, "100.00")), sent.references.customer, first)
    assert pay(hook, payment(part(remote, "100.00")), sent.references.customer, second) == done
    assert len(quickbooks.books("quickbooks").payments) == 1


def test_two_equal_payments_of_one_day_are_two(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent, _ = booked(hook)
    pay(hook, payment(), sent.references.customer)
    pay(hook, payment(source_id="stmt-1/8"), sent.references.customer)
    assert len(quickbooks.books("quickbooks").payments) == 2


def test_a_foreign_payment_carries_its_rate(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook, document(**foreign("EUR", "1.08")))
    done = pay(hook, payment(part(remote, "100.00"), **foreign("EUR", "1.10")), sent.references.customer)
    row = us.get(f"/payment/{done.remote_id}")[1]["Payment"]
    assert (row["CurrencyRef"]["value"], row["ExchangeRate"]) == ("EUR", Decimal("1.10"))


def test_more_than_the_open_balance_is_refused(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent, remote = booked(hook, document(lines=(line("1", "1", "60.00"),)))
    with pytest.raises(PlatformError) as error:
        pay(hook, payment(part(remote, "60.01")), sent.references.customer)
    assert (error.value.action, error.value.outcome, error.value.code) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "6000")
    assert quickbooks.books("quickbooks").payments == []


@pytest.mark.parametrize(
    "odd",
    [
        payment(kind=PaymentKind.REFUND),
        payment(kind=PaymentKind.CHARGE_BACK),
        payment(Allocation(document_number="A1", remote_id="1", amount=Decimal(98), discount=Decimal(2))),
        payment(Allocation(document_number="A1", remote_id="1", amount=Decimal(98), write_off=Decimal(2))),
        payment(bank_fee=Decimal("3.50")),
        payment(bank_account="SAVINGS"),
        payment(Allocation(document_number="A1", remote_id="1", amount=Decimal(101))),
    ],
    ids=["refund", "charge-back", "early-payment discount", "write-off", "fee", "account without mapping", "too much"],
)
def test_what_a_quickbooks_payment_cannot_say_is_refused_before_sending(hook: QuickBooksHook, quickbooks: Sandbox, odd: Payment) -> None:
    with pytest.raises(PlatformError) as error:
        pay(hook, odd, "1")
    assert error.value.action is Action.REVIEW
    assert asked(quickbooks, "POST", "/payment") == []


def test_parts_of_a_payment_for_one_invoice_are_one_line(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    done = pay(hook, payment(part(remote, "60.00"), part(remote, "40.00")), sent.references.customer)
    assert [line["Amount"] for line in us.get(f"/payment/{done.remote_id}")[1]["Payment"]["Line"]] == [Decimal(100)]


@pytest.mark.parametrize(
    ("extra", "fields"),
    [({"multicurrency": False}, foreign("EUR", "1.10")), ({}, foreign("EUR", "0.87", base="GBP"))],
    ids=["multicurrency is off", "rate to another currency"],
)
def test_a_foreign_payment_is_never_booked_as_home_currency_or_at_another_ledgers_rate(
    quickbooks: Sandbox, extra: dict[str, Any], fields: dict[str, Any]
) -> None:
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks, **extra)) as connected, pytest.raises(PlatformError) as error:
        pay(connected, payment(**fields), connected.ensure_customer(BUYER, "USD" if extra else "EUR"))
    assert (error.value.action, error.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert quickbooks.books("quickbooks").payments == []


def test_a_payment_that_is_there_with_another_amount_is_not_told_as_done(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent, _ = booked(hook)
    pay(hook, payment(), sent.references.customer)
    with pytest.raises(PlatformError, match="100") as error:
        pay(hook, payment(amount=Decimal("120.00")), sent.references.customer)
    assert (error.value.action, error.value.outcome) == (Action.REVIEW, Outcome.HAPPENED)
    assert len(quickbooks.books("quickbooks").payments) == 1


def hour_ago(sandbox: Sandbox) -> datetime:
    return sandbox.simulators["quickbooks"].clock.now() - timedelta(hours=1)


def test_changed_voided_and_deleted_payments_are_listed(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    customer = sent.references.customer
    kept = us.pay(customer, "10.00", ("Invoice", remote.remote_id, "10.00"), PaymentRefNum="W-1")[1]["Payment"]["Id"]
    voided, deleted = (us.pay(customer, "5.00")[1]["Payment"]["Id"] for _ in range(2))
    us.post("/payment", {"Id": voided, "SyncToken": "0", "sparse": True}, operation="update", include="void")
    us.post("/payment", {"Id": deleted, "SyncToken": "0"}, operation="delete")
    listed = {each.remote_id: each for each in hook.list_payments(hour_ago(us.sandbox))}
    assert {row: each.reversed for row, each in listed.items()} == {kept: False, voided: True, deleted: True}
    assert (listed[kept].amount, listed[kept].reference, listed[kept].customer_id) == (Decimal(10), "W-1", customer)
    assert [(each.remote_id, each.amount) for each in listed[kept].allocations] == [(remote.remote_id, Decimal(10))]


def test_payments_of_before_are_not_listed_and_a_look_further_back_than_30_days_is_possible(hook: QuickBooksHook, us: Company) -> None:
    us.pay(us.customer(), "5.00")
    assert list(hook.list_payments(datetime.now(UTC) + timedelta(hours=1))) == []
    assert len(list(hook.list_payments(datetime.now(UTC) - timedelta(days=90)))) == 1


def test_paging_by_time_loses_no_payment_that_changes_meanwhile(hook: QuickBooksHook, us: Company) -> None:
    customer = us.customer()
    made = []
    for minute in range(5):
        us.simulator.clock.offset = timedelta(minutes=minute)
        made.append(us.pay(customer, "5.00")[1]["Payment"]["Id"])
    hook.page_size = 2
    listing = hook.list_payments(datetime.now(UTC) - timedelta(hours=1))
    first = next(listing)
    us.simulator.clock.offset = timedelta(minutes=10)
    us.post("/payment", {"Id": first.remote_id, "SyncToken": "0", "sparse": True, "PrivateNote": "seen"})
    assert {first.remote_id, *(each.remote_id for each in listing)} == set(made)


def test_many_payments_of_one_second_are_paged_by_position(hook: QuickBooksHook, us: Company) -> None:
    customer = us.customer()
    made = {us.pay(customer, "5.00")[1]["Payment"]["Id"] for _ in range(5)}
    for row in us.simulator.realms[US_REALM].table("Payment").values():
        row["MetaData"]["LastUpdatedTime"] = "2026-11-20T08:00:00-08:00"
    hook.page_size = 2
    listed = [each.remote_id for each in hook.list_payments(datetime(2026, 11, 1, tzinfo=UTC)) if not each.reversed]
    assert sorted(listed) == sorted(made)
