"""Changing and voiding what is booked, against the simulator over real HTTP."""

from __future__ import annotations

from decimal import Decimal

from tests.platforms.company import Company, today
from tests.platforms.quickfile.conftest import Owner
from tests.platforms.quickfile.steps import calls, drafted

from airbooks.canonical import (
    Invoice,
    RemoteDocument,
)
from airbooks.platforms.base import Sent
from airbooks.platforms.errors import Action, Outcome
from airbooks.platforms.quickfile import QuickFileHook


def updated(company: Company, hook: QuickFileHook, first: Invoice, remote: RemoteDocument) -> Sent:
    changed = company.invoice(company.line(1, quantity="3"), number=first.number, buyer=first.buyer)
    return hook.update_invoice(company.sending(hook, changed, remote.customer_id), remote)


def test_an_update_that_the_platform_adds_up_is_told_as_booked(company: Company, hook: QuickFileHook) -> None:
    first = company.small_invoice()
    remote = drafted(company, hook, first)
    company.sandbox.inject("quickfile", "keep_old_lines")
    sent = updated(company, hook, first, remote)
    assert sent.remote is not None
    assert (sent.remote.line_count, sent.remote.total) == (2, Decimal("300.00"))


def test_what_a_person_changed_is_not_overwritten(company: Company, hook: QuickFileHook, owner: Owner) -> None:
    first = company.small_invoice()
    remote = drafted(company, hook, first)
    body = owner.invoice_body(int(remote.customer_id), first.number)["InvoiceData"]
    body["InvoiceLines"]["ItemLines"]["ItemLine"][0]["Qty"] = 7
    owner.done("invoice/create", {"InvoiceData": {"InvoiceID": int(remote.remote_id), **body}})
    sent = updated(company, hook, first, remote)
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.outcome) == ("changed in QuickFile", Outcome.DID_NOT_HAPPEN)
    assert company.booked(first.number)[0].total == Decimal("840.00")


def test_a_paid_invoice_is_neither_changed_nor_taken_back(company: Company, hook: QuickFileHook, owner: Owner) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    owner.pay(int(remote.customer_id), int(remote.remote_id), 50)
    sent = updated(company, hook, first, remote)
    voided = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k")
    for each in (sent, voided):
        assert each.error is not None
        assert (each.error.rule.name, each.error.outcome) == ("changed in QuickFile", Outcome.DID_NOT_HAPPEN)
    assert company.booked(first.number)[0].status == "partially_paid"


def test_an_invoice_is_taken_back_by_a_credit_note_that_keeps_the_trail(company: Company, hook: QuickFileHook) -> None:
    lines = company.example_lines()
    document = company.invoice(*lines, charges=company.volume_discount(lines))
    remote = company.book(hook, document)
    voided = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k")
    assert voided.note == f"credit note {document.number}-V"
    (credit,) = company.booked(f"{document.number}-V")
    assert (credit.kind, credit.total, credit.tax) == ("credit_note", document.gross_total, document.tax_total)


def test_the_credit_note_of_a_number_that_is_full_gets_the_next_free_one(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice(number="UK-SI-00000000000123")
    voided = hook.void_invoice(company.book(hook, document), on=today(), reason="Entered twice", key="k")
    assert voided.note == "credit note 000001"
    assert company.booked(document.number) == []


def test_an_invoice_whose_credit_note_shows_late_is_not_credited_again(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    hook.void_invoice(remote, on=today(), reason="Entered twice", key="k")
    rows = company.sandbox.simulators["quickfile"].store.table("invoices")
    rows[remote.remote_id] = {**rows[remote.remote_id], "credited": False}
    again = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k")
    assert again.error is not None
    assert (again.error.rule.name, again.error.action) == ("credited already", Action.REVIEW)
    assert len(company.booked(f"{document.number}-V")) == 1


def test_a_deletion_that_cannot_be_read_back_is_open(company: Company, hook: QuickFileHook) -> None:
    remote = drafted(company, hook, company.small_invoice())
    company.sandbox.inject("quickfile", "error_before_commit", path="invoice/get", status=403, after=2)
    assert hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").outcome is Outcome.UNKNOWN


def test_a_draft_is_deleted_and_its_payments_are_not(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    voided = hook.void_invoice(drafted(company, hook, document), on=today(), reason="Entered twice", key="k")
    assert voided.note == "deleted"
    (asked,) = calls(company, "invoice/delete")
    assert asked["InvoiceDetails"]["DeleteAssociatedPayments"] is False
