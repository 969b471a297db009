"""QuickFile's answers in canonical words: documents, clients, payments, lists, errors.

A list with one entry may arrive as that entry, and an empty one not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.quickfile.spec import CHARGE_LINE, DISCOUNT_LINE, ONE_OFF, RATES, TREATMENTS
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.wire import Complaint

Row = Mapping[str, Any]
CREDIT_NOTE = "CREDIT NOTE"
STATUSES = {
    "DRAFT": DocumentStatus.DRAFT,
    "SENT": DocumentStatus.OPEN,
    "PAIDPART": DocumentStatus.PARTIALLY_PAID,
    "PAIDFULL": DocumentStatus.PAID,
    "CREDITED": DocumentStatus.VOID,
    CREDIT_NOTE: DocumentStatus.OPEN,
}
SETTLED = {DocumentStatus.PAID, DocumentStatus.VOID}


def entries(value: Any) -> list[Row]:
    """A list of an answer, in whichever of its three forms."""
    if value is None or value == "":
        return []
    return [value] if isinstance(value, dict) else list(value)


def item_rows(details: Row) -> list[Row]:
    return entries((details.get("ItemLines") or {}).get("Item"))


def task_rows(details: Row) -> list[Row]:
    return entries((details.get("TaskLines") or {}).get("Task"))


def remote_document(details: Row) -> RemoteDocument:
    """InvoiceDetails of `invoice/get`. Net and VAT follow from the lines' totals (without VAT: UNVERIFIED), unless somebody gave the
    whole invoice a discount; the balance follows from the status, except of a partly paid one, which v1.2 does not tell."""
    is_credit = details["Status"] == CREDIT_NOTE
    sign = -1 if is_credit else 1
    total = Decimal(details["TotalAmount"])
    rows = [*item_rows(details), *task_rows(details)]
    net = None if Decimal(details.get("Discount") or 0) else sum((Decimal(row["LineTotal"]) for row in rows), Decimal(0))
    status = STATUSES[details["Status"]]
    day = date.fromisoformat(details["IssueDate"][:10])
    return RemoteDocument(
        remote_id=str(details["InvoiceID"]),
        kind=DocumentKind.CREDIT_NOTE if is_credit else DocumentKind.INVOICE,
        number=str(details["InvoiceNumber"]),
        our_number=str(details["InvoiceNumber"]),
        status=status,
        customer_id=str(details["ClientID"]),
        currency=details["Currency"],
        net=None if net is None else sign * net,
        tax=None if net is None else sign * (total - net),
        total=sign * total,
        balance=None if is_credit else balance(status, total),
        line_count=sum(row.get("ItemName") not in (DISCOUNT_LINE, CHARGE_LINE) for row in rows),
        issue_date=day,
        posting_date=day,
    )


def as_void(remote: RemoteDocument) -> RemoteDocument:
    return remote.model_copy(update={"status": DocumentStatus.VOID})


def balance(status: DocumentStatus, total: Decimal) -> Decimal | None:
    if status in SETTLED:
        return Decimal(0)
    return None if status is DocumentStatus.PARTIALLY_PAID else total


def rest_payment(row: Row) -> RemotePayment:
    """A client payment of the REST beta; `invoices` is there only in the answer about a single one. Amounts in its own currency."""
    return RemotePayment(
        remote_id=str(row["id"]),
        customer_id=str(row["client_id"]),
        received_on=date.fromisoformat(row["date"][:10]),
        amount=Decimal(row["amount_in_currency"]),
        currency=row["currency"],
        allocations=tuple(
            RemoteAllocation(remote_id=str(each["id"]), amount=Decimal(each["amount_in_currency"])) for each in row.get("invoices") or ()
        ),
        reversed=str(row.get("status") or "").casefold() == "deleted",
    )


def tax_entries() -> list[ReferenceItem]:
    """QuickFile has no list of tax codes: the rates, then the treatments of a whole invoice."""
    rates = [ReferenceItem(kind=ReferenceKind.TAX_CODE, code=each, name=f"VAT at {each} %", remote_id=each) for each in RATES]
    return rates + [ReferenceItem(kind=ReferenceKind.TAX_CODE, code=code, name=name, remote_id=code) for code, name in TREATMENTS.items()]


def one_off() -> ReferenceItem:
    return ReferenceItem(kind=ReferenceKind.ITEM, code=ONE_OFF, name="A line of its own, no inventory item", remote_id="0")


def item_entry(row: Row) -> ReferenceItem:
    name = str(row["ItemName"])
    return ReferenceItem(kind=ReferenceKind.ITEM, code=name, name=str(row.get("ItemDescription") or name), remote_id=str(row["ItemID"]))


def account_entry(row: Row) -> ReferenceItem:
    code = str(row["NominalCode"])
    return ReferenceItem(kind=ReferenceKind.ACCOUNT, code=code, name=str(row["NominalName"]), remote_id=code)


def complaint(body: Any) -> Complaint | None:
    """The errors in an answer: `Errors.Error` (text or list, blanks among them) or `Error` (a text, or Code and Message)."""
    if not isinstance(body, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 the wire reads ValueError as "not the documented form"
    if "Errors" in body:
        held = body["Errors"]["Error"]
        texts = [held] if isinstance(held, str) else held
        return Complaint(message="; ".join(text.strip() for text in texts if text and text.strip()) or "no reason given")
    if "Error" in body:
        held = body["Error"]
        if isinstance(held, str):
            return Complaint(message=held)
        return Complaint(code=str(held.get("Code", "")), message=str(held.get("Message", "")))
    return None
