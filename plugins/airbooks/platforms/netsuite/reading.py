"""What NetSuite answers, in canonical words (REST Record API v1, 2026.1). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.wire import Complaint, Reply

Row = Mapping[str, Any]
_DRAFTS = {"D", "E"}  # Pending Approval, Rejected (meanings from memory)
PAID, VOIDED = "B", "V"
REPLAYED = "IDEMPOTENCY_ERROR"
DECLINED = "R"


def remote_document(row: Row, kind: DocumentKind, currencies: Mapping[str, str], kept_items: frozenset[str]) -> RemoteDocument:
    """An invoice or credit memo read with its sublists; `currencies` are ISO codes by id, `kept_items` the discount and charge items.

    A paid document may have been voided by a credit memo of ours: only looking for that can tell.
    """
    total, tax = Decimal(row["total"]), Decimal(row.get("taxTotal", 0))
    balance = Decimal(row["amountRemaining"])
    lines = row["item"]["items"]
    return RemoteDocument(
        remote_id=row["id"],
        kind=kind,
        number=row.get("tranId", ""),
        our_number=row.get("externalId", ""),
        status=_status(row["status"]["id"], total, balance),
        customer_id=row["entity"]["id"],
        currency=currencies.get(row["currency"]["id"], row["currency"]["id"]),
        net=total - tax,
        tax=tax,
        total=total,
        balance=balance,
        line_count=sum(1 for line in lines if line["item"]["id"] not in kept_items),
        issue_date=date.fromisoformat(row["tranDate"]),
        posting_date=date.fromisoformat(row["tranDate"]),
        modified_at=datetime.fromisoformat(row["lastModifiedDate"]),
    )


def _status(letter: str, total: Decimal, balance: Decimal) -> DocumentStatus:
    if letter in _DRAFTS:
        return DocumentStatus.DRAFT
    if letter == VOIDED:
        return DocumentStatus.VOID
    if letter == PAID:
        return DocumentStatus.PAID
    return DocumentStatus.OPEN if balance == total else DocumentStatus.PARTIALLY_PAID


def remote_payment(row: Row, currencies: Mapping[str, str]) -> RemotePayment:
    """A customer payment; its `apply` sublist also lists the open documents that it is not applied to."""
    applied = [each for each in row["apply"]["items"] if each.get("apply")]
    amount = Decimal(row["payment"])
    return RemotePayment(
        remote_id=row["id"],
        customer_id=row["customer"]["id"],
        received_on=date.fromisoformat(row["tranDate"]),
        amount=amount,
        currency=currencies.get(row["currency"]["id"], row["currency"]["id"]),
        reference=row.get("memo", "") or row.get("tranId", ""),
        allocations=tuple(RemoteAllocation(remote_id=each["doc"]["id"], amount=Decimal(each["amount"])) for each in applied),
        reversed=row["status"]["id"] == DECLINED or not amount,
        modified_at=datetime.fromisoformat(row["lastModifiedDate"]),
    )


def complaint(reply: Reply) -> Complaint | None:
    """`o:errorDetails` of the record service, or OAuth's own form; a good answer is empty (201, 202, 204) or an object.

    The field is the place that the vendor names; of a repeated idempotency key, the Location that comes with it.
    """
    if reply.status < 300:
        if reply.content and not isinstance(reply.json(), dict):
            raise ValueError("no object")
        if reply.status == 200 and not reply.content:
            raise ValueError("an empty answer")
        return None
    body = reply.json()
    if isinstance(body.get("error"), str):
        return Complaint(code=body["error"], message=str(body.get("error_description", body["error"])))
    details = body.get("o:errorDetails") or [{"detail": body["title"]}]
    first = details[0]
    place = next((str(value) for name, value in first.items() if name.startswith("o:error") and name != "o:errorCode"), "")
    code, location = first.get("o:errorCode", ""), reply.headers.get("location", "")
    return Complaint(
        code=code,
        message="; ".join(str(each.get("detail", "")) for each in details),
        field=location or place if code == REPLAYED else place,
    )
