"""Changing and voiding what is booked, against the simulator over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from tests.platforms.zoho_books.conftest import SLUG, Desk, Organisation
from tests.platforms.zoho_books.documents import credit_note, invoice, line
from tests.platforms.zoho_books.steps import CREDIT_NOTE, INVOICE, pay, payment, refused, void

from airbooks.canonical import (
    Address,
    Delivery,
    DocumentStatus,
)
from airbooks.platforms.errors import Action, Outcome, PlatformError


def test_an_update_keeps_the_ids_of_lines_and_deletes_those_left_out(desk: Desk, org: Organisation) -> None:
    first = invoice(line(1), line(2), notes=("Old",))
    sending, remote = desk.book(first)
    before = [each["line_item_id"] for each in org.read(remote.remote_id)["line_items"]]
    changed = invoice(line(1, quantity="9"))
    updated = desk.hook.update_invoice(replace(desk.sending(changed), key=sending.key), remote)
    assert updated.error is None, str(updated.error)
    after = org.read(remote.remote_id)
    assert [each["line_item_id"] for each in after["line_items"]] == before[:1]
    assert (after["notes"], after["total"], after["status"]) == ("", changed.gross_total, "overdue")


def test_an_update_whose_address_is_refused_has_changed_nothing(desk: Desk) -> None:
    place = Delivery(name="Dock", address=Address(line1="5 Dock Road", city="Hull", country="GB"))
    _, remote = desk.book(invoice(delivery=place))
    changed = desk.sending(invoice(line(quantity="9"), delivery=place))
    desk.sandbox.inject(SLUG, "error_before_commit", path="/address/shipping", status=422)
    error = refused(desk.hook.update_invoice(changed, remote))
    assert error.outcome is Outcome.DID_NOT_HAPPEN
    assert desk.sandbox.books(SLUG).documents[0].total == remote.total
    assert desk.hook.update_invoice(changed, remote).error is None


@pytest.mark.parametrize("html", [True, False])
def test_a_404_of_a_gateway_is_not_a_document_that_is_gone(desk: Desk, html: bool) -> None:
    _, remote = desk.book(invoice())
    desk.sandbox.inject(SLUG, "error_before_commit", method="GET", path="/invoices/", status=404, html=html, times=None)
    assert refused(void(desk, remote)).outcome is Outcome.DID_NOT_HAPPEN
    with pytest.raises(PlatformError):
        desk.hook.get_invoice(remote.remote_id, INVOICE)


@pytest.mark.parametrize("edit", [{"notes": "by hand", "last_modified_time": "2030-01-01T00:00:00+0000"}, {"reference_number": "PO-1"}])
def test_what_a_person_edited_in_between_is_not_overwritten(desk: Desk, edit: dict[str, str]) -> None:
    sending, remote = desk.book(invoice())
    desk.sandbox.simulators[SLUG].clock.offset = timedelta(minutes=1)
    desk.inject("edit_in_between", times=1, **edit)
    error = refused(desk.hook.update_invoice(sending, remote))
    assert (error.action, error.outcome, error.rule.name) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "changed in Zoho Books")


def test_a_payment_is_no_edit_but_keeps_an_invoice_from_being_voided_unseen(desk: Desk) -> None:
    sales = invoice(line(quantity="4"))
    sending, remote = desk.book(sales)
    desk.sandbox.simulators[SLUG].clock.offset = timedelta(minutes=1)
    pay(desk, payment(sales, remote), remote.customer_id)
    error = refused(void(desk, remote))
    assert (error.action, error.rule.name) == (Action.REVIEW, "changed in Zoho Books")
    assert desk.hook.update_invoice(sending, remote).error is None


def test_voiding_a_paid_invoice_on_purpose_tells_where_the_money_went(desk: Desk) -> None:
    sales = invoice()
    _, remote = desk.book(sales)
    pay(desk, payment(sales, remote), remote.customer_id)
    now = desk.hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    voided = void(desk, now)
    assert voided.error is None, str(voided.error)
    assert voided.note == "what was paid on it is the customer's credit now"
    (left,) = desk.sandbox.books(SLUG).payments
    assert left.applied == {}


def test_a_draft_is_deleted_and_frees_its_number(desk: Desk) -> None:
    sending = desk.sending(invoice())
    draft = desk.create(sending).remote
    assert draft is not None
    assert void(desk, draft).note == "the draft was deleted"
    assert void(desk, draft).note == "was deleted already"
    assert desk.create(replace(sending, key=str(uuid4()))).error is None


def test_a_credit_note_is_opened_found_and_voided(desk: Desk) -> None:
    _, remote = desk.book(credit_note())
    assert (remote.kind, remote.status) == (CREDIT_NOTE, DocumentStatus.OPEN)
    assert void(desk, remote).error is None
    assert desk.hook.find_invoice("UK-CN-000017", CREDIT_NOTE) == []
