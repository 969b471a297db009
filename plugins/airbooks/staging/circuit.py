"""A circuit breaker per connection, shared by all workers: a platform that is down is left alone, and tried again by one worker.

    closed --SILENT requests in a row without an answer--> open --after a pause--> half open --answered--> closed
                                                            ^---------------no answer, longer pause---'

While it is open nothing is sent and nothing counts against a document. Half open, one worker asks and then sends one document alone.
All times are the database's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import psycopg

from airbooks.staging.audit import storable

SILENT = 3
PAUSE = 30.0
LONGEST_PAUSE = 15 * 60.0


class Position(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A connection's circuit: `until` (UTC) is when it may be tried again, `says` the last failure; both only mean something when open."""

    position: Position
    until: datetime
    says: str = ""


@contextmanager
def passage(database: psycopg.Connection, connection: str) -> Iterator[Circuit]:
    """The circuit as this worker finds it; `database` is in autocommit. Half open it is for one worker at a time, for the others open."""
    row = database.execute(
        "SELECT failures >= %s, open_until > clock_timestamp(), open_until, says FROM airbooks.connection_circuit"
        " WHERE connection = %s AND failures > 0",
        (SILENT, connection),
    ).fetchone()
    if row is None or not row[0]:
        yield Circuit(position=Position.CLOSED, until=datetime.now(UTC))
        return
    _, is_open, until, says = row
    if is_open or not _take_probe(database, connection):
        yield Circuit(position=Position.OPEN, until=until, says=says)
        return
    try:
        yield Circuit(position=Position.HALF_OPEN, until=until, says=says)
    finally:
        database.execute("SELECT pg_advisory_unlock(hashtextextended('airbooks.probe ' || %s, 0))", (connection,))


def _take_probe(database: psycopg.Connection, connection: str) -> bool:
    row = database.execute("SELECT pg_try_advisory_lock(hashtextextended('airbooks.probe ' || %s, 0))", (connection,)).fetchone()
    return bool(row and row[0])


def is_open(database: psycopg.Connection, connection: str) -> bool:
    """Whether nothing may be sent now, because of what other workers or this one met."""
    row = database.execute(
        "SELECT FROM airbooks.connection_circuit WHERE connection = %s AND failures >= %s AND open_until > clock_timestamp()",
        (connection, SILENT),
    ).fetchone()
    return row is not None


def answered(database: psycopg.Connection, connection: str) -> None:
    """The platform answered a request: whatever failed before is over."""
    database.execute(
        "UPDATE airbooks.connection_circuit SET failures = 0, open_until = now(), says = '', changed_at = now()"
        " WHERE connection = %s AND failures > 0",
        (connection,),
    )


def silent(database: psycopg.Connection, connection: str, says: str, pause: float = PAUSE) -> None:
    """A request stayed without an answer. From the SILENT-th in a row on, the circuit is open for `pause` seconds, then twice as long."""
    database.execute(
        """
        INSERT INTO airbooks.connection_circuit AS c (connection, failures, says) VALUES (%(connection)s, 1, %(says)s)
        ON CONFLICT (connection) DO UPDATE SET failures = c.failures + 1, says = excluded.says, changed_at = now(),
            open_until = CASE WHEN c.failures + 1 < %(silent)s THEN c.open_until ELSE
                clock_timestamp()
                    + make_interval(secs => least(%(longest)s, %(pause)s * power(2, least(c.failures + 1 - %(silent)s, 20)))) END
        """,
        {
            "connection": connection,
            "says": storable(says[:2000]),
            "silent": SILENT,
            "pause": pause,
            "longest": max(pause, LONGEST_PAUSE * pause / PAUSE),
        },
    )


def open_circuits(database: psycopg.Connection) -> dict[str, Circuit]:
    """The connections whose platforms do not answer, for reports."""
    rows = database.execute(
        "SELECT connection, open_until, says FROM airbooks.connection_circuit WHERE failures >= %s", (SILENT,)
    ).fetchall()
    return {row[0]: Circuit(position=Position.OPEN, until=row[1], says=row[2]) for row in rows}
