"""Lists: which filters each one knows, and the silence about those it does not."""

from __future__ import annotations

from collections.abc import Mapping

from airbooks.platforms.zoho_books.sandbox.answers import Row

PAGE = 200
# The filters that each list knows, and the columns that `search_text` looks into.
FILTERS = {
    "contacts": ("contact_name", "company_name", "email", "contact_type"),
    "items": ("name", "tax_id", "account_id"),
    "invoices": ("invoice_number", "reference_number", "customer_id", "status", "date"),
    "creditnotes": ("creditnote_number", "reference_number", "customer_id", "status", "date"),
    "customerpayments": ("customer_id", "reference_number", "date", "payment_mode"),
}
SEARCHED = {"items": ("name", "sku"), "contacts": ("contact_name", "company_name"), "invoices": ("invoice_number", "reference_number")}


def fits(row: Row, asked: Mapping[str, str], key: str) -> bool:
    if key == "bankaccounts":
        return bool(row["account_type"] in ("bank", "cash"))
    if asked.get("filter_by") == "AccountType.Income" and row.get("account_type") != "income":
        return False
    if asked.get("filter_by") == "Status.Active" and row.get("status") != "active":
        return False
    text = asked.get("search_text", "").casefold()
    if text and key in SEARCHED and not any(text in str(row[name]).casefold() for name in SEARCHED[key]):
        return False
    return all(_passes(str(row.get(name, "")), name, asked) for name in FILTERS.get(key, ()))


def _passes(value: str, name: str, asked: Mapping[str, str]) -> bool:
    value = value.casefold()
    return (
        (name not in asked or value == asked[name].casefold())
        and value.startswith(asked.get(f"{name}_startswith", "").casefold())
        and asked.get(f"{name}_contains", "").casefold() in value
    )


def page(found: list[Row], asked: Mapping[str, str], key: str, *, sorts: bool) -> Row:
    """One page of a list under its key, with what the client is told of the other pages."""
    column = asked.get("sort_column", "")
    if column and sorts and all(column in row for row in found):
        found = sorted(found, key=lambda row: str(row[column]), reverse=asked.get("sort_order") == "D")
    number, size = max(int(asked.get("page", 1)), 1), min(int(asked.get("per_page", PAGE)), PAGE)
    context = {"page": number, "per_page": size, "has_more_page": len(found) > number * size, "sort_column": column}
    return {key: found[(number - 1) * size : number * size], "page_context": context}
