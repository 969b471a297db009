"""Which QuickFile client is ours: by our code in the account reference, else by name and e-mail where only one fits.

A client that is taken over gets no mark of ours (no documented method changes a client), so a name alone is not enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airbooks.canonical import Party

Row = Mapping[str, Any]


def page_of_clients(**filters: str) -> dict[str, Any]:
    """SearchParameters of `client/search`, the four required ones first; filters match parts of a text."""
    wanted = {name: value for name, value in filters.items() if value}
    return {"OrderResultsBy": "CompanyName", "OrderDirection": "ASC", **wanted}


def code_of(row: Row) -> str:
    return str(row.get("AccountReference") or "")


def with_our_code(rows: Iterable[Row], party: Party) -> Row | None:
    """The client whose account reference is our code, exactly."""
    return next((row for row in rows if code_of(row) == party.code), None)


def unambiguous(rows: Iterable[Row], party: Party) -> Row | None:
    """The only client of exactly this name that carries nobody's code."""
    fitting = [row for row in rows if row["CompanyName"].casefold() == party.name.casefold() and not code_of(row)]
    return fitting[0] if len(fitting) == 1 else None
