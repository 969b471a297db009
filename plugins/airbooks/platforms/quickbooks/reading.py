"""QuickBooks' answers in canonical words: documents, payments, reference lists, faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.quickbooks.spec import GLOBAL, US, US_AUTOMATED
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint

Row = Mapping[str, Any]
ENTITY = {DocumentKind.INVOICE: "Invoice", DocumentKind.CREDIT_NOTE: "CreditMemo"}
# The lists behind each kind of reference.
LISTS = {
    ReferenceKind.ITEM: ("Item",),
    ReferenceKind.ACCOUNT: ("Account",),
    ReferenceKind.TAX_CODE: ("TaxCode",),
    ReferenceKind.TERMS: ("Term",),
    ReferenceKind.CURRENCY: ("CompanyCurrency",),
    ReferenceKind.DIMENSION: ("Class", "Department"),
    ReferenceKind.PAYMENT_METHOD: ("PaymentMethod",),
    ReferenceKind.UNIT: (),
}


def amount(value: Any) -> Decimal:
    """An amount of an answer; whole numbers arrive as int."""
    return Decimal(value)


def remote_document(row: Row, kind: DocumentKind, charge_item: str = "") -> RemoteDocument:
    """A document as read back. Lines with the item for document charges are not among ours, so they are not counted."""
    tax = amount((row.get("TxnTaxDetail") or {}).get("TotalTax", 0))
    total = amount(row["TotalAmt"])
    return RemoteDocument(
        remote_id=row["Id"],
        kind=kind,
        number=row.get("DocNumber") or "",
        our_number=row.get("DocNumber") or "",
        status=document_status(row),
        customer_id=row["CustomerRef"]["value"],
        currency=(row.get("CurrencyRef") or {}).get("value", ""),
        net=total - tax,
        tax=tax,
        total=total,
        balance=amount(row["Balance"]),
        line_count=sum(_is_ours(line, charge_item) for line in row["Line"]),
        issue_date=date.fromisoformat(row["TxnDate"]),
        posting_date=date.fromisoformat(row["TxnDate"]),
        version=row["SyncToken"],
        modified_at=changed_at(row),
    )


def document_status(row: Row) -> DocumentStatus:
    """There is no status field: it follows from the amounts and from the word a void leaves in the private note."""
    total, balance = amount(row["TotalAmt"]), amount(row["Balance"])
    if total == 0 and str(row.get("PrivateNote") or "").startswith("Voided"):
        return DocumentStatus.VOID
    if balance == 0:
        return DocumentStatus.PAID
    return DocumentStatus.OPEN if balance == total else DocumentStatus.PARTIALLY_PAID


def changed_at(row: Row) -> datetime | None:
    stamp = (row.get("MetaData") or {}).get("LastUpdatedTime")
    return datetime.fromisoformat(stamp) if stamp else None


def _is_ours(line: Row, charge_item: str) -> bool:
    item = (line.get("SalesItemLineDetail") or {}).get("ItemRef", {}).get("value")
    return bool(item) and item != charge_item


def remote_payment(row: Row) -> RemotePayment:
    """A payment as read back. What it takes off an invoice is a positive allocation, a credit memo it uses up a negative one,
    so that allocations plus the unapplied rest are the amount. A deleted payment is known by its id alone: amount 0, reversed."""
    if row.get("status") == "Deleted":
        return RemotePayment(remote_id=row["Id"], amount=Decimal(0), reversed=True, modified_at=changed_at(row))
    total = amount(row["TotalAmt"])
    return RemotePayment(
        remote_id=row["Id"],
        customer_id=row["CustomerRef"]["value"],
        received_on=date.fromisoformat(row["TxnDate"]),
        amount=total,
        currency=(row.get("CurrencyRef") or {}).get("value", ""),
        reference=row.get("PaymentRefNum") or "",
        allocations=tuple(_allocations(row)),
        reversed=total == 0 and str(row.get("PrivateNote") or "").startswith("Voided"),
        version=row["SyncToken"],
        modified_at=changed_at(row),
    )


def _allocations(row: Row) -> Iterator[RemoteAllocation]:
    for line in row.get("Line") or ():
        for link in line.get("LinkedTxn") or ():
            sign = -1 if link["TxnType"] == "CreditMemo" else 1
            yield RemoteAllocation(remote_id=link["TxnId"], amount=sign * amount(line["Amount"]))


def reference_item(kind: ReferenceKind, entity: str, row: Row) -> ReferenceItem:
    """An entry of a list; its code is the name that people see, of an account its number, of a currency its ISO code."""
    code = row["Code"] if entity == "CompanyCurrency" else row.get("AcctNum") or row["Name"]
    shown = {"list": entity, "sku": row.get("Sku"), "type": row.get("Type") or row.get("AccountType")}
    return ReferenceItem(
        kind=kind,
        code=code,
        name=row.get("Description") or row["Name"],
        remote_id=row["Id"],
        active=bool(row.get("Active", True)),
        details={key: str(value) for key, value in shown.items() if value},
    )


def complaint(body: Any) -> Complaint | None:
    """The fault in an answer, in any of its forms: the service's `Fault`, the gateway's lower-case `fault`, OAuth's `error`."""
    if not isinstance(body, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 the wire reads ValueError as "not the documented form"
    if "error" in body:
        return Complaint(code=str(body["error"]), message=str(body.get("error_description", body["error"])))
    if "Fault" in body:
        return fault_complaint(body["Fault"])
    if body.get("fault"):
        (first, *_) = body["fault"]["error"]
        return Complaint(code=str(first["code"]), message=f"{first['message']} {first.get('detail') or ''}".strip())
    return None


def fault_complaint(fault: Row) -> Complaint:
    """A `Fault` of the service (of a whole answer or of one batch item), its type at the end of the message."""
    errors = fault["Error"]
    words = "; ".join(f"{each['Message']}: {each.get('Detail', '')}".rstrip(": ") for each in errors)
    return Complaint(
        code=str(errors[0].get("code", "")), message=f"{words} ({fault.get('type', '')})", field=errors[0].get("element") or ""
    )


def token(body: Mapping[str, Any]) -> Token:
    """A reply of the token end point."""
    expires = datetime.now(UTC) + timedelta(seconds=int(body["expires_in"]))
    return Token(access=body["access_token"], refresh=body["refresh_token"], expires_at=expires)


def disagreements(company: Mapping[str, Any], preferences: Mapping[str, Any], settings: Mapping[str, str]) -> Iterator[str]:
    """What the company's preferences and the connection's settings do not agree on, in words."""
    if not preferences.get("SalesFormsPrefs", {}).get("CustomTxnNumbers"):
        yield "custom transaction numbers are off: QuickBooks would ignore our numbers (Account and settings, Sales)"
    money = preferences.get("CurrencyPrefs", {})
    home = money.get("HomeCurrency", {}).get("value", "")
    if home != settings.get("home_currency"):
        yield f"the home currency is {home}, the connection says {settings.get('home_currency')}"
    has_multicurrency = bool(money.get("MultiCurrencyEnabled"))
    if has_multicurrency != (settings.get("multicurrency", "True").lower() != "false"):
        yield f"multicurrency is {'on' if has_multicurrency else 'off'}, the connection says otherwise"
    automated = bool(preferences.get("TaxPrefs", {}).get("PartnerTaxEnabled"))
    fitting = GLOBAL if company.get("Country") != "US" else US_AUTOMATED if automated else US
    if settings.get("tax_mode") != fitting:
        yield f"the tax regime is {fitting}, the connection says {settings.get('tax_mode')}"
