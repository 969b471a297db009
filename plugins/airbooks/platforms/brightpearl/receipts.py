"""Customer payments: one per order, known by transaction reference and method, never changed, and gone without a trace when deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airbooks.canonical import DocumentKind, DocumentStatus, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.brightpearl import mapping, reading
from airbooks.platforms.brightpearl.reading import Row, documented
from airbooks.platforms.brightpearl.spec import (
    NO_MAPPING,
    NOT_PAYABLE,
    NOT_READ_BACK,
    PAYMENT_DIFFERS,
)
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.payments import together
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
        if documented(lambda row=row: row["paymentType"] in reading.RECEIVED):  # type: ignore[misc]
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


def apply(hook: BrightpearlHook, payment: Payment, customer: str, references: References) -> RemotePayment:
    """Book what is not there yet, order by order: a payment that broke off is finished by the next try."""
    bodies = mapping.payment_bodies(payment, references, _method(hook, payment, references))
    held = [_held(hook, body) for body in bodies]
    missing = [body for body, found in zip(bodies, held, strict=True) if not found]
    booked = [found for found in held if found]
    try:
        _check_payable(hook, missing, payment, customer)
        for body in missing:
            booked.append(_book(hook, body))
    except PlatformError as error:
        if not booked:
            raise
        raise error.as_unknown(f"payments {', '.join(booked)} are a part of it; the rest") from None
    return hook.client.after_writing(lambda: together(_read(hook, booked)))


def _method(hook: BrightpearlHook, payment: Payment, references: References) -> str:
    """The method decides the bank account."""
    mapped = (ReferenceKind.PAYMENT_METHOD, payment.method)
    method = references.get(*mapped).code if references.has(*mapped) else str(hook.setting("payment_method_code") or "")
    if not method:
        says = f"payment method {payment.method!r} has no mapping, and the connection no payment_method_code"
        raise hook.client.error(NO_MAPPING, says)
    return method


def _held(hook: BrightpearlHook, body: mapping.Body) -> str:
    """The id of the payment of one order that is there already, by whatever method; empty where there is none."""
    rows = list(hook.client.search(SEARCH, transactionRef=body["transactionRef"]))
    ours = documented(lambda: [row for row in rows if row["transactionRef"] == body["transactionRef"]])
    for row in ours:
        there = documented(lambda row=row: (Decimal(row["amountPaid"]), str(row["currencyCode"])))  # type: ignore[misc]
        if there != (Decimal(body["amountPaid"]), body["currencyIsoCode"]):
            raise hook.client.error(
                PAYMENT_DIFFERS, f"payment {row['paymentId']} of order {body['orderId']} is {there[0]} {there[1]} there"
            )
    return str(ours[0]["paymentId"]) if ours else ""


def _check_payable(hook: BrightpearlHook, bodies: list[mapping.Body], payment: Payment, customer: str) -> None:
    """Nothing is booked when an order cannot take its part."""
    orders = hook.orders.read(str(body["orderId"]) for body in bodies)
    for body in bodies:
        if reason := _obstacle(orders.get(str(body["orderId"])), Decimal(body["amountPaid"]), payment, customer):
            raise hook.client.error(NOT_PAYABLE, f"order {body['orderId']}: {reason}")


def _obstacle(order: RemoteDocument | None, part: Decimal, payment: Payment, customer: str) -> str:
    """Why an order cannot take a part of a payment; empty when it can."""
    if order is None or order.status is DocumentStatus.VOID or order.kind is not DocumentKind.INVOICE:
        return "there is no such sales order, or it is void"
    if order.customer_id != customer:
        return f"it belongs to contact {order.customer_id}, the payment to {customer}"
    if order.currency != payment.currency:
        return f"it is in {order.currency}, the payment in {payment.currency}"
    if order.balance is not None and part > order.balance:
        return f"{part} {payment.currency} are more than the {order.balance} that are open"
    return ""


def _book(hook: BrightpearlHook, body: mapping.Body) -> str:
    made = hook.client.write("POST", "accounting-service/customer-payment", body)
    return documented(lambda: str(int(made)))


def _read(hook: BrightpearlHook, ids: Iterable[str]) -> list[RemotePayment]:
    wanted = ",".join(ids)
    rows: list[dict[str, Any]] = list(hook.client.search(SEARCH, paymentId=wanted))
    if len(rows) != len(wanted.split(",")):
        raise hook.client.error(NOT_READ_BACK, f"payments {wanted} are not all listed")
    return _payments(hook, list(rows))
