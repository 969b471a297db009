"""Booking, applying and listing payments, against the simulated Odoo over real HTTP, through both transports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airbooks.canonical import (
    Allocation,
    DocumentKind,
    DocumentStatus,
    Payment,
)
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.odoo import OdooHook
from airbooks.platforms.references import ReferenceKind, References
from airbooks.sandbox.server import Sandbox

from .conftest import UK, Json2, MakeHook
from .documents import BUYER, D, invoice
from .working import calls_of, created, posted, receipt, sending


class TestPayments:
    def pay(self, hook: OdooHook, payment: Payment, customer: str, key: str = "pay-1") -> Any:
        return hook.apply_payment(payment, customer_id=customer, key=key, references=References())

    def test_one_payment_settles_several_documents_and_part_of_another(self, hook: OdooHook) -> None:
        first, second, third = (posted(hook, invoice(f"AU-SI-{i}")) for i in range(3))
        payment = receipt("260.00", (third, "40.00"), (first, "110.00"), (second, "110.00"))
        booked = self.pay(hook, payment, first.customer_id)
        applied = {each.remote_id: each.amount for each in booked.allocations}
        assert applied == {first.remote_id: D("110.00"), second.remote_id: D("110.00"), third.remote_id: D("40.00")}
        assert (booked.amount, booked.currency, booked.reference, booked.customer_id) == (D("260.00"), "AUD", "WIRE-9", first.customer_id)
        states = {
            number: found.status
            for number in ("AU-SI-0", "AU-SI-1", "AU-SI-2")
            for found in hook.find_invoice(number, DocumentKind.INVOICE)
        }
        assert list(states.values()) == [DocumentStatus.PAID, DocumentStatus.PAID, DocumentStatus.PARTIALLY_PAID]

    def test_a_repeated_payment_is_booked_and_applied_once(self, odoo_box: Sandbox, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        payment = receipt("40.00", (remote, "40.00"))
        assert self.pay(hook, payment, remote.customer_id) == self.pay(hook, payment, remote.customer_id)
        [booked] = odoo_box.books("odoo").payments
        assert booked.applied == {remote.remote_id: D("40.00")}

    def test_a_payment_under_another_key_is_the_same_payment(self, odoo_box: Sandbox, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        payment = receipt("40.00", (remote, "40.00"))
        assert self.pay(hook, payment, remote.customer_id, "pay-1") == self.pay(hook, payment, remote.customer_id, "pay-2")
        assert len(odoo_box.books("odoo").payments) == 1

    def test_a_payment_that_is_there_with_another_amount_is_for_a_person(self, odoo_box: Sandbox, au: OdooHook) -> None:
        customer = au.ensure_customer(BUYER, "AUD")
        self.pay(au, receipt("40.00"), customer)
        with pytest.raises(PlatformError, match=r"is booked .* with 40\.00 AUD") as wrong:
            self.pay(au, receipt("50.00"), customer, "pay-2")
        assert (wrong.value.action, wrong.value.outcome) == (Action.REVIEW, Outcome.HAPPENED)
        assert len(odoo_box.books("odoo").payments) == 1

    def test_parts_of_a_payment_for_one_document_are_one(self, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        booked = self.pay(hook, receipt("110.00", (remote, "60.00"), (remote, "50.00")), remote.customer_id)
        assert [each.amount for each in booked.allocations] == [D("110.00")]

    def test_a_payment_that_is_booked_and_refused_by_its_document_says_that_it_is_booked(self, odoo_box: Sandbox, au: OdooHook) -> None:
        remote = posted(au, invoice())
        odoo_box.inject("odoo", "error_before_commit", status=403, html=True, **calls_of(au, "js_assign_outstanding_line"))
        with pytest.raises(PlatformError, match="is booked") as refused:
            self.pay(au, receipt("110.00", (remote, "110.00")), remote.customer_id)
        assert refused.value.outcome is Outcome.HAPPENED
        assert len(odoo_box.books("odoo").payments) == 1

    def test_a_discount_in_another_currency_than_the_documents_is_refused(self, make_hook: MakeHook, odoo_box: Sandbox) -> None:
        hook = make_hook(extra={"discount_account": "4800"})
        remote = posted(hook, invoice())
        taken = Allocation(document_number="AU-SI-000123", remote_id=remote.remote_id, amount=D("107.80"), discount=D("2.20"))
        with pytest.raises(PlatformError, match="is in AUD"):
            self.pay(hook, receipt("107.80", allocations=(taken,), currency="USD"), remote.customer_id)
        assert odoo_box.books("odoo").payments == []

    def test_money_in_another_currency_than_the_documents_is_refused(self, odoo_box: Sandbox, au: OdooHook) -> None:
        remote = posted(au, invoice())
        with pytest.raises(PlatformError, match="is in AUD") as refused:
            self.pay(au, receipt("100.00", (remote, "60.00"), currency="USD"), remote.customer_id)
        assert refused.value.outcome is Outcome.DID_NOT_HAPPEN
        assert odoo_box.books("odoo").payments == []

    def test_a_payment_that_was_booked_and_not_applied_is_finished(self, odoo_box: Sandbox, au: OdooHook) -> None:
        remote = posted(au, invoice())
        odoo_box.inject("odoo", "reset_before_commit", **calls_of(au, "js_assign_outstanding_line"))
        with pytest.raises(PlatformError) as lost:
            self.pay(au, receipt("110.00", (remote, "110.00")), remote.customer_id)
        assert lost.value.outcome is Outcome.UNKNOWN
        self.pay(au, receipt("110.00", (remote, "110.00")), remote.customer_id)
        assert [str(each.amount) for each in odoo_box.books("odoo").payments] == ["110.00"]

    def test_what_is_not_allocated_stays_open_on_the_payment(self, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        booked = self.pay(hook, receipt("150.00", (remote, "110.00")), remote.customer_id)
        assert [each.amount for each in booked.allocations] == [D("110.00")]

    def test_a_payment_without_allocations_is_booked_all_the_same(self, hook: OdooHook) -> None:
        customer = hook.ensure_customer(BUYER, "AUD")
        assert self.pay(hook, receipt("75.00"), customer).allocations == ()

    def test_two_part_payments_cannot_be_told_apart_by_odoo(self, odoo_box: Sandbox, au: OdooHook) -> None:
        first, second = posted(au, invoice("AU-SI-1")), posted(au, invoice("AU-SI-2"))
        with pytest.raises(PlatformError, match="cannot leave part of AU-SI-1, AU-SI-2 unpaid") as refused:
            self.pay(au, receipt("80.00", (first, "40.00"), (second, "40.00")), first.customer_id)
        assert (refused.value.action, refused.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
        assert odoo_box.books("odoo").payments == []

    def test_an_early_payment_discount_closes_the_document_once(self, make_hook: MakeHook, odoo_box: Sandbox) -> None:
        hook = make_hook(extra={"discount_account": "4800"})
        remote = posted(hook, invoice())
        taken = Allocation(document_number="AU-SI-000123", remote_id=remote.remote_id, amount=D("107.80"), discount=D("2.20"))
        payment = receipt("107.80", allocations=(taken,))
        self.pay(hook, payment, remote.customer_id)
        self.pay(hook, payment, remote.customer_id)
        [booked] = odoo_box.books("odoo").payments
        assert booked.amount == D("107.80")
        assert hook.find_invoice("AU-SI-000123", DocumentKind.INVOICE)[0].status is DocumentStatus.PAID

    def test_a_discount_that_does_not_close_the_document_is_refused(self, make_hook: MakeHook) -> None:
        hook = make_hook(extra={"discount_account": "4800"})
        remote = posted(hook, invoice())
        taken = Allocation(document_number="AU-SI-000123", remote_id=remote.remote_id, amount=D("50.00"), discount=D("1.00"))
        with pytest.raises(PlatformError, match="payment and discount make"):
            self.pay(hook, receipt("50.00", allocations=(taken,)), remote.customer_id)

    def test_a_payment_on_a_draft_or_a_document_that_is_gone_is_refused(self, au: OdooHook) -> None:
        draft = created(au, sending(au, invoice()))
        with pytest.raises(PlatformError, match="is draft"):
            self.pay(au, receipt("10.00", (draft, "10.00")), draft.customer_id)
        with pytest.raises(PlatformError, match="not in Odoo"):
            self.pay(au, receipt("10.00", (draft.model_copy(update={"remote_id": "999"}), "10.00")), draft.customer_id)

    def test_the_method_is_the_bank_journals(self, au: OdooHook, json2: Json2) -> None:
        [check] = au.find_reference(ReferenceKind.PAYMENT_METHOD, ["Check"])
        entries = {(ReferenceKind.PAYMENT_METHOD, "CHQ"): check}
        customer = au.ensure_customer(BUYER, "AUD")
        booked = au.apply_payment(receipt("5.00", method="CHQ"), customer_id=customer, key="p", references=References(entries=entries))
        row = json2("account.payment", "read", ids=[int(booked.remote_id)], fields=["payment_method_line_id", "journal_id"])[0]
        assert (row["payment_method_line_id"][1], row["journal_id"][1]) == ("Check", "Bank")

    def test_changed_payments_are_listed_with_what_they_settle(self, odoo_box: Sandbox, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        self.pay(hook, receipt("40.00", (remote, "40.00")), remote.customer_id)
        clock = odoo_box.simulators["odoo"].clock
        listed = list(hook.list_payments(clock.now() - timedelta(minutes=1)))
        assert [(each.reference, [(part.remote_id, part.amount) for part in each.allocations]) for each in listed] == [
            ("WIRE-9", [(remote.remote_id, D("40.00"))])
        ]
        assert list(hook.list_payments(clock.now() + timedelta(minutes=1))) == []

    def test_a_payment_applied_later_shows_although_it_did_not_change_itself(self, odoo_box: Sandbox, au: OdooHook, json2: Json2) -> None:
        remote = posted(au, invoice())
        booked = self.pay(au, receipt("40.00"), remote.customer_id)
        clock = odoo_box.simulators["odoo"].clock
        clock.offset = timedelta(hours=1)
        entry = json2("account.payment", "read", ids=[int(booked.remote_id)], fields=["move_id"])[0]["move_id"][0]
        item = json2("account.move.line", "search", domain=[["move_id", "=", entry], ["account_type", "=", "asset_receivable"]])[0]
        json2("account.move", "js_assign_outstanding_line", ids=[int(remote.remote_id)], line_id=item)
        [listed] = au.list_payments(clock.now() - timedelta(minutes=1))
        assert [(each.remote_id, each.amount) for each in listed.allocations] == [(remote.remote_id, D("40.00"))]

    def test_a_cancelled_payment_is_reversed_and_its_document_open_again(self, au: OdooHook, json2: Json2) -> None:
        remote = posted(au, invoice())
        booked = self.pay(au, receipt("110.00", (remote, "110.00")), remote.customer_id)
        json2("account.payment", "action_draft", ids=[int(booked.remote_id)])
        json2("account.payment", "action_cancel", ids=[int(booked.remote_id)])
        [listed] = au.list_payments(datetime(2026, 1, 1, tzinfo=UTC))
        assert (listed.reversed, listed.allocations) == (True, ())
        assert au.find_invoice("AU-SI-000123", DocumentKind.INVOICE)[0].status is DocumentStatus.OPEN

    def test_payments_of_another_company_are_not_listed(self, make_hook: MakeHook, au: OdooHook) -> None:
        remote = posted(au, invoice())
        self.pay(au, receipt("110.00", (remote, "110.00")), remote.customer_id)
        assert list(make_hook(extra={"company_id": UK}).list_payments(datetime(2026, 1, 1, tzinfo=UTC))) == []

    def test_more_payments_than_fit_on_a_page_are_all_listed(self, au: OdooHook, json2: Json2) -> None:
        customer = json2.customer()
        vals = {"partner_id": customer, "amount": 1, "memo": "small"}
        ids = json2("account.payment", "create", vals_list=[vals] * 450)
        json2("account.payment", "action_post", ids=ids)
        listed = [each.remote_id for each in au.list_payments(datetime(2026, 1, 1, tzinfo=UTC))]
        assert sorted(listed, key=int) == [str(each) for each in ids]

    def test_enterprise_counts_in_payment_as_paid(self, odoo_box: Sandbox, au: OdooHook) -> None:
        odoo_box.inject("odoo", "in_payment")
        remote = posted(au, invoice())
        self.pay(au, receipt("110.00", (remote, "110.00")), remote.customer_id)
        assert au.find_invoice("AU-SI-000123", DocumentKind.INVOICE)[0].status is DocumentStatus.PAID
