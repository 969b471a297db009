"""Changing and voiding what is booked, against the simulator over real HTTP."""

from __future__ import annotations

from decimal import Decimal

from tests.platforms.kashflow.conftest import Desk
from tests.platforms.kashflow.documents import BUYER, line, sale
from tests.platforms.kashflow.steps import GOODS, INVOICE, booked, sending, sold, void

from airbooks.canonical import CreditNote, Delivery, DocumentStatus, Invoice, RemoteDocument
from airbooks.platforms.errors import Action, Outcome
from airbooks.platforms.kashflow import KashFlowHook
from airbooks.sandbox.server import Sandbox


def updated(hook: KashFlowHook, document: Invoice | CreditNote, remote: RemoteDocument) -> RemoteDocument:
    sent = hook.update_invoice(sending(hook, document), remote)
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return sent.remote


def test_an_update_clears_what_our_document_no_longer_says_and_keeps_payments(hook: KashFlowHook, desk: Desk) -> None:
    first = sold(delivery=Delivery(name="Depot", address=BUYER.address))
    remote = booked(hook, first)
    desk.pay(desk.get(f"/invoices/{remote.number}"), 100.0)
    now = updated(hook, sale(line(quantity="3", **GOODS)), remote)
    row = desk.get(f"/invoices/{remote.number}")
    assert (now.remote_id, now.total, now.balance) == (remote.remote_id, Decimal(14940), Decimal(14840))
    assert (row["CustomerReference"], row["UseCustomDeliveryAddress"], row["DeliveryAddress"]) == ("UK-SI-000042", False, {})
    assert [payment["Amount"] for payment in row["PaymentLines"]] == [100]


def test_what_a_person_changed_meanwhile_is_not_overwritten(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook)
    theirs = desk.invoice_body("CUS000123", CustomerReference="UK-SI-000042", LineItems=[desk.line(Rate=1.0, VATAmount=0.4)])
    assert desk.ask("PUT", f"/invoices/{remote.number}", theirs)[0] == 200
    sent = hook.update_invoice(sending(hook, sold()), remote)
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.action, sent.outcome) == ("changed in KashFlow", Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert desk.get(f"/invoices/{remote.number}")["NetAmount"] == 2


def test_an_update_that_cannot_be_read_back_is_open(hook: KashFlowHook, kashflow: Sandbox) -> None:
    remote = booked(hook)
    ready = sending(hook, sale(line(quantity="3", **GOODS)))
    path = f"/invoices/{remote.number}$"
    kashflow.inject("kashflow", "empty_body", method="PUT", path=path)
    kashflow.inject("kashflow", "error_before_commit", method="GET", path=path, status=403, after=1)
    assert hook.update_invoice(ready, remote).outcome is Outcome.UNKNOWN


def test_an_update_of_a_document_that_is_gone_is_for_a_person(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook)
    desk.ask("DELETE", f"/invoices/{remote.number}")
    sent = hook.update_invoice(sending(hook, sold()), remote)
    assert sent.error is not None
    assert sent.error.rule.name == "changed in KashFlow"


def test_a_void_is_a_deletion_and_says_so(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook)
    sent = void(hook, remote)
    assert (sent.note, sent.remote.status) == ("deleted", DocumentStatus.VOID)
    assert desk.ask("GET", f"/invoices/{remote.number}")[0] == 404
    assert void(hook, remote).note == "was deleted already"


def test_the_invoice_that_got_a_deleted_ones_number_is_neither_taken_for_it_nor_deleted(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook)
    assert void(hook, remote).error is None
    stranger = desk.invoice(desk.customer("OTHER"))
    assert str(stranger["Number"]) == remote.number
    assert hook.get_invoice(remote.remote_id, INVOICE) is None
    assert void(hook, remote).note == "was deleted already"
    assert desk.get(f"/invoices/{stranger['Number']}")["Id"] == stranger["Id"]


def test_a_paid_invoice_is_not_deleted(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook)
    desk.pay(desk.get(f"/invoices/{remote.number}"))
    assert void(hook, remote).error.rule.name == "changed in KashFlow"
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    error = void(hook, now).error
    assert (error.action, error.outcome, error.status) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, 400)


def test_an_invoice_of_a_filed_vat_return_is_told_as_a_closed_period(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook)
    desk.simulator.invoices.file_vat_return(int(remote.number))
    assert void(hook, remote).error.rule.name == "period closed"
    sent = hook.update_invoice(sending(hook, sale(line(quantity="3", **GOODS))), remote)
    assert sent.error is not None
    assert sent.error.rule.name == "period closed"
