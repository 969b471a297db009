"""What the Service Layer answers, in canonical words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.sap_business_one.mapping import OBJECT_TYPES
from airbooks.platforms.wire import Complaint, Reply

Row = Mapping[str, Any]
ZERO = Decimal(0)
FIELDS = (
    "DocEntry,DocNum,DocDate,TaxDate,CardCode,DocCurrency,DocTotal,DocTotalFc,VatSum,VatSumFc,PaidToDate,PaidToDateFC,"
    "DocumentStatus,Cancelled,CancelStatus,DocumentLines"
)
_ROW_TYPES = {"it_Invoice": "13", "13": "13", "it_CredItnote": "14", "14": "14"}


@dataclass(frozen=True, slots=True)
class Currencies:
    """The company's currencies: its own code of the local one, and the ISO code of each."""

    local: str
    iso: Mapping[str, str]

    def iso_of(self, code: str) -> str:
        return self.iso.get(code, code)


def complaint(reply: Reply) -> Complaint | None:
    """The error in an answer: v1 has the code as a number and the message nested, v2 as text and plain; 401 may look like v1 in both."""
    if reply.status < 300:
        return None
    error = reply.json()["error"]
    message = error["message"]
    return Complaint(code=str(error["code"]), message=str(message["value"] if isinstance(message, dict) else message))


def remote_document(row: Row, kind: DocumentKind, number_field: str, currencies: Currencies) -> RemoteDocument:
    """An A/R invoice or credit memo. DocTotal and VatSum are in local currency; a foreign document's own amounts are the Fc ones."""
    total, tax, paid = _amounts(row, currencies)
    return RemoteDocument(
        remote_id=remote_id(kind, row),
        kind=kind,
        number=str(row["DocNum"]),
        our_number=str(row[number_field] or ""),
        status=status(row, paid),
        customer_id=row["CardCode"],
        currency=currencies.iso_of(row["DocCurrency"]),
        net=total - tax,
        tax=tax,
        total=total,
        balance=ZERO if is_void(row) else total - paid,
        line_count=len(row["DocumentLines"]),
        issue_date=day(row["TaxDate"]),
        posting_date=day(row["DocDate"]),
        version=str(row.get("@odata.etag") or row.get("odata.etag") or ""),
    )


def remote_id(kind: DocumentKind, row: Row) -> str:
    """Object type and key: invoices and credit memos count their keys each for themselves."""
    return f"{OBJECT_TYPES[kind]}-{row['DocEntry']}"


def _amounts(row: Row, currencies: Currencies) -> tuple[Decimal, Decimal, Decimal]:
    """Total, tax and what is paid, in the document's currency."""
    names = ("DocTotal", "VatSum", "PaidToDate")
    if row["DocCurrency"] != currencies.local:
        names = ("DocTotalFc", "VatSumFc", "PaidToDateFC")
    total, tax, paid = (Decimal(row[name]) for name in names)
    return total, tax, paid


def is_void(row: Row) -> bool:
    return bool(row["CancelStatus"] == "csYes" or row["Cancelled"] == "tYES")


def is_reversal(row: Row) -> bool:
    """Whether it is the second document that a cancellation left behind."""
    return bool(row["CancelStatus"] == "csCancellation")


def status(row: Row, paid: Decimal) -> DocumentStatus:
    if is_void(row):
        return DocumentStatus.VOID
    if row["DocumentStatus"] in {"bost_Close", "bost_Paid"}:
        return DocumentStatus.PAID
    return DocumentStatus.PARTIALLY_PAID if paid > 0 else DocumentStatus.OPEN


def day(value: str | None) -> date | None:
    """A date; v2 writes a time behind it."""
    return date.fromisoformat(value[:10]) if value else None


def payment(row: Row, currencies: Currencies) -> RemotePayment:
    """An incoming payment: what came in by all means, and what its rows apply to documents."""
    local = row["DocCurrency"] == currencies.local
    received = Decimal(row.get("TransferSum") or 0) + Decimal(row.get("CashSum") or 0)
    received += sum((Decimal(each["CheckSum"]) for each in row.get("PaymentChecks") or ()), ZERO)
    received += sum((Decimal(each["CreditSum"]) for each in row.get("PaymentCreditCards") or ()), ZERO)
    rows = [each for each in row.get("PaymentInvoices") or () if str(each["InvoiceType"]) in _ROW_TYPES]
    return RemotePayment(
        remote_id=str(row["DocEntry"]),
        customer_id=row["CardCode"],
        received_on=day(row["DocDate"]),
        amount=received,
        currency=currencies.iso_of(row["DocCurrency"]),
        reference=str(row.get("TransferReference") or row.get("CounterReference") or ""),
        allocations=tuple(_allocation(each, local) for each in rows),
        reversed=row["Cancelled"] == "tYES",
    )


def _allocation(row: Row, local: bool) -> RemoteAllocation:
    amount = Decimal(row["SumApplied"] if local else row["AppliedFC"])
    return RemoteAllocation(remote_id=f"{_ROW_TYPES[str(row['InvoiceType'])]}-{row['DocEntry']}", amount=amount)
