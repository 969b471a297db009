"""Oracle's answers, in every form it gives them, in canonical words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.oracle_fusion.documents import SETTINGS

from airbooks.canonical import (
    DocumentKind,
    DocumentStatus,
)
from airbooks.platforms.oracle_fusion import reading

D = Decimal
INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE
NO_OPTIONS: Mapping[str, Any] = {}


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


def test_instalments_are_read_in_their_order() -> None:
    parts = [{"InstallmentId": 10 + number, "InstallmentSequenceNumber": number, "InstallmentBalanceDue": D(number)} for number in (2, 1)]
    found = reading.installments(answered(receivablesInvoiceInstallments=parts))
    assert [(each.remote_id, each.balance) for each in found] == [(11, D(1)), (12, D(2))]


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
    row = {"StandardReceiptId": 300100153152555, "Amount": "505.58", "UnappliedAmount": "5.00", "Currency": "USD"}
    applied = [{"ReferenceTransactionId": 7, "ApplicationAmount": D("5.00")}, {"ReferenceTransactionId": 7, "ApplicationAmount": D("0.58")}]
    receipt = reading.receipt({**row, "State": "Unapplied", "Status": "Confirmed"})
    assert (receipt.applied, reading.receipt({**row, "UnappliedAmount": None}).applied) == (D("500.58"), D(0))
    found = reading.remote_payment(receipt, map(reading.application, applied))
    assert (found.amount, found.reversed) == (D("505.58"), False)
    assert [(each.remote_id, each.amount) for each in found.allocations] == [("7", D("5.58"))]
    assert reading.receipt({**row, "Status": "Reversed"}).reversed


def test_kinds_have_resources_of_their_own() -> None:
    assert reading.RESOURCE == {INVOICE: "receivablesInvoices", CREDIT_NOTE: "receivablesCreditMemos"}
