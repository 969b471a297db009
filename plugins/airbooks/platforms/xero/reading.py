"""Xero's answers in canonical words: documents, payments, lists, contacts, errors in their four shapes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentKind, DocumentStatus, Party, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply
from airbooks.platforms.xero.mapping import contact_name

Row = Mapping[str, Any]
LIST = {DocumentKind.INVOICE: "Invoices", DocumentKind.CREDIT_NOTE: "CreditNotes"}
ID = {DocumentKind.INVOICE: "InvoiceID", DocumentKind.CREDIT_NOTE: "CreditNoteID"}
NUMBER = {DocumentKind.INVOICE: "InvoiceNumber", DocumentKind.CREDIT_NOTE: "CreditNoteNumber"}
TYPE = {DocumentKind.INVOICE: "ACCREC", DocumentKind.CREDIT_NOTE: "ACCRECCREDIT"}
_NET_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(text: str) -> datetime:
    """A .NET date such as /Date(1762161164101+0000)/; its milliseconds are UTC whatever offset is written behind them."""
    found = _NET_DATE.fullmatch(text)
    if found is None:
        raise ValueError(f"not a .NET date: {text!r}")
    return _EPOCH + timedelta(milliseconds=int(found[1]))


def day_of(row: Row) -> date | None:
    """The document's date: DateString where there is one, else the .NET date."""
    if row.get("DateString"):
        return date.fromisoformat(row["DateString"][:10])
    return moment(row["Date"]).date() if row.get("Date") else None


def amount(value: Any) -> Decimal:
    """An amount of an answer; whole numbers arrive as int."""
    return Decimal(value)


# -- documents ----------------------------------------------------------------------------------------------------------


def remote_document(row: Row, kind: DocumentKind, charge_item: str = "") -> RemoteDocument:
    """A document as read back. Text-only lines and lines with the item for document charges are not among ours."""
    total = amount(row["Total"])
    balance = amount(row["AmountDue" if kind is DocumentKind.INVOICE else "RemainingCredit"])
    lines = row.get("LineItems") or []
    number = row.get(NUMBER[kind]) or ""
    return RemoteDocument(
        remote_id=row[ID[kind]],
        kind=kind,
        number=number,
        our_number=number,
        status=document_status(row["Status"], balance, total),
        customer_id=row["Contact"]["ContactID"],
        currency=row.get("CurrencyCode") or "",
        net=amount(row["SubTotal"]),
        tax=amount(row["TotalTax"]),
        total=total,
        balance=balance,
        line_count=sum(_is_ours(line, charge_item) for line in lines) if lines else None,
        issue_date=day_of(row),
        posting_date=day_of(row),
        version=row["UpdatedDateUTC"],
        modified_at=moment(row["UpdatedDateUTC"]),
    )


def document_status(status: str, balance: Decimal, total: Decimal) -> DocumentStatus:
    """VOIDED and DELETED are final; PAID comes by itself when nothing is due."""
    if status in {"VOIDED", "DELETED"}:
        return DocumentStatus.VOID
    if status in {"DRAFT", "SUBMITTED"}:
        return DocumentStatus.DRAFT
    if status == "PAID":
        return DocumentStatus.PAID
    if status != "AUTHORISED":
        raise ValueError(f"unknown status {status!r}")
    return DocumentStatus.OPEN if balance == total else DocumentStatus.PARTIALLY_PAID


def _is_ours(line: Row, charge_item: str) -> bool:
    code = line.get("ItemCode")
    return bool(code or line.get("AccountCode")) and not (charge_item and code == charge_item)


def line_ids(row: Row) -> list[str]:
    """The ids of a document's lines, text-only ones included, in their order."""
    return [line["LineItemID"] for line in row["LineItems"]]


# -- payments -----------------------------------------------------------------------------------------------------------


def remote_payment(row: Row) -> RemotePayment:
    """One payment, which settles one invoice; a reversal is the same payment with status DELETED."""
    invoice, taken = row["Invoice"], row["Status"] == "DELETED"
    allocation = RemoteAllocation(remote_id=invoice["InvoiceID"], amount=amount(row["Amount"]))
    return RemotePayment(
        remote_id=row["PaymentID"],
        customer_id=(invoice.get("Contact") or {}).get("ContactID", ""),
        received_on=day_of(row),
        amount=amount(row["Amount"]),
        currency=invoice.get("CurrencyCode") or "",
        reference=row.get("Reference") or "",
        allocations=() if taken else (allocation,),
        reversed=taken,
        version=row.get("UpdatedDateUTC") or "",
        modified_at=moment(row["UpdatedDateUTC"]) if row.get("UpdatedDateUTC") else None,
    )


def payment_on(invoice: Row, marker: str) -> RemotePayment | None:
    """The payment on an invoice whose reference holds these words; deleted ones are not listed there."""
    for payment in invoice.get("Payments") or []:
        if marker in (payment.get("Reference") or ""):
            return remote_payment({"Status": "AUTHORISED", **payment, "Invoice": invoice})
    return None


# -- contacts -----------------------------------------------------------------------------------------------------------


def contact(row: Row) -> Row:
    """A contact that has what every contact must have."""
    return {**row, **{name: str(row[name]) for name in ("ContactID", "Name", "ContactStatus")}}


def with_our_code(rows: Iterable[Row], party: Party) -> Row | None:
    """The contact that carries our code; an active one before an archived one."""
    found = [row for row in rows if row.get("ContactNumber") == party.code]
    return min(found, key=lambda row: row["ContactStatus"] != "ACTIVE", default=None)


