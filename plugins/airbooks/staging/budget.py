"""Rate budgets in Postgres, shared by all workers of all machines: never above a vendor's limit, and hardly below it.

A vendor counts a call at some moment between its leaving and its answer. A place in the vendor's window is therefore free again one
window after the *answer*, whatever the way took: two calls on one place are never counted within one window. What that costs is the time
of one answer per window; of answers that always take long, only a 36th of a window is lost (`least trip` below). Each limit is one
row with a hundred counters, a day's quota like a second's. The calls of a worker that died are given back when Postgres has seen it go.

Who waits has a turn: the time since which it waits, plus the handicap of its urgency. Real-time calls so go before others, and the others
before real-time calls that came `HANDICAP` seconds later; nobody starves. A sixtieth of each window is kept for real-time calls.

Why not a library: pyrate-limiter 4.5 (PostgresBucket) under the same bench (`python -m tests.bench.limits`, two cores): without its buffer
it was refused 4 to 11 times per limit, with it (50 ms) still 5 times in all, at 94 to 95 % of limits per second; a take costs 4 ms, and
57 ms when 250,000 calls of a day are rows (here: 0.4 ms, always). It stamps calls when they leave, not when they are answered; knows
neither turns nor penalties; and whoever meets another's lock just sleeps.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Self

import psycopg

from airbooks.platforms.errors import Action, AirbooksError, ErrorRule, Outcome, PlatformError
from airbooks.platforms.spec import Urgency

if TYPE_CHECKING:
    from airbooks.platforms.spec import Limits

LONGEST_WAIT = 120.0
LONGEST_PENALTY = 15 * 60.0
HANDICAP = {Urgency.REALTIME: 0.0, Urgency.HOURLY: 10.0, Urgency.DAILY: 30.0}
KEPT_FOR_REALTIME = 60  # one call in so many
TRIPS, FEWEST_TRIPS = 50, 5  # the last calls tell how long one is away at least, when they are enough
LONGEST_LOWERED = 60.0  # a refusal lowers the limits of windows up to this long; a day's quota is not halved for it
SPENT = ErrorRule(name="budget spent", action=Action.WAIT, outcome=Outcome.DID_NOT_HAPPEN)
_serial = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One published limit: `calls` in `seconds`, for the scope it counts ("call" counts every request, "batch" only batch requests).

    `owner` is who the vendor counts where that is not the connection.
    """

    name: str
    calls: int
    seconds: float
    scope: str = "call"
    owner: str = ""


# For platforms that publish no limit: it only holds the pauses that they ask for.
UNPUBLISHED = Bucket("pause", 1_000, 1.0)


def buckets_of(limits: Limits, scale: float = 1.0, counted_as: Callable[[str], str] = lambda _: "") -> tuple[Bucket, ...]:
    """The buckets of a platform's limits; `scale` > 1 fits a sandbox whose clock runs faster. `counted_as` is the hook's."""
    published = (
        ("second", limits.per_second, 1.0, "call"),
        ("minute", limits.per_minute, 60.0, "call"),
        ("day", limits.per_day, 86_400.0, "call"),
        ("batch", limits.batches_per_minute, 60.0, "batch"),
        ("app minute", limits.app_per_minute, 60.0, "call"),
    )
    return tuple(Bucket(name, calls, seconds / scale, scope, counted_as(name)) for name, calls, seconds, scope in published if calls)


