"""What goes over the wire: expected bodies written by hand from the contract, and properties of the amounts in them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.documents import right_documents
from tests.platforms.xero.documents import (
    BUYER,
    ENTRIES,
    EXPORT,
    FREE,
    SETTINGS,
    bill,
    credit,
    in_dollars,
    off,
    refs,
    sold,
)

from airbooks.canonical import (
    Address,
    Allocation,
    AllowanceCharge,
    Contact,
    CreditNote,
    Delivery,
    DocumentKind,
    DocumentStatus,
    Invoice,
    Line,
    LineKind,
    Payment,
    PaymentTerms,
)
from airbooks.platforms.errors import ReferenceMissing
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.wire import Reply, to_json
from airbooks.platforms.xero import mapping, reading
from airbooks.platforms.xero.money import cents, fits, parts, priced, spread
from airbooks.platforms.xero.refusals import refusals

CUSTOMER = {"ContactID": "b1f1a2c3-0000-4000-8000-000000000001"}
D = Decimal


def body_of(document: Invoice | CreditNote, **options: Any) -> dict[str, Any]:
    return mapping.document_body(document, refs(), options)


def lines_of(document: Invoice | CreditNote, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body_of(document, **options)["LineItems"]
    return found


# -- whole documents ----------------------------------------------------------------------------------------------------------


def percent(share: str, amount: str) -> AllowanceCharge:
    return AllowanceCharge(amount=D(amount), percent=D(share), reason="Line discount")


def test_a_full_export_invoice() -> None:
    compressor = sold(
        1,
        "2",
        "18450.00",
        **EXPORT,
        item_code="CMP-RS-75",
        name="Rotary screw compressor 75 kW",
        account_code="EQUIPMENT",
        dimensions={"department": "WHOLESALE"},
        warehouse="MAIN",
        serial_numbers=("SN-1", "SN-2"),
        allowances_charges=(percent("5", "1845.00"),),
    )
    kits = sold(2, "12", "84.50", **EXPORT, allowances_charges=(percent("5", "50.70"),))
    freight = sold(3, "1", "480.00", **EXPORT, item_code="FRT-STD", name="Freight", account_code="FREIGHT", kind=LineKind.FREIGHT)
    document = bill(compressor, kits, freight, **in_dollars())
    assert document.gross_total == D("36498.30")
    assert body_of(document, branding_theme_id="a94a0000-0000-4000-8000-000000000000") == {
        "Type": "ACCREC",
        "Contact": CUSTOMER,
        "InvoiceNumber": "AU-SI-004711",
        "Reference": "PO-88213",
        "Date": "2026-03-02",
        "DueDate": "2026-04-01",
        "LineAmountTypes": "Exclusive",
        "CurrencyCode": "USD",
        "CurrencyRate": D("0.655099"),
        "BrandingThemeID": "a94a0000-0000-4000-8000-000000000000",
        "Status": "AUTHORISED",
        "LineItems": [
            {
                "Description": "Rotary screw compressor 75 kW\nSerial numbers: SN-1, SN-2",
                "Quantity": D(2),
                "UnitAmount": D("18450.00"),
                "ItemCode": "CMP-RS-75",
                "AccountCode": "4000",
                "TaxType": "EXEMPTEXPORT",
                "TaxAmount": D("0.00"),
                "DiscountRate": D(5),
                "LineAmount": D("35055.00"),
                "Tracking": [{"Name": "Department", "Option": "WHOLESALE"}, {"Name": "Warehouse", "Option": "MAIN"}],
            },
            {
                "Description": "Filter kit AF-75",
                "Quantity": D(12),
                "UnitAmount": D("84.50"),
                "ItemCode": "FLT-KIT-75",
                "AccountCode": "4010",
                "TaxType": "EXEMPTEXPORT",
                "TaxAmount": D("0.00"),
                "DiscountRate": D(5),
                "LineAmount": D("963.30"),
            },
            {
                "Description": "Freight",
                "Quantity": D(1),
                "UnitAmount": D("480.00"),
                "ItemCode": "FRT-STD",
                "AccountCode": "4900",
                "TaxType": "EXEMPTEXPORT",
                "TaxAmount": D("0.00"),
                "LineAmount": D("480.00"),
            },
        ],
    }


def test_two_tax_rates_and_a_discount_of_the_document() -> None:
    document = bill(sold(1, "3", "33.35"), sold(2, "1", "10.10", **FREE), charges=[off("9.99")], notes=("Handle with care.",))
    taxed, free, text = lines_of(document)
    assert (taxed["LineAmount"], taxed["DiscountAmount"], taxed["TaxAmount"], taxed["TaxType"]) == (
        D("90.06"),
        D("9.99"),
        D("9.01"),
        "OUTPUT",
    )
    assert taxed["Description"] == "Filter kit AF-75\nShare of the document's discount: -9.99"
    assert (free["LineAmount"], free["TaxAmount"], free["TaxType"]) == (D("10.10"), D("0.00"), "EXEMPTOUTPUT")
    assert "DiscountAmount" not in free
    assert text == {"Description": "Handle with care."}


def test_a_credit_note_restates_the_price_because_it_takes_no_discount() -> None:
    returned = sold(1, "2", "84.50", allowances_charges=(percent("10", "16.90"),))
    assert body_of(credit(returned)) == {
        "Type": "ACCRECCREDIT",
        "Contact": CUSTOMER,
        "CreditNoteNumber": "AU-CN-000017",
        "Reference": "PO-88213",
        "Date": "2026-03-02",
        "LineAmountTypes": "Exclusive",
        "CurrencyCode": "AUD",
        "Status": "AUTHORISED",
        "LineItems": [
            {
                "Description": "Filter kit AF-75\nLine discount: -16.90",
                "Quantity": D(2),
                "UnitAmount": D("76.05"),
                "ItemCode": "FLT-KIT-75",
                "AccountCode": "4010",
                "TaxType": "OUTPUT",
                "TaxAmount": D("15.21"),
                "LineAmount": D("152.10"),
            },
            {"Description": "Reason: Returned goods\nCorrects: UK-SI-000123"},
        ],
    }


def test_a_charge_of_the_document_carries_the_documents_dimensions() -> None:
    document = bill(charges=[off("25.00", is_charge=True)], dimensions={"department": "WHOLESALE"})
    line, charge = lines_of(document)
    assert charge["Tracking"] == line["Tracking"] == [{"Name": "Department", "Option": "WHOLESALE"}]


def test_a_charge_of_the_document_is_a_line_of_the_item_kept_for_it() -> None:
    charge = off("25.00", is_charge=True, reason="Small order surcharge", account_code="FREIGHT")
    assert lines_of(bill(charges=[charge]))[1] == {
        "Description": "Small order surcharge",
        "Quantity": D(1),
        "UnitAmount": D("25.00"),
        "ItemCode": "DOC-CHARGE",
        "AccountCode": "4900",
        "TaxType": "OUTPUT",
        "TaxAmount": D("2.50"),
        "LineAmount": D("25.00"),
    }


def test_what_has_no_field_stands_in_one_text_only_line_and_the_internal_note_nowhere() -> None:
    ship_to = Delivery(name="Dock", address=Address(line1="5 Dock Road", city="Perth"), tracking_number="TRK-1")
    terms = PaymentTerms(code="2% 10 Net 30", net_days=30, discount_percent=D(2), discount_days=10)
    document = bill(delivery=ship_to, terms=terms, salesperson="SP-1", internal_note="Pays late.", posting_date=date(2026, 3, 5))
    body = body_of(document)
    assert body["Date"] == "2026-03-05"
    facts = "Terms: 2% 10 Net 30\nIssued: 2026-03-02\nSalesperson: SP-1\nShip to: Dock, 5 Dock Road, Perth\nTracking number: TRK-1"
    assert body["LineItems"][-1] == {"Description": facts}
    assert "Pays late." not in to_json(body).decode()


def test_a_comment_line_keeps_its_place() -> None:
    comment = Line(line_id="2", kind=LineKind.COMMENT, name="Deliver to\x0b the rear gate.", quantity=D(0))
    assert lines_of(bill(sold(1), comment, sold(3)))[1] == {"Description": "Deliver to  the rear gate."}


def test_a_due_date_follows_from_the_terms_where_none_is_given() -> None:
    document = bill(due_date=None, terms=PaymentTerms(code="Net 14", net_days=14))
    assert body_of(document)["DueDate"] == "2026-03-16"


def test_the_operators_options_decide_on_status_and_tax() -> None:
    body = body_of(bill(), approve=False, rounding="xero")
    assert body["Status"] == "DRAFT"
    assert "TaxAmount" not in body["LineItems"][0]


def test_the_heads_dimension_is_on_lines_that_name_no_option_of_its_category() -> None:
    document = bill(sold(1), sold(2, dimensions={"department": "SERVICE"}), dimensions={"department": "WHOLESALE"})
    assert [line["Tracking"] for line in lines_of(document)] == [
        [{"Name": "Department", "Option": "WHOLESALE"}],
        [{"Name": "Department", "Option": "SERVICE"}],
    ]


def test_two_options_of_one_category_cannot_be_said() -> None:
    second = {(ReferenceKind.DIMENSION, "team:SERVICE"): ENTRIES[ReferenceKind.DIMENSION, "department:SERVICE"]}
    both = References(customer="x", entries={**ENTRIES, **second}, settings=SETTINGS)
    with pytest.raises(mapping.Inexpressible, match="two options of one tracking category"):
        mapping.document_body(bill(sold(1, dimensions={"department": "WHOLESALE", "team": "SERVICE"})), both, {})


def test_a_tax_code_mapped_to_another_rate_is_told_for_a_given_tax_amount_would_hide_it() -> None:
    wrong = {**ENTRIES, (ReferenceKind.TAX_CODE, "AU-GST10"): ENTRIES[ReferenceKind.TAX_CODE, "AU-FREE"]}
    with pytest.raises(mapping.Inexpressible, match="AU-GST10 is 10 %, but is mapped to EXEMPTOUTPUT, which is 0 %"):
        mapping.document_body(bill(), References(customer="x", entries=wrong, settings=SETTINGS), {})


def test_a_code_without_mapping_is_named() -> None:
    with pytest.raises(ReferenceMissing, match="CMP-OF-15"):
        body_of(bill(sold(1, item_code="CMP-OF-15")))


def test_an_update_keeps_line_ids_and_clears_what_it_no_longer_says() -> None:
    document = bill(sold(1), sold(2), purchase_order="")
    body = mapping.update_body(document, refs(), {}, "i-1", ["l-1"])
    assert (body["InvoiceID"], body["Reference"]) == ("i-1", "")
    assert [line.get("LineItemID") for line in body["LineItems"]] == ["l-1", None]
    assert "Status" not in body


# -- money ------------------------------------------------------------------------------------------------------------------

QUANTITIES = st.decimals("0.00001", "99999", places=5)
PRICES = st.decimals("0.00001", "99999", places=5)


def xeros_amount(line: dict[str, Any]) -> Decimal:
    """LineAmount as Xero computes it."""
    rate, taken = line.get("DiscountRate", D(0)), line.get("DiscountAmount", D(0))
    return cents(line["Quantity"] * line["UnitAmount"] * (100 - rate) / 100 - taken)


@settings(deadline=None)
@given(document=right_documents())
def test_every_document_that_is_not_refused_adds_up_at_xero_as_it_does_here(document: Invoice | CreditNote) -> None:
    """Whatever the lines, discounts and charges: each amount is what Xero computes, and the totals are ours to the cent."""
    known = {**SETTINGS, "home_currency": document.currency}
    if refusals(document, known):
        return
    codes = {line.tax_code for line in document.lines}
    taxes = {(ReferenceKind.TAX_CODE, code): ENTRIES[ReferenceKind.TAX_CODE, "AU-FREE"] for code in codes}
    bare = {key: type(item)(kind=item.kind, code=item.code) for key, item in taxes.items()}
    items = {(ReferenceKind.ITEM, "FLT-100"): ENTRIES[ReferenceKind.ITEM, "FLT-KIT-75"]}
    resolved = References(customer="x", entries={**ENTRIES, **bare, **items}, settings=known)
    lines = [line for line in mapping.document_body(document, resolved, {})["LineItems"] if "LineAmount" in line]
    assert [xeros_amount(line) for line in lines] == [line["LineAmount"] for line in lines]
    assert all(fits(line["Quantity"], 4) and fits(line["UnitAmount"], 4) for line in lines)
    assert sum(line["LineAmount"] for line in lines) == document.net_total
    assert sum(line["TaxAmount"] for line in lines) == document.tax_total


@settings(deadline=None)
@given(quantity=QUANTITIES, price=PRICES, discounts=st.booleans())
def test_quantity_and_price_always_make_the_amount(quantity: Decimal, price: Decimal, discounts: bool) -> None:
    sale = sold(1, str(quantity), str(price))
    (part,) = parts(bill(sale))
    found = priced(sale, part, discounts=discounts)
    assert cents(found.quantity * found.unit) == sale.net_amount
    assert fits(found.quantity, 4)
    assert fits(found.unit, 4)


@settings(deadline=None)
@given(amount=st.decimals("0.01", "99999", places=2), weights=st.lists(st.decimals("0.01", "99999", places=2), min_size=1, max_size=9))
def test_shares_of_a_discount_add_up(amount: Decimal, weights: list[Decimal]) -> None:
    shares = spread(amount, weights)
    assert sum(shares) == amount
    assert all(abs(share - amount * weight / sum(weights)) <= D("0.01") for share, weight in zip(shares, weights, strict=True))


def test_the_cent_that_rounding_by_document_makes_goes_to_the_largest_line() -> None:
    document = bill(sold(1, "1", "0.05"), sold(2, "1", "0.15"), sold(3, "1", "0.25"))
    assert document.tax_total == D("0.05")  # by line it would be 0.06
    assert [line["TaxAmount"] for line in lines_of(document)] == [D("0.01"), D("0.02"), D("0.02")]


# -- refusals ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "code", "field"),
    [
        (bill(number="N" * 256), "XERO-NUMBER", "number"),
        (bill(number="A,B"), "XERO-NUMBER", "number"),
        (bill(sold(1, net_amount=D("1.005"))), "XERO-DECIMALS", "lines[0].net_amount"),
        (bill(rounding_amount=D("0.01")), "XERO-TOTALS", "rounding_amount"),
        (bill(prepaid_amount=D(5)), "XERO-TOTALS", "prepaid_amount"),
        (bill(withholding_tax=D(5)), "XERO-TOTALS", "withholding_tax"),
        (bill(sold(1, "-1")), "XERO-TOTALS", "gross_total"),
        (bill(currency="EUR"), "XERO-CURRENCY", "exchange_rate"),
        (bill(due_date=None, terms=PaymentTerms()), "XERO-DUE", "due_date"),
        (bill(sold(1, tax_code="")), "XERO-TAX", "lines[0].tax_code"),
        (bill(tax_breakdown=()), "XERO-TAX", "tax_total"),
        (bill(sold(1, "1", "5.00"), sold(2, **FREE), charges=[off("6.00")]), "XERO-DISCOUNT", "allowances_charges"),
        (bill(sold(1, item_code="", account_code="")), "XERO-ACCOUNT", "lines[0].account_code"),
        (bill(notes=("x" * 4001,)), "XERO-TEXT", "notes"),
        (bill(sold(1, description="x" * 4000)), "XERO-TEXT", "lines[0].description"),
        (bill(buyer=BUYER.model_copy(update={"code": "C" * 51})), "XERO-TEXT", "buyer.code"),
        (
            bill(buyer=BUYER.model_copy(update={"contact": BUYER.contact.model_copy(update={"email": "ä@b.example"})})),
            "XERO-TEXT",
            "buyer.contact.email",
        ),
    ],
)
def test_what_xero_cannot_express_is_told_before_sending(document: Invoice, code: str, field: str) -> None:
    found = refusals(document, SETTINGS, "xero_au")
    assert [(each.code, each.field, each.connection) for each in found] == [(code, field, "xero_au")]
    assert found[0].says
    assert found[0].fix


def test_a_rate_to_another_currency_than_the_books_is_refused() -> None:
    (found,) = refusals(bill(**in_dollars()), {**SETTINGS, "home_currency": "NZD"})
    assert found.field == "exchange_rate.base"


def test_a_charge_needs_the_item_kept_for_it() -> None:
    (found,) = refusals(bill(charges=[off("5.00", is_charge=True)]), {"home_currency": "AUD"})
    assert (found.code, found.field) == ("XERO-ACCOUNT", "allowances_charges")


def test_ordinary_documents_are_not_refused() -> None:
    assert refusals(bill(**in_dollars()), SETTINGS) == refusals(credit(due_date=None, terms=PaymentTerms()), SETTINGS) == ()


# -- contacts and payments --------------------------------------------------------------------------------------------------


def test_a_contact_carries_our_code_and_its_address_for_invoices() -> None:
    party = BUYER.model_copy(update={"vat_id": "51824753556"})
    assert mapping.contact_body(party, "USD") == {
        "Name": "Northgate Air Ltd",
        "ContactNumber": "C-AU-0042",
        "EmailAddress": "ap@northgate.example",
        "TaxNumber": "51824753556",
        "DefaultCurrency": "USD",
        "Addresses": [
            {
                "AddressType": "POBOX",
                "AddressLine1": "14 Foundry Rd",
                "City": "Hamilton",
                "Region": "ON",
                "PostalCode": "L8H 4K2",
                "Country": "CA",
            }
        ],
    }
    assert mapping.contact_body(party, "USD", coded=True)["Name"] == "Northgate Air Ltd (C-AU-0042)"


@pytest.mark.parametrize(
    ("name", "parts"),
    [("Ana Maria Ruiz", {"FirstName": "Ana", "LastName": "Maria Ruiz"}), ("Ana", {"FirstName": "Ana"}), ("", {})],
)
def test_the_person_to_reach_is_not_lost(name: str, parts: dict[str, str]) -> None:
    body = mapping.contact_body(BUYER.model_copy(update={"contact": Contact(name=name)}), "USD")
    assert {field: body[field] for field in ("FirstName", "LastName") if field in body} == parts


def test_a_payment_is_one_element_per_invoice_and_names_itself_in_the_reference() -> None:
    allocations = tuple(
        Allocation(document_number=f"AU-SI-{n}", remote_id=f"i-{n}", amount=D(amount)) for n, amount in ((1, "18000.00"), (2, "500.00"))
    )
    payment = Payment(
        source="bank",
        source_id="2026-03-20/7",
        customer_code="C-AU-0042",
        received_on=date(2026, 3, 20),
        amount=D("18500.00"),
        method="Wire",
        reference="WIRE-5521",
        allocations=allocations,
        **in_dollars("1.526486"),
    )
    first, second = mapping.payment_bodies(payment, refs())
    assert first == {
        "Invoice": {"InvoiceID": "i-1"},
        "Account": {"Code": "1000"},
        "Date": "2026-03-20",
        "Amount": D("18000.00"),
        "CurrencyRate": D("0.655099"),
        "Reference": "WIRE-5521 Wire [bank 2026-03-20/7]",
    }
    assert (second["Invoice"], second["Amount"]) == ({"InvoiceID": "i-2"}, D("500.00"))


# -- reading ----------------------------------------------------------------------------------------------------------------


def row(**more: Any) -> dict[str, Any]:
    return {
        "InvoiceID": "i-1",
        "InvoiceNumber": "AU-SI-1",
        "Type": "ACCREC",
        "Status": "AUTHORISED",
        "SubTotal": D("100.00"),
        "TotalTax": D("10.00"),
        "Total": D("110.00"),
        "AmountDue": D("110.00"),
        "CurrencyCode": "AUD",
        "Date": "/Date(1772409600000+0000)/",
        "DateString": "2026-03-02T00:00:00",
        "UpdatedDateUTC": "/Date(1772413200123+0000)/",
        "Contact": {"ContactID": "c-1"},
        "LineItems": [{"AccountCode": "4010"}, {"Description": "text"}, {"ItemCode": "DOC-CHARGE", "AccountCode": "4900"}],
        **more,
    }


def test_a_document_is_read_back_without_lines_that_are_not_ours() -> None:
    remote = reading.remote_document(row(), DocumentKind.INVOICE, "DOC-CHARGE")
    assert (remote.net, remote.tax, remote.total, remote.balance, remote.line_count) == (D(100), D(10), D(110), D(110), 1)
    assert (remote.issue_date, remote.customer_id, remote.version) == (date(2026, 3, 2), "c-1", "/Date(1772413200123+0000)/")
    assert remote.modified_at is not None
    assert remote.modified_at.utcoffset() == timedelta(0)


def test_net_dates_are_utc_whatever_stands_behind_the_milliseconds() -> None:
    assert reading.moment("/Date(1772413200123+1300)/") == reading.moment("/Date(1772413200123)/")
    with pytest.raises(ValueError, match=r"not a \.NET date"):
        reading.moment("2026-03-02")


@pytest.mark.parametrize(
    ("status", "due", "meant"),
    [
        ("DRAFT", "110.00", DocumentStatus.DRAFT),
        ("SUBMITTED", "110.00", DocumentStatus.DRAFT),
        ("AUTHORISED", "110.00", DocumentStatus.OPEN),
        ("AUTHORISED", "10.00", DocumentStatus.PARTIALLY_PAID),
        ("PAID", "0.00", DocumentStatus.PAID),
        ("VOIDED", "0.00", DocumentStatus.VOID),
        ("DELETED", "0.00", DocumentStatus.VOID),
    ],
)
def test_the_status_in_our_words(status: str, due: str, meant: DocumentStatus) -> None:
    assert reading.remote_document(row(Status=status, AmountDue=D(due)), DocumentKind.INVOICE).status is meant


def test_a_status_nobody_knows_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="unknown status"):
        reading.document_status("BILLED", D(0), D(0))


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (400, b'{"error":"invalid_grant"}', "invalid_grant", "invalid_grant"),
        (401, b'{"Title":"Unauthorized","Detail":"TokenExpired: token expired at 11/03/2025"}', "TokenExpired", "token expired"),
        (403, b'{"Title":"Forbidden","Detail":"AuthenticationUnsuccessful"}', "AuthenticationUnsuccessful", "Authentication"),
        (
            400,
            b'{"ErrorNumber":10,"Type":"ValidationException","Message":"m","Elements":[{"ValidationErrors":[{"Message":"No."}]}]}',
            "ValidationException",
            "No.",
        ),
        (404, b"<html>", "", "does not have"),
        (429, b"", "", "too many calls"),
    ],
)
def test_an_error_is_recognised_in_each_of_its_shapes(status: int, body: bytes, code: str, words: str) -> None:
    found = reading.complaint(Reply(status, {}, body))
    assert found is not None
    assert (found.code, words in found.message) == (code, True)


def test_has_errors_decides_and_not_the_status_that_is_echoed() -> None:
    failed = row(Status="VOIDED", HasErrors=True, ValidationErrors=[{"Message": "Invoice not of valid status for modification"}])
    found = reading.element_complaint(failed)
    assert found is not None
    assert found.message == "Invoice not of valid status for modification"
    assert reading.element_complaint(row(HasErrors=False, StatusAttributeString="OK")) is None
