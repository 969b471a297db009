"""What the organisation has before the first invoice (accounts, taxes, items, currencies, locations, tags), and how its rows are found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from airbooks.platforms.zoho_books.sandbox.answers import DUPLICATE_CONTACT, Refusal, Row, invalid, missing, stamp
from airbooks.platforms.zoho_books.sandbox.shapes import CONTACT, checked
from airbooks.sandbox.kit import Clock, Store, Table

CENT = Decimal("0.01")
HOME = "GBP"
ORGANISATION = "20085710033"
UNIQUE_FIELD = "cf_acd_id"
# Base units for one unit of the currency.
RATES = {"GBP": Decimal(1), "USD": Decimal("0.79"), "AUD": Decimal("0.519737"), "EUR": Decimal("0.858696")}
TAXES = (("Standard Rate", "20"), ("Reduced Rate", "5"), ("Zero Rate", "0"), ("Reverse Charge", "0"))
INCOME = (
    ("4000", "Equipment sales"),
    ("4010", "Parts sales"),
    ("4100", "Service income"),
    ("4900", "Freight income"),
    ("4800", "Discounts given"),
)
OTHER = (
    ("1000", "Operating bank", "bank"),
    ("1100", "Accounts receivable", "accounts_receivable"),
    ("2200", "Sales tax payable", "other_current_liability"),
    ("1050", "Undeposited Funds", "cash"),
)
ACCOUNT_OF_GROUP = {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900"}
FIRST_ID = 4815160000000026000  # larger than 2 ** 53: an id read as a binary float is another id


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


class Organisation:
    """One organisation's tables. Its ids are decimal strings of 19 digits."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock

    def table(self, name: str) -> Table:
        return self.store.table(name)

    def new_id(self) -> str:
        return str(FIRST_ID + 2 * self.store.next_number("id"))

    def now(self) -> str:
        return stamp(self.clock.now())

    def today(self) -> date:
        return self.clock.today()

    def find(self, table: str, row_id: str, field: str) -> Row:
        """The row that a field of a request names, or the refusal of that field."""
        row = self.table(table).get(row_id)
        if row is None or row.get("status", "active") != "active":
            raise invalid(field)
        return row

    def get(self, table: str, row_id: str, what: str) -> Row:
        """The row that an address names, or 404."""
        row = self.table(table).get(row_id)
        if row is None:
            raise missing(what)
        return row

    def named(self, table: str, field: str, value: str) -> Row:
        return next(row for row in self.table(table).values() if row[field] == value)

    # -- contacts -----------------------------------------------------------------------------------------------------

    def add_contact(self, body: Row) -> Row:
        sent = checked(CONTACT, body, "contact_name")
        name = sent["contact_name"].strip()
        if any(row["contact_name"].casefold() == name.casefold() for row in self.table("contact").values()):
            raise Refusal(f"The customer {name} already exists. Please specify a different name.", DUPLICATE_CONTACT)
        currency = self.find("currency", sent["currency_id"], "currency_id") if "currency_id" in sent else self._home()
        primary: Row = next((each for each in sent.get("contact_persons", []) if each.get("is_primary_contact")), {})
        row = {
            "company_name": "",
            "contact_type": "customer",
            "billing_address": {},
            **sent,
            "contact_id": self.new_id(),
            "contact_name": name,
            "status": "active",
            "currency_id": currency["currency_id"],
            "currency_code": currency["currency_code"],
            "email": primary.get("email", ""),
            "created_time": self.now(),
            "last_modified_time": self.now(),
        }
        self.table("contact")[row["contact_id"]] = row
        return row

    def _home(self) -> Row:
        return self.named("currency", "currency_code", HOME)

    # -- set-up -------------------------------------------------------------------------------------------------------

    def seed(self, catalogue: Iterable[Row]) -> None:
        for code, rate in RATES.items():
            self._add("currency", "currency_id", currency_code=code, is_base_currency=code == HOME, exchange_rate=rate, price_precision=2)
        for name, percentage in TAXES:
            self._add("tax", "tax_id", tax_name=name, tax_percentage=Decimal(percentage), tax_type="tax", is_default_tax=percentage == "20")
        for code, name in INCOME:
            self._add_account(code, name, "income")
        for code, name, kind in OTHER:
            self._add_account(code, name, kind)
        for name in ("MAIN", "NORTH"):
            self._add("location", "location_id", location_name=name, is_primary=name == "MAIN", status="active")
        tag = self._add("tag", "tag_id", tag_name="Department", is_active=True)
        for name in ("WHOLESALE", "SERVICE"):
            self._add("option", "option_id", option_name=name, tag_id=tag["tag_id"])
        for entry in catalogue:
            self._add_item(entry)

    def _add(self, table: str, key: str, **fields: object) -> Row:
        row: Row = {key: self.new_id(), **fields}
        self.table(table)[row[key]] = row
        return row

    def _add_account(self, code: str, name: str, kind: str) -> None:
        self._add("account", "account_id", account_code=code, account_name=name, account_type=kind, is_active=True)

    def _add_item(self, entry: Row) -> None:
        account = self.named("account", "account_code", ACCOUNT_OF_GROUP.get(entry["revenue_group"], "4010"))
        tax = self.named("tax", "tax_name", "Standard Rate")
        self._add(
            "item",
            "item_id",
            name=entry["name"],
            sku=entry["code"],
            rate=cents(Decimal(entry["list_price_usd"]) * RATES["USD"]),
            status="active",
            product_type="service" if entry["kind"] == "service" else "goods",
            account_id=account["account_id"],
            tax_id=tax["tax_id"],
            unit=entry["unit"],
        )
