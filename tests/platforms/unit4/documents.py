"""Canonical documents, posted rows and resolved references that the Unit4 tests share."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.documents import credit_note, invoice
from tests.documents import line as plain_line

from airbooks.canonical import (
    Address,
    AllowanceCharge,
    Contact,
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
from airbooks.platforms.unit4.reading import Posted

BUYER = Party(
    code="CUST1042",
    name="Northgate Fabrication Ltd",
    address=Address(line1="Unit 7 Wharf Road", city="Sheffield", postal_code="S9 2LF", country="GB"),
    contact=Contact(name="Accounts", email="ap@northgate.example"),
)
SETTINGS = {
    "company_id": "EN",
    "home_currency": "GBP",
    "interface": "BI",
    "voucher_type": "SI",
    "credit_voucher_type": "SC",
    "payment_voucher_type": "CP",
    "customer_ledger_type": "R",
    "ar_account": "1500",
    "revenue_account": "3000",
    "freight_account": "3050",
    "discount_account": "3090",
    "tax_account": "2610",
    "rounding_account": "6990",
    "bank_account": "1920",
    "tax_system": "UK",
    "dimension_map": "department=1:C1 warehouse=2:B0",
    "rate_direction": "company per currency",
    "payment_method": "IP",
    "gl07_user_id": "APIUSER",
}
S20 = {"tax_code": "GB-S20", "rate": "20"}
R5 = {"tax_code": "GB-R5", "rate": "5"}


def entry(kind: ReferenceKind, code: str, there: str, **details: str) -> tuple[tuple[ReferenceKind, str], ReferenceItem]:
    return (kind, code), ReferenceItem(kind=kind, code=there, remote_id=there.rpartition(":")[2], details=details)


ENTRIES = dict(
    [
        entry(ReferenceKind.ACCOUNT, "EQUIPMENT", "3000"),
        entry(ReferenceKind.ACCOUNT, "PARTS", "3010"),
        entry(ReferenceKind.ACCOUNT, "DISCOUNT", "3090"),
        entry(ReferenceKind.TAX_CODE, "GB-S20", "U1", rate="20", system="UK"),
        entry(ReferenceKind.TAX_CODE, "GB-R5", "U2", rate="5"),
        entry(ReferenceKind.TAX_CODE, "GB-Z0", "U0", rate="0"),
        entry(ReferenceKind.DIMENSION, "department:WHOLESALE", "C1:210", attribute="C1"),
        entry(ReferenceKind.DIMENSION, "department:SERVICE", "C1:220", attribute="C1"),
        entry(ReferenceKind.DIMENSION, "warehouse:MAIN", "B0:MAIN", attribute="B0"),
        entry(ReferenceKind.PAYMENT_METHOD, "Wire", "IP"),
    ]
)


def refs(**settings: str) -> References:
    return References(customer="1001", entries=ENTRIES, settings={**SETTINGS, **settings})


def line(number: int = 1, quantity: str = "1", price: str = "4250.00", **fields: Any) -> Line:
    made = {"name": "screw compressor", "item_code": "CMP-7550", "account_code": "EQUIPMENT", "currency": "GBP", **S20}
    return plain_line(number, quantity, price, **{**made, **fields})


def off(amount: str, **fields: Any) -> AllowanceCharge:
    taxed = {"tax_code": "GB-S20", "tax_rate": Decimal(20), "account_code": "DISCOUNT"}
    return AllowanceCharge(amount=Decimal(amount), **{"reason": "Volume discount", **taxed, **fields})


def _head(fields: dict[str, Any]) -> dict[str, Any]:
    head = {
        "issue_date": date(2024, 3, 15),
        "due_date": date(2024, 4, 14),
        "currency": "GBP",
        "buyer": BUYER,
        "terms": PaymentTerms(code="Net 30", net_days=30),
    }
    return {**head, **fields}


def sale(*lines: Line, **fields: Any) -> Invoice:
    return invoice(*(lines or (line(),)), **_head({"number": "UK-SI-000117", **fields}))


def credit(*lines: Line, **fields: Any) -> CreditNote:
    preceding = (DocumentReference(number="UK-SI-000117", issue_date=date(2024, 3, 15)),)
    head = {"number": "UK-CN-000017", "due_date": None, "reason": "Returned goods", "preceding_invoices": preceding, **fields}
    return credit_note(*(lines or (line(price="100.00"),)), **_head(head))


def euros(rate: str = "0.86") -> dict[str, Any]:
    """A document in euros; `rate` pounds for one."""
    return {"currency": "EUR", "exchange_rate": ExchangeRate(base="GBP", rate=Decimal(rate))}


def full_sale(**fields: Any) -> Invoice:
    """A line discount, freight, two tax rates, a discount of the document, dimensions, euros, an early-payment discount."""
    goods = line(
        1,
        "2",
        "5000.00",
        allowances_charges=(AllowanceCharge(amount=Decimal("1500.00"), reason="Trade discount"),),
        dimensions={"department": "WHOLESALE"},
        warehouse="MAIN",
    )
    freight = line(2, "1", "145.00", name="Pallet delivery", item_code="FRT-STD", account_code="", kind=LineKind.FREIGHT)
    manual = line(3, "1", "100.00", name="Manual", item_code="MAN-01", account_code="PARTS", **R5)
    made = {
        "charges": [off("45.00")],
        "terms": PaymentTerms(code="2% 10 Net 30", net_days=30, discount_percent=Decimal(2), discount_days=10),
        "purchase_order": "PO-55310",
        "sales_order": "88213",
        "dimensions": {"department": "SERVICE"},
        **euros(),
    }
    return sale(goods, freight, manual, **{**made, **fields})


def posted(value: str = "120.00", rest: str | None = None, **fields: Any) -> Posted:
    made = {
        "voucher": "26000001",
        "sequence": 0,
        "voucher_type": "SI",
        "customer": "1001",
        "number": "UK-SI-000117",
        "reference": "",
        "text": "",
        "dated": date(2024, 3, 15),
        "currency": "GBP",
        "value": Decimal(value),
        "amount": Decimal(value),
        "rest": Decimal(rest if rest is not None else value),
        "updated": None,
    }
    return Posted(**{**made, **fields})
