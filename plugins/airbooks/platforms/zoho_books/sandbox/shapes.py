"""The fields that requests may carry, and their limits. A field that is not documented is refused, so that a misspelt one is noticed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from airbooks.platforms.zoho_books.sandbox.answers import TOO_LONG, Refusal, Row, invalid

Check = Callable[[str, Any], None]


def text(longest: int) -> Check:
    def check(field: str, value: Any) -> None:
        if not isinstance(value, str):
            raise invalid(field)
        if len(value) > longest:
            raise Refusal(f"Please ensure that the {field} has less than {longest} characters.", TOO_LONG)

    return check


def number(field: str, value: Any) -> None:
    if not isinstance(value, Decimal):
        raise invalid(field)


def not_negative(field: str, value: Any) -> None:
    number(field, value)
    if value < 0:
        raise invalid(field)


def above_zero(field: str, value: Any) -> None:
    number(field, value)
    if value <= 0:
        raise invalid(field)


def days(field: str, value: Any) -> None:
    number(field, value)
    if value != int(value) or not 0 <= value <= 100:
        raise invalid(field)


def flag(field: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise invalid(field)


def day(field: str, value: Any) -> None:
    try:
        if len(value) != 10:
            raise invalid(field)
        date.fromisoformat(value)
    except (TypeError, ValueError):
        raise invalid(field) from None


def discount(field: str, value: Any) -> None:
    """An amount, or a percentage as text ("10%")."""
    if isinstance(value, str) and value.endswith("%") and value[:-1].replace(".", "", 1).isdigit():
        return
    not_negative(field, value)


def shape(fields: Mapping[str, Check]) -> Check:
    def check(field: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise invalid(field)
        for name, each in value.items():
            if name not in fields:
                raise Refusal(f"Invalid Element {name}", 4)
            fields[name](name, each)

    return check


def many(each: Check) -> Check:
    def check(field: str, value: Any) -> None:
        if not isinstance(value, list):
            raise invalid(field)
        for item in value:
            each(field, item)

    return check


def one_of(*values: str) -> Check:
    def check(field: str, value: Any) -> None:
        if value not in values:
            raise invalid(field)

    return check


ID = text(30)
CUSTOM_FIELDS = many(shape({"customfield_id": ID, "api_name": text(100), "label": text(100), "value": text(255)}))
ADDRESS: Mapping[str, Check] = {
    name: text(500) for name in ("attention", "address", "street2", "city", "state", "zip", "country", "fax", "phone")
}
LINE: Mapping[str, Check] = {
    "line_item_id": ID,
    "item_id": ID,
    "name": text(100),
    "description": text(2000),
    "rate": not_negative,
    "quantity": above_zero,
    "unit": text(100),
    "discount": discount,
    "tax_id": ID,
    "item_order": number,
    "tags": many(shape({"tag_id": ID, "tag_option_id": ID})),
    "location_id": ID,
    "project_id": ID,
}
DOCUMENT: Mapping[str, Check] = {
    "customer_id": ID,
    "reference_number": text(100),
    "date": day,
    "currency_id": ID,
    "exchange_rate": above_zero,
    "is_inclusive_tax": flag,
    "discount": discount,
    "discount_type": one_of("item_level", "entity_level"),
    "is_discount_before_tax": flag,
    "salesperson_name": text(200),
    "location_id": ID,
    "line_items": many(shape(LINE)),
    "notes": text(5000),
    "terms": text(10000),
    "custom_fields": CUSTOM_FIELDS,
}
INVOICE: Mapping[str, Check] = {
    **DOCUMENT,
    "invoice_number": text(100),
    "due_date": day,
    "payment_terms": days,
    "payment_terms_label": text(100),
    "shipping_charge": not_negative,
    "shipping_charge_tax_id": ID,
    "adjustment": number,
    "adjustment_description": text(100),
    "reason": text(500),
}
CREDIT_NOTE: Mapping[str, Check] = {**DOCUMENT, "creditnote_number": text(100), "is_draft": flag}
PAYMENT: Mapping[str, Check] = {
    "customer_id": ID,
    "payment_mode": text(100),
    "amount": above_zero,
    "date": day,
    "reference_number": text(100),
    "description": text(2000),
    "account_id": ID,
    "exchange_rate": above_zero,
    "bank_charges": not_negative,
    "invoices": many(shape({"invoice_id": ID, "amount_applied": above_zero})),
    "custom_fields": CUSTOM_FIELDS,
}
CONTACT: Mapping[str, Check] = {
    "contact_name": text(200),
    "contact_type": one_of("customer", "vendor"),
    "company_name": text(200),
    "currency_id": ID,
    "payment_terms": days,
    "payment_terms_label": text(100),
    "billing_address": shape(ADDRESS),
    "shipping_address": shape(ADDRESS),
    "contact_persons": many(
        shape({"first_name": text(100), "last_name": text(100), "email": text(100), "phone": text(50), "is_primary_contact": flag})
    ),
    "notes": text(5000),
    "custom_fields": CUSTOM_FIELDS,
}


def checked(fields: Mapping[str, Check], body: Any, *required: str) -> Row:
    """The body, or a refusal of the first field that is unknown, wrong, too long or missing."""
    shape(fields)("JSONString", body)
    for name in required:
        if body.get(name) in (None, "", []):
            raise invalid(name)
    return dict(body)
