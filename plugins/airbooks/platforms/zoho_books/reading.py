"""Zoho Books' answers in canonical words: documents, payments, reference lists, errors, tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.errors import UNREADABLE_ANSWER, PlatformError
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint
from airbooks.platforms.zoho_books.mapping import NUMBER_FIELD
from airbooks.platforms.zoho_books.spec import DAILY_LIMIT, DAILY_PAUSE, SPEC

Row = Mapping[str, Any]
Read = TypeVar("Read")
# Path and key of the answer of each module.
PLURAL = {DocumentKind.INVOICE: "invoices", DocumentKind.CREDIT_NOTE: "creditnotes"}
SINGLE = {DocumentKind.INVOICE: "invoice", DocumentKind.CREDIT_NOTE: "creditnote"}
PAUSES = {DAILY_LIMIT: DAILY_PAUSE}
NOT_POSTED = frozenset({"draft", "pending_approval", "approved", "rejected", "scheduled"})


def documented(read: Callable[[], Read]) -> Read:
    """What `read` makes of a good answer; one that has another form than documented proves nothing."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, IndexError, ArithmeticError) as error:
        message = f"the answer does not have the documented form ({type(error).__name__}: {error})"
        raise PlatformError(message, platform=SPEC.slug, rule=UNREADABLE_ANSWER) from None


def is_absent(error: PlatformError) -> bool:
    """Whether Zoho Books itself says that what was asked for is not there. Code 5 says that the address is wrong, and a 404 without a
    number of Zoho's comes from a gateway: it proves nothing."""
    return error.status == 404 and error.code.isdigit() and error.code not in ("5", "404")


def amount(value: Any) -> Decimal:
    """An amount of an answer; whole numbers arrive as int."""
    return Decimal(value)


def remote_document(row: Row, kind: DocumentKind) -> RemoteDocument:
    """A document as read back by its id. A void one still lists its whole balance; nothing is due on it."""
    whole, tax, status = amount(row["total"]), amount(row["tax_total"]), document_status(row)
    number = str(row[NUMBER_FIELD[kind]])
    return RemoteDocument(
        remote_id=str(row[f"{SINGLE[kind]}_id"]),
        kind=kind,
        number=number,
        our_number=number,
        status=status,
        customer_id=str(row["customer_id"]),
        currency=row["currency_code"],
        net=whole - tax,
        tax=tax,
        total=whole,
        balance=Decimal(0) if status is DocumentStatus.VOID else amount(row["balance"]),
        line_count=len(row["line_items"]),
        issue_date=date.fromisoformat(row["date"]),
        posting_date=date.fromisoformat(row["date"]),
        version=row["last_modified_time"],
        modified_at=moment(row),
    )


def document_status(row: Row) -> DocumentStatus:
    """From status and balance together: an overdue invoice says so even where part of it is paid."""
    status, whole, balance = str(row["status"]), amount(row["total"]), amount(row["balance"])
    if status == "void":
        return DocumentStatus.VOID
    if status in NOT_POSTED:
        return DocumentStatus.DRAFT
    if status in ("paid", "closed") or (balance == 0 and whole > 0):
        return DocumentStatus.PAID
    return DocumentStatus.OPEN if balance == whole else DocumentStatus.PARTIALLY_PAID


def moment(row: Row) -> datetime:
    """When a row was changed last; the offset comes without a colon ("-0400")."""
    return datetime.fromisoformat(row["last_modified_time"])


def remote_payment(row: Row) -> RemotePayment:
    return RemotePayment(
        remote_id=str(row["payment_id"]),
        customer_id=str(row["customer_id"]),
        received_on=date.fromisoformat(row["date"]),
        amount=amount(row["amount"]),
        currency=row.get("currency_code") or "",
        reference=row.get("reference_number") or "",
        allocations=tuple(
            RemoteAllocation(remote_id=str(each["invoice_id"]), amount=amount(each["amount_applied"])) for each in row.get("invoices") or ()
        ),
        version=row["last_modified_time"],
        modified_at=moment(row),
    )


# What the rows of a list are read for: one that lacks it is no documented answer, and no empty one either.
READ_OF: Mapping[str, tuple[str, ...]] = {
    "contacts": ("contact_id", "contact_name", "currency_code"),
    "invoices": ("invoice_id", "invoice_number", "status"),
    "creditnotes": ("creditnote_id", "creditnote_number", "status"),
    "customerpayments": ("payment_id", "customer_id", "date", "amount", "last_modified_time"),
}


