"""Mutations on invoices: create, patch, approve, mark as sent, send, delete."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from airbooks.platforms.wave.sandbox.business import Business, input_error
from airbooks.platforms.wave.sandbox.schema import rounded
from airbooks.platforms.wave.sandbox.totals import Rules, with_totals
from airbooks.sandbox.kit import Row

TEXTS = ("poNumber", "title", "subhead", "memo", "footer")
FLAGS = ("disableAmexPayments", "disableBankPayments", "disableCreditCardPayments")
DEFAULT_TERMS = timedelta(days=30)
DEFAULTS = {"poNumber": None, "title": "Invoice", "subhead": None, "memo": None, "footer": "Thank you for your business."}


def create(business: Business, given: Row, rules: Rules, *, unique_numbers: bool) -> Row:
    """A new invoice; without a status it is a draft, without a number it gets the largest number and one."""
    number = given.get("invoiceNumber") or _next_number(business)
    _check_number(business, number, unique=unique_numbers)
    issued = given.get("invoiceDate") or business.clock.today()
    row = {
        **DEFAULTS,
        **dict.fromkeys(FLAGS, False),
        "invoiceNumber": number,
        "state": given.get("status") or "DRAFT",
        "invoiceDate": issued,
        "dueDate": issued + DEFAULT_TERMS,
        "currency": business.home,
        "exchangeRate": Decimal(1),
        "items": [],
        "discounts": [],
        "lastSentAt": None,
        "lastSentVia": None,
        "lastViewedAt": None,
        **_changes(business, given),
    }
    if "exchangeRate" not in given:
        row["exchangeRate"] = business.rate(row["currency"])
    return business.add("Invoice", _computed(business, row, rules))


def patch(business: Business, given: Row, rules: Rules, *, drafts_only: bool, unique_numbers: bool) -> Row:
    """Change what is given; `items` replaces all lines."""
    row = business.named("Invoice", given["id"], "id")
    if drafts_only and row["state"] != "DRAFT":
        raise input_error("id", "Only drafts can be changed.")
    if given.get("invoiceNumber") not in (None, row["invoiceNumber"]):
        _check_number(business, given["invoiceNumber"], unique=unique_numbers)
    changes = _changes(business, given)
    if given.get("invoiceNumber"):
        changes["invoiceNumber"] = given["invoiceNumber"]
    if given.get("status"):
        changes["state"] = given["status"]
    return business.keep("Invoice", _computed(business, {**row, **changes}, rules))


def approve(business: Business, given: Row) -> Row:
    row = business.named("Invoice", given["invoiceId"], "invoiceId")
    if row["state"] != "DRAFT":
        raise input_error("invoiceId", "Invoice has already been approved.")
    return business.keep("Invoice", {**row, "state": "SAVED"})


def mark_sent(business: Business, given: Row) -> Row:
    row = _approved(business, given["invoiceId"])
    return business.keep(
        "Invoice", {**row, "state": "SENT", "lastSentAt": given.get("sentAt") or business.now(), "lastSentVia": given["sendMethod"]}
    )


def send(business: Business, given: Row) -> Row:
    """E-mail an invoice; the mails are counted, none leaves."""
    row = _approved(business, given["invoiceId"])
    if not business.settings["emailSendEnabled"]:
        raise input_error("", "Sending e-mail is not enabled for this business.")
    if not given["to"]:
        raise input_error("to", "At least one recipient is required.")
    mails = business.store.table(f"{business.uuid}/mails")
    mails[str(len(mails) + 1)] = {"invoice": row["id"], "to": given["to"], "attachPDF": given["attachPDF"]}
    return business.keep("Invoice", {**row, "state": "SENT", "lastSentAt": business.now(), "lastSentVia": "WAVE"})


def delete(business: Business, given: Row) -> None:
    """Gone for good; one that has payments is refused (UNVERIFIED)."""
    row = business.named("Invoice", given["invoiceId"], "invoiceId")
    if any(each["invoice"] == row["id"] for each in business.table("InvoicePayment").values()):
        raise input_error("invoiceId", "Invoice has payments and cannot be deleted.")
    del business.table("Invoice")[row["id"]]


def _approved(business: Business, row_id: str) -> Row:
    row = business.named("Invoice", row_id, "invoiceId")
    if row["state"] == "DRAFT":
        raise input_error("invoiceId", "Invoice is a draft.")
    return row


def _changes(business: Business, given: Row) -> Row:
    """The given fields as the row keeps them, their references checked."""
    changes: Row = {name: given[name] for name in (*TEXTS, *FLAGS) if name in given}
    changes |= {name: given[name] for name in ("currency", "invoiceDate", "dueDate") if given.get(name) is not None}
    if "customerId" in given:
        changes["customer"] = business.named("Customer", given["customerId"], "customerId")["id"]
    if given.get("exchangeRate") is not None:
        if given["exchangeRate"] <= 0:
            raise input_error("exchangeRate", "Exchange rate must be greater than zero.")
        changes["exchangeRate"] = given["exchangeRate"]
    if "discounts" in given:
        changes["discounts"] = _discounts(given["discounts"] or [])
    if "items" in given:
        changes["items"] = [_item(business, each, position) for position, each in enumerate(given["items"] or [])]
    return changes


def _discounts(given: list[Row]) -> list[Row]:
    if len(given) > 1:
        raise input_error("discounts", "Only one discount is allowed.")
    wanted = {"FIXED": "amount", "PERCENTAGE": "percentage"}
    for position, each in enumerate(given):
        name = wanted[each["discountType"]]
        if each.get(name) is None or each[name] < 0:
            raise input_error(f"discounts.{position}.{name}", f"A {each['discountType']} discount needs its {name}.")
    return given


def _item(business: Business, given: Row, position: int) -> Row:
    """One line: the product's price, description and taxes hold wherever the line gives none."""
    product = business.named("Product", given["productId"], f"items.{position}.productId")
    if product["isArchived"] or not product["incomeAccount"]:
        raise input_error(f"items.{position}.productId", "Product is archived or not sold.")
    taxes = product["defaultSalesTaxes"]
    if given.get("taxes") is not None:
        taxes = [_tax(business, each["salesTaxId"], f"items.{position}.taxes.{n}.salesTaxId") for n, each in enumerate(given["taxes"])]
    return {
        "id": business.id_of("InvoiceItem", business.store.next_number(f"{business.uuid}/InvoiceItem")),
        "product": product["id"],
        "description": _first(given.get("description"), product["description"]),
        "quantity": rounded(_first(given.get("quantity"), Decimal(1)), 8),
        "unitPrice": rounded(_first(given.get("unitPrice"), product["unitPrice"]), 8),
        "taxes": taxes,
    }


def _first(given: Any, default: Any) -> Any:
    return default if given is None else given


def _tax(business: Business, tax_id: str, path: str) -> str:
    tax = business.named("SalesTax", tax_id, path)
    if tax["isArchived"]:
        raise input_error(path, "Sales tax is archived.")
    return str(tax["id"])


def _computed(business: Business, row: Row, rules: Rules) -> Row:
    made = with_totals(row, business.table("SalesTax"), rules)
    if made["discountTotal"] > made["subtotal"] > 0:
        raise input_error("discounts.0.amount", "Discount cannot be larger than the subtotal.")
    if made["total"] < 0:
        raise input_error("items", "Invoice total cannot be negative.")
    return made


def _next_number(business: Business) -> str:
    numbers = [int(row["invoiceNumber"]) for row in business.table("Invoice").values() if re.fullmatch(r"\d+", row["invoiceNumber"])]
    return str(max(numbers, default=0) + 1)


def _check_number(business: Business, number: str, *, unique: bool) -> None:
    if unique and any(row["invoiceNumber"] == number for row in business.table("Invoice").values()):
        raise input_error("invoiceNumber", "Invoice number is already in use.", "DUPLICATE")
