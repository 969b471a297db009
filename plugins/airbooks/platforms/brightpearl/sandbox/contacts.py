"""Contacts and postal addresses."""

from __future__ import annotations

from typing import Any

from airbooks.platforms.brightpearl.sandbox.answers import INVALID, NO_PARTY, NOT_FOUND, Refusal, Row
from airbooks.platforms.brightpearl.sandbox.company import Company
from airbooks.platforms.brightpearl.sandbox.search import Search, id_set

SEARCH = Search(
    {
        "contactId": "IDSET",
        "primaryEmail": "SEARCH_STRING",
        "secondaryEmail": "SEARCH_STRING",
        "tertiaryEmail": "SEARCH_STRING",
        "firstName": "SEARCH_STRING",
        "lastName": "SEARCH_STRING",
        "isSupplier": "BOOLEAN",
        "companyName": "SEARCH_STRING",
        "isStaff": "BOOLEAN",
        "isCustomer": "BOOLEAN",
        "createdOn": "PERIOD",
        "updatedOn": "PERIOD",
        "lastContactedOn": "PERIOD",
        "lastOrderedOn": "PERIOD",
        "nominalCode": "INTEGER",
        "isPrimary": "BOOLEAN",
        "pri": "STRING",
        "sec": "STRING",
        "mob": "STRING",
        "exactCompanyName": "STRING",
        "title": "STRING",
    }
)
FIELDS = {
    *("salutation", "firstName", "lastName", "postAddressIds", "communication", "organisation", "assignment"),
    *("financialDetails", "isPrimaryContact"),
}
ADDRESS = {"addressLine1", "addressLine2", "addressLine3", "addressLine4", "postalCode", "countryIsoCode", "countryId"}
NAME = 32


class Contacts:
    """The contacts of one account."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def add_address(self, body: Row) -> Row:
        _known_fields(body, ADDRESS)
        if not body.get("addressLine1"):
            raise Refusal("addressLine1 is required", INVALID)
        country = body.get("countryIsoCode", "")
        if not body.get("countryId") and not (len(country) in (2, 3) and country.isupper()):
            raise Refusal("countryIsoCode or countryId is required", INVALID)
        return {"response": self._keep("address", dict(body))}

    def add(self, body: Row) -> Row:
        _known_fields(body, FIELDS)
        for name in ("firstName", "lastName"):
            if len(body.get(name, "")) > NAME:
                raise Refusal(f"{name} is longer than {NAME} characters", INVALID)
        for address_id in body.get("postAddressIds", {}).values():
            self.company.known("address", address_id, "postAddressIds", NO_PARTY)
        row = {**body, "primary": body.get("isPrimaryContact", True), "created": self.company.now()}
        return {"response": self._keep("contact", row)}

    def _keep(self, table: str, row: Row) -> int:
        number = self.company.next_id(table, first=200)
        self.company.table(table)[str(number)] = {**row, "id": number}
        return number

    def read(self, ids: str) -> Row:
        wanted = id_set(ids)
        found = [self._shown(row) for row in self.company.table("contact").values() if row["id"] in wanted]
        if not found:
            raise Refusal("No Contact Found", NOT_FOUND, 404)
        return {"response": found}

    def _shown(self, row: Row) -> Row:
        return {
            "contactId": row["id"],
            "isPrimaryContact": row["primary"],
            "salutation": row.get("salutation", ""),
            "firstName": row.get("firstName", ""),
            "lastName": row.get("lastName", ""),
            "postAddressIds": row.get("postAddressIds", {}),
            "communication": row.get("communication", {"emails": {}, "telephones": {}}),
            "relationshipToAccount": {"isSupplier": False, "isStaff": False},
            "financialDetails": row.get("financialDetails", {}),
            "assignment": {"current": row.get("assignment", {}).get("current", {})},
            "organisation": {"organisationId": row["id"]},
            "createdOn": self.company.shown(row["created"]),
        }

    def search(self, asked: dict[str, str]) -> Row:
        return SEARCH.page([self._listed(row) for row in self.company.table("contact").values()], asked)

    def _listed(self, row: Row) -> list[Any]:
        name, created = company_name(row), self.company.shown(row["created"])
        emails, phones = (row.get("communication", {}).get(kind, {}) for kind in ("emails", "telephones"))
        email = emails.get("PRI", {}).get("email", "")
        return [
            *(row["id"], email, "", "", row.get("firstName", ""), row.get("lastName", ""), False, name, False, True),
            *(created, created, None, None, 0, row["primary"], phones.get("PRI", ""), "", "", name, None),
        ]


def company_name(row: Row) -> str:
    return str(row.get("organisation", {}).get("name", ""))


def _known_fields(body: Row, fields: set[str]) -> None:
    for name in body:
        if name not in fields:
            raise Refusal(f"Unrecognised field {name}", INVALID)
