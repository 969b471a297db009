"""Line amounts as FreshBooks can express them: qty x unit cost without a rest, one percentage for a whole invoice, or lowered lines."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line

Document = Invoice | CreditNote
CENT = Decimal("0.01")
ZERO = Decimal(0)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def fits(number: Decimal) -> bool:
    """Whether FreshBooks keeps the number whole: at most two decimals (more are UNVERIFIED)."""
    return number == cents(number)


def quantity_and_price(line: Line, amount: Decimal) -> tuple[Decimal, Decimal]:
    """qty and unit cost whose product is exactly `amount`, so that FreshBooks has nothing to round; else one piece at the amount."""
    if not line.quantity or not fits(line.quantity):
        return Decimal(1), amount
    for price in (line.net_price / line.base_quantity, amount / line.quantity):
        if fits(price) and line.quantity * price == amount:
            return line.quantity, price
    return Decimal(1), amount


def allowances(document: Document) -> list[AllowanceCharge]:
    return [each for each in document.allowances_charges if not each.is_charge]


def charges(document: Document) -> list[AllowanceCharge]:
    return [each for each in document.allowances_charges if each.is_charge]


def tax_key(each: Line | AllowanceCharge) -> tuple[str, Decimal]:
    return each.tax_code, each.tax_rate.normalize()


def discount_percent(document: Document) -> Decimal | None:
    """The percentage that is the invoice's one discount, where FreshBooks' own (over all lines alike) comes to the same amount."""
    given = allowances(document)
    alike = len({*map(tax_key, document.amount_lines), *map(tax_key, given)}) == 1
    if not isinstance(document, Invoice) or len(given) != 1 or charges(document) or not alike or document.line_total <= 0:
        return None
    percent = given[0].percent if given[0].percent is not None else given[0].amount * 100 / document.line_total
    right = fits(percent) and 0 < percent <= 100 and cents(document.line_total * percent / 100) == given[0].amount
    return percent if right else None


def bearing_lines(document: Document, allowance: AllowanceCharge) -> list[Line]:
    """The lines over which an allowance is spread: those taxed like it."""
    return [line for line in document.amount_lines if line.net_amount > 0 and tax_key(line) == tax_key(allowance)]


def shares(document: Document) -> dict[str, Decimal]:
    """What each line (by its id) carries of the allowances of the document that are no percentage of the whole."""
    carried = dict.fromkeys((line.line_id for line in document.amount_lines), ZERO)
    if discount_percent(document) is not None:
        return carried
    for allowance in allowances(document):
        lines = bearing_lines(document, allowance)
        for line, share in zip(lines, _portions(allowance.amount, [each.net_amount for each in lines]), strict=True):
            carried[line.line_id] += share
    return carried


def _portions(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`amount` in whole cents in proportion to `weights`: each line gets what is due up to it, less what the lines before it got."""
    whole, due = sum(weights, ZERO), ZERO
    portions: list[Decimal] = []
    for weight in weights:
        due += weight
        portions.append((amount * due / whole).quantize(CENT, ROUND_FLOOR) - sum(portions, ZERO))
    return portions
