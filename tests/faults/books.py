"""Two witnesses of what happened: what was planted, and what the sandbox's books hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from tests.platforms.company import Document

from airbooks.sandbox.kit import Row


class Key(NamedTuple):
    """What makes a document one: there must never be two live ones of it in one company's books."""

    kind: str
    number: str


@dataclass(frozen=True, slots=True)
class Expected:
    """A planted document as it must stand in the books; `gone` where somebody voids or deletes it there on purpose."""

    key: Key
    currency: str
    net: Decimal
    tax: Decimal
    total: Decimal
    gone: bool = False

    @classmethod
    def of(cls, document: Document) -> Expected:
        key = Key(document.kind.value, document.number)
        return cls(key, document.currency, document.net_total, document.tax_total, document.gross_total)


@dataclass(frozen=True, slots=True)
class Held:
    """A live document in the platform's books; `customer` is its code or name there."""

    remote_id: str
    customer: str
    status: str
    currency: str
    net: Decimal
    tax: Decimal
    total: Decimal

    def equals(self, expected: Expected) -> bool:
        ours = (expected.currency, expected.net, expected.tax, expected.total)
        return (self.currency, self.net, self.tax, self.total) == ours


def live(documents: Iterable[Row], before: Collection[str] = ()) -> dict[Key, list[Held]]:
    """What is booked and not void, by our number; without what was there `before` (remote ids)."""
    found: dict[Key, list[Held]] = defaultdict(list)
    for row in documents:
        if row["status"] != "void" and row["remote_id"] not in before:
            amounts = (Decimal(row[name]) for name in ("net", "tax", "total"))
            held = Held(row["remote_id"], row["customer"], row["status"], row["currency"], *amounts)
            found[Key(row["kind"], row["our_number"])].append(held)
    return found
