"""The SELECTs that the connector asks (QuickBooks query language: AND, IN, LIKE; no OR, no joins; at most 1000 rows a page)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from airbooks.canonical import Party
from airbooks.platforms.quickbooks.mapping import customer_suffix

MOST = 1000
WITH_INACTIVE = "Active in (true, false)"


def quoted(value: str) -> str:
    """A text literal; a quote and a backslash inside are escaped with a backslash."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def select(entity: str, where: str = "", *, order: str = "", start: int = 1, limit: int = MOST) -> str:
    """One page of the rows of an entity; `where` and `order` are parts of the language, their values already quoted."""
    parts = (
        f"select * from {entity}",  # noqa: S608 not SQL: the vendor's query language
        f"where {where}" if where else "",
        f"orderby {order}" if order else "",
        f"startposition {start} maxresults {limit}",
    )
    return " ".join(part for part in parts if part)


def is_one_of(field: str, values: Iterable[str]) -> str:
    literals = [quoted(value) for value in values]
    return f"{field} = {literals[0]}" if len(literals) == 1 else f"{field} in ({', '.join(literals)})"


def customers_with_code(party: Party) -> str:
    """All customers that carry our code, in any currency, inactive ones too (their names are taken as well)."""
    start = customer_suffix(party, "", "").removesuffix(")")
    return f"DisplayName like {quoted(f'%{start}%')} and {WITH_INACTIVE}"


def customers_named(party: Party) -> tuple[str, ...]:
    return tuple(f"{field} = {quoted(party.name)}" for field in ("DisplayName", "CompanyName"))


def changed_since(moment: datetime) -> str:
    return f"MetaData.LastUpdatedTime >= {quoted(moment.isoformat(timespec='seconds'))}"


def payments_of(customer_id: str, day: date) -> str:
    """Payments have no number: they are found by customer and date, and told apart by what stands in them."""
    return f"CustomerRef = {quoted(customer_id)} and TxnDate = {quoted(day.isoformat())}"
