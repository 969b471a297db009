"""Acumatica's answers in canonical words: documents, payments, lists, errors, tokens. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from airbooks.canonical import DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.acumatica.lines import MARKS, NAMES
from airbooks.platforms.acumatica.mapping import KINDS, remote_id
from airbooks.platforms.acumatica.wrapped import Row, day, errors, number, text, value
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply

UNRELEASED = frozenset(
    {
        "On Hold",
        "Credit Hold",
        "CC Hold",
        "Pending Processing",
        "Pending Approval",
        "Rejected",
        "Balanced",
        "Pending Print",
        "Pending Email",
        "Scheduled",
    }
)
CANCELLED = frozenset({"Voided", "Canceled"})


# -- documents ----------------------------------------------------------------------------------------------------------------


def remote_document(row: Row, entity: str, *, is_reversed: bool = False) -> RemoteDocument:
    """A document as read back; `is_reversed` tells of a closed one that our credit memo closed it."""
    names = NAMES[entity]
    total, tax, balance = number(row, "Amount"), number(row, "TaxTotal"), number(row, "Balance")
    kind = KINDS[text(row, "Type")]
    reference = text(row, "ReferenceNbr")
    if not reference or reference == "<NEW>":
        raise ValueError("a document without a number is not booked")
    modified = text(row, "LastModifiedDateTime")
    details = row.get("Details")
    return RemoteDocument(
        remote_id=remote_id(text(row, "Type"), reference),
        kind=kind,
        number=reference,
        our_number=text(row, names.number),
        status=DocumentStatus.VOID if is_reversed else document_status(text(row, "Status"), balance, total),
        customer_id=text(row, names.customer),
        currency=text(row, "Currency"),
        net=total - tax,
        tax=tax,
        total=total,
        balance=balance,
        line_count=None if details is None else sum(1 for each in details if not text(each, names.line_text).startswith(MARKS)),
        issue_date=day(row, "Date"),
        posting_date=day(row, "Date"),
        version=modified,
        modified_at=datetime.fromisoformat(modified) if modified else None,
    )


def document_status(status: str, balance: Decimal, total: Decimal) -> DocumentStatus:
    """The label of a document's state; raises ValueError for one that is not known."""
    if status in UNRELEASED:
        return DocumentStatus.DRAFT
    if status in CANCELLED:
        return DocumentStatus.VOID
    if status == "Closed":
        return DocumentStatus.PAID
    if status != "Open":
        raise ValueError(f"unknown status {status!r}")
    return DocumentStatus.OPEN if balance == total else DocumentStatus.PARTIALLY_PAID


# -- payments -----------------------------------------------------------------------------------------------------------------


def remote_payment(row: Row) -> RemotePayment:
    """One payment; what it settles are its released applications."""
    modified = text(row, "LastModifiedDateTime")
    return RemotePayment(
        remote_id=remote_id(text(row, "Type"), text(row, "ReferenceNbr")),
        customer_id=text(row, "CustomerID"),
        received_on=day(row, "ApplicationDate"),
        amount=number(row, "PaymentAmount"),
        currency=text(row, "CurrencyID"),
        reference=text(row, "PaymentRef"),
        allocations=tuple(_allocations(row.get("ApplicationHistory") or [])),
        reversed=text(row, "Status") in CANCELLED,
        version=modified,
        modified_at=datetime.fromisoformat(modified) if modified else None,
    )


def _allocations(history: Iterable[Row]) -> Iterator[RemoteAllocation]:
    for each in history:
        record = remote_id(text(each, "DisplayDocType"), text(each, "DisplayRefNbr"))
        yield RemoteAllocation(remote_id=record, amount=number(each, "AmountPaid"))


# -- customers ----------------------------------------------------------------------------------------------------------------


def email(row: Row) -> str:
    return text(row.get("MainContact") or {}, "Email").casefold()


def adoptable(rows: Iterable[Row], name: str, address: str) -> Row | None:
    """The only active customer of this name that has no account reference and no other e-mail address than ours."""
    found = [
        row
        for row in rows
        if text(row, "CustomerName").casefold() == name.casefold()
        and text(row, "Status") == "Active"
        and not text(row, "AccountRef")
        and (not address or not email(row) or email(row) == address.casefold())
    ]
    return found[0] if len(found) == 1 else None


# -- reference lists ----------------------------------------------------------------------------------------------------------


def is_active(row: Row) -> bool:
    return value(row, "Active") is not False


