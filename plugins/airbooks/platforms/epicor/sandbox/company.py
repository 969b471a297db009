"""One Epicor company: its lists, its tables, and what all its business objects share."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.platforms.epicor.sandbox.refusal import Refusal, not_found, rule_broken
from airbooks.sandbox.kit import Context, Row, Table

COMPANY, PLANT, BASE = "EPIC06", "MfgSys", "USD"
PER_USD = {"USD": Decimal(1), "GBP": Decimal("0.79"), "AUD": Decimal("1.52"), "EUR": Decimal("0.92")}
SEGMENTS = {1: "Account", 2: "Department", 3: "Warehouse"}
UNITS = {"C62": "EA", "HUR": "HR", "DAY": "DAY", "MTR": "M", "SET": "SET", "CA": "CAN"}
NAMESPACE = uuid.UUID("7a1d3a52-0d0e-4a8a-9a53-0c3f6f0e9d11")
CENT = Decimal("0.01")


def row_id(table: str, key: object) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{table}/{key}"))


def moment(day: date) -> str:
    """A date as the API writes it: midnight, without a zone."""
    return f"{day.isoformat()}T00:00:00"


def day_of(value: Any, table: str, field: str) -> date:
    """A date as the API takes it in rows and arguments."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise rule_broken(f"{field} is not a date.", table, field) from None
    if found.tzinfo is not None:
        raise rule_broken(f"{field} has a time zone.", table, field)
    return found.date()


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


