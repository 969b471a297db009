"""Amounts as MYOB wants them: lines whose quantity, price and percentage make the total, the document's discount on its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line
from airbooks.platforms.myob.spec import PERCENT_DECIMALS, QUANTITY_DECIMALS, UNIT_DECIMALS

CENT, ZERO, HUNDRED = Decimal("0.01"), Decimal(0), Decimal(100)
Document = Invoice | CreditNote


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def fits(value: Decimal, decimals: int) -> bool:
    return value == round(value, decimals)


def allowances(document: Document) -> list[AllowanceCharge]:
    return [each for each in document.allowances_charges if not each.is_charge]


def charges(document: Document) -> list[AllowanceCharge]:
    return [each for each in document.allowances_charges if each.is_charge]


# -- the document's discount on its lines -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A line of ours: what it carries of the document's discounts, and its net amount less that."""

    line: Line
    carried: Decimal

    @property
    def amount(self) -> Decimal:
        return self.line.net_amount - self.carried


def parts(document: Document) -> list[Part]:
    """The lines with an amount, in their order: MYOB has no discount of a whole sale."""
    lines = document.amount_lines
    carried = [ZERO for _ in lines]
    for allowance in allowances(document):
        positions = bearing(document, allowance)
        for i, share in zip(positions, spread(allowance.amount, [lines[i].net_amount for i in positions]), strict=True):
            carried[i] += share
    return [Part(*each) for each in zip(lines, carried, strict=True)]


def bearing(document: Document, allowance: AllowanceCharge) -> list[int]:
    """The positions of the lines over which a discount is spread: those that are taxed like it."""
    return [i for i, line in enumerate(document.amount_lines) if line.net_amount > 0 and _is_taxed_like(line, allowance)]


def _is_taxed_like(line: Line, allowance: AllowanceCharge) -> bool:
    if allowance.tax_code:
        return line.tax_code == allowance.tax_code
    return (line.tax_category, line.tax_rate) == (allowance.tax_category, allowance.tax_rate)


def spread(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`amount` in shares proportional to `weights`, in whole cents that add up exactly; the largest remainders get the odd cents."""
    if not weights:
        return []
    total = sum(weights, ZERO)
    exact = [amount * weight / total for weight in weights]
    shares = [each.quantize(CENT, ROUND_DOWN) for each in exact]
    odd = int((amount - sum(shares, ZERO)) / CENT)
    for i in sorted(range(len(shares)), key=lambda i: exact[i] - shares[i], reverse=True)[:odd]:
        shares[i] += CENT
    return shares


# -- quantity, price, percentage ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Priced:
    """Quantity, price and discount in per cent that make a line's amount to the cent."""

    quantity: Decimal
    unit: Decimal
    percent: Decimal = ZERO


def priced(part: Part) -> Priced:
    """The line's own price, with its discount as a percentage where there is one of two decimals, else a price that makes the amount."""
    line = part.line
    unit = line.net_price / line.base_quantity
    gross = line.quantity * unit
    if not (fits(unit, UNIT_DECIMALS) and fits(line.quantity, QUANTITY_DECIMALS)):
        return _restated(part)
    if cents(gross) == part.amount:
        return Priced(line.quantity, unit)
    percent = _percent(part, gross)
    return Priced(line.quantity, unit, percent) if percent else _restated(part)


def _percent(part: Part, gross: Decimal) -> Decimal | None:
    """The percentage that is all of the line's discounts, if they are all there is beside its price."""
    taken = part.carried
    for each in part.line.allowances_charges:
        taken += -each.amount if each.is_charge else each.amount
    if not 0 < taken <= gross or cents(gross - taken) != part.amount:
        return None
    percent = (taken * HUNDRED / gross).quantize(Decimal(1).scaleb(-PERCENT_DECIMALS), ROUND_HALF_UP)
    return percent if cents(gross * (HUNDRED - percent) / HUNDRED) == part.amount else None


def _restated(part: Part) -> Priced:
    """The price of fewest decimals that makes the amount; where none of six decimals does, one piece at the whole amount."""
    quantity = part.line.quantity
    if quantity and fits(quantity, QUANTITY_DECIMALS):
        for decimals in range(2, UNIT_DECIMALS + 1):
            unit = (part.amount / quantity).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
            if cents(quantity * unit) == part.amount:
                return Priced(quantity, unit)
    return Priced(Decimal(1), part.amount)
