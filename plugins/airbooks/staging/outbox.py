"""The outbox in SQL: claiming and recording. What the states mean is in `airbooks.delivery.states`.

Every function works inside its caller's transaction; claims and records are fenced by worker and attempt, so that a worker that was
given up for dead can no longer write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row

from airbooks.staging import audit
from airbooks.staging.documents import copy_in
from airbooks.staging.ordering import MAY_GO, earlier_revision, preceding

LEASE_SECONDS = 15 * 60
SUSPECT = 2  # failures from which on a document is sent alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """One delivery in the hands of this worker.

    `body` is the canonical document as stored; `earlier_remote_id` is what an earlier revision of it became on the platform, and
    `earlier_total` what that came to there; `remote_total` and `remote_status` are what was last seen there under this delivery;
    `ticket` names a request that the platform took on `accepted_seconds` ago; `failures` are the attempts that count against it; `step` is
    how far an update has come that replaces the old document ("voiding", then "reissuing").
    """

    delivery_id: int
    document_id: int
    operation: str
    attempt: int
    generation: int
    idempotency_key: str
    options: Mapping[str, Any]
    remote_id: str
    remote_version: str
    number: str
    customer_code: str
    currency: str
    gross_total: Decimal
    content_hash: str
    absences: int
    failures: int
    step: str
    ticket: str
    accepted_seconds: float
    earlier_remote_id: str
    earlier_total: Decimal | None
    remote_total: Decimal | None
    remote_status: str
    body: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What to write about one claimed delivery.

    `not_before` is seconds from now; None amounts mean the platform did not say; `failed` counts the attempt against the document. With the
    step "reissuing" the old document is done with: its id is forgotten.
    """

    delivery_id: int
    attempt: int
    state: str
    remote_id: str = ""
    remote_number: str = ""
    remote_status: str = ""
    remote_version: str = ""
    remote_currency: str = ""
    remote_total: Decimal | None = None
    remote_tax: Decimal | None = None
    confirmed: bool = False
    absences: int = 0
    not_before: float = 0.0
    last_error: str = ""
    ticket: str = ""
    failed: bool = False
    step: str = ""


# What was planned as new is an update where an earlier revision came there after all (it was on its way while this one was planned).
_CLAIMED = """
    d.delivery_id, d.document_id,
    CASE WHEN d.operation = 'create' AND earlier.remote_id <> '' THEN 'update' ELSE d.operation END AS operation,
    d.attempt, d.generation, d.idempotency_key, d.options, d.remote_id, d.remote_version,
    doc.number, doc.customer_code, doc.currency, doc.gross_total, doc.content_hash, doc.body, d.absences, d.failures, d.step, d.ticket,
    coalesce(extract(epoch FROM now() - d.accepted_at), 0)::float8 AS accepted_seconds,
    coalesce(earlier.remote_id, '') AS earlier_remote_id, earlier.remote_total AS earlier_total, d.remote_total, d.remote_status
"""
_DOCUMENT_OF = """
    JOIN airbooks.document doc USING (document_id)
    LEFT JOIN LATERAL (
        SELECT e.remote_id, e.remote_total FROM airbooks.delivery e JOIN airbooks.document p USING (document_id)
        WHERE (p.source, p.source_id) = (doc.source, doc.source_id) AND p.revision < doc.revision
            AND e.connection = d.connection AND (e.remote_id <> '' OR e.step = 'reissuing')
        ORDER BY p.revision DESC LIMIT 1) earlier ON true
"""

_CLAIM = f"""
WITH picked AS (
    SELECT d.delivery_id
    FROM airbooks.delivery d JOIN airbooks.document doc USING (document_id)
    WHERE d.connection = %(connection)s AND d.state = 'pending' AND d.not_before <= now()
        AND (d.operation = 'apply') = %(payments)s AND (d.failures >= %(suspect)s) = %(suspects)s
        AND d.delivery_id BETWEEN %(first)s AND %(last)s
        AND {MAY_GO}
        AND (cardinality(%(numbers)s::text[]) = 0 OR doc.number = ANY (%(numbers)s))
        AND NOT EXISTS (SELECT {earlier_revision()}) AND NOT EXISTS (SELECT {preceding()})
    ORDER BY d.delivery_id LIMIT %(limit)s
    FOR UPDATE OF d SKIP LOCKED
), claimed AS (
    UPDATE airbooks.delivery d
    SET state = 'sending', attempt = d.attempt + 1, worker = %(worker)s, run_id = %(run_id)s, changed_at = now(),
        lease_until = now() + make_interval(secs => {LEASE_SECONDS}),
        idempotency_key = md5(concat_ws(':', d.delivery_id, d.generation, d.operation, doc.content_hash, d.options::text))::uuid::text
    FROM picked, airbooks.document doc
    WHERE d.delivery_id = picked.delivery_id AND doc.document_id = d.document_id
    RETURNING d.*
)
SELECT {_CLAIMED} FROM claimed d {_DOCUMENT_OF} ORDER BY d.delivery_id
"""  # noqa: S608 only constants are put in

