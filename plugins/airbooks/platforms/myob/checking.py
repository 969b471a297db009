"""Whether a connection fits its company file, in MYOB's words: scopes, preferences, the codes that the connection names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from airbooks.platforms.errors import PlatformError
from airbooks.platforms.myob.client import MyobClient
from airbooks.platforms.myob.lists import Lists
from airbooks.platforms.references import ReferenceKind

# What is read once of each part of the API, and the scope that it needs.
SCOPES = {
    "Company/Preferences": "sme-company-settings",
    "GeneralLedger/TaxCode": "sme-general-ledger",
    "Inventory/Item": "sme-inventory",
    "Contact/Customer": "sme-contacts-customer",
    "Sale/Invoice": "sme-sales",
    "Sale/CustomerPayment": "sme-sales",
}


def checked(client: MyobClient, lists: Lists, settings: Mapping[str, str]) -> tuple[bool, str]:
    """Reads a little of everything that the connector uses, and compares the file with the connection."""
    business = f"Business {settings['business_id']}"
    closed = dict(_closed_parts(client))
    if len(closed) == len(SCOPES):
        raise next(iter(closed.values()))
    if closed:
        return False, f"{business}: the API key has no access to {'; '.join(f'/{path} (scope {SCOPES[path]})' for path in closed)}"
    wrong = [*_unknown_codes(lists, settings), *_currencies(lists, settings)]
    if wrong:
        return False, f"{business}: {'; '.join(wrong)}"
    preferences = client.understood(client.get("Company/Preferences"), lambda body: dict(body["System"]))
    books = f"its books are taken to be in {settings['home_currency']} (home_currency), which MYOB does not tell"
    return True, "; ".join([f"{business} is reached", books, *_hints(preferences)])


def _closed_parts(client: MyobClient) -> Iterator[tuple[str, PlatformError]]:
    for path in SCOPES:
        try:
            client.get(path, **({} if path.startswith("Company") else {"$top": "1"}))
        except PlatformError as error:
            if error.status not in {401, 403} or error.action.value == "wait":
                raise
            yield path, error


def _unknown_codes(lists: Lists, settings: Mapping[str, str]) -> Iterator[str]:
    for field, kind in (
        ("default_tax_code", ReferenceKind.TAX_CODE),
        ("freight_tax_code", ReferenceKind.TAX_CODE),
        ("adjustment_item", ReferenceKind.ITEM),
        ("deposit_account", ReferenceKind.ACCOUNT),
    ):
        if settings.get(field):
            yield from _complaint(lambda code=settings[field], kind=kind: lists.uid(kind, code), field)  # type: ignore[misc]


def _complaint(look_up: Callable[[], Any], field: str) -> Iterator[str]:
    try:
        look_up()
    except PlatformError as error:
        if error.status is not None:
            raise
        yield f"{field}: {error.message}"


def _currencies(lists: Lists, settings: Mapping[str, str]) -> Iterator[str]:
    if settings.get("multi_currency") == "True" and not list(lists.all(ReferenceKind.CURRENCY)):
        yield "the connection says several currencies, but the company file has none (Setup, Preferences, System: multi-currency)"


def _hints(preferences: Mapping[str, Any]) -> Iterator[str]:
    if preferences.get("CategoryTracking") == "OnAndRequired":
        yield "a category is required on every sale: map a dimension to one"
    if preferences.get("TransactionsCannotBeChangedMustBeReversed"):
        yield "transactions cannot be changed or deleted there: updates are refused, voids become reversals"
    if preferences.get("LockPeriodPriorTo"):
        yield f"entries before {str(preferences['LockPeriodPriorTo'])[:10]} are locked"
