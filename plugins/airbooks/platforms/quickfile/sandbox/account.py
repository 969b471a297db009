"""One QuickFile account: what its owner has set up, its clients, and what documents may refer to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal

from airbooks.platforms.quickfile.sandbox.refusal import Refusal
from airbooks.sandbox.kit import Context, Row, Table

NUMBER, API_KEY, APPLICATION = "6131400000", "123AB456-CD78-9012-E", "9b6a0a5e-0f52-4b0e-9f0b-0c5f5f3f1a11"
REST_TOKEN = "qf-rest-sandbox-5d1f0c7a9b"  # noqa: S105 the simulator's own
HOME = "GBP"
# What one unit of each currency is worth in pounds (1 USD = 0.79 GBP = 1.52 AUD = 0.92 EUR).
RATES = {"GBP": Decimal(1), "USD": Decimal("0.79"), "AUD": Decimal("0.519737"), "EUR": Decimal("0.858696")}
NOMINALS = (
    ("1000", "Operating bank"),
    ("1100", "Accounts receivable"),
    ("1200", "Current account"),
    ("2200", "Sales tax payable"),
    ("4000", "Equipment sales"),
    ("4010", "Parts sales"),
    ("4100", "Service income"),
    ("4800", "Discounts given"),
    ("4900", "Freight income"),
)


def stamp(moment: datetime) -> str:
    """A time as v1.2 shows it: no zone, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


class Account:
    """The account's tables; `struck` asks whether a fault of this name strikes now."""

    def __init__(self, context: Context, struck: Callable[[str], Row | None]) -> None:
        self.context, self.struck = context, struck

    def table(self, name: str) -> Table:
        return self.context.store.table(name)

    def next_id(self, name: str, first: int) -> int:
        return self.context.store.next_number(name, first)

    def now(self) -> str:
        return stamp(self.context.clock.now())

    def seed(self, catalogue: Iterable[Row]) -> None:
        for code, name in NOMINALS:
            self.table("nominals")[code] = {"NominalCode": code, "NominalName": name}
        for row in catalogue:
            number = self.next_id("item", 501)
            item = {"ItemID": number, "ItemName": row["code"], "ItemDescription": row["name"], "UnitCost": Decimal(row["list_price_usd"])}
            self.table("items")[str(number)] = item

    # -- what documents refer to ----------------------------------------------------------------------------------------------

    def client(self, number: int) -> Row:
        found = self.table("clients").get(str(number))
        if found is None:
            raise Refusal("Cannot find client")
        return found

    def require_item(self, number: int) -> None:
        if number and str(number) not in self.table("items"):
            raise Refusal("Cannot find item")

    def require_nominal(self, code: str) -> None:
        if code not in self.table("nominals"):
            raise Refusal(f"Nominal code {code} does not exist")

    def require_currency(self, code: str) -> None:
        if code not in RATES:
            raise Refusal(f"Currency {code} is not supported")

    def require_open(self, day: str) -> None:
        locked = self.struck("lock_period")
        if locked and day <= locked.get("until", "9999-12-31"):
            raise Refusal("The invoice date falls in a locked period (VAT return submitted)")

    # -- methods --------------------------------------------------------------------------------------------------------------

    def create_client(self, body: Row) -> Row:
        number = self.next_id("client", 2301)
        details = body["ClientDetails"]
        contact = body.get("ClientContacts", {}).get("DefaultContact", {})
        kept = {key: value for key, value in contact.items() if key != "Password"}
        self.table("clients")[str(number)] = {"ClientID": number, "CreatedDate": self.now(), **details, "_contact": kept}
        return {"ClientID": number}

    def get_client(self, body: Row) -> Row:
        found = self.client(body["ClientID"])
        return {"ClientDetails": {key: value for key, value in found.items() if not key.startswith("_")}}

    def search_clients(self, body: Row) -> Row:
        asked = body["SearchParameters"]
        found = [row for row in self.table("clients").values() if _client_matches(row, asked)]
        found.sort(key=lambda row: str(row[asked["OrderResultsBy"]]), reverse=asked["OrderDirection"] == "DESC")
        return self.page(found, asked, self._client_record)

    def _client_record(self, row: Row) -> Row:
        record: Row = {key: row[key] for key in ("ClientID", "CompanyName", "AccountReference", "CreatedDate") if key in row}
        if self.struck("hide_account_reference"):
            record.pop("AccountReference", None)
        return record

    def search_items(self, body: Row) -> Row:
        asked = body["SearchParameters"]
        rows = sorted(self.table("items").values(), key=lambda row: str(row["ItemName"]), reverse=asked["OrderDirection"] == "DESC")
        return self.page(rows, asked, dict)

    def nominals(self) -> Row:
        return {"Nominals": {"Nominal": list(self.table("nominals").values())}}

    def details(self, body: Row) -> Row:
        known = {"BaseCurrency": HOME, "CompanyName": "Harbour Compressors Ltd", "VatRegNumber": "GB714285603"}
        asked = body["AccountDetails"]["ReturnVariables"]["Variable"]
        names = asked if isinstance(asked, list) else [asked]
        return {"AccountDetails": {name: known[name] for name in names if name in known}}

    def page(self, rows: list[Row], asked: Row, shown: Callable[[Row], Row]) -> Row:
        """A page of a search: no Record when nothing is found, and (by the fault) no list when one is."""
        part = [shown(row) for row in rows[asked["Offset"] : asked["Offset"] + asked["ReturnCount"]]]
        body: Row = {"RecordsetCount": len(rows), "ReturnCount": len(part)}
        if part:
            body["Record"] = part[0] if len(part) == 1 and self.struck("single_record_object") else part
        return body


def _client_matches(row: Row, asked: Row) -> bool:
    """Filters match parts of a text in any case."""
    contact = row["_contact"]
    held = {
        "CompanyName": row["CompanyName"],
        "AccountReference": row.get("AccountReference", ""),
        "Email": contact.get("Email", ""),
        "FirstName": contact.get("FirstName", ""),
        "Surname": contact.get("Surname", ""),
    }
    return all(asked[name].casefold() in value.casefold() for name, value in held.items() if name in asked)
