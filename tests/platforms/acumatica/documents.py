"""Canonical documents and resolved references that the Acumatica tests share."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.documents import credit_note, invoice, line

from airbooks.canonical import Address, AllowanceCharge, Contact, CreditNote, Invoice, Line, Party, PaymentTerms, TaxCategory
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

Kind = ReferenceKind
BUYER = Party(
    code="MAPLEAIR",
    name="Maple Air Systems Ltd",
    address=Address(line1="200 Bay St", line2="Floor 3", line3="Room 12", city="Austin", region="TX", postal_code="73301", country="US"),
    contact=Contact(name="Accounts", email="ap@mapleair.example", phone="+1 512 555 0100"),
)
TX: dict[str, Any] = {"rate": "8.25", "category": "S", "tax_code": "US-TX"}
EXEMPT: dict[str, Any] = {"rate": "0", "category": "E", "tax_code": "US-EX"}
OPTIONS: dict[str, Any] = {"post": True, "send_terms": True, "strict": True}
SETTINGS = {"invoice_entity": "SalesInvoice", "home_currency": "USD", "price_decimals": "6", "quantity_decimals": "6"}


def entry(kind: ReferenceKind, ours: str, code: str, **details: str) -> tuple[tuple[Kind, str], ReferenceItem]:
    return (kind, ours), ReferenceItem(kind=kind, code=code, remote_id=code, details=details)


ENTRIES = dict(
    [
        entry(Kind.ITEM, "CMP-RS-75", "CMP-RS-75", stock="yes"),
        entry(Kind.ITEM, "FLT-KIT-75", "FLT-KIT-75", stock="yes"),
        entry(Kind.ITEM, "SRV-INST", "SRV-INST", stock="no"),
        entry(Kind.ITEM, "FRT-STD", "FRT-STD", stock="no"),
        entry(Kind.ACCOUNT, "EQUIPMENT", "4000"),
        entry(Kind.ACCOUNT, "PARTS", "4010"),
        entry(Kind.ACCOUNT, "SERVICE", "4100"),
        entry(Kind.ACCOUNT, "FREIGHT", "4900"),
        entry(Kind.ACCOUNT, "DISCOUNT", "4800"),
        entry(Kind.TAX_CODE, "US-TX", "TEXAS/TAXABLE", zone="TEXAS", category="TAXABLE", rate="8.25"),
        entry(Kind.TAX_CODE, "US-CA", "CALIFORNIA/TAXABLE", zone="CALIFORNIA", category="TAXABLE", rate="7.25"),
        entry(Kind.TAX_CODE, "US-EX", "EXEMPT", category="EXEMPT", rate="0"),
        entry(Kind.TERMS, "2% 10 Net 30", "2P10N30"),
        entry(Kind.TERMS, "Net 30", "30D"),
        entry(Kind.CURRENCY, "USD", "USD"),
        entry(Kind.CURRENCY, "EUR", "EUR"),
        entry(Kind.DIMENSION, "department:WHOLESALE", "Subaccount:WHS-000"),
        entry(Kind.DIMENSION, "department:SERVICE", "Subaccount:SRV-000"),
        entry(Kind.DIMENSION, "region:EAST", "Subaccount:EST-000"),
        entry(Kind.DIMENSION, "warehouse:MAIN", "Warehouse:MAIN"),
        entry(Kind.UNIT, "C62", "EA"),
        entry(Kind.UNIT, "HUR", "HOUR"),
    ]
)


def refs(**settings: str) -> References:
    return References(customer="MAPLEAIR", entries=ENTRIES, settings={**SETTINGS, **settings})


def sold(number: int = 1, quantity: str = "2", price: str = "84.50", **fields: Any) -> Line:
    """A line of filter kits, taxed in Texas unless told otherwise."""
    return line(number, quantity, price, **{"item_code": "FLT-KIT-75", "name": "Filter kit", "currency": "USD", **TX, **fields})


def off(amount: str, **fields: Any) -> AllowanceCharge:
    tax = {"tax_code": "US-TX", "tax_rate": Decimal("8.25"), "tax_category": TaxCategory.STANDARD, "account_code": "DISCOUNT"}
    return AllowanceCharge(**{"amount": Decimal(amount), "reason": "Volume discount", **tax, **fields})


HEAD: dict[str, Any] = {
    "division": "US",
    "number": "US-SI-000123",
    "issue_date": date(2026, 7, 14),
    "due_date": date(2026, 8, 13),
    "currency": "USD",
    "buyer": BUYER,
    "seller": None,
    "purchase_order": "PO-88213",
    "terms": PaymentTerms(code="2% 10 Net 30", net_days=30, discount_percent=Decimal(2), discount_days=10),
}


def bill(*lines: Line, **fields: Any) -> Invoice:
    return invoice(*(lines or (sold(),)), **{**HEAD, **fields})


def credit(*lines: Line, **fields: Any) -> CreditNote:
    given = {"number": "US-CN-000017", "reason": "Returned goods", "preceding_invoices": (), **fields}
    return credit_note(*(lines or (sold(),)), **{**HEAD, **given})
