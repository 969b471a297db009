"""The connector against the simulator over real HTTP: every class of error, and every trap of the contract."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.platforms.zoho_books.conftest import SLUG, Desk, Organisation
from tests.platforms.zoho_books.documents import BUYER, allowance, credit_note, euros, invoice, line
from tests.platforms.zoho_books.steps import INVOICE, pay, payment, refused, void

from airbooks.canonical import (
    Address,
    Contact,
    CreditNote,
    Delivery,
    DocumentStatus,
    Invoice,
)
from airbooks.delivery.echo import differences
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome, PlatformError
from airbooks.platforms.references import ReferenceKind

# -- creating ---------------------------------------------------------------------------------------------------------------------


def test_a_document_is_a_draft_until_it_is_marked_as_sent(desk: Desk) -> None:
    sending = desk.sending(invoice())
    draft = desk.create(sending).remote
    assert draft is not None
    assert draft.status is DocumentStatus.DRAFT
    (posted,) = desk.hook.post_invoices([(sending, draft)])
    assert posted.remote is not None
    assert posted.remote.status is DocumentStatus.OPEN


def test_what_stays_a_draft_after_it_was_marked_as_sent_is_not_called_booked(desk: Desk) -> None:
    sending = desk.sending(invoice())
    draft = desk.create(sending).remote
    assert draft is not None
    desk.inject("stays_draft")
    error = refused(desk.hook.post_invoices([(sending, draft)])[0])
    assert (error.action, error.outcome, error.rule.name) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "still a draft")


def test_what_was_marked_as_sent_and_cannot_be_read_is_not_called_unsent(desk: Desk) -> None:
    sending = desk.sending(invoice())
    draft = desk.create(sending).remote
    assert draft is not None
    desk.sandbox.inject(SLUG, "error_before_commit", method="GET", path="/invoices/", status=403, times=None)
    error = refused(desk.hook.post_invoices([(sending, draft)])[0])
    assert error.outcome is Outcome.UNKNOWN
    assert desk.sandbox.books(SLUG).documents[0].status == "open"


def test_a_document_with_everything_is_equal_to_the_cent(desk: Desk) -> None:
    goods = line(1, "3", "489.99", dimensions={"department": "WHOLESALE"}, warehouse="MAIN")
    cheap = line(2, "7", "0.333", rate="5", code="GB-R5", allowances_charges=(allowance("0.10", reason="Scratched"),))
    sales = invoice(
        goods,
        cheap,
        charges=[allowance("14.71"), allowance("0.25", "GB-R5", "5"), allowance("12.50", is_charge=True, reason="Packing")],
        **euros(),
    )
    sending, remote = desk.book(sales)
    assert differences(sales, remote, sending.references.customer) == ()
    assert (remote.currency, remote.total) == ("EUR", sales.gross_total)


@pytest.mark.parametrize("sales", [invoice(), credit_note()], ids=["invoice", "credit note"])
def test_without_the_custom_field_the_number_alone_keeps_a_repeat_from_making_a_second(zoho: Any, sales: Invoice | CreditNote) -> None:
    desk = Desk(zoho, external_id_field="")
    sending = desk.sending(sales)
    assert desk.create(sending).error is None
    error = refused(desk.create(sending))
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert len(desk.sandbox.books(SLUG).documents) == 1
    assert desk.asked("PUT", "/") == 0
    desk.hook.close()


def test_a_second_credit_note_of_one_number_is_not_made_where_zoho_would_take_it(zoho: Any) -> None:
    """Only for invoices the vendor promises that a number is unique."""
    desk = Desk(zoho, external_id_field="")
    sending = desk.sending(credit_note())
    assert desk.create(sending).error is None
    desk.inject("credit_numbers_repeat")
    error = refused(desk.create(sending))
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert len(desk.sandbox.books(SLUG).documents) == 1
    desk.hook.close()


def test_a_repeated_upsert_never_overwrites_what_a_person_has_edited(desk: Desk, org: Organisation) -> None:
    sending = desk.sending(invoice())
    made = desk.create(sending).remote
    assert made is not None
    org.ask("PUT", f"/invoices/{made.remote_id}", {"notes": "Agreed by telephone"})
    error = refused(desk.create(sending))
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert org.read(made.remote_id)["notes"] == "Agreed by telephone"


@pytest.mark.parametrize("field", ["cf_acd_id", ""])
def test_the_number_of_a_void_document_is_for_a_person_to_free(zoho: Any, field: str) -> None:
    desk = Desk(zoho, external_id_field=field)
    _, remote = desk.book(invoice())
    assert void(desk, remote).error is None
    error = refused(desk.create(desk.sending(invoice())))
    assert (error.action, error.outcome, error.rule.name) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "number of a void document")
    desk.hook.close()


def test_a_number_is_compared_here_because_filters_may_be_ignored(desk: Desk) -> None:
    desk.book(invoice(number="UK-SI-000001"))
    desk.inject("ignore_filters")
    assert desk.hook.find_invoice("UK-SI-000002", INVOICE) == []
    assert len(desk.hook.find_invoice("UK-SI-000001", INVOICE)) == 1
    assert desk.create(desk.sending(invoice(number="UK-SI-000002"))).error is None


@pytest.mark.parametrize("field", ["invoice_number", "status", "invoice_id"])
def test_a_list_that_lacks_a_field_proves_nothing(desk: Desk, field: str) -> None:
    desk.book(invoice())
    desk.inject("field_missing", field=field)
    with pytest.raises(PlatformError) as caught:
        desk.hook.find_invoice("UK-SI-004711", INVOICE)
    assert caught.value.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("field", ["contact_name", "currency_code", "contact_id"])
def test_a_list_of_contacts_that_lacks_a_field_makes_no_second_contact(desk: Desk, field: str) -> None:
    desk.hook.ensure_customer(BUYER, "GBP")
    desk.inject("field_missing", field=field)
    with pytest.raises(PlatformError):
        desk.hook.ensure_customer(BUYER, "GBP")
    assert len(desk.sandbox.simulators[SLUG].store.table("contact")) == 1


@pytest.mark.parametrize("field", ["last_modified_time", "payment_id", "amount", "date", "customer_id"])
def test_a_list_of_payments_that_lacks_a_field_is_an_error_and_no_payment_is_made(desk: Desk, field: str) -> None:
    sales = invoice()
    _, remote = desk.book(sales)
    pay(desk, payment(sales, remote), remote.customer_id)
    desk.inject("field_missing", field=field)
    with pytest.raises(PlatformError):
        list(desk.hook.list_payments(datetime.now(UTC) - timedelta(minutes=5)))
    with pytest.raises(PlatformError):
        pay(desk, payment(sales, remote), remote.customer_id)
    assert len(desk.sandbox.books(SLUG).payments) == 1


def test_every_page_of_a_list_is_read(desk: Desk) -> None:
    desk.hook.page_size = 5
    skus = [each.code for each in desk.hook.list_reference(ReferenceKind.ITEM)]
    assert len(skus) == len(set(skus)) > 20


def test_an_error_under_http_200_books_nothing(desk: Desk) -> None:
    sending = desk.sending(invoice())
    desk.inject("error_under_200", times=1)
    error = refused(desk.create(sending))
    assert (error.action, error.outcome, error.status, error.code) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, 200, "4")
    assert desk.sandbox.books(SLUG).documents == []


def test_an_internal_error_proves_nothing_and_is_looked_up(desk: Desk) -> None:
    sending = desk.sending(invoice())
    desk.inject("internal_error", times=1)
    error = refused(desk.create(sending))
    assert (error.action, error.outcome, error.code) == (Action.LOOK_UP, Outcome.UNKNOWN, "1000")


def test_a_locked_period_is_one_cause_for_all_documents(desk: Desk) -> None:
    sending = desk.sending(invoice())
    desk.inject("lock_period", until="2026-03-31")
    error = refused(desk.create(sending))
    assert (error.rule.name, error.rule.shared, error.action) == (PERIOD_CLOSED, True, Action.REVIEW)


def test_a_tax_that_zoho_rounds_per_line_is_seen_in_the_echo(desk: Desk) -> None:
    desk.inject("tax_per_line")
    sales = invoice(line(1, "1", "0.33"), line(2, "1", "0.33"), line(3, "1", "99.34"))
    sending = desk.sending(sales)
    remote = desk.create(sending).remote
    assert remote is not None
    assert differences(sales, remote, sending.references.customer) != ()


def test_a_delivery_address_is_written_before_the_invoice_is_sent(desk: Desk, org: Organisation) -> None:
    place = Address(line1="5 Dock Road", city="Hull", postal_code="HU2 2BB", country="GB")
    _, remote = desk.book(invoice(delivery=Delivery(name="Dock", address=place)))
    shown = org.read(remote.remote_id)["shipping_address"]
    assert (shown["attention"], shown["address"], shown["city"]) == ("Dock", "5 Dock Road", "Hull")


# -- customers --------------------------------------------------------------------------------------------------------------------


def test_a_customer_has_one_contact_per_currency(desk: Desk) -> None:
    home, foreign = desk.hook.ensure_customer(BUYER, "GBP"), desk.hook.ensure_customer(BUYER, "EUR")
    assert home != foreign
    assert desk.hook.ensure_customer(BUYER, "EUR") == foreign


def test_a_contact_that_a_person_made_is_adopted_only_where_it_cannot_be_another(desk: Desk, org: Organisation) -> None:
    theirs = org.contact(
        "Northgate Air Ltd", contact_persons=[{"first_name": "A", "email": "AP@northgate.example", "is_primary_contact": True}]
    )
    assert desk.hook.ensure_customer(BUYER, "GBP") == theirs
    other = BUYER.model_copy(update={"code": "C-UK-0043", "contact": Contact(email="other@elsewhere.example")})
    assert desk.hook.ensure_customer(other, "GBP") != theirs


def test_a_customer_keeps_its_contact_when_its_name_changes(desk: Desk) -> None:
    first = desk.hook.ensure_customer(BUYER, "GBP")
    assert desk.hook.ensure_customer(BUYER.model_copy(update={"name": "Northgate Pneumatics Ltd"}), "GBP") == first


def test_the_code_of_one_customer_is_not_found_in_that_of_another(desk: Desk) -> None:
    first = desk.hook.ensure_customer(BUYER.model_copy(update={"code": "C-UK-00421"}), "GBP")
    assert desk.hook.ensure_customer(BUYER, "GBP") != first


def test_an_inactive_contact_and_a_currency_that_is_not_set_up_are_for_a_person(desk: Desk) -> None:
    contact = desk.hook.ensure_customer(BUYER, "GBP")
    table = desk.sandbox.simulators[SLUG].store.table("contact")
    table[contact] = {**table[contact], "status": "inactive"}
    for currency, rule in (("GBP", "customer is inactive"), ("CHF", "currency is not set up")):
        with pytest.raises(PlatformError) as caught:
            desk.hook.ensure_customer(BUYER, currency)
        assert (caught.value.rule.name, caught.value.action) == (rule, Action.REVIEW)


# -- reference lists --------------------------------------------------------------------------------------------------------------


def test_items_are_found_by_their_sku_and_never_by_a_part_of_it(desk: Desk) -> None:
    (item,) = desk.hook.find_reference(ReferenceKind.ITEM, ["CMP-RS-22"])
    assert (item.code, item.details["list"]) == ("CMP-RS-22", "items")
    assert desk.hook.find_reference(ReferenceKind.ITEM, ["CMP-RS"]) == []
    many = ["CMP-RS-11", "CMP-RS-22", "FLT-PRE-30", "FRT-STD", "HOS-38-15", "SRV-MNT-A"]
    assert sorted(each.code for each in desk.hook.find_reference(ReferenceKind.ITEM, many)) == sorted(many)


def test_tags_locations_accounts_and_modes_are_listed_by_the_names_people_see(desk: Desk) -> None:
    def listed(kind: ReferenceKind) -> list[str]:
        return [each.code for each in desk.hook.list_reference(kind)]

    assert listed(ReferenceKind.DIMENSION) == ["MAIN", "NORTH", "Department:WHOLESALE", "Department:SERVICE"]
    assert {"4000", "1000"} <= set(listed(ReferenceKind.ACCOUNT))
    assert listed(ReferenceKind.TAX_CODE) == ["Standard Rate", "Reduced Rate", "Zero Rate", "Reverse Charge"]
    assert "banktransfer" in listed(ReferenceKind.PAYMENT_METHOD)
    assert listed(ReferenceKind.TERMS) == []


def test_a_preview_names_number_flag_and_organisation(desk: Desk) -> None:
    (preview,) = desk.hook.preview([desk.sending(invoice())])
    assert preview.method == "PUT"
    assert preview.path == "/books/v3/invoices?organization_id=20085710033&ignore_auto_number_generation=true"
