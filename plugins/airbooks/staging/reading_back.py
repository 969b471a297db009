"""Comparing delivered documents with the platform again: which are due, and noting that they are still ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import class_row

from airbooks.canonical import RemoteDocument

GONE, VOIDED = "the platform no longer has it", "somebody voided it there"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBackDue:
    """A delivered document that is to be compared with the platform."""

    delivery_id: int
    document_id: int
    remote_id: str
    kind: str
    number: str
    is_credited: bool  # by a credit note of ours there: some platforms then show the invoice as void
    body: Mapping[str, Any] = field(repr=False)


def to_read_back(database: psycopg.Connection, connection: str, limit: int, days: int) -> list[ReadBackDue]:
    """A connection's deliveries that were never compared, or were delivered in the last `days` and not compared for an hour.

    Those that an open exception is about are left out.
    """
    with database.cursor(row_factory=class_row(ReadBackDue)) as cursor:
        return cursor.execute(
            """
            SELECT d.delivery_id, d.document_id, d.remote_id, doc.kind, doc.number, doc.body, EXISTS (
                SELECT FROM airbooks.document note JOIN airbooks.delivery n USING (document_id)
                WHERE note.division = doc.division AND doc.number = ANY (note.preceding) AND n.connection = d.connection
                    AND n.state = 'delivered') AS is_credited
            FROM airbooks.delivery d JOIN airbooks.document doc USING (document_id)
            WHERE d.connection = %s AND d.state = 'delivered' AND d.remote_id <> '' AND d.operation NOT IN ('void', 'apply')
                AND doc.is_current
                AND (d.confirmed_at IS NULL
                    OR (d.delivered_at > now() - make_interval(days => %s) AND d.confirmed_at < now() - interval '1 hour'))
                AND NOT EXISTS (SELECT FROM airbooks.exception e WHERE e.delivery_id = d.delivery_id AND e.state = 'open')
            ORDER BY d.confirmed_at NULLS FIRST, d.delivery_id LIMIT %s
            """,
            (connection, days, limit),
        ).fetchall()


def confirm(database: psycopg.Connection, read: Sequence[tuple[int, RemoteDocument]]) -> None:
    """The platform's documents were read back and are ours to the cent."""
    with database.cursor() as cursor:
        cursor.executemany(
            "UPDATE airbooks.delivery SET confirmed_at = now(), changed_at = now(), remote_number = %s, remote_status = %s,"
            " remote_version = %s, remote_currency = %s, remote_total = %s, remote_tax = %s WHERE delivery_id = %s",
            [
                (remote.number, remote.status.value, remote.version, remote.currency, remote.total, remote.tax, delivery_id)
                for delivery_id, remote in read
            ],
        )
