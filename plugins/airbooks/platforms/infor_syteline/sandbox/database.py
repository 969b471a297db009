"""The rows of the site: kept as text, stamped by the server, loaded in pages, guarded by their `_ItemId`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from airbooks.platforms.infor_syteline.sandbox.filters import condition, value_of
from airbooks.platforms.infor_syteline.sandbox.schema import Ido, RefusalError, Row, ido
from airbooks.sandbox.conditions import Condition, candidates
from airbooks.sandbox.kit import Clock, Store

DEFAULT_CAP = 200
SUMS = ("Amount", "Freight", "MiscCharges", "SalesTax", "SalesTax2")
_UNITS = {"decimal", "int", "flag"}
_DERIVED = ("DerAmtTotInv", "CadbtCurrCode")


def number(row: Mapping[str, Any], name: str) -> Decimal:
    return Decimal(row.get(name) or 0)


def total(row: Mapping[str, Any]) -> Decimal:
    return sum((number(row, name) for name in SUMS), Decimal(0))


class Database:
    """All tables of one site. `undo` collects what takes back the changes of the request that is being served."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.undo: list[Callable[[], None]] = []

    # -- reading --------------------------------------------------------------------------------------------------------------

    def rows(self, name: str) -> list[Row]:
        return list(self.store.table(ido(name).store).values())

    def find(self, name: str, **values: str) -> Row | None:
        """The row with these values, compared as the properties keep them."""
        return next(iter(self.find_all(name, **values)), None)

    def find_all(self, name: str, **values: str) -> list[Row]:
        wanted = {key: ido(name).prop(key).kept(value) for key, value in values.items()}
        return self._having(ido(name), wanted)

    def _having(self, of: Ido, wanted: Mapping[str, Any]) -> list[Row]:
        if not wanted:
            return self.rows(of.name)
        names = tuple(sorted(wanted))
        values = tuple(wanted[each] for each in names)
        return self.store.table(of.store).where(f"with {names}", values, key=lambda row: tuple(row.get(each) for each in names))

    def _candidates(self, of: Ido, asked: Condition) -> Iterable[Row]:
        kept = Condition(asked.holds, {name: values for name, values in asked.only.items() if name not in _DERIVED})
        return candidates(self.store.table(of.store), kept, lambda row, name: value_of(of, row, name))

    def load(self, name: str, asked: Mapping[str, str]) -> Row:
        """A page of `GET /load/{ido}`."""
        of = ido(name)
        names = [each.strip() for each in asked.get("properties", "").split(",") if each.strip()]
        if not names:
            raise RefusalError("The list of properties is required.")
        for each in names:
            of.prop(each)
        wanted = condition(of, asked.get("filter", ""))
        fitting = [row for row in (self.shown(of, row) for row in self._candidates(of, wanted)) if wanted.holds(row)]
        for order in reversed([each for each in asked.get("orderBy", "").split(",") if each.strip()]):
            self._sort(of, fitting, order)
        return self._page(of, fitting, names, asked)

    @staticmethod
    def _sort(of: Ido, rows: list[Row], order: str) -> None:
        key, _, direction = order.strip().partition(" ")
        of.prop(key)
        rows.sort(key=lambda row: str(row.get(key) or ""), reverse=direction.strip().upper() == "DESC")

    def _page(self, of: Ido, rows: list[Row], names: list[str], asked: Mapping[str, str]) -> Row:
        cap = int(asked.get("recordCap") or -1)
        cap = DEFAULT_CAP if cap < 0 else cap or len(rows)
        start = int(asked["bookmark"].removeprefix("<B>").removesuffix("</B>")) if asked.get("loadType") == "NEXT" else 0
        shown = rows[start : start + cap]
        locking = asked.get("readOnly", "").lower() != "true"
        return {
            "Success": True,
            "Message": None,
            "Bookmark": f"<B>{start + len(shown)}</B>",
            "MoreRowsExist": start + cap < len(rows),
            "Items": [self.item(of, row, names, locking=locking) for row in shown],
        }

    def item(self, of: Ido, row: Row, names: list[str], *, locking: bool) -> Row:
        found = {name: row.get(name) for name in names}
        return {**found, "_ItemId": self.item_id(of, row)} if locking else found

    def shown(self, of: Ido, row: Row) -> Row:
        """A row with what the server derives."""
        if of.name != "SLArinvs":
            return row
        return {**row, "DerAmtTotInv": f"{total(row):.8f}", "CadbtCurrCode": self.currency(row["CustNum"])}

    def currency(self, customer: str) -> str | None:
        row = self.find("SLCustAddrs", CustNum=customer, CustSeq="0")
        return row["CurrCode"] if row else None

    @staticmethod
    def item_id(of: Ido, row: Row) -> str:
        if "RowPointer" not in row:
            return f"PBT=[{of.table}]"
        stamp = row["RecordDate"]
        dashed = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:]}"
        return f"PBT=[{of.table}] {of.table}.DT=[{dashed}] {of.table}.ID=[{row['RowPointer']}]"

    # -- writing --------------------------------------------------------------------------------------------------------------

    def insert(self, of: Ido, row: Row) -> Row:
        """A new row with the server's own columns. Raises RefusalError for keys that are there already."""
        for prop in of.props:
            row.setdefault(prop.name, "0" if prop.name.endswith("Seq") else prop.kept("0") if prop.kind in _UNITS - {"int"} else None)
        keys = {key: row[key] for key in of.keys}
        if self._having(of, keys):
            raise RefusalError(f"{_title(of)} already exists with {_named(keys)}.")
        row |= {"RowPointer": str(uuid4()), "CreatedBy": "airbooks"}
        return self._keep(of, row)

    def save(self, of: Ido, row: Row, changed: Row) -> Row:
        return self._keep(of, {**row, **changed})

    def delete(self, of: Ido, row: Row) -> None:
        table = self.store.table(of.store)
        before = dict(row)
        del table[row["RowPointer"]]
        self.undo.append(lambda: table.__setitem__(before["RowPointer"], before))

    def _keep(self, of: Ido, row: Row) -> Row:
        table, key = self.store.table(of.store), row["RowPointer"]
        before = dict(table[key]) if key in table else None
        self.undo.append(lambda: table.__setitem__(key, before) if before is not None else table.__delitem__(key))
        table[key] = {**row, "RecordDate": self._stamp()}
        return table[key]

    def _stamp(self) -> str:
        """The server's local time, without zone; later with each write, as its trigger sees to."""
        last = self.store.table("stamp").get("last")
        now = self.clock.now() if last is None else max(self.clock.now(), last["at"] + timedelta(milliseconds=1))
        self.store.table("stamp")["last"] = {"at": now}
        return f"{now:%Y%m%d %H:%M:%S}.{now.microsecond // 1000:03d}"

    def rollback(self) -> None:
        while self.undo:
            self.undo.pop()()


def _title(of: Ido) -> str:
    titles = {"SLArinvs": "Invoice, Debit or Credit Memo", "SLCustomers": "Customer", "SLArpmts": "A/R Payment"}
    return titles.get(of.name, of.name)


def _named(keys: Mapping[str, Any]) -> str:
    words = {"CustNum": "Customer", "InvNum": "Invoice"}
    return " and ".join(f"[{words.get(key, key)}: {str(value).strip()}]" for key, value in keys.items())
