"""Changing and voiding what is booked, against the simulator over real HTTP."""

from __future__ import annotations

import pytest
from tests.platforms.company import Company, today
from tests.platforms.myob.steps import D, pay, simulator

from airbooks.canonical import (
    DocumentKind,
    DocumentStatus,
)
from airbooks.platforms.errors import Action, Outcome
from airbooks.platforms.myob.hook import MyobHook
from airbooks.platforms.myob.reversals import reversal_number


def test_a_payment_meanwhile_does_not_stop_an_update(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    pay(company, hook, document, remote, "10.00")
    changed = company.invoice(company.line(1, quantity="3"), number=document.number, buyer=document.buyer)
    updated = hook.update_invoice(company.sending(hook, changed, remote.customer_id), remote)
    assert updated.error is None, str(updated.error)
    assert updated.remote is not None
    assert (updated.remote.total, updated.remote.status) == (changed.gross_total, DocumentStatus.PARTIALLY_PAID)


def test_an_edit_between_reading_and_writing_is_not_overwritten(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    company.sandbox.inject("myob", "edit_in_between", times=1)
    changed = company.invoice(company.line(1, quantity="3"), number=document.number, buyer=document.buyer)
    error = hook.update_invoice(company.sending(hook, changed, remote.customer_id), remote).error
    assert error is not None
    assert (error.rule.name, error.action) == ("changed in MYOB", Action.REVIEW)
    assert company.booked(document.number)[0].total == document.gross_total


def test_a_sale_that_is_read_only_there_stays_as_it_is(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    company.sandbox.inject("myob", "read_only")
    error = hook.update_invoice(company.sending(hook, document, remote.customer_id), remote).error
    assert error is not None
    assert (error.rule.name, error.status) == ("read-only in this file", 405)


def test_a_paid_sale_is_not_deleted(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    pay(company, hook, document, remote, "10.00")
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    error = hook.void_invoice(now, on=today(), reason="Entered twice", key="k").error
    assert error is not None
    assert (error.rule.name, error.action) == ("paid or settled", Action.REVIEW)
    late = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").error
    assert late is not None
    assert late.rule.name == "changed in MYOB"


@pytest.mark.parametrize("kind", DocumentKind)
def test_where_nothing_may_be_deleted_the_opposite_sale_settles_it_once(company: Company, hook: MyobHook, kind: DocumentKind) -> None:
    company.sandbox.inject("myob", "must_be_reversed")
    original = company.small_invoice()
    remote = company.book(hook, original)
    if kind is DocumentKind.CREDIT_NOTE:
        remote = company.book(hook, company.credit_note(corrects=original))
    number = f"R{remote.remote_id.replace('-', '')[:12]}".upper()
    first = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k")
    assert first.error is None, str(first.error)
    assert first.note == f"reversed by {number}"
    (reversal,) = company.booked(number)
    (voided,) = company.booked(remote.our_number)
    assert (reversal.total, reversal.balance, voided.balance) == (remote.total, D(0), D(0))
    assert reversal.kind != voided.kind
    now = hook.get_invoice(remote.remote_id, kind)
    assert now is not None
    again = hook.void_invoice(now, on=today(), reason="Entered twice", key="k")
    assert again.note == f"was reversed already by {number}"
    assert len(company.booked(number)) == 1


def test_a_sale_that_is_partly_paid_is_not_reversed(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    pay(company, hook, document, remote, "10.00")
    company.sandbox.inject("myob", "must_be_reversed")
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    error = hook.void_invoice(now, on=today(), reason="Entered twice", key="k").error
    assert error is not None
    assert (error.rule.name, error.outcome) == ("paid or settled", Outcome.DID_NOT_HAPPEN)
    assert company.booked(reversal_number(remote.remote_id)) == []


def test_a_reversed_sale_is_void_and_its_number_is_free_again(company: Company, hook: MyobHook) -> None:
    company.sandbox.inject("myob", "must_be_reversed")
    document = company.small_invoice()
    remote = company.book(hook, document)
    assert hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").error is None
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.VOID
    assert hook.find_invoice(document.number, DocumentKind.INVOICE) == []


def test_a_reversal_that_somebody_used_for_another_sale_settles_nothing_more(company: Company, hook: MyobHook) -> None:
    company.sandbox.inject("myob", "must_be_reversed")
    document = company.small_invoice()
    remote, other = company.book(hook, document), company.book(hook, company.small_invoice(buyer=document.buyer))
    company.sandbox.inject("myob", "reset_before_commit", path="CreditSettlement")
    assert hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").error is not None
    (credit,) = [each.remote_id for each in company.booked(reversal_number(remote.remote_id))]
    lines = [{"Type": "Invoice", "Sale": {"UID": other.remote_id}, "AmountApplied": D(110)}]
    used = {"CreditFromInvoice": {"UID": credit}, "Number": "X", "Date": "2026-01-15T00:00:00", "CreditAmount": D(110), "Lines": lines}
    simulator(company).receipts.settled(used)
    error = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").error
    assert error is not None
    assert (error.rule.name, error.action) == ("changed in MYOB", Action.REVIEW)
    assert company.booked(document.number)[0].balance == D(110)


@pytest.mark.parametrize("after", [0, 1])
def test_a_reversal_that_breaks_off_is_finished_by_the_next_try(company: Company, hook: MyobHook, after: int) -> None:
    company.sandbox.inject("myob", "must_be_reversed")
    remote = company.book(hook, company.small_invoice())
    number = f"R{remote.remote_id.replace('-', '')[:12]}".upper()
    company.sandbox.inject("myob", "reset_after_commit", method="POST", body=number, after=after)
    assert hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").outcome is Outcome.UNKNOWN
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert hook.void_invoice(now, on=today(), reason="Entered twice", key="k").error is None
    assert [(each.balance, each.kind) for each in company.booked(number)] == [(D(0), "credit_note")]
    assert company.booked(remote.our_number)[0].balance == 0


def test_a_reversal_that_is_booked_and_not_settled_is_named(company: Company, hook: MyobHook) -> None:
    company.sandbox.inject("myob", "must_be_reversed")
    remote = company.book(hook, company.small_invoice())
    company.sandbox.inject("myob", "error_before_commit", path="CreditSettlement", status=400)
    error = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").error
    assert error is not None
    assert error.action is Action.REVIEW
    assert f"{reversal_number(remote.remote_id)} is booked and not settled" in str(error)


def test_a_foreign_sale_that_must_be_reversed_is_for_a_person(company: Company, hook: MyobHook) -> None:
    remote = company.book(hook, company.small_invoice(currency="USD", exchange_rate=company.exchange_rate()))
    company.sandbox.inject("myob", "must_be_reversed")
    error = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").error
    assert error is not None
    assert (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
