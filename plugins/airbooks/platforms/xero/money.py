"""Amounts as Xero wants them: lines whose quantity, price and discount make the amount, discounts and tax on the lines they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, TaxSubtotal
from airbooks.platforms.xero.spec import QUANTITY_DECIMALS, UNIT_DECIMALS

CENT, ZERO, HUNDRED = Decimal("0.01"), Decimal(0), Decimal(100)
Document = Invoice | CreditNote
Bearer = Line | AllowanceCharge


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def fits(value: Decimal, decimals: int) -> bool:
    return value == round(value, decimals)


def allowances(document: Document) -> list[AllowanceCharge]:
    return [each for each in document.allowances_charges if not each.is_charge]


def charges(document: Document) -> list[AllowanceCharge]:
    return [each for each in document.allowances_charges if each.is_charge]


# -- what each line of the document books -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """One line of ours, or one charge of the whole document: what it carries of the document's allowances, its net less that, its tax."""

    bearer: Bearer
    carried: Decimal
    amount: Decimal
    tax: Decimal


def parts(document: Document) -> list[Part]:
    """The lines with an amount in their order, then the charges."""
    bearers: list[Bearer] = [*document.amount_lines, *charges(document)]
    carried = [*_shares(document), *(ZERO for _ in charges(document))]
    amounts = [_net(each) - share for each, share in zip(bearers, carried, strict=True)]
    taxes = _taxes(document, bearers, amounts)
    return [Part(*each) for each in zip(bearers, carried, amounts, taxes, strict=True)]


def _net(bearer: Bearer) -> Decimal:
    return bearer.net_amount if isinstance(bearer, Line) else bearer.amount


def _shares(document: Document) -> list[Decimal]:
    """What each line carries of the document's allowances: Xero has no discount of a whole document."""
    carried = [ZERO for _ in document.amount_lines]
    for allowance in allowances(document):
        positions = bearing(document, allowance)
        weights = [document.amount_lines[i].net_amount for i in positions]
        for i, share in zip(positions, spread(allowance.amount, weights), strict=True):
            carried[i] += share
    return carried


def bearing(document: Document, allowance: AllowanceCharge) -> list[int]:
    """The positions of the lines over which an allowance is spread: those that are taxed like it."""
    return [i for i, line in enumerate(document.amount_lines) if line.net_amount > 0 and _is_taxed_like(line, allowance)]


def _is_taxed_like(line: Line, allowance: AllowanceCharge) -> bool:
    if allowance.tax_code:
        return line.tax_code == allowance.tax_code
    return (line.tax_category, line.tax_rate) == (allowance.tax_category, allowance.tax_rate)


def spread(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`amount` in shares proportional to `weights`, in whole cents that add up exactly; largest remainders get the odd cents."""
    total = sum(weights, ZERO)
    exact = [amount * weight / total for weight in weights]
    shares = [each.quantize(CENT, ROUND_DOWN) for each in exact]
    odd = int((amount - sum(shares, ZERO)) / CENT) if shares else 0
    by_remainder = sorted(range(len(shares)), key=lambda i: exact[i] - shares[i], reverse=True)
    for i in by_remainder[:odd]:
        shares[i] += CENT
    return shares


def _taxes(document: Document, bearers: Sequence[Bearer], amounts: Sequence[Decimal]) -> list[Decimal]:
    """The tax of each bearer: of every subtotal (rounded once there, per line at Xero) to the cent on the lines it is made of."""
    taxes = [ZERO for _ in bearers]
    for subtotal in document.tax_breakdown:
        positions = [i for i, each in enumerate(bearers) if _belongs(each, subtotal)]
        for i, tax in zip(positions, spread_tax(subtotal, [amounts[i] for i in positions]), strict=True):
            taxes[i] = tax
    return taxes


def _belongs(bearer: Bearer, subtotal: TaxSubtotal) -> bool:
    same_rate = (bearer.tax_category, bearer.tax_rate) == (subtotal.category, subtotal.rate)
    return same_rate and subtotal.tax_code in {"", bearer.tax_code}


def spread_tax(subtotal: TaxSubtotal, amounts: Sequence[Decimal]) -> list[Decimal]:
    """The subtotal's tax: each line's own, rounded, and the cents that are left over or missing on the largest lines."""
    taxes = [cents(each * subtotal.rate / HUNDRED) for each in amounts]
    if not taxes:
        return []
    odd = int((subtotal.tax_amount - sum(taxes, ZERO)) / CENT)
    everyone, some = divmod(abs(odd), len(taxes))
    step = CENT if odd > 0 else -CENT
    for place, i in enumerate(sorted(range(len(taxes)), key=lambda i: abs(amounts[i]), reverse=True)):
        taxes[i] += step * (everyone + (1 if place < some else 0))
    return taxes


# -- quantity, price, discount ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Priced:
    """Quantity, price and discount that make a line's amount to the cent; at most one of the discounts is set."""

    quantity: Decimal
    unit: Decimal
    discount_rate: Decimal | None = None
    discount_amount: Decimal | None = None


def priced(line: Line, part: Part, *, discounts: bool) -> Priced:
    """The line's own price and its discount where Xero can say them (`discounts`: an invoice can), else a price that makes the amount."""
    unit = line.net_price / line.base_quantity
    taken = sum((each.amount for each in line.allowances_charges if not each.is_charge), ZERO) + part.carried
    added = sum((each.amount for each in line.allowances_charges if each.is_charge), ZERO)
    gross = cents(line.quantity * unit)
    is_ours = fits(unit, UNIT_DECIMALS) and fits(line.quantity, QUANTITY_DECIMALS) and not added and gross - taken == part.amount
    if is_ours and not taken:
        return Priced(line.quantity, unit)
    if is_ours and discounts and 0 < taken <= gross and cents(line.quantity * unit - taken) == part.amount:
        percent = _percent(line, part, line.quantity * unit)
        return Priced(line.quantity, unit, discount_rate=percent, discount_amount=None if percent else taken)
    return _restated(line, part.amount)


def _percent(line: Line, part: Part, gross: Decimal) -> Decimal | None:
    """The one percentage that is the whole discount, if that is what it is."""
    if part.carried or len(line.allowances_charges) != 1:
        return None
    percent = line.allowances_charges[0].percent
    if percent is None or not fits(percent, 2) or cents(gross * (HUNDRED - percent) / HUNDRED) != part.amount:
        return None
    return percent


def _restated(line: Line, amount: Decimal) -> Priced:
    """The price of fewest decimals that makes the amount; where none of four decimals does, one piece at the whole amount."""
    if line.quantity and fits(line.quantity, QUANTITY_DECIMALS):
        for decimals in range(2, UNIT_DECIMALS + 1):
            unit = (amount / line.quantity).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
            if cents(line.quantity * unit) == amount:
                return Priced(line.quantity, unit)
    return Priced(Decimal(1), amount)
