"""Oracle's answers in canonical words: transactions, receipts, reference lists, errors of every form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.oracle_fusion.mapping import CREDIT_MEMOS, INVOICES
from airbooks.platforms.oracle_fusion.settings import Settings
from airbooks.platforms.oracle_fusion.spec import GONE
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.wire import Complaint, from_json

Row = Mapping[str, Any]

RESOURCE = {DocumentKind.INVOICE: INVOICES, DocumentKind.CREDIT_NOTE: CREDIT_MEMOS}
# What the two resources call the same thing.
_LINES = {DocumentKind.INVOICE: "receivablesInvoiceLines", DocumentKind.CREDIT_NOTE: "receivablesCreditMemoLines"}
_TAXES = {DocumentKind.INVOICE: "receivablesInvoiceLineTaxLines", DocumentKind.CREDIT_NOTE: "receivablesCreditMemoLineTaxLines"}
_STATUS = {DocumentKind.INVOICE: "InvoiceStatus", DocumentKind.CREDIT_NOTE: "CreditMemoStatus"}
_CURRENCY = {DocumentKind.INVOICE: "InvoiceCurrencyCode", DocumentKind.CREDIT_NOTE: "CreditMemoCurrency"}
INSTALLMENTS = "receivablesInvoiceInstallments"


def expansion(kind: DocumentKind) -> str:
    """The children that a transaction is read with."""
    lines = f"{_LINES[kind]}.{_TAXES[kind]}"
    return f"{lines},{INSTALLMENTS}" if kind is DocumentKind.INVOICE else lines


def flexfields(kind: DocumentKind) -> str:
    """The flexfields of the lines; those of credit memos are UNVERIFIED, and asked for nowhere."""
    return f",{_LINES[kind]}.receivablesInvoiceLineDFF" if kind is DocumentKind.INVOICE else ""


def amount(value: Any) -> Decimal:
    """An amount of an answer: a number on transactions, a text on receipts."""
    return Decimal(value or 0)


def remote_document(row: Row, kind: DocumentKind, settings: Settings) -> RemoteDocument:
    """A transaction as read back; a credit memo's negative amounts become positive. Without its children nothing is said of tax and
    lines. Lines of the memo lines for discounts and charges of the document are not ours, so they are not counted."""
    sign = -1 if kind is DocumentKind.CREDIT_NOTE else 1
    total, lines = sign * amount(row["EnteredAmount"]), row.get(_LINES[kind])
    tax = None if lines is None else _tax(lines, _TAXES[kind])
    return RemoteDocument(
        remote_id=str(row["CustomerTransactionId"]),
        kind=kind,
        number=row["TransactionNumber"],
        our_number=row["TransactionNumber"],
        status=status(row, kind),
        customer_id=row.get("BillToCustomerNumber") or "",
        currency=row[_CURRENCY[kind]],
        net=None if tax is None else total - sign * tax,
        tax=None if tax is None else sign * tax,
        total=total,
        balance=amount(row["InvoiceBalanceAmount"]) if "InvoiceBalanceAmount" in row else None,
        line_count=None if lines is None else sum(_is_ours(line, settings) for line in lines),
        issue_date=_day(row.get("TransactionDate")),
        posting_date=_day(row.get("AccountingDate")),
        version=change_indicator(row),
        modified_at=_moment(row.get("LastUpdateDate")),
    )


def _tax(lines: Iterable[Row], name: str) -> Decimal | None:
    """The sum of all tax lines; None where they were not shown."""
    lines = list(lines)
    if any(name not in line for line in lines):
        return None
    return sum((amount(tax["TaxAmount"]) for line in lines for tax in line[name]), Decimal(0))


def _is_ours(line: Row, settings: Settings) -> bool:
    memo = line.get("MemoLine")
    return not memo or memo not in {settings.get("discount_memo_line"), settings.get("charge_memo_line")}


def status(row: Row, kind: DocumentKind) -> DocumentStatus:
    """Only "Complete" is booked; every other word (Incomplete, the variants of approval) is a draft.

    Void: the whole amount was credited. A credit memo does not tell its balance.
    """
    if row.get(_STATUS[kind], "Complete") != "Complete":
        return DocumentStatus.DRAFT
    if "InvoiceBalanceAmount" not in row:
        return DocumentStatus.OPEN
    entered, balance = amount(row["EnteredAmount"]), amount(row["InvoiceBalanceAmount"])
    credited = sum((abs(amount(each.get("InstallmentAmountCredited"))) for each in row.get(INSTALLMENTS) or ()), Decimal(0))
    if entered and credited == abs(entered):
        return DocumentStatus.VOID
    if entered and not balance:
        return DocumentStatus.PAID
    return DocumentStatus.OPEN if balance == entered else DocumentStatus.PARTIALLY_PAID


@dataclass(frozen=True, slots=True, kw_only=True)
class Installment:
    """One part of an invoice's payment schedule, and what is open of it."""

    remote_id: int
    sequence: int
    balance: Decimal


def installments(row: Row) -> list[Installment]:
    """The payment schedule of an invoice, the earliest part first; empty where it was not asked for."""
    found = [
        Installment(
            remote_id=int(each["InstallmentId"]), sequence=each["InstallmentSequenceNumber"], balance=amount(each["InstallmentBalanceDue"])
        )
        for each in row.get(INSTALLMENTS) or ()
    ]
    return sorted(found, key=lambda each: each.sequence)


