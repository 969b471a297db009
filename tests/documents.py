"""Documents that tests share: small makers whose totals are computed here, and a strategy of arithmetically right documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import strategies as st

from airbooks.canonical import AllowanceCharge, CreditNote, DocumentReference, Invoice, Line, Party, PaymentTerms, TaxCategory, TaxSubtotal

ISSUED = date(2026, 3, 16)
REASONS = {"E": "Resale", "AE": "Reverse charge", "K": "Intra-Community supply", "G": "Export of goods", "O": "Not subject to tax"}
SELLER = Party(code="UK", name="Supplier Ltd", vat_id="GB714285603")
BUYER = Party(code="C-UK-0001", name="Harbour Foundry Ltd", vat_id="GB123456789", legal_id="01234567")
UNITS = {"AUD": 2, "CHF": 2, "EUR": 2, "GBP": 2, "JPY": 0, "KWD": 3, "NZD": 2, "USD": 2}


def rounded(value: Decimal, currency: str = "EUR") -> Decimal:
    return value.quantize(Decimal(1).scaleb(-UNITS[currency]), ROUND_HALF_UP)


def line(number: int | str = 1, quantity: str = "2", price: str = "50", rate: str = "20", category: str = "S", **fields: Any) -> Line:
    """A line whose net amount is quantity x price, less its allowances."""
    currency = fields.pop("currency", "EUR")
    parts = sum((each.amount if each.is_charge else -each.amount for each in fields.get("allowances_charges", ())), Decimal(0))
    made = {
        "line_id": str(number),
        "name": "Air filter element",
        "item_code": "FLT-100",
        "quantity": Decimal(quantity),
        "net_price": Decimal(price),
        "net_amount": rounded(Decimal(quantity) * Decimal(price), currency) + parts,
        "tax_category": TaxCategory(category),
        "tax_rate": Decimal(rate),
        "tax_code": f"GB-{category}{rate}",
        "account_code": "PARTS",
    }
    return Line(**{**made, **fields})


def breakdown(lines: Iterable[Line], charges: Iterable[AllowanceCharge], currency: str) -> tuple[TaxSubtotal, ...]:
    bases: dict[tuple[TaxCategory, Decimal, str], Decimal] = defaultdict(Decimal)
    for each in lines:
        bases[each.tax_category, each.tax_rate, each.tax_code] += each.net_amount
    for charge in charges:
        bases[charge.tax_category, charge.tax_rate, charge.tax_code] += charge.amount if charge.is_charge else -charge.amount
    return tuple(
        TaxSubtotal(
            category=category,
            rate=rate,
            taxable_amount=base,
            tax_amount=rounded(base * rate / 100, currency),
            exemption_reason=REASONS.get(category, ""),
            tax_code=code,
        )
        for (category, rate, code), base in bases.items()
    )


def totals(lines: Iterable[Line], charges: Iterable[AllowanceCharge], taxes: Iterable[TaxSubtotal]) -> dict[str, Decimal]:
    charges = list(charges)
    line_total = sum((each.net_amount for each in lines), Decimal(0))
    allowance = sum((each.amount for each in charges if not each.is_charge), Decimal(0))
    charge = sum((each.amount for each in charges if each.is_charge), Decimal(0))
    net, tax = line_total - allowance + charge, sum((each.tax_amount for each in taxes), Decimal(0))
    return {
        "line_total": line_total,
        "allowance_total": allowance,
        "charge_total": charge,
        "net_total": net,
        "tax_total": tax,
        "gross_total": net + tax,
        "amount_due": net + tax,
    }


def invoice(*lines: Line, charges: Iterable[AllowanceCharge] = (), **fields: Any) -> Invoice:
    """A right invoice over these lines (by default one of 100.00 + 20 % tax); `fields` come last."""
    return Invoice(**_parts(lines, tuple(charges), fields))


def credit_note(*lines: Line, charges: Iterable[AllowanceCharge] = (), **fields: Any) -> CreditNote:
    """A right credit note that corrects invoice UK-SI-000123."""
    preceding = (DocumentReference(number="UK-SI-000123", issue_date=ISSUED),)
    parts = _parts(lines, tuple(charges), {"number": "UK-CN-000017", "preceding_invoices": preceding, **fields})
    return CreditNote(**parts)


def _parts(lines: tuple[Line, ...], charges: tuple[AllowanceCharge, ...], fields: dict[str, Any]) -> dict[str, Any]:
    lines = lines or (line(),)
    taxes = breakdown(lines, charges, fields.get("currency", "EUR"))
    head = {
        "source": "erp",
        "source_id": "123",
        "division": "UK",
        "number": "UK-SI-000123",
        "issue_date": ISSUED,
        "due_date": date(2026, 4, 15),
        "currency": "EUR",
        "seller": SELLER,
        "buyer": BUYER,
        "terms": PaymentTerms(code="Net 30", net_days=30),
        "lines": lines,
        "allowances_charges": charges,
        "tax_breakdown": taxes,
    }
    return {**head, **totals(lines, charges, taxes), **fields}


# -- any document that is right -------------------------------------------------------------------------------------------------------

TAXES = st.sampled_from([("S", "20"), ("S", "5"), ("S", "8.25"), ("Z", "0"), ("E", "0"), ("AE", "0"), ("K", "0"), ("G", "0")])
QUANTITIES = st.decimals("0.001", "9999", places=3)
PRICES = st.decimals("0.00001", "99999", places=5)
SMALL = st.integers(0, 40)


@st.composite
def charges(draw: st.DrawFn, /, currency: str, **fields: Any) -> AllowanceCharge:
    amount = Decimal(draw(st.integers(0, 500))).scaleb(-UNITS[currency])
    return AllowanceCharge(is_charge=draw(st.booleans()), amount=amount, reason="Volume discount", **fields)


@st.composite
def lines_of(draw: st.DrawFn, number: int, currency: str) -> Line:
    category, rate = draw(TAXES)
    quantity, price = draw(QUANTITIES), draw(PRICES)
    own = draw(st.lists(charges(currency), max_size=2))
    return line(number, str(quantity), str(price), rate, category, allowances_charges=tuple(own), currency=currency)


@st.composite
def right_documents(draw: st.DrawFn) -> Invoice | CreditNote:
    """Any document whose arithmetic is right and whose total is above zero."""
    currency = draw(st.sampled_from(sorted(UNITS)))
    lines = tuple(draw(lines_of(number, currency)) for number in range(1, draw(st.integers(1, 6)) + 1))
    first = lines[0]
    same_tax = {"tax_category": first.tax_category, "tax_rate": first.tax_rate, "tax_code": first.tax_code}
    own = draw(st.lists(charges(currency, **same_tax), max_size=2))
    padding = line("pad", "1", "100000", str(first.tax_rate), first.tax_category, currency=currency)
    if draw(st.booleans()):
        return credit_note(*lines, padding, charges=own, currency=currency)
    return invoice(*lines, padding, charges=own, currency=currency)
