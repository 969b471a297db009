"""Reconciliations in SQL: what is staged of a division and where it is held, and the results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from airbooks.payments.differences import Holding, Setting, StagedRow
from airbooks.staging import audit
from airbooks.staging.balances import BALANCES
from airbooks.staging.documents import content_hash, copy_in, read_watermark
from airbooks.staging.reading_back import GONE, VOIDED

if TYPE_CHECKING:
    from airbooks.payments.reconciliation import Reconciliation

# A transaction may commit after its change time: what changed in the last minutes before the watermark may not have been read.
OVERLAP = timedelta(minutes=10)

# What a platform holds is what it said last: of the newest revision that arrived, also where that differs from ours.
_ROWS = f"""
WITH {BALANCES}, chosen AS (
    SELECT unnest(%(ids)s::text[]) AS source_id
), held AS (
    SELECT DISTINCT ON (s.document_id, s.connection) s.document_id, s.connection, s.remote_id,
        CASE s.operation WHEN 'void' THEN 0 ELSE coalesce(s.remote_total, p.gross_total) END AS held
    FROM sent s JOIN airbooks.document p ON p.document_id = s.revision_id
    WHERE s.state = 'delivered' OR (s.state = 'parked' AND s.remote_id <> '' AND s.remote_total IS NOT NULL)
    ORDER BY s.document_id, s.connection, s.revision DESC, s.delivery_id DESC
), gone AS (
    SELECT DISTINCT s.document_id, s.connection FROM sent s JOIN airbooks.exception e USING (delivery_id)
    WHERE e.state = 'open' AND (e.code = 'AB-GONE' OR strpos(e.says, %(gone)s) > 0 OR strpos(e.says, %(voided)s) > 0)
), part AS (
    SELECT r.document_id, r.connection, a.payment_document_id, a.settled, a.discount + a.write_off AS off,
        a.amount + a.discount + a.write_off AS whole,
        EXISTS (SELECT FROM airbooks.delivery v JOIN airbooks.platform_payment p USING (delivery_id)
            WHERE v.document_id = a.payment_document_id AND v.connection = a.connection AND v.operation = 'apply' AND NOT p.reversed
        ) AS is_there,
        EXISTS (SELECT FROM airbooks.delivery v JOIN airbooks.watermark w ON w.source = 'payments:' || v.connection
            WHERE v.document_id = a.payment_document_id AND v.connection = a.connection AND v.operation = 'apply'
                AND v.state = 'delivered' AND v.delivered_at < w.changed_at - %(overlap)s
        ) AS is_due
    FROM revision r JOIN airbooks.allocation a ON a.document_id = r.revision_id AND a.connection = r.connection
    WHERE a.cancelled_at IS NULL
), applying AS (
    SELECT document_id, connection, coalesce(sum(abs(settled)) FILTER (WHERE NOT is_there AND NOT is_due), 0) AS not_applied,
        coalesce(sum(abs(settled)) FILTER (WHERE NOT is_there AND is_due), 0) AS missing,
        coalesce(sum(abs(settled) * off / nullif(whole, 0)) FILTER (WHERE is_there), 0) AS deducted
    FROM part GROUP BY 1, 2
), converted AS (  -- what a foreign payment of ours settles is converted as we did
    SELECT p.document_id, p.connection, unnest(string_to_array(v.remote_id, ',')) AS payment_id,
        sum(p.settled) / nullif(sum(p.whole), 0) AS rate
    FROM part p
    JOIN airbooks.delivery v ON v.document_id = p.payment_document_id AND v.connection = p.connection AND v.operation = 'apply'
    GROUP BY 1, 2, 3
), paid_there AS (
    SELECT a.document_id, a.connection,
        coalesce(sum(CASE WHEN a.is_foreign AND c.rate IS NOT NULL THEN round(a.paid * c.rate, 2) ELSE a.amount END), 0) AS paid_there
    FROM applied a LEFT JOIN converted c USING (document_id, connection, payment_id)
    WHERE NOT a.reversed GROUP BY 1, 2
), credited_there AS (
    SELECT document_id, connection, sum(credited) AS credited_there
    FROM taken t CROSS JOIN LATERAL unnest(ARRAY[t.invoice_id, t.note_id]) AS f (document_id)
    WHERE EXISTS (SELECT FROM held h WHERE h.document_id = t.invoice_id AND h.connection = t.connection AND h.held <> 0)
        AND EXISTS (SELECT FROM held h WHERE h.document_id = t.note_id AND h.connection = t.connection AND h.held <> 0)
    GROUP BY 1, 2
)
SELECT b.source, b.source_id, b.number, b.kind, b.currency, b.issue_date, b.total, b.state,
    EXISTS (SELECT FROM airbooks.exception e JOIN airbooks.raw_document r USING (raw_id)
        WHERE (r.source, r.source_id) = (b.source, b.source_id) AND e.delivery_id IS NULL AND e.state = 'open' AND e.severity = 'error'
    ) AS has_exception,
    EXISTS (SELECT FROM airbooks.raw_document r
        WHERE (r.source, r.source_id) = (b.source, b.source_id) AND r.staged_at IS NULL) AS is_waiting,
    w.paid AS written_paid, w.open_amount AS written_open,
    b.connection, coalesce(h.remote_id, '') AS remote_id, b.delivery, b.in_review, b.ours, b.theirs, b.credited, b.taken_back,
    coalesce(a.not_applied, 0) AS not_applied,
    coalesce(a.missing, 0) AS missing, coalesce(a.deducted, 0) AS deducted, coalesce(h.held, 0) AS held,
    coalesce(t.paid_there, 0) AS paid_there, coalesce(c.credited_there, 0) AS credited_there, g.document_id IS NOT NULL AS gone
