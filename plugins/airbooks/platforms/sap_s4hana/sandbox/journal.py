"""Accounting documents on the simulator's disk: numbering, items, and the look-ups by which they are found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from airbooks.platforms.sap_s4hana.sandbox.company import COMPANY, NUMBERS
from airbooks.sandbox.kit import Context, Row

ZERO = Decimal(0)
INDEXED = ("DocumentReferenceID", "AccountingDocument", "InvoiceReference", "ClearingAccountingDocument")


class Journal:
    """The documents of the company code, by number, company code and fiscal year glued together."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.documents = context.store.table("documents")
        self._index: dict[tuple[str, str], dict[str, None]] = {}
        for key in self.documents:
            self._enter(key)

    def _enter(self, key: str) -> None:
        """Enter a document under everything it can be found by; entries that no longer hold are harmless, filters look again."""
        row = self.documents[key]
        found = {("AccountingDocument", row["number"].lstrip("0")), ("DocumentReferenceID", row["reference"])}
        for item in row["items"]:
            found.add(("InvoiceReference", item["invoice_reference"].lstrip("0")))
            found.add(("ClearingAccountingDocument", item["clearing_document"].lstrip("0")))
        for each in found:
            self._index.setdefault(each, {})[key] = None

    def keys(self, name: str, values: Iterable[str]) -> list[str]:
        """The documents that may have one of these values."""
        return list(dict.fromkeys(key for value in sorted(values) for key in self._index.get((name, value), ())))

    def save(self, row: Row) -> Row:
        row["changed"] = self.context.clock.today()
        self.documents[key_of(row)] = row
        self._enter(key_of(row))
        return row

    def next_number(self, kind: str, year: str) -> str:
        number = self.context.store.next_number(f"{COMPANY} {year} {NUMBERS[kind]}", NUMBERS[kind])
        return f"{number:010d}"

    def find(self, key: str) -> Row | None:
        return self.documents.get(key)

    def item(self, number: str, year: str, item: int) -> tuple[Row, Row] | None:
        """A document and one of its customer items."""
        row = self.find(f"{number.zfill(10)}{COMPANY}{year}")
        for each in row["items"] if row else ():
            if each["item"] == item and each["kind"] == "D":
                assert row is not None  # noqa: S101 its items are being read
                return row, each
        return None


def key_of(row: Row) -> str:
    return f"{row['number']}{row['company']}{row['year']}"


def debts(row: Row) -> list[Row]:
    """The customer items of a document."""
    return [item for item in row["items"] if item["kind"] == "D"]


def clear(item: Row, document: str, year: str, on: date, today: date) -> None:
    """Mark an item as cleared by a document."""
    item.update({"cleared": True, "clearing_document": document, "clearing_year": year, "clearing_date": on, "clearing_created": today})
