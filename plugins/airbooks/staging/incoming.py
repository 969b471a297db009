"""Movements of money as they came in: each stored once, whoever tells it and how often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row

from airbooks.canonical.incoming import IncomingPayment
from airbooks.staging.audit import Event, append, storable
from airbooks.staging.documents import canonical_json, copy_in

LOOK_ALIKE_DAYS = 3  # banks and formats may differ by a weekend in the day on which they book
_COLUMNS = ("source", "source_id", "account", "fingerprint", "kind", "booked_on", "amount", "fee", "currency", "body")


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of arriving movements: the ids of those that are new, and how many were known (or told twice in this batch)."""

    new_ids: tuple[int, ...]
    known: int

    @property
    def new(self) -> int:
        return len(self.new_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A stored movement. `original_id` is the stored movement that it takes back, where that can be told."""

    incoming_id: int
    state: str
    movement: IncomingPayment
    original_id: int | None = None


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Two stored movements of equal account, amount and direction within a few days, told by different sources: perhaps one movement."""

    incoming_id: int
    other_id: int


def store(database: psycopg.Connection, movements: Sequence[IncomingPayment], run_id: str) -> Stored:
    """Keep the movements that are not known by (account, fingerprint), with an audit event each, in the caller's transaction.

    Call it last there: the audit trail stays locked until the commit. Raises ValueError for a movement without fingerprint.
    """
    _load(database, movements)
    rows = database.execute(
        """
        INSERT INTO airbooks.incoming_payment
            (source, source_id, account, fingerprint, kind, booked_on, amount, fee, currency, body, run_id)
        SELECT source, source_id, account, fingerprint, kind, booked_on, amount, fee, currency, body, %s
        FROM (SELECT DISTINCT ON (account, fingerprint) * FROM arriving_payment ORDER BY account, fingerprint, position) each_once
        ORDER BY position
        ON CONFLICT (account, fingerprint) DO NOTHING
        RETURNING incoming_id, source, source_id, account, kind, booked_on, amount, fee, currency
        """,
        (run_id,),
    ).fetchall()
    database.execute("DELETE FROM arriving_payment")
    append(database, [_event(row, run_id) for row in sorted(rows)])
    return Stored(tuple(sorted(row[0] for row in rows)), len(movements) - len(rows))


def _load(database: psycopg.Connection, movements: Sequence[IncomingPayment]) -> None:
    database.execute(
        "CREATE TEMP TABLE IF NOT EXISTS arriving_payment (position integer, source text, source_id text, account text, fingerprint text,"
        " kind text, booked_on date, amount numeric, fee numeric, currency text, body jsonb) ON COMMIT DELETE ROWS"
    )
    copy_in(database, "arriving_payment", ("position", *_COLUMNS), _rows(movements))


def _rows(movements: Sequence[IncomingPayment]) -> Iterator[tuple[Any, ...]]:
    for position, each in enumerate(movements):
        if not each.fingerprint:
            raise ValueError(f"movement {each.source_id!r} of {each.source} has no fingerprint: it could not be told from others")
        body = storable(each.model_dump(mode="json"))
        texts = (body[name] for name in ("source", "source_id", "account", "fingerprint", "kind"))
        yield position, *texts, each.booked_on, each.amount, each.fee, each.currency, canonical_json(body).decode()


def _event(row: tuple[Any, ...], run_id: str) -> Event:
    incoming_id, source, source_id, account, kind, booked_on, amount, fee, currency = row
    detail = {"incoming_id": incoming_id, "source": source, "source_id": source_id, "account": account, "kind": kind}
    money = {"booked_on": booked_on.isoformat(), "amount": amount, "fee": fee, "currency": currency}
    return Event(actor=run_id, action="payment_received", detail={**detail, **money})


_ORIGINAL = """
LEFT JOIN LATERAL (
    SELECT o.incoming_id FROM airbooks.incoming_payment o
    WHERE i.body ->> 'reverses' <> ''  -- nothing is looked for where it names nothing
        AND o.account = i.account AND o.incoming_id <> i.incoming_id AND o.currency = i.currency AND o.booked_on <= i.booked_on
        AND (o.kind = 'receipt') <> (i.kind = 'receipt')
        AND (o.source_id = i.body ->> 'reverses' OR o.body ->> 'bank_reference' = i.body ->> 'reverses'
            OR o.body -> 'references' ? (i.body ->> 'reverses'))
    ORDER BY o.amount = i.amount DESC, o.booked_on DESC, o.incoming_id DESC LIMIT 1
) original ON true
"""


def read(database: psycopg.Connection, states: Sequence[str], limit: int | None = None) -> list[Incoming]:
    """The stored movements in one of `states` (new, review, matched, on_account, reversed, ignored), oldest first, at most `limit`."""
    return _read(database, "i.state = ANY(%(states)s)", {"states": list(states), "limit": limit})


def unapplied(database: psycopg.Connection) -> list[Incoming]:
    """The movements that may be matched, oldest first: new ones, and receipts that stayed on account here without a payment that a
    platform was to book, and of which nothing was paid back."""
    return _read(database, _UNAPPLIED, {"limit": None})


_UNAPPLIED = """
(i.state = 'new' OR (i.state = 'on_account' AND i.kind = 'receipt'
    AND NOT EXISTS (SELECT FROM airbooks.allocation a WHERE a.incoming_id = i.incoming_id)
    AND NOT EXISTS (SELECT FROM airbooks.incoming_payment b WHERE b.takes_back = i.incoming_id)))
"""


def _read(database: psycopg.Connection, condition: LiteralString, values: Mapping[str, Any]) -> list[Incoming]:
    rows = database.execute(
        f"SELECT i.incoming_id, i.state, i.body, original.incoming_id FROM airbooks.incoming_payment i {_ORIGINAL}"  # noqa: S608 constants
        f" WHERE {condition} ORDER BY i.incoming_id LIMIT %(limit)s",
        values,
    ).fetchall()
    return [Incoming(incoming_id=row[0], state=row[1], movement=IncomingPayment.model_validate(row[2]), original_id=row[3]) for row in rows]


def look_alikes(database: psycopg.Connection, incoming_ids: Sequence[int]) -> list[LookAlike]:
    """Which of these movements look like one that another source told: nothing that may be applied before a person has looked."""
    with database.cursor(row_factory=class_row(LookAlike)) as cursor:
        return cursor.execute(
            """
            SELECT i.incoming_id, min(o.incoming_id) AS other_id
            FROM airbooks.incoming_payment i
            JOIN airbooks.incoming_payment o ON (o.account, o.kind, o.currency, o.amount) = (i.account, i.kind, i.currency, i.amount)
                AND o.source <> i.source AND abs(o.booked_on - i.booked_on) <= %s AND o.state <> 'ignored'
            WHERE i.incoming_id = ANY(%s)
            GROUP BY i.incoming_id ORDER BY i.incoming_id
            """,
            (LOOK_ALIKE_DAYS, list(incoming_ids)),
        ).fetchall()
