"""Customers: found by our code, else by name and e-mail together, else created; never twice."""

from __future__ import annotations

from airbooks.canonical import Party
from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.sap_business_one.client import Client, Row, quoted
from airbooks.platforms.sap_business_one.mapping import customer_body
from airbooks.platforms.sap_business_one.spec import ENTRY_EXISTS, EXISTS, SPEC

_FIELDS = "CardCode,CardName,CardType,EmailAddress"
NO_CUSTOMER = ErrorRule(
    name="code of somebody else",
    action=Action.REVIEW,
    outcome=Outcome.DID_NOT_HAPPEN,
    fix="Give the customer another code in the sales system, or the business partner another one in Business One.",
)


def ensure(client: Client, party: Party) -> str:
    """The customer's CardCode. Safe to repeat: it looks before it creates, and again when the code turns out to be taken."""
    found = _by_code(client, party.code) or _by_name_and_mail(client, party)
    if found:
        return found
    try:
        return str(client.create("BusinessPartners", customer_body(party))["CardCode"])
    except PlatformError as error:
        found = _by_code(client, party.code) if error.rule.name in (EXISTS, ENTRY_EXISTS) else ""
        if not found:
            raise
        return found


def _by_code(client: Client, code: str) -> str:
    row = client.row(f"BusinessPartners({quoted(code)})", select=_FIELDS)
    if row is None:
        return ""
    if row["CardType"] != "cCustomer":
        raise PlatformError(f"business partner {code} is there, but not a customer", platform=SPEC.slug, rule=NO_CUSTOMER)
    return str(row["CardCode"])


def _by_name_and_mail(client: Client, party: Party) -> str:
    """The one customer of that name, if its e-mail address is ours too."""
    mail = party.contact.email.lower()
    if not mail:
        return ""
    condition = f"CardName eq {quoted(party.name)} and CardType eq 'cCustomer'"
    rows = [row for row in client.rows("BusinessPartners", filter=condition, select=_FIELDS) if _mail(row) == mail]
    return str(rows[0]["CardCode"]) if len(rows) == 1 else ""


def _mail(row: Row) -> str:
    return str(row["EmailAddress"] or "").lower()
