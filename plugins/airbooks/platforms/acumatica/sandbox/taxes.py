"""Tax is computed: the taxes that a document's zone and a row's category have in common, each on the sum of its rows."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.acumatica.sandbox.answers import Row
from airbooks.platforms.acumatica.sandbox.company import CENT, Company, cents


def applicable(company: Company, zone: str, category: str) -> list[str]:
    in_zone = company.known("TaxZone", zone) if zone else None
    listed = company.known("TaxCategory", category) if category else None
    if in_zone is None or listed is None:
        return []
    named = {each["TaxID"] for each in listed["Details"]}
    zone_taxes = [each["TaxID"] for each in in_zone["ApplicableTaxes"]]
    return [tax for tax in zone_taxes if (tax in named) is not bool(listed.get("ExcludeListedTaxes"))]


def rate(company: Company, tax: str) -> Decimal:
    row = company.known("Tax", tax)
    return Decimal(0) if row is None else max(row["TaxSchedule"], key=lambda each: each["StartDate"])["TaxRate"]


def compute(company: Company, row: Row, zone: str) -> None:
    """Totals and tax rows of a document; with prices that include tax the tax is taken out of them."""
    bases: dict[str, Decimal] = {}
    for line in row["Details"]:
        for tax in applicable(company, zone, line.get("TaxCategory") or ""):
            bases[tax] = bases.get(tax, Decimal(0)) + line["Amount"]
    gross = row.get("TaxCalcMode") == "Gross"
    row["TaxDetails"] = [_tax_row(tax, base, rate(company, tax), gross=gross) for tax, base in bases.items()]
    if row["TaxDetails"] and company.struck("wrong_tax") is not None:
        row["TaxDetails"][0]["TaxAmount"] += CENT
    row["DetailTotal"] = sum((line["Amount"] for line in row["Details"]), Decimal(0))
    row["TaxTotal"] = sum((each["TaxAmount"] for each in row["TaxDetails"]), Decimal(0))
    row["Amount"] = row["Balance"] = row["DetailTotal"] + (Decimal(0) if gross else row["TaxTotal"])


def _tax_row(tax: str, base: Decimal, percent: Decimal, *, gross: bool) -> Row:
    amount = cents(base * percent / (100 + percent)) if gross else cents(base * percent / 100)
    return {"TaxID": tax, "TaxableAmount": base - amount if gross else base, "TaxAmount": amount, "TaxRate": percent}
