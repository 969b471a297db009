"""What a connection test finds out, in Acumatica's words: end point, rights, and whether the connection's fields name what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from airbooks.platforms.acumatica.client import Site, any_of
from airbooks.platforms.acumatica.spec import INVOICE, SALES_INVOICE
from airbooks.platforms.acumatica.wrapped import Row

Settings = Mapping[str, str]


def checked(site: Site, settings: Settings) -> tuple[bool, str]:
    """Whether the connection can work, and what it reaches or what is missing. Raises PlatformError."""
    endpoint, version = settings["endpoint"], settings["version"]
    installed = list(_installed(site.installed()))
    if f"{endpoint}/{version}" not in installed:
        return False, f"The site has no end point {endpoint}/{version}; installed are {', '.join(installed)}. Correct endpoint and version."
    entity = settings.get("invoice_entity", SALES_INVOICE)
    next(site.rows(entity, "ReferenceNbr eq '-'", select="ReferenceNbr"), None)  # the right to the screen shows in any answer
    missing = list(_missing(site, settings))
    if missing:
        return False, " ".join(missing)
    tenant = settings.get("tenant") or settings.get("client_id", "").partition("@")[2] or "its own tenant"
    stock = " (non-stock items and accounts only)" if entity == INVOICE else ""
    return True, f"Acumatica, {tenant}: {endpoint}/{version}, documents as {entity}{stock}."


def _installed(answer: Row) -> Iterator[str]:
    for each in answer.get("endpoints") or []:
        yield f"{each['name']}/{each['version']}"


def _missing(site: Site, settings: Settings) -> Iterator[str]:
    """Fields of the connection that name what Acumatica does not have."""
    method = settings.get("payment_method")
    if method and not list(site.rows("PaymentMethod", any_of("PaymentMethodID", [method]))):
        yield f"payment_method: there is no payment method {method!r} (Payment Methods, CA204000)."
    for account in (each.rpartition(":")[2] for each in settings.get("cash_account", "").split()):
        if not list(site.rows("Account", any_of("AccountCD", [account]))):
            yield f"cash_account: there is no account {account!r} (Cash Accounts, CA202000)."
    item = settings.get("freight_item")
    if item and not list(site.rows("NonStockItem", any_of("InventoryID", [item]))):
        yield f"freight_item: there is no non-stock item {item!r} (Non-Stock Items, IN202000)."
