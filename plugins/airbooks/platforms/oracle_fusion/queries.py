"""Query strings of collections: q (conditions joined by `;`, values in quotes) and finders."""

from __future__ import annotations

from datetime import datetime

from airbooks.platforms.oracle_fusion.mapping import INVOICES


def where(*conditions: tuple[str, str, str]) -> str:
    """(attribute, operator, value) as a `q`. A quote cannot stand in a value: Oracle documents no way to write one."""
    return ";".join(f'{name}{operator}"{value.replace(chr(34), "")}"' for name, operator, value in conditions)


def by_number(resource: str, number: str, business_unit: str, search: str) -> dict[str, str]:
    """Transactions with a number in a business unit, by the way that the connection names."""
    if search == "finder" and resource == INVOICES:
        # A comma or semicolon would end the value; the source tells business units apart as well.
        unit = "" if {",", ";"} & set(business_unit) else f",BusinessUnit={business_unit}"
        return {"finder": f"invoiceSearch;TransactionNumber={number}{unit}"}
    return {"q": where(("TransactionNumber", "=", number), ("BusinessUnit", "=", business_unit))}


def receipts_since(attribute: str, moment: datetime, business_unit: str) -> dict[str, str]:
    return {"q": where((attribute, ">=", moment.isoformat()), ("BusinessUnit", "=", business_unit)), "orderBy": attribute}
