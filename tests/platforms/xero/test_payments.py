"""Payments in and out, against the simulator over real HTTP."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.platforms.xero.conftest import Tenant
from tests.platforms.xero.documents import bill, in_dollars, sold
from tests.platforms.xero.steps import REFUSED, D, account_of, asked, booked, key

from airbooks.canonical import (
    Allocation,
    ExchangeRate,
    Payment,
    PaymentKind,
    RemoteDocument,
)
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.references import References
from airbooks.platforms.xero import XeroHook
from airbooks.sandbox.server import Sandbox


def payment_on(*documents: RemoteDocument, **fields: Any) -> Payment:
    allocations = tuple(Allocation(document_number=each.number, remote_id=each.remote_id, amount=D("100.00")) for each in documents)
    made: dict[str, Any] = {
        "source": "bank",
        "source_id": "2026-03-20/7",
        "customer_code": "C-AU-0042",
        "received_on": "2026-03-20",
        "amount": D(100) * len(documents),
        "currency": "AUD",
        "method": "Wire",
        "reference": "WIRE-5521",
        "allocations": allocations,
    }
    return Payment(**{**made, **fields})


def apply(hook: XeroHook, payment: Payment) -> Any:
    return hook.apply_payment(payment, customer_id="", key=key(), references=References(settings=hook.settings()))


def test_a_payment_over_two_invoices_is_two_payments_and_is_booked_once(hook: XeroHook, xero: Sandbox) -> None:
    one, two = (booked(hook, bill(number=number))[1] for number in ("A-1", "A-2"))
    first = apply(hook, payment_on(one, two))
    assert (first.amount, len(first.remote_id.split(","))) == (D("200.00"), 2)
    assert {each.remote_id: each.amount for each in first.allocations} == {one.remote_id: D(100), two.remote_id: D(100)}
    assert apply(hook, payment_on(one, two)).remote_id == first.remote_id
    assert len(xero.books("xero").payments) == 2


def test_a_part_that_is_too_much_keeps_the_others_from_being_booked(hook: XeroHook, tenant: Tenant, xero: Sandbox) -> None:
    one, two = (booked(hook, bill(number=number))[1] for number in ("A-1", "A-2"))
    too_much = tenant.pay({"InvoiceID": two.remote_id}, 100)
    with pytest.raises(PlatformError) as error:
        apply(hook, payment_on(one, two))
    assert (error.value.action, error.value.outcome, error.value.rule.name) == (*REFUSED, "pays too much")
    assert [each.amount for each in xero.books("xero").payments if one.remote_id in each.applied] == []
    tenant.post(f"/Payments/{too_much['PaymentID']}", {"Status": "DELETED"})
    apply(hook, payment_on(one, two))
    live = [each for each in xero.books("xero").payments if each.status == "posted"]
    assert sorted(next(iter(each.applied)) for each in live) == sorted([one.remote_id, two.remote_id])


def test_where_a_part_is_booked_no_refusal_of_the_rest_says_that_nothing_happened(hook: XeroHook, tenant: Tenant) -> None:
    one, two = (booked(hook, bill(number=number))[1] for number in ("A-1", "A-2"))
    apply(hook, payment_on(one))
    tenant.pay({"InvoiceID": two.remote_id}, 100)
    with pytest.raises(PlatformError, match="1 of its parts") as error:
        apply(hook, payment_on(one, two))
    assert (error.value.action, error.value.outcome) == (Action.REVIEW, Outcome.UNKNOWN)


def test_a_payment_that_is_there_with_another_amount_is_for_a_person(hook: XeroHook, xero: Sandbox) -> None:
    _, remote = booked(hook)
    apply(hook, payment_on(remote))
    part = Allocation(document_number=remote.number, remote_id=remote.remote_id, amount=D("90.00"))
    with pytest.raises(PlatformError, match="100") as error:
        apply(hook, payment_on(remote, amount=D(90), allocations=(part,)))
    assert (error.value.action, error.value.outcome) == (Action.REVIEW, Outcome.HAPPENED)
    assert len(xero.books("xero").payments) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"kind": PaymentKind.REFUND},
        {"amount": D(101)},
        {"allocations": ()},
        {"allocations": (Allocation(document_number="A", remote_id="i", amount=D(100), discount=D(2)),)},
        {"currency": "USD", "exchange_rate": ExchangeRate(base="GBP", rate=D("0.79"), rate_date=date(2026, 3, 20), source="bank")},
    ],
)
def test_a_payment_that_xero_cannot_express_is_refused_before_sending(hook: XeroHook, xero: Sandbox, change: dict[str, Any]) -> None:
    _, remote = booked(hook)
    with pytest.raises(PlatformError) as error:
        apply(hook, payment_on(remote, **change))
    assert (error.value.action, error.value.outcome) == REFUSED
    assert asked(xero, "PUT", "/Payments") == []


def test_a_payment_in_another_currency_than_its_invoice_is_refused(hook: XeroHook, xero: Sandbox) -> None:
    """Xero takes the amount as one in the invoice's currency."""
    _, remote = booked(hook, bill(**in_dollars()))
    with pytest.raises(PlatformError, match="AUD for invoice AU-SI-004711 in USD") as error:
        apply(hook, payment_on(remote))
    assert (error.value.action, error.value.outcome) == REFUSED
    assert asked(xero, "PUT", "/Payments") == []


