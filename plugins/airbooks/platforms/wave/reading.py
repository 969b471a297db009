"""Wave's answers in canonical words: invoices, payments, reference lists, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.tokens import Token
from airbooks.platforms.wave.spec import INPUT_ERROR, PARTIAL_ANSWER
from airbooks.platforms.wire import Complaint

Row = Mapping[str, Any]
OVERPAID = "OVERPAID"
STATUS = {
    "DRAFT": DocumentStatus.DRAFT,
    "SAVED": DocumentStatus.OPEN,
    "SENT": DocumentStatus.OPEN,
    "VIEWED": DocumentStatus.OPEN,
    "UNPAID": DocumentStatus.OPEN,
    "PARTIAL": DocumentStatus.PARTIALLY_PAID,
    "PAID": DocumentStatus.PAID,
    OVERPAID: DocumentStatus.PAID,
}


# -- what went wrong ----------------------------------------------------------------------------------------------------


def complaint(body: Any) -> Complaint | None:
    """The layers of an answer in their order: OAuth's `error`, GraphQL's `errors`, a mutation's didSucceed and inputErrors.

    A mutation that succeeded although a part of its answer failed is no refusal: it happened, and must be looked up.
    """
    if not isinstance(body, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 the wire reads ValueError as "not the documented form"
    if isinstance(body.get("error"), str):
        return Complaint(code=body["error"], message=str(body.get("error_description") or body["error"]))
    outcomes = [each for each in (body.get("data") or {}).values() if isinstance(each, dict) and "didSucceed" in each]
    if body.get("errors"):
        return _graphql_complaint(body["errors"][0], partial=any(each["didSucceed"] for each in outcomes))
    refused = [each for each in outcomes if not each["didSucceed"]]
    return _input_complaint(refused[0].get("inputErrors") or []) if refused else None


def _graphql_complaint(error: Row, *, partial: bool) -> Complaint:
    code = str((error.get("extensions") or {}).get("code", ""))
    path = ".".join(str(part) for part in error.get("path") or ())
    return Complaint(code=PARTIAL_ANSWER if partial else code, message=str(error["message"]), field=path)


def _input_complaint(errors: list[Row]) -> Complaint:
    if not errors:
        return Complaint(code=INPUT_ERROR, message="refused without a reason, usually for an id of another business (inputErrors)")
    words = "; ".join(f"{'.'.join(each.get('path') or ())}: {each.get('message') or ''}" for each in errors)
    return Complaint(
        code=str(errors[0].get("code") or INPUT_ERROR), message=f"{words} (inputErrors)", field=".".join(errors[0].get("path") or ())
    )


def support_reference(body: Any) -> str:
    """The id that Wave's support asks for."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
        return ""
    return str((errors[0].get("extensions") or {}).get("id", ""))


# -- documents ----------------------------------------------------------------------------------------------------------


def amount(money: Row, exponent: int) -> Decimal:
    """An amount from its minor units: `value` may carry thousands separators (from memory)."""
    return Decimal(money["minorUnitValue"]).scaleb(-exponent)


def remote_document(row: Row, charge_product: str = "") -> RemoteDocument:
    """An invoice as read back. Lines with the product for document charges are not among ours, so they are not counted."""
    exponent = int(row["currency"]["exponent"])
    total, tax = amount(row["total"], exponent), amount(row["taxTotal"], exponent)
    return RemoteDocument(
        remote_id=row["id"],
        kind=DocumentKind.INVOICE,
        number=row["invoiceNumber"],
        our_number=row["invoiceNumber"],
        status=document_status(row),
        customer_id=row["customer"]["id"],
        currency=row["currency"]["code"],
        net=total - tax,
        tax=tax,
        total=total,
        balance=amount(row["amountDue"], exponent),
        line_count=sum(item["product"]["id"] != charge_product for item in row["items"] or ()),
        issue_date=date.fromisoformat(row["invoiceDate"]),
        posting_date=date.fromisoformat(row["invoiceDate"]),
        version=row["modifiedAt"],
        modified_at=datetime.fromisoformat(row["modifiedAt"]),
    )


def document_status(row: Row) -> DocumentStatus:
    """Wave's status in our words; what is overdue may be paid in part."""
    if row["status"] == "OVERDUE":
        return DocumentStatus.PARTIALLY_PAID if Decimal(row["amountPaid"]["minorUnitValue"]) else DocumentStatus.OPEN
    return STATUS[row["status"]]


# -- payments -----------------------------------------------------------------------------------------------------------


def remote_payment(row: Row, invoice_id: str) -> RemotePayment:
    """A payment of one invoice as read back; a refund is told as money taken back. Its memo is the only reference there is."""
    paid = Decimal(str(row["amount"]).replace(",", ""))
    reversed_ = row.get("active") is False or str(row.get("transactionType") or "").upper() in {"REFUND", "VOID"}
    return RemotePayment(
        remote_id=row["id"],
        customer_id=(row.get("customer") or {}).get("id", ""),
        received_on=date.fromisoformat(row["paymentDate"]) if row.get("paymentDate") else None,
        amount=paid,
        currency=(row.get("invoiceCurrency") or {}).get("code", ""),
        reference=row.get("memo") or "",
        allocations=(RemoteAllocation(remote_id=invoice_id, amount=paid),),
        reversed=reversed_,
        version=row["modifiedAt"],
        modified_at=datetime.fromisoformat(row["modifiedAt"]),
    )


# -- lists, tokens, connection ------------------------------------------------------------------------------------------


def product(row: Row) -> ReferenceItem:
    """A product; it has no code but its name."""
    return _entry(ReferenceKind.ITEM, row["name"], row.get("description") or row["name"], row)


def sales_tax(row: Row) -> ReferenceItem:
    """A sales tax by its abbreviation, which is unique in a business; its rate is a fraction (0.0825)."""
    return _entry(ReferenceKind.TAX_CODE, row["abbreviation"], row["name"], row, rate=str(row["rate"]))


def account(row: Row) -> ReferenceItem:
    currency, subtype = row["currency"]["code"], row["subtype"]["value"]
    return _entry(ReferenceKind.ACCOUNT, row.get("displayId") or row["name"], row["name"], row, currency=currency, subtype=subtype)


def _entry(kind: ReferenceKind, code: str, name: str, row: Row, **details: str) -> ReferenceItem:
    return ReferenceItem(kind=kind, code=code, name=name, remote_id=row["id"], active=not row["isArchived"], details=details)


def token(body: Row, used: str) -> Token:
    """A reply of the token end point; the refresh token that was used stays good when the reply has no other."""
    expires = datetime.now(UTC) + timedelta(seconds=int(body["expires_in"]))
    return Token(access=body["access_token"], refresh=body.get("refresh_token") or used, expires_at=expires)


def disagreements(business: Row, home_currency: str) -> Iterator[str]:
    """What speaks against the business, or against the connection's home currency, in words."""
    home = business["currency"]["code"]
    if home != home_currency:
        yield f"the home currency is {home}, the connection says {home_currency}"
    if business["isArchived"]:
        yield "the business is archived"
    if business["isPersonal"]:
        yield "it is a personal business, which has no invoices"
