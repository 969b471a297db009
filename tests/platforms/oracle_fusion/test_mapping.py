"""Bodies written by hand from the vendor's contract, what is refused beforehand, and answers read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from tests.documents import right_documents
from tests.platforms.oracle_fusion.documents import SETTINGS, credit_note, discount, full_invoice, invoice, line, references

from airbooks.canonical import (
    Allocation,
    CreditNote,
    Delivery,
    DocumentKind,
    DocumentStatus,
    ExchangeRate,
    Invoice,
    Line,
    LineKind,
    Payment,
    PaymentTerms,
    Severity,
    round_amount,
)
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, classify
from airbooks.platforms.oracle_fusion import mapping, reading
from airbooks.platforms.oracle_fusion.lines import amount_of, bearers, quantity_and_price, taxes
from airbooks.platforms.oracle_fusion.refusals import refusals
from airbooks.platforms.oracle_fusion.settings import segments, table
from airbooks.platforms.oracle_fusion.spec import ERRORS
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


# -- properties -----------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(document=right_documents())
def test_every_line_multiplies_to_its_net_amount_and_tax_shares_add_up(document: Invoice | CreditNote) -> None:
    for each in document.amount_lines:
        quantity, price = quantity_and_price(each, document.currency)
        assert quantity > 0
        assert round_amount(quantity * price, document.currency) == each.net_amount
    assert sum(taxes(document), D(0)) == document.tax_total
    assert sum((amount_of(each) for each in bearers(document)), D(0)) == document.net_total


# -- what is refused ------------------------------------------------------------------------------------------------------------

EUR: dict[str, Any] = {"currency": "EUR"}


@pytest.mark.parametrize(
    ("document", "changes", "code", "field"),
    [
        (invoice(number="N" * 21), {}, "ORA-NUMBER", "number"),
        (invoice(number='A"1'), {}, "ORA-NUMBER", "number"),
        (invoice(prepaid_amount=D(1)), {}, "ORA-TOTALS", "prepaid_amount"),
        (invoice(rounding_amount=D("0.01")), {}, "ORA-TOTALS", "rounding_amount"),
        (invoice(withholding_tax=D(5)), {}, "ORA-TOTALS", "withholding_tax"),
        (invoice(**EUR), {}, "ORA-CURRENCY", "exchange_rate"),
        (invoice(**EUR, exchange_rate=ExchangeRate(base="GBP", rate=D(1))), {}, "ORA-CURRENCY", "exchange_rate.base"),
        (invoice(line(tax_code="")), {}, "ORA-TAX", "lines[1].tax_code"),
        (invoice(), {"tax_lines": "manual", "tax_regime": ""}, "ORA-TAX", "tax_breakdown"),
        (invoice(charges=[discount("1")]), {"discount_memo_line": ""}, "ORA-MEMO", "allowances_charges[0]"),
        (invoice(charges=[discount("1", is_charge=True)]), {"charge_memo_line": ""}, "ORA-MEMO", "allowances_charges[0]"),
        (invoice(line(dimensions={"department": "X"})), {"line_segments": ""}, "ORA-DIMENSION", "dimensions"),
        (invoice(line(description="x" * 240)), {}, "ORA-TEXT", "lines[0].description"),
        (invoice(purchase_order="P" * 51), {}, "ORA-TEXT", "purchase_order"),
        (invoice(internal_note="n" * 241), {}, "ORA-TEXT", "internal_note"),
        (invoice(notes=("n" * 1761,)), {}, "ORA-TEXT", "notes"),
        (invoice(line(net_amount=D("19750.001"))), {}, "ORA-DECIMALS", "lines[0].net_amount"),
    ],
)
def test_what_receivables_cannot_express_is_told_before_anything_is_sent(
    document: Invoice, changes: dict[str, str], code: str, field: str
) -> None:
    found = refusals(document, {**SETTINGS, **changes}, "oracle_fusion_us")
    assert [(each.code, each.field, each.severity) for each in found] == [(code, field, Severity.ERROR)]
    assert found[0].says
    assert found[0].fix


def test_a_rate_of_oracle_does_for_foreign_documents_when_the_connection_says_so() -> None:
    document = invoice(**EUR)
    assert refusals(document, {**SETTINGS, "conversion_rate_type": "Corporate"}) == ()
    body = mapping.document_body(document, references(conversion_rate_type="Corporate"), NO_OPTIONS)
    assert (body["ConversionRateType"], body["ConversionDate"]) == ("Corporate", "2026-03-16")
    assert "ConversionRate" not in body


def test_a_due_date_without_terms_is_a_warning() -> None:
    (found,) = refusals(invoice(terms=PaymentTerms()), SETTINGS)
    assert (found.severity, found.field) == (Severity.WARNING, "due_date")


@pytest.mark.parametrize("text", ["10042", "[1]", '{"C-1": 10042}', '{"C-1": ""}'])
def test_a_customer_table_that_is_none_is_said_so(text: str) -> None:
    with pytest.raises(ConfigurationError, match="customer_accounts"):
        table({"customer_accounts": text}, "customer_accounts")


@pytest.mark.parametrize("text", ["department", "department=x", "=x:y"])
def test_a_segment_without_its_parts_is_said_so(text: str) -> None:
    with pytest.raises(ConfigurationError, match="line_segments"):
        segments({"line_segments": text})


# -- answers --------------------------------------------------------------------------------------------------------------------


def answered(**fields: Any) -> dict[str, Any]:
    """The vendor's answer to a create."""
    row = {
        "CustomerTransactionId": 300100169169047,
        "TransactionNumber": "INV-2026-000123",
        "DocumentNumber": None,
        "InvoiceStatus": "Complete",
        "EnteredAmount": D("2776.00"),
        "InvoiceBalanceAmount": D("2776.00"),
        "BillToCustomerNumber": "10042",
        "InvoiceCurrencyCode": "USD",
        "CreationDate": "2026-02-10T09:12:00+00:00",
        "LastUpdateDate": "2026-02-10T09:12:01+00:00",
        "links": [{"rel": "self", "href": "x", "kind": "item", "properties": {"changeIndicator": "ACED"}}, {"rel": "child"}],
    }
    return {**row, **fields}


