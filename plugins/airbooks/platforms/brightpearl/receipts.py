"""Customer payments: one per order, known by transaction reference and method, never changed, and gone without a trace when deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airbooks.canonical import Payment, PaymentKind, RemotePayment
from airbooks.platforms.brightpearl import mapping, reading
from airbooks.platforms.brightpearl.reading import Row, documented
from airbooks.platforms.brightpearl.spec import INEXPRESSIBLE_PAYMENT, NO_MAPPING, NOT_READ_BACK
from airbooks.platforms.references import ReferenceKind, References

if TYPE_CHECKING:
    from airbooks.platforms.brightpearl.hook import BrightpearlHook

SEARCH = "accounting-service/customer-payment-search"
CHUNK = 200


def created_since(hook: BrightpearlHook, since: datetime) -> Iterator[RemotePayment]:
    """Receipts that were made since; a deleted one shows only in the balance of its order."""
    start = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    chunk: list[Row] = []
    for row in hook.client.search(SEARCH, createdOn=f"{start}/", sort="paymentId.ASC"):
        if row["paymentType"] in reading.RECEIVED:
            chunk.append(row)
        if len(chunk) == CHUNK:
            yield from _payments(hook, chunk)
            chunk = []
    yield from _payments(hook, chunk)


def _payments(hook: BrightpearlHook, rows: list[Row]) -> list[RemotePayment]:
    """Payments do not tell whose they are: their orders do."""
    orders = hook.orders.rows(dict.fromkeys(str(row["orderId"]) for row in rows))
    customers = documented(lambda: {str(each["id"]): str(each["parties"]["customer"]["contactId"]) for each in orders})
    return documented(lambda: [reading.remote_payment(row, customers.get(str(row["orderId"]), "")) for row in rows])


def apply(hook: BrightpearlHook, payment: Payment, references: References) -> RemotePayment:
    """Book what is not there yet, order by order: a payment that broke off is finished by the next try."""
    _check_expressible(hook, payment)
    booked = [_book(hook, body) for body in mapping.payment_bodies(payment, references, _method(hook, payment, references))]
    return hook.client.after_writing(lambda: reading.together(_read(hook, booked)))


def _check_expressible(hook: BrightpearlHook, payment: Payment) -> None:
    whole = payment.allocations and not payment.unapplied and not any(each.discount or each.write_off for each in payment.allocations)
    if payment.kind is not PaymentKind.RECEIPT or not whole:
        says = f"payment {payment.source_id} ({payment.kind.value}, {payment.unapplied} unapplied)"
        raise hook.client.error(INEXPRESSIBLE_PAYMENT, says)


def _method(hook: BrightpearlHook, payment: Payment, references: References) -> str:
    """The method decides the bank account."""
    mapped = (ReferenceKind.PAYMENT_METHOD, payment.method)
    method = references.get(*mapped).code if references.has(*mapped) else str(hook.setting("payment_method_code") or "")
    if not method:
        says = f"payment method {payment.method!r} has no mapping, and the connection no payment_method_code"
        raise hook.client.error(NO_MAPPING, says)
    return method


def _book(hook: BrightpearlHook, body: mapping.Body) -> str:
    """The id of the payment of one order: the one that is there, else a new one."""
    known = hook.client.search(SEARCH, transactionRef=body["transactionRef"])
    for row in known:
        if (row["transactionRef"], row["paymentMethodCode"]) == (body["transactionRef"], body["paymentMethodCode"]):
            return str(row["paymentId"])
    return str(hook.client.write("POST", "accounting-service/customer-payment", body))


def _read(hook: BrightpearlHook, ids: Iterable[str]) -> list[RemotePayment]:
    wanted = ",".join(ids)
    rows: list[dict[str, Any]] = list(hook.client.search(SEARCH, paymentId=wanted))
    if len(rows) != len(wanted.split(",")):
        raise hook.client.error(NOT_READ_BACK, f"payments {wanted} are not all listed")
    return _payments(hook, list(rows))
