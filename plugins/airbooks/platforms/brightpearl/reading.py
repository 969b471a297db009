"""Brightpearl's answers in canonical words: orders, payments, reference lists, errors, tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.brightpearl.spec import CHARGE_ROW, DISCOUNT_ROW, FREE_TEXT_PRODUCT, SPEC
from airbooks.platforms.errors import UNREADABLE_ANSWER, PlatformError
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply

Row = Mapping[str, Any]
Read = TypeVar("Read")
ZERO = Decimal(0)
TYPE_ID = {DocumentKind.INVOICE: "1", DocumentKind.CREDIT_NOTE: "3"}
RESOURCE = {DocumentKind.INVOICE: "sales-order", DocumentKind.CREDIT_NOTE: "sales-credit"}
RECEIVED = frozenset({"RECEIPT", "CAPTURE"})
PAYMENT_STATUS = {
    "UNPAID": DocumentStatus.OPEN,
    "AUTHORIZED": DocumentStatus.OPEN,
    "NOT_APPLICABLE": DocumentStatus.OPEN,
    "PARTIALLY_PAID": DocumentStatus.PARTIALLY_PAID,
    "PAID": DocumentStatus.PAID,
}


def documented(read: Callable[[], Read]) -> Read:
    """What `read` makes of a good answer; one that has another form than documented proves nothing."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError) as error:
        message = f"the answer does not have the documented form ({type(error).__name__}: {error})"
        raise PlatformError(message, platform=SPEC.slug, rule=UNREADABLE_ANSWER) from None


# -- errors and tokens --------------------------------------------------------------------------------------------------


def complaint(reply: Reply) -> Complaint | None:
    """The error in an answer. The code stands in the message as well: whether a 500 is the client's fault shows in its first letters."""
    body = reply.json()
    if reply.status < 300:
        return None if isinstance(body, dict) else Complaint(message="the answer is no object")
    pause = _throttle_seconds(reply.headers)
    if "errors" in body:
        first = body["errors"][0]
        return Complaint(code=str(first["code"]), message=f"{first['message']} ({first['code']})", retry_after=pause)
    if "error" in body:
        return Complaint(code=str(body["error"]), message=str(body.get("error_description", body["error"])))
    return Complaint(message=str(body["response"]), retry_after=pause)


def _throttle_seconds(headers: Mapping[str, str]) -> float | None:
    """When the window of requests begins anew; told on every answer, and meant only when none are left."""
    left, pause = headers.get("brightpearl-requests-remaining", ""), headers.get("brightpearl-next-throttle-period", "")
    return int(pause) / 1000 if left == "0" and pause.isdigit() else None


def token(body: Row, used: str) -> Token:
    """A reply of the token end point. The refresh token to use next is the one that comes back (else the one `used`). `expires_in` may be
    less than the week it mostly is."""
    return Token(
        access=body["access_token"],
        refresh=body.get("refresh_token") or used,
        expires_at=datetime.now(UTC) + timedelta(seconds=int(body["expires_in"])),
        extra={"api_domain": str(body.get("api_domain") or "")},
    )


# -- searches -----------------------------------------------------------------------------------------------------------


def positional(body: Row) -> list[dict[str, Any]]:
    """The rows of a search by the names of its columns: a row is an array, and columns may come and go."""
    names = [each["name"] for each in body["response"]["metaData"]["columns"]]
    return [dict(zip(names, row, strict=True)) for row in body["response"]["results"]]


def last_of_page(body: Row) -> int | None:
    """The number of the page's last result where another page follows."""
    meta = body["response"]["metaData"]
    return int(meta["lastResult"]) if meta["morePagesAvailable"] else None


# -- documents ----------------------------------------------------------------------------------------------------------