def test_a_payment_of_another_contacts_invoice_is_refused(hook: XeroHook, xero: Sandbox) -> None:
    _, remote = booked(hook)
    with pytest.raises(PlatformError, match="another contact's") as error:
        hook.apply_payment(payment_on(remote), customer_id=key(), key=key(), references=References(settings=hook.settings()))
    assert (error.value.action, error.value.outcome) == REFUSED
    assert asked(xero, "PUT", "/Payments") == []


def test_a_payment_of_an_invoice_that_is_not_there_is_refused(hook: XeroHook, xero: Sandbox) -> None:
    _, remote = booked(hook)
    with pytest.raises(PlatformError, match="does not have") as error:
        apply(hook, payment_on(remote.model_copy(update={"remote_id": "7f2d6a90-1b3c-4d5e-8f60-a1b2c3d4e5f6"})))
    assert (error.value.action, error.value.outcome) == REFUSED
    assert asked(xero, "PUT", "/Payments") == []


def test_a_payment_that_the_answer_does_not_name_is_not_reported_as_booked(hook: XeroHook, xero: Sandbox) -> None:
    one, two = (booked(hook, bill(number=number))[1] for number in ("A-1", "A-2"))
    xero.inject("xero", "drop_element", times=1)
    with pytest.raises(PlatformError) as error:
        apply(hook, payment_on(one, two))
    assert (error.value.action, error.value.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    assert apply(hook, payment_on(one, two)).amount == D(200)
    assert len(xero.books("xero").payments) == 2


def test_two_allocations_to_one_invoice_are_one_payment_however_often_it_is_tried(hook: XeroHook, xero: Sandbox) -> None:
    _, remote = booked(hook)
    part = Allocation(document_number=remote.number, remote_id=remote.remote_id, amount=D("60.00"))
    payment = payment_on(remote, amount=D(100), allocations=(part, part.model_copy(update={"amount": D("40.00")})))
    for applied in (apply(hook, payment), apply(hook, payment)):
        assert (applied.amount, [each.amount for each in applied.allocations]) == (D(100), [D(100)])
    assert [each.amount for each in xero.books("xero").payments] == [D(100)]


def test_a_reference_that_xero_would_cut_is_refused_for_the_payment_is_known_by_its_end(hook: XeroHook, xero: Sandbox) -> None:
    _, remote = booked(hook)
    with pytest.raises(PlatformError, match="255") as error:
        apply(hook, payment_on(remote, memo="paid " * 60))
    assert (error.value.action, error.value.outcome) == REFUSED
    assert asked(xero, "PUT", "/Payments") == []


def test_a_payment_needs_an_account(xero: Sandbox) -> None:
    with XeroHook("xero_au", account=account_of(xero, payment_account_code="")) as hook:
        _, remote = booked(hook)
        with pytest.raises(ConfigurationError, match="payment_account_code"):
            apply(hook, payment_on(remote))


def test_deleted_payments_are_listed_as_reversed(hook: XeroHook, tenant: Tenant) -> None:
    _, remote = booked(hook)
    applied = apply(hook, payment_on(remote))
    tenant.post(f"/Payments/{applied.remote_id}", {"Status": "DELETED"})
    (listed,) = hook.list_payments(datetime.now(UTC) - timedelta(minutes=1))
    assert (listed.remote_id, listed.reversed, listed.allocations) == (applied.remote_id, True, ())


def test_payments_of_bills_are_none_of_ours(hook: XeroHook, tenant: Tenant) -> None:
    (supplier,) = tenant.create(tenant.invoice_body(tenant.contact(), Type="ACCPAY"))
    tenant.pay(supplier, 10)
    assert list(hook.list_payments(datetime.now(UTC) - timedelta(minutes=1))) == []


def test_more_payments_than_a_page_holds_are_all_listed(hook: XeroHook, tenant: Tenant) -> None:
    _, remote = booked(hook, bill(sold(1, "99")))
    bodies = [
        {"Invoice": {"InvoiceID": remote.remote_id}, "Account": {"Code": "1000"}, "Date": "2026-03-20", "Amount": 1} for _ in range(101)
    ]
    tenant.put("/Payments", {"Payments": bodies}, summarizeErrors="false")
    assert len({each.remote_id for each in hook.list_payments(datetime.now(UTC) - timedelta(minutes=1))}) == 101


def test_an_answer_not_modified_is_no_payments(hook: XeroHook, xero: Sandbox) -> None:
    xero.inject("xero", "not_modified", times=1)
    assert list(hook.list_payments(datetime.now(UTC))) == []
