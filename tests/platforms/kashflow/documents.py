"""Canonical documents and resolved references that the KashFlow tests share."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.documents import credit_note, invoice
from tests.documents import line as plain_line

from airbooks.canonical import Address, AllowanceCharge, Contact, CreditNote, ExchangeRate, Invoice, Line, Party, PaymentTerms
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

BUYER = Party(
    code="CUS000123",
    name="Northern Pneumatics Ltd",
    address=Address(line1="12 Piston Way", line2="Trafford Park", city="Manchester", postal_code="M17 1AB", country="GB"),
    contact=Contact(name="Jane Airey", email="ap@northernpneu.example", phone="01612220000"),
    vat_id="GB123456789",
)
SETTINGS = {
    "home_currency": "GBP",
    "default_nominal_code": "4000",
    "carriage_nominal_code": "4905",
    "discount_nominal_code": "4800",
    "bank_account_id": "1211",
    "payment_method_id": "3",
    "project_dimension": "department",
    "number_mode": "server",
    "invoice_number_offset": "0",
    "credit_number_offset": "1000000",
}
CLIENT = {**SETTINGS, "number_mode": "client"}
S20 = {"tax_code": "GB-S20", "rate": "20"}
R5 = {"tax_code": "GB-R5", "rate": "5"}


def entry(
    kind: ReferenceKind, code: str, remote_id: str, there: str = "", **details: str
) -> tuple[tuple[ReferenceKind, str], ReferenceItem]:
    return (kind, code), ReferenceItem(kind=kind, code=there or code, remote_id=remote_id, details=details)


def vat(code: str, rate: str, exempt: str = "false") -> tuple[tuple[ReferenceKind, str], ReferenceItem]:
    return entry(ReferenceKind.TAX_CODE, code, rate, f"{rate}%", rate=rate, exempt=exempt)


ENTRIES = dict(
    [
        entry(ReferenceKind.ITEM, "AC-250", "AC-250"),
        entry(ReferenceKind.ACCOUNT, "EQUIPMENT", "4000"),
        entry(ReferenceKind.ACCOUNT, "PARTS", "4010"),
        entry(ReferenceKind.ACCOUNT, "DISCOUNT", "4800"),
        vat("GB-S20", "20"),
        vat("GB-R5", "5"),
        vat("GB-Z0", "0"),
        vat("GB-RC", "0"),
        vat("GB-EX", "0", "true"),
        entry(ReferenceKind.DIMENSION, "department:WHOLESALE", "7", "Wholesale"),
        entry(ReferenceKind.DIMENSION, "department:SERVICE", "8", "Service"),
        entry(ReferenceKind.DIMENSION, "warehouse:MAIN", "9", "Main"),
        entry(ReferenceKind.PAYMENT_METHOD, "Wire", "3"),
    ]
)


def refs(settings: dict[str, str] | None = None) -> References:
    return References(customer="CUS000123", entries=ENTRIES, settings=settings or SETTINGS)


def line(number: int = 1, quantity: str = "2", price: str = "4150.00", **fields: Any) -> Line:
    """A line at 20 %; the default sells two compressors of 4150.00."""
    made = {"name": "AC-250 rotary screw compressor", "item_code": "AC-250", "account_code": "EQUIPMENT", "currency": "GBP", **S20}
    return plain_line(number, quantity, price, **{**made, **fields})


def off(amount: str, **fields: Any) -> AllowanceCharge:
    """An allowance (or charge) at 20 %."""
    taxed = {"tax_code": "GB-S20", "tax_rate": Decimal(20)}
    return AllowanceCharge(amount=Decimal(amount), **{"reason": "Volume discount", **taxed, **fields})


def _head(fields: dict[str, Any]) -> dict[str, Any]:
    head = {
        "issue_date": date(2026, 1, 15),
        "due_date": date(2026, 2, 14),
        "currency": "GBP",
        "buyer": BUYER,
        "terms": PaymentTerms(code="Net 30", net_days=30),
    }
    return {**head, **fields}


def sale(*lines: Line, **fields: Any) -> Invoice:
    return invoice(*(lines or (line(),)), **_head({"number": "UK-SI-000042", **fields}))


def credit(*lines: Line, **fields: Any) -> CreditNote:
    return credit_note(*(lines or (line(quantity="1"),)), **_head({"number": "UK-CN-000017", **fields}))


def euros(rate: str = "0.8547008547") -> dict[str, Any]:
    """A document in euros; `rate` pounds for one."""
    return {"currency": "EUR", "exchange_rate": ExchangeRate(base="GBP", rate=Decimal(rate))}
