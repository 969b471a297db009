"""Updating and voiding documents, against the simulated Odoo over real HTTP, through both transports."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from airbooks.canonical import (
    DocumentKind,
    DocumentStatus,
    ExchangeRate,
    Invoice,
)
from airbooks.platforms.base import Sending
from airbooks.platforms.errors import Action, Outcome
from airbooks.platforms.odoo import OdooHook
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.sandbox.server import Sandbox

from .conftest import Json2, MakeHook
from .documents import D, invoice, line
from .working import calls_of, created, posted, receipt, sending


class TestUpdate:
    def changed(self, **more: Any) -> Invoice:
        return invoice("AU-SI-000123", line(quantity=D(3), net_amount=D(300)), line(line_id="2"), **more)

    def test_a_draft_is_written_anew(self, hook: OdooHook) -> None:
        draft = created(hook, sending(hook, invoice()))
        sent = hook.update_invoice(sending(hook, self.changed()), draft)
        assert sent.remote is not None
        assert (sent.remote.status, sent.remote.total, sent.remote.line_count) == (DocumentStatus.DRAFT, D("440.00"), 2)

    def test_a_posted_document_is_changed_and_keeps_its_number(self, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        sent = hook.update_invoice(sending(hook, self.changed(notes=("New",))), remote)
        assert sent.error is None
        assert sent.remote is not None
        assert (sent.remote.remote_id, sent.remote.number, sent.remote.status, sent.remote.total) == (
            remote.remote_id,
            remote.number,
            DocumentStatus.OPEN,
            D("440.00"),
        )

    def test_what_people_changed_meanwhile_is_not_overwritten(self, odoo_box: Sandbox, au: OdooHook, json2: Json2) -> None:
        remote = posted(au, invoice())
        odoo_box.simulators["odoo"].clock.offset = timedelta(minutes=1)
        json2("account.move", "write", ids=[int(remote.remote_id)], vals={"narration": "by hand"})
        sent = au.update_invoice(sending(au, self.changed()), remote)
        assert sent.error is not None
        assert (sent.error.action, sent.error.outcome) == (Action.REREAD, Outcome.DID_NOT_HAPPEN)
        assert json2.move(int(remote.remote_id), "narration")["narration"] == "<p>by hand</p>"

    def test_a_document_with_payments_is_for_a_person(self, au: OdooHook) -> None:
        remote = posted(au, invoice())
        au.apply_payment(receipt("50.00", (remote, "50.00")), customer_id=remote.customer_id, key="p", references=References())
        now = au.get_invoice(remote.remote_id, DocumentKind.INVOICE)
        assert now is not None
        sent = au.update_invoice(sending(au, self.changed()), now)
        assert sent.error is not None
        assert sent.error.action is Action.REVIEW

    def test_a_rate_to_another_currency_than_the_companys_is_refused(self, au: OdooHook) -> None:
        remote = posted(au, invoice())
        rate = ExchangeRate(base="GBP", rate=D("0.79"))
        sent = au.update_invoice(sending(au, self.changed(currency="USD", exchange_rate=rate)), remote)
        assert sent.error is not None
        assert (sent.error.action, sent.error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
        now = au.get_invoice(remote.remote_id, DocumentKind.INVOICE)
        assert now is not None
        assert (now.currency, now.total) == ("AUD", D("110.00"))

    def test_a_refused_change_leaves_the_document_posted(self, au: OdooHook) -> None:
        remote = posted(au, invoice())
        item = sending(au, self.changed())
        gone = {
            **item.references.entries,
            (ReferenceKind.TAX_CODE, "AU-GST10"): ReferenceItem(kind=ReferenceKind.TAX_CODE, code="x", remote_id="999"),
        }
        sent = au.update_invoice(
            Sending(key="k", document=item.document, references=References(customer=item.references.customer, entries=gone)), remote
        )
        assert sent.error is not None
        assert sent.error.outcome is Outcome.DID_NOT_HAPPEN
        now = au.get_invoice(remote.remote_id, DocumentKind.INVOICE)
        assert now is not None
        assert (now.status, now.total) == (DocumentStatus.OPEN, D("110.00"))

    def test_a_locked_period_forbids_the_change(self, odoo_box: Sandbox, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        odoo_box.inject("odoo", "lock_period", until="2026-11-30")
        sent = hook.update_invoice(sending(hook, self.changed()), remote)
        assert sent.error is not None
        assert (sent.error.rule.name, sent.error.action, sent.error.outcome) == ("period closed", Action.REVIEW, Outcome.DID_NOT_HAPPEN)


class TestVoid:
    def test_a_draft_and_a_posted_document_are_cancelled(self, hook: OdooHook) -> None:
        draft, open_one = created(hook, sending(hook, invoice("AU-SI-1"))), posted(hook, invoice("AU-SI-2"))
        for remote in (draft, open_one):
            sent = hook.void_invoice(remote, on=date(2026, 11, 22), reason="wrong", key="v")
            assert sent.error is None
            assert sent.remote is not None
            assert (sent.key, sent.remote.status, sent.note) == ("v", DocumentStatus.VOID, "cancelled")

    def test_voiding_twice_succeeds(self, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        first = hook.void_invoice(remote, on=date(2026, 11, 22), reason="wrong", key="v").remote
        assert first is not None
        assert hook.void_invoice(first, on=date(2026, 11, 22), reason="wrong", key="v").error is None

    def test_payments_are_never_taken_off_silently(self, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        hook.apply_payment(receipt("110.00", (remote, "110.00")), customer_id=remote.customer_id, key="p", references=References())
        now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
        assert now is not None
        sent = hook.void_invoice(now, on=date(2026, 11, 22), reason="wrong", key="v")
        assert sent.error is not None
        assert sent.error.action is Action.REVIEW
        still = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
        assert still is not None
        assert still.status is DocumentStatus.PAID

    @pytest.mark.parametrize("transport", ["json2", "xmlrpc"])
    def test_the_books_can_keep_the_document_and_reverse_it(self, make_hook: MakeHook, transport: str, json2: Json2) -> None:
        hook = make_hook(extra={"void_with": "reversal", "transport": transport})
        remote = posted(hook, invoice())
        sent = hook.void_invoice(remote, on=date(2026, 11, 22), reason="wrong", key="v")
        assert sent.remote is not None
        assert (sent.remote.status, sent.remote.balance, sent.note) == (DocumentStatus.VOID, D(0), "credit note RINV/2026/00001")
        assert json2("account.move", "search_count", domain=[]) == 2

    def test_a_reversal_that_was_left_half_done_is_finished_and_not_repeated(self, make_hook: MakeHook, json2: Json2) -> None:
        hook = make_hook(extra={"void_with": "reversal"})
        remote = posted(hook, invoice())
        context = {"active_model": "account.move", "active_ids": [int(remote.remote_id)]}
        wizard = json2("account.move.reversal", "create", vals_list=[{"date": "2026-11-22"}], context=context)
        json2("account.move.reversal", "refund_moves", ids=wizard, context=context)
        sent = hook.void_invoice(remote, on=date(2026, 11, 22), reason="wrong", key="v")
        assert sent.remote is not None
        assert sent.remote.status is DocumentStatus.VOID
        assert json2("account.move", "search_count", domain=[]) == 2

    def test_a_credit_note_over_a_part_is_not_taken_for_the_reversal(self, make_hook: MakeHook, json2: Json2) -> None:
        hook = make_hook(extra={"void_with": "reversal"})
        remote = posted(hook, invoice())
        context = {"active_model": "account.move", "active_ids": [int(remote.remote_id)]}
        wizard = json2("account.move.reversal", "create", vals_list=[{"date": "2026-11-22"}], context=context)
        part = json2("account.move.reversal", "refund_moves", ids=wizard, context=context)["res_id"]
        goodwill = {"name": "Goodwill", "quantity": 1, "price_unit": 10, "tax_ids": [[6, 0, []]]}
        json2("account.move", "write", ids=[part], vals={"invoice_line_ids": [[5, 0, 0], [0, 0, goodwill]]})
        sent = hook.void_invoice(remote, on=date(2026, 11, 22), reason="wrong", key="v")
        assert sent.remote is not None
        assert sent.remote.status is DocumentStatus.VOID
        assert json2.move(part, "state")["state"] == "draft"

    def test_before_19_a_refused_void_leaves_the_document_posted(self, make_hook: MakeHook, odoo_box: Sandbox) -> None:
        hook = make_hook(extra={"version": 18, "transport": "xmlrpc"})
        remote = posted(hook, invoice())
        odoo_box.inject("odoo", "error_before_commit", status=403, html=True, **calls_of(hook, "button_cancel"))
        sent = hook.void_invoice(remote, on=date(2026, 11, 22), reason="wrong", key="v")
        assert sent.error is not None
        assert sent.error.outcome is Outcome.DID_NOT_HAPPEN
        now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
        assert now is not None
        assert now.status is DocumentStatus.OPEN

    def test_a_void_that_cannot_be_read_back_is_unknown(self, odoo_box: Sandbox, au: OdooHook) -> None:
        remote = posted(au, invoice())
        odoo_box.inject("odoo", "error_before_commit", status=403, html=True, path="/account.move/read$")
        sent = au.void_invoice(remote, on=date(2026, 11, 22), reason="wrong", key="v")
        assert sent.error is not None
        assert sent.error.outcome is Outcome.UNKNOWN

    def test_before_19_a_posted_document_goes_through_draft(self, make_hook: MakeHook) -> None:
        hook = make_hook(extra={"version": 18, "transport": "xmlrpc"})
        sent = hook.void_invoice(posted(hook, invoice()), on=date(2026, 11, 22), reason="wrong", key="v")
        assert sent.remote is not None
        assert sent.remote.status is DocumentStatus.VOID
