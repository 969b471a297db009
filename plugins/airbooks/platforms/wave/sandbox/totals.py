"""What Wave computes itself: line amounts, the one discount, taxes, what is paid and due, and the status that follows from them.

That a discount lowers the tax base, and that a tax is rounded once per invoice and not per line, is UNVERIFIED; `rules` turns both round.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from airbooks.platforms.wave.sandbox.business import exponent
from airbooks.platforms.wave.sandbox.schema import rounded
from airbooks.sandbox.kit import Row

ZERO = Decimal(0)


@dataclass(frozen=True)
class Rules:
    """What is not settled about Wave's arithmetic."""

    tax_after_discount: bool = True
    tax_per_line: bool = False
    extra_tax: Decimal = ZERO


def with_totals(invoice: Row, taxes: Mapping[str, Row], rules: Rules) -> Row:
    """The invoice with its amounts: each line's, subtotal, discount, tax, total."""
    decimals = exponent(invoice["currency"])
    items = [{**item, "subtotal": rounded(item["quantity"] * item["unitPrice"], decimals)} for item in invoice["items"]]
    subtotal = sum((item["subtotal"] for item in items), ZERO)
    discount = sum((_discount(each, subtotal, decimals) for each in invoice["discounts"]), ZERO)
    share = (subtotal - discount, subtotal) if subtotal and rules.tax_after_discount else (Decimal(1), Decimal(1))
    for item in items:
        base = item["subtotal"] * share[0] / share[1]
        item["taxAmounts"] = line_taxes(base, [taxes[each] for each in item["taxes"]])
    tax = _sum_of_taxes(items, decimals, per_line=rules.tax_per_line) + rules.extra_tax
    amounts = {"subtotal": subtotal, "discountTotal": discount, "taxTotal": tax, "total": subtotal - discount + tax}
    return {**invoice, "items": items, **amounts}


def _discount(discount: Row, subtotal: Decimal, decimals: int) -> Decimal:
    if discount["discountType"] == "FIXED":
        return rounded(discount["amount"], decimals)
    return rounded(subtotal * discount["percentage"] / 100, decimals)


def line_taxes(base: Decimal, taxes: Iterable[Row]) -> dict[str, Decimal]:
    """Each tax on a line, not rounded; a compound tax is computed on the amount and the other taxes."""
    plain = {tax["id"]: base * tax["rate"] for tax in taxes if not tax["isCompound"]}
    stacked = base + sum(plain.values(), ZERO)
    return {**plain, **{tax["id"]: stacked * tax["rate"] for tax in taxes if tax["isCompound"]}}


def _sum_of_taxes(items: Iterable[Row], decimals: int, *, per_line: bool) -> Decimal:
    sums: dict[str, Decimal] = {}
    for item in items:
        for tax, amount in item["taxAmounts"].items():
            sums[tax] = sums.get(tax, ZERO) + (rounded(amount, decimals) if per_line else amount)
    return sum((rounded(amount, decimals) for amount in sums.values()), ZERO)


def paid(payments: Iterable[Row]) -> Decimal:
    return sum((each["amount"] for each in payments), ZERO)


def status(invoice: Row, amount_paid: Decimal, today: date) -> str:
    """The status as it is read: it follows from what is paid and due."""
    if invoice["state"] == "DRAFT":
        return "DRAFT"
    due = invoice["total"] - amount_paid
    if amount_paid and due <= 0:
        return "PAID" if due == 0 else "OVERPAID"
    if due > 0 and invoice["dueDate"] < today:
        return "OVERDUE"
    return "PARTIAL" if amount_paid else str(invoice["state"])
