"""What the account has before the first order: statuses, products, tax codes, nominal codes, currencies, warehouses, channels."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from airbooks.platforms.brightpearl.sandbox.answers import INVALID, Refusal, Row, stamp
from airbooks.sandbox.kit import Clock, Store, Table

HOME, ZONE = "GBP", "Europe/London"
ACCOUNT = "harbouruk"
FREE_TEXT = 1000
# Units of the currency for one unit of the base currency.
RATES = {"GBP": "1", "USD": "1.265823", "AUD": "1.924051", "EUR": "1.164557"}
TAXES = (("T20", "Standard rate", "20"), ("T5", "Reduced rate", "5"), ("Z", "Zero rated", None), ("RC", "Reverse charge", None))
NOMINALS = (
    *(("4000", "Equipment sales"), ("4010", "Parts sales"), ("4100", "Service income"), ("4900", "Freight income")),
    *(("4800", "Discounts given"), ("1000", "Operating bank"), ("1100", "Accounts receivable"), ("2200", "Sales tax payable")),
)
# id, name, order type, whether it means cancelled.
STATUSES = (
    (1, "Draft / Quote", "SO", False),
    (3, "New phone order", "SO", False),
    (4, "Invoiced", "SO", False),
    (5, "Cancelled", "SO", True),
    (10, "Sales credit", "SC", False),
    (11, "Credit closed", "SC", False),
    (15, "Cancelled credit", "SC", True),
)
FIRST_STATUS, INVOICED_STATUS, CANCELLED_STATUS = {"SO": 3, "SC": 10}, {"SO": 4, "SC": 11}, {"SO": 5, "SC": 15}
WAREHOUSES, CHANNELS, LEAD_SOURCES = ("MAIN", "NORTH"), ("WHOLESALE", "SERVICE"), ("Web", "Trade fair")
METHODS = (("BANK", "Bank transfer"), ("CHEQUE", "Cheque"), ("CARD", "Card"))


class Company:
    """One account's tables. Ids are integers from one counter for each kind of thing."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock

    def table(self, name: str) -> Table:
        return self.store.table(name)

    @property
    def zone(self) -> ZoneInfo:
        """The account's own time zone; tests give it another."""
        return ZoneInfo(self.table("setting")["zone"]["name"])

    def set_zone(self, name: str) -> None:
        self.table("setting")["zone"] = {"name": name}

    def now(self) -> datetime:
        return self.clock.now()

    def shown(self, moment: datetime | None) -> str | None:
        return None if moment is None else stamp(moment, self.zone)

    def next_id(self, kind: str, first: int = 1) -> int:
        return self.store.next_number(kind, first)

    def known(self, table: str, key: object, field: str, code: str = INVALID) -> Row:
        """The row that a field of a request names, or the refusal of that field."""
        row = self.table(table).get(str(key))
        if row is None:
            raise Refusal(f"{field} {key} does not exist", code)
        return row

    def seed(self, catalogue: Iterable[Row]) -> None:
        self.set_zone(ZONE)
        for position, (code, rate) in enumerate(RATES.items(), 1):
            self.table("currency")[code] = {"id": position, "code": code, "rate": Decimal(rate), "base": code == HOME}
        for position, (code, name, per_cent) in enumerate(TAXES, 1):
            self.table("tax")[code] = {
                "id": position,
                "code": code,
                "description": name,
                **({"rate": Decimal(per_cent)} if per_cent else {}),
            }
        for code, name in NOMINALS:
            self.table("nominal")[code] = {"code": code, "name": name, "bank": code == "1000", "active": True}
        for number, name, kind, cancels in STATUSES:
            self.table("status")[str(number)] = {"id": number, "name": name, "type": kind, "cancels": cancels}
        for table, names in (("warehouse", WAREHOUSES), ("channel", CHANNELS), ("lead source", LEAD_SOURCES)):
            for position, name in enumerate(names, 1):
                self.table(table)[str(position)] = {"id": position, "name": name}
        for code, name in METHODS:
            self.table("method")[code] = {"code": code, "name": name, "currencies": list(RATES)}
        self._seed_products(catalogue)

    def _seed_products(self, catalogue: Iterable[Row]) -> None:
        self.table("product")[str(FREE_TEXT)] = {"id": FREE_TEXT, "sku": "", "name": "Brightpearl Product", "stock": False}
        for position, entry in enumerate(catalogue, FREE_TEXT + 1):
            stock = entry["kind"] == "item"
            self.table("product")[str(position)] = {"id": position, "sku": entry["code"], "name": entry["name"], "stock": stock}
