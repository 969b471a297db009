"""The hook against the simulated company: customers, both entities, lists, releases that are held back, updates, reversals."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.acumatica.test_traps import draft, inject, later, simulator
from tests.platforms.company import Company, today

from airbooks.canonical import DocumentKind, DocumentStatus, Invoice, LineKind, RemoteDocument
from airbooks.platforms.acumatica.hook import AcumaticaHook
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome, PlatformError
from airbooks.platforms.references import ReferenceKind

D = Decimal
PLAIN = {"invoice_entity": "Invoice"}


def refused(sent: Sent) -> PlatformError:
    assert sent.error is not None
    assert (sent.error.action, sent.error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN), str(sent.error)
    return sent.error


def bodies(company: Company, method: str, ending: str) -> list[dict[str, Any]]:
    asked = company.sandbox.requests("acumatica")
    return [json.loads(each.body) for each in asked if each.method == method and each.path.partition("?")[0].endswith(ending)]


# -- what a connection test says ---------------------------------------------------------------------------------------------------


def test_a_connection_that_fits_says_what_it_reaches(hook: AcumaticaHook) -> None:
    assert hook.test_connection() == (True, "Acumatica, Harbour: Default/24.200.001, documents as SalesInvoice.")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"version": "6.00.001"}, "no end point Default/6.00.001; installed are Default/23.200.001, Default/24.200.001"),
        ({"endpoint": "Ours"}, "no end point Ours/24.200.001"),
        ({"cash_account": "USD:9999"}, "cash_account: there is no account '9999'"),
        ({"payment_method": "CASH"}, "payment_method: there is no payment method 'CASH'"),
        ({"freight_item": "FREIGHT"}, "freight_item: there is no non-stock item 'FREIGHT'"),
    ],
)
def test_a_field_that_does_not_fit_is_named(company: Company, extra: dict[str, Any], words: str) -> None:
    with company.hook(extra=extra) as hook:
        works, says = hook.test_connection()
    assert not works
    assert words in says


@pytest.mark.parametrize(("fault", "words"), [("not_permitted", "Access Rights by Screen"), ("setup_missing", "preferences")])
def test_what_a_person_must_mend_is_said(company: Company, hook: AcumaticaHook, fault: str, words: str) -> None:
    inject(company, fault)
    works, says = hook.test_connection()
    assert not works
    assert words in says


def test_the_branch_of_the_connection_goes_with_every_request(company: Company) -> None:
    with company.hook(extra={"branch": "MAIN"}) as hook:
        _, remote = draft(company, hook)  # type: ignore[arg-type]
        row = hook.site.record("SalesInvoice", remote.remote_id, expand=("FinancialDetails",))  # type: ignore[attr-defined]
    assert row["FinancialDetails"]["Branch"]["value"] == "MAIN"


# -- lists -------------------------------------------------------------------------------------------------------------------------


def test_lists_tell_what_mappings_need(hook: AcumaticaHook) -> None:
    items = {each.code: each.details["stock"] for each in hook.list_reference(ReferenceKind.ITEM)}
    assert (items["CMP-RS-22"], items["SRV-INST"]) == ("yes", "no")
    dimensions = {each.code: each.active for each in hook.list_reference(ReferenceKind.DIMENSION)}
    assert (dimensions["Warehouse:MAIN"], dimensions["Warehouse:OLD"], dimensions["Subaccount:WHS-000"]) == (True, False, True)
    taxes = {each.code: each.details["rate"] for each in hook.list_reference(ReferenceKind.TAX_CODE)}
    assert taxes == {"TEXAS/TAXABLE": "8.25", "CALIFORNIA/TAXABLE": "7.25", "EXEMPT": "0", "TEXAS/EXEMPT": "0", "CALIFORNIA/EXEMPT": "0"}
    assert [each.code for each in hook.list_reference(ReferenceKind.TERMS)] == ["30D", "14D", "2P10N30", "DUE"]


def test_only_the_entries_in_question_are_asked_for(company: Company, hook: AcumaticaHook) -> None:
    since = len(company.sandbox.requests("acumatica"))
    assert [each.code for each in hook.find_reference(ReferenceKind.DIMENSION, ["Warehouse:NORTH"])] == ["Warehouse:NORTH"]
    asked = [each.path for each in company.sandbox.requests("acumatica")[since:] if "/Default/" in each.path]
    assert len(asked) == 1


# -- customers ---------------------------------------------------------------------------------------------------------------------


def test_a_customer_that_a_person_entered_is_adopted_once_by_name_and_email(company: Company, hook: AcumaticaHook) -> None:
    party = company.party()
    ours = {"CustomerID": {"value": f"HAND{party.code[-4:]}"}, "CustomerName": {"value": party.name}}
    hook.site.put("Customer", {**ours, "MainContact": {"Email": {"value": party.contact.email}}}, {})
    assert hook.ensure_customer(party, "USD") == f"HAND{party.code[-4:]}"
    assert hook.ensure_customer(party, "USD") == f"HAND{party.code[-4:]}"
    other = company.party(name=party.name)
    assert hook.ensure_customer(other, "USD") == other.code


def test_a_customer_of_the_same_name_and_another_address_is_not_ours(company: Company, hook: AcumaticaHook) -> None:
    party = company.party()
    theirs = {"CustomerID": {"value": f"THEM{party.code[-4:]}"}, "CustomerName": {"value": party.name}}
    hook.site.put("Customer", {**theirs, "MainContact": {"Email": {"value": "someone@else.example"}}}, {})
    assert hook.ensure_customer(party, "USD") == party.code


def test_an_id_that_is_taken_without_a_reference_is_ours_and_never_overwritten(company: Company, hook: AcumaticaHook) -> None:
    party = company.party()
    hook.site.put("Customer", {"CustomerID": {"value": party.code}, "CustomerName": {"value": "Entered by hand"}}, {})
    assert hook.ensure_customer(party, "USD") == party.code
    row = hook.site.record("Customer", party.code)
    assert row is not None
    assert row["CustomerName"]["value"] == "Entered by hand"


def test_a_customer_that_has_our_code_as_its_id_is_no_namesakes(company: Company, hook: AcumaticaHook) -> None:
    party = company.party()
    namesake = company.party(name=party.name, contact=party.contact)
    hook.site.put("Customer", {"CustomerID": {"value": party.code}, "CustomerName": {"value": party.name}}, {})
    assert hook.ensure_customer(party, "USD") == party.code
    assert hook.ensure_customer(namesake, "USD") == namesake.code
    assert hook.ensure_customer(party, "USD") == party.code


def test_with_automatic_numbering_the_customer_is_found_by_its_reference(company: Company) -> None:
    company.sandbox.inject("acumatica", "auto_numbering")
    party = company.party()
    with company.hook(extra={"customer_numbering": "auto"}) as hook:
        made = hook.ensure_customer(party, "USD")
        assert made != party.code
        assert hook.ensure_customer(party, "USD") == made
    company.sandbox.clear_faults()


def test_a_currency_that_the_customer_does_not_allow_is_a_review_with_the_way_out(company: Company, hook: AcumaticaHook) -> None:
    buyer = company.party()
    hook.site.put("Customer", {"CustomerID": {"value": buyer.code}, "CustomerName": {"value": buyer.name}}, {})
    sending = company.sending(hook, company.small_invoice(currency="EUR", buyer=buyer))
    error = refused(company.create(hook, sending)[sending.key])
    assert "Enable Currency Override" in error.rule.fix


# -- the entity Invoice --------------------------------------------------------------------------------------------------------------


def service_invoice(company: Company, **fields: Any) -> Any:
    visit = company.line(
        1, "SRV-MNT-A", quantity="1", price="395.00", name="Maintenance", account_code="SERVICE", kind=LineKind.SERVICE, warehouse=""
    )
    return company.invoice(visit, **fields)


def test_a_service_is_booked_found_credited_and_voided_as_a_plain_invoice(company: Company) -> None:
    with company.hook(extra=PLAIN) as hook:
        document = service_invoice(company)
        remote = company.book(hook, document)
        (found,) = hook.find_invoice(document.number, DocumentKind.INVOICE)
        assert (found.remote_id, found.our_number, found.status) == (remote.remote_id, document.number, DocumentStatus.OPEN)
        visit = document.lines[0]
        assert company.book(hook, company.credit_note(visit, corrects=document)).kind is DocumentKind.CREDIT_NOTE
        sending = company.sending(hook, document, remote.customer_id)
        voided = company.void(hook, sending, remote)
        assert voided.error is None, str(voided.error)
        assert company.booked(document.number) == []
    made = [each for each in bodies(company, "PUT", "/Invoice") if "Details" in each]
    body = next(each for each in made if each["CustomerOrder"]["value"] == document.number)
    assert (body["Terms"]["value"], body["Customer"]["value"]) == ("30D", document.buyer.code)


def test_stock_items_are_refused_there_in_the_platforms_words(company: Company) -> None:
    with company.hook(extra=PLAIN) as hook:
        sending = company.sending(hook, company.small_invoice())
        assert "Stock items cannot be used" in refused(company.create(hook, sending)[sending.key]).message


# -- releases that are held back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "status"), [("credit_hold", "Credit Hold"), ("needs_approval", "Pending Approval")])
def test_what_holds_a_document_back_is_a_review_and_a_retry_releases_it(
    company: Company, hook: AcumaticaHook, fault: str, status: str
) -> None:
    sending, remote = draft(company, hook)
    inject(company, fault)
    error = refused(hook.post_invoices([(sending, remote)])[0])
    assert status in error.message
    assert company.post(hook, sending, remote).status is DocumentStatus.OPEN


def test_a_period_that_the_release_finds_closed_is_answered_by_another_posting_date(company: Company, hook: AcumaticaHook) -> None:
    sending, remote = draft(company, hook)
    inject(company, "release_slow", seconds=0.0)
    inject(company, "period_closed_at_release")
    assert refused(hook.post_invoices([(sending, remote)])[0]).rule.name == PERIOD_CLOSED
    moved = sending.document.model_copy(update={"posting_date": today() + timedelta(days=40)})
    (found,) = hook.find_invoice(sending.document.number, DocumentKind.INVOICE)
    posted = company.post(hook, replace(sending, document=moved), found)
    assert (posted.status, posted.posting_date) == (DocumentStatus.OPEN, moved.posting_date)


def test_without_release_documents_stay_on_hold(company: Company, hook: AcumaticaHook) -> None:
    _, remote = draft(company, hook)
    row = hook.site.record("SalesInvoice", remote.remote_id)
    assert row is not None
    assert row["Status"]["value"] == "On Hold"


def test_several_releases_are_started_before_the_first_is_looked_at(company: Company, hook: AcumaticaHook) -> None:
    pairs = [draft(company, hook) for _ in range(3)]
    since = len(company.sandbox.requests("acumatica"))
    sent = hook.post_invoices(pairs)
    steps = [each.path.rpartition("/Default/24.200.001/")[2] for each in company.sandbox.requests("acumatica")[since:]]
    starts = [place for place, path in enumerate(steps) if path.endswith("ReleaseSalesInvoice")]
    looks = [place for place, path in enumerate(steps) if "/status/" in path]
    assert len(starts) == len(looks) == 3
    assert max(starts) < min(looks)
    done = {each.key: company.final(hook, pairs[0][0], each) for each in sent}
    assert all(each.error is None for each in done.values())


def test_one_document_that_cannot_be_released_leaves_the_others_alone(company: Company, hook: AcumaticaHook) -> None:
    one, two = draft(company, hook), draft(company, hook)
    hook.site.delete("SalesInvoice", one[1].remote_id)
    sent = {each.key: each for each in hook.post_invoices([one, two])}
    assert sent[one[0].key].error is not None
    done = company.final(hook, two[0], sent[two[0].key])
    assert done.remote is not None
    assert done.remote.status is DocumentStatus.OPEN


# -- changing ------------------------------------------------------------------------------------------------------------------------


def test_what_somebody_changed_there_meanwhile_is_not_overwritten(company: Company, hook: AcumaticaHook) -> None:
    sending, remote = draft(company, hook)
    hook.site.put(
        "SalesInvoice", {"Type": {"value": "Invoice"}, "ReferenceNbr": {"value": remote.number}, "Description": {"value": "x"}}, {}
    )
    late = hook.update_invoice(sending, remote)
    assert late.error is not None
    assert (late.error.action, late.error.outcome) == (Action.REREAD, Outcome.DID_NOT_HAPPEN)


def test_an_update_clears_what_the_document_says_no_more(company: Company, hook: AcumaticaHook) -> None:
    sending, remote = draft(company, hook, notes=("Ring twice",))
    bare = sending.document.model_copy(update={"purchase_order": "", "notes": ()})
    updated = company.update(hook, replace(sending, document=bare), remote)
    assert updated.error is None, str(updated.error)
    row = hook.site.record("SalesInvoice", remote.remote_id)
    assert row is not None
    assert (row["CustomerOrder"], row["Description"]) == ({}, {})


def test_a_tax_that_comes_out_otherwise_is_told_and_not_released(company: Company, hook: AcumaticaHook) -> None:
    inject(company, "wrong_tax")
    _, remote = draft(company, hook)
    assert remote.tax == D("8.26")
    assert remote.status is DocumentStatus.DRAFT


# -- void ----------------------------------------------------------------------------------------------------------------------------


def booked(company: Company, hook: AcumaticaHook, **fields: Any) -> tuple[Sending, RemoteDocument]:
    sending, remote = draft(company, hook, **fields)
    return sending, company.post(hook, sending, remote)


def test_a_released_invoice_is_reversed_by_one_credit_memo_of_its_rows(company: Company, hook: AcumaticaHook) -> None:
    sending, remote = booked(company, hook, currency="EUR")
    voided = company.void(hook, sending, remote)
    assert voided.remote is not None
    assert voided.remote.status is DocumentStatus.VOID
    assert voided.note.startswith("reversed by Credit Memo/INV")
    memos = [each for each in company.sandbox.books("acumatica").documents if each.remote_id == voided.note.removeprefix("reversed by ")]
    assert remote.total is not None
    assert [(each.total, each.currency, each.balance, each.customer) for each in memos] == [(remote.total, "EUR", D(0), remote.customer_id)]
    assert hook.void_invoice(remote, on=today(), reason="Again", key="k").note == "was void already"


def test_a_reversal_of_discounts_freight_and_dimensions_comes_to_the_cent(company: Company, hook: AcumaticaHook) -> None:
    lines = company.example_lines()
    document = company.invoice(*lines, charges=company.volume_discount(lines))
    remote = company.book(hook, document)
    voided = company.void(hook, company.sending(hook, document, remote.customer_id), remote)
    assert voided.error is None, str(voided.error)
    record = voided.note.removeprefix("reversed by ")
    row = hook.site.record("SalesInvoice", record, expand=("Details",))
    assert row is not None
    assert D(row["Amount"]["value"]) == document.gross_total
    assert [each["SubAccount"].get("value") for each in row["Details"]] == ["WHS-000"] * 4 + [None]


def test_a_reversal_that_takes_longer_is_decided_by_the_invoice_from_another_session(company: Company, hook: AcumaticaHook) -> None:
    sending, remote = booked(company, hook)
    with company.hook() as first:
        inject(company, "release_slow", seconds=20.0)
        sent = first.void_invoice(remote, on=today(), reason="Entered twice", key=str(uuid4()))
    assert sent.ticket.startswith(f"void by {remote.remote_id} since ")
    (still,) = hook.collect_answers([(sending, sent.ticket)])
    assert still.ticket
    again = hook.void_invoice(remote, on=today(), reason="Entered twice", key=str(uuid4()))
    assert again.ticket
    later(company, 21)
    (done,) = hook.collect_answers([(sending, sent.ticket)])
    assert done.remote is not None
    assert done.remote.status is DocumentStatus.VOID
    assert len([each for each in company.sandbox.books("acumatica").documents if each.customer == remote.customer_id]) == 2


def test_a_document_on_hold_is_deleted(company: Company, hook: AcumaticaHook) -> None:
    _, remote = draft(company, hook)
    assert hook.void_invoice(remote, on=today(), reason="x", key="k").note == "document on hold deleted"
    assert hook.get_invoice(remote.remote_id, DocumentKind.INVOICE) is None
    assert hook.void_invoice(remote, on=today(), reason="x", key="k").note == "was deleted already"


def test_a_paid_invoice_and_a_credit_memo_are_not_reversed(company: Company, hook: AcumaticaHook) -> None:
    sending, remote = booked(company, hook)
    payment = company.payment(sending.document, remote, D("40.00"))
    references = company.payment_references(hook, payment, remote.customer_id)
    hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=references)
    assert "68.25 of 108.25 is open" in refused(hook.void_invoice(remote, on=today(), reason="x", key="k")).message
    assert isinstance(sending.document, Invoice)
    note = company.book(hook, company.credit_note(corrects=sending.document))
    assert "credit memo" in refused(hook.void_invoice(note, on=today(), reason="x", key="k")).message


def test_a_reversal_that_comes_to_another_amount_is_taken_back(company: Company, hook: AcumaticaHook) -> None:
    _, remote = booked(company, hook)
    inject(company, "wrong_tax")
    error = refused(hook.void_invoice(remote, on=today(), reason="x", key="k"))
    assert "108.26, not 108.25" in error.message
    assert [each.kind for each in company.sandbox.books("acumatica").documents if each.customer == remote.customer_id] == ["invoice"]


def test_a_wrong_reversal_that_an_earlier_try_left_is_never_released(company: Company, hook: AcumaticaHook) -> None:
    _, remote = booked(company, hook)
    inject(company, "wrong_tax")
    inject(company, "error_before_commit", method="DELETE")
    assert hook.void_invoice(remote, on=today(), reason="x", key="k").outcome is Outcome.UNKNOWN
    assert "108.26, not 108.25" in refused(hook.void_invoice(remote, on=today(), reason="x", key="k")).message
    assert [each.kind for each in company.sandbox.books("acumatica").documents if each.customer == remote.customer_id] == ["invoice"]
    inject(company, "release_at_once")
    assert hook.void_invoice(remote, on=today(), reason="x", key="k").note.startswith("reversed by")


def test_a_reversal_that_fails_unseen_becomes_a_review(company: Company, hook: AcumaticaHook) -> None:
    sending, remote = booked(company, hook)
    inject(company, "release_fails", message="Error: Unseen.")
    inject(company, "release_slow", seconds=20.0)
    sent = hook.void_invoice(remote, on=today(), reason="x", key="k")
    later(company, 21)
    old = sent.ticket.replace(f"since {today().year}", "since 2020")
    (told,) = hook.collect_answers([(sending, old)])
    assert "is Balanced since" in refused(told).message
    (there,) = hook.find_invoice(sending.document.number, DocumentKind.INVOICE)
    assert there.status is DocumentStatus.OPEN


def test_an_invoice_that_a_person_credited_is_paid_and_not_void(company: Company, hook: AcumaticaHook) -> None:
    """Only our own credit memo makes a void."""
    _, remote = booked(company, hook)
    row = hook.documents.row(remote.remote_id)
    assert row is not None
    applied = {"DocType": {"value": "Invoice"}, "ReferenceNbr": {"value": remote.number}, "AmountPaid": {"value": remote.total}}
    lines = [{name: row["Details"][0][name] for name in ("InventoryID", "Qty", "UnitPrice", "ManualPrice")}]
    head = {"Type": {"value": "Credit Memo"}, "CustomerID": {"value": remote.customer_id}, "Hold": {"value": False}}
    zone = {"FinancialDetails": {"CustomerTaxZone": {"value": "TEXAS"}}}
    memo = hook.site.put("SalesInvoice", {**head, **zone, "Details": lines, "ApplicationsCreditMemo": [applied]}, {})
    inject(company, "release_at_once")
    keys = {"Type": memo["Type"], "ReferenceNbr": memo["ReferenceNbr"]}
    assert hook.site.act("SalesInvoice", "ReleaseSalesInvoice", keys) == ""
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.PAID
    assert simulator(company).company.table("SalesInvoice")[remote.remote_id]["Status"] == "Closed"
