"""What S/4HANA says it holds, in canonical words: documents and payments are made of items of the open-item service."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.sap_s4hana import soap
from airbooks.platforms.sap_s4hana.odata import Row, stripped, to_day, to_time
from airbooks.platforms.sap_s4hana.spec import CSRF
from airbooks.platforms.wire import Complaint, Reply

ZERO = Decimal(0)
RESIDUAL = "V"  # from memory
CUSTOMER_ITEM = "D"
TAX_ITEM = "T"  # from memory
KEY = re.compile(r"([0-9]{10})(.{4})([0-9]{4})")
FIELDS = (
    "CompanyCode", "FiscalYear", "AccountingDocument", "AccountingDocumentItem", "AccountingDocumentType", "AccountingDocumentItemType",
    "FinancialAccountType", "TransactionTypeDetermination", "GLAccount", "Customer", "DocumentReferenceID", "AssignmentReference",
    "DocumentItemText", "DocumentDate", "PostingDate", "AmountInTransactionCurrency", "TransactionCurrency", "IsCleared",
    "ClearingAccountingDocument", "ClearingDocFiscalYear", "InvoiceReference", "InvoiceReferenceFiscalYear", "FollowOnDocumentType",
    "IsReversal", "IsReversed", "AccountingDocumentCreationDate", "CreationTime", "LastChangeDate",
)  # fmt: skip
ORDER = "CompanyCode,FiscalYear,AccountingDocument,AccountingDocumentItem"


@dataclass(frozen=True, slots=True)
class DocumentKey:
    """The three numbers that name an accounting document; glued together they are our remote id."""

    number: str
    company_code: str
    fiscal_year: str

    @classmethod
    def of(cls, remote_id: str) -> DocumentKey | None:
        found = KEY.fullmatch(remote_id)
        return cls(*found.groups()) if found else None

    def __str__(self) -> str:
        return f"{self.number}{self.company_code}{self.fiscal_year}"


def key_of(row: Row) -> DocumentKey:
    return DocumentKey(row["AccountingDocument"].zfill(10), row["CompanyCode"], row["FiscalYear"])


def referenced(row: Row) -> DocumentKey | None:
    """The document whose item this one pays in part, follows on or credits."""
    number = row["InvoiceReference"]
    return DocumentKey(number.zfill(10), row["CompanyCode"], row["InvoiceReferenceFiscalYear"]) if number else None


def clearing(row: Row) -> DocumentKey | None:
    number = row["ClearingAccountingDocument"]
    return DocumentKey(number.zfill(10), row["CompanyCode"], row["ClearingDocFiscalYear"]) if number else None


def amount(row: Row) -> Decimal:
    return Decimal(row["AmountInTransactionCurrency"])


def by_document(rows: Iterable[Row]) -> dict[DocumentKey, list[Row]]:
    found: dict[DocumentKey, list[Row]] = {}
    for row in rows:
        found.setdefault(key_of(row), []).append(row)
    return found


def customer_items(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["FinancialAccountType"] == CUSTOMER_ITEM]


# -- documents ------------------------------------------------------------------------------------------------------------------


def kind_of(row: Row, settings: Mapping[str, str]) -> DocumentKind | None:
    """Invoice or credit note by the connection's document types; None for anything else."""
    kinds = {settings["doc_type_invoice"]: DocumentKind.INVOICE, settings["doc_type_credit"]: DocumentKind.CREDIT_NOTE}
    return kinds.get(row["AccountingDocumentType"])


def remote_document(rows: Sequence[Row], followers: Sequence[Row], settings: Mapping[str, str]) -> RemoteDocument:
    """One document from all its items; `followers` are customer items of others that refer to it (partial payments, residual items).

    The number of lines is not told: the journal leaves out lines of zero and may summarise.
    """
    first, owed = rows[0], customer_items(rows)
    kind = kind_of(first, settings) or DocumentKind.INVOICE
    sign = Decimal(-1) if kind is DocumentKind.CREDIT_NOTE else Decimal(1)
    total = sign * sum(map(amount, owed), ZERO)
    tax = -sign * sum((amount(row) for row in rows if _is_tax(row, settings)), ZERO)
    status, balance = _standing(owed, followers, sign)
    return RemoteDocument(
        remote_id=str(key_of(first)),
        kind=kind,
        number=str(key_of(first).number),
        our_number=first["DocumentReferenceID"],
        status=status,
        customer_id=stripped(owed[0]["Customer"]),
        currency=first["TransactionCurrency"],
        net=total - tax,
        tax=tax,
        total=total,
        balance=balance,
        issue_date=to_day(first["DocumentDate"]),
        posting_date=to_day(first["PostingDate"]),
    )


def _is_tax(row: Row, settings: Mapping[str, str]) -> bool:
    by_key = row["TransactionTypeDetermination"] == settings["tax_class"]
    return bool(row["FinancialAccountType"] != CUSTOMER_ITEM and (row["AccountingDocumentItemType"] == TAX_ITEM or by_key))