def test_an_invoice_is_read_back() -> None:
    found = reading.remote_document(answered(), INVOICE, SETTINGS)
    assert (found.remote_id, found.our_number, found.status) == ("300100169169047", "INV-2026-000123", DocumentStatus.OPEN)
    assert (found.total, found.balance, found.version) == (D("2776.00"), D("2776.00"), "ACED")
    assert (found.net, found.tax, found.line_count) == (None, None, None)
    assert found.modified_at == datetime(2026, 2, 10, 9, 12, 1, tzinfo=UTC)


CREDITED = [{"InstallmentAmountCredited": D("-2776.00")}]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"InvoiceStatus": "Incomplete"}, DocumentStatus.DRAFT),
        ({"InvoiceStatus": "Pending approval"}, DocumentStatus.DRAFT),
        ({}, DocumentStatus.OPEN),
        ({"InvoiceBalanceAmount": D("0.01")}, DocumentStatus.PARTIALLY_PAID),
        ({"InvoiceBalanceAmount": 0}, DocumentStatus.PAID),
        ({"InvoiceBalanceAmount": 0, "receivablesInvoiceInstallments": CREDITED}, DocumentStatus.VOID),
        ({"InvoiceBalanceAmount": 0, "EnteredAmount": 0}, DocumentStatus.OPEN),
    ],
)
def test_the_status_follows_from_words_and_amounts(fields: dict[str, Any], status: DocumentStatus) -> None:
    assert reading.remote_document(answered(**fields), INVOICE, SETTINGS).status is status


def test_tax_is_the_sum_of_all_tax_lines_and_memo_lines_of_ours_are_not_counted() -> None:
    lines = [
        {"ItemNumber": "A", "receivablesInvoiceLineTaxLines": [{"TaxAmount": D("1.10")}, {"TaxAmount": D("0.20")}]},
        {"MemoLine": "Document Discount", "receivablesInvoiceLineTaxLines": [{"TaxAmount": D("-0.30")}]},
    ]
    found = reading.remote_document(answered(receivablesInvoiceLines=lines), INVOICE, SETTINGS)
    assert (found.tax, found.net, found.line_count) == (D("1.00"), D("2775.00"), 1)


