"""Customers: found by our code (ExternalID, then CustID), else by name and e-mail together, else created; never twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from airbooks.canonical import Party
from airbooks.platforms.epicor.client import Company, Row, quoted, refusal
from airbooks.platforms.epicor.mapping import customer_body, customer_id
from airbooks.platforms.errors import PlatformError

CUSTOMERS = "Erp.BO.CustomerSvc/Customers"
_FIELDS = "CustNum,CustID,Name,EMailAddress,ExternalID"
NEEDED = ("territory_id", "sales_rep_code", "customer_terms")


def ensure(company: Company, party: Party, currency: str, settings: Mapping[str, str], country: Callable[[str], int | None]) -> str:
    """The customer's CustID. Safe to repeat: it looks before it creates, and again when the id turns out to be taken."""
    found = _by_code(company, party) or _by_name_and_mail(company, party)
    if found:
        return found
    missing = [name for name in NEEDED if not settings.get(name)]
    if missing:
        says = f"customer {party.code} is not there, and the connection does not say {', '.join(missing)} of new ones"
        raise refusal("customer cannot be created", says, fix="Fill these fields of the connection, or enter the customer in Epicor.")
    number = country(party.address.country) if party.address.country else None
    try:
        return str(company.create(CUSTOMERS, customer_body(party, currency, number, settings))["CustID"])
    except PlatformError as error:
        again = _by_code(company, party) if error.rule.name == "exists already" else ""
        if not again:
            raise
        return again


def _rows(company: Company, where: str) -> list[Row]:
    return list(company.rows(CUSTOMERS, where=where, select=_FIELDS, order="CustNum"))


def _by_code(company: Company, party: Party) -> str:
    ours = _rows(company, f"ExternalID eq {quoted(party.code)}")
    if len(ours) > 1:
        told = ", ".join(row["CustID"] for row in ours)
        raise refusal("customer ambiguous", f"several customers carry our code {party.code}: {told}", fix="Merge them in Epicor.")
    if ours:
        return str(ours[0]["CustID"])
    rows = _rows(company, f"CustID eq {quoted(customer_id(party.code))}")
    if rows and rows[0]["ExternalID"]:
        says = f"CustID {rows[0]['CustID']} belongs to {rows[0]['ExternalID']}, not to {party.code}"
        raise refusal("customer id taken", says, fix="Enter the customer in Epicor with our code as External ID.")
    return str(rows[0]["CustID"]) if rows else ""


def _by_name_and_mail(company: Company, party: Party) -> str:
    """The one customer of that name that is nobody else's, if its e-mail address is ours too."""
    if not party.contact.email:
        return ""
    rows = [row for row in _rows(company, f"Name eq {quoted(party.name)}") if not row["ExternalID"]]
    same = [row for row in rows if row["EMailAddress"].casefold() == party.contact.email.casefold()]
    return str(same[0]["CustID"]) if len(same) == 1 else ""


def id_of(company: Company, number: int) -> str:
    """The CustID of a CustNum, which receipts bear; empty where it is gone."""
    rows = _rows(company, f"CustNum eq {number}")
    return str(rows[0]["CustID"]) if rows else ""
