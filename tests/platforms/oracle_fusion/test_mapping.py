"""Bodies written by hand from the vendor's contract, what is refused beforehand, and answers read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from tests.documents import right_documents
from tests.platforms.oracle_fusion.documents import credit_note, full_invoice, invoice, line, references

from airbooks.canonical import (
    Allocation,
    CreditNote,
    Delivery,
    DocumentKind,
    Invoice,
    Line,
    LineKind,
    Payment,
    PaymentTerms,
    round_amount,
)
from airbooks.platforms.oracle_fusion import mapping, queries
from airbooks.platforms.oracle_fusion.lines import amount_of, bearers, quantity_and_price, taxes
from airbooks.platforms.wire import to_json

D = Decimal
INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE
NO_OPTIONS: Mapping[str, Any] = {}


def test_a_full_invoice_is_the_body_of_the_contract() -> None:
    assert mapping.document_body(full_invoice(), references(), NO_OPTIONS) == {
        "BusinessUnit": "Vision Operations",
        "TransactionSource": "WAREHOUSE_API",
        "TransactionType": "Invoice",
        "TransactionNumber": "US-SI-000123",
        "TransactionDate": "2026-03-16",
        "AccountingDate": "2026-03-16",
        "InvoiceCurrencyCode": "EUR",
        "ConversionRateType": "User",
        "ConversionDate": "2026-03-15",
        "ConversionRate": D("1.0842"),
        "BillToCustomerNumber": "10042",
        "PaymentTerms": "30 Net",
        "PurchaseOrder": "PO-77812",
        "CrossReference": "wh-000123",
        "Comments": "Dock 3 before noon\nSales order: SO-5512",
        "AllowCompletion": "Y",
        "receivablesInvoiceLines": [
            {
                "LineNumber": 1,
                "ItemNumber": "GX7-75",
                "Description": "Compressor",
                "Quantity": D(2),
                "UnitOfMeasure": "Ea",
                "UnitSellingPrice": D("9875.00"),
                "Warehouse": "V1",
                "SalesOrder": "SO-5512",
                "receivablesInvoiceLineDFF": [{"__FLEX_Context": None, "costDepartment": "110"}],
                "TaxClassificationCode": "TX SALES TAX",
            },
            {
                "LineNumber": 2,
                "ItemNumber": "HOS-38-15",
                "Description": "Hose; Line discount 10 %: -13.86",
                "Quantity": D(40),
                "UnitOfMeasure": "MTR",
                "UnitSellingPrice": D("3.1185"),
                "TaxClassificationCode": "CA SALES TAX",
            },
            {
                "LineNumber": 3,
                "MemoLine": "Freight",
                "Description": "Freight standard pallet",
                "Quantity": D(1),
                "UnitOfMeasure": "Ea",
                "UnitSellingPrice": D("320.00"),
                "TaxClassificationCode": "TX SALES TAX",
            },
            {
                "LineNumber": 4,
                "MemoLine": "Document Discount",
                "Description": "Volume discount",
                "Quantity": D(1),
                "UnitSellingPrice": D("-100.00"),
                "TaxClassificationCode": "TX SALES TAX",
            },
            {
                "LineNumber": 5,
                "MemoLine": "Document Charge",
                "Description": "Small order",
                "Quantity": D(1),
                "UnitSellingPrice": D("25.00"),
                "TaxClassificationCode": "TX SALES TAX",
            },
        ],
    }


def test_manual_tax_lines_carry_our_tax_to_the_cent() -> None:
    document = full_invoice()
    body = mapping.document_body(document, references(tax_lines="manual"), NO_OPTIONS)
    sent = [line["receivablesInvoiceLineTaxLines"] for line in body["receivablesInvoiceLines"]]
    assert sent[0] == [{"TaxRegimeCode": "US SALES TAX", "TaxRateCode": "TX SALES TAX", "TaxAmount": D("1629.38")}]
    assert [each[0]["TaxAmount"] for each in sent] == [D("1629.38"), D("9.04"), D("26.40"), D("-8.25"), D("2.06")]
    assert document.tax_total == D("1658.63")


def test_a_credit_note_is_an_on_account_credit_memo_with_negative_prices() -> None:
    note = credit_note(line(1, quantity="1", dimensions={"department": "WHOLESALE"}), reason="Returned", source_id="cn-17")
    assert mapping.document_body(note, references(tax_lines="manual"), NO_OPTIONS) == {
        "BusinessUnit": "Vision Operations",
        "TransactionSource": "WAREHOUSE_API",
        "TransactionType": "Credit Memo",
        "TransactionNumber": "US-CN-000017",
        "TransactionDate": "2026-03-16",
        "AccountingDate": "2026-03-16",
        "CreditMemoCurrency": "USD",
        "BillToCustomerNumber": "10042",
        "CrossReference": "cn-17",
        "CreditMemoComments": "Reason: Returned\nCorrects: UK-SI-000123\nPurchase order: PO-77812",
        "AllowCompletion": "Y",
        "receivablesCreditMemoLines": [
            {
                "LineNumber": 1,
                "ItemNumber": "GX7-75",
                "LineDescription": "Compressor",
                "LineQuantityCredit": D(1),
                "UnitOfMeasure": "Ea",
                "UnitSellingPrice": D("-9875.00"),
                "TaxClassificationCode": "TX SALES TAX",
                "receivablesCreditMemoLineDFF": [{"__FLEX_Context": None, "costDepartment": "110"}],
                "receivablesCreditMemoLineTaxLines": [
                    {"TaxRegimeCode": "US SALES TAX", "TaxRateCode": "TX SALES TAX", "TaxAmount": D("-814.69")}
                ],
            }
        ],
    }


def test_amounts_are_json_numbers_digit_by_digit() -> None:
    assert b'"UnitSellingPrice":3.1185' in to_json(mapping.document_body(full_invoice(), references(), NO_OPTIONS))


def test_the_options_of_the_operator_stand_in_the_invoice() -> None:
    options = {
        "transaction_type": "Web Invoice",
        "receipt_method": "Direct Debit",
        "special_instructions": "Ring twice",
        "leave_incomplete": True,
    }
    body = mapping.document_body(invoice(), references(), options)
    named = ("TransactionType", "ReceiptMethod", "SpecialInstructions", "AllowCompletion")
    assert [body[name] for name in named] == ["Web Invoice", "Direct Debit", "Ring twice", "N"]


def test_an_account_without_a_primary_site_is_billed_at_the_site_that_the_connection_names() -> None:
    body = mapping.document_body(invoice(), references(bill_to_sites='{"10042": "1042-BILL"}'), NO_OPTIONS)
    assert body["BillToSite"] == "1042-BILL"


def test_a_line_takes_the_heads_dimension_where_it_has_none() -> None:
    body = mapping.document_body(invoice(line(1), dimensions={"department": "WHOLESALE"}), references(), NO_OPTIONS)
    assert body["receivablesInvoiceLines"][0]["receivablesInvoiceLineDFF"] == [{"__FLEX_Context": None, "costDepartment": "110"}]


def test_a_negative_quantity_becomes_a_negative_price() -> None:
    document = invoice(line(1), line(2, quantity="-1", price="20.00"))
    sent = mapping.document_body(document, references(), NO_OPTIONS)["receivablesInvoiceLines"][1]
    assert (sent["Quantity"], sent["UnitSellingPrice"]) == (D(1), D("-20.00"))


def test_free_text_lines_and_comments_are_not_lost() -> None:
    free = line(1, item="", name="Consulting\x07")
    comment = Line(line_id="2", kind=LineKind.COMMENT, name="Rear gate.", unit="", quantity=D(0))
    body = mapping.document_body(invoice(free, comment), references(), NO_OPTIONS)
    (sent,) = body["receivablesInvoiceLines"]
    assert "ItemNumber" not in sent
    assert sent["Description"] == "Consulting"
    assert body["Comments"] == "Rear gate."


def test_what_has_no_attribute_is_told_in_the_comments() -> None:
    delivery = Delivery(delivery_date=date(2026, 3, 17), name="Dock 3", shipping_method="Road", tracking_number="TRK-1")
    document = invoice(delivery=delivery, terms=PaymentTerms(text="on the day"), salesperson="SP-1", posting_date=date(2026, 4, 1))
    body = mapping.document_body(document, references(), NO_OPTIONS)
    told = ["Terms: on the day", "Due: 2026-04-15", "Salesperson: SP-1", "Delivered: 2026-03-17, Dock 3", "Shipped by: Road TRK-1"]
    assert body["Comments"].splitlines() == told
    assert (body["TransactionDate"], body["AccountingDate"]) == ("2026-03-16", "2026-04-01")
    assert "DueDate" not in body


def payment(**fields: Any) -> Payment:
    made = {
        "source": "bank",
        "source_id": "pay-7",
        "customer_code": "C-US-0042",
        "received_on": date(2026, 3, 1),
        "amount": D("2776.00"),
        "currency": "USD",
        "reference": "ACH-5531",
        "memo": "ACH 5531",
        "allocations": (Allocation(document_number="US-SI-000123", remote_id="300100169169047", amount=D("2776.00")),),
    }
    return Payment(**{**made, **fields})


def test_a_payment_is_a_receipt_with_remittance_references() -> None:
    assert mapping.receipt_body(payment(), "10042", references()) == {
        "ReceiptNumber": "ACH-5531",
        "BusinessUnit": "Vision Operations",
        "ReceiptMethod": "Manual EFT",
        "ReceiptDate": "2026-03-01",
        "AccountingDate": "2026-03-01",
        "Amount": D("2776.00"),
        "Currency": "USD",
        "RemittanceBankAccountNumber": "1234567890",
        "CustomerAccountNumber": "10042",
        "Comments": "[bank pay-7]\nACH 5531",
        "remittanceReferences": [
            {"ReceiptMatchBy": "Transaction Number", "ReferenceNumber": "US-SI-000123", "ReferenceAmount": D("2776.00")}
        ],
    }


def test_a_long_reference_is_cut_in_the_number_and_whole_in_the_comments() -> None:
    body = mapping.receipt_body(payment(reference="R" * 40), "10042", references())
    assert body["ReceiptNumber"] == "R" * 30
    assert f"Reference: {'R' * 40}" in body["Comments"]


# -- properties --------------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(document=right_documents())
def test_every_line_multiplies_to_its_net_amount_and_tax_shares_add_up(document: Invoice | CreditNote) -> None:
    for each in document.amount_lines:
        quantity, price = quantity_and_price(each, document.currency)
        assert quantity > 0
        assert round_amount(quantity * price, document.currency) == each.net_amount
    assert sum(taxes(document), D(0)) == document.tax_total
    assert sum((amount_of(each) for each in bearers(document)), D(0)) == document.net_total


def test_a_finder_names_the_business_unit_unless_its_name_would_end_the_value() -> None:
    asked = {unit: queries.by_number("receivablesInvoices", "SI-1", unit, "finder")["finder"] for unit in ("Vision", "Vision, US")}
    assert asked == {
        "Vision": "invoiceSearch;TransactionNumber=SI-1,BusinessUnit=Vision",
        "Vision, US": "invoiceSearch;TransactionNumber=SI-1",
    }
    memos = queries.by_number("receivablesCreditMemos", 'CN-"1', "Vision", "finder")
    assert memos == {"q": 'TransactionNumber="CN-1";BusinessUnit="Vision"'}
