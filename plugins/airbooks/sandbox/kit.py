"""What a platform's simulator is made of: a clock, durable tables, rate windows, and the shape of its books.

A simulator is written from its vendor's contract and shares no mapping code with the connector it serves. Handlers are
`async def` without an `await` between reading and writing state, so each request is atomic, as it is on the vendor's side.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Hashable, ItemsView, Iterable, Iterator, KeysView, MutableMapping, ValuesView
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from fastapi import APIRouter

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Booked:
    """One sales document as the platform's books hold it; amounts in the document's currency, positive also for credit notes."""

    remote_id: str
    kind: str  # "invoice" | "credit_note"
    number: str  # the platform's number
    our_number: str  # ours, wherever this platform keeps it
    status: str  # draft | open | partially_paid | paid | void
    customer: str  # the platform's customer code or name
    currency: str
    net: Decimal
    tax: Decimal
    total: Decimal
    balance: Decimal
    lines: int


@dataclass(frozen=True, kw_only=True)
class BookedPayment:
    """One customer payment as the platform's books hold it; `applied` maps a document's remote id to the amount applied."""

    remote_id: str
    reference: str
    currency: str
    amount: Decimal
    applied: dict[str, Decimal]
    status: str  # posted | void


@dataclass(frozen=True, kw_only=True)
class Books:
    """Everything that is booked on one platform (all companies of the simulator together)."""

    documents: list[Booked]
    payments: list[BookedPayment]


class Clock:
    """The simulator's time: the real one, moved by `offset` (tests and the clock-skew fault move it)."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def today(self) -> date:
        return self.now().date()


class RateWindow:
    """A sliding window: at most `calls` in any `seconds`. `scale` shortens it (60 turns a minute into a second)."""

    def __init__(self, clock: Clock, calls: int, seconds: float, scale: float = 1.0) -> None:
        self.clock, self.calls, self.seconds = clock, calls, seconds / scale
        self._seen: deque[datetime] = deque()

    def admit(self) -> bool:
        """Whether one more call fits now; counts it if so."""
        now = self.clock.now()
        horizon = now - timedelta(seconds=self.seconds)
        while self._seen and self._seen[0] <= horizon:
            self._seen.popleft()
        if len(self._seen) >= self.calls:
            return False
        self._seen.append(now)
        return True


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    raise TypeError(f"a sandbox row holds JSON values, Decimal, date and datetime, not {type(value).__name__}")


def _decode(value: Row) -> Any:
    if "$decimal" in value:
        return Decimal(value["$decimal"])
    if "$datetime" in value:
        return datetime.fromisoformat(value["$datetime"])
    if "$date" in value:
        return date.fromisoformat(value["$date"])
    return value


class Index:
    """Which rows of a table have which value; every row is entered under the value it had when it was last assigned."""

    def __init__(self, key: Callable[[Row], Hashable], rows: dict[str, Row]) -> None:
        self._key = key
        self._ids: dict[Hashable, set[str]] = {}
        self._values: dict[str, Hashable] = {}
        for row_id, row in rows.items():
            self.enter(row_id, row)

    def enter(self, row_id: str, row: Row) -> None:
        value = self._key(row)
        if row_id in self._values:
            if self._values[row_id] == value:
                return
            self.remove(row_id)
        self._values[row_id] = value
        self._ids.setdefault(value, set()).add(row_id)

    def remove(self, row_id: str) -> None:
        value = self._values.pop(row_id)
        self._ids[value].discard(row_id)
        if not self._ids[value]:
            del self._ids[value]

    def ids(self, values: Iterable[Hashable]) -> set[str]:
        return set().union(*(self._ids.get(value, ()) for value in values))

    def count(self, values: Iterable[Hashable]) -> int:
        """How many rows have one of the values."""
        return sum(len(self._ids.get(value, ())) for value in values)

    def values(self) -> KeysView[Hashable]:
        """The values there are, each once."""
        return self._ids.keys()