FROM balance b
JOIN airbooks.document d USING (document_id)
LEFT JOIN held h USING (document_id, connection)
LEFT JOIN gone g USING (document_id, connection)
LEFT JOIN applying a USING (document_id, connection)
LEFT JOIN paid_there t USING (document_id, connection)
LEFT JOIN credited_there c USING (document_id, connection)
LEFT JOIN airbooks.written_back w ON (w.target, w.source, w.source_id) = (b.source, b.source, b.source_id)
WHERE (%(source)s = '' OR b.source = %(source)s)
    AND (b.issue_date BETWEEN %(starts_on)s AND %(ends_on)s OR b.source_id IN (SELECT source_id FROM chosen))
ORDER BY b.source, b.source_id, array_position(d.route, b.connection), b.connection
"""  # noqa: S608 only constants are put in

# Raw documents that never became a canonical one.
_UNREAD = """
SELECT c.source_id, EXISTS (SELECT FROM airbooks.exception e JOIN airbooks.raw_document x USING (raw_id)
        WHERE (x.source, x.source_id) = (%(source)s, c.source_id) AND e.state = 'open') AS has_exception,
    EXISTS (SELECT FROM airbooks.raw_document x WHERE (x.source, x.source_id) = (%(source)s, c.source_id) AND x.staged_at IS NULL
    ) AS is_waiting
FROM unnest(%(ids)s::text[]) AS c (source_id)
WHERE EXISTS (SELECT FROM airbooks.raw_document r WHERE (r.source, r.source_id) = (%(source)s, c.source_id))
    AND NOT EXISTS (SELECT FROM airbooks.document d WHERE (d.source, d.source_id) = (%(source)s, c.source_id) AND d.is_current)
