"""Void: a document on hold is deleted; a released invoice is reversed by a credit memo that is applied to it in full."""

from __future__ import annotations

from datetime import UTC, date, datetime

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.acumatica.client import INSERT_ONLY, UPDATE_ONLY, Site, problem, understood
from airbooks.platforms.acumatica.documents import Documents
from airbooks.platforms.acumatica.mapping import key_fields, remote_id, reversal_body
from airbooks.platforms.acumatica.releases import RELEASED, VOID, Releases, Ticket
from airbooks.platforms.acumatica.spec import GONE, LOST, NEVER_RELEASED, NO_REVERSAL, OTHER_REVERSAL, PAID
from airbooks.platforms.acumatica.wrapped import Row, fields, number, text
from airbooks.platforms.base import Sent
from airbooks.platforms.errors import PlatformError

EXPANDED = ("FinancialDetails",)


class Reversals:
    """Takes documents of one entity back."""

    def __init__(self, site: Site, documents: Documents, releases: Releases) -> None:
        self.site, self.documents, self.releases = site, documents, releases

    def void(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:
        """Raises PlatformError where it cannot be done."""
        row = self.documents.row(remote.remote_id, *(EXPANDED if self.documents.names.warehouse else ()))
        if row is None:
            return Sent(key=key, remote=_as_void(remote), note="was deleted already")
        now = self.documents.read(row)
        if now.status is DocumentStatus.VOID:
            return Sent(key=key, remote=now, note="was void already")
        if now.status is DocumentStatus.DRAFT:
            return self._deleted(now, key)
        if now.kind is DocumentKind.CREDIT_NOTE:
            raise problem(NO_REVERSAL, f"{now.number} is a released credit memo")
        memo = self.documents.reversal(now.remote_id) or self._memo(row, now, on, reason)
        self._require_equal(now, memo)
        return self._finish(now, memo, key)

    def _deleted(self, now: RemoteDocument, key: str) -> Sent:
        try:
            self.site.delete(self.documents.entity, now.remote_id)
        except PlatformError as error:
            if error.rule.name != GONE:
                raise
        return Sent(key=key, remote=_as_void(now), note="document on hold deleted")

    def _memo(self, row: Row, now: RemoteDocument, on: date, reason: str) -> Row:
        if now.status is not DocumentStatus.OPEN:
            raise problem(PAID, f"{now.number} is {now.status.value.replace('_', ' ')}: {now.balance} of {now.total} is open")
        body = understood(lambda: reversal_body(row, now.remote_id, self.documents.entity, on, reason))
        return self.site.put(self.documents.entity, body, INSERT_ONLY)

    def _require_equal(self, now: RemoteDocument, memo: Row) -> None:
        """A credit memo of another amount is taken back, also one that an earlier try left; a released one takes no change."""
        amount = understood(lambda: number(memo, "Amount"))
        if amount == now.total:
            return
        if text(memo, "Status") not in RELEASED:
            self.site.delete(self.documents.entity, _record(memo))
        raise problem(OTHER_REVERSAL, f"the reversal of {now.number} comes to {amount}, not {now.total}")

    def _finish(self, now: RemoteDocument, memo: Row, key: str) -> Sent:
        """Release the credit memo, unless it is; what is then left to do, a ticket says."""
        record, status = _record(memo), text(memo, "Status")
        if status not in RELEASED:
            if status != "Balanced":
                changed = self.site.put(self.documents.entity, {**key_fields(record), **fields(Hold=False)}, UPDATE_ONLY)
                self.releases.require_balanced(text(changed, "Status"), record)
            started = self.releases.start(VOID, record)
            if started is not None and not self.releases.look(started):
                return Sent(key=key, ticket=_of_invoice(started.ticket, now), remote=now)
        return self._voided(now.remote_id, record, key)

    def _voided(self, invoice: str, memo: str, key: str) -> Sent:
        after = self.documents.by_id(invoice)
        if after is None or after.status is not DocumentStatus.VOID:
            return Sent(key=key, error=problem(LOST, f"{memo} is released and {invoice} is not closed by it"))
        return Sent(key=key, remote=after, note=f"reversed by {memo}")

    def answer(self, key: str, ticket: Ticket) -> Sent:
        """What became of the reversal of an invoice."""
        after = self.documents.by_id(ticket.record)
        if after is not None and after.status is DocumentStatus.VOID:
            memo = self.documents.reversal(ticket.record)
            return Sent(key=key, remote=after, note=f"reversed by {_record(memo)}" if memo else "")
        memo = self.documents.reversal(ticket.record) if after is not None else None
        if memo is None:
            return Sent(key=key, error=problem(LOST, f"the reversal of {ticket.record} is not there any more"))
        if ticket.is_overdue(datetime.now(UTC)):
            says = f"{_record(memo)}, which reverses {ticket.record}, is {text(memo, 'Status')} since {ticket.since:%Y-%m-%d %H:%M} UTC"
            return Sent(key=key, error=problem(NEVER_RELEASED, says))
        return Sent(key=key, ticket=str(ticket))


def _of_invoice(ticket: Ticket, invoice: RemoteDocument) -> str:
    """The ticket of a void names the invoice: its credit memo is found by it."""
    return str(Ticket(act=ticket.act, record=invoice.remote_id, since=ticket.since, operation=ticket.operation))


def _record(row: Row) -> str:
    return remote_id(text(row, "Type"), text(row, "ReferenceNbr"))


def _as_void(remote: RemoteDocument) -> RemoteDocument:
    return remote.model_copy(update={"status": DocumentStatus.VOID})
