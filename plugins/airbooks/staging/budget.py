"""Rate budgets in Postgres, per connection, shared by all workers.

Each limit is one row that says when the next call may leave (generic cell rate algorithm): taking a call moves that time on by one
interval, in one statement, so that workers queue up in the order they asked. A burst of a tenth of the limit is let through at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import psycopg

from airbooks.platforms.errors import Action, AirbooksError, ErrorRule, Outcome, PlatformError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airbooks.platforms.spec import Limits

LONGEST_WAIT = 120.0
LONGEST_PENALTY = 15 * 60.0
SPENT = ErrorRule(name="budget spent", action=Action.WAIT, outcome=Outcome.DID_NOT_HAPPEN)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One published limit: `calls` in `seconds`, for the scope it counts ("call" counts every request, "batch" only batch requests)."""

    name: str
    calls: int
    seconds: float
    scope: str

    @property
    def interval(self) -> float:
        return self.seconds / self.calls

    @property
    def burst(self) -> float:
        """Seconds that calls may run ahead of the even pace; a window of the vendor's never sees more than its limit."""
        return self.seconds * RUNS_AHEAD.get(self.name, 0.1)


# What share of a window may be spent at once. A day's quota must not be rationed by the minute: half of it may go at once.
RUNS_AHEAD = {"day": 1.0}
# The pace, as a share of the limit; what is left pays for the burst, and for a second also for what the way to the platform squeezes.
PACE = {"second": Fraction(8, 10), "day": Fraction(1, 2)}


def buckets_of(limits: Limits, scale: float = 1.0) -> tuple[Bucket, ...]:
    """The buckets of a platform's limits; `scale` > 1 fits a sandbox whose clock runs faster."""
    published = (
        ("second", limits.per_second, 1.0, "call"),
        ("minute", limits.per_minute, 60.0, "call"),
        ("day", limits.per_day, 86_400.0, "call"),
        ("batch", limits.batches_per_minute, 60.0, "batch"),
    )
    return tuple(
        Bucket(name, max(1, int(calls * PACE.get(name, Fraction(9, 10)))), seconds / scale, scope)
        for name, calls, seconds, scope in published
        if calls
    )


class SharedBudget:
    """The budget of one connection (see `airbooks.platforms.wire.Budget`); uses a connection of its own in autocommit."""

    def __init__(
        self,
        database: psycopg.Connection,
        connection: str,
        buckets: tuple[Bucket, ...],
        *,
        platform: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._database, self._connection, self._buckets, self._platform, self._sleep = database, connection, buckets, platform, sleep
        self._prepare()

    def _prepare(self) -> None:
        names = [bucket.name for bucket in self._buckets] or ["second"]
        self._database.execute(
            "INSERT INTO airbooks.connection_budget (connection, bucket, next_free) SELECT %s, unnest(%s::text[]), '-infinity'"
            " ON CONFLICT DO NOTHING",
            (self._connection, names),
        )

    def take(self, scope: str = "call", count: int = 1) -> None:
        """Wait until `count` calls fit; raises PlatformError (WAIT) when that is more than LONGEST_WAIT away, without taking them."""
        for bucket in self._buckets:
            if bucket.scope in ("call", scope):
                self._wait_for(bucket, count)

    def _wait_for(self, bucket: Bucket, count: int) -> None:
        wait = self._reserve(bucket, count)
        if wait > LONGEST_WAIT:
            raise PlatformError(
                f"the limit of {bucket.calls} calls per {bucket.name} is spent for {wait:.0f} seconds",
                platform=self._platform,
                rule=SPENT,
                retry_after=wait,
            )
        if wait > 0:
            self._sleep(wait)

    def _reserve(self, bucket: Bucket, count: int) -> float:
        """Seconds until the calls may leave; reserves them unless that is too far off."""
        row = self._database.execute(
            """
            WITH due AS (
                SELECT greatest(next_free, clock_timestamp() - make_interval(secs => %(burst)s)) AS leaves
                FROM airbooks.connection_budget WHERE connection = %(connection)s AND bucket = %(bucket)s FOR UPDATE
            ), taken AS (
                UPDATE airbooks.connection_budget b SET next_free = due.leaves + make_interval(secs => %(advance)s)
                FROM due WHERE b.connection = %(connection)s AND b.bucket = %(bucket)s
                    AND due.leaves <= clock_timestamp() + make_interval(secs => %(longest)s)
            )
            SELECT extract(epoch FROM leaves - clock_timestamp())::float8 FROM due
            """,
            {
                "connection": self._connection,
                "bucket": bucket.name,
                "burst": bucket.burst,
                "advance": bucket.interval * count,
                "longest": LONGEST_WAIT,
            },
        ).fetchone()
        assert row is not None  # noqa: S101 _prepare made the row
        return float(row[0])

    def penalise(self, seconds: float) -> None:
        """The platform answered 429: no worker calls this connection for `seconds` (an absurd number is capped)."""
        pause = min(seconds, LONGEST_PENALTY)
        self._database.execute(
            "UPDATE airbooks.connection_budget SET next_free = greatest(next_free, clock_timestamp()) + make_interval(secs => %s)"
            " WHERE connection = %s",
            (pause, self._connection),
        )
        if not self._buckets:
            self._sleep(min(pause, LONGEST_WAIT))


class NoSlotError(AirbooksError):
    """All the concurrent slots of a connection are taken by other workers."""


@contextmanager
def slot(
    database: psycopg.Connection, connection: str, concurrent: int | None, sleep: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """One of the connection's concurrent places, held while inside; freed by Postgres itself when the worker dies.

    `database` is in autocommit. Waits up to LONGEST_WAIT; raises NoSlotError.
    """
    number = _take_slot(database, connection, concurrent or 8, sleep)
    try:
        yield
    finally:
        database.execute("SELECT pg_advisory_unlock(hashtextextended('airbooks.slot ' || %s, %s))", (connection, number))


def _take_slot(database: psycopg.Connection, connection: str, places: int, sleep: Callable[[float], None]) -> int:
    waited = 0.0
    while waited <= LONGEST_WAIT:
        for number in range(places):
            row = database.execute(
                "SELECT pg_try_advisory_lock(hashtextextended('airbooks.slot ' || %s, %s))", (connection, number)
            ).fetchone()
            if row and row[0]:
                return number
        sleep(0.5)
        waited += 0.5
    raise NoSlotError(f"All {places} concurrent places of connection {connection!r} are taken; the chunk is tried again later.")


@contextmanager
def places(database: psycopg.Connection, connection: str, concurrent: int | None, most: int) -> Iterator[int]:  # noqa: ARG001
    """Several of the connection's concurrent places, at least one: waits only for the first."""
    with slot(database, connection, concurrent):
        yield 1