_CLAIM_OPEN = f"""
WITH picked AS (
    SELECT delivery_id FROM airbooks.delivery
    WHERE connection = %(connection)s AND state = %(state)s AND not_before <= now() AND delivery_id > %(after)s
        AND (operation = 'apply') = %(payments)s
    ORDER BY delivery_id LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE airbooks.delivery d
    SET worker = %(worker)s, not_before = now() + make_interval(secs => {LEASE_SECONDS}), changed_at = now()
    FROM picked WHERE d.delivery_id = picked.delivery_id
    RETURNING d.*
)
SELECT {_CLAIMED} FROM claimed d {_DOCUMENT_OF} ORDER BY d.delivery_id
"""  # noqa: S608 only constants are put in

_ACCEPTED = f"""
SELECT {_CLAIMED} FROM airbooks.delivery d {_DOCUMENT_OF}
WHERE d.connection = %s AND d.state = 'accepted' AND d.delivery_id BETWEEN %s AND %s ORDER BY d.delivery_id
"""  # noqa: S608 only constants are put in


@dataclass(frozen=True, slots=True)
class Moved:
    """A delivery that changed its state without having been claimed, for the audit trail."""

    delivery_id: int
    document_id: int
    number: str
    connection: str

    def event(self, actor: str, action: str, says: str) -> audit.Event:
        return audit.Event(
            actor=actor,
            action=action,
            document_id=self.document_id,
            delivery_id=self.delivery_id,
            number=self.number,
            connection=self.connection,
            detail={"says": says},
        )


def moved(database: psycopg.Connection, statement: LiteralString, values: Mapping[str, Any]) -> list[Moved]:
    """What a statement moved that returns the columns of Moved."""
    with database.cursor(row_factory=class_row(Moved)) as cursor:
        return cursor.execute(statement, values).fetchall()


def announce_worker(database: psycopg.Connection, worker: str) -> None:
    """Hold the lock that says this worker lives; Postgres drops it by itself when the process dies."""
    database.execute("SELECT pg_advisory_lock(hashtextextended('airbooks.worker ' || %s, 0))", (worker,))


def give_up_dead(database: psycopg.Connection, connection: str, settle_seconds: float, run_id: str) -> int:
    """What a dead worker (or an expired lease) left in `sending` becomes `unknown`, to be looked up after the settle time.

    It counts against the documents: one of them may be what workers die of. What a dead worker was looking up may be looked up at once.
    """
    holders = database.execute(
        "SELECT DISTINCT worker FROM airbooks.delivery"
        " WHERE connection = %s AND state IN ('sending', 'accepted', 'unknown') AND worker <> ''",
        (connection,),
    ).fetchall()
    dead = [worker for (worker,) in holders if _is_dead(database, worker)]
    if not holders:
        return 0
    database.execute(
        "UPDATE airbooks.delivery SET worker = '', not_before = now() WHERE connection = %s AND state IN ('accepted', 'unknown')"
        " AND worker = ANY(%s)",
        (connection, dead),
    )
    lost = moved(
        database,
        """
        UPDATE airbooks.delivery d
        SET state = 'unknown', worker = '', absences = 0, unknown_since = now(), changed_at = now(), failures = failures + 1,
            not_before = now() + make_interval(secs => %(settle)s), last_error = 'the worker died, or held it too long'
        FROM airbooks.document doc
        WHERE doc.document_id = d.document_id AND d.connection = %(connection)s AND d.state = 'sending'
            AND (d.worker = ANY(%(dead)s) OR d.lease_until < now())
        RETURNING d.delivery_id, d.document_id, doc.number, d.connection
        """,
        {"settle": settle_seconds, "connection": connection, "dead": dead},
    )
    audit.append(database, [each.event(run_id, "delivery lost", "the worker died, or held it too long") for each in lost])
    return len(lost)


def _is_dead(database: psycopg.Connection, worker: str) -> bool:
    row = database.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('airbooks.worker ' || %s, 0))", (worker,)).fetchone()
    return bool(row and row[0])


def claim(
    database: psycopg.Connection,
    connection: str,
    span: tuple[int, int],
    limit: int,
    worker: str,
    run_id: str,
    numbers: Sequence[str] = (),
    *,
    suspects: bool = False,
    payments: bool = False,
) -> list[Claimed]:
    """Take up to `limit` pending deliveries of a connection within a range of ids (only these document numbers, if any are given); the
    caller commits before it touches the wire.

    `suspects` are those that failed before again and again: they are taken apart from the others, so that they cannot harm these.
    `payments` takes payments, and nothing else.
    """
    chosen = {"connection": connection, "first": span[0], "last": span[1], "limit": limit, "numbers": list(numbers)}
    chosen |= {"suspect": SUSPECT, "suspects": suspects, "payments": payments}
    with database.cursor(row_factory=class_row(Claimed)) as cursor:
        return cursor.execute(_CLAIM, {**chosen, "worker": worker, "run_id": run_id}).fetchall()


