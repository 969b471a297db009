"""The audit trail: append-only, gapless, each event sealed with the hash of the one before.

Append last in a transaction: the trail is locked from then until the commit, and locking nothing after it is what keeps two
transactions from waiting for each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from airbooks.staging.documents import canonical_json, copy_in

GENESIS = "0" * 64
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('airbooks.audit', 0))"
_COLUMNS = ("event_id", "at", "actor", "action", "document_id", "delivery_id", "number", "connection", "detail", "previous", "hash")
_MOST_COMPLAINTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that was done: `actor` a person or the Dag run that acted, `action` what it did ("delivered", "exception_override").

    `detail` holds JSON values; Decimals become text, binary floats are refused. Nothing secret belongs in it: it is kept for ever.
    """

    actor: str
    action: str
    document_id: int | None = None
    delivery_id: int | None = None
    number: str = ""
    connection: str = ""
    detail: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Seal:
    """The newest event and its hash: noted elsewhere (a log, a letter), it shows later that nothing before it was cut off or changed."""

    event_id: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An event as it stands in the trail; `at` is the database's clock."""

    event_id: int
    at: datetime
    actor: str
    action: str
    document_id: int | None
    delivery_id: int | None
    number: str
    connection: str
    detail: Mapping[str, Any]
    previous: str
    hash: str

    def expected_hash(self) -> str:
        content = {name: getattr(self, name) for name in _COLUMNS if name not in {"at", "hash"}}
        return _hash({**content, "at": self.at.astimezone(UTC).isoformat(timespec="microseconds")})


def append(connection: psycopg.Connection, events: Sequence[Event]) -> None:
    """Add events in their order, in the caller's transaction; other writers wait until it ends. Raises TypeError on a float in `detail`."""
    if not events:
        return
    connection.execute(_LOCK)
    newest = seal(connection)
    now = connection.execute("SELECT clock_timestamp()").fetchone()
    assert now  # noqa: S101 a SELECT without FROM has one row
    copy_in(connection, "airbooks.audit_event", _COLUMNS, _chain(events, newest, now[0]))


def seal(connection: psycopg.Connection) -> Seal:
    """The trail's newest event; event 0 with 64 zeros while it is empty."""
    row = connection.execute("SELECT event_id, hash FROM airbooks.audit_event ORDER BY event_id DESC LIMIT 1").fetchone()
    return Seal(*row) if row else Seal(0, GENESIS)


def _chain(events: Sequence[Event], newest: Seal, at: datetime) -> Iterator[tuple[Any, ...]]:
    text = at.astimezone(UTC).isoformat(timespec="microseconds")
    previous = newest.hash
    for event_id, event in enumerate(events, newest.event_id + 1):
        row = {
            "event_id": event_id,
            "at": text,
            "actor": storable(event.actor),
            "action": storable(event.action),
            "document_id": event.document_id,
            "delivery_id": event.delivery_id,
            "number": storable(event.number),
            "connection": storable(event.connection),
            "detail": storable(event.detail),
            "previous": previous,
        }
        previous = _hash(row)
        yield (*({**row, "detail": Jsonb(row["detail"])}.values()), previous)


def _hash(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(row)).hexdigest()


def storable(value: Any) -> Any:
    """A JSON value as Postgres keeps it: Decimals as text, no NUL characters or lone surrogates. Raises TypeError on a float."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(storable(key)): storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each) for each in value]
    raise TypeError(f"{type(value).__name__} is not a JSON value the audit trail keeps; write it as text")


# -- reading ----------------------------------------------------------------------------------------------------------------------------


def verify(connection: psycopg.Connection, noted: Seal | None = None) -> list[str]:
    """What is wrong with the trail, in words and in order; empty when it is intact. Reads it in pieces, however long it is.

    A seal that was `noted` earlier also finds events that were cut off at the end. At most 100 complaints are returned.
    """
    complaints: list[str] = []
    expected = Seal(0, GENESIS)
    for event in _stream(connection):
        complaints += _complaints(event, expected)
        if noted and event.event_id == noted.event_id and event.hash != noted.hash:
            complaints.append(f"Event {event.event_id} is not the one whose hash {noted.hash} was noted: the trail was written anew.")
        expected = Seal(event.event_id, event.hash)
        if len(complaints) >= _MOST_COMPLAINTS:
            return complaints[:_MOST_COMPLAINTS]
    if noted and expected.event_id < noted.event_id:
        complaints.append(f"The trail ends with event {expected.event_id}, but {noted.event_id} was noted: events are missing at its end.")
    return complaints


def _stream(connection: psycopg.Connection) -> Iterator[Sealed]:
    with connection.transaction(), connection.cursor(name="audit_verify", row_factory=class_row(Sealed)) as cursor:
        cursor.itersize = 2_000
        yield from cursor.execute(
            "SELECT event_id, at, actor, action, document_id, delivery_id, number, connection, detail, previous, hash"
            " FROM airbooks.audit_event ORDER BY event_id"
        )


def _complaints(event: Sealed, before: Seal) -> Iterator[str]:
    if event.event_id != before.event_id + 1:
        yield f"Events {before.event_id + 1} to {event.event_id - 1} are missing."
    elif event.previous != before.hash:
        yield f"Event {event.event_id} does not continue event {before.event_id}: one of the two was changed or replaced."
    if event.expected_hash() != event.hash:
        yield f"Event {event.event_id} ({event.action}, {event.number or 'no document'}) was changed after it was written."


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event in the life of a document, with the content it is about and what the platform holds.

    `content_hash` is the sha-256 of the document revision; `platform`, `operation` and `remote_id` are empty for events before delivery.
    """

    event_id: int
    at: datetime
    actor: str
    action: str
    number: str
    revision: int | None
    content_hash: str
    connection: str
    platform: str
    operation: str
    remote_id: str
    remote_number: str
    detail: Mapping[str, Any]
    hash: str


def history(connection: psycopg.Connection, number: str) -> list[Step]:
    """Everything that happened to the documents with this number, oldest first: who did what and when, which content went to which
    platform, what it answered, who overrode what."""
    with connection.cursor(row_factory=class_row(Step)) as cursor:
        return cursor.execute(
            """
            WITH wanted AS (SELECT document_id FROM airbooks.document WHERE number = %(number)s),
            events AS (
                SELECT event_id FROM airbooks.audit_event WHERE number = %(number)s
                UNION SELECT event_id FROM airbooks.audit_event WHERE document_id IN (SELECT document_id FROM wanted)
            )
            SELECT a.event_id, a.at, a.actor, a.action, %(number)s AS number, d.revision, coalesce(d.content_hash, '') AS content_hash,
                coalesce(nullif(a.connection, ''), v.connection, '') AS connection, coalesce(v.platform, '') AS platform,
                coalesce(v.operation, '') AS operation, coalesce(v.remote_id, '') AS remote_id,
                coalesce(v.remote_number, '') AS remote_number, a.detail, a.hash
            FROM events
            JOIN airbooks.audit_event a USING (event_id)
            LEFT JOIN airbooks.delivery v ON v.delivery_id = a.delivery_id
            LEFT JOIN airbooks.document d ON d.document_id = coalesce(a.document_id, v.document_id)
            ORDER BY a.event_id
            """,
            {"number": number},
        ).fetchall()
