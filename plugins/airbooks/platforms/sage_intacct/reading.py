"""What the gateway says it holds, in canonical words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.sage_intacct.mapping import CHARGE_MEMO, DISCOUNT_MEMO
from airbooks.platforms.sage_intacct.queries import to_day, to_moment

Row = Mapping[str, str]
ZERO = Decimal(0)

OBJECTS = {DocumentKind.INVOICE: "ARINVOICE", DocumentKind.CREDIT_NOTE: "ARADJUSTMENT"}
DOCUMENT_FIELDS = (
    "RECORDNO", "RECORDID", "DOCNUMBER", "STATE", "CUSTOMERID", "CURRENCY", "WHENCREATED", "WHENPOSTED", "TRX_TOTALENTERED",
    "TRX_TOTALDUE", "TRX_TOTALPAID", "WHENMODIFIED",
)  # fmt: skip
ITEM_FIELDS = ("RECORDNO", "RECORDKEY", "LINE_NO", "ACCOUNTNO", "TRX_AMOUNT", "ENTRYDESCRIPTION", "PARENTENTRY")
PAYMENT_FIELDS = (
    "RECORDNO", "STATE", "CUSTOMERID", "DOCNUMBER", "DESCRIPTION", "RECEIPTDATE", "CURRENCY", "TRX_TOTALENTERED", "WHENMODIFIED",
)  # fmt: skip
DETAIL_FIELDS = ("RECORDNO", "PAYMENTKEY", "RECORDKEY", "TRX_PAYMENTAMOUNT")

VOID = frozenset({"reversed", "reversal", "voided", "v"})
_STATES = {
    "draft": DocumentStatus.DRAFT,
    "posted": DocumentStatus.OPEN,
    "selected": DocumentStatus.OPEN,
    "partiallypaid": DocumentStatus.PARTIALLY_PAID,
    "paid": DocumentStatus.PAID,
    **dict.fromkeys(VOID, DocumentStatus.VOID),
}


def items_of(kind: DocumentKind) -> str:
    return f"{OBJECTS[kind]}ITEM"


def document_fields(settings: Mapping[str, str]) -> tuple[str, ...]:
    own = settings.get("custom_number_field", "")
    return (*DOCUMENT_FIELDS, own) if own else DOCUMENT_FIELDS


def is_reversal(row: Row) -> bool:
    """Whether the record is the negative twin that a reversal adds; it is no document of ours."""
    return _label(row) == "reversal"


def _label(row: Row) -> str:
    return row["STATE"].replace(" ", "").lower()


def remote_document(kind: DocumentKind, row: Row, items: Iterable[Row], settings: Mapping[str, str]) -> RemoteDocument:
    """An ARINVOICE or ARADJUSTMENT with its item rows.

    Net is the sum of the lines, tax the rest of the total; rows below a line (PARENTENTRY) are taxes, as are lines on the sales tax
    account. Lines that stand for a document discount or charge do not count as lines of ours.
    """
    sign = Decimal(-1) if kind is DocumentKind.CREDIT_NOTE else Decimal(1)
    total, due = sign * Decimal(row["TRX_TOTALENTERED"]), sign * Decimal(row["TRX_TOTALDUE"])
    lines = [item for item in items if not item["PARENTENTRY"] and not _is_tax(item, settings)]
    net = sign * sum((Decimal(item["TRX_AMOUNT"]) for item in lines), ZERO)
    return RemoteDocument(
        remote_id=row["RECORDNO"],
        kind=kind,
        number=row["RECORDID"],
        our_number=row.get(settings.get("custom_number_field", ""), "") or row["RECORDID"],
        status=_status(row, total, due),
        customer_id=row["CUSTOMERID"],
        currency=row["CURRENCY"],
        net=net,
        tax=total - net,
        total=total,
        balance=due,
        line_count=sum(1 for item in lines if not item["ENTRYDESCRIPTION"].startswith((DISCOUNT_MEMO, CHARGE_MEMO))),
        issue_date=to_day(row["WHENCREATED"]),
        posting_date=to_day(row["WHENPOSTED"]),
        version=row["WHENMODIFIED"],
        modified_at=to_moment(row["WHENMODIFIED"]),
    )


def _is_tax(item: Row, settings: Mapping[str, str]) -> bool:
    account = settings.get("sales_tax_account", "")
    return bool(account) and not settings.get("tax_solution_id") and item["ACCOUNTNO"] == account


def _status(row: Row, total: Decimal, due: Decimal) -> DocumentStatus:
    """The state's label where it is known and the amounts do not say more."""
    known = _STATES.get(_label(row))
    if known in {DocumentStatus.DRAFT, DocumentStatus.VOID}:
        return known
    if total and not due:
        return DocumentStatus.PAID
    if due != total:
        return DocumentStatus.PARTIALLY_PAID
    return DocumentStatus.OPEN if known is None else known


