"""Customers: found by our code, else by name and e-mail together, else created; never twice."""

from __future__ import annotations

from airbooks.canonical import Party
from airbooks.platforms.business_central.client import Company, quoted
from airbooks.platforms.business_central.mapping import customer_body
from airbooks.platforms.errors import PlatformError

_FIELDS = "id,number,displayName,email"


def ensure(company: Company, party: Party, currency: str) -> str:
    """The customer's number. Safe to repeat: it looks before it creates, and again when the number turns out to be taken."""
    found = _by_code(company, party.code) or _by_name_and_mail(company, party)
    if found:
        return found
    try:
        return str(company.create("customers", customer_body(party, currency))["number"])
    except PlatformError as error:
        found = _by_code(company, party.code) if error.rule.name == "exists already" else ""
        if not found:
            raise
        return found


def _by_code(company: Company, code: str) -> str:
    rows = company.rows("customers", filter=f"number eq {quoted(code.upper())}", select=_FIELDS)
    return next((str(row["number"]) for row in rows), "")


def _by_name_and_mail(company: Company, party: Party) -> str:
    """The one customer of that name, if its e-mail address is ours too; the platform takes no `or` over two fields."""
    if not party.contact.email:
        return ""
    rows = list(company.rows("customers", filter=f"displayName eq {quoted(party.name)}", select=_FIELDS))
    if len(rows) != 1 or rows[0]["email"].lower() != party.contact.email.lower():
        return ""
    return str(rows[0]["number"])
