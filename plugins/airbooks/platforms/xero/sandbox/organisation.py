"""The organisation's own lists: settings, chart of accounts, tax rates, items, tracking, currencies; and what it has before an invoice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from airbooks.platforms.xero.sandbox.answers import Row, net_date
from airbooks.sandbox.kit import Clock, Store

TENANT = "3b1f6c52-7a4e-4c1d-9d0e-5f2a8e6b9c41"
CHARGE_ITEM = "DOC-CHARGE"
# Foreign units for one US dollar.
PER_DOLLAR = {"USD": Decimal(1), "GBP": Decimal("0.79"), "AUD": Decimal("1.52"), "EUR": Decimal("0.92")}
CURRENCIES = {"AUD": "Australian Dollar", "USD": "United States Dollar", "GBP": "British Pound", "EUR": "Euro"}
# Code, name, type, default tax type, takes payments.
ACCOUNTS = (
    ("1000", "Operating bank", "BANK", "BASEXCLUDED", False),
    ("1100", "Accounts receivable", "CURRENT", "BASEXCLUDED", False),
    ("1190", "Undeposited funds", "CURRENT", "BASEXCLUDED", True),
    ("2200", "Sales tax payable", "CURRLIAB", "BASEXCLUDED", False),
    ("4000", "Equipment sales", "REVENUE", "OUTPUT", False),
    ("4010", "Parts sales", "REVENUE", "OUTPUT", False),
    ("4100", "Service income", "REVENUE", "OUTPUT", False),
    ("4800", "Discounts given", "REVENUE", "OUTPUT", False),
    ("4900", "Freight income", "REVENUE", "OUTPUT", False),
    ("5000", "Cost of goods sold", "DIRECTCOSTS", "INPUT", False),
)
# TaxType, name, rate, for revenue.
TAX_RATES = (
    ("OUTPUT", "GST on Income", "10", True),
    ("EXEMPTOUTPUT", "GST Free Income", "0", True),
    ("EXEMPTEXPORT", "GST Free Exports", "0", True),
    ("BASEXCLUDED", "BAS Excluded", "0", True),
    ("INPUT", "GST on Expenses", "10", False),
)
INCOME = {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900"}
TRACKING = {"Department": ("WHOLESALE", "SERVICE"), "Warehouse": ("MAIN", "NORTH")}


def an_id(kind: str, name: str) -> str:
    """A lower-case GUID that is the same in every run."""
    return str(uuid5(NAMESPACE_URL, f"xero/{kind}/{name}"))


class Organisation:
    """One tenant's tables. What people change by hand (lock dates) are settings."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.accounts = store.table("accounts")
        self.taxes = store.table("taxrates")
        self.items = store.table("items")
        self.tracking = store.table("tracking")
        self.currencies = store.table("currencies")
        self.contacts = store.table("contacts")
        self.documents = store.table("documents")
        self.payments = store.table("payments")
        self.history = store.table("history")
        self.mail = store.table("mail")

    @property
    def settings(self) -> Row:
        return self.store.table("organisation")["it"]

    def configure(self, **changed: Any) -> None:
        table = self.store.table("organisation")
        table["it"] = {**table.get("it", {}), **changed}

    def seed(self, catalogue: list[Row]) -> None:
        self.configure(name="Harbour Compressors Pty Ltd", base="AUD", country="AU", period_lock=None, year_lock=None)
        for code, name, kind, tax, pays in ACCOUNTS:
            self.accounts[code] = {
                "AccountID": an_id("account", code),
                "Code": code,
                "Name": name,
                "Status": "ACTIVE",
                "Type": kind,
                "TaxType": tax,
                "EnablePaymentsToAccount": pays,
            }
        for code, name, rate, revenue in TAX_RATES:
            self.taxes[code] = {
                "Name": name,
                "TaxType": code,
                "Status": "ACTIVE",
                "EffectiveRate": Decimal(rate),
                "CanApplyToRevenue": revenue,
            }
        for code, name in CURRENCIES.items():
            self.currencies[code] = {"Code": code, "Description": name}
        for category, options in TRACKING.items():
            self.tracking[category] = {
                "TrackingCategoryID": an_id("category", category),
                "Name": category,
                "Status": "ACTIVE",
                "Options": [
                    {"TrackingOptionID": an_id("option", f"{category}/{each}"), "Name": each, "Status": "ACTIVE"} for each in options
                ],
            }
        charge = {"code": CHARGE_ITEM, "name": "Document charge", "revenue_group": "FREIGHT", "list_price_usd": "0"}
        for row in [*catalogue, charge]:
            self._add_item(row)

    def _add_item(self, row: Row) -> None:
        code = row["code"]
        self.items[code] = {
            "ItemID": an_id("item", code),
            "Code": code,
            "Name": row["name"],
            "Description": row["name"],
            "IsSold": True,
            "IsPurchased": False,
            "IsTrackedAsInventory": False,
            "SalesDetails": {
                "UnitPrice": Decimal(row["list_price_usd"]),
                "AccountCode": INCOME[row["revenue_group"]],
                "TaxType": "OUTPUT",
            },
        }

    def shown(self) -> Row:
        """GET /Organisation."""
        settings = self.settings
        locks = {"PeriodLockDate": settings["period_lock"], "EndOfYearLockDate": settings["year_lock"]}
        return {
            "Name": settings["name"],
            "LegalName": settings["name"],
            "OrganisationID": TENANT,
            "BaseCurrency": settings["base"],
            "CountryCode": settings["country"],
            "SalesTaxBasis": "ACCRUALS",
            "Timezone": "AUSEASTERNSTANDARDTIME",
            **{name: net_date(day) for name, day in locks.items() if day},
        }

    def day_rate(self, currency: str) -> Decimal:
        """Foreign units for one unit of the base currency, as the rate service would give them."""
        return round(PER_DOLLAR[currency] / PER_DOLLAR[self.settings["base"]], 6)

    def locked_until(self) -> date | None:
        days = [day for day in (self.settings["period_lock"], self.settings["year_lock"]) if day]
        return max(days, default=None)
