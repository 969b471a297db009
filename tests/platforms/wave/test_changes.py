"""Changing and voiding what is booked, against the simulator over real HTTP."""

from __future__ import annotations

import logging
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from tests.platforms.wave.conftest import Client
from tests.platforms.wave.documents import off
from tests.platforms.wave.steps import INVOICE, REFUSED, booked, error_of, meant, remote_of, sending, small

from airbooks.canonical import (
    DocumentStatus,
    RemoteDocument,
)
from airbooks.platforms.base import Sent
from airbooks.platforms.errors import Outcome
from airbooks.platforms.wave import WaveHook


def test_an_update_replaces_lines_and_clears_texts(client: Client, hook: WaveHook) -> None:
    first = small(notes=("Old",), purchase_order="PO-1", charges=(off("10.00"),))
    remote = booked(hook, first)
    changed = small(number=first.number)
    updated = remote_of(hook.update_invoice(sending(hook, changed), remote))
    assert (updated.remote_id, updated.total) == (remote.remote_id, Decimal("108.25"))
    now = client.read(remote.remote_id)
    assert (now["memo"], now["poNumber"], now["discountTotal"]["minorUnitValue"]) == ("", "", "0")
    assert now["status"] == "SAVED"


def test_what_somebody_changed_meanwhile_is_not_overwritten(client: Client, hook: WaveHook) -> None:
    """The trap: Wave has no lock; the modification time is all there is."""
    remote = booked(hook)
    line = {"productId": client.product(), "quantity": "9", "unitPrice": "50", "taxes": []}
    client.mutate("invoicePatch", "", id=remote.remote_id, items=[line])
    error = error_of(hook.update_invoice(sending(hook, small()), remote))
    assert meant(error) == REFUSED
    assert "450.00" in error.message
    assert client.read(remote.remote_id)["total"]["minorUnitValue"] == "45000"


def test_an_update_never_takes_the_number_of_another_invoice(client: Client, hook: WaveHook) -> None:
    """The trap: Wave may take a number twice."""
    booked(hook, small(number="ACD-2"))
    remote = booked(hook)
    error = error_of(hook.update_invoice(sending(hook, small(number="ACD-2")), remote))
    assert meant(error) == REFUSED
    assert client.read(remote.remote_id)["invoiceNumber"] == "ACD-10045"
    assert remote_of(hook.update_invoice(sending(hook, small(number="ACD-3")), remote)).number == "ACD-3"


def test_that_it_was_sent_meanwhile_is_no_reason_to_refuse_an_update(client: Client, hook: WaveHook) -> None:
    remote = booked(hook)
    client.mutate("invoiceMarkSent", "", invoiceId=remote.remote_id, sendMethod="GMAIL")
    remote_of(hook.update_invoice(sending(hook, small()), remote))


def test_a_patch_that_wave_refuses_is_for_a_person(client: Client, hook: WaveHook) -> None:
    remote = booked(hook)
    client.sandbox.inject("wave", "drafts_only")
    assert meant(error_of(hook.update_invoice(sending(hook, small()), remote))) == REFUSED


def void(hook: WaveHook, remote: RemoteDocument) -> Sent:
    return hook.void_invoice(remote, on=date(2026, 11, 20), reason="Entered twice", key=str(uuid4()))


def test_a_void_deletes_and_says_so(client: Client, hook: WaveHook) -> None:
    remote = booked(hook)
    sent = void(hook, remote)
    assert (remote_of(sent).status, sent.note) == (DocumentStatus.VOID, "deleted")
    assert hook.get_invoice(remote.remote_id, INVOICE) is None
    assert void(hook, remote).note == "was deleted already"
    assert client.sandbox.books("wave").documents == []


def paid_invoice(client: Client, hook: WaveHook) -> RemoteDocument:
    remote = booked(hook)
    client.pay(remote.remote_id, "40")
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    return now


def test_a_paid_invoice_is_left_to_a_person(client: Client, hook: WaveHook) -> None:
    error = error_of(void(hook, paid_invoice(client, hook)))
    assert meant(error) == REFUSED
    assert "void_deletes_payments" in error.rule.fix
    assert len(client.sandbox.books("wave").payments) == 1


def test_payments_are_deleted_first_where_the_connection_says_so(client: Client) -> None:
    with client.hook(void_deletes_payments=True) as hook:
        sent = void(hook, paid_invoice(client, hook))
    assert sent.note == "deleted, with its payments: 40.00 of 2026-11-20"
    books = client.sandbox.books("wave")
    assert (books.documents, books.payments) == ([], [])


def test_payments_that_were_deleted_before_a_refused_delete_are_told(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Money that was received must not vanish from the books without a trace."""
    with client.hook(void_deletes_payments=True) as hook:
        remote = paid_invoice(client, hook)
        client.sandbox.inject("wave", "error_before_commit", body="mutation InvoiceDelete", times=1)
        with caplog.at_level(logging.WARNING):
            sent = void(hook, remote)
    assert error_of(sent).outcome is Outcome.UNKNOWN
    assert client.sandbox.books("wave").payments == []
    assert "40.00 of 2026-11-20" in caplog.text


def test_a_payment_through_wave_is_never_deleted(client: Client) -> None:
    with client.hook(void_deletes_payments=True) as hook:
        remote = paid_invoice(client, hook)
        table = client.simulator.us.table("InvoicePayment")
        for payment_id, row in list(table.items()):
            table[payment_id] = {**row, "origin": "WPP"}
        assert meant(error_of(void(hook, remote))) == REFUSED
    assert len(client.sandbox.books("wave").documents) == 1


def test_an_invoice_that_was_paid_meanwhile_is_not_deleted(client: Client) -> None:
    with client.hook(void_deletes_payments=True) as hook:
        remote = booked(hook)
        client.pay(remote.remote_id, "40")
        error = error_of(void(hook, remote))
    assert meant(error) == REFUSED
    assert "balance" in error.message
