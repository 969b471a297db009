"""The company's records: rows by RECORDNO, found by any field, and undone as one when a transaction fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airbooks.sandbox.kit import Row, Store

# Receivables share one number range, so a RECORDNO names one invoice, adjustment or payment (from memory).
RECEIVABLES = frozenset({"ARINVOICE", "ARADJUSTMENT", "ARPYMT"})


class Tables:
    """Rows are replaced, never changed in place: that is what makes `undo` and the indexes right."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._undo: list[tuple[str, str, Row | None]] = []
        self._indexes: dict[tuple[str, str], dict[object, dict[str, None]]] = {}

    def next_key(self, name: str) -> int:
        if name in RECEIVABLES:
            return self._store.next_number("RECEIVABLE", first=4700)
        return self._store.next_number(name, first=1)

    def all(self, name: str) -> Iterator[Row]:
        return iter(self._store.table(name).values())

    def get(self, name: str, key: object) -> Row | None:
        return self._store.table(name).get(str(key))

    def find(self, name: str, field: str, values: Iterable[object]) -> list[Row]:
        """The rows whose `field` is one of `values`, in the order of their keys."""
        index = self._index(name, field)
        keys = {key for value in values for key in index.get(value, ())}
        table = self._store.table(name)
        return [table[key] for key in sorted(keys, key=int)]

    def one(self, name: str, field: str, value: object) -> Row | None:
        found = self.find(name, field, [value])
        return found[0] if found else None

    def put(self, name: str, row: Row) -> None:
        key = str(row["RECORDNO"])
        self._replace(name, key, row)

    def drop(self, name: str, key: object) -> None:
        self._replace(name, str(key), None)

    def begin(self) -> None:
        """From here on `undo` brings everything back."""
        self._undo.clear()

    def undo(self) -> None:
        for name, key, before in reversed(list(self._undo)):
            self._replace(name, key, before)
        self._undo.clear()

    def _replace(self, name: str, key: str, row: Row | None) -> None:
        table = self._store.table(name)
        before = table.get(key)
        self._undo.append((name, key, before))
        self._reindex(name, key, before, row)
        if row is not None:
            table[key] = row
        elif before is not None:
            del table[key]

    def _reindex(self, name: str, key: str, before: Row | None, after: Row | None) -> None:
        for (table, field), index in self._indexes.items():
            if table != name:
                continue
            if before is not None:
                index.get(before.get(field), {}).pop(key, None)
            if after is not None:
                index.setdefault(after.get(field), {})[key] = None

    def _index(self, name: str, field: str) -> dict[object, dict[str, None]]:
        if (name, field) not in self._indexes:
            index: dict[object, dict[str, None]] = {}
            for key, row in self._store.table(name).items():
                index.setdefault(row.get(field), {})[key] = None
            self._indexes[name, field] = index
        return self._indexes[name, field]
