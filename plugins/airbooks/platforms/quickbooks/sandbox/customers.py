"""Customers: a display name that no other customer, vendor or employee has, and a currency that never changes."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.quickbooks.sandbox.answers import Fault, Row, business, required
from airbooks.platforms.quickbooks.sandbox.realm import Realm

NAMES = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
FORBIDDEN = ":\t\n"
_SERVER_SIDE = ("Id", "SyncToken", "MetaData", "Balance", "domain", "sparse", "FullyQualifiedName")


def customer(realm: Realm, sent: Row, previous: Row | None) -> Row:
    """The row of a customer from a checked body; nothing is kept yet."""
    name = sent.get("DisplayName") or " ".join(sent[part] for part in NAMES if sent.get(part))
    if not name:
        raise required("DisplayName")
    if any(sign in name for sign in FORBIDDEN):
        raise business("A name must not contain a colon, a tab or a line end", "DisplayName")
    _check_unique(realm, name, previous)
    currency = sent.get("CurrencyRef", {}).get("value") or (previous["CurrencyRef"]["value"] if previous else realm.home)
    if previous and currency != previous["CurrencyRef"]["value"]:
        raise business("The currency of a customer cannot be changed", "CurrencyRef")
    row = {key: value for key, value in sent.items() if key not in _SERVER_SIDE}
    for field, entity in (("SalesTermRef", "Term"), ("PaymentMethodRef", "PaymentMethod")):
        if field in row:
            row[field] = realm.named(entity, row[field], field)
    return row | {
        "Id": previous["Id"] if previous else realm.new_id("Customer"),
        "DisplayName": name,
        "FullyQualifiedName": name,
        "PrintOnCheckName": sent.get("PrintOnCheckName", sent.get("CompanyName", name)),
        "CurrencyRef": realm.named("CompanyCurrency", {"value": currency}, "CurrencyRef"),
        "Taxable": sent.get("Taxable", True),
        "Active": sent.get("Active", True),
        "Balance": previous["Balance"] if previous else Decimal(0),
    }


def kept(previous: Row) -> Row:
    """What a sparse update keeps of the customer it changes."""
    return {key: value for key, value in previous.items() if key not in _SERVER_SIDE}


def _check_unique(realm: Realm, name: str, previous: Row | None) -> None:
    wanted = name.casefold()
    taken = realm.store.table(f"{realm.id}/names")
    holder = taken.get(wanted)
    own = previous["Id"] if previous else None
    if holder is not None and (holder["entity"], holder["id"]) != ("Customer", own):
        raise Fault(
            "6240",
            "Duplicate Name Exists Error",
            "The name supplied already exists. : Another customer, vendor or employee is already using this name",
            element="DisplayName",
        )


def keep_name(realm: Realm, entity: str, row: Row, previous: Row | None = None) -> None:
    """Remember whose name it is, over customers, vendors and employees together, inactive ones too."""
    taken = realm.store.table(f"{realm.id}/names")
    if previous is not None:
        del taken[previous["DisplayName"].casefold()]
    taken[row["DisplayName"].casefold()] = {"entity": entity, "id": row["Id"]}
