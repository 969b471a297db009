"""Customers: found by our code, by the external id we gave, or by name and e-mail; else created, never twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airbooks.canonical import Party
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.odoo.mapping import external_name, partner_import, partner_values
from airbooks.platforms.wire import Complaint

if TYPE_CHECKING:
    from airbooks.platforms.odoo.hook import OdooHook

FIELDS = ["id", "name", "email", "ref"]
EVERYWHERE = {"active_test": False}  # an archived customer still takes invoices; a second one would be wrong


def ensure_customer(hook: OdooHook, party: Party) -> int:
    """The partner's id. `ref` is not unique in Odoo: two partners with our code are for a person to resolve."""
    found = _search(hook, [["ref", "=", party.code]], limit=2)
    if len(found) > 1:
        raise _ambiguous(hook, party, found, f"carry the reference {party.code!r}")
    if found:
        return int(found[0]["id"])
    name = external_name("partner", party.code)
    known = hook.by_external_id(name)
    if known is not None:
        return known
    same = [row for row in _search(hook, [["name", "=ilike", party.name], ["ref", "=", False]], limit=10) if _is_same(party, row)]
    if len(same) > 1:
        raise _ambiguous(hook, party, same, f"are called {party.name!r}")
    return _adopt(hook, party, same[0]) if same else _create(hook, party, name)


def _search(hook: OdooHook, domain: list[Any], limit: int) -> list[dict[str, Any]]:
    """Companies (not their addresses) that this company may invoice."""
    mine = [["parent_id", "=", False], ["company_id", "in", [False, hook.company_id]]]
    rows: list[dict[str, Any]] = hook.odoo.run(
        "res.partner", "search_read", domain=[*domain, *mine], fields=FIELDS, limit=limit, context=EVERYWHERE, read=True
    )
    return rows


def _is_same(party: Party, row: dict[str, Any]) -> bool:
    """The same name letter by letter (`=ilike` knows wildcards), and no other e-mail."""
    same_name = str(row["name"]).casefold() == party.name.casefold()
    mail = str(row["email"] or "").casefold()
    return same_name and mail in ("", party.contact.email.casefold())


def _adopt(hook: OdooHook, party: Party, row: dict[str, Any]) -> int:
    """A partner that people entered without a reference becomes ours by getting it."""
    hook.odoo.run("res.partner", "write", ids=[row["id"]], vals={"ref": party.code})
    return int(row["id"])


def _create(hook: OdooHook, party: Party, name: str) -> int:
    """By import under an external id: repeated, or raced by another worker, it is the same partner."""
    country = _country(hook, party.address.country)
    values = partner_values(party, country, _state(hook, country, party.address.region))
    return hook.imported("res.partner", [partner_import(f"{hook.module}.{name}", values)])[0]


def _country(hook: OdooHook, code: str) -> int | None:
    if code and code not in hook.countries:
        found = hook.odoo.run("res.country", "search", domain=[["code", "=", code]], limit=1, read=True)
        hook.countries[code] = found[0] if found else None
    return hook.countries.get(code)


def _state(hook: OdooHook, country: int | None, region: str) -> int | None:
    if country is None or not region:
        return None
    domain = [["country_id", "=", country], "|", ["code", "=", region], ["name", "=ilike", region]]
    found = hook.odoo.run("res.country.state", "search", domain=domain, limit=1, read=True)
    return int(found[0]) if found else None


def _ambiguous(hook: OdooHook, party: Party, rows: list[dict[str, Any]], why: str) -> PlatformError:
    told = ", ".join(f"{row['name']} (id {row['id']})" for row in rows)
    message = f"Customer {party.code} {party.name}: several contacts {why}: {told}. Give one of them the reference, merge the others."
    return hook.refused(Complaint(message=message))
