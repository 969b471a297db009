"""Changing and voiding what is booked, against the simulator over real HTTP."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.platforms.quickbooks.conftest import Company
from tests.platforms.quickbooks.documents import allowance, document, line
from tests.platforms.quickbooks.steps import INVOICE, asked, booked, key, numbers

from airbooks.canonical import CreditNote, DocumentStatus
from airbooks.delivery.echo import differences
from airbooks.platforms.base import Sending
from airbooks.platforms.errors import Action, Outcome
from airbooks.platforms.quickbooks import QuickBooksHook
from airbooks.sandbox.server import Sandbox

# -- update -----------------------------------------------------------------------------------------------------------------------


def test_an_update_makes_the_platforms_document_equal_to_ours(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook, document(internal_note="first", lines=(line("1"), line("2", "1", "10.00"))))
    revised = document(lines=(line("1", "3"),), allowances=(allowance("50.00"),))
    update = Sending(key=key(), document=revised, references=sent.references)
    result = hook.update_invoice(update, remote)
    assert result.remote is not None
    assert differences(revised, result.remote, sent.references.customer) == ()
    row = us.get(f"/invoice/{remote.remote_id}")[1]["Invoice"]
    assert "PrivateNote" not in row
    assert [each.get("Id") for each in row["Line"]] == ["1", "2", None]
    assert numbers(us.sandbox) == ["US-SI-004711"]


def test_a_stale_token_is_re_read_and_the_update_sent_once_more(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent, remote = booked(hook)
    quickbooks.inject("quickbooks", "edit_in_between", times=1)
    result = hook.update_invoice(Sending(key=key(), document=document(notes=("new",)), references=sent.references), remote)
    assert result.error is None
    assert len(asked(quickbooks, "POST", "/invoice")) == 3


def test_a_token_that_stays_stale_is_given_back_to_the_engine(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent, remote = booked(hook)
    quickbooks.inject("quickbooks", "edit_in_between", times=2)
    result = hook.update_invoice(Sending(key=key(), document=document(notes=("new",)), references=sent.references), remote)
    assert result.error is not None
    assert (result.error.action, result.error.outcome) == (Action.REREAD, Outcome.DID_NOT_HAPPEN)


def test_a_payment_in_between_does_not_stop_an_update(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    us.pay(sent.references.customer, "10.00", ("Invoice", remote.remote_id, "10.00"))
    result = hook.update_invoice(Sending(key=key(), document=document(notes=("new",)), references=sent.references), remote)
    assert result.remote is not None
    assert result.remote.balance == remote.total - 10


def test_what_a_person_changed_is_not_overwritten(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    us.post("/invoice", {"Id": remote.remote_id, "SyncToken": "0", "sparse": True, "Line": [us.line("5.00")]})
    result = hook.update_invoice(Sending(key=key(), document=document(), references=sent.references), remote)
    assert result.error is not None
    assert (result.error.action, result.error.rule.name) == (Action.REVIEW, "changed in QuickBooks")
    assert us.get(f"/invoice/{remote.remote_id}")[1]["Invoice"]["TotalAmt"] == Decimal("5.00")


def test_an_update_of_a_deleted_document_is_for_a_person(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    us.post("/invoice", {"Id": remote.remote_id, "SyncToken": "0"}, operation="delete")
    assert hook.get_invoice(remote.remote_id, INVOICE) is None
    result = hook.update_invoice(Sending(key=key(), document=document(), references=sent.references), remote)
    assert result.error is not None
    assert result.error.action is Action.REVIEW
    assert numbers(us.sandbox) == []


# -- void -------------------------------------------------------------------------------------------------------------------------


def void(hook: QuickBooksHook, remote: Any) -> Any:
    return hook.void_invoice(remote, on=date(2026, 3, 3), reason="cancelled", key=key())


def test_void_keeps_the_record_and_zeroes_it(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    _, remote = booked(hook)
    result = void(hook, remote)
    assert (result.remote.status, result.remote.total, result.note) == (DocumentStatus.VOID, 0, "")
    assert numbers(quickbooks) == ["US-SI-004711"]


def test_a_credit_memo_is_deleted_because_it_cannot_be_voided(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    _, remote = booked(hook, document(CreditNote, number="US-CN-000017"))
    result = void(hook, remote)
    assert (result.remote.status, result.note) == (DocumentStatus.VOID, "deleted")
    assert numbers(quickbooks) == []


def test_a_void_with_a_stale_token_is_repeated_only_if_nothing_else_changed(hook: QuickBooksHook, us: Company) -> None:
    _, remote = booked(hook)
    us.post("/invoice", {"Id": remote.remote_id, "SyncToken": "0", "sparse": True, "PrivateNote": "checked"})
    assert void(hook, remote).remote.status is DocumentStatus.VOID


def test_a_payment_that_came_in_between_stops_the_void(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    us.pay(sent.references.customer, "10.00", ("Invoice", remote.remote_id, "10.00"))
    result = void(hook, remote)
    assert result.error is not None
    assert result.error.action is Action.REVIEW
    assert us.sandbox.books("quickbooks").documents[0].status == "partially_paid"


def test_a_paid_invoice_that_is_voided_leaves_its_payment_as_credit_and_says_so(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    us.pay(sent.references.customer, "10.00", ("Invoice", remote.remote_id, "10.00"))
    result = void(hook, hook.get_invoice(remote.remote_id, INVOICE))
    assert result.note == "what was paid on it is unapplied credit now"


def test_a_deposited_payment_stops_the_void_and_names_the_remedy(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    us.pay(sent.references.customer, "10.00", ("Invoice", remote.remote_id, "10.00"))
    us.sandbox.inject("quickbooks", "deposit_payments", times=1)
    result = void(hook, hook.get_invoice(remote.remote_id, INVOICE))
    assert result.error is not None
    assert (result.error.action, result.error.rule.name) == (Action.REVIEW, "deposited")


def test_what_is_void_or_deleted_already_counts_as_voided(hook: QuickBooksHook, us: Company) -> None:
    _, first = booked(hook, document(number="A1"))
    _, second = booked(hook, document(number="A2"))
    us.post("/invoice", {"Id": first.remote_id, "SyncToken": "0"}, operation="void")
    us.post("/invoice", {"Id": second.remote_id, "SyncToken": "0"}, operation="delete")
    assert (void(hook, first).note, void(hook, second).note) == ("was void already", "was deleted already")


def test_a_lost_answer_to_a_void_is_unknown(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    _, remote = booked(hook)
    quickbooks.inject("quickbooks", "reset_after_commit", method="POST")
    result = void(hook, remote)
    assert result.error.outcome is Outcome.UNKNOWN
    assert hook.get_invoice(remote.remote_id, INVOICE).status is DocumentStatus.VOID  # type: ignore[union-attr]
