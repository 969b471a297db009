"""Bodies written by hand from the vendor's contract, and answers read back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from tests.documents import right_documents
from tests.platforms.business_central.documents import BUYER, SETTINGS, credit_note, discount, full_invoice, invoice, line, references

from airbooks.canonical import Allocation, AllowanceCharge, CreditNote, DocumentKind, DocumentStatus, Invoice, Payment
from airbooks.platforms.business_central.lines import computed_amount, head_discount, line_charges, line_dimensions
from airbooks.platforms.business_central.mapping import customer_body, document_body, payment_bodies, payment_reference
from airbooks.platforms.business_central.reading import correlation_id, payments, plain_message, remote_document
from airbooks.platforms.business_central.refusals import refusals
from airbooks.platforms.wire import from_json, to_json

KEY = "0f1e2d3c-4b5a-4697-8879-6a5b4c3d2e1f"


def test_a_full_invoice_becomes_the_documented_body() -> None:
    assert document_body(full_invoice(), references(), {}) == {
        "customerNumber": "C-EU-0042",
        "externalDocumentNumber": "EU-SI-000123",
        "invoiceDate": "2026-03-16",
        "postingDate": "2026-03-17",
        "dueDate": "2026-04-15",
        "currencyCode": "USD",
        "paymentTermsId": "id-net30",
        "discountAmount": 0,
        "shortcutDimension1Code": "WHOLESALE",
        "customerPurchaseOrderReference": "PO-88213",
        "sellToAddressLine1": "Kaistraße 101",
        "sellToCity": "Kiel",
        "sellToPostCode": "24114",
        "sellToCountry": "DE",
        "phoneNumber": "+49 431 555 0142",
        "email": "ap@hafenwerft.example",
        "shipToName": "Dock 3",
        "shipToAddressLine1": "Werftstraße 3",
        "shipToCity": "Kiel",
        "shipToPostCode": "24143",
        "shipToCountry": "DE",
        "salesInvoiceLines": [
            {
                "lineType": "Item",
                "lineObjectNumber": "TNK-V-0270",
                "description": "Vertical air receiver 270 l",
                "quantity": 3,
                "unitPrice": Decimal("1249.9"),
                "discountAmount": Decimal("187.49"),
                "taxCode": "MWST19",
                "unitOfMeasureCode": "STK",
                "shipmentDate": "2026-03-15",
                "locationId": "location-main",
            },
            {
                "lineType": "Item",
                "lineObjectNumber": "HOS-38-15",
                "description": "Rubber hose",
                "quantity": Decimal("12.5"),
                "unitPrice": Decimal("3.465"),
                "discountAmount": 0,
                "taxCode": "MWST7",
                "unitOfMeasureCode": "M",
                "shipmentDate": "2026-03-15",
            },
            {
                "lineType": "Item",
                "lineObjectNumber": "FRT-STD",
                "description": "Freight",
                "quantity": 1,
                "unitPrice": 320,
                "discountAmount": 0,
                "taxCode": "MWST19",
                "unitOfMeasureCode": "STK",
                "shipmentDate": "2026-03-15",
            },
            {"lineType": "Comment", "description": "Deliver before noon"},
            {
                "lineType": "Account",
                "lineObjectNumber": "4800",
                "description": "Volume discount",
                "description2": "Document discount",
                "quantity": -1,
                "unitPrice": Decimal("50.00"),
                "discountAmount": 0,
                "taxCode": "MWST19",
            },
            {"lineType": "Comment", "description": "Sales order: SO-5512"},
            {"lineType": "Comment", "description": "Forklift on site"},
        ],
    }


def test_a_credit_note_names_the_invoice_it_is_applied_to_and_says_what_it_corrects() -> None:
    note = credit_note(line(quantity="1"), reason="Damaged in transit", terms=full_invoice().terms)
    assert document_body(note, references(), {}, corrects="9f0c") == {
        "customerNumber": "C-EU-0042",
        "externalDocumentNumber": "EU-CN-000017",
        "creditMemoDate": "2026-03-16",
        "postingDate": "2026-03-16",
        "currencyCode": "EUR",
        "paymentTermsId": "id-net30",
        "discountAmount": 0,
        "sellToAddressLine1": "Kaistraße 101",
        "sellToCity": "Kiel",
        "sellToPostCode": "24114",
        "sellToCountry": "DE",
        "phoneNumber": "+49 431 555 0142",
        "email": "ap@hafenwerft.example",
        "salesCreditMemoLines": [
            {
                "lineType": "Item",
                "lineObjectNumber": "TNK-V-0270",
                "description": "Vertical air receiver 270 l",
                "quantity": 1,
                "unitPrice": Decimal("450.5"),
                "discountAmount": 0,
                "taxCode": "MWST19",
                "unitOfMeasureCode": "STK",
            },
            {"lineType": "Comment", "description": "Corrects invoice: EU-SI-000123 of 2026-03-16"},
            {"lineType": "Comment", "description": "Reason: Damaged in transit"},
        ],
        "invoiceId": "9f0c",
    }


def test_a_document_discount_stands_in_the_head_only_where_all_lines_are_taxed_alike() -> None:
    alike = invoice(line(1), line(2), charges=(discount("25.00"),))
    mixed = invoice(line(1), line(2, rate="7", code="DE-R7"), charges=(discount("25.00"),))
    assert (head_discount(alike), head_discount(mixed)) == (Decimal("25.00"), Decimal(0))
    assert document_body(alike, references(), {})["discountAmount"] == 25
    assert len(document_body(alike, references(), {})["salesInvoiceLines"]) == 2
    assert [each["lineType"] for each in document_body(mixed, references(), {})["salesInvoiceLines"]] == ["Item", "Item", "Account"]


def test_charges_stand_on_marked_account_lines_of_their_own() -> None:
    packing = AllowanceCharge(
        is_charge=True, amount=Decimal("12.00"), reason="Packing", tax_code="DE-S19", tax_rate=Decimal(19), account_code="FREIGHT"
    )
    of_line = AllowanceCharge(is_charge=True, amount=Decimal("3.00"), reason="Cutting")
    bodies = document_body(invoice(line(allowances_charges=(of_line,)), charges=(packing,)), references(), {})["salesInvoiceLines"]
    assert [(each["lineObjectNumber"], each["quantity"], each["unitPrice"], each.get("description2")) for each in bodies] == [
        ("TNK-V-0270", 2, Decimal("450.5"), None),
        ("4000", 1, 3, "Line charge"),
        ("4900", 1, 12, "Document charge"),
    ]


def test_a_line_without_an_item_is_posted_to_its_account_and_has_no_unit() -> None:
    body = document_body(invoice(line(item_code="", name="Rental", account_code="SERVICE")), references(), {})["salesInvoiceLines"][0]
    assert (body["lineType"], body["lineObjectNumber"]) == ("Account", "4100")
    assert "unitOfMeasureCode" not in body


def test_texts_that_are_too_long_go_on_in_comment_lines_and_none_is_cut() -> None:
    name, note = "Compressor " * 14, "n" * 250
    bodies = document_body(invoice(line(name=name, note=note, serial_numbers=("A1", "A2"))), references(), {})["salesInvoiceLines"]
    texts = [each["description"] for each in bodies]
    assert all(len(text) <= 100 for text in texts)
    assert " ".join(texts[:2]) == name.strip()
    assert "".join(texts[2:5]) == note
    assert texts[5] == "Serial numbers: A1, A2"


def test_salespersons_are_codes_only_when_the_operator_says_so() -> None:
    document = invoice(salesperson="JR")
    assert document_body(document, references(), {"salesperson_codes": True})["salesperson"] == "JR"
    plain = document_body(document, references(), {})
    assert "salesperson" not in plain
    assert plain["salesInvoiceLines"][-1]["description"] == "Salesperson: JR"


def test_lines_carry_only_the_dimensions_that_they_do_not_share_with_the_head() -> None:
    shared = invoice(line(1, dimensions={"department": "SERVICE"}), line(2, dimensions={"department": "SERVICE"}))
    mixed = invoice(line(1, dimensions={"department": "SERVICE"}), line(2, dimensions={"department": "WHOLESALE"}), line(3))
    assert line_dimensions(shared, references()) == [{}, {}]
    assert "shortcutDimension1Code" not in document_body(mixed, references(), {})
    assert line_dimensions(mixed, references()) == [{"DEPARTMENT": "SERVICE"}, {"DEPARTMENT": "WHOLESALE"}, {}]
    as_value = references(dimensions="department=DEPARTMENT warehouse=WAREHOUSE")
    assert line_dimensions(invoice(line(1, warehouse="NORTH"), line(2)), as_value) == [{"WAREHOUSE": "NORTH"}, {}]


def test_a_customer_is_made_from_the_buyer() -> None:
    assert customer_body(BUYER, "EUR") == {
        "number": "C-EU-0042",
        "displayName": "Hafenwerft Kiel GmbH",
        "type": "Company",
        "addressLine1": "Kaistraße 101",
        "city": "Kiel",
        "country": "DE",
        "postalCode": "24114",
        "phoneNumber": "+49 431 555 0142",
        "email": "ap@hafenwerft.example",
        "taxRegistrationNumber": "DE811569869",
        "currencyCode": "EUR",
    }


def test_money_received_is_negative_and_names_invoices_by_id() -> None:
    payment = Payment(
        source="bank",
        source_id="pay-777",
        customer_code="C-EU-0042",
        received_on=date(2026, 3, 20),
        amount=Decimal("1500.00"),
        currency="EUR",
        reference="Wire 20 Mar",
        allocations=(Allocation(document_number="EU-SI-000123", remote_id="f1c8", amount=Decimal("1200.00")),),
    )
    shared = {
        "customerNumber": "C-EU-0042",
        "postingDate": "2026-03-20",
        "documentNumber": "AB0F1E2D3C4B5A469788",
        "externalDocumentNumber": "BANK PAY-777",
        "description": "Wire 20 Mar",
    }
    bodies = payment_bodies(payment, "C-EU-0042", KEY)
    assert bodies == [
        {**shared, "amount": Decimal("-1200.00"), "appliesToInvoiceId": "f1c8"},
        {**shared, "amount": Decimal("-300.00")},
    ]
    long = payment.model_copy(update={"source_id": "x" * 36})
    names = [payment_reference(each) for each in (long, long.model_copy(update={"source": "shop"}))]
    assert len(set(names)) == 2
    assert all(len(each) <= 35 for each in names)


# -- what cannot be sent ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "topic"),
    [
        (invoice(number="EU-SI-" + "0" * 30), "number"),
        (invoice(number="eu-si-1"), "number"),
        (invoice(purchase_order="P" * 36), "purchase order"),
        (invoice(prepaid_amount=Decimal(5)), "prepaid_amount"),
        (invoice(rounding_amount=Decimal("0.01")), "rounding_amount"),
        (invoice(withholding_tax=Decimal(5)), "withholding_tax"),
        (invoice(tax_point_date=date(2026, 2, 1)), "tax point"),
        (invoice(attachments=("drawing.pdf",)), "attachments"),
        (invoice(buyer=BUYER.model_copy(update={"code": "C" * 21})), "length"),
        (invoice(line(item_code="", account_code="")), "line target"),
        (invoice(line(tax_code="")), "tax code"),
        (invoice(line(quantity="1.000001")), "quantity"),
        (invoice(line(quantity="10000", price="0.000004")), "price"),
        (invoice(line(dimensions={"region": "NORTH"})), "dimension"),
        (
            invoice(line(1), line(2, rate="7", code="DE-R7"), charges=(discount("5").model_copy(update={"account_code": ""}),)),
            "charge account",
        ),
    ],
)
def test_what_the_api_cannot_express_is_refused_before_sending(document: Invoice, topic: str) -> None:
    found = refusals(document, SETTINGS, "business_central_eu")
    assert f"AB-UNSUPPORTED:{topic}" in {finding.code for finding in found}
    assert all(finding.fix and finding.connection == "business_central_eu" for finding in found)


def test_an_ordinary_document_is_not_refused() -> None:
    assert refusals(full_invoice(), SETTINGS) == ()
    assert refusals(credit_note(), SETTINGS) == ()


@given(right_documents())
def test_a_document_that_is_let_through_is_worth_the_same_there_line_by_line(document: Invoice | CreditNote) -> None:
    if any(finding.code in {"AB-UNSUPPORTED:price", "AB-UNSUPPORTED:quantity"} for finding in refusals(document, SETTINGS)):
        return
    for each in document.amount_lines:
        charges = sum((charge.amount for charge in line_charges(each)), Decimal(0))
        assert computed_amount(each, document.currency) + charges == each.net_amount


# -- answers ------------------------------------------------------------------------------------------------------------------

ROW: dict[str, Any] = {
    "@odata.etag": 'W/"JzQ0Oyc="',
    "id": "f1c8",
    "number": "103201",
    "externalDocumentNumber": "EU-SI-000123",
    "invoiceDate": "2026-03-02",
    "postingDate": "0001-01-01",
    "customerNumber": "C-EU-0042",
    "currencyCode": "EUR",
    "status": "Open",
    "totalAmountExcludingTax": 3699,
    "totalTaxAmount": Decimal("305.17"),
    "totalAmountIncludingTax": Decimal("4004.17"),
    "remainingAmount": Decimal("4004.17"),
    "lastModifiedDateTime": "2026-03-02T10:15:04.12Z",
}


@pytest.mark.parametrize(
    ("status", "remaining", "is_posted", "expected"),
    [
        ("Draft", "4004.17", True, DocumentStatus.DRAFT),
        ("In_x0020_Review", "4004.17", True, DocumentStatus.DRAFT),
        ("_x0020_", "4004.17", True, DocumentStatus.DRAFT),
        ("Open", "4004.17", False, DocumentStatus.DRAFT),
        ("Open", "4004.17", True, DocumentStatus.OPEN),
        ("Open", "4.17", True, DocumentStatus.PARTIALLY_PAID),
        ("Paid", "0", True, DocumentStatus.PAID),
        ("Canceled", "0", True, DocumentStatus.VOID),
        ("Corrective", "0", True, DocumentStatus.PAID),
        ("Corrective", "4004.17", True, DocumentStatus.OPEN),
    ],
)
def test_each_status_has_its_meaning(status: str, remaining: str, is_posted: bool, expected: DocumentStatus) -> None:
    row = {**ROW, "status": status, "remainingAmount": Decimal(remaining)}
    assert remote_document(row, DocumentKind.INVOICE, is_posted=is_posted).status is expected


def test_an_answer_is_read_to_the_cent_with_its_version_and_empty_dates() -> None:
    lines = [
        {"lineType": "Item", "description2": ""},
        {"lineType": "Comment", "description2": ""},
        {"lineType": "Account", "description2": "Document discount"},
    ]
    remote = remote_document({**ROW, "salesInvoiceLines": lines}, DocumentKind.INVOICE, is_posted=True)
    assert (remote.net, remote.tax, remote.total) == (Decimal(3699), Decimal("305.17"), Decimal("4004.17"))
    assert (remote.version, remote.line_count, remote.posting_date) == ('W/"JzQ0Oyc="', 1, None)


def test_entries_of_one_number_are_one_payment_and_a_reversal_cancels_it() -> None:
    entry = {
        "customerNumber": "C-EU-0042",
        "documentNumber": "AB1",
        "externalDocumentNumber": "PAY-1",
        "postingDate": "2026-03-20",
        "amount": -100,
        "currencyCode": "",
        "lastModifiedDateTime": "2026-03-20T10:00:00Z",
    }
    both = [
        entry,
        {**entry, "amount": Decimal("-20.50")},
        {**entry, "documentNumber": "AB2", "amount": -5},
        {**entry, "documentNumber": "AB2", "amount": 5},
    ]
    first, second = payments(both, "EUR")
    assert (first.amount, first.currency, first.reference, first.reversed) == (Decimal("120.50"), "EUR", "PAY-1", False)
    assert (second.amount, second.reversed) == (Decimal(5), True)


def test_the_correlation_id_is_told_apart_from_the_message() -> None:
    text = 'A "customerNumber" must be provided.  CorrelationId:  3fd0c0de-0000-4000-8000-000000000001.'
    assert plain_message(text) == 'A "customerNumber" must be provided.'
    assert correlation_id(text) == "3fd0c0de-0000-4000-8000-000000000001"


def test_numbers_survive_the_way_into_json_exactly() -> None:
    body = document_body(full_invoice(), references(), {})
    assert from_json(to_json(body)) == body