def day_of(text: str | None) -> date | None:
    """The date of a time in the account's zone; what is midnight UTC was a date alone and means that day."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    as_utc = moment.astimezone(UTC)
    return as_utc.date() if as_utc.time() == time() and moment.time() != time() else moment.date()


def is_invoiced(order: Row) -> bool:
    """A status called Invoiced says nothing: the state does, and the invoice reference that comes with it."""
    return bool(order["state"]["tax"] == "INVOICED" and invoice_reference(order))


def invoice_reference(order: Row) -> str:
    return next((str(each["invoiceReference"]) for each in order["invoices"] if each["invoiceReference"]), "")


def remote_document(order: Row, our_number: str, *, cancelled: bool, credited: Decimal, paid: Decimal | None) -> RemoteDocument:
    """An order as read back. `credited` is what closed sales credits take off it, `paid` what was received (None: not asked for)."""
    total = Decimal(order["totalValue"]["total"])
    status = document_status(order, total, cancelled=cancelled, credited=credited)
    invoiced = is_invoiced(order)
    return RemoteDocument(
        remote_id=str(order["id"]),
        kind=DocumentKind.INVOICE if order["orderTypeCode"] == "SO" else DocumentKind.CREDIT_NOTE,
        number=invoice_reference(order) if invoiced else "",
        our_number=our_number,
        status=status,
        customer_id=str(order["parties"]["customer"]["contactId"]),
        currency=order["currency"]["orderCurrencyCode"],
        net=Decimal(order["totalValue"]["net"]),
        tax=Decimal(order["totalValue"]["taxAmount"]),
        total=total,
        balance=_balance(status, total, paid),
        line_count=sum(not is_own_row(row) for row in order["orderRows"].values()),
        issue_date=day_of(order["placedOn"]),
        posting_date=day_of(order["invoices"][0]["taxDate"]) if invoiced else None,
        version=str(order["version"]),
        modified_at=datetime.fromisoformat(order["updatedOn"]) if order.get("updatedOn") else None,
    )


def document_status(order: Row, total: Decimal, *, cancelled: bool, credited: Decimal) -> DocumentStatus:
    """An order is a draft until it is invoiced, and void once it is cancelled or credited whole."""
    if cancelled:
        return DocumentStatus.VOID
    if not is_invoiced(order):
        return DocumentStatus.DRAFT
    if total > 0 and credited >= total:
        return DocumentStatus.VOID
    if order["orderPaymentStatus"] == "NOT_APPLICABLE" and total == 0:
        return DocumentStatus.PAID
    return PAYMENT_STATUS[order["orderPaymentStatus"]]


def _balance(status: DocumentStatus, total: Decimal, paid: Decimal | None) -> Decimal | None:
    if status in (DocumentStatus.VOID, DocumentStatus.PAID):
        return ZERO
    if status is DocumentStatus.PARTIALLY_PAID:
        return None if paid is None else total - paid
    return total


def is_own_row(row: Row) -> bool:
    """Whether a row is an allowance or charge of the whole document and not one of its lines."""
    return bool(row["productId"] == FREE_TEXT_PRODUCT and str(row["productName"]).startswith((DISCOUNT_ROW, CHARGE_ROW)))


# -- payments -----------------------------------------------------------------------------------------------------------


def remote_payment(row: Row, customer_id: str) -> RemotePayment:
    """One receipt, which settles one order; it is never changed, so that its creation is its last change."""
    whole = Decimal(row["amountPaid"])
    return RemotePayment(
        remote_id=str(row["paymentId"]),
        customer_id=customer_id,
        received_on=day_of(row["paymentDate"]),
        amount=whole,
        currency=row["currencyCode"],
        reference=row["transactionCode"] or row["transactionRef"] or "",
        allocations=(RemoteAllocation(remote_id=str(row["orderId"]), amount=whole),) if row["orderId"] else (),
        modified_at=datetime.fromisoformat(row["createdOn"]),
    )


# -- reference lists ----------------------------------------------------------------------------------------------------


def product(row: Row) -> ReferenceItem:
    return ReferenceItem(
        kind=ReferenceKind.ITEM,
        code=str(row["SKU"] or ""),
        name=str(row["productName"]),
        remote_id=str(row["productId"]),
        active=row.get("productStatus", "LIVE") == "LIVE",
        details={"stock_tracked": str(bool(row.get("stockTracked")))},
    )


def nominal_code(row: Row) -> ReferenceItem:
    return ReferenceItem(
        kind=ReferenceKind.ACCOUNT,
        code=str(row["code"]),
        name=str(row.get("name", "")),
        remote_id=str(row["code"]),
        active=row.get("active", True) is not False,
    )


def tax_code(row: Row) -> ReferenceItem:
    rate = Decimal(row.get("rate", 0))
    return ReferenceItem(
        kind=ReferenceKind.TAX_CODE,
        code=str(row["code"]),
        name=str(row.get("description", "")),
        remote_id=str(row["code"]),
        details={"rate": f"{rate.normalize():f}"},
    )


def currency(row: Row) -> ReferenceItem:
    return ReferenceItem(
        kind=ReferenceKind.CURRENCY,
        code=str(row["code"]),
        name=str(row["title"]),
        remote_id=str(row["id"]),
        details={"base": str(bool(row["isDefault"])), "rate": str(row["exchangeRate"])},
    )


def payment_method(row: Row) -> ReferenceItem:
    return ReferenceItem(
        kind=ReferenceKind.PAYMENT_METHOD,
        code=str(row["code"]),
        name=str(row["name"]),
        remote_id=str(row["code"]),
        active=row.get("isActive", True) is not False,
    )


def dimension(label: str, field: str, row: Row) -> ReferenceItem:
    """An entry of a list that orders name in their head, under the name `List:Entry`."""
    return ReferenceItem(
        kind=ReferenceKind.DIMENSION,
        code=f"{label}:{row['name']}",
        name=str(row["name"]),
        remote_id=str(row["id"]),
        details={"field": field},
    )
