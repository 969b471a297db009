"""Canonical invoices and resolved references that the Wave tests share."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.documents import invoice, line

from airbooks.canonical import Address, AllowanceCharge, Contact, Invoice, Line, Party
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

BUYER = Party(
    code="CUST-10042",
    name="Ridgeline Tool & Air LLC",
    address=Address(line1="14 Dock St", line2="Unit 3", city="Reno", region="NV", postal_code="89501", country="US"),
    contact=Contact(name="Ana Ruiz", phone="+1 775 555 0188", email="ap@ridgeline.example"),
    vat_id="US-88-1234567",
)
SETTINGS = {
    "business_id": "QnVz",
    "home_currency": "USD",
    "freight_product_id": "QnVzCHARGE",
    "discounts": "header",
    "internal_facts": "refuse",
}
TX: dict[str, Any] = {"tax_code": "US-TX", "tax_category": "S", "rate": "8.25"}
CA: dict[str, Any] = {"tax_code": "US-CA", "tax_category": "S", "rate": "7.25"}
EXEMPT: dict[str, Any] = {"tax_code": "US-EX", "category": "E", "rate": "0"}


def entry(kind: ReferenceKind, ours: str, code: str, remote_id: str) -> tuple[tuple[ReferenceKind, str], ReferenceItem]:
    return (kind, ours), ReferenceItem(kind=kind, code=code, remote_id=remote_id)


ENTRIES = dict(
    [
        entry(ReferenceKind.ITEM, "AC-2010", "AC-2010", "QnVzAC2010"),
        entry(ReferenceKind.ITEM, "HOS-38-15", "HOS-38-15", "QnVzHOSE"),
        entry(ReferenceKind.ITEM, "FRT-STD", "FRT-STD", "QnVzFRT"),
        entry(ReferenceKind.TAX_CODE, "US-TX", "TX", "QnVzTX"),
        entry(ReferenceKind.TAX_CODE, "US-CA", "CA", "QnVzCA"),
        entry(ReferenceKind.TAX_CODE, "US-EX", "NONE", "NONE"),
        entry(ReferenceKind.PAYMENT_METHOD, "Wire", "BANK_TRANSFER", "BANK_TRANSFER"),
    ]
)


def refs(**settings: str) -> References:
    return References(customer="QnVzCUST", entries=ENTRIES, settings={**SETTINGS, **settings})


def sold(number: int = 1, item: str = "AC-2010", quantity: str = "3", price: str = "489.00", **fields: Any) -> Line:
    """A line taxed in Texas; the default sells three compressors."""
    return line(number, quantity, price, item_code=item, **{"name": "20 gal oil-free compressor", "currency": "USD", **TX, **fields})


def off(amount: str, code: str = "US-TX", rate: str = "8.25", **fields: Any) -> AllowanceCharge:
    return AllowanceCharge(
        **{"amount": Decimal(amount), "tax_code": code, "tax_rate": Decimal(rate), "reason": "Volume discount", **fields}
    )


def sale(*lines: Line, **fields: Any) -> Invoice:
    """An invoice over these lines; without terms, seller or purchase order unless given."""
    head: dict[str, Any] = {
        "division": "US",
        "number": "ACD-10045",
        "issue_date": date(2026, 11, 10),
        "due_date": date(2026, 12, 10),
        "currency": "USD",
        "seller": None,
        "buyer": BUYER,
    }
    return invoice(*(lines or (sold(),)), **{**head, **fields})
