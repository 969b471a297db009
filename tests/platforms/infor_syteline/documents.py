"""Documents of the US division, and references resolved by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests import documents
from tests.platforms.infor_syteline.setup import CODES

from airbooks.canonical import (
    AllowanceCharge,
    CreditNote,
    DocumentReference,
    ExchangeRate,
    Invoice,
    Line,
    LineKind,
    Party,
    PaymentTerms,
)
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

BUYER = Party(code="C-US-0042", name="Maple Air Systems Ltd")
SETTINGS = {"home_currency": "USD", "ar_account": "1100", "tax_account": "2200", "number_field": "InvNum"}
KINDS = {
    "account": ReferenceKind.ACCOUNT,
    "tax_code": ReferenceKind.TAX_CODE,
    "terms": ReferenceKind.TERMS,
    "dimension": ReferenceKind.DIMENSION,
}


def references(**settings: str) -> References:
    entries = {
        (KINDS[kind], ours): _entry(KINDS[kind], theirs) for kind, codes in CODES.items() if kind in KINDS for ours, theirs in codes.items()
    }
    return References(customer="CUS0042", entries=entries, settings={**SETTINGS, **settings})


def _entry(kind: ReferenceKind, code: str) -> ReferenceItem:
    unit, _, value = code.rpartition("/")
    details = {"unit": unit} if kind is ReferenceKind.DIMENSION else {"tax_system": "1"} if kind is ReferenceKind.TAX_CODE else {}
    return ReferenceItem(kind=kind, code=code, remote_id=value, details=details)


def line(number: int = 1, quantity: str = "2", price: str = "450.50", rate: str = "8.25", code: str = "US-TX", **fields: Any) -> Line:
    made = {"item_code": "TNK-V-0270", "name": "Vertical air receiver 270 l", "tax_code": code, "account_code": "EQUIPMENT"}
    return documents.line(number, quantity, price, rate, currency="USD", **{**made, **fields})


def invoice(*lines: Line, **fields: Any) -> Invoice:
    made = {"number": "US-SI-000123", "division": "US", "buyer": BUYER, "seller": None, "currency": "USD", "purchase_order": "PO-88213"}
    return documents.invoice(*(lines or (line(),)), **{**made, **fields})


def credit_note(*lines: Line, **fields: Any) -> CreditNote:
    preceding = (DocumentReference(number="US-SI-000123", issue_date=documents.ISSUED),)
    made = {
        "number": "US-CN-000017",
        "division": "US",
        "buyer": BUYER,
        "seller": None,
        "currency": "USD",
        "preceding_invoices": preceding,
        "reason": "Returned goods",
        "due_date": None,
    }
    return documents.credit_note(*(lines or (line(),)), **{**made, **fields})


def full_invoice() -> Invoice:
    """Two goods, one with a discount, freight; a discount of the document; two tax rates; euros; dimensions of head and line."""
    off = AllowanceCharge(amount=Decimal("13.86"), base_amount=Decimal("138.60"), percent=Decimal(10), reason="Line discount")
    volume = AllowanceCharge(
        amount=Decimal("100.00"), reason="Volume discount", tax_code="US-TX", tax_rate=Decimal("8.25"), account_code="DISCOUNT"
    )
    return invoice(
        line(1, "2", "9875.00", dimensions={"department": "WHOLESALE"}, warehouse="MAIN"),
        line(2, "40", "3.465", "7.25", "US-CA", allowances_charges=(off,), account_code="PARTS", dimensions={"department": "SERVICE"}),
        line(3, "1", "320.00", account_code="FREIGHT", kind=LineKind.FREIGHT),
        charges=(volume,),
        currency="EUR",
        exchange_rate=ExchangeRate(base="USD", rate=Decimal("1.0869565"), source="test"),
        dimensions={"department": "WHOLESALE"},
        terms=PaymentTerms(code="Net 30", net_days=30),
        issue_date=date(2026, 3, 16),
        due_date=date(2026, 4, 15),
    )
