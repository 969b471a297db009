"""The account's tables: lists, customers, transactions, accounting periods, and references among them."""

from __future__ import annotations

from datetime import UTC, date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.platforms.netsuite.sandbox.refusal import exists_already, invalid_value, user
from airbooks.sandbox.kit import Context, Row, Table

LISTS = [
    "item",
    "account",
    "salestaxitem",
    "taxtype",
    "term",
    "currency",
    "paymentmethod",
    "department",
    "classification",
    "location",
    "subsidiary",
    "pricelevel",
    "accountingperiod",
]
CENT = Decimal("0.01")


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


class Account:
    """One account with one subsidiary (US, USD)."""

    def __init__(self, context: Context) -> None:
        self.context, self.store, self.clock = context, context.store, context.clock
        self.customers = self.store.table("customer")
        self.transactions = self.store.table("transaction")
        self.settings = self.store.table("settings")

    def table(self, name: str) -> Table:
        return self.store.table(name)

    def setting(self, name: str) -> Any:
        return self.settings.get("all", {}).get(name)

    def set(self, **values: Any) -> None:
        self.settings["all"] = {**self.settings.get("all", {}), **values}

    def today(self) -> str:
        return self.clock.today().isoformat()

    def modified(self) -> str:
        return self.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    # -- references -----------------------------------------------------------------------------------------------------------

    def resolve(self, table: str, reference: Row, path: str) -> str:
        """The internal id that a reference names; raises a refusal where there is none."""
        rows = self.table(table)
        key = reference.get("id") or self.id_of(table, str(reference.get("externalId", ""))) or ""
        if key not in rows or rows[key].get("isinactive") == "T":
            raise invalid_value(str(reference.get("id") or reference.get("externalId")), path)
        return str(key)

    def id_of(self, table: str, external_id: str) -> str | None:
        """External ids are compared without case."""
        found = self.table(f"external/{table}").get(external_id.lower())
        return None if found is None else str(found["id"])

    def claim_external_id(self, table: str, row: Row) -> None:
        """All transactions share one group of external ids."""
        external_id = row.get("externalId")
        if not external_id:
            return
        owner = self.id_of(table, external_id)
        if owner is not None and owner != row["id"]:
            raise exists_already()
        self.table(f"external/{table}")[external_id.lower()] = {"id": row["id"]}

    def release_external_id(self, table: str, row: Row) -> None:
        if row.get("externalId"):
            del self.table(f"external/{table}")[row["externalId"].lower()]

    def name_of(self, table: str, key: str) -> str:
        row = self.table(table).get(key, {})
        return str(row.get("companyName") or row.get("itemid") or row.get("name") or row.get("tranId") or key)

    # -- rules ----------------------------------------------------------------------------------------------------------------

    def check_period(self, day: str) -> None:
        """Dates up to the setting `locked_through` lie in locked periods."""
        locked = self.setting("locked_through")
        if locked and day <= locked:
            raise user("The transaction date you specified is not within the date range of your accounting period.", "tranDate")

    def rate(self, currency: str) -> Decimal:
        """Base currency per one unit of a currency."""
        return Decimal(str(self.table("currency")[currency]["rate"]))

    def check_customer_currency(self, customer: Row, currency: str) -> None:
        theirs = {customer["currency"]["id"], *(each["currency"]["id"] for each in customer.get("currencyList", []))}
        if currency not in theirs:
            raise invalid_value(currency, "currency")

    def invoice(self, key: str) -> Row | None:
        row = self.transactions.get(key)
        return row if row is not None and row["type"] == "CustInvc" else None

    def due_date(self, row: Row) -> str:
        terms = self.table("term").get((row.get("terms") or {}).get("id", ""), {})
        days = int(terms.get("days", 0))
        return (date.fromordinal(date.fromisoformat(row["tranDate"]).toordinal() + days)).isoformat()
