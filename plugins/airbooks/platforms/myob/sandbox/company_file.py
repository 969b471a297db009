"""One company file: its preferences, chart of accounts, tax codes, items, jobs, locations, categories, cards and sales."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from airbooks.platforms.myob.sandbox.answers import Row, no_such, required
from airbooks.sandbox.kit import Clock, Store, Table

BUSINESS, BUSINESS_NAME = "3f6a1c52-8d0e-4b7a-9c1d-5e2f7a8b9c01", "Harbour Compressors Pty Ltd"
HOME = "AUD"
ADJUSTMENT_ITEM = "ADJUSTMENT"
PER_DOLLAR = {"USD": Decimal(1), "GBP": Decimal("0.79"), "AUD": Decimal("1.52"), "EUR": Decimal("0.92")}
# DisplayID, name, type; a header account holds no entries.
ACCOUNTS = (
    ("1-0000", "Assets", "Header"),
    ("1-1000", "Operating bank", "Bank"),
    ("1-1100", "Accounts receivable", "AccountReceivable"),
    ("2-2200", "Sales tax payable", "OtherCurrentLiability"),
    ("4-0000", "Income", "Header"),
    ("4-4000", "Equipment sales", "Income"),
    ("4-4010", "Parts sales", "Income"),
    ("4-4100", "Service income", "Income"),
    ("4-4800", "Discounts given", "Income"),
    ("4-4900", "Freight income", "Income"),
)
INCOME = {"EQUIPMENT": "4-4000", "PARTS": "4-4010", "SERVICE": "4-4100", "FREIGHT": "4-4900", "DISCOUNT": "4-4800"}
# Code, description, type, rate.
TAX_CODES = (
    ("GST", "Goods & Services Tax", "GST_VAT", "10"),
    ("FRE", "GST Free", "GST_VAT", "0"),
    ("EXP", "Export Sales", "GST_VAT", "0"),
    ("N-T", "Not Reportable", "GST_VAT", "0"),
    ("GNR", "GST and levy", "Consolidated", "12"),
)
JOBS = (("WHOLESALE", "Wholesale", False), ("SERVICE", "Service", False), ("ALL", "All work", True))
LOCATIONS, CATEGORIES = ("MAIN", "NORTH"), ("EAST", "WEST")
PAYMENT_METHODS = ("EFT", "Cheque", "Credit Card", "Cash")
PREFERENCES: Row = {
    "multi_currency": True,
    "must_be_reversed": False,
    "lock_until": None,
    "hybrid": False,
    "line_accounts": True,
    "purchase_order": 255,
    "categories": "OnAndNotRequired",
}


def uid_of(kind: str, name: str) -> str:
    """The UID of something the file has had from the beginning."""
    return str(uuid5(NAMESPACE_URL, f"{BUSINESS}/{kind}/{name}"))


def new_uid() -> str:
    return str(uuid4())


def new_version() -> str:
    """A signed 64-bit number in a string, often negative."""
    return str(int.from_bytes(secrets.token_bytes(8), "big", signed=True))


class CompanyFile:
    """The tables of one business."""

    def __init__(self, store: Store, clock: Clock, root: str) -> None:
        self.store, self.clock, self.root = store, clock, root
        self.accounts = store.table("accounts")
        self.taxes = store.table("taxes")
        self.items = store.table("items")
        self.jobs = store.table("jobs")
        self.locations = store.table("locations")
        self.categories = store.table("categories")
        self.currencies = store.table("currencies")
        self.customers = store.table("customers")
        self.invoices = store.table("invoices")
        self.payments = store.table("payments")
        self.settlements = store.table("settlements")
        self.settings: Row = dict(PREFERENCES)

    # -- set-up -----------------------------------------------------------------------------------------------------

    def seed(self, catalogue: list[Row]) -> None:
        for number, name, kind in ACCOUNTS:
            head = {"DisplayID": number, "Name": name, "Type": kind, "IsHeader": kind == "Header", "IsActive": True}
            self._put(self.accounts, "account", number, head)
        for code, description, kind, rate in TAX_CODES:
            row = {"Code": code, "Description": description, "Type": kind, "Rate": Decimal(rate), "IsRateNegative": False}
            self._put(self.taxes, "tax", code, row)
        for number, name, is_header in JOBS:
            self._put(self.jobs, "job", number, {"Number": number, "Name": name, "IsHeader": is_header, "IsActive": True})
        for name in LOCATIONS:
            self._put(self.locations, "location", name, {"Identifier": name, "Name": f"{name.title()} warehouse", "IsActive": True})
        for name in CATEGORIES:
            self._put(self.categories, "category", name, {"DisplayID": name, "Name": f"{name.title()} coast", "IsActive": True})
        for code, per_dollar in PER_DOLLAR.items():
            if code != HOME:
                quoted = round(per_dollar / PER_DOLLAR[HOME], 6)  # foreign units for one of the file's
                self._put(self.currencies, "currency", code, {"Code": code, "CurrencyName": code, "CurrencyRate": quoted})
        adjustment = {"code": ADJUSTMENT_ITEM, "name": "Adjustment", "revenue_group": "DISCOUNT", "list_price_usd": "0"}
        for row in [*catalogue, adjustment]:
            self._add_item(row)

    def _put(self, table: Table, kind: str, name: str, row: Row) -> None:
        uid = uid_of(kind, name)
        table[uid] = {"UID": uid, **row, "RowVersion": new_version()}

    def _add_item(self, row: Row) -> None:
        head = {
            "Number": row["code"],
            "Name": row["name"][:30],
            "IsActive": True,
            "IsSold": True,
            "IsInventoried": False,
            "IncomeAccount": self.account_link(self.accounts[uid_of("account", INCOME[row["revenue_group"]])]),
            "SellingDetails": {
                "BaseSellingPrice": Decimal(row["list_price_usd"]),
                "TaxCode": self.tax_link(self.taxes[uid_of("tax", "GST")]),
                "IsTaxInclusive": False,
            },
        }
        self._put(self.items, "item", row["code"], head)

    # -- links ------------------------------------------------------------------------------------------------------

    def find(self, table: Table, link: Any, what: str, *, needed: bool = True) -> Row | None:
        """What a `{"UID": ...}` of a body names; codes in it are only read."""
        uid = link.get("UID") if isinstance(link, dict) else None
        if not uid:
            if needed:
                raise required(what)
            return None
        row = table.get(str(uid).lower())
        if row is None:
            raise no_such(what, uid)
        return row

    def named(self, table: Table, link: Any, what: str) -> Row:
        row = self.find(table, link, what)
        assert row is not None  # noqa: S101 needed
        return row

    def uri(self, path: str) -> str:
        return f"{self.root}/accountright/{BUSINESS}/{path}"

    def account_link(self, row: Row) -> Row:
        return {**_some(row, "UID", "Name", "DisplayID"), "URI": self.uri(f"GeneralLedger/Account/{row['UID']}")}

    def tax_link(self, row: Row) -> Row:
        return {**_some(row, "UID", "Code"), "URI": self.uri(f"GeneralLedger/TaxCode/{row['UID']}")}

    def item_link(self, row: Row) -> Row:
        return {**_some(row, "UID", "Number", "Name"), "URI": self.uri(f"Inventory/Item/{row['UID']}")}

    def job_link(self, row: Row | None) -> Row | None:
        return row and {**_some(row, "UID", "Number", "Name"), "URI": self.uri(f"GeneralLedger/Job/{row['UID']}")}

    def location_link(self, row: Row | None) -> Row | None:
        return row and {**_some(row, "UID", "Identifier", "Name"), "URI": self.uri(f"Inventory/Location/{row['UID']}")}

    def category_link(self, row: Row | None) -> Row | None:
        return row and {**_some(row, "UID", "DisplayID", "Name"), "URI": self.uri(f"GeneralLedger/Category/{row['UID']}")}

    def currency_link(self, row: Row | None) -> Row | None:
        return row and {**_some(row, "UID", "Code", "CurrencyName"), "URI": self.uri(f"GeneralLedger/Currency/{row['UID']}")}

    def customer_link(self, row: Row) -> Row:
        name = row.get("CompanyName") or row.get("LastName")
        return {"UID": row["UID"], "Name": name, "DisplayID": row["DisplayID"], "URI": self.uri(f"Contact/Customer/{row['UID']}")}

    # -- time -------------------------------------------------------------------------------------------------------

    def now(self) -> str:
        """UTC without saying so (from memory)."""
        return self.clock.now().astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")

    def locked(self, day: datetime) -> bool:
        until = self.settings["lock_until"]
        return until is not None and day.date() < date.fromisoformat(until)

    def preferences(self) -> Row:
        """GET /Company/Preferences, as far as sales are concerned."""
        system = {
            "CategoryTracking": self.settings["categories"],
            "TransactionsCannotBeChangedMustBeReversed": self.settings["must_be_reversed"],
            "LockPeriodPriorTo": f"{self.settings['lock_until']}T00:00:00" if self.settings["lock_until"] else None,
        }
        return {"System": system, "RowVersion": "1"}

    def listed_currencies(self) -> list[Row]:
        return list(self.currencies.values()) if self.settings["multi_currency"] else []


def _some(row: Row, *names: str) -> Row:
    return {name: row[name] for name in names}
