"""Sales documents as the open-item service shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.sap_s4hana import reading
from airbooks.platforms.sap_s4hana.client import Client
from airbooks.platforms.sap_s4hana.odata import Row, equal, one_of
from airbooks.platforms.sap_s4hana.reading import DocumentKey

ASKED_AT_ONCE = 20  # conditions in one request, so that its address stays short
Wanted = tuple[str, DocumentKind]
T = TypeVar("T")


def portions(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many values as one request may ask for."""
    return (values[start : start + ASKED_AT_ONCE] for start in range(0, len(values), ASKED_AT_ONCE))


class Documents:
    """Invoices and credit notes of one company code, read."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.settings = client.hook.settings()

    def get(self, remote_id: str) -> RemoteDocument | None:
        rows, followers = self.items_of(remote_id)
        return self._document(rows, followers) if reading.customer_items(rows) else None

    def items_of(self, remote_id: str) -> tuple[list[Row], list[Row]]:
        """All items of a document, and the customer items of others that refer to it."""
        key = DocumentKey.of(remote_id)
        if key is None:
            return [], []
        rows = self.client.items(equal("FiscalYear", key.fiscal_year), equal("AccountingDocument", key.number))
        return rows, self._followers([key]).get(key, []) if rows else []

    def find(self, wanted: Sequence[Wanted]) -> dict[Wanted, list[RemoteDocument]]:
        """The documents that are not reversed, by our number and kind."""
        found: dict[Wanted, list[RemoteDocument]] = {each: [] for each in wanted}
        for numbers in portions(sorted({number for number, _ in found})):
            for remote in self.numbered(numbers):
                hits = found.get((remote.our_number, remote.kind))
                if hits is not None and remote.status is not DocumentStatus.VOID:
                    hits.append(remote)
        return found

    def numbered(self, numbers: Iterable[str]) -> list[RemoteDocument]:
        """All documents with these numbers of ours, the reversed ones included."""
        types = one_of("AccountingDocumentType", {self.settings["doc_type_invoice"], self.settings["doc_type_credit"]})
        rows = self.client.items(one_of("DocumentReferenceID", set(numbers)), types, "IsReversal eq false")
        grouped = {key: items for key, items in reading.by_document(rows).items() if reading.customer_items(items)}
        followers = self._followers(list(grouped)) if grouped else {}
        return [self._document(items, followers.get(key, [])) for key, items in grouped.items()]

    def _followers(self, keys: Sequence[DocumentKey]) -> dict[DocumentKey, list[Row]]:
        """Partial payments and residual items of these documents."""
        debts = equal("FinancialAccountType", reading.CUSTOMER_ITEM)
        rows = self.client.items(debts, one_of("InvoiceReference", {key.number for key in keys}))
        found: dict[DocumentKey, list[Row]] = {}
        for row in rows:
            key = reading.referenced(row)
            if key is not None:
                found.setdefault(key, []).append(row)
        return found

    def _document(self, rows: Sequence[Row], followers: Sequence[Row]) -> RemoteDocument:
        return self.client.understood(lambda: reading.remote_document(rows, followers, self.settings))