class SharedBudget:
    """The budget of one connection (see `airbooks.platforms.wire.Budget`), for one call at a time.

    `database` is in autocommit. `clock` replaces its clock in tests.
    """

    def __init__(
        self,
        database: psycopg.Connection,
        connection: str,
        buckets: tuple[Bucket, ...],
        *,
        platform: str,
        urgency: Urgency = Urgency.HOURLY,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._database, self._platform, self._urgency, self._sleep, self._clock = database, platform, urgency, sleep, clock
        self._begin()
        # Sorted, so that all workers lock them in the same order.
        self._buckets = dict(sorted((f"{each.owner or connection} {each.name}", each) for each in buckets or (UNPUBLISHED,)))
        database.execute("INSERT INTO airbooks.budget (bucket) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING", (list(self._buckets),))

    def sibling(self) -> Self:
        """The same limits for another session, which calls while this one does."""
        twin = copy.copy(self)
        twin._begin()
        return twin

    def _begin(self) -> None:
        self._caller = f"{self._database.info.backend_pid}.{next(_serial)}"
        self._trips: deque[float] = deque(maxlen=TRIPS)
        self._left: tuple[list[str], list[float], float] | None = None

    def take(self, scope: str = "call") -> None:
        """Wait until a call fits; raises PlatformError (WAIT) when that is more than LONGEST_WAIT away, without taking it."""
        mine = {key: bucket for key, bucket in self._buckets.items() if bucket.scope in ("call", scope)}
        keys, seconds = list(mine), [bucket.seconds for bucket in mine.values()]
        calls = [self._may_use(bucket) for bucket in mine.values()]
        while (wait := self._ask(keys, calls, seconds)) > 0:
            self._sleep(wait)
        self._left = keys, seconds, self._now()

    def _may_use(self, bucket: Bucket) -> int:
        kept = 0 if self._urgency is Urgency.REALTIME else bucket.calls // KEPT_FOR_REALTIME
        return bucket.calls - kept

    def _ask(self, keys: list[str], calls: list[int], seconds: list[float]) -> float:
        row = self._database.execute(
            "SELECT airbooks.budget_take(%s, %s, %s::float8[], %s, %s::float8, %s::float8, %s::float8)",
            (keys, calls, seconds, self._caller, HANDICAP[self._urgency], LONGEST_WAIT, self._clock and self._clock()),
        ).fetchone()
        assert row is not None  # noqa: S101 a function always answers
        wait = float(row[0])
        if wait > LONGEST_WAIT:
            says = f"the calls that {self._platform} allows are spent for {wait:.0f} seconds"
            raise PlatformError(says, platform=self._platform, rule=SPENT, retry_after=wait)
        return wait

    def answered(self) -> None:
        """The call that was taken is over, however it ended."""
        if self._left is None:
            return
        (keys, seconds, left), self._left = self._left, None
        self._trips.append(self._now() - left)
        least_trip = min(self._trips) if len(self._trips) >= FEWEST_TRIPS else 0.0
        # Postgres gives the place back by itself when the connection to it is lost.
        with contextlib.suppress(psycopg.OperationalError):
            self._database.execute(
                "SELECT airbooks.budget_answered(%s, %s::float8[], %s, %s::float8, %s::float8)",
                (keys, seconds, self._caller, least_trip, self._clock and self._clock()),
            )

    def penalise(self, seconds: float) -> None:
        """The platform answered 429: nobody calls it for `seconds` (an absurd number is capped), and fewer do for a while after that."""
        pause = min(max(seconds, 0.0), LONGEST_PENALTY)
        lowers = [bucket.seconds <= LONGEST_LOWERED for bucket in self._buckets.values()]
        self._database.execute(
            "SELECT airbooks.budget_penalise(%s, %s, %s::float8[], %s::float8, %s::float8)",
            (list(self._buckets), lowers, [each.seconds for each in self._buckets.values()], pause, self._clock and self._clock()),
        )

    def _now(self) -> float:
        return self._clock() if self._clock else time.monotonic()


class NoSlotError(AirbooksError):
    """All the concurrent places of a connection are taken by other workers."""


@contextmanager
def places(
    database: psycopg.Connection,
    owner: str,
    allowed: int | None,
    *,
    most: int = 1,
    urgency: Urgency = Urgency.HOURLY,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[int]:
    """How many (1 to `most`) of the `allowed` concurrent places of `owner` were got; Postgres frees them when the worker dies.

    `owner` is `hook.counted_as("concurrent")`; `database` is in autocommit and holds places for nobody else. Waits only for the first
    place, up to LONGEST_WAIT, in the order of asking, real-time first; takes more only while nobody waits. Raises NoSlotError.
    """
    queue = _Queue(database, owner, allowed or 8, urgency)
    held = queue.first(sleep)
    try:
        held += queue.more(most - 1, held)
        yield len(held)
    finally:
        queue.leave(held)


def somebody_waits(database: psycopg.Connection, owner: str) -> bool:
    """Whether a worker stands at a door for a place of `owner`; `database` is in autocommit."""
    row = database.execute(
        "SELECT NOT bool_and(pg_try_advisory_xact_lock(door)) FROM unnest(%s::bigint[]) AS door", (_locks(owner, "door", len(HANDICAP)),)
    ).fetchone()
    return bool(row and row[0])


def _locks(owner: str, what: str, count: int) -> list[int]:
    """The keys of `count` advisory locks."""
    names = (f"airbooks {what} {number} {owner}" for number in range(count))
    return [int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True) for name in names]


@dataclass(frozen=True, slots=True)
class _Queue:
    """The queue for the places of one owner. At the door of each urgency only one worker asks at a time; Postgres lines up the others."""

    database: psycopg.Connection
    owner: str
    allowed: int
    urgency: Urgency

    def first(self, sleep: Callable[[float], None]) -> list[int]:
        waited = 0.0
        with self._at_door():
            while waited <= LONGEST_WAIT:
                patient = waited < HANDICAP[self.urgency]
                if got := self._try(1, self._doors[: self._rank] if patient else []):
                    return got
                sleep(0.1)
                waited += 0.1
        raise self._none_free()

    def more(self, most: int, held: list[int]) -> list[int]:
        return self._try(most, self._doors, held) if most > 0 else []

    def leave(self, held: list[int]) -> None:
        with contextlib.suppress(psycopg.OperationalError):  # who lost the database holds nothing any more
            self.database.execute("SELECT pg_advisory_unlock(place) FROM unnest(%s::bigint[]) AS place", (held,))

    @property
    def _doors(self) -> list[int]:
        return _locks(self.owner, "door", len(HANDICAP))

    @property
    def _rank(self) -> int:
        return list(HANDICAP).index(self.urgency)

    @contextmanager
    def _at_door(self) -> Iterator[None]:
        door = self._doors[self._rank]
        try:
            self.database.execute("SELECT set_config('lock_timeout', %s, true), pg_advisory_lock(%s)", (f"{LONGEST_WAIT}s", door))
        except psycopg.errors.LockNotAvailable:
            raise self._none_free() from None
        try:
            yield
        finally:
            with contextlib.suppress(psycopg.OperationalError):
                self.database.execute("SELECT pg_advisory_unlock(%s)", (door,))

    def _try(self, most: int, doors: list[int], held: Sequence[int] = ()) -> list[int]:
        """Take what is free besides `held`, unless somebody waits at one of `doors`."""
        wanted = [place for place in _locks(self.owner, "place", self.allowed) if place not in held]
        rows = self.database.execute(
            "SELECT place FROM unnest(%s::bigint[]) AS place"
            " WHERE (SELECT bool_and(pg_try_advisory_xact_lock(door)) FROM unnest(%s::bigint[]) AS door) IS NOT FALSE"
            " AND pg_try_advisory_lock(place) LIMIT %s",
            (wanted, doors, most),
        ).fetchall()
        return [int(place) for (place,) in rows]

    def _none_free(self) -> NoSlotError:
        return NoSlotError(f"All {self.allowed} concurrent places of {self.owner!r} are taken; the chunk is tried again later.")
