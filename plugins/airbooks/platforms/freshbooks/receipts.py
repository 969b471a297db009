"""Money received, as FreshBooks payments: one for each invoice that a payment of ours settles, known again by the words in its note."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from airbooks.canonical import DocumentKind, DocumentStatus, Payment, RemotePayment
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.freshbooks import mapping, reading
from airbooks.platforms.freshbooks.spec import CHANGED_THERE, OVERPAYMENT
from airbooks.platforms.payments import INEXPRESSIBLE, together
from airbooks.platforms.references import References

if TYPE_CHECKING:
    from airbooks.platforms.freshbooks.hook import FreshBooksHook

log = logging.getLogger(__name__)
Row = Mapping[str, Any]
PAYMENTS = "payments/payments"


def changed_since(hook: FreshBooksHook, since: datetime) -> Iterator[RemotePayment]:
    """Payments changed since, deleted ones as reversed. FreshBooks filters by days of the US East, so a day is overlapped; the hour
    that comes twice in autumn is kept whole."""
    day = since.astimezone(reading.EASTERN).date() - timedelta(days=1)
    seen: set[tuple[str, str]] = set()
    for row in hook.rows(PAYMENTS, "payments", **{"search[updated_min]": day.isoformat()}):
        payment = hook.sound(partial(reading.remote_payment, row))
        recent = payment.modified_at is None or payment.modified_at + timedelta(hours=1) >= since
        if recent and (payment.remote_id, payment.version) not in seen:
            seen.add((payment.remote_id, payment.version))
            yield payment


def apply(hook: FreshBooksHook, payment: Payment, references: References) -> RemotePayment:
    """Book what is not on the invoices yet; nothing is booked before all of it can be."""
    bodies = [body["payment"] for body in mapping.payment_bodies(payment, references)]
    held = [_held(hook, body, payment) for body in bodies]
    done = [each for each in held if each is not None]
    missing = [body for body, found in zip(bodies, held, strict=True) if found is None]
    try:
        for body in missing:
            _check_outstanding(hook, body)
        for body in missing:
            done.append(_book(hook, body))
    except PlatformError as error:
        raise _partly_booked(error, done) from None
    return together(sorted(done, key=lambda each: int(each.remote_id)))


def _partly_booked(error: PlatformError, done: Sequence[RemotePayment]) -> PlatformError:
    """The error, which must not say that nothing happened where a part of the payment is there."""
    if not done:
        return error
    there = ", ".join(each.remote_id for each in done)
    return error.as_unknown(f"payments {there} are a part of it and booked; the rest")


def _held(hook: FreshBooksHook, body: Row, payment: Payment) -> RemotePayment | None:
    """The payment of ours that an invoice has already; raises when a person has given it another amount or date."""
    marker, invoice = mapping.payment_marker(payment), str(body["invoiceid"])
    for row in hook.rows(PAYMENTS, "payments", **{"search[invoiceid]": invoice}):
        if hook.sound(partial(_carries, row, invoice, marker)):
            found = hook.sound(partial(reading.remote_payment, row))
            if (found.amount, found.received_on) != (reading.amount(body["amount"]), payment.received_on):
                raise hook.error(CHANGED_THERE, f"payment {found.remote_id} {marker} is {found.amount} of {found.received_on} there")
            return found
    return None


def _carries(row: Row, invoice: str, marker: str) -> bool:
    return str(row["invoiceid"]) == invoice and marker in (row["note"] or "") and reading.is_live(row)


def _check_outstanding(hook: FreshBooksHook, body: Row) -> None:
    invoice = hook.get_invoice(str(body["invoiceid"]), DocumentKind.INVOICE)
    if invoice is None or invoice.status is DocumentStatus.VOID:
        raise hook.error(CHANGED_THERE, f"the invoice to be paid (id {body['invoiceid']}) was deleted")
    if body["amount"]["code"] != invoice.currency:
        message = f"{body['amount']['code']} cannot pay id {invoice.remote_id}, which is in {invoice.currency}"
        raise hook.error(INEXPRESSIBLE, message)
    if invoice.balance is not None and reading.amount(body["amount"]) > invoice.balance:
        message = f"{body['amount']['amount']} is to be paid on id {invoice.remote_id}, of which {invoice.balance} is outstanding"
        raise hook.error(OVERPAYMENT, message)


def _book(hook: FreshBooksHook, body: Row) -> RemotePayment:
    reply = hook.write("POST", PAYMENTS, {"payment": dict(body)})
    row: Row = hook.understood(reply, lambda answer: reading.result(answer)["payment"])
    if row.get("overpaymentid"):
        log.warning("%s: payment %s was more than was outstanding; the surplus is client credit", hook.conn_id, row["id"])
    return hook.sound(lambda: reading.remote_payment(row))