def adoptable(rows: Iterable[Row], party: Party) -> Row | None:
    """The active contact of this name that carries nobody's code and has no other e-mail address than ours; names are unique."""
    name, email = contact_name(party).casefold(), party.contact.email.casefold()
    for row in rows:
        theirs = (row.get("EmailAddress") or "").casefold()
        fits = row["ContactStatus"] == "ACTIVE" and row["Name"].casefold() == name
        if fits and not row.get("ContactNumber") and not (theirs and email and theirs != email):
            return row
    return None


def name_is_taken(rows: Iterable[Row], party: Party) -> bool:
    name = contact_name(party).casefold()
    return any(row["Name"].casefold() == name and row["ContactStatus"] == "ACTIVE" for row in rows)


# -- reference lists ----------------------------------------------------------------------------------------------------

LISTS = {
    ReferenceKind.ITEM: "Items",
    ReferenceKind.ACCOUNT: "Accounts",
    ReferenceKind.TAX_CODE: "TaxRates",
    ReferenceKind.CURRENCY: "Currencies",
    ReferenceKind.DIMENSION: "TrackingCategories",
}


def reference_items(kind: ReferenceKind, row: Row) -> Iterator[ReferenceItem]:
    """The entries that one element of a list stands for: a tracking category has one for each of its options, `Category:Option`."""
    if kind is ReferenceKind.DIMENSION:
        for option in row.get("Options") or []:
            active = row["Status"] == option["Status"] == "ACTIVE"
            yield _entry(
                kind,
                f"{row['Name']}:{option['Name']}",
                option["Name"],
                option["TrackingOptionID"],
                active=active,
                category=row["Name"],
                option=option["Name"],
            )
    elif kind is ReferenceKind.ITEM:
        yield _entry(kind, row["Code"], row.get("Name") or "", row["ItemID"], active=bool(row.get("IsSold", True)))
    elif kind is ReferenceKind.ACCOUNT:
        code = row.get("Code") or row["Name"]  # bank accounts need no code
        yield _entry(kind, code, row["Name"], row["AccountID"], active=row.get("Status") == "ACTIVE", type=row.get("Type"))
    elif kind is ReferenceKind.TAX_CODE:
        active = row.get("Status") == "ACTIVE" and bool(row.get("CanApplyToRevenue", True))
        yield _entry(kind, row["TaxType"], row["Name"], row["TaxType"], active=active, rate=row.get("EffectiveRate"))
    else:
        yield _entry(kind, row["Code"], row.get("Description") or "", row["Code"], active=True)


def _entry(kind: ReferenceKind, code: str, name: str, remote_id: str, *, active: bool, **details: Any) -> ReferenceItem:
    shown = {key: str(value) for key, value in details.items() if value is not None}
    return ReferenceItem(kind=kind, code=code, name=name, remote_id=remote_id, active=active, details=shown)


def organisation(row: Row) -> tuple[str, str]:
    """Name and country of an organisation, and the currency of its books."""
    return f"{row['Name']} ({row['CountryCode']})", str(row["BaseCurrency"])


# -- errors and tokens --------------------------------------------------------------------------------------------------


def complaint(reply: Reply) -> Complaint | None:
    """What Xero says went wrong. 404 is a page and 429 is empty: neither is ever read as JSON."""
    if reply.status == 429:
        return Complaint(message=f"too many calls ({reply.headers.get('x-rate-limit-problem', 'limit not named')})")
    if reply.status in {304, 404}:
        return Complaint(message="not modified" if reply.status == 304 else "Xero does not have what was asked for")
    if reply.status == 204:
        return None
    body = reply.json()
    if reply.status < 300:
        if not isinstance(body, dict):
            raise ValueError("not a JSON object")
        return None
    return _error(body)


def _error(body: Row) -> Complaint:
    """A token end point's `error`, a gateway's problem (`Detail`), or the API's exception with its `Elements`."""
    if "error" in body:
        return Complaint(code=str(body["error"]), message=str(body.get("error_description") or body["error"]))
    if body.get("Type") and "Message" in body:
        words = [text for element in body.get("Elements") or [] for text in messages(element)]
        return Complaint(code=body["Type"], message="; ".join(words) or body["Message"])
    detail = str(body.get("Detail") or body.get("Title") or "")
    return Complaint(code=detail.partition(":")[0] if " " not in detail.partition(":")[0] else "", message=detail)


def messages(element: Row) -> list[str]:
    """The words of an element's ValidationErrors, or of those of its parts."""
    found = [each["Message"] for each in element.get("ValidationErrors") or []]
    for part in (element.get("Contact"), *(element.get("LineItems") or [])):
        found += [each["Message"] for each in (part or {}).get("ValidationErrors") or []]
    return found


def element_complaint(element: Row) -> Complaint | None:
    """The complaint about one element of a list: HasErrors decides, for its Status is only what we asked for."""
    if not (element.get("HasErrors") or element.get("HasValidationErrors") or element.get("StatusAttributeString") == "ERROR"):
        return None
    return Complaint(code="ValidationException", message="; ".join(messages(element)) or "refused without words")


def token(body: Row) -> Token:
    """A reply of the token end point (a Custom Connection gets no refresh token)."""
    expires = datetime.now(UTC) + timedelta(seconds=int(body["expires_in"]))
    return Token(access=body["access_token"], refresh=body.get("refresh_token") or "", expires_at=expires)
