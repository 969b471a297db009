"""Customer payments: booked once, known again by their private note, and listed with those that were voided or deleted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airbooks.canonical import Payment, RemotePayment
from airbooks.platforms.quickbooks import mapping, payments, queries, reading
from airbooks.platforms.quickbooks.spec import BOOKED_OTHERWISE
from airbooks.platforms.references import References

if TYPE_CHECKING:
    from airbooks.platforms.quickbooks.hook import QuickBooksHook

log = logging.getLogger(__name__)

CHANGES_KEPT = timedelta(days=30)
CHANGES_PER_ANSWER = 1000


# -- reading ------------------------------------------------------------------------------------------------------------


def changed_since(hook: QuickBooksHook, since: datetime) -> Iterator[RemotePayment]:
    """Payments changed since, oldest change first, then those deleted since (`/cdc`, which goes back 30 days)."""
    seen: set[tuple[str, str]] = set()
    moment, start = since, 1
    while True:
        rows = _changed(hook, moment, start)
        for payment in rows:
            if (payment.remote_id, payment.version) not in seen:
                seen.add((payment.remote_id, payment.version))
                yield payment
        if len(rows) < hook.page_size:
            break
        # Asking by time and not by position: a payment that changes meanwhile moves to the end, and none is skipped.
        last = rows[-1].modified_at or moment
        moment, start = (last, 1) if last > moment else (moment, start + hook.page_size)
    yield from _deleted(hook, since)


def _changed(hook: QuickBooksHook, moment: datetime, start: int) -> list[RemotePayment]:
    order = "MetaData.LastUpdatedTime"
    return hook.rows("Payment", queries.changed_since(moment), read=reading.remote_payment, order=order, start=start)


def _deleted(hook: QuickBooksHook, since: datetime) -> list[RemotePayment]:
    # An hour inside the limit, so that a clock that differs from the vendor's does not make the whole request invalid.
    oldest = datetime.now(UTC) - CHANGES_KEPT + timedelta(hours=1)
    reply = hook.get("cdc", entities="Payment", changedSince=max(since, oldest).isoformat(timespec="seconds"))
    rows = hook.understood(reply, lambda body: [row for part in body["CDCResponse"][0]["QueryResponse"] for row in part.get("Payment", [])])
    if len(rows) >= CHANGES_PER_ANSWER:
        log.warning("%s: more payments changed than one answer holds; some deletions may be missing", hook.conn_id)
    return [reading.remote_payment(row) for row in rows if row.get("status") == "Deleted"]


# -- booking ------------------------------------------------------------------------------------------------------------


def apply(hook: QuickBooksHook, payment: Payment, customer_id: str, key: str, references: References) -> RemotePayment:
    """Book a receipt and apply it to its invoices, unless it is there. Raises PlatformError."""
    hook.require_bookable(payment, references)
    body = mapping.payment_body(payment, customer_id, references)
    booked = _booked(hook, payment, customer_id)
    if booked is None:
        reply = hook.post("payment", body, requestid=key)
        booked = hook.understood(reply, lambda answer: reading.remote_payment(answer["Payment"]))
    otherwise = payments.difference(payment, booked)
    if otherwise:
        raise hook.error(BOOKED_OTHERWISE, f"payment {payment.source_id} is booked (id {booked.remote_id}) {otherwise}")
    return booked


def _booked(hook: QuickBooksHook, payment: Payment, customer_id: str) -> RemotePayment | None:
    """The live payment of this customer and day that bears our words."""
    marker = mapping.payment_marker(payment)
    rows = hook.rows("Payment", queries.payments_of(customer_id, payment.received_on), read=dict)
    found = [reading.remote_payment(row) for row in rows if marker in (row.get("PrivateNote") or "").splitlines()]
    return next((each for each in found if not each.reversed), None)
