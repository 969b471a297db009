"""Changing and voiding what is booked, against the simulator over real HTTP."""

from __future__ import annotations

from datetime import timedelta

from tests.platforms.xero.conftest import Tenant
from tests.platforms.xero.documents import bill, sold
from tests.platforms.xero.steps import INVOICE, REFUSED, booked, key, sending

from airbooks.canonical import (
    DocumentStatus,
    RemoteDocument,
)
from airbooks.platforms.errors import Outcome
from airbooks.platforms.xero import XeroHook


def test_an_update_keeps_the_lines_ids(hook: XeroHook, tenant: Tenant) -> None:
    _, remote = booked(hook, bill(sold(1), sold(2)))
    before = [line["LineItemID"] for line in tenant.read(remote.remote_id)["LineItems"]]
    changed = bill(sold(1, "3"), sold(2), purchase_order="")
    result = hook.update_invoice(sending(hook, changed), remote)
    assert result.error is None, result.error
    row = tenant.read(remote.remote_id)
    assert [line["LineItemID"] for line in row["LineItems"]] == before
    assert (row["Reference"], row["Total"]) == ("", changed.gross_total)


def test_what_a_person_changed_since_is_not_overwritten(hook: XeroHook, tenant: Tenant) -> None:
    _, remote = booked(hook)
    tenant.simulator.clock.offset = timedelta(seconds=1)
    tenant.post(f"/Invoices/{remote.remote_id}", {"Invoices": [{"Reference": "By hand"}]})
    result = hook.update_invoice(sending(hook, bill(sold(1, "3"))), remote)
    assert result.error is not None
    assert (result.error.action, result.error.outcome, result.error.rule.name) == (*REFUSED, "changed in Xero")
    assert tenant.read(remote.remote_id)["Reference"] == "By hand"


def paid(hook: XeroHook, tenant: Tenant) -> RemoteDocument:
    _, remote = booked(hook)
    tenant.pay({"InvoiceID": remote.remote_id}, 10)
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.PARTIALLY_PAID
    return now


def test_a_paid_invoice_is_neither_updated_nor_voided(hook: XeroHook, tenant: Tenant) -> None:
    remote = paid(hook, tenant)
    results = (
        hook.update_invoice(sending(hook, bill(sold(1, "3"))), remote),
        hook.void_invoice(remote, on=bill().issue_date, reason="", key=key()),
    )
    for each in results:
        assert each.error is not None
        assert (each.error.action, each.error.outcome, each.error.rule.name) == (*REFUSED, "paid or credited")
    assert tenant.read(remote.remote_id)["Status"] == "AUTHORISED"


def test_a_payment_that_came_in_meanwhile_holds_the_void_back(hook: XeroHook, tenant: Tenant) -> None:
    _, before = booked(hook)
    tenant.pay({"InvoiceID": before.remote_id}, 10)
    result = hook.void_invoice(before, on=bill().issue_date, reason="", key=key())
    assert result.error is not None
    assert result.error.rule.name == "changed in Xero"


def test_a_document_that_is_gone_or_void_is_told_as_such(hook: XeroHook) -> None:
    _, remote = booked(hook)
    first = hook.void_invoice(remote, on=bill().issue_date, reason="", key=key())
    assert (first.note, first.outcome) == ("", Outcome.HAPPENED)
    assert hook.void_invoice(remote, on=bill().issue_date, reason="", key=key()).note == "was void already"
    absent = remote.model_copy(update={"remote_id": "7f2d6a90-1b3c-4d5e-8f60-a1b2c3d4e5f6"})
    assert hook.void_invoice(absent, on=bill().issue_date, reason="", key=key()).note == "was deleted already"
    error = hook.update_invoice(sending(hook, bill()), absent).error
    assert error is not None
    assert error.rule.name == "changed in Xero"
