"""Changing and voiding what is booked, against the simulator over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from tests.platforms.company import Company, today
from tests.platforms.freshbooks.steps import INVOICE, REFUSED, inject, kind_of, pass_time, person, table

from airbooks.canonical import DocumentStatus, RemoteDocument
from airbooks.platforms.base import PlatformHook


def test_an_update_takes_away_what_ours_no_longer_says(company: Company, hook: PlatformHook) -> None:
    lines = company.example_lines()
    first = company.invoice(*lines, charges=company.volume_discount(lines), notes=("Handle with care.",))
    remote = company.book(hook, first)
    plain = company.invoice(company.line(1), number=first.number, buyer=first.buyer, purchase_order="")
    sent = hook.update_invoice(company.sending(hook, plain, remote.customer_id), remote)
    assert sent.remote is not None, str(sent.error)
    assert sent.remote.total == plain.gross_total
    row = table(company, "invoice")[remote.remote_id]
    assert (row["po_number"], row["notes"], row["discount_description"], len(row["lines"])) == ("", "", "", 1)


def edited(company: Company, hook: PlatformHook, remote: RemoteDocument, **fields: Any) -> None:
    pass_time(company, minutes=1)
    status, body = person(company, hook).change({"id": remote.remote_id}, **fields)
    assert status == 200, body


@pytest.mark.parametrize("fields", [{"notes": "Agreed by phone"}, {"invoice_number": "X-1"}, {"vis_state": 1}])
def test_what_a_person_changed_is_neither_overwritten_nor_deleted(company: Company, hook: PlatformHook, fields: dict[str, Any]) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    edited(company, hook, remote, **fields)
    sent = hook.update_invoice(company.sending(hook, company.small_invoice(number=first.number, buyer=first.buyer)), remote)
    assert sent.error is not None
    assert kind_of(sent.error) == REFUSED
    if "vis_state" not in fields:
        gone = hook.void_invoice(remote, on=today(), reason="Twice", key="k")
        assert gone.error is not None
        assert table(company, "invoice")[remote.remote_id]["vis_state"] == 0


def test_a_payment_in_between_does_not_stop_an_update(company: Company, hook: PlatformHook) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    pass_time(company, minutes=1)
    person(company, hook).pay({"id": int(remote.remote_id), "amount": {"code": "USD"}}, "10.00")
    changed = company.invoice(company.line(1, quantity="3"), number=first.number, buyer=first.buyer)
    sent = hook.update_invoice(company.sending(hook, changed, remote.customer_id), remote)
    assert sent.remote is not None, str(sent.error)
    assert sent.remote.balance == changed.gross_total - 10


def test_payments_block_the_void_until_they_are_deleted(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    by_hand = person(company, hook)
    payment = by_hand.result(by_hand.pay({"id": int(remote.remote_id), "amount": {"code": "USD"}}, "10.00"), "payment")
    refused = hook.void_invoice(remote, on=today(), reason="Twice", key="k")
    assert refused.error is not None
    assert kind_of(refused.error) == REFUSED
    by_hand.put(f"/payments/payments/{payment['id']}", {"payment": {"vis_state": 1}})
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    done = hook.void_invoice(now, on=today(), reason="Twice", key="k")
    assert (done.remote is not None, done.note) == (True, "deleted (vis_state 1)")


def test_a_connection_may_refuse_to_delete(company: Company) -> None:
    with company.hook(extra={"void_mode": "refuse"}) as hook:
        document = company.small_invoice()
        refused = hook.void_invoice(company.book(hook, document), on=today(), reason="Twice", key="k")
    assert refused.error is not None
    assert kind_of(refused.error) == REFUSED
    assert len(company.booked(document.number)) == 1


@pytest.mark.parametrize("gone", [False, True], ids=["still shown", "errno 1011"])
def test_a_deleted_invoice_is_void_however_it_is_answered(company: Company, hook: PlatformHook, gone: bool) -> None:
    remote = company.book(hook, company.small_invoice())
    hook.void_invoice(remote, on=today(), reason="Twice", key="k")
    if gone:
        inject(company, "deleted_is_gone")
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is None if gone else now is not None and now.status is DocumentStatus.VOID
    again = hook.void_invoice(remote, on=today(), reason="Twice", key="k")
    assert again.remote is not None
    assert (again.remote.status, again.note) == (DocumentStatus.VOID, "was deleted already")
