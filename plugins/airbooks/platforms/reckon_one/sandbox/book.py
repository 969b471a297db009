"""One book: its lists, its settings, and how names and ids in a request find what they mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from airbooks.platforms.reckon_one.sandbox.answers import Row, invalid, not_found
from airbooks.sandbox.kit import Clock, Store, Table

Struck = Callable[[str], Row | None]


class Book:
    """Tables hold their rows in the shape in which the API reads them back."""

    def __init__(self, store: Store, clock: Clock, book_id: str, struck: Struck) -> None:
        self.store, self.clock, self.id, self.struck = store, clock, book_id, struck

    def table(self, kind: str) -> Table:
        return self.store.table(f"{self.id}/{kind}")

    def new_id(self) -> str:
        return str(uuid4())

    def number(self, prefix: str) -> str:
        """The next number of a kind: INV0001, RCPT0001, CAN0001. Never taken from a request."""
        return f"{prefix}{self.store.next_number(f'{self.id}/{prefix}'):04d}"

    def get(self, kind: str, row_id: str) -> Row:
        row = self.table(kind).get(row_id.lower())
        if row is None:
            raise not_found()
        return row

    def put(self, kind: str, row: Row) -> Row:
        self.table(kind)[row["id"]] = row
        return row

    def add(self, kind: str, **fields: Any) -> Row:
        return self.put(kind, {"id": self.new_id(), **fields})

    # -- settings ---------------------------------------------------------------------------------------------------------

    def settings(self, kind: str) -> Row:
        return self.table("settings")[kind]

    def configure(self, kind: str, **fields: Any) -> None:
        """What a person sets in the book's settings (`tax`, `invoice`, `book`)."""
        self.table("settings")[kind] = {**self.settings(kind), **fields}

    def check_open(self, moment: str, location: str) -> None:
        """Transactions on or before the lock-off date are immutable."""
        locked = self.settings("book").get("lockOffDate")
        if locked and moment[:10] <= locked[:10]:
            raise invalid(location, f"Transactions on or before the lock-off date {locked[:10]} cannot be created or changed.")

    # -- names ------------------------------------------------------------------------------------------------------------

    def named(self, kind: str, value: Any, location: str) -> Row:
        """A row by its id or full name (parents joined by colons)."""
        if isinstance(value, str):
            known = self.table(kind).get(value.lower())
            if known is not None:
                return known
            for row in self.table(kind).values():
                if value == row.get("fullName", row["name"]):
                    return row
        raise invalid(location, f"'{value}' was not found.")

    def customer_named(self, value: Any, location: str = "customer") -> Row:
        """A customer by its name: whether an id is taken is not documented, so nobody may rely on it."""
        for row in self.table("customers").values():
            if row["name"] == value:
                return row
        raise invalid(location, f"Customer '{value}' was not found.")


def reference_to(row: Row | None) -> Row | None:
    return None if row is None else {"id": row["id"], "name": row.get("fullName", row["name"])}