def claim_open(
    database: psycopg.Connection, connection: str, state: str, limit: int, worker: str, after: int = 0, *, payments: bool = False
) -> list[Claimed]:
    """Take `unknown` deliveries whose settle time has passed, or `accepted` ones whose answer may be asked for; they stay so meanwhile.

    `payments` takes payments, and nothing else.
    """
    chosen = {"connection": connection, "state": state, "limit": limit, "worker": worker, "after": after, "payments": payments}
    with database.cursor(row_factory=class_row(Claimed)) as cursor:
        return cursor.execute(_CLAIM_OPEN, chosen).fetchall()


def questions_due(database: psycopg.Connection, connection: str, state: str) -> int:
    """How many questions may be asked now about `unknown` documents, or (one per ticket) about `accepted` ones."""
    row = database.execute(
        "SELECT count(DISTINCT coalesce(nullif(ticket, ''), delivery_id::text)) FROM airbooks.delivery"
        " WHERE connection = %s AND state = %s AND operation <> 'apply' AND not_before <= now()",
        (connection, state),
    ).fetchone()
    return row[0] if row else 0


def accepted(database: psycopg.Connection, connection: str, span: tuple[int, int]) -> list[Claimed]:
    """The deliveries of a range of ids that the platform took on and has not answered; only to look at."""
    with database.cursor(row_factory=class_row(Claimed)) as cursor:
        return cursor.execute(_ACCEPTED, (connection, *span)).fetchall()


_RECORD_COLUMNS = (
    "delivery_id",
    "attempt",
    "state",
    "remote_id",
    "remote_number",
    "remote_status",
    "remote_version",
    "remote_currency",
    "remote_total",
    "remote_tax",
    "confirmed",
    "absences",
    "not_before",
    "last_error",
    "ticket",
    "failed",
    "step",
)


def record(database: psycopg.Connection, worker: str, records: Sequence[Record]) -> set[int]:
    """Write the outcomes of claimed deliveries; returns the ids that were still this worker's (the others were taken over)."""
    database.execute(
        "CREATE TEMP TABLE IF NOT EXISTS outcome (delivery_id bigint, attempt int, state text, remote_id text, remote_number text,"
        " remote_status text, remote_version text, remote_currency text, remote_total numeric, remote_tax numeric, confirmed boolean,"
        " absences int, not_before float8, last_error text, ticket text, failed boolean, step text) ON COMMIT DELETE ROWS"
    )
    copy_in(database, "outcome", _RECORD_COLUMNS, (tuple(getattr(each, name) for name in _RECORD_COLUMNS) for each in records))
    written = database.execute(
        """
        UPDATE airbooks.delivery d
        SET state = o.state, absences = o.absences, last_error = o.last_error, ticket = o.ticket, changed_at = now(),
            accepted_at = CASE WHEN o.ticket <> '' THEN coalesce(d.accepted_at, now()) END,
            not_before = now() + make_interval(secs => o.not_before),
            unknown_since = CASE WHEN o.state = 'unknown' THEN coalesce(d.unknown_since, now()) END,
            lease_until = CASE WHEN o.state = 'sending' THEN now() + make_interval(secs => %s) END,
            worker = CASE WHEN o.state = 'sending' THEN d.worker ELSE '' END,
            failures = d.failures + o.failed::int,
            step = o.step,
            remote_id = coalesce(nullif(o.remote_id, ''), CASE WHEN o.step = 'reissuing' AND d.step <> o.step THEN '' ELSE d.remote_id END),
            remote_number = coalesce(nullif(o.remote_number, ''), d.remote_number),
            remote_status = coalesce(nullif(o.remote_status, ''), d.remote_status),
            remote_version = coalesce(nullif(o.remote_version, ''), d.remote_version),
            remote_currency = coalesce(nullif(o.remote_currency, ''), d.remote_currency),
            remote_total = coalesce(o.remote_total, d.remote_total),
            remote_tax = coalesce(o.remote_tax, d.remote_tax),
            delivered_at = CASE WHEN o.state = 'delivered' THEN coalesce(d.delivered_at, now()) ELSE d.delivered_at END,
            confirmed_at = CASE WHEN o.confirmed THEN now() ELSE d.confirmed_at END
        FROM outcome o
        WHERE d.delivery_id = o.delivery_id AND d.attempt = o.attempt AND d.worker = %s AND d.state IN ('sending', 'accepted', 'unknown')
        RETURNING d.delivery_id
        """,
        (LEASE_SECONDS, worker),
    ).fetchall()
    database.execute("DELETE FROM outcome")
    return {row[0] for row in written}