def _standing(owed: Sequence[Row], followers: Sequence[Row], sign: Decimal) -> tuple[DocumentStatus, Decimal]:
    """Status and balance. A reversal also clears the pair, so that it is looked for first."""
    if any(row["IsReversed"] for row in owed):
        return DocumentStatus.VOID, ZERO
    left = [row for row in followers if not row["IsReversed"] and not row["IsReversal"] and not row["IsCleared"]]
    total = sign * sum(map(amount, owed), ZERO)
    if all(row["IsCleared"] for row in owed):
        balance = sign * sum((amount(row) for row in left if row["FollowOnDocumentType"] == RESIDUAL), ZERO)
        return (DocumentStatus.PARTIALLY_PAID if balance else DocumentStatus.PAID), balance
    paid = -sign * sum(map(amount, left), ZERO)
    return (DocumentStatus.PARTIALLY_PAID if paid else DocumentStatus.OPEN), total - paid


# -- payments -------------------------------------------------------------------------------------------------------------------


def is_applied(item: Row) -> bool:
    """Whether a payment's item has found its invoice: cleared with it, or pointing at it as a partial payment."""
    return bool(item["IsCleared"] or item["InvoiceReference"])


def remote_payment(rows: Sequence[Row], groups: Mapping[DocumentKey, Sequence[Row]], zone: ZoneInfo) -> RemotePayment:
    """One payment from its customer items; `groups` are all customer items by the document that cleared them."""
    first = rows[0]
    applied: dict[str, Decimal] = {}
    for row in rows:
        for remote_id, part in _settles(row, groups):
            applied[remote_id] = applied.get(remote_id, ZERO) + part
    reversed_ = bool(first["IsReversed"])
    changed = to_day(first["AccountingDocumentCreationDate"])
    moment = datetime(changed.year, changed.month, changed.day, tzinfo=zone) + to_time(first["CreationTime"]) if changed else None
    return RemotePayment(
        remote_id=str(key_of(first)),
        customer_id=stripped(first["Customer"]),
        received_on=to_day(first["PostingDate"]),
        amount=-sum(map(amount, rows), ZERO),
        currency=first["TransactionCurrency"],
        reference=first["DocumentItemText"] or first["DocumentReferenceID"],
        allocations=() if reversed_ else tuple(RemoteAllocation(remote_id=key, amount=part) for key, part in applied.items()),
        reversed=reversed_,
        modified_at=moment,
    )


def _settles(item: Row, groups: Mapping[DocumentKey, Sequence[Row]]) -> list[tuple[str, Decimal]]:
    """Which documents one item of a payment settles, and by how much."""
    partial = referenced(item)
    if partial is not None:
        return [(str(partial), -amount(item))]
    cleared_by = clearing(item)
    if cleared_by is None:
        return []
    return _shared_out(item, cleared_by, groups.get(cleared_by, ()))


def _shared_out(item: Row, cleared_by: DocumentKey, group: Sequence[Row]) -> list[tuple[str, Decimal]]:
    """A clearing names no pairs: its payments fill its invoices in the order of their numbers."""
    open_ = _paid_by(cleared_by, group)
    payers = [row for row in group if amount(row) < 0 and key_of(row) != cleared_by]
    payers.sort(key=lambda row: (referenced(row) is None, _place(row)))
    for payer in payers:
        rest, given = -amount(payer), []
        partial = referenced(payer)
        for key in [partial] if partial in open_ else sorted(open_, key=str):
            part = min(rest, open_[key])
            if part:
                given.append((str(key), part))
                open_[key] -= part
                rest -= part
        if _place(payer) == _place(item):
            return given
    return []


def _paid_by(cleared_by: DocumentKey, group: Sequence[Row]) -> dict[DocumentKey, Decimal]:
    """The invoices of a clearing: cleared by it, or paid in part by an item that it posted itself."""
    found: dict[DocumentKey, Decimal] = {}
    for row in group:
        own = key_of(row) == cleared_by
        key = referenced(row) if own else key_of(row)
        paid = -amount(row) if own else amount(row)
        if key is not None and paid > 0:
            found[key] = found.get(key, ZERO) + paid
    return found


def _place(row: Row) -> tuple[str, int]:
    return str(key_of(row)), int(row["AccountingDocumentItem"])


# -- errors ---------------------------------------------------------------------------------------------------------------------


def complaint(reply: Reply) -> Complaint | None:
    """What an answer complains about, whichever of the two protocols it is in. Raises ValueError for neither."""
    if reply.status == 403 and reply.headers.get("x-csrf-token", "").lower() == "required":
        return Complaint(code=CSRF, message=reply.text[:200])
    content = reply.content.strip()
    if content.startswith((b"<?xml", b"<soap", b"<SOAP")):
        return _soap(reply)
    if content.startswith(b"{"):
        return _odata(reply.json())
    if reply.status in (202, 204) and not content:
        return None
    if reply.status < 400:
        raise ValueError("neither SOAP nor OData")
    return Complaint(message=f"HTTP {reply.status} without a message of S/4HANA's")


def _soap(reply: Reply) -> Complaint | None:
    return soap.complaint(reply.content)


def _odata(body: Any) -> Complaint | None:
    if "error" in body:
        error = body["error"]
        details = (error.get("innererror") or {}).get("errordetails") or []
        said = [error["message"]["value"], *(str(each.get("message") or "") for each in details)]
        field = next((str(each["propertyref"]) for each in details if each.get("propertyref")), "")
        return Complaint(code=str(error["code"]), message="; ".join(dict.fromkeys(filter(None, said))), field=field)
    if "d" not in body:
        raise ValueError("no OData V2 answer")
    return None
