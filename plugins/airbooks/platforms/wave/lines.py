"""Line amounts as Wave computes them: quantity x unit price to the currency's minor unit, discounts in the price or in the header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from airbooks.canonical import AllowanceCharge, Invoice, Line, minor_units, round_amount
from airbooks.platforms.wave.spec import DECIMALS, LINES

ZERO = Decimal(0)


def allowances(invoice: Invoice) -> list[AllowanceCharge]:
    return [each for each in invoice.allowances_charges if not each.is_charge]


def charges(invoice: Invoice) -> list[AllowanceCharge]:
    return [each for each in invoice.allowances_charges if each.is_charge]


def tax_key(each: Line | AllowanceCharge) -> tuple[str, Decimal]:
    """What decides how an amount is taxed; untaxed amounts are all alike."""
    return (each.tax_code, each.tax_rate) if each.tax_rate else ("", ZERO)


def discount_in_header(invoice: Invoice, settings: Mapping[str, str]) -> bool:
    """Whether Wave's one discount can say it: lines, charges and allowances share one tax treatment, and the connection allows it."""
    bearers: list[Line | AllowanceCharge] = [*invoice.amount_lines, *invoice.allowances_charges]
    return settings.get("discounts") != LINES and len({tax_key(each) for each in bearers}) == 1


def bearing_lines(invoice: Invoice, allowance: AllowanceCharge) -> list[Line]:
    """The lines over which an allowance is spread: those of its own tax treatment."""
    return [line for line in invoice.amount_lines if line.net_amount > 0 and tax_key(line) == tax_key(allowance)]


def shares(invoice: Invoice, settings: Mapping[str, str]) -> dict[str, Decimal]:
    """What each line (by its id) carries of the document's allowances when the header cannot."""
    carried = dict.fromkeys((line.line_id for line in invoice.amount_lines), ZERO)
    if discount_in_header(invoice, settings):
        return carried
    for allowance in allowances(invoice):
        lines = bearing_lines(invoice, allowance)
        weights = [each.net_amount for each in lines]
        for line, share in zip(lines, spread(allowance.amount, weights, invoice.currency), strict=True):
            carried[line.line_id] += share
    return carried


def spread(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """`amount` in shares proportional to `weights`, in whole minor units that add up exactly; largest remainders get the odd ones."""
    unit, total = Decimal(1).scaleb(-minor_units(currency)), sum(weights, ZERO)
    exact = [amount * weight / total for weight in weights]
    parts = [each.quantize(unit, ROUND_DOWN) for each in exact]
    odd = int((amount - sum(parts, ZERO)) / unit)
    by_remainder = sorted(range(len(parts)), key=lambda i: exact[i] - parts[i], reverse=True)
    for i in by_remainder[:odd]:
        parts[i] += unit
    return parts


def quantity_and_price(line: Line, amount: Decimal, currency: str) -> tuple[Decimal, Decimal]:
    """Quantity and unit price whose product is `amount`: the line's own price, else the fewest decimals that do.

    Where no price of eight decimals fits (or the quantity is zero, or has more decimals), one piece at the whole amount.
    """
    quantity = line.quantity
    if not quantity or quantity != round(quantity, DECIMALS):
        return Decimal(1), amount
    price = line.net_price / line.base_quantity
    if price == round(price, DECIMALS) and round_amount(quantity * price, currency) == amount:
        return quantity, price
    for decimals in range(minor_units(currency), DECIMALS + 1):
        price = (amount / quantity).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        if round_amount(quantity * price, currency) == amount:
            return quantity, price
    return Decimal(1), amount