def item(row: Row, *, stock: bool) -> ReferenceItem:
    usable = text(row, "ItemStatus") in {"", "Active", "No Purchases"}
    details = {"stock": "yes" if stock else "no", "unit": text(row, "SalesUOM") or text(row, "SalesUnit")}
    return ReferenceItem(
        kind=ReferenceKind.ITEM, code=text(row, "InventoryID"), name=text(row, "Description"), active=usable, details=details
    )


def entry(kind: ReferenceKind, row: Row, key: str, prefix: str = "") -> ReferenceItem:
    code = text(row, key)
    return ReferenceItem(kind=kind, code=f"{prefix}{code}", name=text(row, "Description"), remote_id=code, active=is_active(row))


def tax_codes(zones: Iterable[Row], categories: Iterable[Row], taxes: Iterable[Row]) -> Iterator[ReferenceItem]:
    """Every category in every zone (`TEXAS/TAXABLE`), and each category that means no tax in any zone (`EXEMPT`), with its rate."""
    rates = {text(row, "TaxID"): _rate(row.get("TaxSchedule") or []) for row in taxes}
    in_zone = {text(row, "TaxZoneID"): {text(each, "TaxID") for each in row.get("ApplicableTaxes") or []} for row in zones}
    for category in categories:
        name, listed = text(category, "TaxCategoryID"), {text(each, "TaxID") for each in category.get("Details") or []}
        excludes = value(category, "ExcludeListedTaxes") is True
        if not listed and not excludes:
            yield _tax_code(name, category, {"category": name, "rate": "0"})
        for zone, applicable in in_zone.items():
            due = applicable - listed if excludes else applicable & listed
            rate = sum((rates.get(tax, Decimal(0)) for tax in due), Decimal(0))
            yield _tax_code(f"{zone}/{name}", category, {"zone": zone, "category": name, "rate": f"{rate.normalize():f}"})


def _tax_code(code: str, category: Row, details: Mapping[str, str]) -> ReferenceItem:
    name = text(category, "Description")
    return ReferenceItem(kind=ReferenceKind.TAX_CODE, code=code, name=name, active=is_active(category), details=details)


def _rate(schedule: Iterable[Row]) -> Decimal:
    """The rate of the newest revision."""
    rows = sorted(schedule, key=lambda row: text(row, "StartDate"))
    return number(rows[-1], "TaxRate") if rows else Decimal(0)


# -- errors, tokens and sessions ----------------------------------------------------------------------------------------------


def complaint(reply: Reply) -> Complaint | None:
    """What Acumatica says went wrong; a good answer is empty, a list, or an object without an error of its own."""
    if reply.status in (202, 204):
        return None
    if reply.status < 300:
        return _of_good_answer(reply.json())
    return _of_error(reply.json()) if reply.content else Complaint(message=_WORDS.get(reply.status, ""))


_WORDS = {401: "not logged in", 412: "a record of this number is there already, or is not", 404: "no such end point, version or entity"}


def _of_good_answer(body: Any) -> Complaint | None:
    if isinstance(body, list):
        return None
    if not isinstance(body, dict):
        raise ValueError("neither a record nor a list")  # noqa: TRY004 the form of an answer is wrong, not a type of ours
    if isinstance(body.get("error"), str):
        return _of_error(body)
    return None


def _of_error(body: Row) -> Complaint:
    """A refused record with its errors, the exception of the server, an OAuth error, or a bare message."""
    said = body.get("error")
    if isinstance(said, str) and "Details" not in body and "rowNumber" not in body:
        return Complaint(code=said, message=str(body.get("error_description") or said))
    if isinstance(said, str):
        found = list(errors(body))
        fields = [(path, words) for path, words in found if path]
        words = "; ".join(f"{path}: {words}" if path else words for path, words in found)
        return Complaint(message=words, field=fields[0][0] if fields else "")
    kind, words = str(body.get("exceptionType") or ""), str(body.get("exceptionMessage") or body.get("message") or "")
    return Complaint(code=kind, message=f"{words} ({kind})" if kind else words)


def oauth_token(body: Row) -> Token:
    """A reply of the token end point."""
    expires = datetime.now(UTC) + timedelta(seconds=int(body["expires_in"]))
    return Token(access=str(body["access_token"]), refresh=str(body.get("refresh_token") or ""), expires_at=expires)


def cookie_token(reply: Reply) -> Token:
    """The session of a cookie log-in: all cookies go back with every request."""
    pairs = [each.partition(";")[0].strip() for each in httpx.Headers(reply.headers).get_list("set-cookie")]
    if not pairs:
        raise ValueError("the log-in set no cookie")
    values = {pair.partition("=")[0]: pair.partition("=")[2] for pair in pairs}
    return Token(access="; ".join(pairs), extra=values)