"""


def read_until(database: psycopg.Connection, source: str) -> datetime | None:
    """Up to when everything that a source changed has certainly been read."""
    watermark = read_watermark(database, source)
    return watermark - OVERLAP if watermark else None


def staged_rows(database: psycopg.Connection, setting: Setting, source: str, ids: Sequence[str]) -> list[StagedRow]:
    """What is staged of a division: dated in the period, or with one of these source ids. An empty `source` means all sources."""
    chosen = {
        "divisions": [setting.division],
        "connections": [],
        "source": source,
        "ids": list(ids),
        "starts_on": setting.starts_on,
        "ends_on": setting.ends_on,
        "overlap": OVERLAP,
        "gone": GONE,
        "voided": VOIDED,
    }
    with database.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_ROWS, chosen).fetchall()
        unread = cursor.execute(_UNREAD, {"source": source, "ids": list(ids)}).fetchall()
    rows = [_row(list(group), source) for _, group in groupby(found, key=lambda row: (row["source"], row["source_id"]))]
    return [*rows, *(_unread(row) for row in unread)]


_HELD_COLUMNS = (
    "connection",
    "remote_id",
    "delivery",
    "ours",
    "not_applied",
    "missing",
    "deducted",
    "theirs",
    "credited",
    "taken_back",
    "held",
    "paid_there",
    "credited_there",
    "gone",
)


def _row(group: list[dict[str, Any]], source: str) -> StagedRow:
    first = group[0]
    paid, open_amount = first["written_paid"], first["written_open"]
    return StagedRow(
        source_id=first["source_id"] if source else f"{first['source']}:{first['source_id']}",
        number=first["number"],
        kind=first["kind"],
        currency=first["currency"],
        issue_date=first["issue_date"],
        total=first["total"],
        state=first["state"],
        has_exception=first["has_exception"],
        is_waiting=first["is_waiting"],
        written=None if paid is None else (paid, open_amount),
        holdings=tuple(_holding(row) for row in group if row["connection"]),
    )


def _holding(row: dict[str, Any]) -> Holding:
    return Holding(has_exception=row["in_review"], **{name: row[name] for name in _HELD_COLUMNS})


def _unread(row: dict[str, Any]) -> StagedRow:
    return StagedRow(
        source_id=row["source_id"],
        number="",
        kind="",
        currency="",
        issue_date=None,
        total=Holding(connection="").held,
        state="unread",
        has_exception=row["has_exception"],
        is_waiting=row["is_waiting"],
    )


_LINE_COLUMNS = (
    "reconciliation_id",
    "currency",
    "measure",
    "sales_count",
    "sales_amount",
    "staged_count",
    "staged_amount",
    "platform_count",
    "platform_amount",
)
_DIFFERENCE_COLUMNS = (
    "reconciliation_id",
    "position",
    "leg",
    "currency",
    "measure",
    "connection",
    "number",
    "source_id",
    "cause",
    "amount",
    "says",
)


def save(database: psycopg.Connection, found: Reconciliation, asked: int, run_id: str) -> int:
    """Store a reconciliation in the caller's transaction, with an event in the audit trail; returns its id."""
    setting = found.setting
    row = database.execute(
        "INSERT INTO airbooks.reconciliation"
        " (division, starts_on, ends_on, tolerance, differences, unexplained, calls, content_hash, made_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING reconciliation_id",
        (
            *(setting.division, setting.starts_on, setting.ends_on, setting.tolerance, len(found.differences)),
            *(len(found.unreconciled), asked, result_hash(found), run_id),
        ),
    ).fetchone()
    assert row  # noqa: S101 an INSERT with RETURNING has a row
    reconciliation_id: int = row[0]
    copy_in(database, "airbooks.reconciliation_line", _LINE_COLUMNS, _line_rows(reconciliation_id, found))
    copy_in(database, "airbooks.reconciliation_difference", _DIFFERENCE_COLUMNS, _difference_rows(reconciliation_id, found))
    audit.append(database, [_event(reconciliation_id, found, run_id)])
    return reconciliation_id


def result_hash(found: Reconciliation) -> str:
    """SHA-256 of lines and differences: the same again where nothing changed."""
    return content_hash([[asdict(each) for each in found.lines], [asdict(each) for each in found.differences]])


def _line_rows(reconciliation_id: int, found: Reconciliation) -> Iterator[tuple[Any, ...]]:
    for line in found.lines:
        sales = (line.sales.count, line.sales.amount) if line.sales else (None, None)
        sides = (*sales, line.staged.count, line.staged.amount, line.platform.count, line.platform.amount)
        yield reconciliation_id, line.currency, line.measure.value, *sides


def _difference_rows(reconciliation_id: int, found: Reconciliation) -> Iterator[tuple[Any, ...]]:
    for position, each in enumerate(found.differences, 1):
        head = (reconciliation_id, position, each.leg.value, each.currency, each.measure.value)
        yield *head, each.connection, each.number, each.source_id, each.cause.value, each.amount, each.says


def _event(reconciliation_id: int, found: Reconciliation, run_id: str) -> audit.Event:
    setting = found.setting
    detail = {
        "reconciliation": reconciliation_id,
        "division": setting.division,
        "starts_on": setting.starts_on.isoformat(),
        "ends_on": setting.ends_on.isoformat(),
        "differences": len(found.differences),
        "unexplained": len(found.unreconciled),
        "content_hash": result_hash(found),
    }
    return audit.Event(actor=run_id, action="period reconciled", detail=detail)
