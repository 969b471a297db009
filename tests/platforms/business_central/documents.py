"""Documents of the EU division, and our codes in Business Central's words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests import documents

from airbooks.canonical import Address, AllowanceCharge, Contact, CreditNote, Delivery, DocumentReference, Invoice, Line, Party
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

BUYER = Party(
    code="C-EU-0042",
    name="Hafenwerft Kiel GmbH",
    address=Address(line1="Kaistraße 101", city="Kiel", postal_code="24114", country="DE"),
    contact=Contact(email="ap@hafenwerft.example", phone="+49 431 555 0142"),
    vat_id="DE811569869",
    currency="EUR",
)
CODES = {
    ReferenceKind.ACCOUNT: {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"},
    ReferenceKind.TAX_CODE: {"DE-S19": "MWST19", "DE-R7": "MWST7", "DE-IC": "IGL0", "DE-EXP": "AUSFUHR0"},
    ReferenceKind.TERMS: {"Net 30": "NET30", "Net 14": "NET14", "2% 10 Net 30": "2P10N30", "Due on receipt": "DUE"},
    ReferenceKind.DIMENSION: {
        "department:WHOLESALE": "WHOLESALE",
        "department:SERVICE": "SERVICE",
        "warehouse:MAIN": "MAIN",
        "warehouse:NORTH": "NORTH",
    },
    ReferenceKind.UNIT: {"C62": "STK", "HUR": "STD", "DAY": "TAG", "MTR": "M", "SET": "SATZ", "CA": "KANISTER"},
}
SETTINGS = {"dimensions": "department=DEPARTMENT warehouse=location", "shortcut_dimension_1": "DEPARTMENT"}


def theirs(kind: ReferenceKind, code: str) -> str:
    """What a code of ours is called there; items and currencies are called the same."""
    return CODES.get(kind, {}).get(code, code)


def references(customer: str = "C-EU-0042", **settings: str) -> References:
    """References by hand: each entry's id is its code in small letters with a prefix."""
    items = [(ReferenceKind.ITEM, code) for code in ("CMP-RS-11", "TNK-V-0270", "SRV-INST", "FRT-STD", "HOS-38-15")]
    items += [(ReferenceKind.CURRENCY, code) for code in ("EUR", "USD", "GBP")]
    items += [(kind, code) for kind, codes in CODES.items() for code in codes]
    entries = {(kind, code): _entry(kind, theirs(kind, code)) for kind, code in items}
    return References(customer=customer, entries=entries, settings={**SETTINGS, **settings})


def _entry(kind: ReferenceKind, code: str) -> ReferenceItem:
    details = {"location_id": f"location-{code.lower()}"} if code in {"MAIN", "NORTH"} else {}
    return ReferenceItem(kind=kind, code=code, remote_id=f"id-{code.lower()}", details=details)


def line(number: int = 1, quantity: str = "2", price: str = "450.50", rate: str = "19", code: str = "DE-S19", **fields: Any) -> Line:
    made = {"item_code": "TNK-V-0270", "name": "Vertical air receiver 270 l", "tax_code": code, "account_code": "EQUIPMENT", "unit": "C62"}
    return documents.line(number, quantity, price, rate, **{**made, **fields})


def discount(amount: str, code: str = "DE-S19", rate: str = "19") -> AllowanceCharge:
    return AllowanceCharge(amount=Decimal(amount), reason="Volume discount", tax_code=code, tax_rate=Decimal(rate), account_code="DISCOUNT")


def line_discount(amount: str) -> AllowanceCharge:
    return AllowanceCharge(amount=Decimal(amount), reason="Customer discount")


def invoice(*lines: Line, **fields: Any) -> Invoice:
    made = {"number": "EU-SI-000123", "division": "EU", "buyer": BUYER, "seller": None, "purchase_order": "PO-88213"}
    return documents.invoice(*(lines or (line(),)), **{**made, **fields})


def credit_note(*lines: Line, **fields: Any) -> CreditNote:
    preceding = (DocumentReference(number="EU-SI-000123", issue_date=documents.ISSUED),)
    made = {"number": "EU-CN-000017", "division": "EU", "buyer": BUYER, "seller": None, "preceding_invoices": preceding, "due_date": None}
    return documents.credit_note(*(lines or (line(),)), **{**made, **fields})


def full_invoice(**fields: Any) -> Invoice:
    """Line discount, document discount, freight, two tax rates, foreign currency, dimensions, a comment."""
    lines = (
        line(1, "3", "1249.90", allowances_charges=(line_discount("187.49"),), dimensions={"department": "WHOLESALE"}, warehouse="MAIN"),
        line(
            2, "12.5", "3.465", "7", "DE-R7", item_code="HOS-38-15", name="Rubber hose", unit="MTR", dimensions={"department": "WHOLESALE"}
        ),
        line(
            3,
            "1",
            "320",
            item_code="FRT-STD",
            name="Freight",
            kind="freight",
            account_code="FREIGHT",
            dimensions={"department": "WHOLESALE"},
        ),
        line(4, "1", "0", kind="comment", name="Deliver before noon", item_code="", net_amount=Decimal(0)),
    )
    made = {
        "currency": "USD",
        "posting_date": date(2026, 3, 17),
        "sales_order": "SO-5512",
        "charges": (discount("50.00"),),
        "delivery": Delivery(
            delivery_date=date(2026, 3, 15),
            name="Dock 3",
            address=Address(line1="Werftstraße 3", city="Kiel", postal_code="24143", country="DE"),
        ),
        "notes": ("Forklift on site",),
    }
    return invoice(*lines, **{**made, **fields})
