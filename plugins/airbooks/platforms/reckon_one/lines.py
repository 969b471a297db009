"""Amounts as Reckon One can say them: what each line books of net and tax, and the price and discount that make it to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, TaxSubtotal
from airbooks.platforms.reckon_one.spec import PRICE_DECIMALS, QUANTITY_DECIMALS

CENT, ZERO, HUNDRED = Decimal("0.01"), Decimal(0), Decimal(100)
Document = Invoice | CreditNote
Bearer = Line | AllowanceCharge


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def fits(number: Decimal, decimals: int) -> bool:
    return number == round(number, decimals)


def allowances(document: Document) -> list[AllowanceCharge]:
    return [each for each in document.allowances_charges if not each.is_charge]


def charges(document: Document) -> list[AllowanceCharge]:
    return [each for each in document.allowances_charges if each.is_charge]


# -- what each line books -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """One line of ours, or one charge of the whole document: its share of the document's allowances, its net less that, its tax."""

    bearer: Bearer
    carried: Decimal
    net: Decimal
    tax: Decimal


def parts(document: Document) -> list[Part]:
    """The lines with an amount in their order, then the charges."""
    lines = document.amount_lines
    carried = _shares(document)
    bearers: list[Bearer] = [*lines, *charges(document)]
    carried += [ZERO for _ in bearers[len(lines) :]]
    nets = [_amount(bearer) - share for bearer, share in zip(bearers, carried, strict=True)]
    taxes = _taxes(document, bearers, nets)
    return [Part(*each) for each in zip(bearers, carried, nets, taxes, strict=True)]


def _amount(bearer: Bearer) -> Decimal:
    return bearer.net_amount if isinstance(bearer, Line) else bearer.amount


def _shares(document: Document) -> list[Decimal]:
    carried = [ZERO for _ in document.amount_lines]
    for allowance in allowances(document):
        positions = bearing(document, allowance)
        weights = [document.amount_lines[i].net_amount for i in positions]
        for i, share in zip(positions, _portions(allowance.amount, weights), strict=True):
            carried[i] += share
    return carried


def bearing(document: Document, allowance: AllowanceCharge) -> list[int]:
    """The positions of the lines over which an allowance of the document is spread: those taxed like it."""
    return [i for i, line in enumerate(document.amount_lines) if line.net_amount > 0 and _taxed_alike(line, allowance)]


def _taxed_alike(line: Line, allowance: AllowanceCharge) -> bool:
    if allowance.tax_code:
        return line.tax_code == allowance.tax_code
    return (line.tax_category, line.tax_rate) == (allowance.tax_category, allowance.tax_rate)


def _portions(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`amount` in whole cents in proportion to `weights`: each gets what is due up to it, less what those before it got."""
    whole, due, given = sum(weights, ZERO), ZERO, ZERO
    portions: list[Decimal] = []
    for weight in weights:
        due += weight
        portions.append((amount * due / whole).quantize(CENT, ROUND_FLOOR) - given)
        given += portions[-1]
    return portions


def _taxes(document: Document, bearers: Sequence[Bearer], nets: Sequence[Decimal]) -> list[Decimal]:
    taxes = [ZERO for _ in bearers]
    for subtotal in document.tax_breakdown:
        positions = [i for i, each in enumerate(bearers) if _belongs(each, subtotal)]
        for i, tax in zip(positions, _spread_tax(subtotal, [nets[i] for i in positions]), strict=True):
            taxes[i] = tax
    return taxes


def _belongs(bearer: Bearer, subtotal: TaxSubtotal) -> bool:
    same_rate = (bearer.tax_category, bearer.tax_rate) == (subtotal.category, subtotal.rate)
    return same_rate and subtotal.tax_code in {"", bearer.tax_code}


def _spread_tax(subtotal: TaxSubtotal, nets: Sequence[Decimal]) -> list[Decimal]:
    """Each line's own tax, rounded; cents that are left over or missing in the subtotal go to the largest lines."""
    taxes = [cents(net * subtotal.rate / HUNDRED) for net in nets]
    if not taxes:
        return []
    odd = int((subtotal.tax_amount - sum(taxes, ZERO)) / CENT)
    everyone, some = divmod(abs(odd), len(taxes))
    step = CENT if odd > 0 else -CENT
    for place, i in enumerate(sorted(range(len(taxes)), key=lambda i: abs(nets[i]), reverse=True)):
        taxes[i] += step * (everyone + (1 if place < some else 0))
    return taxes


# -- quantity, price, discount --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Priced:
    """Quantity, price and discount that make a line's amount to the cent; at most one of the discounts is set."""

    quantity: Decimal
    price: Decimal
    discount_percent: Decimal | None = None
    discount_amount: Decimal | None = None


def priced(line: Line, part: Part, *, discounts: bool) -> Priced:
    """The line's own price and discount where Reckon One can say them (`discounts`: a line of an invoice can), amounts without tax."""
    price = line.net_price / line.base_quantity
    taken = sum((each.amount for each in line.allowances_charges if not each.is_charge), ZERO) + part.carried
    has_charge = any(each.is_charge and each.amount for each in line.allowances_charges)
    plain = line.quantity > 0 and fits(price, PRICE_DECIMALS) and fits(line.quantity, QUANTITY_DECIMALS) and not has_charge
    if not plain or cents(line.quantity * price - taken) != part.net or cents(line.quantity * price) - taken != part.net:
        return restated(line, part.net)
    if not taken:
        return Priced(line.quantity, price)
    if not discounts or not 0 < taken <= cents(line.quantity * price):
        return restated(line, part.net)
    percent = _percent(line, part, price)
    return Priced(line.quantity, price, discount_percent=percent, discount_amount=None if percent else taken)


def _percent(line: Line, part: Part, price: Decimal) -> Decimal | None:
    """The one percentage that is the whole discount, where both ways of rounding come to the line's amount."""
    if part.carried or len(line.allowances_charges) != 1:
        return None
    percent, gross = line.allowances_charges[0].percent, line.quantity * price
    if percent is None or not fits(percent, 2):
        return None
    ways = {cents(gross * (HUNDRED - percent) / HUNDRED), cents(gross) - cents(gross * percent / HUNDRED)}
    return percent if ways == {part.net} else None


def restated(line: Line, amount: Decimal) -> Priced:
    """The price of fewest decimals that makes the amount; where none does, one piece at the whole amount."""
    if line.quantity > 0 and fits(line.quantity, QUANTITY_DECIMALS):
        for decimals in range(2, PRICE_DECIMALS + 1):
            price = (amount / line.quantity).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
            if cents(line.quantity * price) == amount:
                return Priced(line.quantity, price)
    return Priced(Decimal(1), amount)
