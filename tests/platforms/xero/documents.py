"""Canonical documents and resolved references that the Xero tests share."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.documents import credit_note, invoice, line

from airbooks.canonical import Address, AllowanceCharge, Contact, CreditNote, ExchangeRate, Invoice, Line, Party, PaymentTerms, TaxCategory
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

Kind = ReferenceKind
BUYER = Party(
    code="C-AU-0042",
    name="Northgate Air Ltd",
    address=Address(line1="14 Foundry Rd", city="Hamilton", region="ON", postal_code="L8H 4K2", country="CA"),
    contact=Contact(email="ap@northgate.example"),
)
SETTINGS = {"home_currency": "AUD", "charge_item_code": "DOC-CHARGE", "payment_account_code": "1000"}
GST: dict[str, Any] = {"rate": "10", "category": "S", "tax_code": "AU-GST10"}
FREE: dict[str, Any] = {"rate": "0", "category": "Z", "tax_code": "AU-FREE"}
EXPORT: dict[str, Any] = {"rate": "0", "category": "G", "tax_code": "AU-EXP"}


def entry(kind: ReferenceKind, ours: str, code: str, remote_id: str = "", **details: str) -> tuple[tuple[Kind, str], ReferenceItem]:
    return (kind, ours), ReferenceItem(kind=kind, code=code, remote_id=remote_id or code, details=details)


ENTRIES = dict(
    [
        *(entry(Kind.ITEM, code, code) for code in ("CMP-RS-75", "FLT-KIT-75", "FRT-STD", "SRV-MNT-A")),
        entry(Kind.ACCOUNT, "EQUIPMENT", "4000"),
        entry(Kind.ACCOUNT, "PARTS", "4010"),
        entry(Kind.ACCOUNT, "FREIGHT", "4900"),
        entry(Kind.TAX_CODE, "AU-GST10", "OUTPUT", rate="10"),
        entry(Kind.TAX_CODE, "AU-FREE", "EXEMPTOUTPUT", rate="0"),
        entry(Kind.TAX_CODE, "AU-EXP", "EXEMPTEXPORT", rate="0"),
        entry(Kind.DIMENSION, "department:WHOLESALE", "Department:WHOLESALE", category="Department", option="WHOLESALE"),
        entry(Kind.DIMENSION, "department:SERVICE", "Department:SERVICE", category="Department", option="SERVICE"),
        entry(Kind.DIMENSION, "warehouse:MAIN", "Warehouse:MAIN", category="Warehouse", option="MAIN"),
    ]
)


def refs(**settings: str) -> References:
    return References(customer="b1f1a2c3-0000-4000-8000-000000000001", entries=ENTRIES, settings={**SETTINGS, **settings})


def sold(number: int = 1, quantity: str = "2", price: str = "84.50", **fields: Any) -> Line:
    """A line of filter kits, with GST unless told otherwise."""
    return line(number, quantity, price, **{"item_code": "FLT-KIT-75", "name": "Filter kit AF-75", **GST, **fields})


def off(amount: str, **fields: Any) -> AllowanceCharge:
    """An allowance with GST."""
    tax = {"tax_code": "AU-GST10", "tax_rate": Decimal(10), "tax_category": TaxCategory.STANDARD}
    return AllowanceCharge(**{"amount": Decimal(amount), "reason": "Volume discount", **tax, **fields})


HEAD: dict[str, Any] = {
    "division": "AU",
    "number": "AU-SI-004711",
    "issue_date": date(2026, 3, 2),
    "due_date": date(2026, 4, 1),
    "currency": "AUD",
    "buyer": BUYER,
    "seller": None,
    "purchase_order": "PO-88213",
    "terms": PaymentTerms(code="Net 30", text="Net 30", net_days=30),
}


def bill(*lines: Line, **fields: Any) -> Invoice:
    return invoice(*(lines or (sold(),)), **{**HEAD, **fields})


def credit(*lines: Line, **fields: Any) -> CreditNote:
    given = {"number": "AU-CN-000017", "reason": "Returned goods", **fields}
    return credit_note(*(lines or (sold(),)), **{**HEAD, **given})


def in_dollars(rate: str = "1.526486") -> dict[str, Any]:
    """A document in USD; `rate` is AUD for one USD."""
    return {"currency": "USD", "exchange_rate": ExchangeRate(base="AUD", rate=Decimal(rate))}
