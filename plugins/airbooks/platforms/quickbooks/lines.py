"""Line amounts as QuickBooks wants them: Amount = Qty x UnitPrice to the cent, and document discounts on the lines they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line

CENT = Decimal("0.01")
PRICE_DECIMALS = range(2, 8)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def tax_key(code: str, rate: Decimal, *, per_line: bool) -> str:
    """What decides how an amount is taxed: our tax code; in the US, where a line is TAX or NON, all untaxed codes are one."""
    return code if per_line or rate else ""


def quantity_and_price(line: Line, amount: Decimal) -> tuple[Decimal, Decimal]:
    """Qty and UnitPrice whose product is `amount` to the cent: the line's own price, else the fewest decimals that do.

    Where no price of seven decimals fits (or the quantity is zero), one piece at the whole amount.
    """
    price = line.net_price / line.base_quantity
    if cents(line.quantity * price) == amount and price == round(price, PRICE_DECIMALS[-1]):
        return line.quantity, price
    if line.quantity:
        for decimals in PRICE_DECIMALS:
            price = (amount / line.quantity).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
            if cents(line.quantity * price) == amount:
                return line.quantity, price
    return Decimal(1), amount


def allowances(document: Invoice | CreditNote) -> list[AllowanceCharge]:
    return [each for each in document.allowances_charges if not each.is_charge]


def charges(document: Invoice | CreditNote) -> list[AllowanceCharge]:
    return [each for each in document.allowances_charges if each.is_charge]


def bearers(document: Invoice | CreditNote) -> list[Line | AllowanceCharge]:
    """Everything in a document that has a tax code."""
    return [*document.amount_lines, *document.allowances_charges]


def is_taxed_alike(document: Invoice | CreditNote, *, per_line: bool) -> bool:
    """Whether lines, charges and allowances all share one tax treatment: then one discount line says it all."""
    return len({tax_key(each.tax_code, each.tax_rate, per_line=per_line) for each in bearers(document)}) == 1


def shares(document: Invoice | CreditNote, *, per_line: bool) -> dict[str, Decimal]:
    """What each line (by its id) carries of the document's allowances, when they cannot stand in one discount line.

    Each allowance is spread over the lines of its own tax treatment, in proportion and to the cent.
    """
    carried = dict.fromkeys((line.line_id for line in document.amount_lines), Decimal(0))
    if is_taxed_alike(document, per_line=per_line):
        return carried
    for allowance in allowances(document):
        lines = bearing_lines(document, allowance, per_line=per_line)
        for line, share in zip(lines, spread(allowance.amount, [each.net_amount for each in lines]), strict=True):
            carried[line.line_id] += share
    return carried


def bearing_lines(document: Invoice | CreditNote, allowance: AllowanceCharge, *, per_line: bool) -> list[Line]:
    """The lines over which an allowance is spread."""
    wanted = tax_key(allowance.tax_code, allowance.tax_rate, per_line=per_line)
    return [
        line for line in document.amount_lines if line.net_amount > 0 and tax_key(line.tax_code, line.tax_rate, per_line=per_line) == wanted
    ]


def spread(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`amount` in shares proportional to `weights`, in whole cents that add up exactly; largest remainders get the odd cents."""
    total = sum(weights, Decimal(0))
    exact = [amount * weight / total for weight in weights]
    parts = [each.quantize(CENT, ROUND_DOWN) for each in exact]
    odd = int((amount - sum(parts, Decimal(0))) / CENT)
    by_remainder = sorted(range(len(parts)), key=lambda i: exact[i] - parts[i], reverse=True)
    for i in by_remainder[:odd]:
        parts[i] += CENT
    return parts
