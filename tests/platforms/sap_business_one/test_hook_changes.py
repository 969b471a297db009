"""Cancelling and changing posted documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from tests.platforms.company import Company, today
from tests.platforms.sap_business_one.conftest import good

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.base import Sending
from airbooks.platforms.errors import Action, Outcome
from airbooks.platforms.sap_business_one import SapBusinessOneHook
from airbooks.platforms.sap_business_one.sandbox import SapBusinessOneSimulator

INVOICE = DocumentKind.INVOICE


def test_cancelling_leaves_a_second_document_that_counts_nowhere(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    voided = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k")
    assert good(voided).status is DocumentStatus.VOID
    rows = [each for each in simulator.store.table("Invoices").values() if each["U_ExtInvNo"] == document.number]
    twin = next(each for each in rows if each["CancelStatus"] == "csCancellation")
    assert voided.note == f"cancelled by cancellation document {twin['DocNum']}"
    assert hook.find_invoice(document.number, INVOICE) == []
    assert hook.get_invoice(f"13-{twin['DocEntry']}", INVOICE) is None
    again = company.small_invoice(number=document.number, buyer=document.buyer)
    assert company.book(hook, again).remote_id != remote.remote_id


def test_a_paid_invoice_is_not_cancelled(company: Company, hook: SapBusinessOneHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("1.00"))
    hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=company.payment_references(hook, payment, "C"))
    error = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").error
    assert error is not None
    assert (error.rule.name, error.outcome) == ("paid or credited", Outcome.DID_NOT_HAPPEN)


def with_due_date(company: Company, hook: SapBusinessOneHook) -> tuple[Sending, Sending]:
    first = company.sending(hook, company.small_invoice())
    later = first.document.model_copy(update={"due_date": today() + timedelta(days=60), "purchase_order": "PO-2"})
    return first, replace(first, key=str(uuid4()), document=later)


def test_due_date_and_reference_of_a_posted_invoice_change(company: Company, hook: SapBusinessOneHook) -> None:
    first, later = with_due_date(company, hook)
    remote = good(company.create(hook, first)[first.key])
    assert good(hook.update_invoice(later, remote)).remote_id == remote.remote_id
    row = hook.documents.row(remote.remote_id, INVOICE)
    assert row is not None
    assert (row["DocDueDate"][:10], row["NumAtCard"]) == (str(later.document.due_date), "PO-2")


def test_a_change_that_is_ignored_in_silence_is_noticed(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    first, later = with_due_date(company, hook)
    remote = good(company.create(hook, first)[first.key])
    simulator.inject("ignore_patch", {})
    error = hook.update_invoice(later, remote).error
    assert error is not None
    assert error.rule.name == "change ignored"


def test_a_change_over_somebody_elses_is_refused(company: Company, hook: SapBusinessOneHook) -> None:
    first, later = with_due_date(company, hook)
    remote = good(company.create(hook, first)[first.key])
    known = hook.get_invoice(remote.remote_id, INVOICE)
    assert known is not None
    hook.client.change(f"Invoices({remote.remote_id[3:]})", {"Comments": "by a person"}, "")
    error = hook.update_invoice(later, known).error
    assert error is not None
    assert (error.status, error.action, error.outcome) == (412, Action.REREAD, Outcome.DID_NOT_HAPPEN)
