"""How much tax each tax code of a document bears: S/4HANA books what it is told, one tax item per code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, TaxCategory, TaxSubtotal, round_amount

ZERO = Decimal(0)
Key = tuple[str, TaxCategory, Decimal]


@dataclass(frozen=True, slots=True)
class Borne:
    """Net amount and tax of one of our tax codes, in the document's direction."""

    base: Decimal
    tax: Decimal


def signed(each: AllowanceCharge) -> Decimal:
    """What a charge or discount of the document adds to its net total."""
    return each.amount if each.is_charge else -each.amount


def key_of(each: Line | AllowanceCharge) -> Key:
    return each.tax_code, each.tax_category, each.tax_rate


def bases(document: Invoice | CreditNote) -> dict[Key, Decimal]:
    """The net amount of each tax code, category and rate, in the order in which they appear."""
    found: dict[Key, Decimal] = {}
    parts: list[tuple[Key, Decimal]] = [(key_of(line), line.net_amount) for line in document.amount_lines]
    parts += [(key_of(each), signed(each)) for each in document.allowances_charges]
    for key, amount in parts:
        found[key] = found.get(key, ZERO) + amount
    return found


def borne(document: Invoice | CreditNote) -> dict[Key, Borne]:
    """Base and tax of every key: the document's own breakdown, or the rounded tax where it names none."""
    there = bases(document)
    taxes = dict.fromkeys(there, ZERO)
    for subtotal in document.tax_breakdown or _computed(document, there):
        keys = [key for key in there if _covers(subtotal, key)]
        for key, amount in zip(keys, _shares(subtotal.tax_amount, [there[key] for key in keys], document.currency), strict=True):
            taxes[key] += amount
    return {key: Borne(base, taxes[key]) for key, base in there.items()}


def _computed(document: Invoice | CreditNote, there: Mapping[Key, Decimal]) -> Iterable[TaxSubtotal]:
    for (code, category, rate), base in there.items():
        tax = round_amount(base * rate / 100, document.currency)
        yield TaxSubtotal(category=category, rate=rate, taxable_amount=base, tax_amount=tax, tax_code=code)


def _covers(subtotal: TaxSubtotal, key: Key) -> bool:
    code, category, rate = key
    return (category, rate) == (subtotal.category, subtotal.rate) and subtotal.tax_code in ("", code)


def _shares(tax: Decimal, amounts: Sequence[Decimal], currency: str) -> list[Decimal]:
    """A tax over several net amounts, to the cent; the last one takes what is left."""
    total = sum(amounts, ZERO)
    shares = [round_amount(tax * amount / total, currency) if total else ZERO for amount in amounts[:-1]]
    return [*shares, tax - sum(shares, ZERO)] if amounts else []
