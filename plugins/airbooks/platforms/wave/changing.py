"""What happens to an invoice after it was created: approved and sent, patched, deleted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airbooks.canonical import RemoteDocument
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.errors import Outcome, PlatformError
from airbooks.platforms.wave import queries
from airbooks.platforms.wave.spec import CHANGED_THERE, PAID

if TYPE_CHECKING:
    from airbooks.platforms.wave.hook import WaveHook

log = logging.getLogger(__name__)
Row = Mapping[str, Any]

# What a patch replaces; a view or a payment changes the modification time as well and is no reason to refuse it.
CONTENT = ("our_number", "customer_id", "currency", "total", "tax", "issue_date", "line_count")


def post(hook: WaveHook, sending: Sending, remote: RemoteDocument) -> Sent:
    """Approve a draft (one that is approved already is left as it is), then send it as the options say."""
    try:
        row = _present(hook, remote)
        if row["status"] == "DRAFT":
            row = hook.change(queries.INVOICE_APPROVE, {"invoiceId": remote.remote_id}, lambda answer: dict(answer["invoice"]))
        approved = hook.read_document(row)
    except PlatformError as error:
        return Sent(key=sending.key, error=error)
    note = "" if row.get("lastSentAt") else _send(hook, sending, remote.remote_id)
    return Sent(key=sending.key, remote=approved, note=note)


def _send(hook: WaveHook, sending: Sending, remote_id: str) -> str:
    """What has to be noted; that an invoice could not be sent does not take back that it was approved."""
    address = sending.document.buyer.contact.email
    try:
        if sending.options.get("send_email") and address:
            mail = {"invoiceId": remote_id, "to": [address], "attachPDF": True}
            hook.change(queries.INVOICE_SEND, mail, lambda answer: answer["invoice"]["id"])
        elif sending.options.get("mark_sent"):
            sent = {"invoiceId": remote_id, "sendMethod": "MARKED_SENT"}
            hook.change(queries.INVOICE_MARK_SENT, sent, lambda answer: answer["invoice"]["id"])
    except PlatformError as error:
        what = "may not have been sent" if error.outcome is Outcome.UNKNOWN else "not sent"
        log.warning("%s: invoice %s was approved, but %s: %s", hook.conn_id, sending.document.number, what, error)
        return f"approved, but {what}: {error.message}"
    return ""


def update(hook: WaveHook, change: Row, remote: RemoteDocument) -> RemoteDocument:
    """Patch an invoice that is still what we last saw of it (Wave has no lock; its modification time is compared)."""
    now = hook.read_document(_present(hook, remote))
    if now.version != remote.version:
        _check_same(hook, remote, now, CONTENT)
    return hook.change(queries.INVOICE_PATCH, change, lambda answer: hook.document(answer["invoice"]))


def delete(hook: WaveHook, remote: RemoteDocument) -> str:
    """Delete an invoice, and its payments where the connection says so and all were entered by hand; says what was done."""
    row = hook.invoice_row(remote.remote_id)
    if row is None:
        return "was deleted already"
    _check_same(hook, remote, hook.read_document(row), (*CONTENT, "balance"))
    settled = list(row.get("payments") or ())
    _check_deletable(hook, row, settled)
    for payment in settled:
        _delete_payment(hook, payment["id"])
        log.warning("%s: payment %s of invoice %s was deleted, to void the invoice", hook.conn_id, _told(payment), row["invoiceNumber"])
    hook.change(queries.INVOICE_DELETE, {"invoiceId": remote.remote_id}, lambda answer: answer["didSucceed"])
    paid = ", ".join(map(_told, settled))
    return f"deleted, with its payments: {paid}" if settled else "deleted"


def _told(payment: Row) -> str:
    return f"{payment['amount']} of {payment['paymentDate']}"


def _check_deletable(hook: WaveHook, row: Row, settled: list[Row]) -> None:
    if settled and hook.settings().get("void_deletes_payments", "").lower() != "true":
        raise hook.error(PAID, f"invoice {row['invoiceNumber']} has {len(settled)} payments")
    if any(str(each.get("origin") or "MANUAL").upper() != "MANUAL" for each in settled):
        raise hook.error(PAID, f"invoice {row['invoiceNumber']} was paid through Wave, which only a refund takes back")
    if bool(settled) is not bool(Decimal(row["amountPaid"]["minorUnitValue"])):
        raise hook.error(CHANGED_THERE, f"the payments of invoice {row['invoiceNumber']} are not those that its balance shows")


def _delete_payment(hook: WaveHook, payment_id: str) -> None:
    try:
        hook.change(queries.PAYMENT_DELETE, {"id": payment_id}, lambda answer: answer["didSucceed"])
    except PlatformError as error:
        raise error.as_not_happened() from None  # the invoice itself is still there


def _present(hook: WaveHook, remote: RemoteDocument) -> Row:
    try:
        row = hook.invoice_row(remote.remote_id)
    except PlatformError as error:
        raise error.as_not_happened() from None
    if row is None:
        raise hook.error(CHANGED_THERE, f"invoice {remote.number} (id {remote.remote_id}) was deleted")
    return row


def _check_same(hook: WaveHook, before: RemoteDocument, now: RemoteDocument, fields: tuple[str, ...]) -> None:
    for field in fields:
        was, is_now = getattr(before, field), getattr(now, field)
        if was != is_now:
            raise hook.error(CHANGED_THERE, f"{field} of invoice {now.number} was {was} and is {is_now}")
