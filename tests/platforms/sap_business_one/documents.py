"""Documents of the EU division, and our codes in the simulated company's words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests import documents
from tests.platforms.sap_business_one.setup import TABLES

from airbooks.canonical import (
    Address,
    AllowanceCharge,
    Contact,
    CreditNote,
    Delivery,
    DocumentReference,
    ExchangeRate,
    Invoice,
    Line,
    Party,
)
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

BUYER = Party(
    code="C-EU-0042",
    name="Hafenwerft Kiel GmbH",
    address=Address(line1="Kaistraße 101", line2="Tor 4", city="Kiel", postal_code="24114", country="DE", region="SH"),
    contact=Contact(email="ap@hafenwerft.example", phone="+49 431 555 0142"),
    vat_id="DE811569869",
)
ISO = {"EUR": "EUR", "$": "USD", "GBP": "GBP"}
SETTINGS = {
    "number_field": "U_ExtInvNo",
    "tax_field": "VatGroup",
    "dimensions": "department=CostingCode warehouse=WarehouseCode",
    "expense_code": "1",
    "price_decimals": "4",
    "quantity_decimals": "3",
    "percent_decimals": "2",
    "transfer_account": "_SYS00000000006",
}


def references(**settings: str) -> References:
    """References by hand, as the company's lists give them."""
    entries = {}
    for code in ("CMP-RS-11", "HOS-38-15", "FRT-STD"):
        entries[ReferenceKind.ITEM, code] = ReferenceItem(kind=ReferenceKind.ITEM, code=code, remote_id=code)
    for kind in (ReferenceKind.ACCOUNT, ReferenceKind.TAX_CODE, ReferenceKind.DIMENSION):
        for ours, theirs in TABLES[kind.value].items():
            remote_id = f"_SYS-{theirs}" if kind is ReferenceKind.ACCOUNT else theirs
            entries[kind, ours] = ReferenceItem(kind=kind, code=theirs, remote_id=remote_id)
    entries[ReferenceKind.TERMS, "Net 30"] = ReferenceItem(kind=ReferenceKind.TERMS, code="Net 30", remote_id="1")
    for theirs, iso in ISO.items():
        entries[ReferenceKind.CURRENCY, iso] = currency(theirs)
    return References(customer="C-EU-0042", entries=entries, settings={**SETTINGS, **settings})


def currency(code: str) -> ReferenceItem:
    return ReferenceItem(kind=ReferenceKind.CURRENCY, code=code, remote_id=code, details={"iso": ISO[code], "local": "EUR"})


def line(number: int = 1, quantity: str = "2", price: str = "450.50", rate: str = "19", code: str = "DE-S19", **fields: Any) -> Line:
    given = {"item_code": "CMP-RS-11", "name": "Rotary screw compressor 11 kW", "tax_code": code, "account_code": "EQUIPMENT"}
    return documents.line(number, quantity, price, rate, **{**given, **fields})


def discount(amount: str, code: str = "DE-S19", rate: str = "19") -> AllowanceCharge:
    return AllowanceCharge(amount=Decimal(amount), reason="Volume discount", tax_code=code, tax_rate=Decimal(rate), account_code="DISCOUNT")


def charge(amount: str, code: str = "DE-S19", rate: str = "19") -> AllowanceCharge:
    return AllowanceCharge(is_charge=True, amount=Decimal(amount), reason="Freight", tax_code=code, tax_rate=Decimal(rate))


def line_discount(amount: str) -> AllowanceCharge:
    return AllowanceCharge(amount=Decimal(amount), reason="Customer discount")


def invoice(*lines: Line, **fields: Any) -> Invoice:
    given = {"number": "EU-SI-000123", "division": "EU", "buyer": BUYER, "seller": None, "purchase_order": "PO-88213"}
    return documents.invoice(*(lines or (line(),)), **{**given, **fields})


def credit_note(*lines: Line, **fields: Any) -> CreditNote:
    preceding = (DocumentReference(number="EU-SI-000123", issue_date=documents.ISSUED),)
    given = {"number": "EU-CN-000017", "division": "EU", "buyer": BUYER, "seller": None, "preceding_invoices": preceding, "due_date": None}
    return documents.credit_note(*(lines or (line(),)), **{**given, **fields})


def full_invoice() -> Invoice:
    """Line discount, document discount over two tax rates, freight, foreign currency, dimensions, a comment."""
    place: dict[str, Any] = {"dimensions": {"department": "WHOLESALE"}, "warehouse": "MAIN"}
    lines = (
        line(1, "3", "1249.90", allowances_charges=(line_discount("187.49"),), **place),
        line(2, "12.5", "3.465", "7", "DE-R7", item_code="HOS-38-15", name="Rubber hose", description="3/8 inch", **place),
        line(3, "1", "0", kind="comment", name="Deliver before noon", item_code="", net_amount=Decimal(0)),
    )
    return invoice(
        *lines,
        charges=(discount("71.24"), discount("0.87", "DE-R7", "7"), charge("320.00")),
        currency="USD",
        exchange_rate=ExchangeRate(base="EUR", rate=Decimal("0.9231")),
        posting_date=date(2026, 3, 17),
        sales_order="SO-5512",
        salesperson="7",
        notes=("Forklift on site",),
        delivery=Delivery(
            delivery_date=date(2026, 3, 15),
            name="Dock 3",
            address=Address(line1="Werftstraße 3", city="Kiel", postal_code="24143", country="DE"),
        ),
    )
