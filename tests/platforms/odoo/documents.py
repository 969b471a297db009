"""Canonical documents and references that the Odoo tests send."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

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

D = Decimal
BUYER = Party(
    code="C-AU-0042",
    name="Ridgeline Tool & Air",
    address=Address(line1="14 Dock St", line2="Unit 3", city="Newcastle", region="NSW", postal_code="2300", country="AU"),
    contact=Contact(email="ap@ridgeline.example", phone="+61 2 5550 0142"),
    vat_id="AU51824753556",
)


def line(**more: Any) -> Line:
    """One compressor at 100.00 with GST."""
    values = {
        "line_id": "1",
        "item_code": "CMP-RS-11",
        "name": "Rotary screw compressor",
        "quantity": D(1),
        "net_price": D("100.00"),
        "net_amount": D("100.00"),
        "tax_rate": D(10),
        "tax_code": "AU-GST10",
        "account_code": "EQUIPMENT",
    }
    return Line.model_validate({**values, **more})


def totals(lines: tuple[Line, ...], allowances: tuple[AllowanceCharge, ...] = ()) -> dict[str, Decimal]:
    """The totals of a document, tax rounded per rate."""
    line_total = sum((each.net_amount for each in lines if each.kind is not LineKind.COMMENT), D(0))
    off = sum((each.amount for each in allowances if not each.is_charge), D(0))
    on = sum((each.amount for each in allowances if each.is_charge), D(0))
    bases: dict[Decimal, Decimal] = {}
    for each in lines:
        bases[each.tax_rate] = bases.get(each.tax_rate, D(0)) + each.net_amount
    for part in allowances:
        bases[part.tax_rate] = bases.get(part.tax_rate, D(0)) + (part.amount if part.is_charge else -part.amount)
    tax = sum((round_half_up(base * rate / 100) for rate, base in bases.items()), D(0))
    gross = line_total - off + on + tax
    return {
        "line_total": line_total,
        "allowance_total": off,
        "charge_total": on,
        "net_total": line_total - off + on,
        "tax_total": tax,
        "gross_total": gross,
        "amount_due": gross,
    }


def round_half_up(value: Decimal) -> Decimal:
    return value.quantize(D("0.01"), rounding="ROUND_HALF_UP")


def invoice(number: str = "AU-SI-000123", *lines: Line, **more: Any) -> Invoice:
    """An invoice in AUD over the given lines (by default one compressor)."""
    return Invoice.model_validate(_values(number, lines or (line(),), more))


def credit_note(number: str = "AU-CN-000017", *lines: Line, **more: Any) -> CreditNote:
    return CreditNote.model_validate(_values(number, lines or (line(),), more))


def _values(number: str, lines: tuple[Line, ...], more: dict[str, Any]) -> dict[str, Any]:
    return {
        "source": "erp",
        "source_id": number,
        "division": "AU",
        "number": number,
        "issue_date": date(2026, 11, 10),
        "due_date": date(2026, 12, 10),
        "currency": "AUD",
        "buyer": BUYER,
        "lines": lines,
        **totals(lines, tuple(more.get("allowances_charges", ()))),
        **more,
    }


def full_invoice() -> Invoice:
    """Line discount, document discount, freight, two tax rates, foreign currency, dimensions, a comment, delivery elsewhere."""
    lines = (
        line(
            quantity=D(3),
            gross_price=D("489.00"),
            price_discount=D("24.45"),
            net_price=D("464.55"),
            net_amount=D("1393.65"),
            serial_numbers=("SN-1", "SN-2"),
            dimensions={"department": "SERVICE"},
            warehouse="MAIN",
        ),
        line(
            line_id="2",
            item_code="HOS-38-15",
            name="Rubber hose",
            quantity=D("12.5"),
            unit="MTR",
            net_price=D("3.465"),
            net_amount=D("43.31"),
            tax_code="AU-FREE",
            tax_rate=D(0),
            account_code="PARTS",
        ),
        Line(line_id="3", kind=LineKind.COMMENT, name="Deliver to gate 4"),
    )
    allowances = (
        AllowanceCharge(amount=D("50.00"), reason="Trade discount", tax_rate=D(10), tax_code="AU-GST10", account_code="DISCOUNT"),
        AllowanceCharge(is_charge=True, amount=D("125.00"), reason="Freight", tax_rate=D(10), tax_code="AU-GST10", account_code="FREIGHT"),
    )
    return invoice(
        "AU-SI-000123",
        *lines,
        allowances_charges=allowances,
        currency="USD",
        exchange_rate=ExchangeRate(base="AUD", rate=D("1.6")),
        terms=PaymentTerms(code="Net 30"),
        purchase_order="PO-88213",
        sales_order="SO-10045",
        payment_reference="RF18-10045",
        notes=("Ship <prepaid> & insured",),
        dimensions={"department": "WHOLESALE"},
        delivery=Delivery(name="Gate 4", address=Address(line1="2 Wharf Rd", city="Sydney", country="AU")),
    )


def corrected_credit_note(**more: Any) -> CreditNote:
    preceding = (DocumentReference(number="AU-SI-000123", issue_date=date(2026, 11, 10)),)
    return credit_note(preceding_invoices=preceding, reason="Returned", **more)


def references(customer: str = "6") -> References:
    """What the codes above are on a platform, with invented ids."""
    ids = {
        (ReferenceKind.ITEM, "CMP-RS-11"): "1",
        (ReferenceKind.ITEM, "HOS-38-15"): "26",
        (ReferenceKind.ACCOUNT, "EQUIPMENT"): "40",
        (ReferenceKind.ACCOUNT, "PARTS"): "41",
        (ReferenceKind.ACCOUNT, "DISCOUNT"): "48",
        (ReferenceKind.ACCOUNT, "FREIGHT"): "49",
        (ReferenceKind.TAX_CODE, "AU-GST10"): "11",
        (ReferenceKind.TAX_CODE, "AU-FREE"): "12",
        (ReferenceKind.TERMS, "Net 30"): "3",
        (ReferenceKind.CURRENCY, "AUD"): "5",
        (ReferenceKind.CURRENCY, "USD"): "7",
        (ReferenceKind.DIMENSION, "department:WHOLESALE"): "91",
        (ReferenceKind.DIMENSION, "department:SERVICE"): "92",
        (ReferenceKind.DIMENSION, "warehouse:MAIN"): "93",
        (ReferenceKind.UNIT, "C62"): "8",
        (ReferenceKind.UNIT, "MTR"): "9",
    }
    entries = {key: ReferenceItem(kind=key[0], code=key[1], remote_id=remote) for key, remote in ids.items()}
    return References(customer=customer, entries=entries)
