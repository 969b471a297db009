"""Customers: known by their Code; found by code, e-mail or name."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from airbooks.platforms.kashflow.sandbox.answers import Refusal, Row, invalid, not_found
from airbooks.platforms.kashflow.sandbox.checks import flag, known, number, text, whole
from airbooks.sandbox.kit import Clock, Store

ADDRESS = ("Line1", "Line2", "Line3", "Line4", "PostCode", "CountryCode", "CountryName")
CONTACT = ("Firstname", "LastName", "Email", "Telephone", "IsPrimary", "ReceiveEmails")
FIELDS = (
    "Code",
    "Name",
    "CreateCustomerCodeIfDuplicate",
    "Contacts",
    "Addresses",
    "DeliveryAddresses",
    "Currency",
    "PaymentTerms",
    "VATNumber",
    "DefaultNominalCode",
    "Note",
    "DiscountRate",
    "ShowDiscount",
    "ReceivesWholesalePricing",
    "DefaultCustomerReference",
    "CustomerKey",
    "EnableCreditLimit",
    "CreditLimit",
    "IsArchived",
)
SEARCHES = ("code", "email", "name")


class Customers:
    """The company's customers, each row under its lower-case code."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.rows = store.table("customers")

    def get(self, code: str) -> Row:
        row = self.rows.get(code.casefold())
        if row is None:
            raise not_found(f"Customer {code} does not exist.")
        return row

    def create(self, body: Any) -> Row:
        asked = known(body, FIELDS, "Customer")
        if not text(asked, "Name"):
            raise invalid("Name is required.")
        code = text(asked, "Code")
        if flag(asked, "CreateCustomerCodeIfDuplicate") and (not code or code.casefold() in self.rows):
            code = self.suggested(text(asked, "Name"))
        if not code:
            raise invalid("Code is required.")
        if code.casefold() in self.rows:
            raise Refusal("CustomerCodeExists", "Customer code already exists")
        return self._keep({**self._checked(asked), "Code": code, "Id": self.store.next_number("customer")})

    def update(self, code: str, body: Any) -> Row:
        row = self.get(code)
        return self._keep({**row, **self._checked(known(body, (*FIELDS, *row), "Customer")), "Code": row["Code"], "Id": row["Id"]})

    def delete(self, code: str) -> None:
        del self.rows[self.get(code)["Code"].casefold()]

    def suggested(self, name: str) -> str:
        letters = "".join(each for each in name.upper() if each.isalnum())[:6] or "CUST"
        taken = (f"{letters}{position:02d}" for position in range(1, 1000))
        return next(each for each in taken if each.casefold() not in self.rows)

    def search(self, by: str, wanted: str) -> list[Row]:
        if by not in SEARCHES:
            raise invalid("searchBy must be code, email or name")
        sought = wanted.casefold()
        return [
            {"key": row["Id"], "value": f"{row['Name']} ({row['Code']})"}
            for row in self.rows.values()
            if any(sought in each.casefold() for each in _searched(row, by))
        ]

    def listed(self, wanted: str) -> list[Row]:
        sought = wanted.casefold()
        texts = [(row, f"{row['Name']} {row['Code']}".casefold()) for row in self.rows.values()]
        return [row for row, shown in texts if sought in shown]

    def _checked(self, asked: Row) -> Row:
        for address in [*(asked.get("Addresses") or []), *(asked.get("DeliveryAddresses") or [])]:
            known(address, (*ADDRESS, "Name"), "Address")
        for contact in asked.get("Contacts") or []:
            known(contact, CONTACT, "Contact")
        currency = known(asked.get("Currency") or {"Code": "GBP"}, ("Code", "ExchangeRate"), "Currency")
        if currency.get("Code") not in self.store.table("currencies"):
            raise invalid("Currency is not in the account's list.")
        nominal = whole(asked, "DefaultNominalCode")
        if nominal and str(nominal) not in self.store.table("nominals"):
            raise invalid(f"Nominal code {nominal} does not exist.")
        return {
            **{name: asked.get(name) or [] for name in ("Contacts", "Addresses", "DeliveryAddresses")},
            **{name: text(asked, name) for name in ("Name", "VATNumber", "Note", "CustomerKey", "DefaultCustomerReference")},
            "Currency": {"Code": currency["Code"]},
            "PaymentTerms": asked.get("PaymentTerms"),
            "DefaultNominalCode": nominal or None,
            "DiscountRate": number(asked, "DiscountRate", Decimal(0)),
            "IsArchived": flag(asked, "IsArchived"),
            "CreatedDate": f"{self.clock.now():%Y-%m-%d %H:%M:%S} +00:00",
        }

    def _keep(self, row: Row) -> Row:
        self.rows[row["Code"].casefold()] = row
        return row


def _searched(row: Row, by: str) -> Iterator[str]:
    if by == "email":
        yield from (str(contact.get("Email", "")) for contact in row["Contacts"])
    else:
        yield row["Code" if by == "code" else "Name"]
