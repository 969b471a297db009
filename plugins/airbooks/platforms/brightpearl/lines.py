"""Rows of an order as Brightpearl stores them: line totals of net and tax, both given by us."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, LineKind, TaxCategory

Document = Invoice | CreditNote
CENT, ZERO = Decimal("0.01"), Decimal(0)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Bearer:
    """What becomes one row: a line with an amount, or (signed) an allowance or charge of the whole document."""

    part: Line | AllowanceCharge
    net: Decimal
    tax: Decimal = ZERO

    @property
    def group(self) -> tuple[TaxCategory, Decimal]:
        return self.part.tax_category, self.part.tax_rate


def bearers(document: Document) -> list[Bearer]:
    """The rows of a document in their order, each with its tax.

    Tax is computed row by row; what is missing to the document's own subtotals goes to the largest row of each.
    """
    lines = [Bearer(line, line.net_amount) for line in document.amount_lines]
    own = [Bearer(each, each.amount if each.is_charge else -each.amount) for each in document.allowances_charges if each.amount]
    rows = [*lines, *own]
    taxes = [cents(row.net * row.part.tax_rate / 100) for row in rows]
    for group, wanted in _subtotals(document).items():
        members = [at for at, row in enumerate(rows) if row.group == group and row.part.tax_rate]
        if members:
            largest = max(members, key=lambda at: abs(rows[at].net))
            taxes[largest] += wanted - sum((taxes[at] for at in members), ZERO)
    return [Bearer(row.part, row.net, tax) for row, tax in zip(rows, taxes, strict=True)]


def _subtotals(document: Document) -> dict[tuple[TaxCategory, Decimal], Decimal]:
    found: dict[tuple[TaxCategory, Decimal], Decimal] = defaultdict(lambda: ZERO)
    for subtotal in document.tax_breakdown:
        found[subtotal.category, subtotal.rate] += subtotal.tax_amount
    return found


def is_freight(part: Line | AllowanceCharge) -> bool:
    """Whether it is for carriage: a freight line, or a charge on the whole document."""
    return part.kind is LineKind.FREIGHT if isinstance(part, Line) else part.is_charge
