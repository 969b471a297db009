"""Changing and taking back transactions."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.platforms.company import Company, today
from tests.platforms.oracle_fusion.conftest import asked, changed, connected, pay, void

from airbooks.canonical import (
    DocumentKind,
    DocumentStatus,
    PaymentTerms,
)
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.oracle_fusion.sandbox import OracleFusionSimulator, transactions

D = Decimal
INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


def test_new_payment_terms_are_patched(company: Company, hook: PlatformHook, simulator: OracleFusionSimulator) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    done = changed(company, hook, first, remote, terms=PaymentTerms(code="Net 14"))
    assert done.error is None
    assert simulator.pod.transactions[remote.remote_id]["PaymentTerms"] == "14 Net"
    assert asked(company, "PATCH")[-1].headers["if-match"] == remote.version


def test_a_document_that_is_as_it_was_is_not_touched(company: Company, hook: PlatformHook) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    patches = len(asked(company, "PATCH"))
    assert changed(company, hook, first, remote).remote is not None
    assert len(asked(company, "PATCH")) == patches


def test_what_patch_does_not_take_is_named_and_left_alone(company: Company, hook: PlatformHook) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    error = changed(company, hook, first, remote, purchase_order="PO-1", terms=PaymentTerms(code="Net 14")).error
    assert error is not None
    assert (error.rule.name, error.action) == ("cannot be changed", Action.REVIEW)
    assert "PurchaseOrder" in error.message
    posting = changed(company, hook, first, remote, posting_date=today() + timedelta(days=1)).error
    assert posting is not None
    assert "AccountingDate" in posting.message


def test_an_invoice_is_reopened_and_deleted_and_the_note_says_so(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    done = void(hook, company.book(hook, document))
    assert (done.error, done.note) == (None, "reopened and deleted")
    assert company.booked(document.number) == []


def test_where_deleting_is_refused_the_invoice_is_complete_again(
    company: Company, hook: PlatformHook, simulator: OracleFusionSimulator
) -> None:
    simulator.pod.change(allow_delete=False)
    document = company.small_invoice()
    remote = company.book(hook, document)
    error = void(hook, remote).error
    assert error is not None
    assert (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert [each.status for each in company.booked(document.number)] == ["open"]


def test_without_leave_to_delete_a_manual_credit_is_asked_for(company: Company) -> None:
    with connected(company, allow_delete=False) as hook:
        remote = company.book(hook, company.small_invoice())
        error = void(hook, remote).error
    assert error is not None
    assert (error.rule.name, error.outcome) == ("manual credit needed", Outcome.DID_NOT_HAPPEN)
    assert company.booked(remote.our_number)[0].status == "open"


def test_an_invoice_that_somebody_credited_in_full_is_void(company: Company, hook: PlatformHook, simulator: OracleFusionSimulator) -> None:
    remote = company.book(hook, company.small_invoice())
    transactions.credit_by_hand(simulator.pod, simulator.pod.transactions[remote.remote_id])
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.VOID
    assert hook.find_invoice(remote.our_number, INVOICE) == []
    assert void(hook, now).note == "was credited in full already"


def test_a_paid_invoice_is_not_taken_back(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    pay(company, hook, company.payment(document, remote, D("40.00")), remote)
    stale = void(hook, remote).error
    assert stale is not None
    assert stale.rule.name == "changed in Oracle"
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    error = void(hook, now).error
    assert error is not None
    assert error.rule.name == "manual credit needed"


def test_a_document_left_incomplete_is_a_draft_and_is_deleted_as_one(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    sending = type(sending)(key=sending.key, document=sending.document, references=sending.references, options={"leave_incomplete": True})
    remote = company.create(hook, sending)[sending.key].remote
    assert remote is not None
    assert remote.status is DocumentStatus.DRAFT
    assert void(hook, remote).note == "deleted"


def test_a_stale_change_indicator_is_told_as_such(company: Company) -> None:
    with connected(company) as hook:
        remote = company.book(hook, company.small_invoice())
        hook.patch(remote.remote_id, {"PaymentTerms": "14 Net"}, remote.version)
        with pytest.raises(PlatformError) as caught:
            hook.patch(remote.remote_id, {"PaymentTerms": "30 Net"}, remote.version)
    assert (caught.value.status, caught.value.action) == (412, Action.REREAD)


@pytest.mark.parametrize("html", [True, False])
def test_a_404_of_a_gateway_does_not_mean_gone(company: Company, hook: PlatformHook, html: bool) -> None:
    remote = company.book(hook, company.small_invoice())
    company.sandbox.inject("oracle_fusion", "error_before_commit", method="GET", status=404, html=html)
    with pytest.raises(PlatformError):
        hook.get_invoice(remote.remote_id, INVOICE)
    company.sandbox.inject("oracle_fusion", "error_before_commit", method="DELETE", status=404, html=html)
    error = void(hook, remote).error
    assert error is not None
    assert [each.status for each in company.booked(remote.our_number)] == ["open"]
    assert hook.get_invoice("300100999999999", INVOICE) is None


def test_a_fact_that_ours_no_longer_has_is_a_change_too(company: Company, hook: PlatformHook) -> None:
    first = company.small_invoice(purchase_order="PO-77812")
    error = changed(company, hook, first, company.book(hook, first), purchase_order="").error
    assert error is not None
    assert "PurchaseOrder" in error.message


def test_another_department_is_a_change_that_patch_does_not_take(company: Company, hook: PlatformHook) -> None:
    first = company.invoice(company.line(1, dimensions={"department": "WHOLESALE"}))
    remote = company.book(hook, first)
    assert changed(company, hook, first, remote).error is None
    moved = tuple(line.model_copy(update={"dimensions": {"department": "SERVICE"}}) for line in first.lines)
    error = changed(company, hook, first, remote, lines=moved).error
    assert error is not None
    assert error.rule.name == "cannot be changed"


def test_a_change_that_is_answered_and_not_done_is_not_told_as_done(company: Company, hook: PlatformHook) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    company.sandbox.inject("oracle_fusion", "change_ignored")
    error = changed(company, hook, first, remote, terms=PaymentTerms(code="Net 14")).error
    assert error is not None
    assert "PaymentTerms" in error.message


def test_a_document_that_an_approval_holds_incomplete_is_not_told_as_booked(
    company: Company, hook: PlatformHook, simulator: OracleFusionSimulator
) -> None:
    simulator.pod.change(needs_approval=True)
    sent = [company.create(hook, sending)[sending.key] for sending in [company.sending(hook, company.small_invoice())]]
    together = [company.sending(hook, company.small_invoice()) for _ in range(2)]
    sent += hook.create_invoices(together)
    assert len(sent) == 3
    for each in sent:
        assert each.error is not None
        assert (each.error.rule.name, each.error.action) == ("left incomplete", Action.REVIEW)
        assert each.remote is not None
        assert each.remote.status is DocumentStatus.DRAFT
