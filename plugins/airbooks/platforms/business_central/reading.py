"""What Business Central answers, in canonical words (API v2.0). Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument, RemotePayment
from airbooks.platforms.business_central.lines import MARKS
from airbooks.platforms.business_central.mapping import DATE_FIELDS, LINE_SETS

Row = Mapping[str, Any]
EMPTY_DATE = "0001-01-01"
_CORRELATION = re.compile(r"\s*CorrelationId:\s*([0-9a-fA-F-]{36})\.?\s*")
_DRAFTS = {"Draft", "In_x0020_Review", "_x0020_", ""}


def remote_document(row: Row, kind: DocumentKind, *, is_posted: bool) -> RemoteDocument:
    """A sales invoice or credit memo. `is_posted` settles what the status Open leaves open: a released draft shows it too."""
    total = _amount(row, "totalAmountIncludingTax")
    balance = _balance(row, total)
    lines = row.get(LINE_SETS[kind])
    return RemoteDocument(
        remote_id=row["id"],
        kind=kind,
        number=row["number"],
        our_number=row["externalDocumentNumber"],
        status=_status(row["status"], total, balance, is_posted=is_posted),
        customer_id=row["customerNumber"],
        currency=row["currencyCode"],
        net=_amount(row, "totalAmountExcludingTax"),
        tax=_amount(row, "totalTaxAmount"),
        total=total,
        balance=balance,
        line_count=None if lines is None else sum(1 for line in lines if is_ours(line)),
        issue_date=day(row[DATE_FIELDS[kind]]),
        posting_date=day(row["postingDate"]),
        version=row["@odata.etag"],
        modified_at=datetime.fromisoformat(row["lastModifiedDateTime"]),
    )


def is_ours(line: Row) -> bool:
    """Whether a line stands for a canonical line with an amount: no comment, no allowance or charge."""
    return line["lineType"] != "Comment" and line.get("description2", "") not in MARKS


def _amount(row: Row, name: str) -> Decimal:
    return Decimal(row[name])


def _balance(row: Row, total: Decimal) -> Decimal:
    """What is left to pay; credit memos do not tell a part that is applied, only open or settled."""
    if "remainingAmount" in row:
        return Decimal(row["remainingAmount"])
    return Decimal(0) if row["status"] in {"Paid", "Canceled"} else total


def _status(status: str, total: Decimal, balance: Decimal, *, is_posted: bool) -> DocumentStatus:
    if status in _DRAFTS or not is_posted:
        return DocumentStatus.DRAFT
    if status == "Canceled":
        return DocumentStatus.VOID
    if status == "Paid" or (status == "Corrective" and not balance):
        return DocumentStatus.PAID
    return DocumentStatus.OPEN if balance == total else DocumentStatus.PARTIALLY_PAID


def needs_proof(row: Row) -> bool:
    """Whether only the list of posted documents can tell that this one is posted."""
    untouched = row.get("remainingAmount", row["totalAmountIncludingTax"]) == row["totalAmountIncludingTax"]
    return bool(row["status"] == "Open" and untouched)


def is_live(row: Row) -> bool:
    """Neither cancelled nor the platform's own correction of a cancelled document."""
    return row["status"] not in {"Canceled", "Corrective"}


def day(value: str) -> date | None:
    """A date; 0001-01-01 is the platform's empty one."""
    return None if value == EMPTY_DATE else date.fromisoformat(value)


def payments(entries: Iterable[Row], home_currency: str) -> list[RemotePayment]:
    """Payments from customer ledger entries: the entries of one customer and document number are one payment.

    A reversal is an entry of the opposite amount under the same number. What a payment is applied to, the entries do not tell.
    """
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for entry in entries:
        groups[(entry["customerNumber"], entry["documentNumber"])].append(entry)
    return [_payment(customer, number, rows, home_currency) for (customer, number), rows in groups.items()]


def _payment(customer: str, number: str, rows: list[Row], home_currency: str) -> RemotePayment:
    amounts = [Decimal(row["amount"]) for row in rows]
    received = -sum((amount for amount in amounts if amount < 0), Decimal(0))
    newest = max(rows, key=lambda row: datetime.fromisoformat(row["lastModifiedDateTime"]))
    return RemotePayment(
        remote_id=f"{customer}/{number}",
        customer_id=customer,
        received_on=day(rows[0]["postingDate"]),
        amount=received,
        currency=rows[0]["currencyCode"] or home_currency,
        reference=rows[0]["externalDocumentNumber"],
        reversed=bool(received) and sum(amounts, Decimal(0)) == 0,
        modified_at=datetime.fromisoformat(newest["lastModifiedDateTime"]),
    )


def correlation_id(text: str) -> str:
    """The id that an error message ends in, for Microsoft's support."""
    found = _CORRELATION.search(text)
    return found[1] if found else ""


def plain_message(text: str) -> str:
    """An error message without its correlation id."""
    return _CORRELATION.sub("", text).strip()
