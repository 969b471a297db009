"""What a document's tax rows are: one per tax code, from the tax breakdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from airbooks.canonical import CreditNote, Invoice, TaxCategory, TaxSubtotal, round_amount

Document = Invoice | CreditNote
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A line, discount or charge as the tax sees it: `net` as it adds to the document's net total."""

    code: str
    category: TaxCategory
    rate: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class Share:
    """The tax of one code, on the positive side of the document."""

    code: str
    rate: Decimal
    base: Decimal
    tax: Decimal


def bearers(document: Document) -> Iterator[Bearer]:
    for line in document.amount_lines:
        yield Bearer(line.tax_code, line.tax_category, line.tax_rate, line.net_amount)
    for each in document.allowances_charges:
        yield Bearer(each.tax_code, each.tax_category, each.tax_rate, each.amount if each.is_charge else -each.amount)


def shares(document: Document) -> list[Share]:
    """The tax by code. A subtotal that several codes make up is shared out by their bases, to the last penny."""
    found: list[Share] = []
    for subtotal in document.tax_breakdown:
        found += _shared_out(subtotal, _bases(subtotal, bearers(document)), document.currency)
    return found


def _bases(subtotal: TaxSubtotal, all_bearers: Iterable[Bearer]) -> dict[str, Decimal]:
    bases: dict[str, Decimal] = {}
    for each in all_bearers:
        same = (each.category, each.rate) == (subtotal.category, subtotal.rate)
        if same and subtotal.tax_code in ("", each.code):
            bases[each.code] = bases.get(each.code, ZERO) + each.net
    return bases


def _shared_out(subtotal: TaxSubtotal, bases: dict[str, Decimal], currency: str) -> Iterator[Share]:
    total = sum(bases.values(), ZERO)
    seen = given = ZERO
    for position, (code, base) in enumerate(bases.items(), start=1):
        seen += base
        is_last = position == len(bases) or not total
        upto = subtotal.tax_amount if is_last else round_amount(subtotal.tax_amount * seen / total, currency)
        yield Share(code, subtotal.rate, base, upto - given)
        given = upto
