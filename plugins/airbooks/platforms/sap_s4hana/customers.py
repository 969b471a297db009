"""Customers: business partners with the role of a customer in the company code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airbooks.canonical import Party
from airbooks.platforms.errors import Action, ConfigurationError, ErrorRule, Outcome
from airbooks.platforms.sap_s4hana.client import Client
from airbooks.platforms.sap_s4hana.odata import PARTNERS, Row, both, equal, one_of, stripped
from airbooks.platforms.sap_s4hana.soap import clean
from airbooks.platforms.sap_s4hana.spec import CUSTOMER_CODE_MAX

NAME_MAX = 40
FIELDS = ("BusinessPartner", "Customer", "OrganizationBPName1", "BusinessPartnerIDByExtSystem")
UNCLEAR = ErrorRule(
    name="customer unclear",
    action=Action.REVIEW,
    outcome=Outcome.DID_NOT_HAPPEN,
    fix="Mend the business partner in SAP S/4HANA (Manage Business Partners), or the customer here, then answer Retry.",
)
# The fields of a new address and their lengths.
ADDRESS = {"StreetName": 60, "CityName": 40, "PostalCode": 10, "Region": 3}


class Customers:
    """The customers of one system; a customer's id is its number without leading zeros."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def ensure(self, party: Party) -> str:
        """Found by our code (BusinessPartnerIDByExtSystem), else by name and e-mail where these fit exactly one, else created."""
        if not party.code or len(party.code) > CUSTOMER_CODE_MAX:
            raise self.client.error(UNCLEAR, f"customer code {party.code!r} must have 1 to {CUSTOMER_CODE_MAX} characters")
        return self._by_code(party) or self._by_name_and_mail(party) or self._create(party)

    def _partners(self, where: str) -> list[Row]:
        return list(self.client.rows(f"{PARTNERS}/A_BusinessPartner", where, FIELDS, "BusinessPartner"))

    def _by_code(self, party: Party) -> str:
        found = self._partners(equal("BusinessPartnerIDByExtSystem", party.code))
        if len(found) > 1:
            numbers = ", ".join(str(row["BusinessPartner"]) for row in found)
            raise self.client.error(UNCLEAR, f"business partners {numbers} all bear our customer code {party.code}")
        if found and not found[0]["Customer"]:
            says = f"business partner {found[0]['BusinessPartner']} ({party.code}) is no customer: it lacks the role FLCU00"
            raise self.client.error(UNCLEAR, says)
        return stripped(found[0]["Customer"]) if found else ""

    def _by_name_and_mail(self, party: Party) -> str:
        """Somebody's own entry for this customer, which has no code of ours yet."""
        mail = party.contact.email
        named = self._partners(equal("OrganizationBPName1", clean(party.name)[:NAME_MAX])) if mail else []
        free = {row["BusinessPartner"]: row["Customer"] for row in named if row["Customer"] and not row["BusinessPartnerIDByExtSystem"]}
        reached = self._reached_by(mail, set(free)) if free else set()
        return stripped(free[reached.pop()]) if len(reached) == 1 else ""

    def _reached_by(self, mail: str, partners: set[str]) -> set[str]:
        """Which of these partners have this e-mail address."""
        mails = self.client.rows(
            f"{PARTNERS}/A_AddressEmailAddress", equal("EmailAddress", mail), ("AddressID", "EmailAddress"), "AddressID"
        )
        addresses = {row["AddressID"] for row in mails}
        if not addresses:
            return set()
        where = both(one_of("BusinessPartner", partners), one_of("AddressID", addresses))
        fields = ("BusinessPartner", "AddressID")
        return {
            row["BusinessPartner"] for row in self.client.rows(f"{PARTNERS}/A_BusinessPartnerAddress", where, fields, "BusinessPartner")
        }

    def _create(self, party: Party) -> str:
        if not party.address.country:
            raise self.client.error(UNCLEAR, f"customer {party.code} has no country, and S/4HANA makes no address without one")
        made = self.client.create(f"{PARTNERS}/A_BusinessPartner", self._body(party))
        return stripped(self.client.understood(lambda: str(made.get("Customer") or made["BusinessPartner"])))

    def _body(self, party: Party) -> Mapping[str, Any]:
        name = clean(party.name)
        setting = self.client.hook.setting
        account = str(setting("reconciliation_account") or "")
        if not account:
            raise ConfigurationError(
                f"Connection {self.client.hook.conn_id!r} names no reconciliation account: customer {party.code} cannot be made."
            )
        company = {"CompanyCode": str(setting("company_code")), "ReconciliationAccount": account, **self._terms()}
        second = {"OrganizationBPName2": name[NAME_MAX : 2 * NAME_MAX].strip()} if len(name) > NAME_MAX else {}
        return {
            "BusinessPartnerCategory": "2",
            "BusinessPartnerGrouping": str(setting("bp_grouping")),
            "OrganizationBPName1": name[:NAME_MAX].strip(),
            **second,
            "SearchTerm1": name.upper()[:20].strip(),
            "BusinessPartnerIDByExtSystem": party.code,
            "to_BusinessPartnerAddress": {"results": [self._address(party)]},
            "to_BusinessPartnerRole": {"results": [{"BusinessPartnerRole": "FLCU00"}, {"BusinessPartnerRole": "FLCU01"}]},
            "to_Customer": {"to_CustomerCompany": {"results": [company]}},
        }

    def _terms(self) -> dict[str, str]:
        terms = str(self.client.hook.setting("customer_terms") or "")
        return {"PaymentTerms": terms} if terms else {}

    def _address(self, party: Party) -> Mapping[str, Any]:
        """Street and house number are one text here; S/4HANA's own field for the number stays empty."""
        address = party.address
        street = ", ".join(filter(None, (address.line1, address.line2, address.line3)))
        texts = {"StreetName": street, "CityName": address.city, "PostalCode": address.postal_code, "Region": address.region}
        kept = {name: clean(text)[: ADDRESS[name]].strip() for name, text in texts.items() if text}
        mail = {"to_EmailAddress": {"results": [{"EmailAddress": party.contact.email}]}} if party.contact.email else {}
        return {**kept, "Country": address.country, "Language": str(self.client.hook.setting("language")), **mail}
