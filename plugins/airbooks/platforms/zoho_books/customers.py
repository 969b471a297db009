"""Which Zoho Books contact is ours: by our code in its name, else by name and e-mail where only one fits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from airbooks.canonical import Party
from airbooks.platforms.zoho_books.mapping import contact_suffix

Row = Mapping[str, Any]

_ANY_CODE = re.compile(r" \([^()]*\)$")


def with_our_code(rows: Iterable[Row], party: Party, currency: str, home: str) -> Row | None:
    """The contact that carries our code and has the currency; an active one before an inactive one."""
    endings = (f" {contact_suffix(party, currency, home)}", f" {contact_suffix(party, currency, currency)}")
    found = [row for row in rows if row["contact_name"].endswith(endings) and row["currency_code"] == currency]
    return min(found, key=lambda row: not is_active(row), default=None)


def unambiguous(rows: Iterable[Row], party: Party, currency: str) -> Row | None:
    """The only active contact of exactly this name and currency that has no other e-mail address than ours."""
    fitting = [row for row in rows if _fits(row, party, currency)]
    return fitting[0] if len(fitting) == 1 else None


def is_active(row: Row) -> bool:
    return bool(row.get("status", "active") == "active")


def _fits(row: Row, party: Party, currency: str) -> bool:
    name = row["contact_name"]
    same_name = party.name.casefold() in (name.casefold(), str(row.get("company_name") or "").casefold())
    coded = _ANY_CODE.search(name) and name.casefold() != party.name.casefold()
    theirs = str(row.get("email") or "")
    other_address = theirs and party.contact.email and theirs.casefold() != party.contact.email.casefold()
    return bool(same_name and not coded and not other_address and is_active(row) and row["currency_code"] == currency)
