"""Business partners (API_BUSINESS_PARTNER): deep creation, addresses and e-mails, version tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airbooks.platforms.sap_s4hana.sandbox import company
from airbooks.sandbox.kit import Row, Store

# Properties and their lengths; what a partner holds may also be written.
PARTNER = {
    "BusinessPartnerCategory": 1,
    "BusinessPartnerGrouping": 4,
    "OrganizationBPName1": 40,
    "OrganizationBPName2": 40,
    "SearchTerm1": 20,
    "BusinessPartnerIDByExtSystem": 20,
}
ADDRESS = {"StreetName": 60, "HouseNumber": 10, "CityName": 40, "PostalCode": 10, "Region": 3, "Country": 3, "Language": 2}
EMAIL, ROLE, COMPANY = {"EmailAddress": 241}, {"BusinessPartnerRole": 6}, {"CompanyCode": 4, "ReconciliationAccount": 10, "PaymentTerms": 4}
KINDS: Mapping[str, Mapping[str, str]] = {
    "A_BusinessPartner": {**dict.fromkeys(("BusinessPartner", "Customer"), "number"), **dict.fromkeys(PARTNER, "text")},
    "A_BusinessPartnerAddress": {**dict.fromkeys(("BusinessPartner", "AddressID"), "number"), **dict.fromkeys(ADDRESS, "text")},
    "A_AddressEmailAddress": {"AddressID": "number", "Person": "text", "OrdinalNumber": "text", "EmailAddress": "text"},
    "A_Customer": {"Customer": "number", "CustomerName": "text"},
    "A_CustomerCompany": {"Customer": "number", **dict.fromkeys(COMPANY, "text")},
}


class RefusedPartner(Exception):  # noqa: N818 the vendor's answer, not a fault
    """A partner that is not made, with the property that is wrong."""

    def __init__(self, code: str, message: str, prop: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.prop = code, message, prop


class Partners:
    """The business partners of the system."""

    def __init__(self, store: Store) -> None:
        self.store, self.table = store, store.table("partners")

    def rows(self, entity: str) -> Iterator[Row]:
        for partner in self.table.values():
            if entity == "A_BusinessPartner":
                yield partner
            elif entity == "A_Customer" and partner["Customer"]:
                yield {"Customer": partner["Customer"], "CustomerName": partner["OrganizationBPName1"]}
            elif entity == "A_CustomerCompany":
                yield from ({"Customer": partner["Customer"], "CompanyCode": code, **row} for code, row in partner["companies"].items())
            else:
                yield from self._addresses(partner, entity)

    def _addresses(self, partner: Row, entity: str) -> Iterator[Row]:
        for address in partner["addresses"]:
            if entity == "A_BusinessPartnerAddress":
                yield {"BusinessPartner": partner["BusinessPartner"], **address}
            elif entity == "A_AddressEmailAddress":
                for number, mail in enumerate(address["mails"], start=1):
                    yield {"AddressID": address["AddressID"], "Person": "", "OrdinalNumber": f"{number:03d}", "EmailAddress": mail}

    def create(self, body: Row) -> Row:
        """A partner from a deep insert; nothing is kept when any of it is refused. An external id may be given twice."""
        nested = {name: _several(body.pop(name)) for name in ("to_BusinessPartnerAddress", "to_BusinessPartnerRole") if name in body}
        customer = body.pop("to_Customer", None)
        partner = {**dict.fromkeys(PARTNER, ""), **_checked(body, PARTNER, "A_BusinessPartnerType")}
        if partner["BusinessPartnerCategory"] != "2" or not partner["OrganizationBPName1"]:
            raise RefusedPartner("R11/105", "Enter the name of the organization", "OrganizationBPName1")
        if partner["BusinessPartnerGrouping"] not in company.GROUPINGS:
            message = f"Grouping {partner['BusinessPartnerGrouping']} does not exist"
            raise RefusedPartner("R11/123", message, "BusinessPartnerGrouping")
        addresses = [self._address(each) for each in nested.get("to_BusinessPartnerAddress", [])]
        checked = (_checked(each, ROLE, "A_BusinessPartnerRoleType") for each in nested.get("to_BusinessPartnerRole", []))
        roles = [each["BusinessPartnerRole"] for each in checked]
        companies = self._companies(customer) if "FLCU00" in roles else {}
        number = str(self.store.next_number("partners", 17_100_001))
        is_customer = any(role.startswith("FLCU") for role in roles)
        parts = {"addresses": addresses, "roles": roles, "companies": companies, "version": 1}
        self.table[number] = {"BusinessPartner": number, "Customer": number if is_customer else "", **partner, **parts}
        return self.table[number]

    def _address(self, body: Row) -> Row:
        mails = [_checked(each, EMAIL, "A_AddressEmailAddressType")["EmailAddress"] for each in _several(body.pop("to_EmailAddress", []))]
        address = {**dict.fromkeys(ADDRESS, ""), **_checked(body, ADDRESS, "A_BusinessPartnerAddressType")}
        if address["Country"] not in company.COUNTRIES:
            raise RefusedPartner("AM/033", f"Country/Region {address['Country'] or 'blank'} does not exist", "Country")
        return {"AddressID": str(self.store.next_number("addresses", 22_001)), **address, "mails": mails}

    def _companies(self, customer: Any) -> Row:
        companies: Row = {}
        for each in _several((customer or {}).get("to_CustomerCompany", [])):
            row = {**dict.fromkeys(COMPANY, ""), **_checked(each, COMPANY, "A_CustomerCompanyType")}
            if row["CompanyCode"] != company.COMPANY:
                raise RefusedPartner("F2/301", f"Company code {row['CompanyCode']} does not exist", "CompanyCode")
            if row["ReconciliationAccount"] != company.RECONCILIATION:
                raise RefusedPartner("F2/152", "Enter a reconciliation account", "ReconciliationAccount")
            if row["PaymentTerms"] and row["PaymentTerms"] not in company.TERMS:
                raise RefusedPartner("F2/160", f"Terms of payment {row['PaymentTerms']} are not defined", "PaymentTerms")
            companies[row.pop("CompanyCode")] = row
        return companies

    def change(self, number: str, body: Row) -> None:
        row = self.table[number]
        self.table[number] = {**row, **_checked(body, PARTNER, "A_BusinessPartnerType"), "version": row["version"] + 1}


def etag(row: Row) -> str:
    return f"W/\"'{row['BusinessPartner']}-{row['version']}'\""


def _several(value: Any) -> list[Row]:
    rows = value.get("results") if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
        raise RefusedPartner("005056A509B11EE1B9A8FEC11C21578E", "Invalid value for a navigation property")
    return [dict(each) for each in rows]


def _checked(body: Row, known: Mapping[str, int], entity: str) -> Row:
    """The properties of a body; unknown ones, other types than text, and texts that are too long are refused."""
    for name, value in body.items():
        if name not in known:
            raise RefusedPartner("005056A509B11EE1B9A8FEC11C23378E", f"Property {name} is invalid for {entity}", name)
        if not isinstance(value, str):
            raise RefusedPartner("005056A509B11EE1B9A8FEC11C21578E", f"Invalid value for property {name}", name)
        if len(value) > known[name]:
            message = f"Property {name} at offset 0 has invalid value {value!r}: longer than {known[name]}"
            raise RefusedPartner("005056A509B11EE1B9A8FEC11C21578E", message, name)
    return dict(body)
