"""Totals for sources that have none: line amounts, tax breakdown and document totals after EN 16931, exact."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from airbooks.canonical import round_amount
from airbooks.canonical.document import ZERO

Body = dict[str, Any]


def with_totals(body: Body) -> Body:
    """The document's body with net amounts, tax breakdown and totals computed from quantities, prices and tax rates.

    A body without currency or lines is returned as it is: the canonical model will say what is missing.
    """
    currency, lines = body.get("currency"), body.get("lines")
    if not currency or not lines:
        return body
    priced = [{**line, "net_amount": net_amount(line, currency)} for line in lines]
    breakdown = tax_breakdown(priced, currency)
    net = total(line["net_amount"] for line in priced)
    tax = total(each["tax_amount"] for each in breakdown)
    totals = {"line_total": net, "net_total": net, "tax_total": tax, "gross_total": net + tax, "amount_due": net + tax}
    return {**body, **totals, "lines": priced, "tax_breakdown": breakdown}


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


def net_amount(line: Body, currency: str) -> Decimal:
    base = line.get("base_quantity", Decimal(1))
    return round_amount(line.get("quantity", Decimal(1)) * line.get("net_price", ZERO) / base, currency)


def tax_breakdown(lines: list[Body], currency: str) -> list[Body]:
    """One subtotal per category, rate and tax code, tax on the sum of the nets (BR-CO-17)."""
    bases: dict[tuple[str, Decimal, str], Decimal] = {}
    for line in lines:
        key = (line.get("tax_category", "S"), line.get("tax_rate", ZERO), line.get("tax_code", ""))
        bases[key] = bases.get(key, ZERO) + line["net_amount"]
    return [
        {
            "category": category,
            "rate": rate,
            "tax_code": code,
            "taxable_amount": base,
            "tax_amount": round_amount(base * rate / 100, currency),
        }
        for (category, rate, code), base in bases.items()
    ]
