"""Customer payments as Zoho Books lists them: without a filter by time, without what they settle, without their description."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from airbooks.canonical import Payment, RemotePayment
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.payments import by_document
from airbooks.platforms.references import References
from airbooks.platforms.zoho_books import mapping, reading
from airbooks.platforms.zoho_books.reading import Row, documented
from airbooks.platforms.zoho_books.spec import BOOKED_OTHERWISE, WRONG_CURRENCY

if TYPE_CHECKING:
    from airbooks.platforms.zoho_books.hook import ZohoBooksHook

CHANGED = "last_modified_time"


def changed_since(hook: ZohoBooksHook, since: datetime) -> Iterator[RemotePayment]:
    """Payments changed since, the newest first. Pages are read until they are older, or to the end where they are not in that order."""
    moment = since.replace(microsecond=0)
    for page, in_order in hook.pages("customerpayments", _sorted_page, sort_column=CHANGED, sort_order="D"):
        changed = [reading.moment(row) for row in page]
        for listed, at in zip(page, changed, strict=True):
            row = read(hook, listed["payment_id"]) if at >= moment else None
            if row is not None:
                yield as_payment(row)
        if in_order and changed and changed == sorted(changed, reverse=True) and changed[-1] < moment:
            return


def _sorted_page(body: Row) -> tuple[list[Row], bool]:
    """The rows of a page, and whether the list is sorted as asked: one by date has old payments that were applied just now far behind."""
    return reading.payment_rows(body), reading.page_context(body).get("sort_column", CHANGED) == CHANGED


def apply(hook: ZohoBooksHook, payment: Payment, customer_id: str, key: str, references: References) -> RemotePayment:
    """Book a receipt and apply it to its invoices, unless it is there. Raises PlatformError."""
    hook.require_bookable(payment, references)
    found = booked(hook, payment, customer_id)
    if found is not None:
        return _same(hook, found, payment)
    _check_currency(hook, payment, customer_id)
    field = str(hook.setting("external_id_field") or "")
    body = mapping.payment_body(payment, customer_id, references, key)
    reply = hook.write("PUT" if field else "POST", "customerpayments", body, mapping.upsert_headers(field, key))
    return documented(lambda: reading.remote_payment(reply.json()["payment"]))


def _same(hook: ZohoBooksHook, found: RemotePayment, payment: Payment) -> RemotePayment:
    """The payment with our words must be ours in what it settles too; what it is in excess may have been applied by a person since."""
    applied = {each.remote_id: each.amount for each in found.allocations}
    lacking = [remote_id for remote_id, amount in by_document(payment).items() if applied.get(remote_id) != amount]
    if found.amount != payment.amount or lacking:
        says = f"payment {payment.source_id} is there (id {found.remote_id}) with {found.amount}, and {applied} settled"
        raise hook.error(BOOKED_OTHERWISE, says)
    return found


def _check_currency(hook: ZohoBooksHook, payment: Payment, customer_id: str) -> None:
    reply = hook.get(f"contacts/{customer_id}")
    theirs = documented(lambda: str(reply.json()["contact"]["currency_code"]))
    if theirs != payment.currency:
        raise hook.error(WRONG_CURRENCY, f"payment {payment.source_id} is in {payment.currency}, contact {customer_id} in {theirs}")


def booked(hook: ZohoBooksHook, payment: Payment, customer_id: str) -> RemotePayment | None:
    """The payment that carries our words: each of this customer and day is read for its description."""
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
    return bool(str(listed["customer_id"]) == customer_id and listed["date"] == payment.received_on.isoformat())
