"""Reckon One's answers in canonical words: documents, customers, receipts, reference lists, errors of both forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentKind, DocumentStatus, Party, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.reckon_one.mapping import CLASSIFICATION, DATE_FIELD, PROJECT, customer_name
from airbooks.platforms.reckon_one.texts import CHARGE
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply

Row = Mapping[str, Any]
NUMBER_FIELD = {DocumentKind.INVOICE: "invoiceNumber", DocumentKind.CREDIT_NOTE: "creditNoteNumber"}
_MARKER = re.compile(r"\s*\[[^\[\]]+\]$")


def amount(value: Any) -> Decimal:
    """An amount of an answer; whole numbers arrive as int."""
    return Decimal(value)


def day(text: str) -> date:
    """The date of a date-time: the time may be kept or zeroed, and means nothing."""
    return date.fromisoformat(text[:10])


# -- documents ------------------------------------------------------------------------------------------------------------------


def remote_document(row: Row, kind: DocumentKind, currency: str) -> RemoteDocument:
    """A document as read back; `currency` is the book's, of which no document says anything. There is no version and no time of change."""
    total, tax, balance = amount(row["totalAmount"]), amount(row["totalTaxAmount"]), amount(row["balance"])
    issued = day(row[DATE_FIELD[kind]])
    return RemoteDocument(
        remote_id=str(row["id"]),
        kind=kind,
        number=row.get(NUMBER_FIELD[kind]) or "",
        our_number=row.get("reference") or "",
        status=document_status(str(row["status"]), balance, total),
        customer_id=str(row["customer"]["id"]),
        currency=currency,
        net=total - tax,
        tax=tax,
        total=total,
        balance=balance,
        line_count=sum(not (line.get("description") or "").startswith(f"{CHARGE}: ") for line in row["lineItems"]),
        issue_date=issued,
        posting_date=issued,
    )


def document_status(status: str, balance: Decimal, total: Decimal) -> DocumentStatus:
    """Draft, Approved or Paid; a credit note that is used up is Closed."""
    if status == "Draft":
        return DocumentStatus.DRAFT
    if status in {"Paid", "Closed"}:
        return DocumentStatus.PAID
    if status != "Approved":
        raise ValueError(f"unknown status {status!r}")
    if balance == total:
        return DocumentStatus.OPEN
    return DocumentStatus.PARTIALLY_PAID if balance > 0 else DocumentStatus.PAID


# -- customers ------------------------------------------------------------------------------------------------------------------


def is_active(customer: Row) -> bool:
    return (customer.get("status") or "Active") == "Active"


def same_name(customer: Row, party: Party) -> bool:
    return str(customer["name"]).casefold() == customer_name(party).casefold()


def is_unclaimed(customer: Row, party: Party) -> bool:
    """An active customer that carries nobody's code and no other e-mail address than ours."""
    ours = party.contact.email.casefold()
    theirs = {str(each.get("address") or "").casefold() for each in customer.get("electronicAddresses") or []} - {""}
    return is_active(customer) and not customer.get("businessNumber2") and (not theirs or not ours or ours in theirs)


# -- receipts -------------------------------------------------------------------------------------------------------------------


def remote_payment(row: Row, currency: str) -> RemotePayment:
    """A receipt as read back, with the invoices it is linked to."""
    links = [each for each in row["transactionLinks"] or [] if each["transactionType"] == "Invoice"]
    return RemotePayment(
        remote_id=str(row["id"]),
        customer_id=str((row.get("customer") or {}).get("id") or ""),
        received_on=day(row["receiptDate"]),
        amount=amount(row["totalAmount"]),
        currency=currency,
        reference=_MARKER.sub("", row.get("reference") or ""),
        allocations=tuple(
            RemoteAllocation(remote_id=str(each["transactionId"]), amount=amount(each["transactionAmount"])) for each in links
        ),
    )


# -- reference lists ------------------------------------------------------------------------------------------------------------


