"""One company (realm): its tables, its settings, its clock, and look-ups by the properties that queries use most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

from airbooks.platforms.quickbooks.sandbox.answers import Fault, Row, not_found, required
from airbooks.sandbox.kit import Clock, Store, Table

PACIFIC = timezone(timedelta(hours=-8))
TRANSACTIONS = ("Invoice", "CreditMemo", "Payment")
LISTS = ("Customer", "Vendor", "Item", "Account", "Term", "Class", "Department", "PaymentMethod", "TaxCode", "TaxRate", "CompanyCurrency")
INDEXED = {"Invoice": "DocNumber", "CreditMemo": "DocNumber", "Customer": "DisplayName", "Vendor": "DisplayName", "Item": "Name"}
NAME = {"Customer": "DisplayName", "Vendor": "DisplayName"}


class Realm:
    """The books of one company; rows are kept in the shape in which the API reads them back."""

    def __init__(self, store: Store, clock: Clock, realm_id: str) -> None:
        self.store, self.clock, self.id = store, clock, realm_id
        self._index: dict[str, dict[str, set[str]]] = {}

    # -- settings ---------------------------------------------------------------------------------------------------
    @property
    def settings(self) -> Row:
        return self.store.table(f"{self.id}/settings")["company"]

    def configure(self, settings: Row) -> None:
        self.store.table(f"{self.id}/settings")["company"] = settings

    @property
    def home(self) -> str:
        return str(self.settings["home_currency"])

    @property
    def is_us(self) -> bool:
        return bool(self.settings["country"] == "US")

    # -- time -------------------------------------------------------------------------------------------------------
    def local_now(self) -> datetime:
        return self.clock.now().astimezone(PACIFIC)

    def stamp(self) -> str:
        return self.local_now().isoformat(timespec="seconds")

    def today(self) -> str:
        return self.local_now().date().isoformat()

    # -- rows -------------------------------------------------------------------------------------------------------
    def table(self, entity: str) -> Table:
        return self.store.table(f"{self.id}/{entity}")

    def new_id(self, entity: str) -> str:
        """The next id: transactions share one sequence, each list has its own."""
        counter = "transaction" if entity in TRANSACTIONS else entity
        return str(self.store.next_number(f"{self.id}/{counter}"))

    def find(self, entity: str, row_id: str) -> Row:
        row = self.table(entity).get(str(row_id))
        if row is None:
            raise not_found(f"Something you're trying to use has been made inactive ({entity} {row_id})")
        return row

    def put(self, entity: str, row: Row, previous: Row | None = None) -> Row:
        """Keep a row with its next SyncToken and its change time."""
        token = "0" if previous is None else str(int(previous["SyncToken"]) + 1)
        created = row_time(previous) if previous else self.stamp()
        row = {
            **row,
            "domain": "QBO",
            "sparse": False,
            "SyncToken": token,
            "MetaData": {"CreateTime": created, "LastUpdatedTime": self.stamp()},
        }
        if previous is not None:
            self._unindex(entity, previous)
        self.table(entity)[row["Id"]] = row
        self._reindex(entity, row)
        self._move_balance(row, previous)
        return row

    def remove(self, entity: str, row: Row) -> None:
        self._unindex(entity, row)
        del self.table(entity)[row["Id"]]
        gone = {"domain": "QBO", "status": "Deleted", "Id": row["Id"], "MetaData": {"LastUpdatedTime": self.stamp()}}
        self.store.table(f"{self.id}/deleted/{entity}")[row["Id"]] = gone
        self._move_balance({"Balance": Decimal(0), "CustomerRef": row.get("CustomerRef")}, row)

    def deleted(self, entity: str) -> list[Row]:
        return list(self.store.table(f"{self.id}/deleted/{entity}").values())

    def _move_balance(self, row: Row, previous: Row | None) -> None:
        for holder, sign in ((row, 1), (previous or {}, -1)):
            customer = self.table("Customer").get((holder.get("CustomerRef") or {}).get("value", ""))
            if customer is not None and "Balance" in holder:
                credit = -1 if "RemainingCredit" in holder else 1
                moved = customer["Balance"] + sign * credit * holder["Balance"]
                self.table("Customer")[customer["Id"]] = {**customer, "Balance": moved}

    # -- look-ups ---------------------------------------------------------------------------------------------------
    def with_value(self, entity: str, value: str) -> Iterator[Row]:
        """Rows of an indexed entity whose indexed property equals `value` exactly."""
        rows = self.table(entity)
        return (rows[key] for key in sorted(self._indexed(entity).get(value, ()), key=int))

    def _indexed(self, entity: str) -> dict[str, set[str]]:
        if entity not in self._index:
            index: dict[str, set[str]] = defaultdict(set)
            for key, row in self.table(entity).items():
                index[row.get(INDEXED[entity]) or ""].add(key)
            self._index[entity] = index
        return self._index[entity]

    def _reindex(self, entity: str, row: Row) -> None:
        if entity in INDEXED:
            self._indexed(entity)[row.get(INDEXED[entity]) or ""].add(row["Id"])

    def _unindex(self, entity: str, row: Row) -> None:
        if entity in INDEXED:
            self._indexed(entity)[row.get(INDEXED[entity]) or ""].discard(row["Id"])

    # -- references -------------------------------------------------------------------------------------------------
    def reference(self, entity: str, ref: Row, element: str) -> Row:
        """The row a reference means: 2500 for an id that never was, 610 for one made inactive."""
        row = self.table(entity).get(ref.get("value", ""))
        if row is None:
            raise Fault("2500", "Invalid Reference Id", f"Invalid Reference Id : {element} {ref.get('value')} not found", element=element)
        if not row.get("Active", True):
            raise not_found(f"Something you're trying to use has been made inactive ({element} {ref['value']})")
        return row

    def named(self, entity: str, ref: Row, element: str) -> Row:
        """The reference as it is read back: with the name that the row has now."""
        row = self.reference(entity, ref, element)
        return {"value": row["Id"], "name": row[NAME.get(entity, "Name")]}

    # -- rules of the books -----------------------------------------------------------------------------------------
    def check_token(self, row: Row, body: Row) -> None:
        """Fault 5010 unless the caller read the newest version of the row."""
        if "SyncToken" not in body:
            raise required("SyncToken")
        if str(body["SyncToken"]) != row["SyncToken"]:
            detail = f"Stale Object Error : You and another user were working on this at the same time (Id {row['Id']})"
            raise Fault("5010", "Stale Object Error", detail)

    def check_open(self, *days: str | None) -> None:
        """Fault 6210 when one of the dates is on or before the date the books are closed to."""
        closed, code = self.settings.get("closed_to"), self.settings.get("closed_code", "6210")
        for day in days:
            if closed and day and date.fromisoformat(day) <= date.fromisoformat(closed):
                raise Fault(
                    code,
                    "Account Period Closed",
                    f"Account Period Closed, the books are closed to {closed} and the transaction date is {day}",
                )

    def rate(self, currency: str, given: Decimal | None) -> Decimal:
        """Home units per one foreign unit: the one given, else the day's rate (from memory); 1 for the home currency."""
        if currency == self.home:
            return Decimal(1)
        return given if given is not None else Decimal(self.settings["rates"][currency])


def row_time(row: Row) -> str:
    return str(row["MetaData"]["CreateTime"])


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
