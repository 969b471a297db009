"""A sale on its way into the ERP, and the arithmetic of its totals (EN 16931: BR-CO-10 to BR-CO-17), exact in Decimal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from airbooks.erp.company import TAX_CODES

CENT = Decimal("0.01")
ZERO = Decimal(0)


def cents(value: Decimal) -> Decimal:
    """Rounded to two decimals, half up (all currencies of the demo have two)."""
    return value.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    line1: str
    city: str
    region: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """`shipping` holds every place goods are sent to; the first is the usual one."""

    customer_id: int
    code: str
    division: str
    name: str
    customer_class: str
    vat_id: str
    currency: str
    terms: str
    tax_code: str
    discount: Decimal
    email: str
    billing: Address
    shipping: tuple[Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleLine:
    """`unit_price` is before the line discount; `unit`, `item_code` and `description` are None where the data is damaged."""

    item_code: str | None
    description: str | None
    kind: str
    revenue_group: str
    quantity: Decimal
    unit: str | None
    unit_price: Decimal
    discount_percent: Decimal = ZERO
    discount_amount: Decimal = ZERO
    line_net: Decimal = ZERO
    tax_code: str
    department: str
    warehouse: str
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleAllowance:
    reason: str
    base_amount: Decimal
    percent: Decimal
    amount: Decimal
    tax_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleTax:
    tax_code: str
    taxable_amount: Decimal
    tax_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """An invoice or a credit note with its totals; amounts are positive on both."""

    document_type: str
    number: str
    division: str
    customer: Customer | None
    issue_date: date
    due_date: date | None
    terms: str | None
    currency: str
    exchange_rate: Decimal | None
    order_number: str | None = None
    customer_po: str = ""
    shipment_number: str | None = None
    ship_to: Address | None = None
    preceding_number: str | None = None
    preceding_date: date | None = None
    reason: str | None = None
    note: str | None = None
    lines: tuple[SaleLine, ...]
    allowances: tuple[SaleAllowance, ...] = ()
    taxes: tuple[SaleTax, ...] = ()
    line_total: Decimal = ZERO
    allowance_total: Decimal = ZERO
    net_total: Decimal = ZERO
    tax_total: Decimal = ZERO
    gross_total: Decimal = ZERO
    changed_at: datetime


def price_line(line: SaleLine) -> SaleLine:
    """The line with its discount and net amount, both rounded on their own."""
    gross = cents(line.quantity * line.unit_price)
    discount = cents(gross * line.discount_percent / 100)
    return replace(line, discount_amount=discount, line_net=gross - discount)


def is_unambiguous(line: SaleLine) -> bool:
    """Whether rounding the discount and rounding the discounted price agree, so that every platform books the same cent."""
    at_once = cents(line.quantity * line.unit_price * (1 - line.discount_percent / 100))
    return price_line(line).line_net == at_once


def tax_subtotals(lines: Iterable[SaleLine], allowances: Iterable[SaleAllowance]) -> tuple[SaleTax, ...]:
    """One subtotal per tax code: tax on the summed nets, not on each line (BR-S-08, BR-CO-17)."""
    bases: dict[str, Decimal] = {}
    for line in lines:
        bases[line.tax_code] = bases.get(line.tax_code, ZERO) + line.line_net
    for allowance in allowances:
        bases[allowance.tax_code] -= allowance.amount
    return tuple(
        SaleTax(tax_code=code, taxable_amount=base, tax_amount=cents(base * TAX_CODES[code].rate / 100)) for code, base in bases.items()
    )


def totalled(sale: Sale) -> Sale:
    """`sale` with every line priced and every total computed from its lines and allowances."""
    lines = tuple(price_line(line) for line in sale.lines)
    return with_totals(replace(sale, lines=lines, taxes=tax_subtotals(lines, sale.allowances)))


def with_totals(sale: Sale) -> Sale:
    """The totals that follow from the lines, allowances and taxes as they stand."""
    line_total = sum((line.line_net for line in sale.lines), ZERO)
    allowance_total = sum((each.amount for each in sale.allowances), ZERO)
    tax_total = sum((each.tax_amount for each in sale.taxes), ZERO)
    net = line_total - allowance_total
    return replace(
        sale, line_total=line_total, allowance_total=allowance_total, net_total=net, tax_total=tax_total, gross_total=net + tax_total
    )
