"""Canonical documents and resolved references that the Zoho Books tests share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from tests import documents

from airbooks.canonical import Address, AllowanceCharge, Contact, CreditNote, ExchangeRate, Invoice, Line, Party
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

BUYER = Party(
    code="C-UK-0042",
    name="Northgate Air Ltd",
    address=Address(line1="14 Foundry Road", line2="Unit 3", city="Hull", region="Yorkshire", postal_code="HU1 1AA", country="GB"),
    contact=Contact(name="Accounts Payable", email="ap@northgate.example", phone="+44 1482 555 010"),
    vat_id="GB123456789",
)
SETTINGS = {"home_currency": "GBP", "external_id_field": "cf_acd_id", "deposit_account_id": "88"}


def entry(kind: ReferenceKind, code: str, remote_id: str, theirs: str = "", **details: str) -> tuple[Any, ReferenceItem]:
    return (kind, code), ReferenceItem(kind=kind, code=theirs or code, remote_id=remote_id, details=details)


ENTRIES = dict(
    [
        entry(ReferenceKind.ITEM, "CMP-RS-22", "501"),
        entry(ReferenceKind.ITEM, "FLT-PRE-30", "502"),
        entry(ReferenceKind.ITEM, "FRT-STD", "503"),
        entry(ReferenceKind.TAX_CODE, "GB-S20", "20"),
        entry(ReferenceKind.TAX_CODE, "GB-R5", "5"),
        entry(ReferenceKind.CURRENCY, "GBP", "71"),
        entry(ReferenceKind.CURRENCY, "EUR", "72"),
        entry(ReferenceKind.DIMENSION, "department:WHOLESALE", "902", list="tag", tag_id="901"),
        entry(ReferenceKind.DIMENSION, "department:SERVICE", "903", list="tag", tag_id="901"),
        entry(ReferenceKind.DIMENSION, "warehouse:MAIN", "801", list="location"),
        entry(ReferenceKind.DIMENSION, "warehouse:NORTH", "802", list="location"),
        entry(ReferenceKind.PAYMENT_METHOD, "Wire", "banktransfer", theirs="banktransfer"),
    ]
)


def refs(**settings: str) -> References:
    return References(customer="58", entries=ENTRIES, settings={**SETTINGS, **settings})


def line(number: int = 1, quantity: str = "2", price: str = "50.00", rate: str = "20", code: str = "GB-S20", **fields: Any) -> Line:
    """A line whose net amount follows from quantity, price and its own allowances and charges."""
    made = {"item_code": "FLT-PRE-30", "name": "Pre-filter", "tax_code": code, **fields}
    return documents.line(number, quantity, price, rate, currency="GBP", **made)


def allowance(amount: str, code: str = "GB-S20", rate: str = "20", **fields: Any) -> AllowanceCharge:
    return AllowanceCharge(
        **{"amount": Decimal(amount), "tax_code": code, "tax_rate": Decimal(rate), "reason": "Volume discount", **fields}
    )


def _head(fields: dict[str, Any]) -> dict[str, Any]:
    issued = date(2026, 3, 2)
    head = {"issue_date": issued, "due_date": date(2026, 4, 1), "currency": "GBP", "buyer": BUYER, "seller": None, "source_id": "4711"}
    return {**head, **fields}


def invoice(*lines: Line, charges: Iterable[AllowanceCharge] = (), **fields: Any) -> Invoice:
    return documents.invoice(*(lines or (line(),)), charges=charges, **_head({"number": "UK-SI-004711", **fields}))


def credit_note(*lines: Line, charges: Iterable[AllowanceCharge] = (), **fields: Any) -> CreditNote:
    return documents.credit_note(*(lines or (line(),)), charges=charges, **_head({"number": "UK-CN-000017", **fields}))


def euros(rate: str = "0.858696", base: str = "GBP") -> dict[str, Any]:
    return {"currency": "EUR", "exchange_rate": ExchangeRate(base=base, rate=Decimal(rate))}
