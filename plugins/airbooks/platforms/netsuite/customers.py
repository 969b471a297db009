"""Customers: found by our code, else by name and e-mail together, else created; never twice. Their currencies are added to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airbooks.canonical import Party
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.netsuite.mapping import customer_body
from airbooks.platforms.netsuite.records import EXTERNAL_ID, Records, Row, problem, understood
from airbooks.platforms.netsuite.spec import DUPLICATE, INACTIVE_CUSTOMER, NO_MAPPING


def ensure(records: Records, party: Party, currency_id: str, settings: Mapping[str, str]) -> str:
    """The customer's internal id, able to take documents in this currency. Safe to repeat: it looks before it creates."""
    if not EXTERNAL_ID.fullmatch(party.code):
        raise problem(NO_MAPPING, f"customer code {party.code!r} cannot be an external id: letters, digits, - and _ only", "buyer.code")
    found = _find(records, party) or _create(records, party, currency_id, settings)
    if found.get("isInactive"):
        raise problem(INACTIVE_CUSTOMER, f"customer {party.code} (id {found['id']}) is inactive")
    if currency_id not in _currencies(found):
        records.change("customer", found["id"], {"currencyList": {"items": [{"currency": {"id": currency_id}}]}})
    return str(found["id"])


def _create(records: Records, party: Party, currency_id: str, settings: Mapping[str, str]) -> Row:
    try:
        made = records.create("customer", customer_body(party, currency_id, settings))
    except PlatformError as error:
        found = records.by_external_id("customer", party.code) if error.rule.name == DUPLICATE else None
        if found is None:
            raise
        return found
    return {"id": made, "currency": {"id": currency_id}}


def _find(records: Records, party: Party) -> Row | None:
    """By external id (at once, no query), else the one customer that people entered under our code, or name and e-mail."""
    found = records.by_external_id("customer", party.code)
    if found is not None:
        return found
    where, values = "entityid = ?", [party.code]
    if party.contact.email:
        where, values = f"{where} OR (companyname = ? AND email = ?)", [*values, party.name, party.contact.email]
    rows = list(records.query("id, entityid, externalid, companyname, email", "customer", where, values))
    named = [row for row in rows if row.get("entityid") == party.code] or rows
    if len(named) != 1 or named[0].get("externalid"):  # of nobody, or of another code of ours
        return None
    return _adopted(records, party, named[0]["id"])


def _adopted(records: Records, party: Party, customer_id: str) -> Row | None:
    """It gets our external id: else a namesake with another code of ours would be taken for it, too."""
    found = records.get("customer", customer_id)
    if found is not None:
        records.change("customer", customer_id, {"externalId": party.code})
    return found


def _currencies(row: Mapping[str, Any]) -> set[str]:
    return understood(lambda: set(_ids(row)))


def _ids(row: Mapping[str, Any]) -> Iterator[str]:
    """The main currency and those of the currency list."""
    if "currency" in row:
        yield row["currency"]["id"]
    for each in row.get("currencyList", {}).get("items", []):
        yield each["currency"]["id"]