def rows(body: Row, key: str) -> list[Row]:
    """The rows of a list; raises KeyError where one of them lacks what is read of it."""
    found: list[Row] = list(body[key])
    lacking = next((field for row in found for field in READ_OF.get(key, ()) if field not in row), None)
    if lacking is not None:
        raise KeyError(lacking)
    return found


def payment_rows(body: Row) -> list[Row]:
    """The rows of a list of payments: live answers say `customerpayments`, the OpenAPI file `customer_payments`."""
    return rows({"customerpayments": body["customerpayments" if "customerpayments" in body else "customer_payments"]}, "customerpayments")


def has_more(body: Row) -> bool:
    """Whether another page follows."""
    return bool(page_context(body).get("has_more_page"))


def page_context(body: Row) -> Row:
    """What a list says of itself: an object in live answers, an array in the OpenAPI file."""
    context = body.get("page_context") or {}
    first: Row = context[0] if isinstance(context, list) else context
    return first


def reference_item(kind: ReferenceKind, path: str, row: Row) -> ReferenceItem:
    """An entry of a list; its code is what people see: an item's SKU, an account's number, a tax's or location's name."""
    code, name, remote_id = (str(row.get(field) or "") for field in FIELDS[path])
    shown = {"list": "location" if path == "locations" else path, "type": row.get("account_type"), "rate": row.get("tax_percentage")}
    return ReferenceItem(
        kind=kind,
        code=code or name,
        name=name,
        remote_id=remote_id,
        active=row.get("status", "active") == "active" and row.get("is_active", True) is not False,
        details={key: str(value) for key, value in shown.items() if value is not None},
    )


# The lists behind each kind of reference: path, key of the answer, filter.
LISTS: Mapping[ReferenceKind, tuple[tuple[str, str, Mapping[str, str]], ...]] = {
    ReferenceKind.ITEM: (("items", "items", {}),),
    ReferenceKind.ACCOUNT: (
        ("chartofaccounts", "chartofaccounts", {"filter_by": "AccountType.Income"}),
        ("bankaccounts", "bankaccounts", {}),
    ),
    ReferenceKind.TAX_CODE: (("settings/taxes", "taxes", {}),),
    ReferenceKind.CURRENCY: (("settings/currencies", "currencies", {}),),
    ReferenceKind.DIMENSION: (("locations", "locations", {}),),
}
# Code, name and id of the rows of each list.
FIELDS = {
    "items": ("sku", "name", "item_id"),
    "chartofaccounts": ("account_code", "account_name", "account_id"),
    "bankaccounts": ("account_code", "account_name", "account_id"),
    "settings/taxes": ("tax_name", "tax_name", "tax_id"),
    "settings/currencies": ("currency_code", "currency_code", "currency_id"),
    "locations": ("location_name", "location_name", "location_id"),
}


def tag_option(tag: Row, option: Row) -> ReferenceItem:
    """One option of a reporting tag, under the name `Tag:Option`."""
    return ReferenceItem(
        kind=ReferenceKind.DIMENSION,
        code=f"{tag['tag_name']}:{option['option_name']}",
        name=option["option_name"],
        remote_id=str(option["option_id"]),
        active=option.get("is_active", True) is not False,
        details={"list": "tag", "tag_id": str(tag["tag_id"])},
    )


def complaint(body: Any) -> Complaint | None:
    """The error in an answer, also in one with HTTP 200: the envelope's code is not 0, or the accounts server's `error`."""
    if "access_token" in body:
        return None
    if isinstance(body.get("error"), str):
        return Complaint(code=body["error"], message=str(body.get("error_description", body["error"])))
    code = str(body["code"])
    return None if code == "0" else Complaint(code=code, message=str(body["message"]), retry_after=PAUSES.get(code))


def token(body: Row) -> Token:
    """A reply of the token end point; the refresh token stays the connection's own."""
    return Token(access=body["access_token"], expires_at=datetime.now(UTC) + timedelta(seconds=int(body["expires_in"])))


def disagreements(organisations: list[Row], wanted: str, home: str) -> Iterator[str]:
    """What the organisations that the token reaches and the connection's settings do not agree on, in words."""
    found = next((each for each in organisations if str(each["organization_id"]) == wanted), None)
    if found is None:
        reached = ", ".join(f"{each['name']} ({each['organization_id']})" for each in organisations) or "none"
        yield f"the token does not reach organisation {wanted}; it reaches {reached}"
        return
    if found.get("is_org_active") is False:
        yield "the organisation is not active"
    if found["currency_code"] != home:
        yield f"the base currency is {found['currency_code']}, the connection says {home}"
    if int(found.get("price_precision", 2)) < 2:
        yield f"amounts are kept with {found['price_precision']} decimals"
