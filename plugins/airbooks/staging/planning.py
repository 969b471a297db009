"""What there is to do, in SQL: a delivery for every valid document and connection; released by a forced run, counted, cut in ranges.

Every function works inside its caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg

from airbooks.staging import audit
from airbooks.staging.ordering import MAY_GO
from airbooks.staging.outbox import moved

# Pending ones that may go, and, whatever became of the document, tickets to ask about and what is lost or unknown, to be looked up.
_TO_DO = f"""(
    (d.state = 'pending' AND not_before <= now() AND {MAY_GO})
    OR (d.state IN ('accepted', 'unknown') AND not_before <= now()) OR d.state = 'sending')"""

_PLAN = """
INSERT INTO airbooks.delivery (document_id, connection, platform, operation, run_id)
SELECT doc.document_id, c.connection, c.platform,
    CASE WHEN doc.kind = 'payment' THEN 'apply' WHEN EXISTS (
        SELECT FROM airbooks.delivery e JOIN airbooks.document p USING (document_id)
        WHERE (p.source, p.source_id) = (doc.source, doc.source_id) AND p.revision < doc.revision AND e.connection = c.connection
            AND (e.state IN ('delivered', 'sending', 'accepted', 'unknown') OR e.remote_id <> '' OR e.ticket <> '')
    ) THEN 'update' ELSE 'create' END,
    %(run_id)s
FROM airbooks.document doc
CROSS JOIN LATERAL unnest(doc.route) AS r (connection)
JOIN unnest(%(connections)s::text[], %(platforms)s::text[]) AS c (connection, platform) USING (connection)
WHERE doc.is_current AND doc.state = 'valid'
    AND NOT EXISTS (SELECT FROM airbooks.delivery d WHERE d.document_id = doc.document_id AND d.connection = c.connection)
ORDER BY doc.document_id
ON CONFLICT (document_id, connection) DO NOTHING
"""

# What the sales system took back is voided wherever an earlier revision of it went, or may have gone.
_PLAN_VOIDS = """
INSERT INTO airbooks.delivery (document_id, connection, platform, operation, run_id)
SELECT DISTINCT doc.document_id, c.connection, c.platform, 'void', %(run_id)s
FROM airbooks.document doc
JOIN airbooks.document p ON (p.source, p.source_id) = (doc.source, doc.source_id) AND p.revision < doc.revision
JOIN airbooks.delivery e ON e.document_id = p.document_id
    AND (e.state IN ('delivered', 'sending', 'accepted', 'unknown') OR e.remote_id <> '' OR e.ticket <> '')
JOIN unnest(%(connections)s::text[], %(platforms)s::text[]) AS c (connection, platform) ON c.connection = e.connection
WHERE doc.is_current AND doc.state = 'cancelled'
    AND NOT EXISTS (SELECT FROM airbooks.delivery d WHERE d.document_id = doc.document_id AND d.connection = c.connection)
ON CONFLICT (document_id, connection) DO NOTHING
"""

_SUPERSEDE = """
UPDATE airbooks.delivery d SET state = 'rejected', last_error = 'superseded by a newer revision before it was sent', changed_at = now()
FROM airbooks.document doc
WHERE doc.document_id = d.document_id AND NOT doc.is_current AND d.state = 'pending'
RETURNING d.delivery_id, d.document_id, doc.number, d.connection
"""


def take_turns(database: psycopg.Connection) -> None:
    """One transaction plans at a time: what another one is about to plan must not be planned here, too, under another operation."""
    database.execute("SELECT pg_advisory_xact_lock(hashtextextended('airbooks.plan', 0))")


def plan(database: psycopg.Connection, platforms: Mapping[str, str], run_id: str) -> int:
    """Add a delivery for every valid document and every connection it is routed to; returns how many are new.

    `platforms` is each connection's platform. A revision of a document that a connection has already becomes an update, a cancelled one a
    void; what an older revision still had to send is superseded.
    """
    take_turns(database)
    superseded = moved(database, _SUPERSEDE, {})
    chosen = {"connections": list(platforms), "platforms": list(platforms.values()), "run_id": run_id}
    planned = sum(database.execute(statement, chosen).rowcount for statement in (_PLAN, _PLAN_VOIDS))
    audit.append(database, [each.event(run_id, "delivery superseded", "a newer revision came before it was sent") for each in superseded])
    return planned


def open_work(database: psycopg.Connection, connections: Sequence[str], numbers: Sequence[str] = ()) -> dict[str, int]:
    """How many deliveries each connection has to do now (only these document numbers, if any are given): pending ones that may go, and
    lost or unknown ones to look up."""
    rows = database.execute(
        f"""
        SELECT connection, count(*)::int FROM airbooks.delivery d JOIN airbooks.document doc USING (document_id)
        WHERE connection = ANY(%(connections)s)
            AND (cardinality(%(numbers)s::text[]) = 0 OR doc.number = ANY (%(numbers)s))
            AND {_TO_DO}
        GROUP BY connection
        """,  # noqa: S608 only constants are put in
        {"connections": list(connections), "numbers": list(numbers)},
    ).fetchall()
    return {row[0]: row[1] for row in rows}


def release(database: psycopg.Connection, numbers: Sequence[str], run_id: str) -> int:
    """Let what was refused or parked of these document numbers be tried again (a forced run); returns how many.

    Where the platform still owes an answer, that is asked for first.
    """
    take_turns(database)
    released = moved(
        database,
        f"""
        UPDATE airbooks.delivery d
        SET state = CASE WHEN ticket = '' THEN 'pending' ELSE 'accepted' END, accepted_at = now(),
            generation = generation + 1, failures = 0, not_before = now(), changed_at = now()
        FROM airbooks.document doc
        WHERE doc.document_id = d.document_id AND {MAY_GO} AND doc.number = ANY(%(numbers)s) AND d.state IN ('rejected', 'parked')
        RETURNING d.delivery_id, d.document_id, doc.number, d.connection
        """,  # noqa: S608 only constants are put in
        {"numbers": list(numbers)},
    )
    audit.append(database, [each.event(run_id, "delivery released", "a forced run") for each in released])
    return len(released)


def chunks(database: psycopg.Connection, connection: str, size: int, numbers: Sequence[str] = ()) -> list[tuple[int, int]]:
    """The connection's work in ranges of delivery ids, about `size` each; unknown ones are looked up by whichever chunk comes first.

    With `numbers` the ranges span only those documents; others may lie between them, so `claim` must be given them too.
    """
    return database.execute(
        f"""
        SELECT min(delivery_id), max(delivery_id)
        FROM (SELECT delivery_id, (row_number() OVER (ORDER BY delivery_id) - 1) / %(size)s AS part
              FROM airbooks.delivery d JOIN airbooks.document doc USING (document_id)
              WHERE connection = %(connection)s
                  AND (cardinality(%(numbers)s::text[]) = 0 OR doc.number = ANY (%(numbers)s))
                  AND {_TO_DO}) numbered
        GROUP BY part ORDER BY part
        """,  # noqa: S608 only constants are put in
        {"size": size, "connection": connection, "numbers": list(numbers)},
    ).fetchall()
