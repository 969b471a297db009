"""Customer payments as Zoho Books lists them: without a filter by time, without what they settle, without their description."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from airbooks.canonical import Payment, RemotePayment
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.zoho_books import mapping, reading
from airbooks.platforms.zoho_books.reading import Row, documented

if TYPE_CHECKING:
    from airbooks.platforms.zoho_books.hook import ZohoBooksHook


def changed_since(hook: ZohoBooksHook, since: datetime) -> Iterator[RemotePayment]:
    """Payments changed since, the newest first. Pages are read until they are older, or to the end where they are not in that order."""
    moment = since.replace(microsecond=0)
    for page in hook.pages("customerpayments", reading.payment_rows, sort_column="last_modified_time", sort_order="D"):
        changed = [reading.moment(row) for row in page]
        for listed, at in zip(page, changed, strict=True):
            row = read(hook, listed["payment_id"]) if at >= moment else None
            if row is not None:
                yield as_payment(row)
        if changed and changed == sorted(changed, reverse=True) and changed[-1] < moment:
            return


def booked(hook: ZohoBooksHook, payment: Payment, customer_id: str) -> RemotePayment | None:
    """The payment that carries our words: each of this customer, day and amount is read for its description."""
    marker = mapping.payment_marker(payment)
    for page in hook.pages("customerpayments", reading.payment_rows, customer_id=customer_id):
        for listed in page:
            row = read(hook, listed["payment_id"]) if _alike(listed, payment, customer_id) else None
            if row is not None and marker in str(row.get("description") or "").splitlines():
                return as_payment(row)
    return None


def read(hook: ZohoBooksHook, payment_id: str) -> Row | None:
    """A payment with all it says, or None when it was deleted."""
    try:
        reply = hook.get(f"customerpayments/{payment_id}")
    except PlatformError as error:
        if reading.is_absent(error):
            return None
        raise
    row: Row = documented(lambda: reply.json()["payment"])
    return row


def as_payment(row: Row) -> RemotePayment:
    return documented(lambda: reading.remote_payment(row))


def _alike(listed: Row, payment: Payment, customer_id: str) -> bool:
    """A list whose filter was not understood holds everybody's payments."""
    same_day = listed["date"] == payment.received_on.isoformat()
    return bool(str(listed["customer_id"]) == customer_id and same_day and reading.amount(listed["amount"]) == payment.amount)
