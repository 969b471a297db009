"""Reading documents: by their key, by our number, and whether a closed one was paid or taken back by our credit memo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.acumatica.client import Site, any_of, chunks, quoted, understood
from airbooks.platforms.acumatica.lines import NAMES
from airbooks.platforms.acumatica.mapping import TYPES, remote_id, reversal_number
from airbooks.platforms.acumatica.reading import remote_document
from airbooks.platforms.acumatica.spec import INVOICE
from airbooks.platforms.acumatica.wrapped import Row, text

Wanted = tuple[str, DocumentKind]
MEMO = "Credit Memo"
EXPANDED = ("Details", "TaxDetails")
# What an answer must show so that everything that was sent can be compared.
SECTIONS = ("BillingSettings", "FinancialDetails", "ShipToAddress", "ShipToContact")
CUSTOM_FIELDS = {False: "CurrentDocument.TermsID", True: "CurrentDocument.TaxZoneID"}


class Documents:
    """The documents of one entity (SalesInvoice or Invoice): each lists its own, so the one that we write is searched."""

    def __init__(self, site: Site, entity: str) -> None:
        self.site, self.entity, self.names = site, entity, NAMES[entity]
        self.expand = (*EXPANDED, *(("BillToContact",) if entity == INVOICE else SECTIONS))
        self.custom = CUSTOM_FIELDS[entity == INVOICE]

    def row(self, record: str, *more: str) -> Row | None:
        return self.site.record(self.entity, record, expand=(*EXPANDED, *more), custom=self.custom)

    def by_id(self, record: str) -> RemoteDocument | None:
        """The document, read singly and with its rows, or None."""
        if "/" not in record:
            return None
        row = self.row(record)
        return None if row is None else self.read(row)

    def read(self, row: Row) -> RemoteDocument:
        remote = understood(lambda: remote_document(row, self.entity))
        if remote.status is not DocumentStatus.PAID or remote.kind is not DocumentKind.INVOICE:
            return remote
        memo = self.reversal(remote.remote_id)
        is_reversed = memo is not None and text(memo, "Status") == "Closed"
        return remote.model_copy(update={"status": DocumentStatus.VOID}) if is_reversed else remote

    def reversal(self, record: str) -> Row | None:
        """Our credit memo that reverses an invoice, whatever its state."""
        where = f"Type eq {quoted(MEMO)} and CustomerOrder eq {quoted(reversal_number(record))}"
        found = list(self.site.rows(self.entity, where, select="Type,ReferenceNbr,Status,Amount,CustomerOrder"))
        live = [row for row in found if text(row, "Status") not in {"Voided", "Canceled"}]
        return live[0] if live else None

    def by_our_numbers(self, wanted: Iterable[Wanted]) -> dict[Wanted, list[RemoteDocument]]:
        """The live documents with these numbers: found in a list, then read singly."""
        hits: dict[Wanted, list[RemoteDocument]] = {each: [] for each in wanted}
        for chunk in chunks(sorted({number for number, _ in hits})):
            for record in self._records(chunk):
                remote = self.by_id(record)
                if remote is not None and remote.status is not DocumentStatus.VOID and (remote.our_number, remote.kind) in hits:
                    hits[remote.our_number, remote.kind].append(remote)
        return hits

    def _records(self, numbers: Sequence[str]) -> list[str]:
        types = set(TYPES.values())
        rows = self.site.rows(self.entity, any_of(self.names.number, numbers), select=f"Type,ReferenceNbr,Status,{self.names.number}")
        return [remote_id(text(row, "Type"), text(row, "ReferenceNbr")) for row in rows if text(row, "Type") in types]

    def not_there(self, number: str, kind: DocumentKind) -> str:
        """The condition under which an insert is refused (412): a document of this number and type that is not settled."""
        settled = " and ".join(f"Status ne {quoted(each)}" for each in ("Closed", "Voided", "Canceled"))
        return f"{self.names.number} eq {quoted(number)} and Type eq {quoted(TYPES[kind])} and {settled}"
