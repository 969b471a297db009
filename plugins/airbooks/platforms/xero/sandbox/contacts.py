"""Contacts: one name per active contact, our number settable through the API, two addresses and four phones whatever is given."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from airbooks.platforms.xero.sandbox.answers import NO_ID, Refused, Row, net_date
from airbooks.platforms.xero.sandbox.fields import folded
from airbooks.platforms.xero.sandbox.organisation import Organisation

FIELDS = (
    "ContactID",
    "ContactNumber",
    "AccountNumber",
    "ContactStatus",
    "Name",
    "FirstName",
    "LastName",
    "EmailAddress",
    "DefaultCurrency",
    "TaxNumber",
    "Addresses",
    "Phones",
)
ADDRESS = ("AddressType", "AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "City", "Region", "PostalCode", "Country")
PHONE = ("PhoneType", "PhoneNumber", "PhoneAreaCode", "PhoneCountryCode")
LONGEST = {"ContactNumber": 50, "AccountNumber": 50, "Name": 255, "FirstName": 255, "LastName": 255, "EmailAddress": 255, "TaxNumber": 50}
ADDRESS_LONGEST = {**{f"AddressLine{n}": 500 for n in range(1, 5)}, "City": 255, "Region": 255, "PostalCode": 50, "Country": 50}
SEARCHED = ("Name", "FirstName", "LastName", "ContactNumber", "EmailAddress")


class Contacts:
    def __init__(self, organisation: Organisation) -> None:
        self.organisation = organisation
        self.rows = organisation.contacts

    def find(self, key: str) -> Row | None:
        """By ContactID or ContactNumber."""
        return self.rows.get(key.lower()) or next((row for row in self.rows.values() if row.get("ContactNumber") == key), None)

    def create(self, raw: Any) -> Row:
        return self._save({"ContactID": str(uuid4()), "ContactStatus": "ACTIVE"}, self._read(raw))

    def upsert(self, raw: Any) -> Row:
        """POST: matches on ContactID, else ContactNumber, else Name."""
        asked = self._read(raw)
        known = self._match(asked)
        if known is None and asked.get("ContactID"):
            raise Refused("The contact could not be found.")
        if known is None:
            return self.create(raw)
        if known["ContactStatus"] == "ARCHIVED" and asked.get("ContactStatus") != "ACTIVE":
            raise Refused("The contact is archived and cannot be edited.")
        return self._save(known, asked)

    def of_document(self, raw: Any) -> Row:
        """The contact of an invoice. Fields beside the ContactID change the contact; a Name alone picks or makes one."""
        asked = folded(raw, FIELDS)
        if set(asked) == {"ContactID"}:
            found = self.rows.get(str(asked["ContactID"]).lower())
            if found is None:
                raise Refused("The contact could not be found.")
        else:
            found = self.upsert(raw)
        if found["ContactStatus"] != "ACTIVE":
            raise Refused(f"The contact {found['Name']} is archived and cannot be used.")
        return found

    def archive(self, contact_id: str, merged_to: str = "") -> None:
        """What a person does in Xero."""
        self.rows[contact_id] = {**self.rows[contact_id], "ContactStatus": "ARCHIVED", "MergedToContactID": merged_to}

    def shown(self, row: Row, *, status: str = "") -> Row:
        addresses = {each["AddressType"]: each for each in row.get("Addresses", [])}
        phones = {each["PhoneType"]: each for each in row.get("Phones", [])}
        kept = {name: row[name] for name in (*FIELDS, "MergedToContactID") if row.get(name) not in (None, "") and name != "Phones"}
        kept["Addresses"] = [addresses.get(kind, {"AddressType": kind}) for kind in ("STREET", "POBOX")]
        kept["Phones"] = [phones.get(kind, {"PhoneType": kind}) for kind in ("DEFAULT", "DDI", "FAX", "MOBILE")]
        more = {"UpdatedDateUTC": net_date(row["Updated"]), "IsCustomer": True, "IsSupplier": False, "HasValidationErrors": False}
        return {**kept, **more, **({"StatusAttributeString": status} if status else {})}

    def matches(self, row: Row, term: str) -> bool:
        """searchTerm: anywhere in five fields, whatever the case."""
        return any(term.casefold() in str(row.get(name, "")).casefold() for name in SEARCHED)

    def _match(self, asked: Row) -> Row | None:
        if asked.get("ContactID"):
            return self.rows.get(str(asked["ContactID"]).lower())
        if asked.get("ContactNumber"):
            by_number = next((row for row in self.rows.values() if row.get("ContactNumber") == asked["ContactNumber"]), None)
            if by_number is not None:
                return by_number
        return self._active_with_name(str(asked.get("Name", "")), but="")

    def _active_with_name(self, name: str, but: str) -> Row | None:
        fitting = (row for row in self.rows.values() if row["ContactStatus"] == "ACTIVE" and row["ContactID"] != but)
        return next((row for row in fitting if row["Name"].casefold() == name.casefold()), None)

    def _read(self, raw: Any) -> Row:
        asked = folded(raw, FIELDS)
        asked["Addresses"] = [folded(each, ADDRESS) for each in asked.get("Addresses", [])]
        asked["Phones"] = [folded(each, PHONE) for each in asked.get("Phones", [])]
        return {name: value for name, value in asked.items() if value not in (None, [])}

    def _save(self, known: Row, asked: Row) -> Row:
        row = {**known, **asked, "ContactID": known["ContactID"], "Updated": self.organisation.clock.now()}
        self._check(row)
        self.rows[row["ContactID"]] = row
        return row

    def _check(self, row: Row) -> None:
        name = str(row.get("Name", "")).strip()
        if not name:
            raise Refused("The contact name must be specified.")
        if self._active_with_name(name, but=row["ContactID"]) is not None:
            raise Refused(
                f"The contact name {name} is already assigned to another contact. "
                "The contact name must be unique across all active contacts."
            )
        for field, limit in LONGEST.items():
            if len(str(row.get(field, ""))) > limit:
                raise Refused(f"The field {field} exceeds the maximum length of {limit}.")
        if not str(row.get("EmailAddress", "")).isascii():
            raise Refused("Email address must be valid.")
        for address in row.get("Addresses", []):
            self._check_address(address)
        if row.get("DefaultCurrency") and row["DefaultCurrency"] not in self.organisation.currencies:
            raise Refused(f"Organisation is not subscribed to currency {row['DefaultCurrency']}")

    @staticmethod
    def _check_address(address: Row) -> None:
        if address.get("AddressType") not in {"POBOX", "STREET"}:
            raise Refused("The AddressType must be POBOX or STREET.")
        for field, limit in ADDRESS_LONGEST.items():
            if len(str(address.get(field, ""))) > limit:
                raise Refused(f"The field {field} exceeds the maximum length of {limit}.")
        if not re.fullmatch(r"[A-Za-z]*( [A-Za-z]+)*", str(address.get("Country", ""))):
            raise Refused("The field Country may hold letters only.")


def refused_contact(raw: Any) -> Row:
    """What identifies a contact that was not saved."""
    return {"ContactID": str(raw.get("ContactID") or NO_ID) if isinstance(raw, dict) else NO_ID}
