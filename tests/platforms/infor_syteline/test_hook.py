"""Documents through the hook: entered, completed, found in either table, changed, voided, with the vendor's traps."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.company import today
from tests.platforms.infor_syteline.conftest import SLUG, Client, Site

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.base import Sending
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome
from airbooks.platforms.infor_syteline import InforSyteLineHook

INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def created(site: Site, hook: InforSyteLineHook, document: Any = None) -> tuple[Sending, RemoteDocument]:
    sending = site.sending(hook, document or site.small_invoice())
    (sent,) = hook.create_invoices([sending])
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return sending, sent.remote


# -- create -----------------------------------------------------------------------------------------------------------------------


def test_head_and_distributions_are_requests_of_one_change_each(site: Site, hook: InforSyteLineHook) -> None:
    already = len(site.sandbox.requests(SLUG))
    sending, _ = created(site, hook, site.invoice(site.line(1), site.line(2)))
    bodies = [each for each in site.sandbox.requests(SLUG)[already:] if "/update/SLArinv" in each.path]
    assert [each.path.split("/update/")[1] for each in bodies] == ["SLArinvs?refresh=true", *["SLArinvds?refresh=true"] * 3]
    assert all(len(json.loads(each.body)["Changes"]) == 1 for each in bodies)
    assert len(site.rows("SLArinvds", sending.document.number)) == 3


def test_nested_everything_is_one_request_and_comes_to_the_same(site: Site) -> None:
    with site.on(distributions="nested") as hook:
        document = site.invoice()
        already = len(site.asked("/update/SLArinv"))
        sending, remote = created(site, hook, document)
        assert len(site.asked("/update/SLArinv")) == already + 1
        changed = site.invoice(site.line(1, quantity="3"), number=document.number, buyer=document.buyer)
        updated = hook.update_invoice(replace(sending, document=changed), remote)
        assert updated.error is None, str(updated.error)
        (booked,) = site.booked(document.number)
        assert (booked.total, booked.lines, booked.status) == (changed.gross_total, 1, "open")


def test_empty_refresh_items_are_no_loss(site: Site, hook: InforSyteLineHook) -> None:
    site.sandbox.inject(SLUG, "empty_refresh")
    sending, remote = created(site, hook)
    site.assert_echo(sending, remote)


def test_an_id_outlives_posting_although_the_row_pointer_does_not(site: Site, hook: InforSyteLineHook) -> None:
    sending, draft = created(site, hook)
    before = site.rows("SLArinvs", sending.document.number)[0]["RowPointer"]
    site.post(hook, sending, draft)
    assert site.rows("SLArtrans", sending.document.number)[0]["RowPointer"] != before
    now = hook.get_invoice(draft.remote_id, INVOICE)
    assert now is not None
    assert (now.remote_id, now.status) == (draft.remote_id, DocumentStatus.OPEN)


def test_a_document_is_found_before_and_after_somebody_posts_it(site: Site) -> None:
    with site.on(post_mode="none") as hook:
        sending, draft = created(site, hook)
        number = sending.document.number
        assert [each.status for each in hook.find_invoice(number, INVOICE)] == [DocumentStatus.DRAFT]
        site.simulator.post_waiting()
        (found,) = hook.find_invoice(number, INVOICE)
        assert (found.remote_id, found.status) == (draft.remote_id, DocumentStatus.OPEN)


def test_the_same_key_entered_again_is_taken_up_where_it_was_left(site: Site, hook: InforSyteLineHook) -> None:
    sending, remote = created(site, hook)
    again = replace(sending, key=str(uuid4()))
    (sent,) = hook.create_invoices([again])
    assert sent.remote == remote
    assert len(site.booked(sending.document.number)) == 1


def test_a_key_that_somebody_elses_document_has_is_not_taken_over(site: Site, hook: InforSyteLineHook, client: Client) -> None:
    sending = site.sending(hook, site.small_invoice())
    client.invoice(sending.references.customer, sending.document.number, Amount="5.00")
    (sent,) = hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.action, sent.error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert [row["Amount"] for row in site.rows("SLArinvs", sending.document.number)] == ["5.00000000"]


def test_a_number_that_order_invoicing_has_used_is_not_used_again(site: Site, hook: InforSyteLineHook) -> None:
    sending = site.sending(hook, site.small_invoice(number="INV-00040001"))
    (sent,) = hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.outcome) == ("number taken by an order invoice", Outcome.DID_NOT_HAPPEN)


def test_a_refused_distribution_leaves_no_half_document(site: Site, hook: InforSyteLineHook) -> None:
    sending = site.sending(hook, site.small_invoice())
    site.sandbox.inject(SLUG, "refuse_distribution", times=1)
    (sent,) = hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.action, sent.error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert site.booked(sending.document.number) == []


def test_a_document_that_broke_off_between_head_and_distributions_is_completed_before_it_is_posted(
    site: Site, hook: InforSyteLineHook
) -> None:
    sending = site.sending(hook, site.invoice())
    site.sandbox.inject(SLUG, "reset_before_commit", path="/update/SLArinvds", after=2)
    (sent,) = hook.create_invoices([sending])
    assert sent.error is not None
    assert sent.error.outcome is Outcome.UNKNOWN
    (half,) = hook.find_invoice(sending.document.number, INVOICE)
    assert (half.status, half.line_count, half.total) == (DocumentStatus.DRAFT, None, sending.document.gross_total)
    assert site.post(hook, sending, half).status is DocumentStatus.OPEN


def test_left_unposted_a_half_document_is_completed_all_the_same(site: Site) -> None:
    with site.on(post_mode="none") as hook:
        sending = site.sending(hook, site.small_invoice())
        site.sandbox.inject(SLUG, "reset_before_commit", path="/update/SLArinvds")
        hook.create_invoices([sending])
        (half,) = hook.find_invoice(sending.document.number, INVOICE)
        (done,) = hook.post_invoices([(sending, half)])
        assert (done.error, done.note) == (None, "left to the posting task")
        site.simulator.post_waiting()
        assert [each.status for each in site.booked(sending.document.number)] == ["open"]


def test_a_look_up_that_fails_before_anything_was_entered_is_only_put_off(site: Site, hook: InforSyteLineHook) -> None:
    sending = site.sending(hook, site.small_invoice())
    site.sandbox.inject(SLUG, "error_before_commit", path="/load/SLInvHdrs", times=None)
    (sent,) = hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.action, sent.error.outcome) == (Action.RETRY, Outcome.DID_NOT_HAPPEN)
    assert site.booked(sending.document.number) == []


@pytest.mark.parametrize("fault", ["sequence_locked", "deadlock"])
def test_what_is_locked_for_a_moment_is_tried_again(site: Site, hook: InforSyteLineHook, fault: str) -> None:
    site.sandbox.inject(SLUG, fault, times=1)
    sending, _ = created(site, hook)
    assert len(site.booked(sending.document.number)) == 1


def test_an_account_that_requires_a_unit_code_is_for_a_person(site: Site, hook: InforSyteLineHook) -> None:
    sending = site.sending(hook, site.invoice(site.line(1, dimensions={}, account_code="")))
    settings = {**sending.references.settings, "revenue_account": "4020"}
    (sent,) = hook.create_invoices([replace(sending, references=replace(sending.references, settings=settings))])
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.outcome) == ("unit code", Outcome.DID_NOT_HAPPEN)
    assert site.booked(sending.document.number) == []


def test_a_customer_billed_in_another_currency_is_told_before_anything_is_entered(site: Site, hook: InforSyteLineHook) -> None:
    sending = site.sending(hook, site.small_invoice())
    euros = site.small_invoice(currency="EUR", buyer=sending.document.buyer, number=sending.document.number)
    (sent,) = hook.create_invoices([replace(sending, document=euros)])
    assert sent.error is not None
    assert "billed in USD" in sent.error.message
    assert site.booked(euros.number) == []


def test_where_syteline_numbers_ours_is_found_by_reference(site: Site) -> None:
    with site.on(number_field="Ref") as hook:
        sending, draft = created(site, hook, site.small_invoice(number=f"{site.number()}-LONG-NUMBER"))
        assert draft.number.isdigit()
        site.post(hook, sending, draft)
        (found,) = hook.find_invoice(sending.document.number, INVOICE)
        assert (found.number, found.our_number, found.status) == (draft.number, sending.document.number, DocumentStatus.OPEN)


# -- credit notes -----------------------------------------------------------------------------------------------------------------


def test_a_credit_note_reduces_the_open_invoice_that_it_corrects(site: Site, hook: InforSyteLineHook) -> None:
    document = site.invoice(site.line(1, quantity="4"))
    remote = site.book(hook, document)
    note = site.credit_note(corrects=document)
    site.book(hook, note)
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert (now.status, now.balance) == (DocumentStatus.PARTIALLY_PAID, document.gross_total - note.gross_total)


def test_a_credit_note_for_an_unposted_or_smaller_invoice_stays_open(site: Site, hook: InforSyteLineHook) -> None:
    document = site.small_invoice()
    created(site, hook, document)
    note = site.book(hook, site.credit_note(corrects=document))
    assert (note.status, note.balance) == (DocumentStatus.OPEN, note.total)


# -- update -----------------------------------------------------------------------------------------------------------------------


def test_an_update_sends_only_what_changed_and_the_total_last(site: Site) -> None:
    with site.on(post_mode="none") as hook:
        first = site.invoice(site.line(1), site.line(2))
        sending, remote = created(site, hook, first)
        changed = site.invoice(site.line(1), site.line(2, quantity="5"), number=first.number, buyer=first.buyer)
        already = len(site.asked("/update/"))
        updated = hook.update_invoice(replace(sending, document=changed), remote)
        assert updated.error is None, str(updated.error)
        sent = [json.loads(each.body)["Changes"][0] for each in site.asked("/update/")[already:]]
        names = [sorted(each["Name"] for each in change["Properties"]) for change in sent]
        assert names == [["Amount"], ["Amount", "TaxBasis"], ["Amount", "SalesTax"]]
        assert {change["Action"] for change in sent} == {2}


@pytest.mark.parametrize("way", ["separate", "nested"])
def test_an_update_that_changes_nothing_writes_nothing(site: Site, way: str) -> None:
    with site.on(post_mode="none", distributions=way) as hook:
        sending, remote = created(site, hook, site.invoice())
        already = len(site.asked("/update/"))
        assert hook.update_invoice(sending, remote).error is None
        assert len(site.asked("/update/")) == already


def test_a_stale_version_overwrites_nothing(site: Site) -> None:
    with site.on(post_mode="none") as hook:
        first = site.small_invoice()
        sending, before = created(site, hook, first)
        theirs = site.invoice(site.line(1, quantity="7"), number=first.number, buyer=first.buyer)
        assert hook.update_invoice(replace(sending, document=theirs), before).error is None
        ours = site.invoice(site.line(1, quantity="9"), number=first.number, buyer=first.buyer)
        late = hook.update_invoice(replace(sending, document=ours), before)
        assert late.error is not None
        assert (late.error.action, late.error.outcome) == (Action.REREAD, Outcome.DID_NOT_HAPPEN)
        assert site.booked(first.number)[0].total == theirs.gross_total


def test_a_person_who_distributed_otherwise_is_not_overruled_by_posting(site: Site, hook: InforSyteLineHook, client: Client) -> None:
    sending, draft = created(site, hook)
    number = sending.document.number
    page = client.load("SLArinvds", "DistSeq,Acct", f"InvNum = N'{number.rjust(12)}' AND DistSeq = 1")
    client.update("SLArinvds", {"Acct": "4100"}, 2, page["Items"][0]["_ItemId"])
    site.post(hook, sending, draft)
    (parts,) = [each["parts"] for key, each in site.simulator.store.table("journal").items() if number in key]
    assert "4100" in {part["Acct"] for part in parts}


# -- posting ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "rule"), [("posting_error", "method failed"), ("skip_posting", "not posted")])
def test_what_posting_leaves_behind_is_for_a_person_and_can_be_posted_later(
    site: Site, hook: InforSyteLineHook, fault: str, rule: str
) -> None:
    sending, draft = created(site, hook)
    site.sandbox.inject(SLUG, fault, times=1)
    (sent,) = hook.post_invoices([(sending, draft)])
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.action, sent.error.outcome) == (rule, Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert site.post(hook, sending, draft).status is DocumentStatus.OPEN


def test_a_closed_period_refuses_the_insert_and_another_posting_date_helps(site: Site, hook: InforSyteLineHook) -> None:
    document = site.small_invoice()
    sending = site.sending(hook, document)
    site.simulator.close_before(today())
    (sent,) = hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.outcome) == (PERIOD_CLOSED, Outcome.DID_NOT_HAPPEN)
    later = document.model_copy(update={"posting_date": today() + timedelta(days=1)})
    _, remote = created(site, hook, later)
    assert remote.posting_date == later.posting_date


def test_a_period_that_posting_finds_closed_keeps_the_draft_which_takes_another_date(site: Site, hook: InforSyteLineHook) -> None:
    sending, draft = created(site, hook)
    site.sandbox.inject(SLUG, "close_period", until=f"{today():%Y%m%d}", where="posting")
    (sent,) = hook.post_invoices([(sending, draft)])
    assert sent.error is not None
    assert sent.error.rule.name == "not posted"
    later = replace(sending, document=sending.document.model_copy(update={"posting_date": today() + timedelta(days=1)}))
    (posted,) = hook.post_invoices([(later, draft)])
    assert posted.error is None, str(posted.error)
    assert site.rows("SLArtrans", sending.document.number)[0]["InvDate"][:8] == f"{today() + timedelta(days=1):%Y%m%d}"


def test_posting_by_event(site: Site) -> None:
    places = '{"CustNum": "{CustNum}", "InvNum": "{InvNum}", "InvSeq": "{InvSeq}"}'
    with site.on(post_mode="event", post_method="AirbooksPost", post_method_params=places) as hook:
        assert site.book(hook, site.small_invoice()).status is DocumentStatus.OPEN
        assert site.asked("/aes/AirbooksPost")


@pytest.mark.parametrize("broken", [{"post_method": ""}, {"post_method_params": "CustNum"}, {"post_method_params": '{"a": "b"}'}])
def test_a_connection_that_posts_and_does_not_say_how_stops(site: Site, broken: dict[str, str]) -> None:
    with site.on(**broken) as hook:
        sending, draft = created(site, hook)
        (sent,) = hook.post_invoices([(sending, draft)])
        assert sent.error is not None
        assert sent.error.action is Action.STOP
        assert not hook.test_connection()[0]


def test_an_operator_that_does_not_post_leaves_drafts(site: Site, hook: InforSyteLineHook) -> None:
    sending, draft = created(site, hook)
    (sent,) = hook.post_invoices([(replace(sending, options={"posting": False}), draft)])
    assert sent.remote is not None
    assert sent.remote.status is DocumentStatus.DRAFT


def test_approval_goes_with_the_document_where_the_site_wants_it(site: Site, hook: InforSyteLineHook) -> None:
    sending = replace(site.sending(hook, site.small_invoice()), options={"approval_status": "A"})
    hook.create_invoices([sending])
    assert site.rows("SLArinvs", sending.document.number)[0]["ApprovalStatus"] == "A"


# -- void -------------------------------------------------------------------------------------------------------------------------


def void(hook: InforSyteLineHook, remote: RemoteDocument) -> Any:
    return hook.void_invoice(remote, on=date(2026, 8, 1), reason="Entered twice", key="k")


def test_a_draft_is_deleted_unless_somebody_changed_it(site: Site, hook: InforSyteLineHook, client: Client) -> None:
    sending, draft = created(site, hook)
    number = sending.document.number
    client.update("SLArinvs", {"Description": "mine"}, 2, draft.version)
    assert void(hook, draft).error.action is Action.REREAD
    (now,) = hook.find_invoice(number, INVOICE)
    assert void(hook, now).note == "unposted document deleted"
    assert site.rows("SLArinvs", number) == site.rows("SLArinvds", number) == []


def test_a_posted_invoice_is_taken_back_by_a_memo_of_its_number_and_the_next_sequence(site: Site, hook: InforSyteLineHook) -> None:
    document = site.invoice()
    remote = site.book(hook, document)
    voided = void(hook, remote)
    assert (voided.error, voided.remote.status) == (None, DocumentStatus.VOID)
    assert voided.note == f"credit memo {document.number}, sequence 1"
    (memo,) = [row for row in site.rows("SLArtrans", document.number) if row["Type"] == "C"]
    assert (memo["InvSeq"], memo["ApplyToInvNum"].strip(), memo["InvDate"][:8]) == ("1", document.number, "20260801")
    assert (Decimal(memo["SalesTax"]), memo["Description"]) == (document.tax_total, "Void: Entered twice")
    assert hook.find_invoice(document.number, CREDIT_NOTE) == []
    assert void(hook, remote).note == "was void already"


def test_where_posting_is_left_to_others_a_void_takes_effect_with_it(site: Site) -> None:
    with site.on(post_mode="none") as hook:
        sending, draft = created(site, hook)
        site.simulator.post_waiting()
        voided = void(hook, draft)
        assert (voided.error, voided.remote.status) == (None, DocumentStatus.OPEN)
        assert "takes effect when it is posted" in voided.note
        site.simulator.post_waiting()
        assert site.booked(sending.document.number) == []


def test_a_paid_invoice_and_a_posted_credit_memo_are_not_voided(site: Site, hook: InforSyteLineHook) -> None:
    document = site.small_invoice()
    remote = site.book(hook, document)
    payment = site.payment(document, remote, Decimal("10.00"))
    hook.apply_payment(payment, customer_id=remote.customer_id, key="paid-1", references=site.payment_references(hook, payment, "x"))
    assert void(hook, remote).error.rule.name == "paid or credited"
    note = site.book(hook, site.credit_note(corrects=site.small_invoice()))
    assert void(hook, note).error.rule.name == "posted credit memo stays"


def test_a_void_without_a_revenue_account_says_what_to_set(site: Site) -> None:
    with site.on(revenue_account="") as hook:
        remote = site.book(hook, site.small_invoice())
        assert "revenue_account" in void(hook, remote).error.rule.fix


def test_posting_is_asked_for_with_the_date_that_the_document_has_by_then(site: Site) -> None:
    with site.on(post_method_params='["{CustNum}", "{InvNum}", "{InvSeq}", "{InvDate}"]') as hook:
        sending, draft = created(site, hook)
        later = replace(sending, document=sending.document.model_copy(update={"posting_date": today() + timedelta(days=1)}))
        (posted,) = hook.post_invoices([(later, draft)])
    assert posted.error is None, str(posted.error)
    assert f"{today() + timedelta(days=1):%Y%m%d}" in site.asked("/invoke/SLArinvs")[-1].body
