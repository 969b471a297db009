"""What Epicor answers, in canonical words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.epicor.lines import CHARGE

Row = Mapping[str, Any]


def head_of(ds: Row) -> Row:
    head: Row = ds["InvcHead"][0]
    return head


def is_unfinished(ds: Row) -> bool:
    """Whether entering this invoice broke off: it is not posted, and it has no lines, or its taxes were never computed."""
    head = head_of(ds)
    return not head["Posted"] and (not ds.get("InvcDtl") or not head["ReadyToCalc"])


def remote_document(ds: Row) -> RemoteDocument:
    """An invoice or credit memo from its dataset; amounts of memos may be negative there (UNVERIFIED) and are positive here."""
    head = head_of(ds)
    total, tax, balance = (abs(Decimal(head[name])) for name in ("DocInvoiceAmt", "DocTaxAmt", "DocInvoiceBal"))
    return RemoteDocument(
        remote_id=str(head["InvoiceNum"]),
        kind=DocumentKind.CREDIT_NOTE if head["CreditMemo"] else DocumentKind.INVOICE,
        number=str(head["InvoiceNum"]),
        our_number=head["XRefInvoiceNum"],
        status=_status(head),
        customer_id=head["SoldToCustID"],
        currency=head["CurrencyCode"],
        net=total - tax,
        tax=tax,
        total=total,
        balance=balance,
        line_count=len(ds.get("InvcDtl", [])) + sum(1 for row in ds.get("InvcMisc", []) if not row["Description"].startswith(CHARGE)),
        issue_date=day(head["InvoiceDate"]),
        posting_date=day(head["ApplyDate"]),
        version=str(head["SysRevID"]),
    )


def _status(head: Row) -> DocumentStatus:
    if head["RefCancelledBy"]:
        return DocumentStatus.VOID
    if not head["Posted"]:
        return DocumentStatus.DRAFT
    if not head["OpenInvoice"]:
        return DocumentStatus.PAID
    return DocumentStatus.OPEN if head["DocInvoiceBal"] == head["DocInvoiceAmt"] else DocumentStatus.PARTIALLY_PAID


def day(value: str | None) -> date | None:
    """A date of a row; they have no zone."""
    return datetime.fromisoformat(value).date() if value else None


def remote_payment(head: Row, lines: Iterable[Row], customer: str) -> RemotePayment:
    """A receipt; its lines of one document are added up."""
    applied: dict[str, Decimal] = {}
    for line in lines:
        if line["InvoiceNum"]:
            key = str(line["InvoiceNum"])
            applied[key] = applied.get(key, Decimal(0)) + Decimal(line["DocTranAmt"])
    return RemotePayment(
        remote_id=str(head["HeadNum"]),
        customer_id=customer,
        received_on=day(head["TranDate"]),
        amount=Decimal(head["DocTranAmt"]),
        currency=head["CurrencyCode"],
        reference=head["CheckRef"],
        allocations=tuple(RemoteAllocation(remote_id=key, amount=amount) for key, amount in applied.items()),
        reversed=bool(head["ReverseRef"]),
        version=str(head["SysRevID"]),
    )
