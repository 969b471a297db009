"""Which QuickFile client is ours: by our code in the account reference, else by name and e-mail where only one fits.

A client that is taken over gets no mark of ours (no documented method changes a client), so a name alone is not enough.
"""

from __future__ import annotations

import secrets as random_secrets
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from airbooks.canonical import Party
from airbooks.platforms.quickfile import mapping

if TYPE_CHECKING:
    from airbooks.platforms.quickfile.hook import QuickFileHook

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


def ensure(hook: QuickFileHook, party: Party, currency: str) -> str:
    """The id of a client: found by our code, else by name and e-mail, else created. Raises PlatformError."""
    found = _with_code(hook, party) or _with_name(hook, party)
    if found is not None:
        return hook.sound(lambda: str(int(found["ClientID"])))
    hook.require_live(f"client {party.code}")
    # The contact's portal password is asked for, and never needed again: the client sets an own one.
    body = mapping.client_body(party, currency, random_secrets.token_hex(8))
    return hook.rpc("Client_Create", body, lambda answer: str(int(answer["ClientID"])))


def _with_code(hook: QuickFileHook, party: Party) -> Row | None:
    rows = hook.records("Client_Search", page_of_clients(AccountReference=party.code))
    return hook.sound(lambda: with_our_code(map(partial(_with_reference, hook), rows), party))


def _with_name(hook: QuickFileHook, party: Party) -> Row | None:
    if not party.contact.email:
        return None
    asked = {"CompanyName": mapping.clean(party.name), "Email": party.contact.email}
    rows = hook.records("Client_Search", page_of_clients(**asked))
    return hook.sound(lambda: unambiguous(map(partial(_with_reference, hook), rows), party))


def _with_reference(hook: QuickFileHook, row: Row) -> Row:
    """The record with its account reference, which a search may leave out."""
    if "AccountReference" in row:
        return row
    details = hook.rpc("Client_Get", {"ClientID": row["ClientID"]}, lambda body: dict(body["ClientDetails"]), read=True)
    return {**row, "AccountReference": details.get("AccountReference") or ""}
