"""The connector against the simulator over real HTTP: the whole port, every class of error, every trap of the contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.platforms.xero.conftest import Tenant
from tests.platforms.xero.documents import BUYER, FREE, bill, credit, in_dollars, off, sold
from tests.platforms.xero.steps import CREDIT_NOTE, INVOICE, REFUSED, D, asked, booked, key, numbers, sending

from airbooks.canonical import (
    Contact,
    CreditNote,
    DocumentStatus,
    Invoice,
    Party,
)
from airbooks.delivery.echo import differences
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.xero import XeroHook
from airbooks.sandbox.server import Sandbox


def refused(hook: XeroHook, document: Invoice | CreditNote | None = None) -> PlatformError:
    (result,) = hook.create_invoices([sending(hook, document or bill())])
    assert result.error is not None
    return result.error


# -- contacts ---------------------------------------------------------------------------------------------------------------------


def test_a_contact_is_created_once_and_found_by_its_number_after_it_was_renamed(hook: XeroHook, tenant: Tenant) -> None:
    first = hook.ensure_customer(BUYER, "AUD")
    tenant.post(f"/Contacts/{first}", {"Contacts": [{"Name": "Northgate Compressed Air"}]})
    assert hook.ensure_customer(BUYER, "USD") == first
    assert tenant.read(first, "Contacts")["ContactNumber"] == "C-AU-0042"


def test_a_contact_that_people_entered_is_adopted_and_gets_our_number(hook: XeroHook, tenant: Tenant) -> None:
    by_hand = tenant.contact("NORTHGATE AIR LTD", EmailAddress="ap@northgate.example")
    assert hook.ensure_customer(BUYER, "AUD") == by_hand
    assert tenant.read(by_hand, "Contacts")["ContactNumber"] == "C-AU-0042"
    namesake = BUYER.model_copy(update={"code": "C-AU-0043"})
    assert hook.ensure_customer(namesake, "AUD") != by_hand


def test_a_namesake_is_created_under_a_name_with_its_code(hook: XeroHook, tenant: Tenant) -> None:
    tenant.contact("Northgate Air Ltd", EmailAddress="someone@else.example")
    created = hook.ensure_customer(BUYER, "AUD")
    assert tenant.read(created, "Contacts")["Name"] == "Northgate Air Ltd (C-AU-0042)"


def test_an_archived_contact_is_for_a_person_and_a_merged_one_leads_on(hook: XeroHook, tenant: Tenant) -> None:
    first = hook.ensure_customer(BUYER, "AUD")
    target = tenant.contact("Northgate Group")
    tenant.simulator.api.contacts.archive(first)
    with pytest.raises(PlatformError) as error:
        hook.ensure_customer(BUYER, "AUD")
    assert (error.value.action, error.value.outcome) == REFUSED
    tenant.simulator.api.contacts.archive(first, merged_to=target)
    assert hook.ensure_customer(BUYER, "AUD") == target


def test_quotes_and_backslashes_in_names_and_codes_find_their_contact(hook: XeroHook) -> None:
    odd = Party(code='C"\\1', name='The "Valve" \\ Söhne ✓ & Co', contact=Contact(email="ap@valve.example"))
    assert hook.ensure_customer(odd, "AUD") == hook.ensure_customer(odd, "AUD")


def test_a_refused_contact_is_an_error_of_its_document(hook: XeroHook) -> None:
    with pytest.raises(PlatformError) as error:
        hook.ensure_customer(Party(code="C-1", name=" "), "AUD")
    assert (error.value.action, error.value.outcome) == REFUSED
    assert "name must be specified" in error.value.message


def test_an_invoice_never_changes_its_contact(hook: XeroHook, tenant: Tenant) -> None:
    sent, _ = booked(hook)
    tenant.post(f"/Contacts/{sent.references.customer}", {"Contacts": [{"Name": "Renamed by hand"}]})
    booked(hook, bill(number="AU-SI-2"))
    assert tenant.read(sent.references.customer, "Contacts")["Name"] == "Renamed by hand"


# -- create -----------------------------------------------------------------------------------------------------------------------


def test_a_full_invoice_comes_back_to_the_cent(hook: XeroHook, tenant: Tenant) -> None:
    lines = (
        sold(1, "3", "33.33", dimensions={"department": "WHOLESALE"}, warehouse="MAIN"),
        sold(2, "7", "0.4755", item_code="VLV-SAF-11"),
        sold(3, "1", "320.00", **FREE, item_code="FRT-STD", account_code="FREIGHT"),
    )
    extras = (off("7.77"), off("25.00", is_charge=True, reason="Surcharge", account_code="FREIGHT"))
    document = bill(*lines, charges=extras, notes=("Handle with care.",), **in_dollars())
    assert hook.refusals(document) == ()
    sent, remote = booked(hook, document)
    assert differences(document, remote, sent.references.customer) == ()
    row = tenant.read(remote.remote_id)
    assert (row["CurrencyRate"], row["Reference"], row["DueDateString"][:10]) == (D("0.655099"), "PO-88213", "2026-04-01")
    assert [each["Option"] for each in row["LineItems"][0]["Tracking"]] == ["WHOLESALE", "MAIN"]
    assert row["LineItems"][-1]["Description"] == "Handle with care."


def test_where_the_documents_tax_is_not_the_sum_of_its_lines_ours_is_booked(hook: XeroHook) -> None:
    document = bill(sold(1, "1", "0.05"), sold(2, "1", "0.15"), sold(3, "1", "0.25"))
    _, remote = booked(hook, document)
    assert remote.tax == document.tax_total == D("0.05")


def test_with_xeros_rounding_a_cent_of_difference_is_told(hook: XeroHook) -> None:
    document = bill(sold(1, "1", "0.05"), sold(2, "1", "0.15"), sold(3, "1", "0.25"))
    sent, remote = booked(hook, document, rounding="xero")
    assert [each.field for each in differences(document, remote, sent.references.customer)] == ["tax total", "total with tax"]


def test_a_tax_that_xero_books_otherwise_is_told(hook: XeroHook, xero: Sandbox) -> None:
    xero.inject("xero", "wrong_tax", times=1)
    sent, remote = booked(hook)
    assert differences(sent.document, remote, sent.references.customer)


def test_a_draft_waits_for_people_and_is_deleted_by_a_void(hook: XeroHook, tenant: Tenant) -> None:
    _, remote = booked(hook, approve=False)
    assert remote.status is DocumentStatus.DRAFT
    assert [each.status for each in hook.find_invoice("AU-SI-004711", INVOICE)] == [DocumentStatus.DRAFT]
    gone = hook.void_invoice(remote, on=bill().issue_date, reason="Entered twice", key=key())
    assert (gone.note, gone.outcome) == ("deleted", Outcome.HAPPENED)
    assert tenant.read(remote.remote_id)["Status"] == "DELETED"


def test_an_internal_note_stands_in_the_history_where_customers_do_not_see_it(hook: XeroHook, tenant: Tenant) -> None:
    _, remote = booked(hook, bill(internal_note="Pays late."))
    assert tenant.get(f"/Invoices/{remote.remote_id}/History")[1]["HistoryRecords"] == [{"Details": "Pays late."}]
    assert "Pays late." not in str(tenant.read(remote.remote_id))


def test_a_new_invoice_is_mailed_once_on_request(hook: XeroHook, xero: Sandbox) -> None:
    sent, _ = booked(hook, send_email=True)
    assert len(asked(xero, "POST", "/Email")) == 1
    (again,) = hook.create_invoices([sent])
    assert again.error is None or again.error.action is Action.LOOK_UP
    assert len(xero.simulators["xero"].organisation.mail) == 1  # type: ignore[attr-defined]


def test_an_invoice_that_cannot_be_mailed_is_booked_with_a_note(hook: XeroHook) -> None:
    silent = BUYER.model_copy(update={"contact": Contact()})
    (result,) = hook.create_invoices([sending(hook, bill(buyer=silent), send_email=True)])
    assert result.outcome is Outcome.HAPPENED
    assert "e-mail was not sent" in result.note


def test_a_batch_is_one_call_and_is_matched_by_number(hook: XeroHook, xero: Sandbox) -> None:
    first = sending(hook, bill(number="A-0"))
    batch = [first, *(replace(first, key=key(), document=bill(sold(1, str(n)), number=f"A-{n}")) for n in range(1, 6))]
    xero.inject("xero", "shuffle_elements", times=1)
    results = {each.key: each.remote for each in hook.create_invoices(batch)}
    for each in batch:
        remote = results[each.key]
        assert remote is not None
        assert differences(each.document, remote, each.references.customer) == ()
    (call,) = asked(xero, "PUT", "/Invoices")
    assert "summarizeErrors=false" in call.path
    assert "unitdp=4" in call.path
    assert call.headers["idempotency-key"]


def test_documents_that_are_too_large_for_one_request_go_in_several(hook: XeroHook, xero: Sandbox) -> None:
    long = tuple(sold(n, "1", "1.00", description="d" * 3900) for n in range(150))
    first = sending(hook, bill(*long, number="A-0"))
    batch = [first, *(replace(first, key=key(), document=bill(*long, number=f"A-{n}")) for n in range(1, 7))]
    assert all(each.outcome is Outcome.HAPPENED for each in hook.create_invoices(batch))
    assert len(asked(xero, "PUT", "/Invoices")) == 2
    assert len(numbers(xero)) == 7


def test_one_refused_element_leaves_its_neighbours_booked(hook: XeroHook, xero: Sandbox) -> None:
    first = sending(hook, bill(number="A-0"))
    batch = [first, *(replace(first, key=key(), document=bill(number=f"A-{n}")) for n in (1, 2))]
    xero.inject("xero", "partial_batch", times=1, positions=[1])
    results = {each.key: each for each in hook.create_invoices(batch)}
    error = results[batch[1].key].error
    assert error is not None
    assert (error.action, error.outcome) == REFUSED
    assert numbers(xero) == ["A-0", "A-2"]


def test_a_document_that_the_answer_does_not_name_gets_no_result(hook: XeroHook, xero: Sandbox) -> None:
    first = sending(hook, bill(number="A-0"))
    second = replace(first, key=key(), document=bill(number="A-1"))
    xero.inject("xero", "drop_element", times=1)
    assert [each.key for each in hook.create_invoices([first, second])] == [second.key]
    assert numbers(xero) == ["A-0", "A-1"]


def test_a_used_number_is_never_edited_and_the_look_up_tells_whose_it_is(hook: XeroHook, tenant: Tenant) -> None:
    _, remote = booked(hook)
    error = refused(hook, bill(sold(1, "9")))
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert tenant.read(remote.remote_id)["Total"] == D("185.90")


def test_the_number_of_a_voided_invoice_stays_taken_and_the_error_says_so(hook: XeroHook) -> None:
    _, remote = booked(hook)
    assert hook.void_invoice(remote, on=bill().issue_date, reason="", key=key()).error is None
    assert hook.find_invoice("AU-SI-004711", INVOICE) == []
    assert "voided or deleted one stays taken" in refused(hook).rule.says


def test_credit_note_numbers_are_looked_up_because_xero_may_not_refuse_them_twice(hook: XeroHook, xero: Sandbox) -> None:
    booked(hook, credit())
    error = refused(hook, credit(sold(1, "1")))
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert numbers(xero) == ["AU-CN-000017"]


def test_a_credit_note_comes_back_to_the_cent(hook: XeroHook) -> None:
    document = credit(sold(1, "3", "33.33"), charges=[off("9.99")])
    sent, remote = booked(hook, document)
    assert differences(document, remote, sent.references.customer) == ()
    (found,) = hook.find_invoice(document.number, CREDIT_NOTE)
    assert (found.remote_id, found.kind, found.balance) == (remote.remote_id, CREDIT_NOTE, document.gross_total)


def test_bills_with_the_same_number_are_not_ours(hook: XeroHook, tenant: Tenant) -> None:
    tenant.create(tenant.invoice_body(tenant.contact(), "AU-SI-004711", Type="ACCPAY"))
    assert hook.find_invoice("AU-SI-004711", INVOICE) == []
    booked(hook)
    assert len(hook.find_invoice("AU-SI-004711", INVOICE)) == 1


def test_a_500_is_unknown_and_a_new_attempt_is_not_answered_from_the_store(hook: XeroHook, xero: Sandbox) -> None:
    sent = sending(hook, bill())
    xero.inject("xero", "server_error", times=1)
    (lost,) = hook.create_invoices([sent])
    assert lost.error is not None
    assert (lost.error.action, lost.error.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    assert len(asked(xero, "PUT", "/Invoices")) == 1
    assert hook.find_invoice("AU-SI-004711", INVOICE) == []
    xero.simulators["xero"].clock.offset = timedelta(seconds=hook.spec.settle_seconds)
    (again,) = hook.create_invoices([sent])
    assert again.outcome is Outcome.HAPPENED, again.error


def test_a_code_that_xero_lists_but_refuses_is_reported_with_what_to_do(hook: XeroHook) -> None:
    sent = sending(hook, bill())
    place = ReferenceKind.ACCOUNT, "PARTS"
    wrong = {**sent.references.entries, place: replace(sent.references.entries[place], code="999")}
    (result,) = hook.create_invoices([replace(sent, references=replace(sent.references, entries=wrong))])
    assert result.error is not None
    assert (result.error.action, result.error.rule.name) == (Action.REVIEW, "account refused")
    assert result.error.rule.fix


def test_a_locked_period_is_one_decision_for_all_documents(hook: XeroHook, xero: Sandbox) -> None:
    xero.inject("xero", "lock_period", until="2026-12-31")
    error = refused(hook)
    assert (error.action, error.outcome, error.rule.name, error.rule.shared) == (*REFUSED, "period closed", True)


def test_a_wrongly_mapped_tax_code_is_told_and_nothing_is_sent(hook: XeroHook, xero: Sandbox) -> None:
    sent = sending(hook, bill())
    (free,) = hook.find_reference(ReferenceKind.TAX_CODE, ["EXEMPTOUTPUT"])
    wrong = {**sent.references.entries, (ReferenceKind.TAX_CODE, "AU-GST10"): free}
    (result,) = hook.create_invoices([replace(sent, references=replace(sent.references, entries=wrong))])
    assert result.error is not None
    assert (result.error.action, result.error.outcome) == REFUSED
    assert asked(xero, "PUT", "/Invoices") == []


# -- reference lists --------------------------------------------------------------------------------------------------------------


def test_lists_are_in_the_organisations_own_words(hook: XeroHook) -> None:
    taxes = {each.code: (each.details["rate"], each.active) for each in hook.list_reference(ReferenceKind.TAX_CODE)}
    assert taxes["OUTPUT"] == ("10", True)
    assert taxes["INPUT"] == ("10", False)  # not for sales
    tracking = {each.code for each in hook.list_reference(ReferenceKind.DIMENSION)}
    assert tracking == {"Department:WHOLESALE", "Department:SERVICE", "Warehouse:MAIN", "Warehouse:NORTH"}
    assert {"1000", "4010"} <= {each.code for each in hook.list_reference(ReferenceKind.ACCOUNT)}
    assert {each.code for each in hook.list_reference(ReferenceKind.CURRENCY)} == {"AUD", "USD", "GBP", "EUR"}
    assert list(hook.list_reference(ReferenceKind.TERMS)) == []
