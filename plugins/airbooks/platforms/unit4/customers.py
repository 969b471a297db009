"""Customers: found by our code, by external reference, by name and e-mail; created once, where the connection allows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airbooks.canonical import Party
from airbooks.platforms.errors import ConfigurationError, PlatformError
from airbooks.platforms.unit4.mapping import customer_body, plain
from airbooks.platforms.unit4.rules import CUSTOMER_CLOSED, NO_CUSTOMER
from airbooks.platforms.unit4.settings import is_on
from airbooks.platforms.unit4.spec import CODE, NUMBERED

if TYPE_CHECKING:
    from airbooks.platforms.unit4.hook import Unit4Hook

OBJECT, CUSTOMERS, CLOSED = "customers", "v1/customers", "C"
Row = dict[str, Any]


def ensure(hook: Unit4Hook, party: Party, currency: str) -> str:
    """The customer id; raises PlatformError where there is none and none may be created."""
    row = find(hook, party)
    if row is None:
        _create(hook, party, currency)
        row = {"customerId": party.code} if hook.setting("customer_numbers") != NUMBERED else find(hook, party)
    if row is None:
        raise hook.problem(NO_CUSTOMER, f"customer {party.code} was created and is not found by its external reference")
    if str((row.get("payment") or {}).get("status", "")) == CLOSED:
        raise hook.problem(CUSTOMER_CLOSED, f"customer {row['customerId']} ({party.name})")
    return str(row["customerId"])


def find(hook: Unit4Hook, party: Party) -> Row | None:
    """By our code as id, then as external reference; then by name, where one customer has it and our e-mail address, for a name alone
    may be somebody else's."""
    reference = str(hook.setting("customer_reference") or "")
    for name in ("customerId", reference):
        found = _by(hook, name, party.code) if name else []
        if len(found) == 1:
            return found[0]
    named = _by(hook, "customerName", plain(party.name)) if party.contact.email else []
    mails = [each for each in named if not _text(each, reference) and party.contact.email.lower() in _addresses(each)]
    return mails[0] if len(mails) == 1 else None


def _by(hook: Unit4Hook, name: str, value: str) -> list[Row]:
    return [row for row in hook.objects(OBJECT, {name: value}, order="customerId", read=_customer) if _text(row, name) == value]


def _customer(row: Mapping[str, Any]) -> Row:
    if "customerId" not in row:
        raise KeyError("customerId")
    return dict(row)


def _text(row: Row, name: str) -> str:
    return str(row.get(name) or "")


def _addresses(row: Row) -> set[str]:
    points = row.get("contactPoints") or []
    return {str((each.get("additionalContactInfo") or {}).get("eMail", "")).lower() for each in points}


def _create(hook: Unit4Hook, party: Party, currency: str) -> None:
    if not is_on(hook.settings(), "create_customers"):
        raise hook.problem(NO_CUSTOMER, f"customer {party.code} ({party.name})")
    if not hook.setting("customer_group"):
        raise ConfigurationError(f"Connection {hook.conn_id!r} creates customers and names no customer_group.")
    if len(party.code) > CODE:
        raise hook.problem(NO_CUSTOMER, f"customer {party.code}: an id has at most {CODE} characters")
    try:
        hook.ask("POST", CUSTOMERS, json=customer_body(party, hook.settings(), currency))
    except PlatformError as error:
        if error.status not in (400, 409) or find(hook, party) is None:
            raise
