"""Payments in and out, against the simulator over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.kashflow.conftest import Desk
from tests.platforms.kashflow.documents import credit, euros, line
from tests.platforms.kashflow.steps import GOODS, account_of, booked, sold, void

from airbooks.canonical import Allocation, Payment, RemoteDocument
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.kashflow import KashFlowHook
from airbooks.platforms.references import References
from airbooks.sandbox.server import Sandbox


@pytest.fixture
def pay(hook: KashFlowHook) -> Callable[..., Any]:
    """Books a payment over these invoices, 40.00 on each."""

    def book(*remotes: RemoteDocument, source_id: str = "pay-1", **fields: Any) -> Any:
        allocations = tuple(
            Allocation(document_number=each.our_number, remote_id=each.remote_id, amount=Decimal("40.00")) for each in remotes
        )
        made = {
            "source": "bank",
            "source_id": source_id,
            "customer_code": "CUS000123",
            "received_on": date(2026, 2, 10),
            "amount": Decimal("40.00") * len(remotes),
            "currency": "GBP",
            "reference": "EFT 55121",
            "allocations": allocations,
        }
        payment = Payment(**{**made, **fields})
        references = References(customer="CUS000123", settings=hook.settings())
        return hook.apply_payment(payment, customer_id="CUS000123", key=str(uuid4()), references=references)

    return book


def test_a_payment_over_two_invoices_is_one_payment_and_repeating_it_books_nothing(
    hook: KashFlowHook, kashflow: Sandbox, pay: Callable[..., Any]
) -> None:
    one, two = booked(hook), booked(hook, sold("UK-SI-000043"))
    first, again = pay(one, two), pay(one, two)
    assert first == again
    assert (first.amount, [each.remote_id for each in first.allocations]) == (80, [one.remote_id, two.remote_id])
    assert len(kashflow.books("kashflow").payments) == 2


def test_a_payment_that_broke_off_between_two_invoices_is_finished_by_repeating_it(
    hook: KashFlowHook, kashflow: Sandbox, pay: Callable[..., Any]
) -> None:
    one, two = booked(hook), booked(hook, sold("UK-SI-000043"))
    kashflow.inject("kashflow", "reset_before_commit", method="PUT", path=f"/invoices/{two.number}$")
    with pytest.raises(PlatformError) as error:
        pay(one, two)
    assert error.value.outcome is Outcome.UNKNOWN
    assert pay(one, two).amount == 80
    assert len(kashflow.books("kashflow").payments) == 2


def test_two_allocations_to_one_invoice_are_booked_whole_and_once(hook: KashFlowHook, kashflow: Sandbox, pay: Callable[..., Any]) -> None:
    remote = booked(hook)
    first, again = pay(remote, remote), pay(remote, remote)
    assert first == again
    assert (first.amount, [each.amount for each in first.allocations]) == (80, [80])
    assert [each.amount for each in kashflow.books("kashflow").payments] == [80]


def test_nothing_of_a_payment_is_booked_when_one_of_its_invoices_cannot_take_it(
    hook: KashFlowHook, kashflow: Sandbox, pay: Callable[..., Any]
) -> None:
    one, other = booked(hook), booked(hook, sold("UK-SI-000043", **euros()))
    with pytest.raises(PlatformError) as error:
        pay(one, other)
    assert (error.value.rule.name, error.value.outcome) == ("payment cannot be expressed", Outcome.DID_NOT_HAPPEN)
    assert kashflow.books("kashflow").payments == []


def test_a_payment_of_which_a_part_is_booked_is_never_told_as_not_booked(
    hook: KashFlowHook, kashflow: Sandbox, pay: Callable[..., Any]
) -> None:
    one, two = booked(hook), booked(hook, sold("UK-SI-000043"))
    kashflow.inject("kashflow", "error_before_commit", method="PUT", path=f"/invoices/{two.number}$", status=403)
    for _ in range(2):
        with pytest.raises(PlatformError) as error:
            pay(one, two)
        assert error.value.outcome is Outcome.UNKNOWN
        void(hook, two)
    assert len(kashflow.books("kashflow").payments) == 1


def test_a_payment_that_is_there_with_another_amount_is_for_a_person(
    hook: KashFlowHook, kashflow: Sandbox, pay: Callable[..., Any]
) -> None:
    remote = booked(hook)
    pay(remote)
    other = Allocation(document_number=remote.our_number, remote_id=remote.remote_id, amount=Decimal(50))
    with pytest.raises(PlatformError) as error:
        pay(remote, amount=Decimal(50), allocations=(other,))
    assert error.value.rule.name == "changed in KashFlow"
    assert [each.amount for each in kashflow.books("kashflow").payments] == [40]


def test_a_receipt_is_not_booked_on_a_credit_note(hook: KashFlowHook, kashflow: Sandbox, pay: Callable[..., Any]) -> None:
    remote = booked(hook, credit(line(quantity="1", **GOODS)))
    with pytest.raises(PlatformError) as error:
        pay(remote)
    assert error.value.rule.name == "payment cannot be expressed"
    assert kashflow.books("kashflow").payments == []


def test_lines_and_other_peoples_payments_survive_a_payment(hook: KashFlowHook, desk: Desk, pay: Callable[..., Any]) -> None:
    remote = booked(hook)
    desk.pay(desk.get(f"/invoices/{remote.number}"), 100.0)
    pay(remote)
    row = desk.get(f"/invoices/{remote.number}")
    assert [each["Amount"] for each in row["PaymentLines"]] == [100, 40]
    assert (row["GrossAmount"], row["DueAmount"], len(row["LineItems"])) == (9960, 9820, 1)


def test_a_payment_of_an_invoice_that_is_gone_is_for_a_person(hook: KashFlowHook, pay: Callable[..., Any]) -> None:
    remote = booked(hook)
    void(hook, remote)
    with pytest.raises(PlatformError) as error:
        pay(remote)
    assert error.value.action is Action.REVIEW


def test_payments_need_a_bank_account_and_the_connection_says_which_field(kashflow: Sandbox) -> None:
    allocation = Allocation(document_number="UK-SI-1", remote_id="10042.1", amount=Decimal(1))
    paid = {"received_on": date(2026, 2, 10), "amount": Decimal(1), "currency": "GBP", "allocations": (allocation,)}
    payment = Payment(source="bank", source_id="1", customer_code="C", **paid)
    hook = KashFlowHook("kashflow_uk", account=account_of(kashflow, bank_account_id=""))
    with hook, pytest.raises(ConfigurationError, match="bank_account_id"):
        hook.apply_payment(payment, customer_id="C", key="k", references=References())


def test_payments_of_other_people_are_listed_and_one_over_two_invoices_is_one(hook: KashFlowHook, desk: Desk) -> None:
    customer = desk.customer("OTHER")
    rows = [desk.invoice(customer), desk.invoice(customer)]
    today = f"{desk.simulator.clock.today()}"
    items = [{"ObjectNumber": row["Number"], "Amount": 10.0} for row in rows]
    receipt = {"Date": f"{today} 00:00:00", "Comment": "EFT", "AccountId": 1211, "Method": 3, "PaymentItems": items}
    assert desk.ask("POST", "/invoices/bulk/payments", receipt)[0] == 200
    (found,) = hook.list_payments(desk.simulator.clock.now())
    assert (found.amount, found.customer_id, found.currency) == (Decimal(20), "OTHER", "GBP")
    assert [each.remote_id for each in found.allocations] == [f"{row['Number']}.{row['Id']}" for row in rows]


def test_payments_are_listed_by_date_so_those_dated_back_need_the_look_back(kashflow: Sandbox, desk: Desk) -> None:
    row = desk.invoice(desk.customer("OTHER"))
    dated = desk.simulator.clock.today() - timedelta(days=5)
    desk.pay(row, 10.0, Date=f"{dated} 00:00:00")
    now = desk.simulator.clock.now()
    for days, expected in ((7, 1), (3, 0)):
        with KashFlowHook("kashflow_uk", account=account_of(kashflow, payment_lookback_days=days)) as hook:
            assert len(list(hook.list_payments(now))) == expected
