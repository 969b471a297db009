"""Canonical documents and resolved references that the Brightpearl tests share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from tests import documents

from airbooks.canonical import Address, AllowanceCharge, Contact, CreditNote, ExchangeRate, Invoice, Line, Party
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

_serial = count(1)
BUYER = Party(
    code="C-UK-0042",
    name="Northgate Air Ltd",
    address=Address(line1="14 Foundry Road", line2="Unit 3", city="Hull", region="Yorkshire", postal_code="HU1 1AA", country="GB"),
    contact=Contact(name="Accounts Payable", email="ap@northgate.example", phone="+44 1482 555 010"),
)
SETTINGS = {"home_currency": "GBP", "instance_id": "50", "time_zone": "Europe/London", "freight_nominal": "4040"}


def entry(kind: ReferenceKind, code: str, remote_id: str, theirs: str = "", name: str = "", **details: str) -> tuple[Any, ReferenceItem]:
    return (kind, code), ReferenceItem(kind=kind, code=theirs or code, name=name, remote_id=remote_id, details=details)


ENTRIES = dict(
    [
        entry(ReferenceKind.ITEM, "CMP-RS-22", "1007", name="Rotary screw compressor 22 kW", stock_tracked="True"),
        entry(ReferenceKind.ITEM, "FLT-PRE-30", "1008", name="Pre-filter", stock_tracked="True"),
        entry(ReferenceKind.ITEM, "SRV-MNT-A", "1009", name="Maintenance visit A", stock_tracked="False"),
        entry(ReferenceKind.ACCOUNT, "EQUIPMENT", "4000", theirs="4000"),
        entry(ReferenceKind.ACCOUNT, "PARTS", "4010", theirs="4010"),
        entry(ReferenceKind.ACCOUNT, "FREIGHT", "4900", theirs="4900"),
        entry(ReferenceKind.ACCOUNT, "DISCOUNT", "4800", theirs="4800"),
        entry(ReferenceKind.TAX_CODE, "GB-S20", "T20", theirs="T20"),
        entry(ReferenceKind.TAX_CODE, "GB-R5", "T5", theirs="T5"),
        entry(ReferenceKind.CURRENCY, "GBP", "1"),
        entry(ReferenceKind.CURRENCY, "EUR", "4"),
        entry(ReferenceKind.DIMENSION, "department:WHOLESALE", "1", theirs="Channel:WHOLESALE", field="channelId"),
        entry(ReferenceKind.DIMENSION, "department:SERVICE", "2", theirs="Channel:SERVICE", field="channelId"),
        entry(ReferenceKind.DIMENSION, "warehouse:MAIN", "1", theirs="Warehouse:MAIN", field="warehouseId"),
        entry(ReferenceKind.PAYMENT_METHOD, "Wire", "BANK", theirs="BANK"),
    ]
)


def refs(**settings: str) -> References:
    return References(customer="200", entries=ENTRIES, settings={**SETTINGS, **settings})


def line(number: int = 1, quantity: str = "2", price: str = "50.00", rate: str = "20", code: str = "GB-S20", **fields: Any) -> Line:
    """A line whose net amount follows from quantity, price and its own allowances and charges."""
    made = {"item_code": "FLT-PRE-30", "name": "Pre-filter", "tax_code": code, **fields}
    return documents.line(number, quantity, price, rate, currency="GBP", **made)


def allowance(amount: str, code: str = "GB-S20", rate: str = "20", **fields: Any) -> AllowanceCharge:
    known = {"tax_code": code, "tax_rate": Decimal(rate), "reason": "Volume discount", "account_code": "DISCOUNT"}
    return AllowanceCharge(**{"amount": Decimal(amount), **known, **fields})


def _head(fields: dict[str, Any]) -> dict[str, Any]:
    head = {"issue_date": date(2026, 3, 2), "due_date": date(2026, 4, 1), "currency": "GBP", "buyer": BUYER, "seller": None}
    return {**head, "source_id": "4711", **fields}


def number(series: str = "SI") -> str:
    """A number that no other test uses."""
    return f"UK-{series}-{next(_serial):06d}"


def invoice(*lines: Line, charges: Iterable[AllowanceCharge] = (), **fields: Any) -> Invoice:
    return documents.invoice(*(lines or (line(),)), charges=charges, **_head({"number": number(), **fields}))


def credit_note(*lines: Line, charges: Iterable[AllowanceCharge] = (), **fields: Any) -> CreditNote:
    return documents.credit_note(*(lines or (line(),)), charges=charges, **_head({"number": number("CN"), **fields}))


def euros(rate: str = "0.858696", base: str = "GBP") -> dict[str, Any]:
    return {"currency": "EUR", "exchange_rate": ExchangeRate(base=base, rate=Decimal(rate))}
