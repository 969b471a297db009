"""Sales documents as the platform holds them: found by our number or by id, and told drafts from posted ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from airbooks.canonical import CreditNote, DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.base import Sending
from airbooks.platforms.business_central.client import Company, Row, any_of, chunks, quoted
from airbooks.platforms.business_central.mapping import DATE_FIELDS, LINE_SETS, SETS
from airbooks.platforms.business_central.reading import is_live, needs_proof, remote_document
from airbooks.platforms.business_central.spec import AUTOMATE_GROUP, FINANCE_GROUP
from airbooks.platforms.errors import UNREADABLE_ANSWER, PlatformError

Wanted = tuple[str, DocumentKind]
_FIELDS = (
    "id,number,externalDocumentNumber,postingDate,customerNumber,currencyCode,status,lastModifiedDateTime,"
    "totalAmountExcludingTax,totalTaxAmount,totalAmountIncludingTax"
)
_SELECT = {
    DocumentKind.INVOICE: f"{_FIELDS},{DATE_FIELDS[DocumentKind.INVOICE]},remainingAmount",
    DocumentKind.CREDIT_NOTE: f"{_FIELDS},{DATE_FIELDS[DocumentKind.CREDIT_NOTE]}",
}


class Documents:
    """The sales documents of one company."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def by_our_numbers(self, wanted: Sequence[Wanted]) -> dict[Wanted, list[RemoteDocument]]:
        """The live documents under each of our numbers; the platform keeps them in capitals."""
        found: dict[Wanted, list[RemoteDocument]] = {each: [] for each in wanted}
        for kind in SETS:
            numbers = [number for number, one in found if one is kind]
            for chunk in chunks(numbers):
                condition = any_of("externalDocumentNumber", [quoted(number.upper()) for number in chunk])
                live = self._read([row for row in self._rows(kind, condition) if is_live(row)], kind)
                for number in chunk:
                    found[number, kind] += [remote for remote in live if remote.our_number.upper() == number.upper()]
        return found

    def by_ids(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[str, RemoteDocument]:
        """The documents with these ids; those that are gone are left out."""
        found: dict[str, RemoteDocument] = {}
        for kind in SETS:
            for chunk in chunks([remote_id for remote_id, one in wanted if one is kind]):
                rows = list(self._rows(kind, any_of("id", chunk)))
                found |= {remote.remote_id: remote for remote in self._read(rows, kind)}
        return found

    def by_id(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        return self.by_ids([(remote_id, kind)]).get(remote_id)

    def expect(self, remote_id: str, kind: DocumentKind) -> RemoteDocument:
        """A document that was there a moment ago; raises PlatformError when it is gone."""
        return self._read([self.row(remote_id, kind)], kind)[0]

    def row(self, remote_id: str, kind: DocumentKind) -> Row:
        """A document in the platform's words, with its lines."""
        return self.company.row(f"{SETS[kind]}({remote_id})", expand=LINE_SETS[kind])

    def _rows(self, kind: DocumentKind, condition: str) -> Iterable[Row]:
        return self.company.rows(SETS[kind], filter=condition, select=_SELECT[kind], expand=LINE_SETS[kind])

    def _read(self, rows: Sequence[Row], kind: DocumentKind) -> list[RemoteDocument]:
        doubtful = [row for row in rows if needs_proof(row)]
        proven = self._posted(doubtful, kind) if doubtful else frozenset()
        return [self.read(row, kind, is_posted=row not in doubtful or row["id"] in proven) for row in rows]

    @staticmethod
    def read(row: Row, kind: DocumentKind, *, is_posted: bool) -> RemoteDocument:
        """A document in canonical words; raises PlatformError where the answer is not of the documented form."""
        try:
            return remote_document(row, kind, is_posted=is_posted)
        except (KeyError, ValueError, TypeError) as error:
            raise PlatformError(f"the document lacks or misspells {error}", platform="business_central", rule=UNREADABLE_ANSWER) from None

    def _posted(self, rows: Sequence[Row], kind: DocumentKind) -> frozenset[str]:
        """The ids of those documents that are posted: a draft that a workflow released shows the status Open, too."""
        if kind is DocumentKind.INVOICE:
            return frozenset(row["apiId"] for row in self._proofs(rows))
        numbers = {row["documentNumber"] for row in self._entries(rows)}
        return frozenset(row["id"] for row in rows if row["number"] in numbers)

    def _proofs(self, rows: Sequence[Row]) -> Iterable[Row]:
        for chunk in chunks(sorted({row["externalDocumentNumber"] for row in rows})):
            yield from self.company.rows("postedSalesInvoices", AUTOMATE_GROUP, filter=any_of("externalDocumentNumber", map(quoted, chunk)))

    def _entries(self, rows: Sequence[Row]) -> Iterable[Row]:
        for chunk in chunks([row["number"] for row in rows]):
            condition = f"documentType eq 'Credit_x0020_Memo' and ({any_of('documentNumber', map(quoted, chunk))})"
            yield from self.company.rows("customerLedgerEntries", FINANCE_GROUP, filter=condition)

    def corrected_by(self, batch: Sequence[Sending]) -> dict[str, str]:
        """The id of the posted invoice that each credit note can be applied to, by the sending's key.

        Only where the note corrects exactly one invoice that is open, of the same customer and currency, for at least its amount; any other
        credit note is booked unapplied, with the invoice's number in a comment line.
        """
        notes = {sending.key: sending for sending in batch if isinstance(sending.document, CreditNote)}
        named = {
            key: note.document.preceding_invoices[0].number for key, note in notes.items() if len(note.document.preceding_invoices) == 1
        }
        hits = self.by_our_numbers([(number, DocumentKind.INVOICE) for number in named.values()])
        found = {key: hits[number, DocumentKind.INVOICE] for key, number in named.items()}
        return {key: each[0].remote_id for key, each in found.items() if len(each) == 1 and _takes(each[0], notes[key])}


def _takes(invoice: RemoteDocument, note: Sending) -> bool:
    is_open = invoice.status in {DocumentStatus.OPEN, DocumentStatus.PARTIALLY_PAID}
    same = invoice.customer_id == note.references.customer and invoice.currency == note.document.currency
    return is_open and same and (invoice.balance or 0) >= note.document.gross_total
