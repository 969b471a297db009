"""Canonical documents and resolved references that the QuickBooks tests share."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from airbooks.canonical import Address, AllowanceCharge, Contact, CreditNote, ExchangeRate, Invoice, Line, Party, PaymentTerms
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

BUYER = Party(
    code="C-US-0042",
    name="Northgate Air Ltd",
    address=Address(line1="14 Foundry Rd", city="Hamilton", region="ON", postal_code="L8H 4K2", country="CA"),
    contact=Contact(email="ap@northgate.example"),
)
US_SETTINGS = {"home_currency": "USD", "tax_mode": "us", "po_custom_field_id": "1", "charge_item_id": "36", "discount_account_id": "8"}
GB_SETTINGS = {**US_SETTINGS, "home_currency": "GBP", "tax_mode": "global"}


def entry(kind: ReferenceKind, code: str, remote_id: str, **details: str) -> tuple[tuple[ReferenceKind, str], ReferenceItem]:
    return (kind, code), ReferenceItem(kind=kind, code=code, remote_id=remote_id, details=details)


ENTRIES = dict(
    [
        entry(ReferenceKind.ITEM, "CMP-RS-75", "21"),
        entry(ReferenceKind.ITEM, "FLT-KIT-75", "22"),
        entry(ReferenceKind.ITEM, "FRT-STD", "23"),
        entry(ReferenceKind.TAX_CODE, "US-TX", "3"),
        entry(ReferenceKind.TAX_CODE, "US-EX", "NON"),
        entry(ReferenceKind.TAX_CODE, "GB-S20", "2"),
        entry(ReferenceKind.TAX_CODE, "GB-R5", "3"),
        entry(ReferenceKind.TERMS, "Net 30", "3"),
        entry(ReferenceKind.DIMENSION, "department:WHOLESALE", "5", list="Class"),
        entry(ReferenceKind.DIMENSION, "warehouse:MAIN", "1", list="Department"),
        entry(ReferenceKind.DIMENSION, "warehouse:NORTH", "2", list="Department"),
    ]
)


def refs(settings: dict[str, str] | None = None) -> References:
    return References(customer="58", entries=ENTRIES, settings=settings or US_SETTINGS)


def line(line_id: str = "1", quantity: str = "2", price: str = "18450.00", **more: Any) -> Line:
    """A line; the default sells two compressors without tax."""
    net = Decimal(quantity) * Decimal(price)
    return Line(
        **{
            "line_id": line_id,
            "item_code": "CMP-RS-75",
            "name": "Rotary screw compressor 75 kW",
            "quantity": Decimal(quantity),
            "net_price": Decimal(price),
            "net_amount": net.quantize(Decimal("0.01")),
            "tax_code": "US-EX",
            "tax_category": "E",
            **more,
        }
    )


def allowance(amount: str, code: str = "US-EX", rate: str = "0", **more: Any) -> AllowanceCharge:
    fields: dict[str, Any] = {"amount": Decimal(amount), "tax_code": code, "tax_rate": Decimal(rate), "reason": "Volume discount", **more}
    return AllowanceCharge(**fields)


def document(
    kind: type[Invoice] | type[CreditNote] = Invoice,
    *,
    lines: tuple[Line, ...] | None = None,
    allowances: tuple[AllowanceCharge, ...] = (),
    tax: str = "0.00",
    **more: Any,
) -> Any:
    """A document whose totals follow from its lines, allowances and `tax`."""
    lines = lines or (line(),)
    gross_lines = sum((each.net_amount for each in lines), Decimal(0))
    taken = sum((each.amount for each in allowances if not each.is_charge), Decimal(0))
    added = sum((each.amount for each in allowances if each.is_charge), Decimal(0))
    net = gross_lines - taken + added
    fields: dict[str, Any] = {
        "source": "erp",
        "source_id": "4711",
        "division": "US",
        "number": "US-SI-004711",
        "issue_date": date(2026, 3, 2),
        "currency": "USD",
        "buyer": BUYER,
        "lines": lines,
        "allowances_charges": allowances,
        "line_total": gross_lines,
        "allowance_total": taken,
        "charge_total": added,
        "net_total": net,
        "tax_total": Decimal(tax),
        "gross_total": net + Decimal(tax),
        "amount_due": net + Decimal(tax),
        **more,
    }
    return kind(**fields)


def foreign(currency: str = "GBP", rate: str = "1.265823", base: str = "USD") -> dict[str, Any]:
    return {"currency": currency, "exchange_rate": ExchangeRate(base=base, rate=Decimal(rate))}


NET_30 = PaymentTerms(code="Net 30", net_days=30)
