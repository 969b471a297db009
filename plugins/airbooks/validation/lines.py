"""Lines, allowances and charges: their amounts, and what each must say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from airbooks.canonical import AllowanceCharge, Document, Line, LineKind, round_amount
from airbooks.canonical.document import ZERO
from airbooks.validation.facts import Facts
from airbooks.validation.rule import CHARGES, LINES, Breach, each_amount, each_rule, fact_rule
from airbooks.validation.totals import CORRECT, has_minor_units, part_decimals

HUNDRED = Decimal(100)


def _sells(line: Line) -> bool:
    return line.kind is not LineKind.COMMENT


@each_amount(
    LINES,
    "PEPPOL-EN16931-R120",
    field="net_amount",
    says="net amount {stated} is not quantity {quantity} x price {net_price}, with the line's allowances and charges: {expected}.",
    fix="Correct quantity, price or amount of the line in the sales system and send the document again.",
)
def line_net(line: Line, document: Document) -> Decimal | None:
    """BT-131, each part rounded on its own. Prices that include tax (with the line's allowances and charges) are freed of it at the end."""
    if not _sells(line):
        return None
    parts = sum((each.amount if each.is_charge else -each.amount for each in line.allowances_charges), ZERO)
    total = round_amount(line.quantity * line.net_price / line.base_quantity, document.currency) + parts
    if document.prices_include_tax:
        return round_amount(total * HUNDRED / (HUNDRED + line.tax_rate), document.currency)
    return total


@each_amount(
    CHARGES,
    "PEPPOL-EN16931-R040",
    field="amount",
    says="amount {stated} is not {percent} % of {base_amount} = {expected}.",
    fix=CORRECT,
)
def allowance_is_percent_of_base(each: AllowanceCharge, document: Document) -> Decimal | None:
    if each.percent is None or each.base_amount is None:
        return None
    return round_amount(each.base_amount * each.percent / HUNDRED, document.currency)


@fact_rule(
    "BR-21",
    field="line_id",
    says="the line number {stated} is empty or used twice.",
    fix="Give every line a number of its own in the sales system.",
)
def line_ids_are_unique(document: Document, _: Facts) -> Iterable[Breach]:
    if len({line.line_id for line in document.lines} - {""}) == len(document.lines):
        return ()
    uses = Counter(line.line_id for line in document.lines)
    found = enumerate(document.lines)
    return [LINES.breach(index, line) for index, line in found if not line.line_id or uses[line.line_id] > 1]


@each_rule(
    LINES, "BR-23", field="unit", says="the unit of measure is missing.", fix="Set the unit of item {item_code} in the sales system."
)
def unit_is_given(line: Line) -> bool:
    return bool(line.unit) or not _sells(line)


@each_rule(LINES, "BR-25", field="name", says="item {item_code} has no name.", fix="Enter a description of the line in the sales system.")
def item_name_is_given(line: Line) -> bool:
    return bool(line.name)


@each_rule(
    LINES,
    "BR-27",
    field="net_price",
    says="the price {stated} is negative.",
    fix="Enter a rebate as an allowance of the line or of the document, a return as a credit note.",
)
def price_is_not_negative(line: Line) -> bool:
    return line.net_price >= 0


@each_rule(
    LINES,
    "BR-28",
    field="gross_price",
    says="the price before discount {stated} is negative.",
    fix="Enter a rebate as an allowance of the line or of the document, a return as a credit note.",
)
def gross_price_is_not_negative(line: Line) -> bool:
    return line.gross_price is None or line.gross_price >= 0


@each_rule(
    LINES,
    "PEPPOL-EN16931-R046",
    field="net_price",
    says="the price {stated} is not the price before discount {gross_price} less the discount {price_discount}.",
    fix=CORRECT,
)
def net_price_is_gross_less_discount(line: Line) -> bool:
    if line.gross_price is None:
        return True
    return line.net_price == line.gross_price - (line.price_discount or ZERO)


@each_rule(
    LINES,
    "AB-ZERO-PRICE",
    field="net_price",
    says="{quantity} x {name} has no price.",
    fix="Enter the price in the sales system; if the goods are free, waive this rule with a reason.",
)
def sold_goods_have_a_price(line: Line) -> bool:
    return bool(line.net_price) or not line.quantity or not _sells(line)


@each_rule(
    LINES,
    "AB-COMMENT",
    field="net_amount",
    says="a comment bears the amount {stated}, which no platform would book.",
    fix="Make it a line of an item or service in the sales system.",
)
def comments_bear_no_amount(line: Line) -> bool:
    return _sells(line) or not line.net_amount


@each_rule(CHARGES, "BR-33", field="reason", says="no reason is given for {amount}.", fix="Enter the reason of the discount or charge.")
def allowance_has_a_reason(each: AllowanceCharge) -> bool:
    """BR-33 for allowances, BR-38 for charges."""
    return bool(each.reason or each.reason_code)


@fact_rule(
    "BR-DEC-24",
    field="amount",
    says="the discount or charge {stated} has more decimals than {currency} has.",
    fix=CORRECT,
)
def line_allowances_have_minor_units(document: Document, _: Facts) -> Iterable[Breach]:
    """BR-DEC-24 for allowances of a line, BR-DEC-27 for charges."""
    for index, line in enumerate(document.lines):
        where = LINES.breach(index, line)
        for position, each in enumerate(line.allowances_charges):
            if not has_minor_units(each.amount, document.currency):
                yield Breach(each, path=f"{where.path}allowances_charges[{position}].", called=where.called)


RULES = (
    line_net,
    allowance_is_percent_of_base,
    line_ids_are_unique,
    unit_is_given,
    item_name_is_given,
    price_is_not_negative,
    gross_price_is_not_negative,
    net_price_is_gross_less_discount,
    sold_goods_have_a_price,
    comments_bear_no_amount,
    allowance_has_a_reason,
    line_allowances_have_minor_units,
    part_decimals(LINES, "BR-DEC-23", "net_amount", "net amount"),
    part_decimals(CHARGES, "BR-DEC-01", "amount", "amount"),
)
