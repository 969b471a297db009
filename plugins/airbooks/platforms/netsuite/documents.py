"""Sales documents as NetSuite holds them: found by external id, written, compared, taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from airbooks.canonical import CreditNote, DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.base import Sending
from airbooks.platforms.errors import UNREADABLE_ANSWER, PlatformError
from airbooks.platforms.netsuite import mapping, reading
from airbooks.platforms.netsuite.records import Records, Row, problem, unread
from airbooks.platforms.netsuite.spec import CHANGED_THERE, DUPLICATE, IS_PAID, NOT_SETTLED

MEMO = mapping.RECORDS[DocumentKind.CREDIT_NOTE]
Voided = tuple[RemoteDocument, str]


def void_id(remote: RemoteDocument) -> str:
    """The external id of the credit memo that voids an invoice: it tells a void from a payment, and can be made once only."""
    return f"VOID-{remote.our_number or remote.remote_id}"


class Documents:
    """The sales documents of one account; `kept_items` are the items of discounts and charges."""

    def __init__(self, records: Records, currencies: Mapping[str, str], kept_items: frozenset[str]) -> None:
        self.records, self.currencies, self.kept_items = records, currencies, kept_items

    # -- reading --------------------------------------------------------------------------------------------------------------

    def live(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        """The document under our number, unless it is void; external ids are compared without case there, numbers are not here."""
        row = self.records.by_external_id(mapping.RECORDS[kind], number)
        found = self._read(row, kind) if row is not None else None
        return [found] if found and found.our_number == number and found.status is not DocumentStatus.VOID else []

    def already_there(self, sending: Sending) -> RemoteDocument | None:
        """The document that is the reason of a refused external id, if it is ours: of the same customer, currency and total."""
        document = sending.document
        try:
            hits = self.live(document.number, document.kind)
        except PlatformError:
            return None  # the refusal stands, and is looked up by the engine
        ours = (sending.references.customer, document.currency, document.gross_total)
        return next((each for each in hits if (each.customer_id, each.currency, each.total) == ours), None)

    def by_id(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        row = self.records.get(mapping.RECORDS[kind], remote_id)
        return None if row is None else self._read(row, kind)

    def just_written(self, remote_id: str, kind: DocumentKind) -> RemoteDocument:
        """What the platform made of a write, whose own answer has no body; not being able to read it leaves the outcome open."""
        try:
            found = self.by_id(remote_id, kind)
        except PlatformError as error:
            raise unread(error) from None
        if found is None:
            raise problem(UNREADABLE_ANSWER, f"{mapping.RECORDS[kind]} {remote_id} was written and is not there")
        return found

    def _read(self, row: Row, kind: DocumentKind) -> RemoteDocument:
        try:
            found = reading.remote_document(row, kind, self.currencies, self.kept_items)
        except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
            says = f"{mapping.RECORDS[kind]} {row.get('id')} lacks or misspells {error}"
            raise problem(UNREADABLE_ANSWER, says) from None
        if found.status is DocumentStatus.PAID and kind is DocumentKind.INVOICE and self._void_memo(found) is not None:
            return found.model_copy(update={"status": DocumentStatus.VOID})
        return found

    def _void_memo(self, invoice: RemoteDocument) -> Row | None:
        """The credit memo of ours that took an invoice back."""
        row = self.records.by_external_id(MEMO, void_id(invoice))
        return row if row is not None and (row.get("createdFrom") or {}).get("id") == invoice.remote_id else None

    def settled_by(self, sending: Sending) -> str:
        """The internal id of the invoice that a credit note can be applied to, or nothing.

        Only where the note corrects exactly one invoice that is open, of the same customer and currency, for at least its amount; any other
        one is booked unapplied, with the invoice's number in its memo.
        """
        note = sending.document
        if not isinstance(note, CreditNote) or len(note.preceding_invoices) != 1:
            return ""
        for invoice in self.live(note.preceding_invoices[0].number, DocumentKind.INVOICE):
            is_open = invoice.status in {DocumentStatus.OPEN, DocumentStatus.PARTIALLY_PAID}
            same = (invoice.customer_id, invoice.currency) == (sending.references.customer, note.currency)
            if is_open and same and (invoice.balance or 0) >= note.gross_total:
                return invoice.remote_id
        return ""

    # -- changing -------------------------------------------------------------------------------------------------------------

    def expect_unchanged(self, before: RemoteDocument, *more: str) -> RemoteDocument:
        """The document as it is now; raises PlatformError where somebody changed or removed it since it was read."""
        now = self.by_id(before.remote_id, before.kind)
        if now is None or now.status is DocumentStatus.VOID:
            raise problem(CHANGED_THERE, f"id {before.remote_id} was {'deleted' if now is None else 'voided'}")
        for field in ("our_number", "customer_id", "currency", "total", "tax", "line_count", "issue_date", *more):
            was, is_now = getattr(before, field), getattr(now, field)
            if was != is_now:
                raise problem(CHANGED_THERE, f"{field} of id {now.remote_id} was {was} and is {is_now}", field)
        return now

    def delete(self, remote: RemoteDocument) -> Voided:
        """Delete a document for good: its number is free again."""
        now = self.by_id(remote.remote_id, remote.kind)
        if now is None:
            return _void(remote), "was deleted already"
        if now.status is DocumentStatus.VOID:
            return now, "was void already"
        self.expect_unchanged(remote)
        self.records.delete(mapping.RECORDS[remote.kind], remote.remote_id)
        return _void(remote), "deleted"

    def credit(self, remote: RemoteDocument, on: date, reason: str) -> Voided:
        """Take back an open invoice by a credit memo over all of it; a draft has booked nothing and is deleted."""
        if remote.status is DocumentStatus.DRAFT:
            return self.delete(remote)
        now = self.by_id(remote.remote_id, remote.kind)
        if now is None or now.status is DocumentStatus.VOID:
            return now or _void(remote), "was deleted already" if now is None else "was void already"
        self.expect_unchanged(remote)
        memo_id = self._credit_memo(now, on, reason)
        try:
            void = self._settled(now, memo_id)
        except PlatformError as error:
            raise unread(error) if error.rule is not NOT_SETTLED else error from None
        return void, f"credit memo {memo_id}"

    def _credit_memo(self, invoice: RemoteDocument, on: date, reason: str) -> str:
        """The id of the credit memo that takes an invoice back, made now or by an earlier try."""
        total = invoice.total or Decimal(0)
        there = self._void_memo(invoice)
        if there is not None:
            return str(there["id"])
        if invoice.balance != total:
            raise problem(IS_PAID, f"{total - (invoice.balance or 0)} of invoice {invoice.number} is paid or credited")
        body = mapping.void_body(void_id(invoice), invoice.remote_id, total, on.isoformat(), reason)
        try:
            return self.records.transform("invoice", invoice.remote_id, MEMO, body)
        except PlatformError as error:
            there = self._void_memo(invoice) if error.rule.name == DUPLICATE else None
            if there is None:
                raise
            return str(there["id"])

    def _settled(self, invoice: RemoteDocument, memo_id: str) -> RemoteDocument:
        """The invoice, void; a credit memo that was not applied with its making is applied now."""
        now = self.by_id(invoice.remote_id, invoice.kind)
        if now is not None and now.status is not DocumentStatus.VOID:
            self.records.change(MEMO, memo_id, {"apply": mapping.application(invoice.remote_id, now.balance or Decimal(0))})
            now = self.by_id(invoice.remote_id, invoice.kind)
        if now is None or now.status is not DocumentStatus.VOID:
            raise problem(NOT_SETTLED, f"credit memo {memo_id} was made, and invoice {invoice.number} is still open")
        return now


def _void(remote: RemoteDocument) -> RemoteDocument:
    return remote.model_copy(update={"status": DocumentStatus.VOID, "balance": Decimal(0)})
