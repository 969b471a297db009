"""One account: its tables, ids and clock, and how lists of it are filtered and paged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

from airbooks.platforms.freshbooks.sandbox.answers import Refused, Row, local, not_found
from airbooks.sandbox.kit import Clock, Store, Table

DEFAULT_PER_PAGE, MOST_PER_PAGE = 15, 100
FIRST_ID = {"client": 12001, "invoice": 980001, "credit_note": 31001, "payment": 5501, "tax": 7001, "item": 601}
INDEXED = {"invoice": ("invoice_number",), "credit_note": ("credit_number",), "payment": ("invoiceid", "creditid")}
Struck = Callable[[str], Row | None]


class Account:
    """The books of one account; rows are kept in the shape in which the API reads them back, with their lines."""

    def __init__(self, store: Store, clock: Clock, account_id: str, home: str, struck: Struck) -> None:
        self.store, self.clock, self.id, self.home, self.struck = store, clock, account_id, home, struck
        self._index: dict[tuple[str, str], dict[str, dict[str, None]]] = {}

    def table(self, kind: str) -> Table:
        return self.store.table(f"{self.id}/{kind}")

    def new_id(self, kind: str) -> int:
        return self.store.next_number(f"{self.id}/{kind}", FIRST_ID[kind])

    def now(self) -> str:
        return local(self.clock.now())

    def today(self) -> str:
        return self.now()[:10]

    def find(self, kind: str, row_id: Any, field: str = "id") -> Row:
        """A row, deleted or not (under the fault `deleted_is_gone` that is errno 1011); errno 1012 if there never was one."""
        row = self.table(kind).get(str(row_id))
        if row is None:
            raise not_found(kind, field, row_id)
        if row["vis_state"] == 1 and self.struck("deleted_is_gone") is not None:
            raise Refused(422, 1011, f"{kind.capitalize()} was deleted.", field=field, kind=kind, value=row_id)
        return row

    def put(self, kind: str, row: Row) -> Row:
        row = {**row, "updated": self.now()}
        self.table(kind)[str(row["id"])] = row
        for field in INDEXED.get(kind, ()):
            self._known(kind, field).setdefault(text_of(row, field), {})[str(row["id"])] = None
        return row

    def with_value(self, kind: str, field: str, value: Any) -> list[Row]:
        """The rows whose indexed field has this value, in the order of their making."""
        rows = self.table(kind)
        found = [rows[row_id] for row_id in self._known(kind, field).get(str(value), ())]
        return [row for row in found if text_of(row, field) == str(value)]

    def _known(self, kind: str, field: str) -> dict[str, dict[str, None]]:
        """Ids by value; a row that changed its value stays under the old one as well."""
        if (kind, field) not in self._index:
            index: dict[str, dict[str, None]] = {}
            for row_id, row in self.table(kind).items():
                index.setdefault(text_of(row, field), {})[row_id] = None
            self._index[kind, field] = index
        return self._index[kind, field]


def dated(row: Row, today: str) -> Row:
    """The invoice as it is today: what was due yesterday is overdue, also when a part of it is paid."""
    late = "due_date" in row and row["due_date"] < today and row["v3_status"] not in ("paid", "draft")
    return {**row, "v3_status": "overdue"} if late else row


def text_of(row: Row, field: str) -> str:
    return str(row.get(field) or "")


Filter = Callable[[Row, str], bool]


def equal(field: str) -> Filter:
    return lambda row, value: text_of(row, field) == value


def like(field: str) -> Filter:
    return lambda row, value: value.casefold() in text_of(row, field).casefold()


def since(field: str) -> Filter:
    """Days count, not hours."""
    return lambda row, value: text_of(row, field)[:10] >= value[:10]


def until(field: str) -> Filter:
    return lambda row, value: text_of(row, field)[:10] <= value[:10]


FILTERS: Mapping[str, Mapping[str, Filter]] = {
    "invoice": {
        "invoice_number": equal("invoice_number"),
        "customerid": equal("customerid"),
        "date_min": since("create_date"),
        "date_max": until("create_date"),
        "v3_status": equal("v3_status"),
        "updated_min": since("updated"),
        "updated_max": until("updated"),
    },
    "credit_note": {"credit_number": equal("credit_number")},  # UNVERIFIED, and may be ignored as any other
    "client": {
        "email": equal("email"),
        **{f"{name}_like": like(name) for name in ("organization", "fname", "lname", "note")},
        "updated_min": since("updated"),
    },
    "payment": {
        "invoiceid": equal("invoiceid"),
        "clientid": equal("clientid"),
        "type": equal("type"),
        "from_credit": lambda row, value: str(row["from_credit"]).lower() == value.lower(),
        "date_min": since("date"),
        "date_max": until("date"),
        "updated_min": since("updated"),
    },
}


def page_of(account: Account, kind: str, asked: Mapping[str, str], ignored: frozenset[str]) -> tuple[list[Row], Row]:
    """One page and its figures. A filter nobody knows is ignored, without a word; so is more than a hundred rows a page."""
    rows = [dated(row, account.today()) for row in _candidates(account, kind, asked, ignored)]
    for name, value in asked.items():
        known = FILTERS.get(kind, {}).get(name.removeprefix("search[").removesuffix("]")) if name.startswith("search[") else None
        if known is not None and name not in ignored:
            rows = [row for row in rows if known(row, value)]
    per_page = min(_number(asked.get("per_page", ""), DEFAULT_PER_PAGE), MOST_PER_PAGE)
    page = max(_number(asked.get("page", ""), 1), 1)
    start = (page - 1) * per_page
    figures = {"page": page, "pages": max(ceil(len(rows) / per_page), 1), "per_page": per_page, "total": len(rows)}
    return rows[start : start + per_page], figures


def _candidates(account: Account, kind: str, asked: Mapping[str, str], ignored: frozenset[str]) -> list[Row]:
    """The rows that an indexed filter leaves, or all."""
    for field in INDEXED.get(kind, ()):
        name = f"search[{field}]"
        if name in asked and name not in ignored and field in FILTERS[kind]:
            return account.with_value(kind, field, asked[name])
    return list(account.table(kind).values())


def _number(text: str, default: int) -> int:
    return int(text) if text.isdigit() and int(text) else default
