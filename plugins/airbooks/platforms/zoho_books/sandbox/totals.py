"""Amounts as the server computes them: lines first, then tax per rate over the whole document (or line by line), then the header's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from airbooks.platforms.zoho_books.sandbox.answers import Row
from airbooks.platforms.zoho_books.sandbox.organisation import cents

ZERO, HUNDRED = Decimal(0), Decimal(100)


def discount_of(given: str | Decimal, base: Decimal) -> Decimal:
    """A discount in money: a number is an amount, text a percentage."""
    if isinstance(given, str):
        return cents(base * Decimal(given[:-1]) / HUNDRED)
    return given


def line_total(line: Row, *, item_level: bool) -> Decimal:
    gross = line["rate"] * line["quantity"]
    off = discount_of(line.get("discount", ZERO), gross) if item_level else ZERO
    return cents(gross - off)


def totals(row: Row, percentages: Mapping[str, Decimal], rounding: str) -> Row:
    """The amounts of a document whose lines have their `item_total`; `percentages` are the rates by tax id."""
    lines: list[Row] = row["line_items"]
    sub_total = sum((line["item_total"] for line in lines), ZERO)
    off = discount_of(row.get("discount", ZERO), sub_total) if row["discount_type"] == "entity_level" else ZERO
    share = off / sub_total if sub_total and row["is_discount_before_tax"] else ZERO
    taxable: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for position, line in enumerate(lines):
        taxable[line["tax_id"], position if rounding == "item_level" else 0] += line["item_total"] * (1 - share)
    shipping = row.get("shipping_charge", ZERO)
    if row.get("shipping_charge_tax_id"):
        taxable[row["shipping_charge_tax_id"], -1 if rounding == "item_level" else 0] += shipping
    inclusive = row["is_inclusive_tax"]
    taxes = {key: _tax(base, percentages[key[0]], inclusive=inclusive) for key, base in taxable.items()}
    tax_total = sum(taxes.values(), ZERO)
    total = sub_total - off + shipping + row.get("adjustment", ZERO) + (ZERO if inclusive else tax_total)
    return {"sub_total": sub_total, "discount_total": off, "tax_total": tax_total, "total": total, "shipping_charge": shipping}


def _tax(base: Decimal, percentage: Decimal, *, inclusive: bool) -> Decimal:
    return cents(base * percentage / (HUNDRED + percentage if inclusive else HUNDRED))
