"""Documents of the US division and their references, by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests import documents

from airbooks.canonical import AllowanceCharge, CreditNote, ExchangeRate, Invoice, Line, Party, PaymentTerms
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

BUYER = Party(code="C-US-0042", name="Northside Fabrication Ltd")
SETTINGS = {
    "business_unit": "Vision Operations",
    "transaction_source": "WAREHOUSE_API",
    "transaction_type": "Invoice",
    "credit_memo_type": "Credit Memo",
    "ledger_currency": "USD",
    "discount_memo_line": "Document Discount",
    "charge_memo_line": "Document Charge",
    "line_segments": "department=costDepartment:AR_DEPARTMENT",
    "tax_lines": "calculated",
    "tax_regime": "US SALES TAX",
    "receipt_method": "Manual EFT",
    "remittance_bank_account": "1234567890",
}
KIND = ReferenceKind
_ENTRIES = {
    (KIND.ITEM, "CMP-RS-22"): ReferenceItem(kind=KIND.ITEM, code="GX7-75", remote_id="GX7-75"),
    (KIND.ITEM, "HOS-38-15"): ReferenceItem(kind=KIND.ITEM, code="HOS-38-15", remote_id="HOS-38-15"),
    (KIND.ITEM, "FRT-STD"): ReferenceItem(kind=KIND.ITEM, code="memo:Freight", remote_id="Freight"),
    (KIND.TAX_CODE, "US-TX"): ReferenceItem(kind=KIND.TAX_CODE, code="TX SALES TAX", remote_id="TX SALES TAX"),
    (KIND.TAX_CODE, "US-CA"): ReferenceItem(kind=KIND.TAX_CODE, code="CA SALES TAX", remote_id="CA SALES TAX"),
    (KIND.TERMS, "Net 30"): ReferenceItem(kind=KIND.TERMS, code="30 Net", remote_id="30 Net"),
    (KIND.UNIT, "C62"): ReferenceItem(kind=KIND.UNIT, code="Ea", remote_id="Ea"),
    (KIND.UNIT, "MTR"): ReferenceItem(kind=KIND.UNIT, code="MTR", remote_id="MTR"),
    (KIND.DIMENSION, "department:WHOLESALE"): ReferenceItem(
        kind=KIND.DIMENSION, code="department:110", remote_id="110", details={"segment": "costDepartment"}
    ),
    (KIND.DIMENSION, "warehouse:MAIN"): ReferenceItem(kind=KIND.DIMENSION, code="warehouse:V1", remote_id="V1"),
}
TX: dict[str, Any] = {"tax_code": "US-TX", "tax_rate": Decimal("8.25")}


def references(customer: str = "10042", **settings: str) -> References:
    return References(customer=customer, entries=_ENTRIES, settings={**SETTINGS, **settings})


def line(number: int = 1, item: str = "CMP-RS-22", quantity: str = "2", price: str = "9875.00", **fields: Any) -> Line:
    made = {"item_code": item, "name": "Compressor", "rate": "8.25", "tax_code": "US-TX"}
    return documents.line(number, quantity, price, **{**made, **fields})


def discount(amount: str, reason: str = "Volume discount", *, is_charge: bool = False) -> AllowanceCharge:
    return AllowanceCharge(amount=Decimal(amount), reason=reason, is_charge=is_charge, **TX)


def head(**fields: Any) -> dict[str, Any]:
    made = {
        "number": "US-SI-000123",
        "source_id": "wh-000123",
        "division": "US",
        "currency": "USD",
        "buyer": BUYER,
        "seller": None,
        "terms": PaymentTerms(code="Net 30"),
        "purchase_order": "PO-77812",
    }
    return {**made, **fields}


def invoice(*lines: Line, **fields: Any) -> Invoice:
    return documents.invoice(*(lines or (line(),)), **head(**fields))


def credit_note(*lines: Line, **fields: Any) -> CreditNote:
    return documents.credit_note(*(lines or (line(),)), **head(**{"number": "US-CN-000017", "due_date": None, **fields}))


def full_invoice(**fields: Any) -> Invoice:
    """Line discount, document discount and charge, freight, two tax rates, another currency, dimensions."""
    goods = line(1, dimensions={"department": "WHOLESALE"}, warehouse="MAIN", order_reference="SO-5512")
    off = AllowanceCharge(amount=Decimal("13.86"), percent=Decimal(10), reason="Line discount")
    hose = line(2, "HOS-38-15", "40", "3.465", name="Hose", unit="MTR", rate="7.25", tax_code="US-CA", allowances_charges=(off,))
    freight = line(3, "FRT-STD", "1", "320.00", name="Freight standard pallet")
    rate = ExchangeRate(base="USD", rate=Decimal("1.0842"), rate_date=date(2026, 3, 15))
    charges = (discount("100.00"), discount("25.00", "Small order", is_charge=True))
    made = {"currency": "EUR", "exchange_rate": rate, "charges": charges, "notes": ("Dock 3 before noon",), "sales_order": "SO-5512"}
    return invoice(goods, hose, freight, **{**made, **fields})
