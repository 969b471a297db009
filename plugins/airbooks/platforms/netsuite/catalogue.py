"""NetSuite's own lists, by SuiteQL. Columns other than id, name and isinactive are from memory where the contract does not show them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from airbooks.platforms.netsuite.records import Records, Row
from airbooks.platforms.references import ReferenceItem, ReferenceKind

CODES = 200  # of one query


@dataclass(frozen=True, slots=True)
class _List:
    """A table, the column that people call its entries by, the column with their name, and more columns to keep."""

    table: str
    code: str
    name: str
    more: tuple[tuple[str, str], ...] = ()

    @property
    def columns(self) -> str:
        names = ["id", self.code, self.name, *(column for column, _ in self.more), "isinactive"]
        return ", ".join(dict.fromkeys(names))


_LISTS = {
    ReferenceKind.ITEM: _List("item", "itemid", "displayname"),
    ReferenceKind.ACCOUNT: _List("account", "acctnumber", "fullname"),
    ReferenceKind.TAX_CODE: _List("salestaxitem", "itemid", "description", (("rate", "rate"), ("taxtype", "tax_type"))),
    ReferenceKind.TERMS: _List("term", "name", "name"),
    ReferenceKind.CURRENCY: _List("currency", "symbol", "name"),
    ReferenceKind.PAYMENT_METHOD: _List("paymentmethod", "name", "name"),
}
# The fields of a record that hold a dimension, and the tables of their values.
_DIMENSIONS = {"department": "department", "class": "classification", "location": "location"}


def entries(records: Records, kind: ReferenceKind) -> Iterator[ReferenceItem]:
    """The whole list of a kind; empty for kinds that NetSuite's documents do not have."""
    if kind is ReferenceKind.DIMENSION:
        yield from _dimensions(records)
    elif kind in _LISTS:
        known = _LISTS[kind]
        yield from (_item(kind, known, row) for row in records.query(known.columns, known.table))


def named(records: Records, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
    """The entries with these codes; only they are asked for."""
    if kind not in _LISTS:
        return [item for item in entries(records, kind) if item.code in codes]
    known, wanted = _LISTS[kind], sorted(codes)
    found: list[ReferenceItem] = []
    for start in range(0, len(wanted), CODES):
        some = wanted[start : start + CODES]
        where = f"{known.code} IN ({', '.join('?' * len(some))})"
        found += [_item(kind, known, row) for row in records.query(known.columns, known.table, where, some)]
    return found


def _item(kind: ReferenceKind, known: _List, row: Row) -> ReferenceItem:
    return ReferenceItem(
        kind=kind,
        code=row.get(known.code, row["id"]),
        name=row.get(known.name, ""),
        remote_id=row["id"],
        active=row.get("isinactive", "F") == "F",
        details={ours: row[column] for column, ours in known.more if column in row},
    )


def _dimensions(records: Records) -> list[ReferenceItem]:
    """Departments, classes and locations in one list by name; the details say which of them a name is, and its id there."""
    found: dict[str, ReferenceItem] = {}
    for field, table in _DIMENSIONS.items():
        for row in records.query("id, name, isinactive", table):
            if row.get("isinactive", "F") == "F":
                known = found.get(row["name"]) or ReferenceItem(
                    kind=ReferenceKind.DIMENSION, code=row["name"], name=row["name"], remote_id=row["id"]
                )
                found[row["name"]] = replace(known, details={**known.details, field: row["id"]})
    return list(found.values())
