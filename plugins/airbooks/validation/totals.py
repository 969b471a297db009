"""The arithmetic of the totals (EN 16931, BR-CO-10 to BR-CO-16, BR-DEC), exact to the currency's minor unit."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from airbooks.canonical import Document
from airbooks.canonical.document import ZERO
from airbooks.canonical.money import minor_units
from airbooks.validation.facts import Facts
from airbooks.validation.rule import Breach, Parts, Rule, amount, fact_rule, rule

CORRECT = "Correct the document in the sales system and send it again."


@amount("BR-CO-10", field="line_total", says="sum of lines {stated} is not the {expected} that the lines add up to.", fix=CORRECT)
def sum_of_lines(document: Document) -> Decimal:
    return sum((line.net_amount for line in document.lines), ZERO)


@amount("BR-CO-11", field="allowance_total", says="sum of allowances {stated} is not the {expected} that they add up to.", fix=CORRECT)
def sum_of_allowances(document: Document) -> Decimal:
    return sum((each.amount for each in document.allowances_charges if not each.is_charge), ZERO)


@amount("BR-CO-12", field="charge_total", says="sum of charges {stated} is not the {expected} that they add up to.", fix=CORRECT)
def sum_of_charges(document: Document) -> Decimal:
    return sum((each.amount for each in document.allowances_charges if each.is_charge), ZERO)


@amount(
    "BR-CO-13",
    field="net_total",
    says="net total {stated} is not lines {line_total} - allowances {allowance_total} + charges {charge_total} = {expected}.",
    fix=CORRECT,
)
def net_is_lines_less_allowances_plus_charges(document: Document) -> Decimal:
    return document.line_total - document.allowance_total + document.charge_total


@amount("BR-CO-14", field="tax_total", says="tax total {stated} is not the {expected} that the tax breakdown adds up to.", fix=CORRECT)
def sum_of_tax(document: Document) -> Decimal:
    return sum((each.tax_amount for each in document.tax_breakdown), ZERO)


@amount(
    "BR-CO-15",
    field="gross_total",
    says="total with tax {stated} is not net {net_total} + tax {tax_total} = {expected}.",
    fix="Correct the total or the tax in the sales system and send the document again.",
)
def gross_is_net_plus_tax(document: Document) -> Decimal:
    return document.net_total + document.tax_total


@amount(
    "BR-CO-16",
    field="amount_due",
    says="amount due {stated} is not total {gross_total} - prepaid {prepaid_amount} + rounding {rounding_amount} = {expected}.",
    fix=CORRECT,
)
def due_is_gross_less_prepaid(document: Document) -> Decimal:
    return document.gross_total - document.prepaid_amount + document.rounding_amount


def has_minor_units(value: Decimal | None, currency: str) -> bool:
    """Whether an amount has no more decimals than its currency's smallest coin; zeros behind it do no harm."""
    if value is None:
        return True
    _, digits, exponent = value.as_tuple()
    excess = -minor_units(currency) - exponent if isinstance(exponent, int) else 0
    return excess <= 0 or not any(digits[-excess:])


def _decimals(code: str, field: str, called: str) -> Rule:
    @rule(code, field=field, says=f"{called} {{stated}} has more decimals than {{currency}} has.", fix=CORRECT)
    def minor_units_only(document: Document) -> bool:
        return has_minor_units(getattr(document, field), document.currency)

    return minor_units_only


def part_decimals(parts: Parts[Any], code: str, field: str, called: str) -> Rule:
    """The same for an amount of each line, tax subtotal, or allowance or charge."""

    @fact_rule(code, field=field, says=f"{called} {{stated}} has more decimals than {{currency}} has.", fix=CORRECT)
    def minor_units_only(document: Document, _: Facts) -> Iterable[Breach]:
        currency, found = document.currency, enumerate(parts.of(document))
        return [parts.breach(index, part) for index, part in found if not has_minor_units(getattr(part, field), currency)]

    return minor_units_only


DECIMALS = (
    _decimals("BR-DEC-09", "line_total", "sum of lines"),
    _decimals("BR-DEC-10", "allowance_total", "sum of allowances"),
    _decimals("BR-DEC-11", "charge_total", "sum of charges"),
    _decimals("BR-DEC-12", "net_total", "net total"),
    _decimals("BR-DEC-13", "tax_total", "tax total"),
    _decimals("BR-DEC-14", "gross_total", "total with tax"),
    _decimals("BR-DEC-16", "prepaid_amount", "prepaid amount"),
    _decimals("BR-DEC-17", "rounding_amount", "rounding amount"),
    _decimals("BR-DEC-18", "amount_due", "amount due"),
)

RULES = (
    sum_of_lines,
    sum_of_allowances,
    sum_of_charges,
    net_is_lines_less_allowances_plus_charges,
    sum_of_tax,
    gross_is_net_plus_tax,
    due_is_gross_less_prepaid,
    *DECIMALS,
)
