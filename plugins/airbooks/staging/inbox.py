"""Events that other systems sent: kept once each, taken in the order in which they came, settled with a reason.

An event is a hint and may be missing, late or out of order: what it says is looked up or read again where that matters. Every function
leaves the transaction to its caller; an event whose handling is rolled back waits on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.rows import dict_row

from airbooks.staging.audit import storable

CHANNEL = "airbooks_inbox"  # NOTIFY: an event of the source in the payload has been committed
MOST_TAKEN = 500  # events of one transaction


class Put(StrEnum):
    """What became of an event that was handed in."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"  # the same event is here already
    CONFLICT = "conflict"  # its id is here with another content; both are kept, the first one counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A genuine event on its way in. `body` is a JSON object, as it was signed; `signed_at` is the sender's time, in UTC."""

    source: str
    event_id: str
    signed_at: datetime
    body: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxEvent:
    """A stored event; numbers in `body` are Decimals or ints. `conflicts` counts other contents that came under its id."""

    inbox_id: int
    source: str
    event_id: str
    signed_at: datetime
    received_at: datetime
    body: dict[str, Any]
    conflicts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """An event's id that came again with another content."""

    inbox_id: int
    source: str
    event_id: str
    received_at: datetime
    body: dict[str, Any]


def put(database: psycopg.Connection, arrival: Arrival, varying: Sequence[str] = ()) -> Put:
    """Keep an event, once however often it is handed in; commit before telling the sender.

    The `varying` fields of the body (its first level) may differ between two tries of one event. Raises psycopg.DataError when Postgres
    cannot hold the body (a NUL character in a text, a number beyond its range).
    """
    values = {
        "source": arrival.source,
        "event_id": arrival.event_id,
        "signed_at": arrival.signed_at,
        "body": arrival.body.decode(),
        "sha256": arrival.sha256,
        "varying": list(varying),
    }
    if database.execute(_PUT, values).rowcount:
        return Put.ACCEPTED
    return Put.CONFLICT if database.execute(_DIFFERS, values).rowcount else Put.DUPLICATE


_PUT = """
INSERT INTO airbooks.inbox_event (source, event_id, signed_at, body, body_sha256)
VALUES (%(source)s, %(event_id)s, %(signed_at)s, %(body)s::jsonb, %(sha256)s)
ON CONFLICT (source, event_id) DO NOTHING
"""
# The update is there for its count: a conflict that came before is one again.
_DIFFERS = """
INSERT INTO airbooks.inbox_conflict AS c (inbox_id, body_sha256, signed_at, body)
SELECT inbox_id, %(sha256)s, %(signed_at)s, %(body)s::jsonb FROM airbooks.inbox_event
WHERE source = %(source)s AND event_id = %(event_id)s AND body_sha256 <> %(sha256)s
  AND body - %(varying)s::text[] <> %(body)s::jsonb - %(varying)s::text[]
ON CONFLICT (inbox_id, body_sha256) DO UPDATE SET signed_at = c.signed_at
"""


def waiting(database: psycopg.Connection, sources: Collection[str] = ()) -> int:
    """The id of the newest event that nobody has handled; 0 when there is none. No `sources`: of any."""
    row = database.execute(WAITING, {"sources": list(sources)}).fetchone()
    return int(row[0]) if row else 0


WAITING = """
SELECT coalesce(max(inbox_id), 0) FROM airbooks.inbox_event
WHERE handled_at IS NULL AND (%(sources)s::text[] = '{}' OR source = ANY (%(sources)s))
"""


def take(database: psycopg.Connection, source: str, limit: int = MOST_TAKEN) -> list[InboxEvent]:
    """The oldest events of a source that wait and that no other transaction has taken; locked until the caller's transaction ends."""
    with database.cursor(row_factory=dict_row) as cursor:
        cursor.execute(_TAKE, [source, limit])
        return [InboxEvent(**row | {"body": _read(row["body"])}) for row in cursor]


# NO KEY: a conflict that comes in meanwhile refers to the event and must not wait for the run that holds it.
_TAKE = """
SELECT inbox_id, source, event_id, signed_at, received_at, body::text,
    (SELECT count(*) FROM airbooks.inbox_conflict c WHERE c.inbox_id = e.inbox_id) AS conflicts
FROM airbooks.inbox_event e WHERE source = %s AND handled_at IS NULL
ORDER BY inbox_id LIMIT %s FOR NO KEY UPDATE OF e SKIP LOCKED
"""


def _read(text: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return body


def done(database: psycopg.Connection, events: Iterable[InboxEvent], run_id: str) -> int:
    """Settle events that were used; returns how many."""
    return database.execute(_SETTLE, {"ids": [each.inbox_id for each in events], "run_id": run_id, "error": ""}).rowcount


def failed(database: psycopg.Connection, event: InboxEvent, run_id: str, reason: str) -> None:
    """Settle an event that cannot be used, with the reason in words; it is not taken again until `again` says so."""
    if not reason.strip():
        raise ValueError("An event fails for a reason: say which.")
    database.execute(_SETTLE, {"ids": [event.inbox_id], "run_id": run_id, "error": storable(reason.strip())})


_SETTLE = """
UPDATE airbooks.inbox_event SET handled_at = now(), handled_run = %(run_id)s, error = %(error)s
WHERE inbox_id = ANY (%(ids)s) AND handled_at IS NULL
"""


def again(database: psycopg.Connection, source: str) -> int:
    """Let the failed events of a source be taken once more, after their cause is mended; returns how many."""
    return database.execute(
        "UPDATE airbooks.inbox_event SET handled_at = NULL, handled_run = '', error = '' WHERE source = %s AND error <> ''", [source]
    ).rowcount


def conflicts(database: psycopg.Connection, since: datetime) -> list[Conflict]:
    """Contents that came under an id already taken by another content, since `since` (UTC), oldest first."""
    with database.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "SELECT e.inbox_id, e.source, e.event_id, c.received_at, c.body::text FROM airbooks.inbox_conflict c"
            " JOIN airbooks.inbox_event e USING (inbox_id) WHERE c.received_at >= %s ORDER BY c.received_at, c.inbox_id",
            [since],
        )
        return [Conflict(**row | {"body": _read(row["body"])}) for row in cursor]
