"""MYOB's answers in canonical words: sales, payments, lists, cards, errors in their shapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentKind, DocumentStatus, Party, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.myob.mapping import card_name
from airbooks.platforms.myob.spec import ITEM
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply

Row = Mapping[str, Any]
Settings = Mapping[str, str]
NO_CARD_ID = "*None"


def moment(text: str) -> datetime:
    """A time of MYOB, which names no zone and is UTC (from memory)."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def day(text: str) -> date:
    return datetime.fromisoformat(text).date()


def amount(value: Any) -> Decimal:
    """An amount of an answer; whole numbers arrive as int."""
    return Decimal(value)


# -- sales --------------------------------------------------------------------------------------------------------------


def remote_document(row: Row, settings: Settings, layout: str = "") -> RemoteDocument:
    """A sale as read back; a negative one is a credit note. Freight of the header counts as a line of ours, charges do not.

    Lines of a service sale cannot be told apart (`line_count` None), and entries of the list of all layouts have none.
    """
    foreign = "Foreign" if row.get("ForeignCurrency") else ""
    total, balance = amount(row[f"TotalAmount{foreign}"]), amount(row[f"BalanceDueAmount{foreign}"])
    tax = amount(row[f"TotalTax{foreign}"])
    sign = -1 if total < 0 else 1
    modified = row.get("LastModified")
    return RemoteDocument(
        remote_id=row["UID"],
        kind=DocumentKind.CREDIT_NOTE if total < 0 else DocumentKind.INVOICE,
        number=row.get("Number") or "",
        our_number=row.get("Number") or "",
        status=document_status(row["Status"], sign * balance, sign * total),
        customer_id=row["Customer"]["UID"],
        currency=row["ForeignCurrency"]["Code"] if foreign else settings.get("home_currency", ""),
        net=sign * (total - tax),
        tax=sign * tax,
        total=sign * total,
        balance=sign * balance,
        line_count=line_count(row, foreign, settings) if layout == ITEM else None,
        issue_date=day(row["Date"]),
        posting_date=day(row["Date"]),
        version=str(row.get("RowVersion") or ""),
        modified_at=moment(modified) if modified else None,
    )


def document_status(status: str, balance: Decimal, total: Decimal) -> DocumentStatus:
    """Open, Closed or Credit (a credit note, or an invoice that is overpaid); there are no drafts and no voids."""
    if status not in {"Open", "Closed", "Credit"}:
        raise ValueError(f"unknown status {status!r}")
    if status == "Closed" or balance <= 0:
        return DocumentStatus.PAID
    return DocumentStatus.OPEN if balance == total else DocumentStatus.PARTIALLY_PAID


def line_count(row: Row, foreign: str, settings: Settings) -> int:
    charge = settings.get("adjustment_item", "")
    ours = [line for line in row["Lines"] if line.get("Type", "Transaction") == "Transaction" and _item_number(line) != charge]
    return len(ours) + (1 if amount(row.get(f"Freight{foreign}") or 0) else 0)


def _item_number(line: Row) -> str | None:
    return (line.get("Item") or {}).get("Number")


def warnings(row: Row) -> list[str]:
    """What MYOB warns of in a good answer."""
    return [f"{each['Name']}: {each['Message']}" for each in row.get("Errors") or [] if each.get("Severity") == "Warning"]


def as_found(row: Row) -> tuple[str, str]:
    """UID and layout of an entry in the list of all layouts."""
    return str(row["UID"]), str(row["InvoiceType"])


# -- payments -----------------------------------------------------------------------------------------------------------


def remote_payment(row: Row, settings: Settings) -> RemotePayment:
    """One customer payment. A deleted one is not there any more, so that none is ever seen as reversed."""
    foreign = "Foreign" if row.get("ForeignCurrency") else ""
    allocations = tuple(
        RemoteAllocation(remote_id=each["UID"], amount=amount(each[f"AmountApplied{foreign}"])) for each in row.get("Invoices") or []
    )
    modified = row.get("LastModified")
    return RemotePayment(
        remote_id=row["UID"],
        customer_id=row["Customer"]["UID"],
        received_on=day(row["Date"]),
        amount=amount(row[f"AmountReceived{foreign}"]),
        currency=row["ForeignCurrency"]["Code"] if foreign else settings.get("home_currency", ""),
        reference=row.get("ReceiptNumber") or "",
        allocations=allocations,
        version=str(row.get("RowVersion") or ""),
        modified_at=moment(modified) if modified else None,
    )


# -- cards --------------------------------------------------------------------------------------------------------------


def card(row: Any) -> Row:
    """A customer's card that has what every one must have."""
    return {**row, **{name: str(row[name]) for name in ("UID", "DisplayID", "RowVersion")}}


def card_currency(row: Row) -> str:
    """Its foreign currency's code; empty for the currency of the books."""
    return str((row.get("ForeignCurrency") or {}).get("Code") or "")


