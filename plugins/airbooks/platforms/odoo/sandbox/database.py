"""The simulated database: records by model and id, equality indexes, a change log, and transactions that roll back.

Records are never changed in place: a change puts a new record, so that the undo log can hold the old one. No operation walks a whole
model: looking up by an indexed field or by change time costs what it returns.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from airbooks.sandbox.kit import Row, Store, Table


def index_key(value: Any) -> Any:
    """How a value is filed: text without regard to case, so that `=ilike` finds it too."""
    return value.lower() if isinstance(value, str) else value


class Rows:
    """The records of one model."""

    def __init__(self, table: Table, undo: list[Callable[[], None]], indexed: Iterable[str]) -> None:
        self._table, self._undo = table, undo
        self._index: dict[str, dict[Any, dict[int, None]]] = {field: {} for field in indexed}
        self._changes: list[tuple[str, int]] = []
        for key, row in table.items():
            self._file(int(key), row)

    def __contains__(self, record_id: int) -> bool:
        return str(record_id) in self._table

    def __iter__(self) -> Iterator[int]:
        return (int(key) for key in self._table)

    def __len__(self) -> int:
        return len(self._table)

    def __getitem__(self, record_id: int) -> Row:
        return self._table[str(record_id)]

    def get(self, record_id: int) -> Row | None:
        return self._table.get(str(record_id))

    def indexes(self, field: str) -> bool:
        return field in self._index

    def having(self, field: str, value: Any) -> list[int]:
        """The ids whose indexed field equals `value`, text compared without regard to case."""
        return list(self._index[field].get(index_key(value), ()))

    def changed_since(self, stamp: str, *, inclusive: bool) -> list[int]:
        """The ids last written after `stamp`, in the order of their last change."""
        edge = (stamp, 0) if inclusive else (stamp, 1 << 62)
        start = bisect_left(self._changes, edge) if inclusive else bisect_right(self._changes, edge)
        return [key for written, key in self._changes[start:] if (row := self.get(key)) is not None and row.get("write_date") == written]

    def put(self, record_id: int, row: Row) -> None:
        """Create or replace a record; undone when the transaction fails."""
        before = self.get(record_id)
        self._undo.append(lambda: self._restore(record_id, before))
        self._replace(record_id, before, row)

    def delete(self, record_id: int) -> None:
        before = self._table[str(record_id)]
        self._undo.append(lambda: self._restore(record_id, before))
        self._unfile(record_id, before)
        del self._table[str(record_id)]

    def _replace(self, record_id: int, before: Row | None, row: Row) -> None:
        if before is not None:
            self._unfile(record_id, before)
        self._table[str(record_id)] = row
        self._file(record_id, row)

    def _restore(self, record_id: int, before: Row | None) -> None:
        now = self.get(record_id)
        if before is not None:
            self._replace(record_id, now, before)
        elif now is not None:
            self._unfile(record_id, now)
            del self._table[str(record_id)]

    def _file(self, record_id: int, row: Row) -> None:
        for field, index in self._index.items():
            if row.get(field) not in (None, False, ""):
                index.setdefault(index_key(row[field]), {})[record_id] = None
        written = (row.get("write_date", ""), record_id)
        place = bisect_left(self._changes, written)
        if place == len(self._changes) or self._changes[place] != written:
            insort(self._changes, written)

    def _unfile(self, record_id: int, row: Row) -> None:
        for field, index in self._index.items():
            bucket = index.get(index_key(row.get(field)))
            if bucket is not None:
                bucket.pop(record_id, None)


class Database:
    """All models, with one undo log for the transaction that runs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._undo: list[Callable[[], None]] = []
        self._rows: dict[str, Rows] = {}

    def rows(self, model: str, indexed: Iterable[str] = ()) -> Rows:
        if model not in self._rows:
            self._rows[model] = Rows(self._store.table(model), self._undo, indexed)
        return self._rows[model]

    def allocate(self, model: str, count: int = 1) -> int:
        """The first of `count` new ids; like the vendor's sequences, ids of a failed transaction are lost."""
        counters = self._store.table("$ids")
        first = int(counters.get(model, {"next": 1})["next"])
        counters[model] = {"next": first + count}
        return first

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that happens inside is kept when the block ends, and undone when it fails."""
        try:
            yield
            self._undo.clear()
        finally:
            self.rollback()

    def savepoint(self) -> int:
        return len(self._undo)

    def rollback(self, savepoint: int = 0) -> None:
        while len(self._undo) > savepoint:
            self._undo.pop()()
