"""Creating and voiding: a batch, an order for GL07, a ticket; and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from airbooks.canonical import CreditNote, DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError, ReferenceMissing
from airbooks.platforms.unit4 import mapping, staging
from airbooks.platforms.unit4.mapping import Batch
from airbooks.platforms.unit4.reading import Posted
from airbooks.platforms.unit4.reversals import reversal_batch
from airbooks.platforms.unit4.rules import CHANGED_THERE, NO_MAPPING, SETTLED
from airbooks.platforms.unit4.settings import is_on
from airbooks.platforms.unit4.tickets import Ticket

if TYPE_CHECKING:
    from airbooks.platforms.unit4.hook import Unit4Hook

ZERO = Decimal(0)
Look = Callable[[], RemoteDocument | None]
FOUND_TWICE = ErrorRule(name="posted twice", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)


def create(hook: Unit4Hook, sending: Sending) -> Sent:
    document = sending.document
    try:
        batch = mapping.document_batch(document, sending.references, sending.options, corrected(hook, sending))
        return _hand_in(hook, sending.key, batch, _ordered(hook, sending), lambda: _live(hook, document.number, document.kind))
    except ReferenceMissing as missing:
        return Sent(key=sending.key, error=hook.problem(NO_MAPPING, str(missing)))
    except PlatformError as error:
        return Sent(key=sending.key, error=error)


def _ordered(hook: Unit4Hook, sending: Sending) -> bool:
    chosen = sending.options.get("run_gl07")
    return is_on(hook.settings(), "run_gl07") if chosen is None else bool(chosen)


def corrected(hook: Unit4Hook, sending: Sending) -> Posted | None:
    """The posted invoice that a credit note corrects, where it names one that this customer has."""
    document = sending.document
    if not isinstance(document, CreditNote) or len(document.preceding_invoices) != 1:
        return None
    asked = {"customer": sending.references.customer, "number": document.preceding_invoices[0].number}
    found = (each for each in hook.transactions(asked) if each.voucher_type in hook.document_types())
    return next((each for each in found if each.kind is DocumentKind.INVOICE), None)


def _hand_in(hook: Unit4Hook, key: str, batch: Batch, orders: bool, look: Look) -> Sent:
    there = staging.stage(hook, batch, orders=orders, posted=look)
    if there is not None:
        return Sent(key=key, remote=there, note="was posted already")
    job = staging.order(hook, batch) if orders else ""
    return Sent(key=key, ticket=str(Ticket(batch.interface, batch.batch_id, job, batch.number)))


def _live(hook: Unit4Hook, number: str, kind: DocumentKind) -> RemoteDocument | None:
    found = hook.find_invoice(number, kind)
    if len(found) > 1:
        vouchers = ", ".join(each.number for each in found)
        raise hook.problem(FOUND_TWICE, f"{number} is posted as vouchers {vouchers}")
    return found[0] if found else None


# -- void ----------------------------------------------------------------------------------------------------------------------------


def void(hook: Unit4Hook, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:
    """A reversing voucher, unless the document is void or anything is matched against it."""
    try:
        return _void(hook, remote, on=on, reason=reason, key=key)
    except PlatformError as error:
        return Sent(key=key, error=error)


def _void(hook: Unit4Hook, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:
    now = hook.get_invoice(remote.remote_id, remote.kind)
    posted = hook.posted(remote.remote_id)
    if now is None or posted is None:
        raise hook.problem(CHANGED_THERE, f"voucher {remote.remote_id} is not in the customers' ledger")
    if now.status is DocumentStatus.VOID:
        return Sent(key=key, remote=now, note="was reversed already")
    if now.status is not DocumentStatus.OPEN:
        raise hook.problem(SETTLED, f"voucher {now.number} ({now.our_number}) is {now.status.value}, {now.balance} of {now.total} is open")
    rows = hook.voucher_rows(posted.voucher)
    if not rows or sum((each.value for each in rows), ZERO) or sum((each.amount for each in rows), ZERO):
        raise hook.problem(CHANGED_THERE, f"the ledger shows {len(rows)} rows of voucher {posted.voucher}, which do not balance")
    batch = reversal_batch(posted, rows, hook.configured(), on=on, reason=reason)
    orders = is_on(hook.settings(), "run_gl07")
    return _hand_in(hook, key, batch, orders, lambda: _void_one(hook, remote.our_number, remote.kind))


def _void_one(hook: Unit4Hook, number: str, kind: DocumentKind) -> RemoteDocument | None:
    """The document that was voided, once none of the number lives: one of an earlier generation was void before."""
    found = hook.documents_numbered(number, kind)
    return found[-1] if found and all(each.status is DocumentStatus.VOID for each in found) else None


# -- what became of it ---------------------------------------------------------------------------------------------------------------------


def collect(hook: Unit4Hook, sending: Sending, text: str) -> Sent:
    """The document in the ledger, or what GL07 says against it, or still the ticket. Only reads.

    The ledger comes first: what it has is posted, whatever the report of a second order complains about.
    """
    ticket, document = Ticket.read(text), sending.document
    job = hook.job(ticket.job)
    if job is not None and job.is_open:
        return Sent(key=sending.key, ticket=text)
    is_void = ticket.number != document.number
    try:
        remote = (_void_one if is_void else _live)(hook, document.number, document.kind)
    except PlatformError as error:
        if error.rule is not FOUND_TWICE:
            raise
        return Sent(key=sending.key, error=error)
    if remote is not None:
        return Sent(key=sending.key, remote=remote, note=f"reversed as {ticket.number}" if is_void else "")
    if job is not None and (job.errors or job.has_failed):
        return Sent(key=sending.key, error=hook.rejection(job, ticket.batch_id))
    return Sent(key=sending.key, ticket=text)
