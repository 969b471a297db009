"""What a run did, read from the outbox and the exceptions: the facts behind the report task and the demo's table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class ConnectionLine:
    """One connection and currency of one run: counts of documents, and the value (gross) of the delivered ones."""

    connection: str
    currency: str
    delivered: int
    value: Decimal
    confirmed: int
    rejected: int
    parked: int
    unknown: int
    pending: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class CauseLine:
    """One open cause: what it says, and how many documents wait for it with what value per currency."""

    cause_id: str
    code: str
    connection: str
    says: str
    documents: int
    currency: str
    value: Decimal


def connection_lines(database: psycopg.Connection, run_id: str | None = None) -> list[ConnectionLine]:
    """What became of the deliveries that a run touched (of all, without a run)."""
    with database.cursor(row_factory=class_row(ConnectionLine)) as cursor:
        return cursor.execute(
            """
            SELECT d.connection, doc.currency,
                count(*) FILTER (WHERE d.state = 'delivered')::int AS delivered,
                coalesce(sum(doc.gross_total) FILTER (WHERE d.state = 'delivered'), 0) AS value,
                count(*) FILTER (WHERE d.state = 'delivered' AND d.confirmed_at IS NOT NULL)::int AS confirmed,
                count(*) FILTER (WHERE d.state = 'rejected')::int AS rejected,
                count(*) FILTER (WHERE d.state = 'parked')::int AS parked,
                count(*) FILTER (WHERE d.state IN ('unknown', 'sending'))::int AS unknown,
                count(*) FILTER (WHERE d.state IN ('pending', 'accepted'))::int AS pending,
                min(d.delivered_at) AS first_at, max(d.changed_at) AS last_at
            FROM airbooks.delivery d JOIN airbooks.document doc USING (document_id)
            WHERE doc.is_current AND (%(run_id)s::text IS NULL OR d.run_id = %(run_id)s)
            GROUP BY 1, 2 ORDER BY 1, 2
            """,
            {"run_id": run_id},
        ).fetchall()


def cause_lines(database: psycopg.Connection) -> list[CauseLine]:
    """The open causes, those that hold most documents first."""
    with database.cursor(row_factory=class_row(CauseLine)) as cursor:
        return cursor.execute(
            """
            SELECT c.cause_id, c.code, c.connection, c.says, count(*)::int AS documents, e.currency, coalesce(sum(e.amount), 0) AS value
            FROM airbooks.exception_cause c JOIN airbooks.exception e USING (cause_id)
            WHERE e.state = 'open' GROUP BY 1, 2, 3, 4, 6 ORDER BY documents DESC, c.code, c.says
            """
        ).fetchall()
