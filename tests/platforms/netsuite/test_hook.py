"""Documents, customers and lists through the hook, over real HTTP and with the vendor's traps."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.company import Company, today
from tests.platforms.netsuite.conftest import SLUG

from airbooks.canonical import AllowanceCharge, CreditNote, DocumentKind, DocumentStatus, RemoteDocument
from airbooks.delivery.echo import differences
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.netsuite import NetSuiteHook, records
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.tokens import MemoryTokens

INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


def simulator(company: Company) -> Any:
    return company.sandbox.simulators[SLUG]


def asked(company: Company, method: str, path: str) -> list[Any]:
    return [each for each in company.sandbox.requests(SLUG) if each.method == method and path in each.path]


def balance(company: Company, number: str) -> Decimal:
    return next(each.balance for each in company.sandbox.books(SLUG).documents if each.our_number == number)


def pay(company: Company, hook: NetSuiteHook, remote: RemoteDocument, document: Any, amount: str, key: str, **fields: Any) -> Any:
    payment = company.payment(document, remote, Decimal(amount), **fields)
    refs = company.payment_references(hook, payment, remote.customer_id)
    return hook.apply_payment(payment, customer_id=remote.customer_id, key=key, references=refs)


# -- create -------------------------------------------------------------------------------------------------------------------


def test_a_create_is_answered_without_a_body_and_read_back(company: Company, hook: NetSuiteHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    assert remote.total == document.gross_total
    read = asked(company, "GET", f"/invoice/{remote.remote_id}?expandSubResources=true")
    assert [each.status for each in read] == [200]


def test_every_write_asks_for_unknown_names_to_be_refused(company: Company, hook: NetSuiteHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    remote = company.create(hook, sending)[sending.key].remote
    assert remote is not None
    company.update(hook, sending, remote)
    writes = [each for each in company.sandbox.requests(SLUG) if each.method in {"POST", "PATCH"} and "/record/v1/" in each.path]
    assert writes
    assert {each.headers["x-netsuite-propertynamevalidation"] for each in writes} == {"Error"}


def test_our_rate_is_kept_where_a_price_level_would_replace_it(company: Company, hook: NetSuiteHook) -> None:
    document = company.invoice(company.line(1, "CMP-RS-22", quantity="1", price="1.23"))
    assert company.book(hook, document).net == Decimal("1.23")


def test_a_read_back_that_fails_leaves_the_outcome_open_and_the_document_is_found(
    company: Company, hook: NetSuiteHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject(SLUG, "rate_limited", path=r"/invoice/\d+", times=None)
    sent = hook.create_invoices([sending])[0]
    company.sandbox.clear_faults()
    assert sent.outcome is Outcome.UNKNOWN
    assert len(hook.find_invoice(sending.document.number, INVOICE)) == 1


def test_a_repeated_create_adopts_the_one_that_is_there(company: Company, hook: NetSuiteHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    first, again = hook.create_invoices([sending])[0], hook.create_invoices([sending])[0]
    assert first.remote is not None
    assert again.remote is not None
    assert (again.remote.remote_id, again.note) == (first.remote.remote_id, "was there already")
    assert len(company.booked(sending.document.number)) == 1


def test_a_number_of_another_document_is_refused_and_not_adopted(company: Company, hook: NetSuiteHook) -> None:
    first = company.small_invoice()
    company.book(hook, first)
    other = company.sending(hook, company.invoice(company.line(1, quantity="9"), number=first.number))
    error = hook.create_invoices([other])[0].error
    assert error is not None
    assert (error.rule.name, error.action, error.outcome) == ("exists already", Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)


def test_external_ids_are_compared_without_case_there_and_numbers_are_not_here(company: Company, hook: NetSuiteHook) -> None:
    document = company.small_invoice(number="us-si-lower")
    company.book(hook, document)
    assert hook.find_invoice("US-SI-LOWER", INVOICE) == []
    assert len(hook.find_invoice("us-si-lower", INVOICE)) == 1


def test_an_account_that_numbers_by_itself_keeps_our_number_as_external_id(company: Company, hook: NetSuiteHook) -> None:
    company.sandbox.inject(SLUG, "auto_numbering")
    document = company.small_invoice()
    remote = company.book(hook, document)
    assert remote.number.startswith("INV")
    assert remote.our_number == document.number


def test_discounts_and_charges_are_lines_there_and_none_of_ours(company: Company, hook: NetSuiteHook) -> None:
    line = company.line(1, allowances_charges=(AllowanceCharge(is_charge=True, amount=Decimal("5.00"), reason="Packing"),))
    document = company.invoice(line, *company.example_lines()[1:], charges=company.volume_discount([line]))
    remote = company.book(hook, document)
    assert remote.line_count == 4
    row = hook.records.get("invoice", remote.remote_id)
    assert row is not None
    assert [each["line"] for each in row["item"]["items"]] == [1, 2, 3, 4, 5, 6, 7]


def test_without_suitetax_nothing_is_booked_and_the_check_says_why(company: Company, hook: NetSuiteHook) -> None:
    document = company.small_invoice()
    sending = company.sending(hook, document)
    company.sandbox.inject(SLUG, "no_suitetax")
    error = hook.create_invoices([sending])[0].error
    works, says = hook.test_connection()
    assert error is not None
    assert (error.rule.name, error.action) == ("field unknown there", Action.REVIEW)
    assert not works
    assert "SuiteTax" in says
    assert company.booked(document.number) == []


def test_the_engines_own_tax_is_reported_where_it_differs(company: Company, hook: NetSuiteHook) -> None:
    exempt = company.line(1, tax_code="US-EX", tax_category="E", tax_rate=Decimal(0))
    document = company.invoice(exempt)
    sending = replace(company.sending(hook, document), options={"override_tax": False})
    sent = hook.create_invoices([sending])[0]
    assert sent.remote is not None
    assert [each.field for each in differences(document, sent.remote, sending.references.customer)] == ["tax total", "total with tax"]


def test_invoice_approval_makes_drafts_unless_they_are_sent_as_approved(company: Company, hook: NetSuiteHook) -> None:
    company.sandbox.inject(SLUG, "approval")
    pending, approved = (company.sending(hook, company.small_invoice()) for _ in range(2))
    sent = hook.create_invoices([pending, replace(approved, options={**approved.options, "approve": True})])
    assert [each.remote.status for each in sent if each.remote] == [DocumentStatus.DRAFT, DocumentStatus.OPEN]


def test_a_locked_period_is_a_matter_for_a_person(company: Company, hook: NetSuiteHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject(SLUG, "lock_period", through=today().isoformat())
    error = hook.create_invoices([sending])[0].error
    assert error is not None
    assert (error.rule.name, error.action, error.rule.shared) == ("period closed", Action.REVIEW, True)


def test_what_holds_up_the_connection_leaves_the_rest_unsent_and_says_so(company: Company, hook: NetSuiteHook) -> None:
    sendings = [company.sending(hook, company.small_invoice()) for _ in range(3)]
    company.sandbox.inject(SLUG, "no_permission")
    before = len(asked(company, "POST", "/record/v1/invoice"))
    sent = hook.create_invoices(sendings)
    assert [each.outcome for each in sent] == [Outcome.DID_NOT_HAPPEN] * 3
    assert {each.error.action for each in sent if each.error} == {Action.STOP}
    assert len(asked(company, "POST", "/record/v1/invoice")) == before + 1


def test_a_log_in_that_fails_leaves_nothing_open(company: Company, hook: NetSuiteHook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject(SLUG, "error_before_commit", path="oauth2/v1/token", times=None)
    with company.hook(tokens=MemoryTokens()) as other, pytest.raises(PlatformError) as caught:
        other.create_invoices([sending])
    assert caught.value.outcome is Outcome.DID_NOT_HAPPEN


def test_a_list_that_cannot_be_read_beforehand_leaves_nothing_open(
    company: Company, hook: NetSuiteHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject(SLUG, "error_before_commit", path="suiteql", times=None)
    with company.hook() as other, pytest.raises(PlatformError) as caught:
        other.create_invoices([sending])
    assert caught.value.outcome is Outcome.DID_NOT_HAPPEN


@pytest.mark.parametrize("kind", ["by id", "by number"])
def test_a_gateways_404_does_not_say_that_a_document_is_gone(company: Company, hook: NetSuiteHook, kind: str) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    company.sandbox.inject(SLUG, "error_before_commit", status=404, html=True, path="/record/v1/invoice/", times=None)
    with pytest.raises(PlatformError):
        hook.get_invoice(remote.remote_id, INVOICE) if kind == "by id" else hook.find_invoice(document.number, INVOICE)


# -- credit notes -------------------------------------------------------------------------------------------------------------


def test_a_credit_note_is_applied_to_the_invoice_that_it_corrects(company: Company, hook: NetSuiteHook) -> None:
    invoice = company.invoice(company.line(1, quantity="5"))
    company.book(hook, invoice)
    note = company.credit_note(corrects=invoice)
    remote = company.book(hook, note)
    assert balance(company, invoice.number) == invoice.gross_total - note.gross_total
    assert remote.balance == 0


@pytest.mark.parametrize("quantity", ["1", "20"], ids=["of another customer", "larger than what is open"])
def test_a_credit_note_that_does_not_fit_stays_unapplied(company: Company, hook: NetSuiteHook, quantity: str) -> None:
    invoice = company.small_invoice()
    company.book(hook, invoice)
    buyer = company.party() if quantity == "1" else invoice.buyer
    note = company.credit_note(company.line(1, quantity=quantity), corrects=invoice, buyer=buyer)
    remote = company.book(hook, note)
    assert remote.balance == note.gross_total
    assert balance(company, invoice.number) == invoice.gross_total


# -- change -------------------------------------------------------------------------------------------------------------------


def test_an_update_replaces_the_lines_and_does_not_add_to_them(company: Company, hook: NetSuiteHook) -> None:
    first = company.invoice(company.line(1), company.line(2))
    sending = company.sending(hook, first)
    remote = company.book(hook, first)
    changed = company.invoice(company.line(1, quantity="3"), number=first.number, buyer=first.buyer, purchase_order="")
    updated = company.update(hook, company.sending(hook, changed, sending.references.customer), remote)
    assert updated.error is None, str(updated.error)
    row = hook.records.get("invoice", remote.remote_id)
    assert row is not None
    assert (len(row["item"]["items"]), len(row["taxDetails"]["items"]), "otherRefNum" in row) == (1, 1, False)


def test_what_somebody_else_changed_is_not_overwritten(company: Company, hook: NetSuiteHook) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    hook.records.change("invoice", remote.remote_id, {"item": {"items": [{"line": 1, "quantity": Decimal(7)}]}})
    error = company.update(hook, company.sending(hook, first), remote).error
    assert error is not None
    assert (error.rule.name, error.outcome) == ("changed there", Outcome.DID_NOT_HAPPEN)


def test_an_update_below_what_is_paid_is_refused(company: Company, hook: NetSuiteHook) -> None:
    first = company.invoice(company.line(1, quantity="5"))
    remote = company.book(hook, first)
    pay(company, hook, remote, first, "200.00", "below-1")
    smaller = company.small_invoice(number=first.number, buyer=first.buyer)
    error = company.update(hook, company.sending(hook, smaller), remote).error
    assert error is not None
    assert (error.rule.name, error.action) == ("paid or credited", Action.REVIEW)


# -- void ---------------------------------------------------------------------------------------------------------------------


def test_a_void_is_a_credit_memo_over_the_whole_invoice_and_its_id_is_recorded(company: Company, hook: NetSuiteHook) -> None:
    document = company.small_invoice()
    sending = company.sending(hook, document)
    remote = company.book(hook, document)
    voided = company.void(hook, sending, remote)
    memo = hook.records.by_external_id("creditMemo", f"VOID-{document.number}")
    assert memo is not None
    assert voided.note == f"credit memo {memo['id']}"
    assert memo["total"] == document.gross_total
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.VOID


def test_paid_in_full_is_void_only_where_our_credit_memo_did_it(company: Company, hook: NetSuiteHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    pay(company, hook, remote, document, str(document.gross_total), "full-1")
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.PAID
    error = company.void(hook, company.sending(hook, document), now).error
    assert error is not None
    assert (error.rule.name, error.action, error.outcome) == ("paid or credited", Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def test_a_credit_memo_that_was_not_applied_by_its_making_is_applied_afterwards(company: Company, hook: NetSuiteHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    company.sandbox.inject(SLUG, "forget_application")
    voided = company.void(hook, company.sending(hook, document), remote)
    assert voided.error is None, str(voided.error)
    assert company.booked(document.number) == []


def test_a_void_that_broke_off_after_its_credit_memo_is_finished_with_that_one(company: Company, hook: NetSuiteHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    company.sandbox.inject(SLUG, "forget_application")
    company.sandbox.inject(SLUG, "reset_before_commit", method="PATCH")
    first = company.void(hook, company.sending(hook, document), remote)
    company.sandbox.clear_faults()
    assert first.outcome is Outcome.UNKNOWN
    again = company.void(hook, company.sending(hook, document), remote)
    assert again.error is None, str(again.error)
    memos = [each for each in company.sandbox.books(SLUG).documents if each.our_number == f"VOID-{document.number}"]
    assert len(memos) == 1


def test_a_connection_that_deletes_frees_the_number(company: Company) -> None:
    with company.hook(extra={"void_with": "delete"}) as hook:
        document = company.small_invoice()
        remote = company.book(hook, document)
        voided = company.void(hook, company.sending(hook, document), remote)
        assert (voided.error, voided.note) == (None, "deleted")
        assert hook.get_invoice(remote.remote_id, INVOICE) is None
        assert company.book(hook, document).remote_id != remote.remote_id


def test_a_credit_memo_is_deleted_and_its_invoice_is_open_again(company: Company, hook: NetSuiteHook) -> None:
    invoice = company.small_invoice()
    company.book(hook, invoice)
    note = company.credit_note(corrects=invoice)
    assert isinstance(note, CreditNote)
    voided = company.void(hook, company.sending(hook, note), company.book(hook, note))
    assert (voided.error, voided.note) == (None, "deleted")
    assert balance(company, invoice.number) == invoice.gross_total


# -- customers ----------------------------------------------------------------------------------------------------------------


def test_a_customer_gets_a_second_currency_and_stays_one(company: Company, hook: NetSuiteHook) -> None:
    party = company.party()
    first = hook.ensure_customer(party, "USD")
    assert hook.ensure_customer(party, "EUR") == first
    assert hook.ensure_customer(party, "EUR") == first
    row = hook.records.get("customer", first)
    assert row is not None
    assert [each["currency"]["id"] for each in row["currencyList"]["items"]] == ["4"]


def entered_by_hand(company: Company, **fields: Any) -> str:
    """A customer that people made, without our external id."""
    from airbooks.platforms.netsuite.sandbox.customers import Customers

    body = {"subsidiary": {"id": "1"}, **fields}
    return str(Customers(simulator(company).account).create(body)["id"])


def test_a_customer_that_people_entered_is_found_by_our_code_or_by_name_and_mail(company: Company, hook: NetSuiteHook) -> None:
    coded, known = company.party(), company.party()
    by_code = entered_by_hand(company, entityId=coded.code, companyName="Other spelling")
    by_name = entered_by_hand(company, companyName=known.name, email=known.contact.email)
    assert hook.ensure_customer(coded, "USD") == by_code
    assert hook.ensure_customer(known, "USD") == by_name


def test_a_name_that_two_customers_have_is_no_proof(company: Company, hook: NetSuiteHook) -> None:
    party = company.party()
    twins = {
        entered_by_hand(company, companyName=party.name, entityId=f"{party.code}-{twin}", email=party.contact.email) for twin in (1, 2)
    }
    assert hook.ensure_customer(party, "USD") not in twins


def test_a_customer_that_was_taken_over_is_no_namesakes(company: Company, hook: NetSuiteHook) -> None:
    party = company.party()
    namesake = company.party(name=party.name, contact=party.contact)
    by_name = entered_by_hand(company, companyName=party.name, email=party.contact.email)
    assert hook.ensure_customer(party, "USD") == by_name
    assert hook.ensure_customer(namesake, "USD") != by_name
    assert hook.ensure_customer(party, "USD") == by_name


def test_an_inactive_customer_is_a_matter_for_a_person(company: Company, hook: NetSuiteHook) -> None:
    party = company.party()
    hook.records.change("customer", hook.ensure_customer(party, "USD"), {"isInactive": True})
    with pytest.raises(PlatformError) as caught:
        hook.ensure_customer(party, "USD")
    assert (caught.value.rule.name, caught.value.action) == ("customer inactive", Action.REVIEW)


def test_an_account_that_names_customers_itself_is_sent_no_entity_id(company: Company) -> None:
    company.sandbox.inject(SLUG, "auto_customer_ids")
    with company.hook(extra={"auto_customer_ids": True}) as hook:
        party = company.party()
        found = hook.ensure_customer(party, "USD")
        assert hook.ensure_customer(party, "USD") == found
    company.sandbox.clear_faults()


# -- lists and pages ----------------------------------------------------------------------------------------------------------


def test_a_query_goes_on_after_the_last_id_beyond_the_vendors_ceiling(
    company: Company, hook: NetSuiteHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = [item.code for item in hook.list_reference(ReferenceKind.ITEM)]
    monkeypatch.setattr(records, "PAGE", 5)
    monkeypatch.setattr(records, "QUERY_ROWS", 15)
    before = len(asked(company, "POST", "suiteql"))
    assert [item.code for item in hook.list_reference(ReferenceKind.ITEM)] == everything
    pages = asked(company, "POST", "suiteql")[before:]
    assert [each.path.partition("?")[2] for each in pages][:4] == [f"limit=5&offset={n}" for n in (0, 5, 10, 0)]


def test_a_tax_code_brings_its_tax_type_and_a_dimension_the_field_it_belongs_to(hook: NetSuiteHook) -> None:
    (tax,) = hook.find_reference(ReferenceKind.TAX_CODE, ["TX_STATE"])
    (place,) = hook.find_reference(ReferenceKind.DIMENSION, ["MAIN"])
    assert (tax.remote_id, tax.details["tax_type"]) == ("11", "3")
    assert dict(place.details) == {"location": "1"}


def test_every_query_asks_for_a_transient_answer(company: Company, hook: NetSuiteHook) -> None:
    list(hook.list_reference(ReferenceKind.TERMS))
    asked_for = [each for each in asked(company, "POST", "suiteql") if each.status == 200]
    assert {each.headers["prefer"] for each in asked_for} == {"transient"}
    assert all(isinstance(json.loads(each.body)["params"], list) for each in asked_for)


# -- the connection -----------------------------------------------------------------------------------------------------------


def test_the_check_names_what_the_account_does_not_have(company: Company) -> None:
    with company.hook(extra={"base_currency": "CHF", "subsidiary_id": "77", "discount_item_id": "999999"}) as hook:
        works, says = hook.test_connection()
    assert not works
    for part in ("no currency CHF", "no subsidiary 77", "no item 999999 (discount_item_id)"):
        assert part in says
