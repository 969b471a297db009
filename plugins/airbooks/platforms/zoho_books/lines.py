"""Line amounts as Zoho Books computes them: round(rate x quantity - discount), and discounts of the document where they belong.

A document has discounts either on its lines (`item_level`) or on the whole (`entity_level`), never both.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line

Document = Invoice | CreditNote
CENT, ZERO = Decimal("0.01"), Decimal(0)
RATE_DECIMALS = range(2, 7)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def allowances(document: Document | Line) -> list[AllowanceCharge]:
    return [each for each in document.allowances_charges if not each.is_charge and each.amount]


def charges(document: Document | Line) -> list[AllowanceCharge]:
    return [each for each in document.allowances_charges if each.is_charge and each.amount]


def total(parts: Sequence[AllowanceCharge]) -> Decimal:
    return sum((each.amount for each in parts), ZERO)


def is_entity_level(document: Document) -> bool:
    """Whether the document's allowances can stand in one discount of the whole: no line has a discount, and all are taxed alike."""
    own = allowances(document)
    codes = {line.tax_code for line in document.amount_lines} | {each.tax_code for each in own}
    return bool(own) and len(codes) == 1 and not any(allowances(line) for line in document.amount_lines)


def bearing_lines(document: Document, allowance: AllowanceCharge) -> list[Line]:
    """The lines over which an allowance is spread: those with its tax code."""
    return [line for line in document.amount_lines if line.net_amount > 0 and line.tax_code == allowance.tax_code]


def shares(document: Document) -> dict[str, Decimal]:
    """What each line (by its id) carries of the document's allowances when they cannot stand in one discount of the whole."""
    carried = dict.fromkeys((line.line_id for line in document.amount_lines), ZERO)
    if is_entity_level(document):
        return carried
    for allowance in allowances(document):
        lines = bearing_lines(document, allowance)
        for line, share in zip(lines, spread(allowance.amount, [each.net_amount for each in lines]), strict=True):
            carried[line.line_id] += share
    return carried


def spread(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`amount` in shares proportional to `weights`, in whole cents that add up exactly."""
    whole, so_far, given = sum(weights, ZERO), ZERO, ZERO
    parts = []
    for weight in weights:
        so_far += weight
        parts.append(cents(amount * so_far / whole) - given)
        given += parts[-1]
    return parts


def quantity_and_rate(line: Line, gross: Decimal) -> tuple[Decimal, Decimal]:
    """Quantity and rate whose product is `gross` to the cent: the line's own price, else the fewest decimals that do, else one piece."""
    if not line.quantity:
        return Decimal(1), gross
    exact = gross / line.quantity
    tried = (line.net_price / line.base_quantity, *(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) for places in RATE_DECIMALS))
    for rate in tried:
        if rate == round(rate, RATE_DECIMALS[-1]) and cents(line.quantity * rate) == gross:
            return line.quantity, rate
    return Decimal(1), gross
