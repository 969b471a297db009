"""A line's amount as Odoo's quantity, unit price and discount percent, so that the server's own arithmetic gives exactly our net amount.

Odoo adds up unrounded line amounts and rounds once (tax_calculation_rounding_method round_globally), while a canonical document adds up
rounded lines. The two agree to the cent only when every quantity x price x (1 - discount) is a whole cent; where it is not, the price is
restated as net amount / quantity, which 19 keeps unrounded (18 and older round prices to two decimals, from memory).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

from airbooks.canonical import Line
from airbooks.platforms.odoo.spec import FIRST_JSON2

HUNDRED = Decimal(100)
DISCOUNT_DIGITS = Decimal("0.01")  # Odoo rounds the percent to two decimals
NOTHING = Decimal("0.00001")  # far below what a thousand lines could add up to a cent
RESTATED_DIGITS = Decimal("1e-12")
PRICE_DIGITS = Decimal("0.01")  # before 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Quantity, price and discount percent, as Odoo multiplies them."""

    quantity: Decimal
    unit_price: Decimal
    discount: Decimal = Decimal(0)

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.unit_price * (1 - self.discount / HUNDRED)


def price_of(line: Line, version: int = FIRST_JSON2) -> Price:
    """The price nearest to the document's own form: list price and percent, net price, else what the net amount implies."""
    listed = (line.gross_price if line.gross_price is not None else line.net_price) / line.base_quantity
    net = line.net_price / line.base_quantity
    for candidate in (_discounted(line, listed), _discounted(line, net), Price(quantity=line.quantity, unit_price=net)):
        if candidate is not None and candidate.amount == line.net_amount:
            return candidate
    return _restated(line, version)


def _discounted(line: Line, listed: Decimal) -> Price | None:
    """The list price with the percent that leads to the net amount, where that percent has two decimals."""
    full = line.quantity * listed
    is_reduced = line.gross_price is not None or bool(line.allowances_charges)
    if not full or not is_reduced or not Decimal(0) <= line.net_amount / full <= 1:
        return None
    percent = ((1 - line.net_amount / full) * HUNDRED).quantize(DISCOUNT_DIGITS)
    return Price(quantity=line.quantity, unit_price=listed, discount=percent or Decimal(0))


def _restated(line: Line, version: int) -> Price:
    if not line.quantity:
        return Price(quantity=line.quantity, unit_price=line.net_price / line.base_quantity)
    exact = line.net_amount / line.quantity
    if version < FIRST_JSON2:
        return Price(quantity=line.quantity, unit_price=exact.quantize(PRICE_DIGITS, ROUND_HALF_UP))
    # Rounded away from zero, so that a tax of exactly half a cent does not fall just below it.
    return Price(quantity=line.quantity, unit_price=exact.quantize(RESTATED_DIGITS, ROUND_UP))


def is_exact(line: Line, version: int) -> bool:
    """Whether Odoo's arithmetic gives the line's net amount."""
    return abs(price_of(line, version).amount - line.net_amount) < NOTHING
