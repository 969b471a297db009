"""What an invoice comes to: line subtotals, untaxed amount and taxes, computed on the server as the vendor does.

With `round_globally` the raw amounts of all lines are added up and rounded once, for the untaxed amount and for each tax; with
`round_per_line` every line and its tax are rounded first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from airbooks.sandbox.kit import Row

from .database import Rows

HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Totals:
    """Amounts in the document's currency."""

    untaxed: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        return self.untaxed + self.tax


@dataclass(frozen=True)
class LineAmounts:
    """A line before rounding: its amount without tax, and what each of its taxes comes to."""

    base: Decimal
    taxes: dict[int, Decimal]


def line_amounts(line: Row, taxes: Rows) -> LineAmounts:
    raw = Decimal(line["quantity"]) * Decimal(line["price_unit"]) * (1 - Decimal(line["discount"]) / HUNDRED)
    rates = {tax: Decimal(taxes[tax]["amount"]) / HUNDRED for tax in line["tax_ids"]}
    included = sum((rate for tax, rate in rates.items() if taxes[tax]["price_include_override"] == "tax_included"), Decimal(0))
    base = raw / (1 + included) if included else raw
    return LineAmounts(base, {tax: base * rate for tax, rate in rates.items()})


def to_unit(value: Decimal, unit: Decimal) -> Decimal:
    """Rounded half away from zero to the currency's smallest unit."""
    return (value / unit).quantize(Decimal(1), rounding=ROUND_HALF_UP) * unit


def totals(lines: Iterable[LineAmounts], unit: Decimal, *, per_line: bool) -> Totals:
    untaxed = Decimal(0)
    by_tax: defaultdict[int, Decimal] = defaultdict(Decimal)
    for line in lines:
        untaxed += to_unit(line.base, unit) if per_line else line.base
        for tax, amount in line.taxes.items():
            by_tax[tax] += to_unit(amount, unit) if per_line else amount
    return Totals(to_unit(untaxed, unit), sum((to_unit(amount, unit) for amount in by_tax.values()), Decimal(0)))
