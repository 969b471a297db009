"""Odoo's records as canonical remote documents and payments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.canonical.money import round_amount

Row = Mapping[str, Any]
KINDS = {"out_invoice": DocumentKind.INVOICE, "out_refund": DocumentKind.CREDIT_NOTE}
DOCUMENT_FIELDS = (
    "id",
    "name",
    "ref",
    "move_type",
    "state",
    "payment_state",
    "partner_id",
    "currency_id",
    "amount_untaxed",
    "amount_tax",
    "amount_total",
    "amount_residual",
    "invoice_date",
    "date",
    "write_date",
)
PAYMENT_FIELDS = ("id", "state", "amount", "currency_id", "date", "memo", "partner_id", "move_id", "write_date")
NO_NUMBER = "/"  # of drafts before 18 (from memory)
_PAID_STATES = {"partial": DocumentStatus.PARTIALLY_PAID, "reversed": DocumentStatus.VOID}
_PAID = frozenset({"in_payment", "paid", "invoicing_legacy"})


def remote_document(row: Row, line_count: int | None = None) -> RemoteDocument:
    """An `account.move`; `line_count` where the caller knows how many of its lines are the document's own."""
    currency = label(row["currency_id"])
    return RemoteDocument(
        remote_id=str(row["id"]),
        kind=KINDS[row["move_type"]],
        number=_number(row["name"]),
        our_number=row["ref"] or "",
        status=status(row["state"], row["payment_state"]),
        customer_id=str(record_id(row["partner_id"]) or ""),
        currency=currency,
        net=amount(row["amount_untaxed"], currency),
        tax=amount(row["amount_tax"], currency),
        total=amount(row["amount_total"], currency),
        balance=amount(row["amount_residual"], currency),
        line_count=line_count,
        issue_date=day(row["invoice_date"]),
        posting_date=day(row["date"]),
        version=row["write_date"],
        modified_at=moment(row["write_date"]),
    )


def status(state: str, payment_state: str) -> DocumentStatus:
    """The state comes first: a document reset to draft may still say that it is paid."""
    if state == "draft":
        return DocumentStatus.DRAFT
    if state == "cancel":
        return DocumentStatus.VOID
    if payment_state in _PAID:
        return DocumentStatus.PAID
    return _PAID_STATES.get(payment_state, DocumentStatus.OPEN)


def remote_payment(row: Row, allocations: Iterable[RemoteAllocation]) -> RemotePayment:
    """An `account.payment`; what is applied comes from `account.partial.reconcile`."""
    currency = label(row["currency_id"])
    return RemotePayment(
        remote_id=str(row["id"]),
        customer_id=str(record_id(row["partner_id"]) or ""),
        received_on=day(row["date"]),
        amount=amount(row["amount"], currency),
        currency=currency,
        reference=row["memo"] or "",
        allocations=tuple(allocations),
        reversed=row["state"] in ("canceled", "cancel", "rejected"),
        version=row["write_date"],
        modified_at=moment(row["write_date"]),
    )


def amount(value: Any, currency: str) -> Decimal:
    """A float of the server as an amount; its last binary digits are noise."""
    return round_amount(Decimal(value), currency)


def record_id(value: Any) -> int | None:
    """The id of a many2one, which reads as `[id, label]` or false."""
    return int(value[0]) if value else None


def label(value: Any) -> str:
    return str(value[1]) if value else ""


def day(value: Any) -> date | None:
    return date.fromisoformat(value) if value else None


def moment(value: str) -> datetime:
    """'YYYY-MM-DD HH:MM:SS', UTC without saying so."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def stamp(moment_: datetime) -> str:
    return moment_.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _number(name: Any) -> str:
    return "" if not name or name == NO_NUMBER else str(name)
