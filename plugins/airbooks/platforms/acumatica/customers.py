"""Customers: found by our code, else the only one of this name that nobody's code claims, else made."""

from __future__ import annotations

from collections.abc import Mapping

from airbooks.canonical import Party
from airbooks.platforms.acumatica import texts
from airbooks.platforms.acumatica.client import INSERT_ONLY, UPDATE_ONLY, Site, quoted, understood
from airbooks.platforms.acumatica.mapping import customer_body
from airbooks.platforms.acumatica.reading import adoptable
from airbooks.platforms.acumatica.spec import EXISTS
from airbooks.platforms.acumatica.wrapped import Row, fields, text
from airbooks.platforms.errors import PlatformError

EXPAND = ("MainContact",)


def ensure(site: Site, party: Party, currency: str, settings: Mapping[str, str]) -> str:
    """The customer's id (capitals, as Acumatica keeps it)."""
    found = _known(site, party) or _adopted(site, party)
    return understood(lambda: _id(found if found is not None else _made(site, party, currency, settings)))


def _id(row: Row) -> str:
    found = text(row, "CustomerID")
    if not found:
        raise KeyError("CustomerID")
    return found


def _known(site: Site, party: Party) -> Row | None:
    where = f"AccountRef eq {quoted(party.code)} or CustomerID eq {quoted(party.code.upper())}"
    rows = list(site.rows("Customer", where, expand=EXPAND))
    ours = [row for row in rows if text(row, "AccountRef") == party.code]
    free = [row for row in rows if not text(row, "AccountRef")]
    return ours[0] if ours else _marked(site, party, free[0]) if free else None


def _adopted(site: Site, party: Party) -> Row | None:
    """The only customer of this name that somebody entered by hand."""
    name = texts.clean(party.name)
    row = adoptable(site.rows("Customer", f"CustomerName eq {quoted(name)}", expand=EXPAND), name, party.contact.email)
    return None if row is None else _marked(site, party, row)


def _marked(site: Site, party: Party, row: Row) -> Row:
    """It gets our code, so that it is found by it from now on, and no namesake with another code is taken for it."""
    body = fields(CustomerID=text(row, "CustomerID"), AccountRef=party.code)
    return site.put("Customer", body, UPDATE_ONLY)


def _made(site: Site, party: Party, currency: str, settings: Mapping[str, str]) -> Row:
    """Insert only: without the condition the same id would change the customer that has it."""
    try:
        return site.put("Customer", customer_body(party, currency, settings), INSERT_ONLY, expand=EXPAND)
    except PlatformError as error:
        if error.rule.name != EXISTS:
            raise
        found = _known(site, party)
        if found is None:
            raise
        return found
