"""The documents that a firm sends: invoices, some in another currency, and credit notes that correct invoices planted before them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from tests.platforms.company import Company, Document
from tests.platforms.setting import setting

from airbooks.canonical import Invoice, Party
from airbooks.platforms import registry
from airbooks.platforms.spec import Capability

CUSTOMERS = 8
FOREIGN_EVERY, CREDIT_EVERY, LONG_EVERY = 10, 5, 20


class Papers(Company):
    """Makes documents of one platform's company without asking any sandbox; numbers (and customers) begin at `first` and never repeat."""

    def __init__(self, slug: str, first: int = 1, customers: int = CUSTOMERS) -> None:
        self.slug = slug
        self.spec, self.setting = registry.spec(slug), setting(slug)
        self._serial, self._numbers = count(first), count(first)
        self._parties = [self.party() for _ in range(customers)]

    def number(self, series: str = "SI") -> str:
        return f"{self.setting.division}-{series}-{next(self._numbers):06}"

    def documents(self, wanted: int) -> Iterator[Document]:
        """A mix: every tenth in the foreign currency, every fifth a credit note for the invoice before it, where the platform can."""
        latest: Invoice | None = None
        for position in range(wanted):
            if latest is not None and position % CREDIT_EVERY == CREDIT_EVERY - 1 and self.spec.can(Capability.CREDIT_NOTES):
                yield self.note(latest)
            else:
                latest = self.sale(position)
                yield latest

    def sale(self, position: int = 0, **fields: Any) -> Invoice:
        """One invoice of a customer that others share."""
        made = {"buyer": self.buyer(position), "source": "erp", "source_id": self._source_id(), **self._money(position), **fields}
        if position % LONG_EVERY == 0 and "currency" not in fields:
            lines = self.example_lines()
            return self.invoice(*lines, charges=self.volume_discount(lines), **made)
        return self.small_invoice(**made)

    def note(self, corrects: Invoice, **fields: Any) -> Document:
        """A credit note for a part of an invoice, in its currency."""
        rate = {"exchange_rate": corrects.exchange_rate} if corrects.exchange_rate else {}
        part = self.line(1, quantity="1", price="40")
        return self.credit_note(part, corrects=corrects, source="erp", source_id=self._source_id(), **rate, **fields)

    def buyer(self, position: int) -> Party:
        return self._parties[position % len(self._parties)]

    def _source_id(self) -> str:
        return f"{self.slug}-{next(self._serial)}"

    def _money(self, position: int) -> dict[str, Any]:
        if position % FOREIGN_EVERY != FOREIGN_EVERY - 3 or not self.spec.can(Capability.MULTI_CURRENCY):
            return {}
        return {"currency": self.setting.foreign, "exchange_rate": self.exchange_rate()}