def change_indicator(row: Row) -> str:
    """The concurrency token of a resource, for If-Match."""
    for link in row.get("links") or ():
        if link.get("rel") == "self":
            return str((link.get("properties") or {}).get("changeIndicator", ""))
    return ""


def _day(value: Any) -> date | None:
    return date.fromisoformat(value[:10]) if value else None


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer account with activity; `remote_id` is Oracle's own."""

    remote_id: str
    number: str
    name: str


def account(row: Row) -> Account:
    return Account(remote_id=str(row["AccountId"]), number=str(row["AccountNumber"]), name=str(row["CustomerName"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A standard receipt; it does not tell what it settles. `changed` is Oracle's own text of its last change."""

    remote_id: str
    number: str
    customer: str
    received_on: date | None
    amount: Decimal
    unapplied: Decimal
    currency: str
    comments: str
    reversed: bool
    changed: str

    @property
    def applied(self) -> Decimal:
        return self.amount - self.unapplied


def receipt(row: Row) -> Receipt:
    """A receipt as read back; where it says nothing of its unapplied amount, all of it is."""
    whole = amount(row["Amount"])
    left = row.get("UnappliedAmount")
    return Receipt(
        remote_id=str(row["StandardReceiptId"]),
        number=row.get("ReceiptNumber") or "",
        customer=str(row.get("CustomerAccountNumber") or ""),
        received_on=_day(row.get("ReceiptDate")),
        amount=whole,
        unapplied=whole if left is None else amount(left),
        currency=row["Currency"],
        comments=row.get("Comments") or "",
        reversed=any(str(row.get(name) or "").startswith("Revers") for name in ("State", "Status")),
        changed=row.get("LastUpdateDate") or "",
    )


# What a receipt has applied to one transaction (its id), one entry for each application.
Application = tuple[str, Decimal]


def application(row: Row) -> Application:
    return str(row["ReferenceTransactionId"] or ""), amount(row["ApplicationAmount"])


def by_document(applications: Iterable[Application]) -> dict[str, Decimal]:
    """What is applied to each transaction, over all its instalments."""
    applied: dict[str, Decimal] = {}
    for document, value in applications:
        applied[document] = applied.get(document, Decimal(0)) + value
    return applied


def remote_payment(told: Receipt, applications: Iterable[Application]) -> RemotePayment:
    applied = by_document(applications)
    return RemotePayment(
        remote_id=told.remote_id,
        customer_id=told.customer,
        received_on=told.received_on,
        amount=told.amount,
        currency=told.currency,
        reference=told.number,
        allocations=tuple(RemoteAllocation(remote_id=document, amount=value) for document, value in applied.items() if document),
        reversed=told.reversed,
        modified_at=_moment(told.changed),
    )


# -- reference lists ------------------------------------------------------------------------------------------------------------

# Kind: the collection, its attribute with the code, the one with a name (attributes beyond the codes are from memory).
LISTS = {
    ReferenceKind.ITEM: ("itemsV2", "ItemNumber", "ItemDescription"),
    ReferenceKind.TAX_CODE: ("outputTaxClassificationsLOV", "LookupCode", "Meaning"),
    ReferenceKind.UNIT: ("unitsOfMeasure", "UOMCode", "UOM"),
    ReferenceKind.PAYMENT_METHOD: ("receiptMethodsLOV", "Name", "Name"),
}


def reference_item(kind: ReferenceKind, row: Row) -> ReferenceItem:
    _, code, name = LISTS[kind]
    active = row.get("EnabledFlag", "Y") != "N" and row.get("ItemStatusValue", "Active") != "Inactive"
    return ReferenceItem(kind=kind, code=row[code], name=row.get(name) or row[code], remote_id=row[code], active=active)


def warehouse(row: Row) -> ReferenceItem:
    """An inventory organization as a value of the dimension warehouse."""
    code = row["OrganizationCode"]
    name = row.get("OrganizationName") or code
    return ReferenceItem(kind=ReferenceKind.DIMENSION, code=f"warehouse:{code}", name=name, remote_id=code)


def dimension_values(row: Row, dimension: str, segment: str) -> list[ReferenceItem]:
    """The values of one value set as values of a dimension of ours."""
    return [
        ReferenceItem(
            kind=ReferenceKind.DIMENSION,
            code=f"{dimension}:{value['Value']}",
            name=value.get("Description") or value["Value"],
            remote_id=value["Value"],
            active=value.get("EnabledFlag", "Y") != "N",
            details={"segment": segment},
        )
        for value in row["values"]
    ]


# -- errors ---------------------------------------------------------------------------------------------------------------------


def complaint(status: int, content: bytes) -> Complaint | None:
    """The error in an answer: the ADF error document, the identity domain's, or (older versions, proxies) text or HTML."""
    if status < 400:
        return None
    try:
        body = from_json(content)
    except ValueError:
        return Complaint(message=_words(content.decode("utf-8", "replace")) or f"HTTP {status} without a message")
    if not isinstance(body, dict):
        return Complaint(message=_words(str(body)))
    if "error" in body:
        return Complaint(code=str(body["error"]), message=str(body.get("error_description", body["error"])))
    details = [each for each in body.get("o:errorDetails") or () if isinstance(each, dict)]
    first = details[0] if details else {}
    message = "; ".join(str(each.get("detail", "")) for each in details) or str(body.get("title") or f"HTTP {status}")
    code = GONE if status == 404 and "o:errorDetails" in body else str(first.get("o:errorCode", ""))
    return Complaint(code=code, message=message, field=str(first.get("o:errorPath", "")))


def _words(text: str) -> str:
    """Text without HTML tags, cut."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())[:500]
