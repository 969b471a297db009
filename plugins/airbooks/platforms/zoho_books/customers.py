"""Which Zoho Books contact is ours: by our code in its name, else by name and e-mail where only one fits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from airbooks.canonical import Party
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.zoho_books.mapping import contact_body, contact_suffix
from airbooks.platforms.zoho_books.reading import Row, documented

if TYPE_CHECKING:
    from airbooks.platforms.zoho_books.hook import ZohoBooksHook

_ANY_CODE = re.compile(r" \([^()]*\)$")
TAKEN = "3062"  # another contact has this name


def find(hook: ZohoBooksHook, party: Party, currency: str, home: str) -> Row | None:
    """The contact of a customer in one currency. No filter finds a code of ours but the one by a part of the name."""
    code = contact_suffix(party, home, home).removesuffix(")")
    coded = with_our_code(contacts(hook, contact_name_contains=code), party, currency, home)
    return coded or unambiguous(contacts(hook, contact_name=party.name), party, currency)


def create(hook: ZohoBooksHook, party: Party, currency: str, currency_id: str, home: str) -> Row:
    """A new contact; where its name is taken, perhaps by an earlier try of ours, the one that has it."""
    try:
        reply = hook.write("POST", "contacts", contact_body(party, currency, currency_id, home))
    except PlatformError as error:
        found = find(hook, party, currency, home) if error.code == TAKEN else None
        if found is None:
            raise
        return found
    created: Row = documented(lambda: reply.json()["contact"])
    return created


def contacts(hook: ZohoBooksHook, **asked: str) -> list[Row]:
    return list(hook.rows("contacts", "contacts", contact_type="customer", filter_by="Status.All", **asked))


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