def with_identifier(rows: Iterable[Row], identifier: str) -> Row | None:
    """The card with our identifier; an active one before an inactive one."""
    found = [row for row in rows if row["DisplayID"] == identifier]
    return min(found, key=lambda row: not row.get("IsActive", True), default=None)


def adoptable(rows: Iterable[Row], party: Party, currency: str) -> Row | None:
    """The only active card of this name and currency that has no identifier and no other e-mail address than ours."""
    name, email = card_name(party).casefold(), party.contact.email.casefold()
    found = []
    for row in rows:
        theirs = {str(each["Email"]).casefold() for each in row.get("Addresses") or [] if each.get("Email")}
        same = str(row.get("CompanyName") or "").casefold() == name and card_currency(row) == currency
        free = row["DisplayID"] == NO_CARD_ID and row.get("IsActive", True)
        if same and free and not (theirs and email and email not in theirs):
            found.append(row)
    return found[0] if len(found) == 1 else None


# -- reference lists ----------------------------------------------------------------------------------------------------

# Where a list is, and the field by which its entries are asked for.
LISTS: Mapping[ReferenceKind, tuple[tuple[str, str], ...]] = {
    ReferenceKind.ITEM: (("Inventory/Item", "Number"),),
    ReferenceKind.ACCOUNT: (("GeneralLedger/Account", "DisplayID"),),
    ReferenceKind.TAX_CODE: (("GeneralLedger/TaxCode", "Code"),),
    ReferenceKind.CURRENCY: (("GeneralLedger/Currency", "Code"),),
    ReferenceKind.DIMENSION: (
        ("GeneralLedger/Job", "Number"),
        ("Inventory/Location", "Identifier"),
        ("GeneralLedger/Category", "DisplayID"),
    ),
}


def reference_item(kind: ReferenceKind, path: str, row: Row) -> ReferenceItem:
    """An entry of a list. Jobs, locations and categories are one kind of ours: their codes are `Job:WHOLESALE`, `Location:MAIN`."""
    active = bool(row.get("IsActive", True)) and not row.get("IsHeader")
    if kind is ReferenceKind.DIMENSION:
        name = path.rpartition("/")[2]
        code = row.get("Number") or row.get("Identifier") or row.get("DisplayID") or row["Name"]
        return _entry(kind, f"{name}:{code}", row, active=active, list=name)
    if kind is ReferenceKind.ITEM:
        account = (row.get("IncomeAccount") or {}).get("UID")
        return _entry(kind, row["Number"], row, active=active and bool(row.get("IsSold", True)), income_account=account)
    if kind is ReferenceKind.ACCOUNT:
        return _entry(kind, row["DisplayID"], row, active=active, type=row.get("Type"))
    if kind is ReferenceKind.TAX_CODE:
        return _entry(kind, row["Code"], row, active=row.get("Type") != "Consolidated", rate=row.get("Rate"))
    return _entry(kind, row["Code"], row, active=True)


def _entry(kind: ReferenceKind, code: str, row: Row, *, active: bool, **details: Any) -> ReferenceItem:
    name = str(row.get("Name") or row.get("Description") or row.get("CurrencyName") or "")
    shown = {key: str(value) for key, value in details.items() if value is not None}
    return ReferenceItem(kind=kind, code=code, name=name, remote_id=row["UID"], active=active, details=shown)


# -- errors and tokens --------------------------------------------------------------------------------------------------


def complaint(reply: Reply) -> Complaint | None:
    """What MYOB says went wrong; good answers may be empty, and may hold warnings."""
    if reply.status < 300:
        if reply.content and not isinstance(reply.json(), dict):
            raise ValueError("not a JSON object")
        return None
    return _error(reply.json()) if reply.content else None


def _error(body: Row) -> Complaint:
    """A token end point's `error`, a list of named `Errors`, or a bare `Message`."""
    if isinstance(body.get("error"), str):
        return Complaint(code=body["error"], message=str(body.get("error_description") or body["error"]))
    listed = list(_by_severity(body.get("Errors") or []))
    if listed:
        words = "; ".join(f"{each['Name']}: {each.get('Message') or ''} {each.get('AdditionalDetails') or ''}".strip() for each in listed)
        return Complaint(code=listed[0]["Name"], message=words, field=_field(listed[0]))
    return Complaint(code=str(body.get("ErrorCode") or ""), message=str(body.get("Message") or "refused without words"))


def _by_severity(errors: Iterable[Row]) -> Iterator[Row]:
    yield from sorted(errors, key=lambda each: each.get("Severity") == "Warning")


def _field(error: Row) -> str:
    return str(error.get("AdditionalDetails") or "").partition(":")[0].strip()


def token(body: Row) -> Token:
    """A reply of the token end point."""
    expires = datetime.now(UTC) + timedelta(seconds=int(body["expires_in"]))
    return Token(access=body["access_token"], refresh=body["refresh_token"], expires_at=expires)
