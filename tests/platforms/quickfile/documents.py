"""Documents of the mapping tests, and what their codes are in QuickFile."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.documents import credit_note, invoice, line

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
    LineKind,
    Party,
    PaymentTerms,
)
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

BUYER = Party(
    code="C-UK-0042",
    name="Northgate Fabrication Ltd",
    address=Address(line1="Unit 7 Wharf Road", city="Sheffield", postal_code="S9 2LF", country="GB"),
    contact=Contact(name="Ann Lee", phone="+441145550101", email="ap@northgate.example"),
    vat_id="GB123456789",
)
STANDARD: dict[str, Any] = {"tax_code": "GB-S20", "rate": "20"}
REDUCED: dict[str, Any] = {"tax_code": "GB-R5", "rate": "5"}
TARGETS = {
    (ReferenceKind.ITEM, "CMP-7550"): ("CMP-7550", "501"),
    (ReferenceKind.ITEM, "HOS-38-15"): ("one-off", "0"),
    (ReferenceKind.ITEM, "FRT-STD"): ("one-off", "0"),
    (ReferenceKind.ACCOUNT, "EQUIPMENT"): ("4000", "4000"),
    (ReferenceKind.ACCOUNT, "PARTS"): ("4010", "4010"),
    (ReferenceKind.ACCOUNT, "FREIGHT"): ("4905", "4905"),
    (ReferenceKind.ACCOUNT, "DISCOUNT"): ("4800", "4800"),
    (ReferenceKind.TAX_CODE, "GB-S20"): ("20", "20"),
    (ReferenceKind.TAX_CODE, "GB-R5"): ("5", "5"),
    (ReferenceKind.TAX_CODE, "GB-Z0"): ("0", "0"),
    (ReferenceKind.TAX_CODE, "GB-RC"): ("cisrc", "cisrc"),
}


def references(**changed: str) -> References:
    """What the codes are mapped to; `changed` maps a tax code (its dash as underscore) to another target."""
    entries = {(kind, code): ReferenceItem(kind=kind, code=name, remote_id=key) for (kind, code), (name, key) in TARGETS.items()}
    for code, target in changed.items():
        entries[ReferenceKind.TAX_CODE, code.replace("_", "-")] = ReferenceItem(kind=ReferenceKind.TAX_CODE, code=target, remote_id=target)
    return References(customer="2301", entries=entries, settings={"sales_nominal_code": "4000", "term_days": "30", "currency": "GBP"})


def compressor(**fields: Any) -> Line:
    known = {"item_code": "CMP-7550", "name": "7.5 kW rotary screw compressor", "account_code": "EQUIPMENT", **STANDARD}
    return line(1, "2", "4250.00", **{**known, **fields})


def hose(**fields: Any) -> Line:
    """40 m at 3.465, less 10 %: 124.74."""
    off = AllowanceCharge(amount=Decimal("13.86"), percent=Decimal(10), reason="Line discount")
    known = {"item_code": "HOS-38-15", "name": "Rubber hose 3/8 in", "unit": "MTR", "account_code": "PARTS", **REDUCED}
    return line(2, "40", "3.465", allowances_charges=(off,), **{**known, **fields})


def freight(**fields: Any) -> Line:
    known = {"item_code": "FRT-STD", "name": "Pallet delivery", "kind": LineKind.FREIGHT, "account_code": "FREIGHT", **STANDARD}
    return line(3, "1", "145.00", **{**known, **fields})


def discount(amount: str = "100.00") -> AllowanceCharge:
    return AllowanceCharge(
        amount=Decimal(amount), reason="Volume discount", tax_rate=Decimal(20), tax_code="GB-S20", account_code="DISCOUNT"
    )


def full_invoice() -> Invoice:
    """Line discount, document discount, freight, two rates, another currency, dimensions that differ by line."""
    return invoice(
        compressor(dimensions={"department": "WHOLESALE"}, warehouse="MAIN"),
        hose(dimensions={"department": "WHOLESALE"}, warehouse="NORTH"),
        freight(dimensions={"department": "SERVICE"}),
        charges=[discount()],
        number="UK-SI-000123",
        issue_date=date(2026, 3, 16),
        due_date=date(2026, 4, 30),
        currency="EUR",
        exchange_rate=ExchangeRate(base="GBP", rate=Decimal("0.858696")),
        buyer=BUYER,
        terms=PaymentTerms(code="Net 45", text="Net 45. Title passes on payment.", net_days=45),
        purchase_order="PO-55310",
        sales_order="SO-88121",
        delivery=Delivery(name="Dock 2", address=Address(city="Rotherham", country="GB")),
        notes=("Thank you.",),
    )


def small_credit_note(**fields: Any) -> CreditNote:
    preceding = (DocumentReference(number="UK-SI-000123", issue_date=date(2026, 3, 16)),)
    given = {
        "currency": "GBP",
        "buyer": BUYER,
        "preceding_invoices": preceding,
        "reason": "Returned goods",
        "issue_date": date(2026, 3, 20),
        "due_date": None,
        "terms": PaymentTerms(),
    }
    return credit_note(compressor(), number="UK-CN-000017", **{**given, **fields})