def _entry(kind: ReferenceKind, code: str, row: Row, *, active: bool = True, **details: str) -> ReferenceItem:
    is_active_there = (row.get("status") or "Active") == "Active"
    shown = {key: value for key, value in details.items() if value}
    return ReferenceItem(
        kind=kind, code=code, name=str(row.get("name") or code), remote_id=str(row["id"]), active=active and is_active_there, details=shown
    )


def item(row: Row) -> ReferenceItem:
    """An item, with the income account to which its lines book; one without `sale` is only bought."""
    sale = row.get("sale") or {}
    account = sale.get("ledgerAccount") or {}
    code = row.get("itemCode") or row.get("fullName") or row["name"]
    return _entry(
        ReferenceKind.ITEM, code, row, active=bool(sale), account=str(account.get("id") or ""), account_name=str(account.get("name") or "")
    )


def account(row: Row) -> ReferenceItem:
    return _entry(
        ReferenceKind.ACCOUNT, row.get("accountCode") or row.get("fullName") or row["name"], row, type=str(row.get("accountType") or "")
    )


def tax_rate(row: Row) -> ReferenceItem:
    rate = row.get("rate")
    return _entry(
        ReferenceKind.TAX_CODE, row["name"], row, active=bool(row.get("useOnSales", True)), rate="" if rate is None else str(rate)
    )


def terms(row: Row) -> ReferenceItem:
    return _entry(ReferenceKind.TERMS, row["name"], row, active=bool(row.get("useForInvoice", True)))


def classification(row: Row) -> ReferenceItem:
    return _entry(ReferenceKind.DIMENSION, f"{CLASSIFICATION}:{row['name']}", row, type=CLASSIFICATION)


def project(row: Row) -> ReferenceItem:
    return _entry(ReferenceKind.DIMENSION, f"{PROJECT}:{row.get('fullName') or row['name']}", row, type=PROJECT)


def payment_method(row: Row) -> ReferenceItem:
    return _entry(ReferenceKind.PAYMENT_METHOD, row["name"], row)


# Resource and reader of each kind of reference; tax rates are those of a day.
LISTS: Mapping[ReferenceKind, tuple[tuple[str, Callable[[Row], ReferenceItem]], ...]] = {
    ReferenceKind.ITEM: (("items", item),),
    ReferenceKind.ACCOUNT: (("ledgeraccounts", account),),
    ReferenceKind.TAX_CODE: (("taxrates/{today}", tax_rate),),
    ReferenceKind.TERMS: (("terms", terms),),
    ReferenceKind.DIMENSION: (("classifications", classification), ("projects", project)),
    ReferenceKind.PAYMENT_METHOD: (("paymentMethods", payment_method),),
}


# -- errors, tokens, literals ---------------------------------------------------------------------------------------------------


def complaint(reply: Reply) -> Complaint | None:
    """The error in an answer: the application's (`errors` with their locations), the gateway's (`statusCode`), or the token end point's."""
    if reply.status < 300:
        if reply.status != 204 and not isinstance(reply.json(), dict):
            raise ValueError("not a JSON object")
        return None
    body = reply.json()
    if "error" in body:
        return Complaint(code=str(body["error"]), message=str(body.get("error_description") or body["error"]))
    errors = body.get("errors") or []
    if not errors:
        return Complaint(message=str(body["message"]))
    words = "; ".join(f"{each.get('location') or ''}: {each['message']}" for each in errors)
    return Complaint(message=words, field=str(errors[0].get("location") or ""))


def token(body: Row, used: str) -> Token:
    """A reply of the token end point. A new refresh token replaces the one that was `used`, which stays where none is given."""
    expires = datetime.now(UTC) + timedelta(seconds=int(body["expires_in"]))
    return Token(access=body["access_token"], refresh=body.get("refresh_token") or used, expires_at=expires)


def literal(text: str) -> str | None:
    """The text as a filter writes it; None for one with both kinds of quotes, which no filter can hold."""
    quote = next((each for each in "'\"" if each not in text), None)
    return f"{quote}{text}{quote}" if quote else None


def literals(texts: Iterable[str]) -> str:
    """Those of the texts that a filter can hold, as a list of it."""
    return ",".join(each for each in map(literal, texts) if each is not None)
