"""Request bodies, written by hand from the vendor's contract, and what answers mean."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.documents import invoice, line, right_documents
from tests.platforms.quickfile.documents import (
    BUYER,
    compressor,
    discount,
    freight,
    full_invoice,
    hose,
    references,
    small_credit_note,
)

from airbooks.canonical import (
    Allocation,
    AllowanceCharge,
    Contact,
    CreditNote,
    DocumentKind,
    DocumentStatus,
    Invoice,
    Line,
    LineKind,
    Payment,
    PaymentTerms,
    Severity,
    TaxCategory,
)
from airbooks.platforms.errors import ReferenceMissing
from airbooks.platforms.quickfile import mapping, payments, reading
from airbooks.platforms.quickfile.lines import bearers, cents, line_taxes, quantity_and_price
from airbooks.platforms.quickfile.refusals import refusals

SETTINGS = {"currency": "GBP", "sales_nominal_code": "4000", "term_days": "30"}

# -- whole documents -----------------------------------------------------------------------------------------------------------------


def test_a_full_invoice_is_the_vendors_body() -> None:
    assert mapping.document_body(full_invoice(), references()) == {
        "InvoiceData": {
            "InvoiceType": "INVOICE",
            "ClientID": 2301,
            "ClientContactName": "Ann Lee",
            "ClientAddress": {"Address": "Unit 7 Wharf Road<br />Sheffield<br />S9 2LF", "CountryISO": "GB"},
            "Currency": "EUR",
            "TermDays": 45,
            "Language": "en",
            "InvoiceDescription": "Order SO-88121",
            "Terms": "Net 45. Title passes on payment.",
            "Notes": "Thank you.\nShip to: Dock 2, Rotherham, GB",
            "ProjectTags": {"Tag": ["WHOLESALE", "MAIN", "NORTH", "SERVICE"]},
            "InvoiceLines": {
                "ItemLines": {
                    "ItemLine": [
                        {
                            "ItemID": 501,
                            "ItemName": "CMP-7550",
                            "ItemDescription": "7.5 kW rotary screw compressor\nDepartment: WHOLESALE\nWarehouse: MAIN",
                            "ItemNominalCode": "4000",
                            "Tax1": {"TaxName": "VAT", "TaxPercentage": Decimal(20), "TaxAmount": Decimal("1700.00")},
                            "UnitCost": Decimal("4250.00"),
                            "Qty": Decimal(2),
                        },
                        {
                            "ItemID": 0,
                            "ItemName": "HOS-38-15",
                            "ItemDescription": (
                                "Rubber hose 3/8 in\nUnit: MTR\nLine discount 10 %: -13.86\nDepartment: WHOLESALE\nWarehouse: NORTH"
                            ),
                            "ItemNominalCode": "4010",
                            "Tax1": {"TaxName": "VAT", "TaxPercentage": Decimal(5), "TaxAmount": Decimal("6.24")},
                            "UnitCost": Decimal("3.1185"),
                            "Qty": Decimal(40),
                        },
                        {
                            "ItemID": 0,
                            "ItemName": "FRT-STD",
                            "ItemDescription": "Pallet delivery\nDepartment: SERVICE",
                            "ItemNominalCode": "4905",
                            "Tax1": {"TaxName": "VAT", "TaxPercentage": Decimal(20), "TaxAmount": Decimal("29.00")},
                            "UnitCost": Decimal("145.00"),
                            "Qty": Decimal(1),
                        },
                        {
                            "ItemID": 0,
                            "ItemName": "Discount",
                            "ItemDescription": "Volume discount",
                            "ItemNominalCode": "4800",
                            "Tax1": {"TaxName": "VAT", "TaxPercentage": Decimal(20), "TaxAmount": Decimal("-20.00")},
                            "UnitCost": Decimal("-100.00"),
                            "Qty": Decimal(1),
                        },
                    ]
                }
            },
            "Scheduling": {
                "SingleInvoiceData": {"InvoiceNumber": "UK-SI-000123", "PurchaseReference": "PO-55310", "IssueDate": "2026-03-16"}
            },
        }
    }


def test_a_credit_note_is_an_invoice_below_zero_that_names_its_parent() -> None:
    assert mapping.document_body(small_credit_note(), references(), parent=90125) == {
        "InvoiceData": {
            "InvoiceType": "INVOICE",
            "ClientID": 2301,
            "ClientContactName": "Ann Lee",
            "ClientAddress": {"Address": "Unit 7 Wharf Road<br />Sheffield<br />S9 2LF", "CountryISO": "GB"},
            "Currency": "GBP",
            "TermDays": 30,
            "Language": "en",
            "Notes": "Returned goods\nCorrects: UK-SI-000123",
            "InvoiceLines": {
                "ItemLines": {
                    "ItemLine": [
                        {
                            "ItemID": 501,
                            "ItemName": "CMP-7550",
                            "ItemDescription": "7.5 kW rotary screw compressor",
                            "ItemNominalCode": "4000",
                            "Tax1": {"TaxName": "VAT", "TaxPercentage": Decimal(20), "TaxAmount": Decimal("-1700.00")},
                            "UnitCost": Decimal("-4250.00"),
                            "Qty": Decimal(2),
                        }
                    ]
                }
            },
            "Scheduling": {"SingleInvoiceData": {"InvoiceNumber": "UK-CN-000017", "IssueDate": "2026-03-20"}},
            "CreditNote": {"CreditNoteType": "HOLD", "ParentInvoiceID": 90125},
        }
    }


def test_the_nodes_stand_in_the_order_of_the_schema() -> None:
    data = mapping.document_body(full_invoice(), references(), invoice_id=90125)["InvoiceData"]
    assert list(data) == [
        "InvoiceID",
        "InvoiceType",
        "ClientID",
        "ClientContactName",
        "ClientAddress",
        "Currency",
        "TermDays",
        "Language",
        "InvoiceDescription",
        "Terms",
        "Notes",
        "ProjectTags",
        "InvoiceLines",
        "Scheduling",
    ]
    (first, *_) = data["InvoiceLines"]["ItemLines"]["ItemLine"]
    assert list(first) == ["ItemID", "ItemName", "ItemDescription", "ItemNominalCode", "Tax1", "UnitCost", "Qty"]


# -- parts ---------------------------------------------------------------------------------------------------------------------------


def data_of(document: Invoice | CreditNote, **changed: str) -> dict[str, Any]:
    found: dict[str, Any] = mapping.document_body(document, references(**changed))["InvoiceData"]
    return found


def lines_of(document: Invoice | CreditNote, **changed: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data_of(document, **changed)["InvoiceLines"]["ItemLines"]["ItemLine"]
    return found


def test_a_due_date_becomes_days_from_the_date_that_quickfile_has() -> None:
    posted = invoice(compressor(), issue_date=date(2026, 3, 16), posting_date=date(2026, 3, 20), due_date=date(2026, 4, 15))
    data = data_of(posted)
    assert (data["TermDays"], data["Scheduling"]["SingleInvoiceData"]["IssueDate"]) == (26, "2026-03-20")
    assert "Issued: 2026-03-16" in data["Notes"]
    assert data_of(invoice(compressor(), due_date=None, terms=PaymentTerms(net_days=14)))["TermDays"] == 14
    assert data_of(invoice(compressor(), due_date=None, terms=PaymentTerms()))["TermDays"] == 30


def test_zero_rated_lines_say_so_and_exempt_ones_have_no_vat_at_all() -> None:
    zero = compressor(rate="0", tax_code="GB-Z0", tax_category=TaxCategory.ZERO)
    assert lines_of(invoice(zero))[0]["Tax1"] == {"TaxName": "VAT", "TaxPercentage": Decimal(0)}
    reverse = invoice(compressor(rate="0", tax_code="GB-RC", tax_category=TaxCategory.REVERSE_CHARGE))
    assert "Tax1" not in lines_of(reverse)[0]
    assert data_of(reverse)["VatCodes"] == {"Code": ["cisrc"]}


def test_a_treatment_is_one_of_the_whole_invoice() -> None:
    reverse = freight(rate="0", tax_code="GB-RC", tax_category=TaxCategory.REVERSE_CHARGE)
    with pytest.raises(mapping.CodesDisagreeError, match="whole invoice"):
        data_of(invoice(compressor(), reverse))


def test_a_tax_code_that_is_mapped_to_another_rate_is_not_sent() -> None:
    with pytest.raises(mapping.CodesDisagreeError, match=r"mapped to '5' \(5 %\), and the line says 20 %"):
        data_of(invoice(compressor()), GB_S20="5")


def test_a_code_without_mapping_is_missing() -> None:
    with pytest.raises(ReferenceMissing):
        data_of(invoice(compressor(account_code="RENT")))


def test_the_odd_cent_of_the_documents_vat_stands_on_the_largest_line() -> None:
    """Three lines of 0.33 at 20 % are 0.07 each, and 0.20 together."""
    small = [line(n, "1", "0.33", "20", **{**fields(), "line_id": str(n)}) for n in (1, 2, 3)]
    document = invoice(*small)
    assert document.tax_total == Decimal("0.20")
    assert sorted(each["Tax1"]["TaxAmount"] for each in lines_of(document)) == [Decimal("0.06"), Decimal("0.07"), Decimal("0.07")]


def fields() -> dict[str, str]:
    return {"item_code": "CMP-7550", "tax_code": "GB-S20", "account_code": "PARTS"}


@given(st.decimals("0.001", "900", places=3), st.decimals("0.0001", "9000", places=4))
def test_quantity_times_price_is_the_lines_amount(quantity: Decimal, price: Decimal) -> None:
    row = line(1, str(quantity), str(price))
    found, cost = quantity_and_price(row)
    assert cents(found * cost) == row.net_amount
    assert found in (quantity, Decimal(1))


@given(right_documents())
def test_the_vat_of_the_lines_is_the_documents(document: Invoice | CreditNote) -> None:
    amounts = line_taxes(document)
    assert len(amounts) == len(bearers(document))
    assert sum(amounts, Decimal(0)) == document.tax_total
    assert "QF-TAX" not in codes_of(document)


def test_comments_stand_with_the_line_before_them() -> None:
    comments = [Line(line_id=n, kind=LineKind.COMMENT, name=text, quantity=Decimal(0)) for n, text in (("0", "First"), ("9", "Last"))]
    (only,) = lines_of(invoice(comments[0], compressor(), comments[1]))
    assert only["ItemDescription"] == "7.5 kW rotary screw compressor\nFirst\nLast"


def test_a_long_item_code_is_cut_in_the_name_and_whole_in_the_text() -> None:
    code = "COMPRESSOR-SET-2026-ALPHA"
    document = invoice(compressor(item_code=""), line(2, item_code="", name=code + " for the north yard", **taxed()))
    assert [each["ItemName"] for each in lines_of(document)] == ["7.5 kW rotary screw", code[:20]]
    text = mapping.line_text(compressor(item_code=code), set(), whole=False)
    assert text.endswith(f"Item: {code}")


def taxed() -> dict[str, str]:
    return {"tax_code": "GB-S20", "account_code": "PARTS"}


def test_what_quickfile_has_no_node_for_is_in_the_text() -> None:
    row = compressor(serial_numbers=("SN-1", "SN-2"), order_reference="SO-1", order_line="10", service_date=date(2026, 3, 1), gtin="123")
    text = lines_of(invoice(row))[0]["ItemDescription"]
    assert text.split("\n")[1:] == ["Serial numbers: SN-1, SN-2", "Order: SO-1 10", "Service date: 2026-03-01", "GTIN: 123"]


def test_a_long_purchase_order_goes_into_the_notes() -> None:
    long = "PO-" + "7" * 25
    data = data_of(invoice(compressor(), purchase_order=long))
    assert "PurchaseReference" not in data["Scheduling"]["SingleInvoiceData"]
    assert f"Purchase order: {long}" in data["Notes"]


def test_control_characters_become_blanks() -> None:
    assert lines_of(invoice(compressor(name="Air\x0b filter\x00")))[0]["ItemDescription"] == "Air  filter "


# -- clients, payments ---------------------------------------------------------------------------------------------------------------


def test_a_client_is_the_vendors_body() -> None:
    assert mapping.client_body(BUYER, "GBP", "k3Jx9wq2") == {
        "ClientDetails": {
            "CompanyName": "Northgate Fabrication Ltd",
            "AccountReference": "C-UK-0042",
            "AddressLine1": "Unit 7 Wharf Road",
            "Town": "Sheffield",
            "CountryISO": "GB",
            "Postcode": "S9 2LF",
            "VatNumber": "GB123456789",
            "Preferences": {"DefaultCurrency": "GBP"},
        },
        "ClientContacts": {
            "DefaultContact": {
                "FirstName": "Ann",
                "Surname": "Lee",
                "Email": "ap@northgate.example",
                "Password": "k3Jx9wq2",
                "TelephoneNumbers": {"Telephone": ["+441145550101"]},
            }
        },
    }


def test_a_client_without_email_has_no_contact() -> None:
    assert "ClientContacts" not in mapping.client_body(BUYER.model_copy(update={"contact": Contact(name="Ann Lee")}), "GBP", "k3Jx9wq2")


def test_a_payment_is_the_betas_body() -> None:
    payment = Payment(
        source="bank",
        source_id="7781",
        customer_code="C-UK-0042",
        received_on=date(2026, 4, 2),
        amount=Decimal("5100.00"),
        currency="GBP",
        method="Wire",
        reference="BACS 7781",
        allocations=(Allocation(document_number="UK-SI-000123", remote_id="90125", amount=Decimal("5100.00")),),
    )
    assert payments.payment_body(payment, "90125", payment.amount, "2301", references()) == {
        "type": "payment",
        "date": "2026-04-02",
        "invoice_id": 90125,
        "client_id": 2301,
        "amount": Decimal("5100.00"),
        "currency": "GBP",
        "nominal_code": 1200,
        "notes": "BACS 7781 Wire [bank 7781]",
    }
    assert payments.payment_body(payment, "", Decimal(50), "2301", references())["type"] == "credit"


# -- taking back ---------------------------------------------------------------------------------------------------------------------

DETAILS: dict[str, Any] = {
    "InvoiceID": 90125,
    "InvoiceType": "INVOICE",
    "InvoiceNumber": "UK-SI-000123",
    "IssueDate": "2026-03-15T00:00:00",
    "PaidDate": None,
    "ClientID": 2301,
    "Currency": "GBP",
    "TotalAmount": Decimal("120.01"),
    "Discount": 0,
    "TermDays": 30,
    "Status": "SENT",
    "ItemLines": {
        "Item": {
            "ItemLineID": 7001,
            "ItemID": 0,
            "ItemName": "CMP-7550",
            "ItemDescription": "Compressor",
            "NominalCode": 4000,
            "TaxName1": "VAT",
            "TaxPercentage1": 20,
            "UnitCost": Decimal("100.00"),
            "Qty": 1,
            "LineTotal": Decimal("100.00"),
        }
    },
}


def test_an_invoice_is_taken_back_by_its_own_lines_to_the_cent() -> None:
    rows = reading.item_rows(DETAILS)
    assert mapping.reversal_body(DETAILS, rows, number="UK-SI-000123-V", on="2026-03-20", reason="Entered twice") == {
        "InvoiceData": {
            "InvoiceType": "INVOICE",
            "ClientID": 2301,
            "Currency": "GBP",
            "TermDays": 0,
            "Language": "en",
            "Notes": "Entered twice\nTakes back: UK-SI-000123 (id 90125)",
            "InvoiceLines": {
                "ItemLines": {
                    "ItemLine": [
                        {
                            "ItemID": 0,
                            "ItemName": "CMP-7550",
                            "ItemDescription": "Compressor",
                            "ItemNominalCode": "4000",
                            "Tax1": {"TaxName": "VAT", "TaxPercentage": Decimal(20), "TaxAmount": Decimal("-20.01")},
                            "UnitCost": Decimal("-100.00"),
                            "Qty": Decimal(1),
                        }
                    ]
                }
            },
            "Scheduling": {"SingleInvoiceData": {"InvoiceNumber": "UK-SI-000123-V", "IssueDate": "2026-03-20"}},
            "CreditNote": {"CreditNoteType": "VOID", "ParentInvoiceID": 90125},
        }
    }


# -- answers -------------------------------------------------------------------------------------------------------------------------


def test_an_invoice_that_is_read_tells_net_vat_and_balance() -> None:
    remote = reading.remote_document(DETAILS)
    assert (remote.net, remote.tax, remote.total, remote.balance) == tuple(map(Decimal, ("100.00", "20.01", "120.01", "120.01")))
    assert (remote.kind, remote.status, remote.line_count) == (DocumentKind.INVOICE, DocumentStatus.OPEN, 1)
    assert (remote.customer_id, remote.our_number, remote.issue_date) == ("2301", "UK-SI-000123", date(2026, 3, 15))


@pytest.mark.parametrize(
    ("word", "status", "balance"),
    [
        ("DRAFT", DocumentStatus.DRAFT, "120.01"),
        ("SENT", DocumentStatus.OPEN, "120.01"),
        ("PAIDPART", DocumentStatus.PARTIALLY_PAID, None),
        ("PAIDFULL", DocumentStatus.PAID, "0"),
        ("CREDITED", DocumentStatus.VOID, "0"),
    ],
)
def test_every_status_has_one_meaning(word: str, status: DocumentStatus, balance: str | None) -> None:
    remote = reading.remote_document({**DETAILS, "Status": word})
    assert (remote.status, remote.balance) == (status, None if balance is None else Decimal(balance))


def test_a_credit_note_that_is_read_has_positive_amounts() -> None:
    item = {**DETAILS["ItemLines"]["Item"], "LineTotal": Decimal("-100.00")}
    remote = reading.remote_document(
        {
            **DETAILS,
            "Status": "CREDIT NOTE",
            "TotalAmount": Decimal("-120.00"),
            "ItemLines": {"Item": [item, {**item, "ItemName": "Discount"}]},
        }
    )
    assert (remote.kind, remote.total, remote.net, remote.line_count) == (DocumentKind.CREDIT_NOTE, Decimal(120), Decimal(200), 1)


def test_somebodys_discount_on_the_whole_leaves_net_and_vat_untold() -> None:
    remote = reading.remote_document({**DETAILS, "Discount": 5})
    assert (remote.net, remote.tax, remote.total) == (None, None, Decimal("120.01"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"Errors": {"Error": ["Cannot find invoice", " "]}}, "Cannot find invoice"),
        ({"Errors": {"Error": "Cannot find invoice"}}, "Cannot find invoice"),
        ({"Error": {"Code": "7", "Message": "Cannot find invoice"}}, "Cannot find invoice"),
        ({"Errors": {"Error": [""]}}, "no reason given"),
    ],
)
def test_errors_are_read_in_every_form(body: dict[str, Any], message: str) -> None:
    found = reading.complaint(body)
    assert found is not None
    assert found.message == message


def test_a_good_answer_is_no_complaint() -> None:
    assert reading.complaint({"Invoice_Get": {"Header": {}, "Body": {}}}) is None


# -- refusals ------------------------------------------------------------------------------------------------------------------------


def codes_of(document: Invoice | CreditNote) -> dict[str, Severity]:
    return {each.code: each.severity for each in refusals(document, SETTINGS)}


def test_a_whole_document_is_good() -> None:
    assert codes_of(full_invoice()) == {"QF-RATE": Severity.WARNING}
    assert codes_of(small_credit_note()) == {}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (invoice(compressor(), number="N" * 21), "QF-NUMBER"),
        (invoice(compressor(), buyer=BUYER.model_copy(update={"code": "C" * 31})), "QF-CUSTOMER"),
        (invoice(compressor(), buyer=BUYER.model_copy(update={"name": "N" * 101})), "QF-CUSTOMER"),
        (invoice(compressor(net_amount=Decimal("0.005"))), "QF-DECIMALS"),
        (invoice(compressor(), prepaid_amount=Decimal(1)), "QF-TOTALS"),
        (invoice(compressor(), tax_total=Decimal(1)), "QF-TAX"),
        (invoice(compressor(), posting_date=date(2026, 5, 1)), "QF-DUE"),
        (small_credit_note(preceding_invoices=()), "QF-CREDIT"),
        (invoice(*(hose(line_id=str(n)) for n in range(501))), "QF-SIZE"),
        (invoice(compressor(item_code="Discount")), "QF-NAME"),
        (invoice(compressor(dimensions={str(n): f"V{n}" for n in range(6)})), "QF-TAGS"),
        (invoice(compressor(dimensions={"project": "P" * 31})), "QF-TAGS"),
        (invoice(compressor(description="x" * 20_001)), "QF-TEXT"),
    ],
)
def test_what_quickfile_cannot_express_is_refused(document: Invoice | CreditNote, code: str) -> None:
    assert codes_of(document)[code] is Severity.ERROR


def test_an_internal_note_is_not_shown_to_the_customer_and_told() -> None:
    document = invoice(compressor(), internal_note="Bad payer")
    assert codes_of(document) == {"QF-INTERNAL": Severity.WARNING}
    assert "Bad payer" not in str(data_of(document))


def test_a_charge_of_the_whole_document_is_a_line() -> None:
    packing = AllowanceCharge(is_charge=True, amount=Decimal(10), reason="Packing", tax_rate=Decimal(20), tax_code="GB-S20")
    *_, last = lines_of(invoice(compressor(), charges=[discount(), packing]))
    assert (last["ItemName"], last["ItemDescription"], last["UnitCost"], last["ItemNominalCode"]) == ("Charge", "Packing", 10, "4000")
