"""KashFlow's answers in canonical words: documents, payments, reference lists, complaints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.kashflow.mapping import CHARGE, DISCOUNT
from airbooks.platforms.kashflow.spec import BETWEEN
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.wire import Complaint

Row = Mapping[str, Any]

# The list behind each kind of reference that is one.
LISTS = {
    ReferenceKind.ITEM: "/products/list",
    ReferenceKind.ACCOUNT: "/nominals",
    ReferenceKind.TAX_CODE: "/vat/settings/vatrates",
    ReferenceKind.CURRENCY: "/currencies",
    ReferenceKind.DIMENSION: "/projects",
    ReferenceKind.PAYMENT_METHOD: "/paymentmethods/invoice",
}
EXEMPT = ReferenceItem(
    kind=ReferenceKind.TAX_CODE, code="Exempt", name="Exempt from VAT", remote_id="0", details={"rate": "0", "exempt": "true"}
)


def amount(value: Any) -> Decimal:
    """An amount of an answer; whole numbers arrive as int."""
    return Decimal(value)


def day(value: Any) -> date | None:
    """A date of an answer: `2026-01-15 00:00:00`, sometimes with ` +00:00`."""
    return date.fromisoformat(str(value)[:10]) if value else None


def complaint(body: Any) -> Complaint | None:
    """The refusal in an answer, `{"Error", "Message"}`; lists and everything else are good answers."""
    if isinstance(body, dict) and "Error" in body:
        return Complaint(code=str(body["Error"]), message=str(body.get("Message") or body["Error"]))
    return None


def rows_of(body: Any) -> list[Any]:
    """The rows of a list, flat or in an envelope with MetaData."""
    rows = body["Data"] if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise ValueError("not a list")  # noqa: TRY004 the wire reads ValueError as "not the documented form"
    return rows


def total_rows(body: Any) -> int:
    """How many rows a list has on all its pages."""
    return int(body["MetaData"]["TotalRecords"]) if isinstance(body, dict) else len(body)


# -- documents ------------------------------------------------------------------------------------------------------------


def remote_id(row: Row) -> str:
    """Number and Id. Paths take the number alone, but a deleted invoice's number may be given again; the id tells the two apart."""
    return f"{row['Number']}.{row['Id']}"


def number_in(remote: str) -> str:
    return remote.partition(".")[0]


def is_same(row: Row, remote: str) -> bool:
    """Whether the invoice under a number is still the one of this remote id."""
    _, _, wanted = remote.partition(".")
    return not wanted or str(row["Id"]) == wanted


def kind_of(row: Row) -> DocumentKind:
    return DocumentKind.CREDIT_NOTE if amount(row["GrossAmount"]) < 0 else DocumentKind.INVOICE


def our_number(row: Row) -> str:
    return str(row.get("CustomerReference") or "").split(BETWEEN)[0]


def remote_document(row: Row) -> RemoteDocument:
    """A document as read back; amounts of a credit note (total below zero) turned positive."""
    kind = kind_of(row)
    sign = -1 if kind is DocumentKind.CREDIT_NOTE else 1
    lines = row.get("LineItems")
    return RemoteDocument(
        remote_id=remote_id(row),
        kind=kind,
        number=str(row["Number"]),
        our_number=our_number(row),
        status=status(row),
        customer_id=row.get("CustomerCode") or "",
        currency=(row.get("Currency") or {}).get("Code") or "",
        net=sign * amount(row["NetAmount"]),
        tax=sign * amount(row["VATAmount"]),
        total=sign * amount(row["GrossAmount"]),
        balance=sign * amount(row["DueAmount"]),
        line_count=None if lines is None else sum(map(_is_ours, lines)),
        issue_date=day(row.get("IssuedDate")),
        posting_date=day(row.get("IssuedDate")),
    )


def status(row: Row) -> DocumentStatus:
    """From the amounts: words other than Paid and Unpaid are not published. There are no drafts, and what is deleted is gone."""
    if amount(row["DueAmount"]) == 0:
        return DocumentStatus.PAID
    return DocumentStatus.PARTIALLY_PAID if amount(row["TotalPaidAmount"]) else DocumentStatus.OPEN


