"""Which KashFlow customer is ours: the one with our code, else the one of this name and e-mail address that has nobody's key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airbooks.canonical import Party

Row = Mapping[str, Any]


def same_name(rows: Iterable[Row], party: Party) -> list[str]:
    """The codes of the customers with exactly this name; the list's search finds parts of names, too."""
    return [str(row["Code"]) for row in rows if _plain(row.get("Name")) == _plain(party.name)]


def _plain(name: Any) -> str:
    """A name without regard to case and to how many blanks it has."""
    return " ".join(str(name).split()).casefold()


def fits(row: Row, party: Party) -> bool:
    """Whether a customer of this name was entered by hand for this party: its e-mail address, and no key of another customer of ours."""
    is_free = row.get("CustomerKey") in (None, "", party.code)
    addresses = {str(each.get("Email") or "").casefold() for each in row.get("Contacts") or ()}
    return is_free and not row.get("IsArchived") and party.contact.email.casefold() in addresses