class Table(MutableMapping[str, Row]):
    """A dict of rows by id that survives a kill of the process. After changing a row in place, assign it again."""

    def __init__(self, database: sqlite3.Connection, name: str) -> None:
        self._database, self._name = database, name
        found = database.execute("SELECT id, row FROM rows WHERE place = ? ORDER BY seq", (name,))
        self._rows: dict[str, Row] = {key: json.loads(text, object_hook=_decode) for key, text in found}
        self._indexes: dict[str, Index] = {}
        self._next_place = itertools.count()
        self._places: dict[str, int] = {key: next(self._next_place) for key in self._rows}

    def where(self, field: str, *values: Hashable, key: Callable[[Row], Hashable] | None = None) -> list[Row]:
        """The rows whose `field` is one of `values`, in the table's order, found without looking at the others.

        `key` computes what `field` then only names (a folded name, part of a nested row); it must be the same each time.
        """
        return self._ordered(self.index(field, key).ids(values))

    def containing(self, field: str, part: str, key: Callable[[Row], str] | None = None) -> list[Row]:
        """The rows in whose text `field` (or what `key` computes) `part` stands, in the table's order."""
        index = self.index(field, key)
        return self._ordered(index.ids([text for text in index.values() if part in str(text)]))

    def index(self, field: str, key: Callable[[Row], Hashable] | None = None) -> Index:
        """The rows by `field`; made when it is first asked for."""
        if field not in self._indexes:
            self._indexes[field] = Index(key or (lambda row: row.get(field)), self._rows)
        return self._indexes[field]

    def _ordered(self, row_ids: set[str]) -> list[Row]:
        return [self._rows[row_id] for row_id in sorted(row_ids, key=self._places.__getitem__)]

    def __getitem__(self, key: str) -> Row:
        return self._rows[key]

    def __setitem__(self, key: str, row: Row) -> None:
        self._rows[key] = row
        if key not in self._places:
            self._places[key] = next(self._next_place)
        for index in self._indexes.values():
            index.enter(key, row)
        self._database.execute(
            "INSERT INTO rows (place, id, row) VALUES (?, ?, ?) ON CONFLICT (place, id) DO UPDATE SET row = excluded.row",
            (self._name, key, json.dumps(row, default=_encode)),
        )

    def __delitem__(self, key: str) -> None:
        del self._rows[key], self._places[key]
        for index in self._indexes.values():
            index.remove(key)
        self._database.execute("DELETE FROM rows WHERE place = ? AND id = ?", (self._name, key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def values(self) -> ValuesView[Row]:
        return self._rows.values()

    def items(self) -> ItemsView[str, Row]:
        return self._rows.items()


class Store:
    """The simulator's disk: named tables and counters in one SQLite file (or in memory)."""

    def __init__(self, path: Path | None = None) -> None:
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS rows (seq INTEGER PRIMARY KEY, place TEXT, id TEXT, row TEXT, UNIQUE (place, id))"
        )
        self._tables: dict[str, Table] = {}

    def table(self, name: str) -> Table:
        if name not in self._tables:
            self._tables[name] = Table(self._database, name)
        return self._tables[name]

    def next_number(self, counter: str, first: int = 1) -> int:
        """The next value of a named counter; gapless, starting at `first`."""
        counters = self.table("$counters")
        value = int(counters.get(counter, {"next": first})["next"])
        counters[counter] = {"next": value + 1}
        return value

    def clear(self) -> None:
        self._database.execute("DELETE FROM rows")
        self._tables.clear()

    def close(self) -> None:
        self._database.close()


@dataclass
class Context:
    """What the server gives each simulator: its disk, the clock, its public address, and how strictly time is scaled."""

    store: Store
    clock: Clock
    base_url: str  # http://127.0.0.1:PORT/<slug>, without a trailing slash
    time_scale: float = 1.0  # 60: the vendor's minute lasts one second here
    think_seconds: float = 0.0  # how long the vendor works on a call before it answers; an assumption of whoever sets it
    options: dict[str, Any] = field(default_factory=dict)


class Armed(dict[str, Row]):
    """The armed faults of a simulator, with their parameters; `consulted` counts how often each of them made a difference."""

    def __init__(self) -> None:
        super().__init__()
        self.consulted: Counter[str] = Counter()

    def get(self, fault: str, default: Any = None) -> Any:
        return super().get(fault, default) if fault in self else default

    def __contains__(self, fault: object) -> bool:
        there = super().__contains__(fault)
        self.consulted.update([str(fault)] if there else [])
        return there

    def __delitem__(self, fault: str) -> None:
        """Also of those that act at once, when they are armed."""
        super().__delitem__(fault)
        self.consulted[fault] += 1


class Simulator(ABC):
    """One platform's API. Subclasses set `slug`, fill `router` and answer what is booked.

    `router` adds `/<slug>` to every path, so a handler at `/v3/company/{realm}/invoice` of the platform
    `quickbooks` answers `/quickbooks/v3/company/{realm}/invoice`. `seed()` makes the companies, credentials, accounts, tax codes, items and
    terms that a user would have set up by hand; it runs once on an empty store.
    """

    slug: ClassVar[str]
    # Names of the simulator's own faults (`inject` takes them), each with one sentence; transport faults are the server's.
    faults: ClassVar[dict[str, str]] = {}
    # Whether its end points call `think` themselves, because they count how many calls are being worked on at once.
    thinks_itself: ClassVar[bool] = False

    def __init__(self, context: Context) -> None:
        self.context = context
        self.store = context.store
        self.clock = context.clock
        self.router = APIRouter(prefix=f"/{self.slug}")
        self.armed = Armed()
        self.routes()
        meta = self.store.table("$meta")
        if "seeded" not in meta:
            self.seed()
            meta["seeded"] = {"at": self.clock.now()}

    @abstractmethod
    def routes(self) -> None:
        """Add this platform's end points to `self.router`."""

    @abstractmethod
    def seed(self) -> None:
        """Make what a company has before the first invoice: log-ins, chart of accounts, tax codes, items, terms."""

    @abstractmethod
    def books(self) -> Books:
        """What is booked now, read from the simulator's own tables."""

    @abstractmethod
    def connection(self) -> Row:
        """The Airflow connection that reaches this simulator: conn_type, host, schema, port, login, password, extra."""

    async def think(self) -> None:
        """The time that the vendor takes over one call."""
        if self.context.think_seconds:
            await asyncio.sleep(self.context.think_seconds)

    def inject(self, fault: str, parameters: Row) -> None:
        """Arm one of `faults`; `parameters["times"]` limits how often it strikes (default: until cleared)."""
        if fault not in self.faults:
            raise ValueError(f"{self.slug} knows no fault {fault!r}; it knows {sorted(self.faults)}")
        self.armed[fault] = {"times": None, **parameters}

    def struck(self, fault: str) -> Row | None:
        """The parameters of an armed fault that strikes now, or None; counts the strike."""
        parameters: Row | None = self.armed.get(fault)
        if parameters is None:
            return None
        if parameters["times"] is not None:
            parameters["times"] -= 1
            if parameters["times"] <= 0:
                del self.armed[fault]
        return parameters

    def clear_faults(self) -> None:
        self.armed.clear()
