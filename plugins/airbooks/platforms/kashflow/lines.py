"""Line amounts as KashFlow wants them: Quantity x Rate exactly the net amount, and VAT amounts that add up to the document's tax."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, TaxCategory

CENT = Decimal("0.01")
FOUR = Decimal("0.0001")

Document = Invoice | CreditNote
Bearer = Line | AllowanceCharge
TaxKey = tuple[TaxCategory, Decimal]


def sign(document: Document) -> int:
    """A credit note is an invoice below zero."""
    return -1 if isinstance(document, CreditNote) else 1


def quantity_and_rate(line: Line) -> tuple[Decimal, Decimal]:
    """Quantity and net Rate (four decimals each) whose product is the line's net amount exactly, discounts and charges included.

    KashFlow adds up the products as they are. Where no rate fits (or the quantity is zero), one piece at the whole amount.
    """
    amount, quantity = line.net_amount, line.quantity
    if quantity and quantity == quantity.quantize(FOUR):
        rate = (amount / quantity).quantize(FOUR, ROUND_HALF_UP)
        if quantity * rate == amount:
            return quantity, rate
    return Decimal(1), amount


def is_whole(line: Line) -> bool:
    """Whether the line is booked as one piece at its whole amount."""
    return quantity_and_rate(line)[0] != line.quantity


def bearers(document: Document) -> list[Bearer]:
    """Everything in a document that has an amount and a tax."""
    return [*document.amount_lines, *document.allowances_charges]


def net_of(bearer: Bearer) -> Decimal:
    """What it adds to the document's net total."""
    if isinstance(bearer, Line):
        return bearer.net_amount
    return bearer.amount if bearer.is_charge else -bearer.amount


def tax_key(bearer: Bearer) -> TaxKey:
    return bearer.tax_category, bearer.tax_rate


def tax_by_key(document: Document) -> dict[TaxKey, Decimal]:
    """The tax of each category and rate, from the document's own breakdown."""
    found: dict[TaxKey, Decimal] = defaultdict(Decimal)
    for each in document.tax_breakdown:
        found[each.category, each.rate] += each.tax_amount
    return dict(found)


def vat_amounts(document: Document) -> list[Decimal]:
    """The VAT amount of every bearer, in their order.

    Rounding line by line would not always give the document's tax: each rate's tax is spread over its lines, in whole cents.
    """
    all_bearers = bearers(document)
    parts = [Decimal(0)] * len(all_bearers)
    for key, tax in tax_by_key(document).items():
        places = [place for place, each in enumerate(all_bearers) if tax_key(each) == key]
        exact = [net_of(all_bearers[place]) * key[1] / 100 for place in places]
        for place, part in zip(places, spread(tax, exact), strict=True):
            parts[place] = part
    return parts


def spread(total: Decimal, exact: list[Decimal]) -> list[Decimal]:
    """The exact amounts in whole cents that add up to `total`; the largest remainders get the odd cents first."""
    parts = [each.quantize(CENT, ROUND_FLOOR) for each in exact]
    order = sorted(range(len(parts)), key=lambda place: exact[place] - parts[place], reverse=True)
    odd = int((total - sum(parts, Decimal(0))) / CENT)
    for position, place in enumerate(order):
        more = odd // len(order) + (1 if position < odd % len(order) else 0)
        parts[place] += more * CENT
    return parts
