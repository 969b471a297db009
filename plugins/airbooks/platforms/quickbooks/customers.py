"""Which QuickBooks customer is ours: by our code in the display name, else by name and e-mail where only one fits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from airbooks.canonical import Party
from airbooks.platforms.quickbooks.mapping import CODE_LABEL, code_note, customer_suffix

Row = Mapping[str, Any]

_ANY_CODE = re.compile(r" \([^()]*\)$")


def with_our_code(rows: Iterable[Row], party: Party, currency: str, home: str) -> Row | None:
    """The customer that carries our code and has the currency; an active one before an inactive one."""
    suffixes = (f" {customer_suffix(party, currency, home)}", f" {customer_suffix(party, currency, currency)}")
    found = [row for row in rows if row["DisplayName"].endswith(suffixes) and currency_of(row, home) == currency]
    return min(found, key=lambda row: not row.get("Active", True), default=None)


def unambiguous(rows: Iterable[Row], party: Party, currency: str, home: str) -> Row | None:
    """The only active customer of this name and currency whose notes say our code; else the only one that carries nobody's code and has
    no other e-mail address than ours."""
    fitting = {row["Id"]: row for row in rows if _fits(row, party, currency, home)}
    ours = [row for row in fitting.values() if is_marked(row, party)] or list(fitting.values())
    return ours[0] if len(ours) == 1 else None


def is_marked(row: Row, party: Party) -> bool:
    return code_note(party) in _notes(row)


def marked_notes(row: Row, party: Party) -> str:
    """A customer's notes with our code: without it a namesake of another code would be taken for the same customer."""
    return "\n".join([*_notes(row), code_note(party)])


def _notes(row: Row) -> list[str]:
    return str(row.get("Notes") or "").splitlines()


def currency_of(row: Row, home: str) -> str:
    return str((row.get("CurrencyRef") or {}).get("value", home))


def _fits(row: Row, party: Party, currency: str, home: str) -> bool:
    if any(line.startswith(f"{CODE_LABEL}: ") for line in _notes(row)):
        return is_marked(row, party) and currency_of(row, home) == currency
    coded = row["DisplayName"] != party.name and _ANY_CODE.search(row["DisplayName"])
    address = (row.get("PrimaryEmailAddr") or {}).get("Address", "")
    other_address = address and party.contact.email and address.casefold() != party.contact.email.casefold()
    return not coded and not other_address and currency_of(row, home) == currency