class Company:
    """The company's tables by their Epicor names. `struck` tells whether an armed fault strikes now; `armed` are all that might."""

    def __init__(self, context: Context, struck: Callable[[str], Row | None], armed: Callable[[], Mapping[str, Row]]) -> None:
        self.context, self.store, self.clock, self.struck, self.armed = context, context.store, context.clock, struck, armed

    def table(self, name: str) -> Table:
        return self.store.table(name)

    def today(self) -> date:
        return self.clock.today()

    def revise(self, row: Row) -> Row:
        """The row with a fresh SysRevID, as after every write."""
        row["SysRevID"] = self.store.next_number("SysRevID", 81_000)
        return row

    def get(self, table: str, key: object) -> Row:
        found = self.table(table).get(str(key))
        if found is None:
            raise not_found(as_500=self.struck("not_found_as_500") is not None)
        return found

    def require(self, table: str, key: object, message: str, place: str, field: str) -> Row:
        """An entry that a field names; `message` where there is none."""
        found = self.table(table).get(str(key))
        if found is None:
            raise rule_broken(message, place, field)
        return found

    def customer(self, cust_id: str) -> Row:
        found = next((row for row in self.table("Customer").values() if row["CustID"] == cust_id), None)
        if found is None:
            raise rule_broken("Customer is invalid.", "InvcHead", "SoldToCustID")
        return found

    def check_period(self, day: date, place: str) -> None:
        """A closed period refuses the date of a group or of an invoice."""
        message = self.closed(day, "save")
        if message:
            raise rule_broken(message, place, "ApplyDate")

    def closed(self, day: date, at: str) -> str:
        """Why a date cannot be used `at` save or post; empty where it can."""
        parameters = self.struck("lock_period") if self._locks(day, at) else None
        return "" if parameters is None else f"Apply date {day} is earlier than the Earliest Apply Date."

    def _locks(self, day: date, at: str) -> bool:
        armed = self.armed().get("lock_period")
        return armed is not None and armed.get("at", "save") == at and day.isoformat() <= armed.get("through", "9999-12-31")

    def rate(self, currency: str) -> Decimal:
        """Base = foreign x rate."""
        fault = self.struck("missing_rate")
        if fault is not None and fault.get("currency", currency) == currency:
            raise rule_broken(f"No exchange rate for {currency}.", "InvcHead", "CurrencyCode")
        return (PER_USD[BASE] / PER_USD[currency]).quantize(Decimal("0.00000001"))

    # -- seeding --------------------------------------------------------------------------------------------------------------

    def seed(self, catalogue: list[Row]) -> None:
        """What a user has set up before the first invoice."""
        self._seed_accounts()
        for code in ("EA", "HR", "DAY", "M", "SET", "CAN"):
            self.table("UOM")[code] = {"Company": COMPANY, "UOMCode": code, "UOMDesc": code, "Active": True}
        for code, name, days in (("N30", "Net 30", 30), ("N14", "Net 14", 14), ("2T30", "2% 10 Net 30", 30), ("DUE", "Due on receipt", 0)):
            self.table("Terms")[code] = {"Company": COMPANY, "TermsCode": code, "Description": name, "NumberOfDays": days}
        for code in PER_USD:
            self.table("Currency")[code] = {"Company": COMPANY, "CurrencyCode": code, "CurrDesc": code, "BaseCurr": code == BASE}
        self._seed_taxes()
        for number, name in enumerate(("Wire", "Check", "Card"), start=1):
            self.table("PayMethod")[str(number)] = {"Company": COMPANY, "PMUID": number, "Name": name}
        countries = {"US": "USA", "CA": "Canada", "GB": "United Kingdom", "DE": "Germany", "AU": "Australia"}
        for number, (iso, name) in enumerate(countries.items(), start=1):
            self.table("Country")[str(number)] = {"Company": COMPANY, "CountryNum": number, "ISOCode": iso, "Description": name}
        for code, name in {"EQUIP": "Equipment", "PARTS": "Parts", "SERV": "Service", "FRT": "Freight"}.items():
            self.table("ProdGrup")[code] = {"Company": COMPANY, "ProdCode": code, "Description": name, "SalesCatID": code}
        self.table("MiscChrg")["FRT"] = {"Company": COMPANY, "MiscCode": "FRT", "Description": "Freight", "TaxCatID": "TAXABLE"}
        self.table("BankAcct")["1000"] = {"Company": COMPANY, "BankAcctID": "1000", "Description": "Operating bank"}
        for item in catalogue:
            self._seed_part(item)

    def _seed_accounts(self) -> None:
        accounts = {"1000": "Operating bank", "1100": "Accounts receivable", "2200": "Sales tax payable", "4000": "Equipment sales"}
        accounts |= {"4010": "Parts sales", "4100": "Service income", "4900": "Freight income", "4800": "Discounts given"}
        values = {1: accounts, 2: {"WHOLESALE": "Wholesale", "SERVICE": "Service"}, 3: {"MAIN": "Main", "NORTH": "North"}}
        for number, entries in values.items():
            for code, name in entries.items():
                self.table("COASegValues")[f"{number}/{code}"] = {
                    "Company": COMPANY,
                    "COACode": "MAIN",
                    "SegmentNbr": number,
                    "SegmentCode": code,
                    "SegmentName": name,
                    "ActiveFlag": True,
                }

    def _seed_taxes(self) -> None:
        for code, name in {"TAXABLE": "Taxable", "EXEMPT": "Exempt"}.items():
            self.table("TaxCat")[code] = {"Company": COMPANY, "TaxCatID": code, "Description": name}
        for code, percent in {"TX": "8.25", "CA": "7.25"}.items():
            self.table("TaxRgn")[code] = {"Company": COMPANY, "TaxRegionCode": code, "Description": code, "_percent": Decimal(percent)}

    def _seed_part(self, item: Row) -> None:
        group = {"EQUIPMENT": "EQUIP", "PARTS": "PARTS", "SERVICE": "SERV", "FREIGHT": "FRT"}[item["revenue_group"]]
        self.table("Part")[item["code"]] = {
            "Company": COMPANY,
            "PartNum": item["code"],
            "PartDescription": item["name"],
            "ProdCode": group,
            "SalesUM": UNITS.get(item["unit"], "EA"),
            "UnitPrice": Decimal(item["list_price_usd"]),
            "TaxCatID": "TAXABLE",
            "InActive": False,
        }

    # -- customers ------------------------------------------------------------------------------------------------------------

    def create_customer(self, body: Row) -> Row:
        """POST Customers: CustID unique, at most ten capitals; the codes that it names must exist."""
        unknown = set(body) - set(CUSTOMER) - {"Company"}
        if unknown:
            raise Refusal(400, "Microsoft.OData.ODataException", f"The property '{min(unknown)}' does not exist on type 'Erp.Customer'.")
        row = {**CUSTOMER, **body, "Company": COMPANY}
        code = row["CustID"]
        if not 0 < len(code) <= 10 or code != code.upper():
            raise rule_broken("Customer ID must be 1 to 10 capital characters.", "Customer", "CustID")
        for field in ("Name", "TermsCode", "TerritoryID", "CurrencyCode", "SalesRepCode"):
            if not row[field]:
                raise rule_broken(f"{field} is required.", "Customer", field)
        self.require("Terms", row["TermsCode"], "Terms Code is invalid.", "Customer", "TermsCode")
        self.require("Currency", row["CurrencyCode"], "Currency is invalid.", "Customer", "CurrencyCode")
        if row["CountryNum"]:
            self.require("Country", row["CountryNum"], "Country is invalid.", "Customer", "CountryNum")
        if any(other["CustID"] == code for other in self.table("Customer").values()):
            raise Refusal(409, "Ice.Common.DuplicateRecordException", f"Customer {code} already exists.")
        number = self.store.next_number("CustNum", 214)
        row |= {"CustNum": number, "SysRowID": row_id("Customer", number)}
        self.table("Customer")[str(number)] = self.revise(row)
        return row


CUSTOMER: Row = {
    "Company": COMPANY,
    "CustNum": 0,
    "CustID": "",
    "Name": "",
    "Address1": "",
    "Address2": "",
    "Address3": "",
    "City": "",
    "State": "",
    "Zip": "",
    "CountryNum": 0,
    "PhoneNum": "",
    "EMailAddress": "",
    "CurrencyCode": "",
    "TermsCode": "",
    "TerritoryID": "",
    "SalesRepCode": "",
    "TaxRegionCode": "",
    "CustomerType": "CUS",
    "ExternalID": "",
    "TaxPayerID": "",
    "CreditHold": False,
    "AllowOTS": False,
    "SysRowID": "",
    "SysRevID": 0,
}
