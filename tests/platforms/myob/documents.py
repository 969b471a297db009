"""Canonical documents and resolved references that the MYOB tests share."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.documents import credit_note, invoice, line

from airbooks.canonical import Address, AllowanceCharge, Contact, CreditNote, ExchangeRate, Invoice, Line, Party, PaymentTerms, TaxCategory
from airbooks.platforms.myob.mapping import OwnCodes
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

Kind = ReferenceKind
BUYER = Party(
    code="C-AU-0042",
    name="Northgate Air Pty Ltd",
    address=Address(line1="12 Bore Road", city="Kalgoorlie", region="WA", postal_code="6430", country="AU"),
    contact=Contact(email="ap@northgate.example", phone="0890210000"),
    vat_id="51824753556",
)
SETTINGS = {"home_currency": "AUD", "multi_currency": "True", "adjustment_item": "ADJUSTMENT", "line_accounts": "True"}
GST: dict[str, Any] = {"rate": "10", "category": "S", "tax_code": "AU-GST10"}
FREE: dict[str, Any] = {"rate": "0", "category": "Z", "tax_code": "AU-FREE"}
OWN = OwnCodes(freight_tax="u-gst", adjustment_item="u-adjustment")
IN_DOLLARS = OwnCodes(freight_tax="u-gst", currency="u-usd")


def entry(kind: ReferenceKind, ours: str, code: str, remote_id: str, **details: str) -> tuple[tuple[Kind, str], ReferenceItem]:
    return (kind, ours), ReferenceItem(kind=kind, code=code, remote_id=remote_id, details=details)


ENTRIES = dict(
    [
        *(entry(Kind.ITEM, code, code, f"u-{code}", income_account="u-4010") for code in ("CMP-RS-75", "FLT-KIT-75", "FRT-STD")),
        entry(Kind.ACCOUNT, "EQUIPMENT", "4-4000", "u-4000"),
        entry(Kind.ACCOUNT, "PARTS", "4-4010", "u-4010"),
        entry(Kind.ACCOUNT, "FREIGHT", "4-4900", "u-4900"),
        entry(Kind.TAX_CODE, "AU-GST10", "GST", "u-gst", rate="10"),
        entry(Kind.TAX_CODE, "AU-FREE", "FRE", "u-fre", rate="0"),
        entry(Kind.DIMENSION, "department:WHOLESALE", "Job:WHOLESALE", "u-wholesale", list="Job"),
        entry(Kind.DIMENSION, "department:SERVICE", "Job:SERVICE", "u-service", list="Job"),
        entry(Kind.DIMENSION, "warehouse:MAIN", "Location:MAIN", "u-main", list="Location"),
        entry(Kind.DIMENSION, "region:EAST", "Category:EAST", "u-east", list="Category"),
        entry(Kind.DIMENSION, "region:WEST", "Category:WEST", "u-west", list="Category"),
    ]
)


def refs(**settings: str) -> References:
    return References(customer="u-customer", entries=ENTRIES, settings={**SETTINGS, **settings})


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
    "issue_date": date(2026, 1, 15),
    "due_date": date(2026, 2, 14),
    "currency": "AUD",
    "buyer": BUYER,
    "seller": None,
    "purchase_order": "PO-88213",
    "terms": PaymentTerms(code="Net 30", text="Net 30", net_days=30),
}


def bill(*lines: Line, **fields: Any) -> Invoice:
    return invoice(*(lines or (sold(),)), **{**HEAD, **fields})


def credit(*lines: Line, **fields: Any) -> CreditNote:
    given = {"number": "AU-CN-000017", "reason": "Returned goods", "preceding_invoices": (), **fields}
    return credit_note(*(lines or (sold(),)), **{**HEAD, **given})


def in_dollars(rate: str = "1.526486") -> dict[str, Any]:
    """A document in USD; `rate` is AUD for one USD."""
    return {"currency": "USD", "exchange_rate": ExchangeRate(base="AUD", rate=Decimal(rate))}
