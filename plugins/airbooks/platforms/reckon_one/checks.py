"""What must be right in a book before documents are sent to it: access, currency, and the settings of tax."""

from __future__ import annotations

from collections.abc import Iterator

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.reckon_one.client import ReckonOneClient, Row
from airbooks.platforms.reckon_one.spec import CURRENCIES, OURS

# What the connection may name, and where the book lists it.
NAMED = {"default_income_account": "ledgeraccounts", "bank_account": "ledgeraccounts", "payment_method": "paymentMethods"}


def examine(hook: PlatformHook) -> tuple[bool, str]:
    """Whether the connection's book can be used, and in words what it is or what is missing. Raises PlatformError."""
    client = ReckonOneClient(hook)
    reply = hook.call("GET", f"{client.base()}/books", read=True)
    books = client.understood(reply, lambda body: {str(row["id"]).lower(): row for row in body["list"]})
    wanted = str(hook.setting("book_id")).lower()
    if wanted not in books:
        shown = ", ".join(f"{row.get('name')} ({key})" for key, row in sorted(books.items()))
        return False, f"the book {wanted} is not among those of this user: {shown or 'none'}"
    book = books[wanted]
    missing = [*_of_the_book(book, str(hook.setting("home_currency"))), *_of_its_settings(hook, client), *_of_its_lists(hook, client)]
    if missing:
        return False, f"{book.get('name')}: {'; '.join(missing)}"
    return True, f"{book.get('name')} ({book.get('country')}) is reached; {_approval(client)}"


def _of_the_book(book: Row, currency: str) -> list[str]:
    kept_in = CURRENCIES.get(str(book.get("country") or "").upper())
    found = [] if book.get("status") == "Active" else [f"the book is {str(book.get('status')).lower()}"]
    if kept_in not in {None, currency}:
        found.append(f"books of {book.get('country')} are kept in {kept_in}, the connection's home_currency is {currency}")
    return found


def _of_its_settings(hook: PlatformHook, client: ReckonOneClient) -> list[str]:
    tax: Row = client.understood(client.get("settings/tax"), dict)
    status = hook.setting("amount_tax_status")
    found = []
    if not tax.get("chooseAmountTaxStatus", True) and tax.get("amountTaxStatus") != status:
        found.append(
            f"the book has {tax.get('amountTaxStatus')} amounts only (Settings, Tax), the connection's amount_tax_status is {status}"
        )
    if not tax.get("taxAmountEditable", True) and hook.setting("tax_amounts") == OURS:
        found.append("tax amounts cannot be edited in the book (Settings, Tax), which tax_amounts = ours needs")
    return found


def _of_its_lists(hook: PlatformHook, client: ReckonOneClient) -> Iterator[str]:
    for field, resource in NAMED.items():
        name = str(hook.setting(field) or "")
        if name and name not in _names(client, resource):
            yield f"{field}: the book has no {name!r}"


def _names(client: ReckonOneClient, resource: str) -> set[str]:
    """Ids and full names."""
    rows = list(client.rows(resource))
    return client.sound(lambda: {str(each) for row in rows for each in (row["id"], row.get("fullName") or row["name"])})


def _approval(client: ReckonOneClient) -> str:
    settings: Row = client.understood(client.get("settings/invoice"), dict)
    return "new invoices are drafts until they are approved" if settings.get("approvalEnabled") else "new invoices count at once"
