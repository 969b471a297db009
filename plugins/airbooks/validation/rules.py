"""All rules, in the order in which people read their findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Context, Decimal, localcontext
from itertools import chain

from airbooks.canonical import Document, Finding
from airbooks.validation import document as whole
from airbooks.validation import lines, surroundings, taxes, totals
from airbooks.validation.facts import Facts
from airbooks.validation.rule import LINES, Breach, Rule, fact_rule

RULES: tuple[Rule, ...] = (*whole.RULES, *lines.RULES, *taxes.RULES, *totals.RULES, *surroundings.RULES)
OF_CANCELLED = (surroundings.its_period_is_not_locked,)  # nothing of such a document will be posted, but what was posted is taken back

EXACT = Context(prec=76)  # more than any sum of products of numbers within LARGEST and FINEST needs
LARGEST, FINEST = 18, 14  # digits before and behind the point
TOTALS = (
    "line_total",
    "allowance_total",
    "charge_total",
    "net_total",
    "tax_total",
    "gross_total",
    "prepaid_amount",
    "rounding_amount",
    "withholding_tax",
    "amount_due",
)


def _is_sane(value: Decimal | None) -> bool:
    if not value:
        return True
    exponent = value.as_tuple().exponent
    return value.adjusted() < LARGEST and isinstance(exponent, int) and exponent >= -FINEST


@fact_rule(
    "AB-RANGE",
    field="",
    says=f"a number has more than {LARGEST} digits before the point or {FINEST} behind it.",
    fix="Correct it in the sales system: it cannot be an amount, a price, a quantity or a rate.",
)
def numbers_are_sane(document: Document, _: Facts) -> Iterable[Breach]:
    """Numbers beyond that are typing or transport errors, and the other rules could not compute with them exactly."""
    for name in TOTALS:
        if not _is_sane(getattr(document, name)):
            yield Breach(document, path=name, words={"stated": getattr(document, name)})
    for index, line in enumerate(document.lines):
        if not all(map(_is_sane, (line.quantity, line.net_price, line.base_quantity, line.net_amount, line.tax_rate))):
            yield LINES.breach(index, line)
    parts = chain(document.allowances_charges, *(line.allowances_charges for line in document.lines))
    if not all(_is_sane(number) for each in parts for number in (each.amount, each.base_amount, each.percent, each.tax_rate)):
        yield Breach(document, path="allowances_charges")
    if not all(_is_sane(number) for each in document.tax_breakdown for number in (each.taxable_amount, each.tax_amount, each.rate)):
        yield Breach(document, path="tax_breakdown")


def _findings(document: Document, facts: Facts) -> Iterator[Finding]:
    absurd = [] if document.cancelled else list(numbers_are_sane.findings(document, facts))
    if absurd:
        yield from absurd
        return
    for each in OF_CANCELLED if document.cancelled else RULES:
        if each.code not in facts.waived:
            yield from each.findings(document, facts)


def validate(document: Document, facts: Facts) -> tuple[Finding, ...]:
    """Everything that is wrong with a document; empty when it can go on. Waived rules are left out; arithmetic is exact.

    Of a cancelled document only what keeps it from being taken back is wrong.
    """
    with localcontext(EXACT):
        return tuple(_findings(document, facts))
