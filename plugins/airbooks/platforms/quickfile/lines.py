"""Line amounts as QuickFile wants them: Qty x UnitCost to the cent, and the VAT of each line so that the document's comes out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, LineKind

CENT = Decimal("0.01")
PRICE_DECIMALS = range(2, 6)
Key = TypeVar("Key")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def quantity_and_price(line: Line) -> tuple[Decimal, Decimal]:
    """Qty and UnitCost whose product is the line's net amount to the cent: its own price, else the fewest decimals that do.

    Where no price of five decimals fits (or the quantity is zero), one piece at the whole amount.
    """
    price = line.net_price / line.base_quantity
    if cents(line.quantity * price) == line.net_amount and price == round(price, PRICE_DECIMALS[-1]):
        return line.quantity, price
    if line.quantity:
        for decimals in PRICE_DECIMALS:
            price = (line.net_amount / line.quantity).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
            if cents(line.quantity * price) == line.net_amount:
                return line.quantity, price
    return Decimal(1), line.net_amount


def signed(bearer: Line | AllowanceCharge) -> Decimal:
    """What a line, charge or (below zero) allowance adds to the net total."""
    if isinstance(bearer, Line):
        return bearer.net_amount
    return bearer.amount if bearer.is_charge else -bearer.amount


def bearers(document: Invoice | CreditNote) -> list[Line | AllowanceCharge]:
    """Everything in a document that becomes a line: its own lines, then charges and allowances of the whole."""
    return [*document.amount_lines, *document.allowances_charges]


def line_taxes(document: Invoice | CreditNote) -> list[Decimal]:
    """The VAT of each bearer, in their order: by its rate, the odd cents of each subtotal on its largest bearer."""
    wanted: dict[tuple[str, Decimal], Decimal] = defaultdict(Decimal)
    for subtotal in document.tax_breakdown:
        wanted[subtotal.category, subtotal.rate] += subtotal.tax_amount
    rows = [((each.tax_category, each.tax_rate), signed(each), each.tax_rate) for each in bearers(document)]
    return taxes(rows, wanted)


def taxes(rows: Sequence[tuple[Key, Decimal, Decimal]], wanted: Mapping[Key, Decimal]) -> list[Decimal]:
    """The VAT of each row (group, net, per cent) such that each group's sum is `wanted`, where that is given."""
    found = [cents(net * rate / 100) for _, net, rate in rows]
    for group, total in wanted.items():
        members = [i for i, (key, _, rate) in enumerate(rows) if key == group and rate]
        if members:
            largest = max(members, key=lambda i: abs(rows[i][1]))
            found[largest] += total - sum((found[i] for i in members), Decimal(0))
    return found


def with_comments(lines: Iterable[Line]) -> list[tuple[Line, list[Line]]]:
    """Each line that carries an amount, with the comments that follow it (the first one also with those before it)."""
    found: list[tuple[Line, list[Line]]] = []
    early: list[Line] = []
    for line in lines:
        if line.kind is not LineKind.COMMENT:
            found.append((line, []))
        elif found:
            found[-1][1].append(line)
        else:
            early.append(line)
    if found:
        found[0][1][:0] = early
    return found
