"""Amounts of lines as Oracle wants them: Quantity x UnitSellingPrice to the minor unit, and our tax spread over what bears it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, round_amount

PRICE_DECIMALS = range(2, 10)
ONE, ZERO = Decimal(1), Decimal(0)


def quantity_and_price(line: Line, currency: str) -> tuple[Decimal, Decimal]:
    """A positive quantity and a price whose product is the line's net amount to the minor unit (a price may be negative).

    The line's own price where it fits, else the fewest decimals that do (a discounted line), else one piece at the whole amount.
    """
    sign = -1 if line.quantity < 0 else 1
    quantity, price = abs(line.quantity), sign * line.net_price / line.base_quantity
    if round_amount(quantity * price, currency) == line.net_amount and price == round(price, PRICE_DECIMALS[-1]):
        return quantity, price
    if quantity:
        for decimals in PRICE_DECIMALS:
            price = (line.net_amount / quantity).quantize(ONE.scaleb(-decimals), ROUND_HALF_UP)
            if round_amount(quantity * price, currency) == line.net_amount:
                return quantity, price
    return ONE, line.net_amount


def bearers(document: Invoice | CreditNote) -> list[Line | AllowanceCharge]:
    """Everything that becomes a line there, in the order of the lines: ours, then the document's allowances and charges."""
    return [*document.amount_lines, *document.allowances_charges]


def amount_of(bearer: Line | AllowanceCharge) -> Decimal:
    if isinstance(bearer, Line):
        return bearer.net_amount
    return bearer.amount if bearer.is_charge else -bearer.amount


def taxes(document: Invoice | CreditNote) -> list[Decimal]:
    """What each of `bearers` has of the document's tax: each subtotal spread over what it was computed from."""
    parts = bearers(document)
    shares = [ZERO] * len(parts)
    for subtotal in document.tax_breakdown:
        members = [
            i
            for i, part in enumerate(parts)
            if (part.tax_category, part.tax_rate) == (subtotal.category, subtotal.rate) and subtotal.tax_code in {"", part.tax_code}
        ]
        weights = [amount_of(parts[i]) for i in members]
        for i, share in zip(members, spread(subtotal.tax_amount, weights, document.currency), strict=True):
            shares[i] += share
    return shares


def spread(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """`amount` in shares proportional to `weights` (which may be negative), in minor units that add up exactly."""
    total, so_far, given = sum(weights, ZERO), ZERO, ZERO
    shares = []
    for position, weight in enumerate(weights):
        so_far += weight
        if position == len(weights) - 1:
            share = amount - given
        else:
            share = round_amount(amount * so_far / total, currency) - given if total else ZERO
        shares.append(share)
        given += share
    return shares