def test_receipts_have_their_amounts_as_text() -> None:
    row = {"StandardReceiptId": 300100153152555, "ReceiptNumber": "R-1", "Amount": "505.58", "Currency": "USD", "ReceiptDate": "2018-08-15"}
    applied = [{"ReferenceTransactionId": 7, "ApplicationAmount": D("5.00")}, {"ReferenceTransactionId": 7, "ApplicationAmount": D("0.58")}]
    found = reading.remote_payment({**row, "State": "Unapplied", "Status": "Confirmed"}, applied)
    assert (found.amount, found.reversed) == (D("505.58"), False)
    assert [(each.remote_id, each.amount) for each in found.allocations] == [("7", D("5.58"))]
    assert reading.remote_payment({**row, "Status": "Reversed"}, []).reversed


def error_document(code: str, detail: str) -> bytes:
    told = [{"detail": detail, "o:errorCode": code, "o:errorPath": "/x"}]
    return json.dumps({"title": "Bad Request", "status": "400", "o:errorDetails": told}).encode()


STOP, REVIEW, LOOK_UP, WAIT, REREAD, RENEW = Action.STOP, Action.REVIEW, Action.LOOK_UP, Action.WAIT, Action.REREAD, Action.RENEW
NO, MAYBE, YES = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN, Outcome.HAPPENED


@pytest.mark.parametrize(
    ("status", "content", "action", "outcome"),
    [
        (400, error_document("AR_BILL_TO_CUST_NOT_FOUND", "not found"), REVIEW, NO),
        (400, error_document("AR_SHIP_TO_SITE_NOT_FOUND", "not found"), REVIEW, NO),
        (400, error_document("AR_BU_NOT_FOUND", "not found"), STOP, NO),
        (400, error_document("AR_BATCH_SOURCE_NOT_FOUND", "not found"), STOP, NO),
        (400, error_document("AR_FUNC_CURRENCY_REQ", "conversion"), REVIEW, NO),
        (400, error_document("AR_ITEM_NOT_FOUND", "item"), REVIEW, NO),
        (400, error_document("27024", "Attribute set failed."), REVIEW, NO),
        (400, error_document("", "The transaction number INV-1 already exists for this source."), LOOK_UP, YES),
        (400, b"The transaction number INV-1 already exists for this source.", LOOK_UP, YES),
        (400, error_document("", "The accounting date is not in an open or future-enterable period."), REVIEW, NO),
        (400, b"URL request parameter q cannot be used: attribute X is not queryable.", REVIEW, NO),
        (401, b"", RENEW, NO),
        (401, b'{"error": "invalid_client", "error_description": "Client authentication failed."}', STOP, NO),
        (403, b"<html>Forbidden</html>", STOP, NO),
        (404, b'{"title": "Not Found", "status": "404", "o:errorDetails": []}', REVIEW, NO),
        (412, b"", REREAD, NO),
        (429, b'{"title": "Too Many Requests", "status": "429"}', WAIT, NO),
        (500, b"", LOOK_UP, MAYBE),
        (503, b"<html><body>busy</body></html>", LOOK_UP, MAYBE),
        (504, b"", LOOK_UP, MAYBE),
    ],
)
def test_every_error_says_what_to_do_and_whether_it_happened(status: int, content: bytes, action: Action, outcome: Outcome) -> None:
    complaint = reading.complaint(status, content)
    assert complaint is not None
    assert complaint.message
    assert "<" not in complaint.message
    rule = classify(ERRORS, status, complaint.code, complaint.message)
    assert (rule.action, rule.outcome) == (action, outcome)


def test_kinds_have_resources_of_their_own() -> None:
    assert reading.RESOURCE == {INVOICE: "receivablesInvoices", CREDIT_NOTE: "receivablesCreditMemos"}