def is_receipt(row: Row) -> bool:
    """Whether an ARPYMT is money from a customer: no draft, no twin of a reversal, no credit memo applied without money."""
    return _label(row) != "draft" and Decimal(row["TRX_TOTALENTERED"] or 0) > 0


def remote_payment(row: Row, details: Iterable[Row]) -> RemotePayment:
    """An ARPYMT with its details."""
    paid: dict[str, Decimal] = {}
    for each in details:
        paid[each["RECORDKEY"]] = paid.get(each["RECORDKEY"], ZERO) + Decimal(each["TRX_PAYMENTAMOUNT"] or 0)
    reversed_ = _label(row) in VOID
    allocations = () if reversed_ else tuple(RemoteAllocation(remote_id=key, amount=amount) for key, amount in paid.items() if amount)
    return RemotePayment(
        remote_id=row["RECORDNO"],
        customer_id=row["CUSTOMERID"],
        received_on=to_day(row["RECEIPTDATE"]),
        amount=Decimal(row["TRX_TOTALENTERED"]),
        currency=row["CURRENCY"],
        reference=row["DOCNUMBER"],
        allocations=allocations,
        reversed=reversed_,
        version=row["WHENMODIFIED"],
        modified_at=to_moment(row["WHENMODIFIED"]),
    )


# Each kind of reference: object, field of the code, field of the name, further fields told as details.
LISTS: dict[ReferenceKind, tuple[tuple[str, str, str, tuple[str, ...]], ...]] = {
    ReferenceKind.ITEM: (("ITEM", "ITEMID", "NAME", ("ITEMTYPE",)),),
    ReferenceKind.ACCOUNT: (("GLACCOUNT", "ACCOUNTNO", "TITLE", ("ACCOUNTTYPE",)),),
    ReferenceKind.TAX_CODE: (("TAXDETAIL", "DETAILID", "DESCRIPTION", ("VALUE", "TAXTYPE", "TAXSOLUTIONID", "REVERSECHARGE")),),
    ReferenceKind.TERMS: (("ARTERM", "NAME", "DESCRIPTION", ()),),
    ReferenceKind.CURRENCY: (("TRXCURRENCIES", "CODE", "CODE", ()),),
    ReferenceKind.DIMENSION: (
        ("DEPARTMENT", "DEPARTMENTID", "TITLE", ()),
        ("WAREHOUSE", "WAREHOUSEID", "NAME", ()),
        ("CLASS", "CLASSID", "NAME", ()),
        ("LOCATION", "LOCATIONID", "NAME", ()),
        ("PROJECT", "PROJECTID", "NAME", ()),
    ),
}
PAYMENT_METHODS = ("EFT", "Printed Check", "Cash", "Credit Card", "Online Charge Card", "Online ACH Debit")


def reference_item(kind: ReferenceKind, row: Row, code: str, name: str, details: Iterable[str], source: str) -> ReferenceItem:
    """One entry of a list; dimensions say which list they come from."""
    told = {each.lower(): row[each] for each in details} | ({"dimension": source.lower()} if kind is ReferenceKind.DIMENSION else {})
    return ReferenceItem(
        kind=kind, code=row[code], name=row[name], remote_id=row[code], active=row.get("STATUS", "active") == "active", details=told
    )
