"""The connector against the simulator over real HTTP: the port, every class of error, every trap of the contract."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.company import Company
from tests.platforms.quickfile.conftest import Owner
from tests.platforms.quickfile.steps import CREDIT_NOTE, INVOICE, calls, drafted, refused

from airbooks.canonical import (
    Address,
    DocumentReference,
    DocumentStatus,
    TaxCategory,
)
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome, PlatformError
from airbooks.platforms.quickfile import QuickFileHook
from airbooks.platforms.quickfile.sandbox.refusal import Refusal
from airbooks.platforms.references import ReferenceItem, ReferenceKind

# -- finding ----------------------------------------------------------------------------------------------------------------------


def test_a_number_that_is_part_of_another_is_not_found(company: Company, hook: QuickFileHook) -> None:
    company.book(hook, company.small_invoice(number="UK-SI-0000012"))
    assert hook.find_invoice("UK-SI-000001", INVOICE) == []


def test_a_single_hit_that_is_no_list_is_found(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    company.sandbox.inject("quickfile", "single_record_object")
    remote = company.book(hook, document)
    (found,) = hook.find_invoice(document.number, INVOICE)
    assert (found.remote_id, found.line_count) == (remote.remote_id, 1)


def test_something_else_that_is_not_found_is_no_missing_invoice(
    company: Company, hook: QuickFileHook, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = company.book(hook, company.small_invoice())

    def no_account(_: Any) -> Any:
        raise Refusal("The company does not exist")

    monkeypatch.setattr(owner.simulator.invoices, "get", no_account)
    with pytest.raises(PlatformError):
        hook.get_invoice(remote.remote_id, INVOICE)


def test_records_without_their_documented_fields_prove_nothing(
    company: Company, hook: QuickFileHook, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = company.sending(hook, company.small_invoice())
    strange = {"RecordsetCount": 1, "ReturnCount": 1, "Record": [{"Id": 90125}]}
    monkeypatch.setattr(owner.simulator.invoices, "search", lambda _: strange)
    (sent,) = hook.create_invoices([sending])
    assert sent.outcome is Outcome.UNKNOWN
    assert company.booked(sending.document.number) == []


def test_two_documents_of_one_number_are_both_told(company: Company, hook: QuickFileHook, owner: Owner) -> None:
    client = owner.new_client()
    owner.new_invoice(client, "UK-SI-000001")
    owner.new_invoice(client, "UK-SI-000001")
    assert len(hook.find_invoice("UK-SI-000001", INVOICE)) == 2


def test_a_number_that_somebody_has_used_is_not_booked_twice(company: Company, hook: QuickFileHook, owner: Owner) -> None:
    document = company.small_invoice()
    owner.new_invoice(owner.new_client(), document.number)
    error = refused(company, hook, document)
    assert (error.rule.name, error.action) == ("duplicate document number", Action.LOOK_UP)
    assert len(company.booked(document.number)) == 1


def test_more_hits_than_a_page_holds_are_all_read(company: Company, hook: QuickFileHook, owner: Owner) -> None:
    for number in range(205):
        owner.new_client(f"Northgate {number:03d}", AccountReference=f"C-9{number:03d}")
    party = company.party(code="C-9", name="Last Ltd")
    first = hook.ensure_customer(party, "GBP")
    assert hook.ensure_customer(party, "GBP") == first
    offsets = [each["SearchParameters"]["Offset"] for each in calls(company, "client/search")]
    assert 200 in offsets


# -- customers --------------------------------------------------------------------------------------------------------------------


def test_a_customer_code_that_is_part_of_another_makes_a_client_of_its_own(company: Company, hook: QuickFileHook) -> None:
    long, short = company.party(code="C-UK-00422"), company.party(code="C-UK-0042")
    assert hook.ensure_customer(long, "GBP") != hook.ensure_customer(short, "GBP")


def test_an_account_reference_that_the_search_hides_is_read(company: Company, hook: QuickFileHook) -> None:
    party = company.party()
    first = hook.ensure_customer(party, "GBP")
    company.sandbox.inject("quickfile", "hide_account_reference")
    assert hook.ensure_customer(party, "GBP") == first


def test_a_client_that_a_person_made_is_taken_over_by_name_when_it_is_the_only_one(
    company: Company, hook: QuickFileHook, owner: Owner
) -> None:
    party = company.party()
    contact = {"Email": party.contact.email, "Password": "k3Jx9wq2"}
    by_hand = {"ClientDetails": {"CompanyName": party.name}, "ClientContacts": {"DefaultContact": contact}}
    client = int(owner.done("client/create", by_hand)["ClientID"])
    assert hook.ensure_customer(party, "GBP") == str(client)
    owner.done("client/create", by_hand)
    assert hook.ensure_customer(party, "GBP") not in {str(client), str(client + 1)}


def test_customers_of_one_name_and_no_email_are_not_merged_in_a_client_that_a_person_made(
    company: Company, hook: QuickFileHook, owner: Owner
) -> None:
    one = company.party(contact={})
    two = company.party(name=one.name, contact={})
    owner.new_client(one.name)
    assert hook.ensure_customer(one, "GBP") != hook.ensure_customer(two, "GBP")


def test_the_contacts_password_is_new_each_time_and_never_kept(company: Company, hook: QuickFileHook) -> None:
    hook.ensure_customer(company.party(), "GBP")
    assert "password" not in str(dict(company.sandbox.simulators["quickfile"].store.table("clients"))).lower()


# -- create and post --------------------------------------------------------------------------------------------------------------


def test_the_documents_vat_is_booked_to_the_cent_where_lines_would_round_otherwise(company: Company, hook: QuickFileHook) -> None:
    document = company.invoice(*(company.line(n, quantity="1", price="0.33") for n in (1, 2, 3)))
    assert document.tax_total == Decimal("0.20")
    company.book(hook, document)
    assert company.booked(document.number)[0].tax == Decimal("0.20")


def test_vat_that_the_platform_computes_otherwise_is_told_as_booked(company: Company, hook: QuickFileHook) -> None:
    company.sandbox.inject("quickfile", "wrong_tax", amount="0.01")
    document = company.small_invoice()
    remote = drafted(company, hook, document)
    assert (remote.tax, remote.total) == (document.tax_total + Decimal("0.01"), document.gross_total + Decimal("0.01"))


def test_a_reverse_charge_is_a_treatment_of_the_whole_invoice(company: Company, hook: QuickFileHook) -> None:
    untaxed: dict[str, Any] = {"tax_code": "GB-RC", "tax_category": TaxCategory.REVERSE_CHARGE, "tax_rate": Decimal(0)}
    remote = company.book(hook, company.invoice(company.line(1, **untaxed)))
    assert remote.tax == 0
    mixed = company.invoice(company.line(1), company.line(2, **untaxed))
    error = refused(company, hook, mixed)
    assert (error.rule.name, error.outcome) == ("tax codes disagree", Outcome.DID_NOT_HAPPEN)
    assert company.booked(mixed.number) == []


def test_a_one_off_line_needs_no_inventory_item(company: Company, hook: QuickFileHook) -> None:
    (entry,) = hook.find_reference(ReferenceKind.ITEM, ["one-off"])
    document = company.small_invoice()
    sending = company.sending(hook, document)
    entries = {**sending.references.entries, (ReferenceKind.ITEM, document.lines[0].item_code): entry}
    (sent,) = hook.create_invoices([replace(sending, references=replace(sending.references, entries=entries))])
    assert sent.remote is not None
    row = company.sandbox.simulators["quickfile"].store.table("invoices")[sent.remote.remote_id]
    assert (row["lines"][0]["ItemID"], row["lines"][0]["ItemName"]) == (0, document.lines[0].item_code)


def test_a_tax_code_mapped_to_another_rate_is_an_error_of_the_document(company: Company, hook: QuickFileHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    wrong = ReferenceItem(kind=ReferenceKind.TAX_CODE, code="5", remote_id="5")
    entries = {**sending.references.entries, (ReferenceKind.TAX_CODE, "GB-S20"): wrong}
    (sent,) = hook.create_invoices([replace(sending, references=replace(sending.references, entries=entries))])
    assert sent.error is not None
    assert sent.error.rule.name == "tax codes disagree"


def test_posting_marks_as_sent_and_mails_only_when_told_to(company: Company, hook: QuickFileHook) -> None:
    quiet = company.sending(hook, company.small_invoice())
    loud = replace(company.sending(hook, company.small_invoice()), options={"send_by_email": True})
    for sending in (quiet, loud):
        (sent,) = hook.create_invoices([sending])
        assert sent.remote is not None
        (posted,) = hook.post_invoices([(sending, sent.remote)])
        assert posted.remote is not None
        assert posted.remote.status is DocumentStatus.OPEN
    rows = company.sandbox.simulators["quickfile"].store.table("invoices").values()
    assert [row["emails"] for row in rows] == [0, 1]


def test_what_stays_a_draft_after_sending_is_told(company: Company, hook: QuickFileHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    (sent,) = hook.create_invoices([sending])
    assert sent.remote is not None
    company.sandbox.inject("quickfile", "send_leaves_draft")
    (posted,) = hook.post_invoices([(sending, sent.remote)])
    assert posted.error is not None
    assert (posted.error.rule.name, posted.error.action) == ("still a draft", Action.REVIEW)


def test_test_mode_checks_documents_and_says_that_none_is_booked(company: Company, hook: QuickFileHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    with company.hook(extra={"test_mode": True}) as trial:
        works, says = trial.test_connection()
        (sent,) = trial.create_invoices([sending])
        with pytest.raises(PlatformError) as caught:
            trial.ensure_customer(company.party(), "GBP")
    assert (works, "test mode" in says) == (False, True)
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.outcome, sent.error.rule.shared) == ("test mode", Outcome.DID_NOT_HAPPEN, True)
    assert caught.value.rule.name == "test mode"
    assert company.sandbox.books("quickfile").documents == []


# -- credit notes -----------------------------------------------------------------------------------------------------------------


def test_a_credit_note_leaves_the_rest_of_its_invoice_open(company: Company, hook: QuickFileHook) -> None:
    original = company.invoice(company.line(1, quantity="8"))
    remote = company.book(hook, original)
    credit = company.book(hook, company.credit_note(corrects=original))
    assert credit.kind is CREDIT_NOTE
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.OPEN
    row = company.sandbox.simulators["quickfile"].store.table("invoices")[credit.remote_id]
    assert row["data"]["CreditNote"] == {"CreditNoteType": "HOLD", "ParentInvoiceID": int(remote.remote_id)}


def test_a_credit_note_without_its_invoice_waits_for_a_person(company: Company, hook: QuickFileHook) -> None:
    document = company.credit_note(corrects=company.small_invoice())
    error = refused(company, hook, document)
    assert (error.rule.name, error.outcome) == ("corrected invoice missing", Outcome.DID_NOT_HAPPEN)
    assert company.booked(document.number) == []


def test_a_credit_note_for_several_invoices_belongs_to_the_first_and_names_all(company: Company, hook: QuickFileHook) -> None:
    original = company.small_invoice()
    remote = company.book(hook, original)
    preceding = (DocumentReference(number=original.number), DocumentReference(number="UK-SI-OTHER"))
    credit = company.book(hook, company.credit_note(corrects=original, preceding_invoices=preceding))
    row = company.sandbox.simulators["quickfile"].store.table("invoices")[credit.remote_id]
    assert row["data"]["CreditNote"]["ParentInvoiceID"] == int(remote.remote_id)
    assert f"Corrects: {original.number}, UK-SI-OTHER" in row["data"]["Notes"]


# -- errors -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "name", "action"),
    [
        ("lock_period", PERIOD_CLOSED, Action.REVIEW),
        ("errors_under_200", "refused", Action.REVIEW),
        ("method_not_enabled", "method not enabled", Action.STOP),
    ],
)
def test_each_refusal_has_its_meaning(company: Company, hook: QuickFileHook, fault: str, name: str, action: Action) -> None:
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("quickfile", fault)
    (sent,) = hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.action) == (name, action)


def test_a_number_that_was_taken_since_our_look_up_is_looked_up_again(company: Company, hook: QuickFileHook, owner: Owner) -> None:
    body = owner.invoice_body(owner.new_client())
    owner.done("invoice/create", body)
    company.sandbox.inject("quickfile", "refuse_duplicate_numbers")
    with pytest.raises(PlatformError) as caught:
        hook.rpc("Invoice_Create", body, dict)
    assert (caught.value.rule.name, caught.value.action) == ("duplicate document number", Action.LOOK_UP)


@pytest.mark.parametrize("form", ["error_as_text", "error_with_code"])
def test_refusals_are_understood_in_every_form(company: Company, hook: QuickFileHook, form: str) -> None:
    company.sandbox.inject("quickfile", form)
    assert hook.get_invoice("999999", INVOICE) is None


def test_the_daily_limit_is_left_to_a_later_run_without_further_calls(company: Company, hook: QuickFileHook) -> None:
    sendings = [company.sending(hook, company.small_invoice()) for _ in range(3)]
    company.sandbox.inject("quickfile", "daily_limit")
    before = len(company.sandbox.requests("quickfile"))
    sent = hook.create_invoices(sendings)
    assert [each.key for each in sent] == [each.key for each in sendings]
    for each in sent:
        assert each.error is not None
        assert (each.error.rule.name, each.error.action, each.outcome) == ("daily limit reached", Action.WAIT, Outcome.DID_NOT_HAPPEN)
    assert len(company.sandbox.requests("quickfile")) == before + 1


def test_a_wrong_address_is_no_missing_invoice(company: Company) -> None:
    with company.hook(host=f"{company.connection()['host']}/nowhere") as hook, pytest.raises(PlatformError) as caught:
        hook.get_invoice("90125", INVOICE)
    assert (caught.value.rule.name, caught.value.action) == ("no such address", Action.STOP)


def test_an_account_in_another_currency_is_told(company: Company) -> None:
    with company.hook(extra={"currency": "USD"}) as hook:
        works, says = hook.test_connection()
    assert (works, "home currency is GBP" in says) == (False, True)


def test_an_address_without_country_is_left_to_the_one_on_file(company: Company, hook: QuickFileHook) -> None:
    company.book(hook, company.small_invoice(buyer=company.party(address=Address(line1="1 Quay"))))
    (asked,) = calls(company, "invoice/create")
    assert "ClientAddress" not in asked["InvoiceData"]
