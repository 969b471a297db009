"""Customer cards."""

from __future__ import annotations

import re
from typing import Any

from airbooks.platforms.myob.sandbox.answers import Row, not_here, refused, required
from airbooks.platforms.myob.sandbox.company_file import CompanyFile, new_uid, new_version
from airbooks.platforms.myob.sandbox.fields import choice, text
from airbooks.platforms.myob.sandbox.terms import terms

DEFAULT_DAYS = 30
NO_CARD_ID = "*None"
FIELDS = ("UID", "CompanyName", "LastName", "FirstName", "IsIndividual", "DisplayID", "IsActive", "Addresses", "LastModified", "Notes")
LAYOUTS = ("NoDefault", "Service", "Item", "Professional", "TimeBilling", "Miscellaneous")


class Cards:
    """The customers of one company file."""

    def __init__(self, company: CompanyFile) -> None:
        self.company = company

    def one(self, uid: str) -> Row:
        row = self.company.customers.get(uid.lower())
        if row is None:
            raise not_here()
        return row

    def created(self, body: Any) -> Row:
        if body.get("UID"):
            raise refused("Conflict", "UID must not be given for a new customer", status=409)
        return self._saved(new_uid(), body)

    def updated(self, uid: str, body: Any) -> Row:
        row = self.one(uid)
        if body.get("RowVersion") != row["RowVersion"]:
            raise refused("IncorrectRowVersionSupplied", "The RowVersion is not the current one", 111, status=409)
        return self._saved(row["UID"], body)

    def _saved(self, uid: str, body: Row) -> Row:
        is_individual = body.get("IsIndividual")
        if not isinstance(is_individual, bool):
            raise required("IsIndividual")
        row = {
            "UID": uid,
            "CompanyName": text(body, "CompanyName", 50) or None,
            "LastName": text(body, "LastName", 30) or None,
            "FirstName": text(body, "FirstName", 20) or None,
            "IsIndividual": is_individual,
            "DisplayID": self._display_id(uid, body),
            "IsActive": body.get("IsActive", True),
            "Notes": text(body, "Notes", 255) or None,
            "Addresses": [self._address(each) for each in body.get("Addresses") or []],
            "SellingDetails": self._selling(body.get("SellingDetails") or {}),
            "ForeignCurrency": self._currency(body),
            "LastModified": self.company.now(),
            "URI": self.company.uri(f"Contact/Customer/{uid}"),
            "RowVersion": new_version(),
        }
        if not row["LastName" if is_individual else "CompanyName"]:
            raise required("LastName" if is_individual else "CompanyName")
        self.company.customers[uid] = row
        return row

    def _display_id(self, uid: str, body: Row) -> str:
        found = text(body, "DisplayID", 15) or NO_CARD_ID
        taken = any(row["DisplayID"] == found for row in self.company.customers.values() if row["UID"] != uid)
        if found != NO_CARD_ID and taken:
            raise refused("Contact_DuplicateIdentifier", f"A card with the identifier {found} already exists", 200)
        return found

    def _currency(self, body: Row) -> Row | None:
        row = self.company.find(self.company.currencies, body.get("ForeignCurrency"), "ForeignCurrency", needed=False)
        if row is not None and not self.company.settings["multi_currency"]:
            raise refused("MultiCurrencyIsOff", "This company file does not deal in several currencies")
        return self.company.currency_link(row)

    @staticmethod
    def _address(body: Row) -> Row:
        if body.get("Location") not in {1, 2, 3, 4, 5}:
            raise refused("InvalidLocation", "Location is 1 to 5")
        lengths = {"Street": 255, "City": 255, "State": 255, "PostCode": 11, "Country": 255, "Phone1": 21, "Email": 255, "ContactName": 25}
        return {"Location": body["Location"], **{name: text(body, name, most) or None for name, most in lengths.items()}}

    def _selling(self, body: Row) -> Row:
        tax = self.company.named(self.company.taxes, body.get("TaxCode"), "SellingDetails.TaxCode")
        freight = self.company.named(self.company.taxes, body.get("FreightTaxCode"), "SellingDetails.FreightTaxCode")
        abn = text(body, "ABN", 14)
        if abn and not re.fullmatch(r"\d\d \d{3} \d{3} \d{3}", abn):
            raise refused("InvalidABN", "The ABN is written XX XXX XXX XXX")
        return {
            "SaleLayout": choice(body, "SaleLayout", LAYOUTS, "NoDefault"),
            "TaxCode": self.company.tax_link(tax),
            "FreightTaxCode": self.company.tax_link(freight),
            "ABN": abn or None,
            "Terms": terms(body.get("Terms") or {"PaymentIsDue": "InAGivenNumberOfDays", "BalanceDueDate": DEFAULT_DAYS}),
        }
