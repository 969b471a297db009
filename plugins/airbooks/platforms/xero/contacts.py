"""Customers as Xero contacts: found by our code, adopted by name, or created; a name is unique over active contacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airbooks.canonical import Party
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.xero import mapping, reading
from airbooks.platforms.xero.client import Row, XeroClient
from airbooks.platforms.xero.spec import ARCHIVED_CONTACT, DUPLICATE_NAME


class Contacts:
    """The contacts of one organisation."""

    def __init__(self, client: XeroClient) -> None:
        self._client = client

    def ensure(self, party: Party, currency: str) -> str:
        """The ContactID: by our code (ContactNumber), else the one contact of this name that nobody claimed, which then gets our code,
        else a new one."""
        contact = self._known_or_new(party, currency)
        if contact["ContactStatus"] != "ACTIVE":
            raise self._client.error(ARCHIVED_CONTACT, f"contact {contact['Name']} is {str(contact['ContactStatus']).lower()}")
        return str(contact["ContactID"])

    def _known_or_new(self, party: Party, currency: str) -> Row:
        for is_last in (False, True):
            coded = reading.with_our_code(self._with("ContactNumber", party.code), party)
            if coded is not None:
                return self._merged_to(coded)
            namesakes = self._with("Name", mapping.contact_name(party))
            free = reading.adoptable(namesakes, party)
            if free is not None:
                return self._adopt(free, party)
            try:
                return self._put(mapping.contact_body(party, currency, coded=is_last or reading.name_is_taken(namesakes, party)), party)
            except PlatformError as error:
                if is_last or error.rule.name != DUPLICATE_NAME:
                    raise  # else somebody was quicker: look again
        raise AssertionError("unreachable")

    def _with(self, field: str, value: str) -> list[Row]:
        """Contacts, archived ones too; a value that the language of `where` cannot quote is searched for instead."""
        awkward = '"' in value or "\\" in value
        asked = {"searchTerm": value} if awkward else {"where": f'{field}=="{value}"'}
        return [row for page in self._client.pages("Contacts", reading.contact, {"includeArchived": "true", **asked}) for row in page]

    def _merged_to(self, contact: Row) -> Row:
        """A merged contact is archived and names the one that goes on."""
        target = contact.get("MergedToContactID")
        if contact["ContactStatus"] == "ACTIVE" or not target:
            return contact
        return self._client.one("Contacts", str(target), reading.contact) or contact

    def _adopt(self, contact: Row, party: Party) -> Row:
        body = {"Contacts": [{"ContactID": contact["ContactID"], "ContactNumber": party.code}]}
        return self._client.saved("Contacts", self._client.write("POST", f"Contacts/{contact['ContactID']}", body), reading.contact)

    def _put(self, body: Mapping[str, Any], party: Party) -> Row:
        reply = self._client.write("PUT", "Contacts", {"Contacts": [body]}, party.code, summarizeErrors="false")
        return self._client.saved("Contacts", reply, reading.contact)
