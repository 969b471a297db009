"""What a pod has before the first invoice: business unit, set-up of Receivables, customer accounts, items, tax; and its counters."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.platforms.oracle_fusion.sandbox.answers import Refusal, Row
from airbooks.sandbox.kit import Clock, Store, Table

BUSINESS_UNIT = "Harbour Compressors US"
SOURCE, AUTOMATIC_SOURCE = "AIRBOOKS", "Manual Numbered"
REGIME = "US SALES TAX"
BANK_ACCOUNT = "10271-17621-619"
FIRST_ID = 300100169169047
# One unit of each in US dollars; the ledger is in dollars.
IN_USD = {"USD": "1", "GBP": "1.265823", "AUD": "0.657895", "EUR": "1.086957"}
UNITS = {"Ea": "Each", "HR": "Hour", "DY": "Day", "MTR": "Metre", "SET": "Set", "CAN": "Canister"}
TAXES = {"TX SALES TAX": "8.25", "CA SALES TAX": "7.25", "US EXEMPT": "0"}
# Name of the term: its instalments as (share in per cent, days).
TERMS = {"30 Net": [("100", 30)], "14 Net": [("100", 14)], "2% 10 Net 30": [("100", 30)], "IMMEDIATE": [("100", 0)]}
TERMS |= {"30/60 Split": [("50", 30), ("50", 60)]}
MEMO_LINES = ("Freight", "Document Discount", "Document Charge")
METHODS = ("Wire Transfer", "Check", "Credit Card")
ORGANIZATIONS = {"MAIN": "Main Warehouse", "NORTH": "Northern Warehouse"}
VALUE_SETS = {"AR_DEPARTMENT": ("WHOLESALE", "SERVICE")}
SEGMENTS = {"department": "AR_DEPARTMENT"}  # of the line's descriptive flexfield
# Accounts made by a customer import: their numbers are those of the sales system.
_IMPORTED = re.compile(r"C-[A-Z]{2}-\d{4,6}")


class Pod:
    """One tenant. Reference rows are read here; transactions and receipts live in their own modules."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.settings, self.accounts, self.items = store.table("settings"), store.table("accounts"), store.table("items")
        self.transactions, self.receipts = store.table("transactions"), store.table("receipts")
        self.applications, self.payables = store.table("applications"), store.table("payables")

    def seed(self, catalogue: list[Row]) -> None:
        self.settings["receivables"] = {
            "open_from": "2026-01-01",
            "allow_delete": True,
            "allow_manual_tax": True,
            "tax_rounding": "HEADER",
            "allow_duplicates": False,
            "apply_action": True,
            "needs_approval": False,
        }
        for row in catalogue:
            unit = {"HUR": "HR", "DAY": "DY", "MTR": "MTR", "SET": "SET", "CA": "CAN"}.get(row.get("unit", ""), "Ea")
            self.items[row["code"]] = {"ItemNumber": row["code"], "ItemDescription": row.get("name", ""), "PrimaryUOMValue": UNITS[unit]}
        self._account("10042", "Northside Fabrication Ltd", {"1042-BILL": True, "1042-DOCK3": False})
        self._account("10043", "Southgate Castings Inc", {"1043-EAST": False, "1043-WEST": False})
        self._account("10044", "Twin Presses Inc", {"1044-BILL": True})
        self._account("10045", "Twin Presses Inc", {"1045-BILL": True})

    def _account(self, number: str, name: str, sites: dict[str, bool]) -> Row:
        self.accounts[number] = {
            "AccountId": self.new_id(),
            "AccountNumber": number,
            "CustomerName": name,
            "CustomerId": self.new_id(),
            "sites": sites,
        }
        return self.accounts[number]

    # -- counters and time ------------------------------------------------------------------------------------------------

    def new_id(self) -> int:
        return self.store.next_number("ids", FIRST_ID)

    def stamp(self) -> str:
        """Now, later than any stamp given before: changes are listed in their order."""
        last = self.store.table("$stamps").get("last")
        now = self.clock.now()
        if last is not None and last["at"] >= now:
            now = last["at"] + timedelta(milliseconds=1)
        self.store.table("$stamps")["last"] = {"at": now}
        return now.isoformat(timespec="microseconds")

    def setting(self, name: str) -> Any:
        return self.settings["receivables"][name]

    def change(self, **values: Any) -> None:
        """Another set-up of the business unit, as an administrator would choose it."""
        self.settings["receivables"] = {**self.settings["receivables"], **values}

    # -- set-up ---------------------------------------------------------------------------------------------------------------

    def account(self, number: str) -> Row | None:
        if number not in self.accounts and _IMPORTED.fullmatch(number):
            return self._account(number, f"Account {number}", {f"{number}-BILL": True})
        return self.accounts.get(number)

    def by_name(self, name: str) -> list[Row]:
        return [row for row in self.accounts.values() if row["CustomerName"] == name]

    def check_unit(self, body: Row, no_access: bool) -> None:
        if body.get("BusinessUnit") != BUSINESS_UNIT or no_access:
            raise Refusal("The business unit was not found.", "AR_BU_NOT_FOUND", "/BusinessUnit")

    def bill_to(self, body: Row) -> Row:
        """The account and the site that a transaction is billed to."""
        number = body.get("BillToCustomerNumber")
        found = self.account(str(number)) if number else next(iter(self.by_name(body.get("BillToCustomerName", ""))), None)
        if found is None:
            raise Refusal(f"The bill-to customer {number} was not found.", "AR_BILL_TO_CUST_NOT_FOUND", "/BillToCustomerNumber")
        wanted = body.get("BillToSite") or next((site for site, primary in found["sites"].items() if primary), None)
        if wanted not in found["sites"]:
            raise Refusal("The bill-to site was not found.", "AR_BILL_TO_SITE_NOT_FOUND", "/BillToSite")
        return {"BillToCustomerNumber": found["AccountNumber"], "BillToCustomerName": found["CustomerName"], "BillToSite": wanted}

    def conversion(self, body: Row, currency: str) -> Row:
        """The conversion data of a transaction or receipt; forbidden in the ledger's currency, required in any other."""
        kind, day, rate = (body.get(name) for name in ("ConversionRateType", "ConversionDate", "ConversionRate"))
        if currency not in IN_USD:
            raise Refusal(f"The currency {currency} is not enabled.", path="/InvoiceCurrencyCode")
        given = [each for each in (kind, day, rate) if each is not None]
        if currency == "USD":
            if given:
                raise Refusal("Conversion data is not allowed in the ledger currency.", "AR_FUNC_CURRENCY_REQ", "/ConversionRateType")
            return {"ConversionRateType": None, "ConversionDate": None, "ConversionRate": None}
        if kind not in {"User", "Corporate"} or day is None or (kind == "User") is not (rate is not None):
            raise Refusal("Conversion rate type, date and rate are required.", "AR_FUNC_CURRENCY_REQ", "/ConversionRateType")
        return {"ConversionRateType": kind, "ConversionDate": day, "ConversionRate": rate or Decimal(IN_USD[currency])}

    def check_period(self, day: str) -> None:
        if day < self.setting("open_from"):
            raise Refusal("The accounting date is not in an open or future-enterable period.", path="/AccountingDate")

    def tables(self) -> tuple[Table, ...]:
        """What a transaction of the database covers."""
        return self.transactions, self.receipts, self.applications


def cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)