def _is_ours(line: Row) -> bool:
    """Texts (of quantity 0) and the document's own discounts and charges are not among our lines."""
    return bool(amount(line["Quantity"])) and not str(line.get("Description") or "").startswith((DISCOUNT, CHARGE))


# -- payments -------------------------------------------------------------------------------------------------------------


def payment_key(line: Row) -> str:
    """What the payment lines of one payment share: our marker, else a bulk payment's number, else each stands alone."""
    note = str(line.get("Note") or "").splitlines()
    if note and note[0].startswith("[") and note[0].endswith("]"):
        return note[0]
    bulk = line.get("BulkPaymentNumber")
    return f"bulk {bulk}" if bulk else f"line {line['Id']}"


def remote_payment(lines: Sequence[tuple[Row, Row]]) -> RemotePayment:
    """One payment from its lines, each with its invoice; it is named after the first of them."""
    ordered = sorted(lines, key=lambda each: int(each[1]["Id"]))
    invoice, first = ordered[0]
    return RemotePayment(
        remote_id=str(first["Id"]),
        customer_id=invoice.get("CustomerCode") or "",
        received_on=day(first["Date"]),
        amount=sum((amount(line["Amount"]) for _, line in ordered), Decimal(0)),
        currency=(invoice.get("Currency") or {}).get("Code") or "",
        reference=first.get("Reference") or "",
        allocations=tuple(RemoteAllocation(remote_id=remote_id(row), amount=amount(line["Amount"])) for row, line in ordered),
    )


def payments(lines: Iterable[tuple[Row, Row]]) -> Iterator[RemotePayment]:
    """All payments that these lines make up."""
    groups: dict[tuple[str, str], list[tuple[Row, Row]]] = {}
    for row, line in lines:
        groups.setdefault((str(row.get("CustomerCode")), payment_key(line)), []).append((row, line))
    yield from map(remote_payment, groups.values())


# -- reference lists ------------------------------------------------------------------------------------------------------


def reference_items(kind: ReferenceKind, rows: Iterable[Row]) -> list[ReferenceItem]:
    if kind is ReferenceKind.TAX_CODE:
        return [*{item.code: item for item in map(_vat_rate, rows)}.values(), EXEMPT]
    if kind is ReferenceKind.ITEM:
        return _products(list(rows))
    return [_entry(kind, row) for row in rows]


def _vat_rate(row: Row) -> ReferenceItem:
    """A VAT rate, called as people call it: `20%`."""
    rate = format(amount(row["VATRate"]).normalize(), "f")
    return ReferenceItem(
        kind=ReferenceKind.TAX_CODE,
        code=f"{rate}%",
        name=str(row.get("VATText") or f"{rate}%"),
        remote_id=rate,
        details={"rate": rate, "exempt": "false"},
    )


def _products(rows: Sequence[Row]) -> list[ReferenceItem]:
    """Products by code; one that several nominal codes have is called `4010/CODE`."""
    seen = Counter(str(row["Code"]) for row in rows)
    return [
        ReferenceItem(
            kind=ReferenceKind.ITEM,
            code=str(row["Code"]) if seen[str(row["Code"])] == 1 else f"{row['NominalCode']}/{row['Code']}",
            name=str(row.get("Name") or ""),
            remote_id=str(row["Code"]),
            details={"nominal": str(row["NominalCode"])},
        )
        for row in rows
        if row.get("Code")
    ]


def _entry(kind: ReferenceKind, row: Row) -> ReferenceItem:
    """A nominal code or currency by its code, a payment method by its name; a project by its name, its number being what invoices take."""
    code = row["Code"] if kind in {ReferenceKind.ACCOUNT, ReferenceKind.CURRENCY} else row["Name"]
    wanted = {ReferenceKind.DIMENSION: "Number", ReferenceKind.PAYMENT_METHOD: "Id"}.get(kind, "Code")
    return ReferenceItem(kind=kind, code=str(code), name=str(row.get("Name") or code), remote_id=str(row[wanted]))
