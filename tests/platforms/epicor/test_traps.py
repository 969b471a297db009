"""The traps of Epicor's contract: each one would cost a document, a cent or a payment if the connector fell into it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from tests.platforms.company import today
from tests.platforms.epicor.conftest import SLUG, Desk

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.errors import Action, Outcome, PlatformError

GROUPS, INVOICES = "/Erp.BO.InvcGrpSvc/", "/Erp.BO.ARInvoiceSvc/"


# -- the conversation -------------------------------------------------------------------------------------------------------------


def test_an_invoice_is_entered_by_getnew_onchange_and_update_in_the_vendors_order(desk: Desk) -> None:
    sending = desk.company.sending(desk.hook, desk.company.small_invoice())
    start = desk.so_far()
    desk.entered(sending)
    called = [each.path.rpartition("/")[2] for each in desk.asked(INVOICES, start) if each.method == "POST"]
    assert called == [
        "GetNewInvcHeadType",
        "OnChangeofSoldToCustID",
        "PreUpdate",
        "Update",
        "GetNewInvcDtl",
        "OnChangeofLinePartNum",
        "OnChangeofLineQty",
        "OnChangeofLineUnitPrice",
        "Update",
    ]


def test_the_parts_list_price_does_not_win_over_ours(desk: Desk) -> None:
    document = desk.company.invoice(desk.company.line(1, "CMP-RS-22", quantity="1", price="9000.00"))
    assert desk.entered(desk.company.sending(desk.hook, document)).net == Decimal("9000.00")


def test_a_price_list_that_gives_a_discount_is_overruled(desk: Desk) -> None:
    desk.inject("price_list", percent=3)
    assert desk.draft()[1].net == Decimal("100.00")


@pytest.mark.parametrize("fault", ["reset_after_commit", "error_after_commit", "reset_before_commit"])
def test_a_crash_in_the_middle_leaves_a_head_without_lines_that_is_completed_and_not_doubled(desk: Desk, fault: str) -> None:
    sending = desk.company.sending(desk.hook, desk.company.small_invoice())
    number = sending.document.number
    desk.inject(fault, path="ARInvoiceSvc/Update", after=1)  # the head was saved, the save of the lines never came through
    if fault != "reset_before_commit":
        desk.company.sandbox.clear_faults()
        desk.inject(fault, path="ARInvoiceSvc/Update")  # the answer to the head's save was lost
    (sent,) = desk.hook.create_invoices([sending])
    assert sent.outcome is Outcome.UNKNOWN
    (head,) = desk.heads(number)
    assert (head["InvcDtl"], head["head"]["InvoiceHeld"]) == ([], True)
    assert desk.found(number) == []  # a head alone is not the document
    remote = desk.entered(sending)
    assert int(remote.remote_id) == head["head"]["InvoiceNum"]
    assert [each.total for each in desk.company.booked(number)] == [sending.document.gross_total]


def test_an_empty_head_of_an_earlier_revision_is_replaced_and_not_completed(desk: Desk) -> None:
    sending = desk.company.sending(desk.hook, desk.company.small_invoice())
    desk.inject("reset_before_commit", path="ARInvoiceSvc/Update", after=1)
    desk.hook.create_invoices([sending])
    due = today() + timedelta(days=10)
    changed = sending.document.model_copy(update={"due_date": due})
    remote = desk.entered(type(sending)(key="k", document=changed, references=sending.references, options=sending.options))
    assert desk.row(remote)["DueDate"] == f"{due}T00:00:00"
    assert len(desk.heads(changed.number)) == 1


def test_lines_without_taxes_are_calculated_and_not_entered_again(desk: Desk) -> None:
    desk.inject("ready_by_method")
    sending = desk.company.sending(desk.hook, desk.company.small_invoice())
    desk.inject("reset_before_commit", path="SetReadyToCalc")
    (sent,) = desk.hook.create_invoices([sending])
    assert sent.outcome is Outcome.UNKNOWN
    assert desk.found(sending.document.number) == []
    remote = desk.entered(sending)
    assert (remote.total, remote.line_count, len(desk.heads(sending.document.number))) == (sending.document.gross_total, 1, 1)


def test_a_head_saved_twice_by_a_proxy_leaves_no_orphan_behind(desk: Desk) -> None:
    sending = desk.company.sending(desk.hook, desk.company.small_invoice())
    desk.inject("duplicate_delivery", path="ARInvoiceSvc/Update")
    remote = desk.entered(sending)
    assert len(desk.heads(sending.document.number)) == 2
    assert desk.company.post(desk.hook, sending, remote).status is DocumentStatus.OPEN
    assert len(desk.heads(sending.document.number)) == 1


def test_rows_that_lost_their_rowmod_are_noticed(desk: Desk) -> None:
    """Epicor ignores them without a word: the answer is 200."""
    desk.inject("strip_row_mod")
    sending = desk.company.sending(desk.hook, desk.company.small_invoice())
    (sent,) = desk.hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.rule.name, sent.outcome) == ("lines not saved", Outcome.UNKNOWN)
    desk.simulator.clear_faults()
    assert desk.entered(sending).line_count == 1


def test_a_refused_line_takes_its_head_back(desk: Desk) -> None:
    desk.inject("bpm", text="Manager must release this part first.", after_heads=True)
    sending = desk.company.sending(desk.hook, desk.company.small_invoice())
    (sent,) = desk.hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.action, sent.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert "Manager must release" in sent.error.message
    assert desk.heads(sending.document.number) == []


@pytest.mark.parametrize("fault", ["ask_question", "manual_legal_number"])
def test_a_question_that_only_a_screen_can_answer_is_for_a_person(desk: Desk, fault: str) -> None:
    desk.inject(fault)
    sending = desk.company.sending(desk.hook, desk.company.small_invoice())
    (sent,) = desk.hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.action, sent.outcome) == ("asks a question", Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert desk.heads(sending.document.number) == []


def test_an_error_whose_detail_is_hidden_leaves_the_outcome_open(desk: Desk) -> None:
    desk.inject("hidden_error")
    sending = desk.company.sending(desk.hook, desk.company.small_invoice())
    (sent,) = desk.hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.action, sent.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    assert sent.error.request_id


# -- numbers and look-ups -----------------------------------------------------------------------------------------------------------


def test_a_number_that_is_there_twice_is_posted_neither_time(desk: Desk) -> None:
    sending, remote = desk.draft()
    _, other = desk.draft()
    desk.simulator.changes.patch(other.remote_id, {"XRefInvoiceNum": sending.document.number, "SysRevID": int(other.version)})
    assert len(desk.found(sending.document.number)) == 2
    (sent,) = desk.hook.post_invoices([(sending, remote)])
    assert sent.error is not None
    assert sent.error.rule.name == "number used twice"
    assert {each.status for each in desk.company.booked(sending.document.number)} == {"draft"}
    (again,) = desk.hook.create_invoices([sending])
    assert again.error is not None
    assert again.error.rule.name == "number used twice"


def test_a_cancellation_that_copied_our_number_is_not_taken_for_our_credit_note(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    voided = desk.hook.void_invoice(remote, on=today(), reason="Entered twice", key=str(uuid4()))
    assert "credit memo" in voided.note
    assert len(desk.heads(sending.document.number)) == 2
    assert desk.hook.find_invoice(sending.document.number, DocumentKind.CREDIT_NOTE) == []
    assert desk.found(sending.document.number) == []


def test_a_cancellation_that_broke_off_is_finished_by_the_same_memo(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    desk.inject("reset_after_commit", path="GetCancellationInvoice")
    assert desk.hook.void_invoice(remote, on=today(), reason="", key="k-1").outcome is Outcome.UNKNOWN
    assert desk.now(remote).status is DocumentStatus.OPEN  # a memo that is not posted cancels nothing
    assert desk.hook.void_invoice(remote, on=today(), reason="", key="k-2").error is None
    assert desk.now(remote).status is DocumentStatus.VOID
    assert len(desk.heads(sending.document.number)) == 2


def test_a_refused_cancellation_leaves_no_memo_waiting_in_a_group(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    desk.inject("lock_period", at="post")
    voided = desk.hook.void_invoice(remote, on=today(), reason="", key=str(uuid4()))
    assert voided.error is not None
    assert voided.error.rule.name == "period closed"
    assert len(desk.heads(sending.document.number)) == 1


@pytest.mark.parametrize("older", [False, True])
def test_a_record_that_is_gone_is_told_with_404_or_by_older_builds_with_500(desk: Desk, older: bool) -> None:
    if older:
        desk.inject("not_found_as_500")
    assert desk.hook.get_invoice("999999", DocumentKind.INVOICE) is None


def test_lists_longer_than_a_page_are_read_to_their_end(desk: Desk) -> None:
    from airbooks.platforms.references import ReferenceKind

    table = desk.simulator.store.table("UOM")
    for number in range(230):
        table[f"U{number:03}"] = {**table["EA"], "UOMCode": f"U{number:03}"}
    codes = [each.code for each in desk.hook.list_reference(ReferenceKind.UNIT)]
    assert len(codes) == len(set(codes)) == 236


# -- groups and posting -------------------------------------------------------------------------------------------------------------


def test_an_invoice_that_was_not_checked_stays_on_hold_when_its_group_is_posted(desk: Desk) -> None:
    sendings = [desk.company.sending(desk.hook, desk.company.small_invoice()) for _ in range(2)]
    first, second = (sent.remote for sent in desk.hook.create_invoices(sendings))
    assert first is not None
    assert second is not None
    assert desk.row(first)["GroupID"] == desk.row(second)["GroupID"]
    desk.company.post(desk.hook, sendings[0], first)
    assert [desk.now(each).status for each in (first, second)] == [DocumentStatus.OPEN, DocumentStatus.DRAFT]
    assert desk.company.post(desk.hook, sendings[1], second).status is DocumentStatus.OPEN


def test_groups_are_unlocked_when_we_leave_them_also_after_a_failure(desk: Desk) -> None:
    groups = desk.simulator.store.table("InvcGrp")
    groups.clear()
    sending, remote = desk.draft()
    desk.inject("bpm", text="No.", times=1)
    desk.hook.create_invoices([desk.company.sending(desk.hook, desk.company.small_invoice())])
    desk.inject("post_question", times=1)
    desk.hook.post_invoices([(sending, remote)])
    desk.hook.update_invoice(sending, desk.now(remote).model_copy(update={"version": "1"}))
    other = desk.draft()[1]
    desk.hook.void_invoice(other, on=today(), reason="", key="k")
    assert len(groups) > 1
    assert {row["ActiveUserID"] for row in groups.values()} == {""}


def test_a_group_that_another_user_works_in_is_tried_again_later(desk: Desk) -> None:
    sending = desk.company.sending(desk.hook, desk.company.small_invoice())
    desk.inject("lock_group", user="JSMITH")
    (sent,) = desk.hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.action, sent.outcome) == ("group locked", Action.RETRY, Outcome.DID_NOT_HAPPEN)


def test_a_group_id_that_is_used_up_gives_way_to_the_next(desk: Desk) -> None:
    sending, remote = desk.draft()
    group = desk.row(remote)["GroupID"]
    desk.company.post(desk.hook, sending, remote)
    assert group not in desk.simulator.store.table("InvcGrp")
    again = desk.company.sending(desk.hook, desk.company.small_invoice())
    twin = type(again)(key=sending.key, document=again.document, references=again.references, options=again.options)
    assert desk.row(desk.entered(twin))["GroupID"] != group


def test_a_message_in_an_answer_with_200_means_that_the_invoice_is_not_posted(desk: Desk) -> None:
    sending, remote = desk.draft()
    desk.inject("lock_period", at="post")
    (sent,) = desk.hook.post_invoices([(sending, remote)])
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.status, sent.outcome) == ("period closed", 200, Outcome.DID_NOT_HAPPEN)
    assert desk.row(remote)["InvoiceHeld"] is True  # or the next posting would take it along
    desk.simulator.clear_faults()
    later = sending.document.model_copy(update={"posting_date": today() + timedelta(days=3)})
    moved = type(sending)(key=sending.key, document=later, references=sending.references, options=sending.options)
    (posted,) = desk.hook.post_invoices([(moved, desk.now(remote))])
    assert posted.remote is not None
    assert posted.remote.posting_date == today() + timedelta(days=3)


def test_a_group_in_the_review_journal_is_told_and_left(desk: Desk) -> None:
    sending, remote = desk.draft()
    desk.inject("bad_account", times=1)
    (sent,) = desk.hook.post_invoices([(sending, remote)])
    assert sent.error is not None
    assert sent.error.rule.name == "account not valid"
    desk.inject("clear_review_journal")
    assert desk.company.post(desk.hook, sending, remote).status is DocumentStatus.OPEN


def test_a_question_before_posting_is_for_a_person(desk: Desk) -> None:
    sending, remote = desk.draft()
    desk.inject("post_question")
    (sent,) = desk.hook.post_invoices([(sending, remote)])
    assert sent.error is not None
    assert sent.error.rule.name == "asks a question"
    assert desk.now(remote).status is DocumentStatus.DRAFT


def test_a_wrong_tax_is_visible_before_anything_is_posted(desk: Desk) -> None:
    desk.inject("wrong_tax", percent="9.5")
    assert desk.draft()[1].tax == Decimal("9.50")


# -- lost updates -------------------------------------------------------------------------------------------------------------------


def test_a_stale_revision_is_refused_by_epicor_and_read_again_by_us(desk: Desk) -> None:
    sending, remote = desk.draft()
    desk.simulator.changes.patch(remote.remote_id, {"InvoiceComment": "by hand", "SysRevID": int(remote.version)})
    with pytest.raises(PlatformError) as caught:
        desk.hook.company.patch_invoice(remote.remote_id, {"PONum": "X", "SysRevID": int(remote.version)})
    assert (caught.value.rule.name, caught.value.action) == ("stale version", Action.REREAD)
    late = desk.hook.update_invoice(sending, remote)
    assert late.error is not None
    assert late.error.rule.name == "changed meanwhile"
    gone = desk.hook.void_invoice(remote, on=today(), reason="", key="k")
    assert gone.error is not None
    assert desk.row(remote)["InvoiceComment"] == "by hand"


# -- payments -----------------------------------------------------------------------------------------------------------------------


def test_a_payment_changed_earlier_on_the_day_of_the_watermark_is_not_missed(desk: Desk) -> None:
    """Change dates have no time."""
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    payment = desk.company.payment(sending.document, remote, Decimal("10.00"))
    refs = desk.company.payment_references(desk.hook, payment, remote.customer_id)
    booked = desk.hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=refs)
    end_of_day = datetime.combine(today(), datetime.max.time(), UTC)
    listed = [each for each in desk.hook.list_payments(end_of_day) if each.remote_id == booked.remote_id]
    assert [(each.amount, each.customer_id) for each in listed] == [(Decimal("10.00"), remote.customer_id)]


def test_an_invoice_that_is_not_posted_cannot_be_paid(desk: Desk) -> None:
    sending, draft = desk.draft()
    payment = desk.company.payment(sending.document, draft, Decimal("10.00"))
    refs = desk.company.payment_references(desk.hook, payment, draft.customer_id)
    with pytest.raises(PlatformError, match="posted") as caught:
        desk.hook.apply_payment(payment, customer_id=draft.customer_id, key=str(uuid4()), references=refs)
    assert caught.value.action is Action.REVIEW
    assert payment.reference not in {each.reference for each in desk.company.sandbox.books(SLUG).payments}


def test_a_reversed_receipt_is_told_and_never_booked_again(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    payment = desk.company.payment(sending.document, remote, Decimal("10.00"))
    refs = desk.company.payment_references(desk.hook, payment, remote.customer_id)
    booked = desk.hook.apply_payment(payment, customer_id=remote.customer_id, key="k-9", references=refs)
    desk.inject("reverse_receipt", head=int(booked.remote_id))
    listed = {each.remote_id: each for each in desk.hook.list_payments(datetime.now(UTC))}
    assert listed[booked.remote_id].reversed
    assert desk.now(remote).balance == sending.document.gross_total
    with pytest.raises(PlatformError, match="reversed"):
        desk.hook.apply_payment(payment, customer_id=remote.customer_id, key="k-9", references=refs)
