"""The echo check: what the platform says it booked, compared to the cent with what we sent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from airbooks.canonical import CreditNote, Invoice, RemoteDocument


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact in which the platform's document is not ours; both sides as text."""

    field: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"{self.field}: ours {self.ours}, the platform's {self.theirs}"


def differences(document: Invoice | CreditNote, remote: RemoteDocument, customer_id: str) -> tuple[Difference, ...]:
    """Every fact the platform gives that is not ours; what it does not give (None or empty) is not compared."""
    amounts = (
        ("net total", document.net_total, remote.net),
        ("tax total", document.tax_total, remote.tax),
        ("total with tax", document.gross_total, remote.total),
    )
    texts = (
        ("kind", document.kind.value, remote.kind.value),
        ("number", document.number, remote.our_number),
        ("customer", customer_id, remote.customer_id),
        ("currency", document.currency, remote.currency),
        ("number of lines", str(len(document.amount_lines)), "" if remote.line_count is None else str(remote.line_count)),
    )
    found = [Difference(name, ours, theirs) for name, ours, theirs in texts if ours and theirs and ours != theirs]
    found += [Difference(name, str(ours), str(theirs)) for name, ours, theirs in amounts if _unequal(ours, theirs)]
    return tuple(found)


def _unequal(ours: Decimal, theirs: Decimal | None) -> bool:
    return theirs is not None and ours != theirs
