"""Raw documents, watermarks and canonical revisions: bulk in, by COPY into temporary tables and set-based statements.

Every function works inside its caller's transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import class_row

from airbooks.canonical import CreditNote, Invoice, Line

Key = tuple[str, str]  # source, source_id


@dataclass(frozen=True, slots=True)
class RawRow:
    """A raw document that waits for staging."""

    raw_id: int
    source: str
    source_id: str
    payload: dict[str, Any]
    changed_at: datetime


class Arriving(Protocol):
    """A raw document as a source delivers it."""

    @property
    def source(self) -> str: ...
    @property
    def source_id(self) -> str: ...
    @property
    def payload(self) -> Mapping[str, Any]: ...
    @property
    def changed_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedDocument:
    """A canonical document with the state validation gave it (`valid` or `exception`) and the connections it goes to."""

    raw_id: int
    document: Invoice | CreditNote
    state: str
    route: tuple[str, ...]

    @property
    def key(self) -> Key:
        return self.document.source, self.document.source_id


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a staged document in the database: the revision it is, and whether that is a new one."""

    document_id: int
    source: str
    source_id: str
    revision: int
    is_new: bool


def canonical_json(value: Any) -> bytes:
    """The one JSON text of a value: sorted keys, no spaces, decimals as text."""
    return msgspec.json.encode(value, order="sorted")


def content_hash(value: Any) -> str:
    return hashlib.sha256(canonical_json(value)).hexdigest()


def document_hash(document: Invoice | CreditNote) -> str:
    """SHA-256 of a document's meaning: its JSON form without the source's version."""
    unsaid = {"source_version"} if document.cancelled else {"source_version", "cancelled"}
    return content_hash(document.model_dump(mode="json", exclude=unsaid))


def copy_in(database: psycopg.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into a (temporary) table."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with database.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def read_watermark(database: psycopg.Connection, source: str) -> datetime | None:
    row = database.execute("SELECT changed_at FROM airbooks.watermark WHERE source = %s", (source,)).fetchone()
    return row[0] if row else None


def move_watermark(database: psycopg.Connection, source: str, changed_at: datetime, run_id: str) -> None:
    """Move a source's watermark forward (never back)."""
    database.execute(
        "INSERT INTO airbooks.watermark (source, changed_at, run_id) VALUES (%s, %s, %s) ON CONFLICT (source) DO UPDATE"
        " SET changed_at = excluded.changed_at, moved_at = now(), run_id = excluded.run_id"
        " WHERE airbooks.watermark.changed_at < excluded.changed_at",
        (source, changed_at, run_id),
    )


def store_raw(database: psycopg.Connection, documents: Sequence[Arriving], run_id: str, *, force: bool = False) -> int:
    """Keep what a source delivered; returns how many are new or changed.

    A document whose newest stored form has the same content costs nothing further, unless `force` asks to stage it again.
    """
    database.execute("SELECT pg_advisory_xact_lock(hashtextextended('airbooks.raw', 0))")
    database.execute(
        "CREATE TEMP TABLE IF NOT EXISTS arriving (source text, source_id text, content_hash text, payload jsonb, changed_at timestamptz)"
        " ON COMMIT DELETE ROWS"
    )
    columns = ("source", "source_id", "content_hash", "payload", "changed_at")
    rows = ((d.source, d.source_id, content_hash(d.payload), canonical_json(d.payload).decode(), d.changed_at) for d in documents)
    copy_in(database, "arriving", columns, rows)
    if force:
        _restage_unchanged(database)
    stored = database.execute(
        """
        INSERT INTO airbooks.raw_document (source, source_id, content_hash, payload, changed_at, run_id)
        SELECT DISTINCT ON (a.source, a.source_id) a.source, a.source_id, a.content_hash, a.payload, a.changed_at, %s
        FROM arriving a
        LEFT JOIN LATERAL (
            SELECT content_hash FROM airbooks.raw_document r WHERE r.source = a.source AND r.source_id = a.source_id
            ORDER BY raw_id DESC LIMIT 1
        ) newest ON true
        WHERE newest.content_hash IS DISTINCT FROM a.content_hash
        ORDER BY a.source, a.source_id, a.changed_at DESC
        """,
        (run_id,),
    ).rowcount
    database.execute("DELETE FROM arriving")
    return stored


def _restage_unchanged(database: psycopg.Connection) -> None:
    database.execute(
        """
        UPDATE airbooks.raw_document r SET staged_at = NULL
        FROM arriving a
        WHERE r.raw_id = (SELECT max(raw_id) FROM airbooks.raw_document n WHERE n.source = a.source AND n.source_id = a.source_id)
            AND r.content_hash = a.content_hash
        """
    )


def waiting_raw(database: psycopg.Connection, limit: int) -> list[RawRow]:
    """The next raw documents to stage, oldest first; locks them, and staging as a whole, until the transaction ends."""
    database.execute("SELECT pg_advisory_xact_lock(hashtextextended('airbooks.stage', 0))")
    with database.cursor(row_factory=class_row(RawRow)) as cursor:
        return cursor.execute(
            "SELECT raw_id, source, source_id, payload, changed_at FROM airbooks.raw_document"
            " WHERE staged_at IS NULL AND source <> 'payments' ORDER BY raw_id LIMIT %s FOR UPDATE",
            (limit,),
        ).fetchall()


def mark_staged(database: psycopg.Connection, raw_ids: Sequence[int]) -> None:
    database.execute("UPDATE airbooks.raw_document SET staged_at = now() WHERE raw_id = ANY(%s)", (list(raw_ids),))


def numbers_in_use(database: psycopg.Connection, numbers: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], Key]:
    """Which (division, kind, number) a current document holds already, and which document that is; the oldest wins."""
    wanted = list(set(numbers))
    rows = database.execute(
        """
        SELECT DISTINCT ON (d.division, d.kind, d.number) d.division, d.kind, d.number, d.source, d.source_id
        FROM airbooks.document d
        JOIN unnest(%s::text[], %s::text[], %s::text[]) AS w (division, kind, number) USING (division, kind, number)
        WHERE d.is_current AND d.state <> 'rejected'
        ORDER BY d.division, d.kind, d.number, d.document_id
        """,
        ([w[0] for w in wanted], [w[1] for w in wanted], [w[2] for w in wanted]),
    ).fetchall()
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows}


@dataclass(frozen=True, slots=True)
class Waiver:
    """What people decided about one document: the codes of the rules it need not keep, and the ledger date it gets instead of its own."""

    codes: frozenset[str] = frozenset()
    posting_date: date | None = None


NO_WAIVER = Waiver()


def waivers_of(database: psycopg.Connection, keys: Iterable[Key]) -> dict[Key, Waiver]:
    """The waivers of these documents; those without one are left out."""
    wanted = list(set(keys))
    rows = database.execute(
        """
        SELECT document_source, document_source_id, array_agg(code), max(posting_date) FROM airbooks.waiver
        JOIN unnest(%s::text[], %s::text[]) AS w (document_source, document_source_id) USING (document_source, document_source_id)
        GROUP BY 1, 2
        """,
        ([w[0] for w in wanted], [w[1] for w in wanted]),
    ).fetchall()
    return {(row[0], row[1]): Waiver(frozenset(row[2]), row[3]) for row in rows}


_DOCUMENT_COLUMNS = (
    "source",
    "source_id",
    "raw_id",
    "content_hash",
    "state",
    "kind",
    "division",
    "number",
    "issue_date",
    "currency",
    "customer_code",
    "customer_name",
    "net_total",
    "tax_total",
    "gross_total",
    "preceding",
    "route",
    "body",
    "run_id",
)


def _document_row(staged: StagedDocument, run_id: str) -> tuple[Any, ...]:
    document = staged.document
    return (
        document.source,
        document.source_id,
        staged.raw_id,
        document_hash(document),
        staged.state,
        document.kind.value,
        document.division,
        document.number,
        document.issue_date,
        document.currency,
        document.buyer.code,
        document.buyer.name,
        document.net_total,
        document.tax_total,
        document.gross_total,
        [each.number for each in document.preceding_invoices],
        list(staged.route),
        document.model_dump_json(),
        run_id,
    )


def save_documents(database: psycopg.Connection, staged: Sequence[StagedDocument], run_id: str) -> dict[Key, Saved]:
    """Write the documents as revisions; one whose content is that of the current revision only gets its new state."""
    database.execute("CREATE TEMP TABLE IF NOT EXISTS incoming (LIKE airbooks.document) ON COMMIT DELETE ROWS")
    for column in ("document_id", "revision", "is_current", "staged_at"):
        database.execute(sql.SQL("ALTER TABLE incoming ALTER COLUMN {} DROP NOT NULL").format(sql.Identifier(column)))
    copy_in(database, "incoming", _DOCUMENT_COLUMNS, (_document_row(each, run_id) for each in staged))
    _refresh_unchanged(database)
    saved = _insert_revisions(database)
    _write_lines(database, staged, saved)
    kept = _unchanged(database)
    database.execute("DELETE FROM incoming")
    return {**kept, **saved}


def _refresh_unchanged(database: psycopg.Connection) -> None:
    database.execute(
        """
        UPDATE airbooks.document d SET state = i.state, route = i.route, raw_id = i.raw_id, run_id = i.run_id, staged_at = now()
        FROM incoming i
        WHERE d.is_current AND (d.source, d.source_id) = (i.source, i.source_id) AND d.content_hash = i.content_hash
        """
    )


def _unchanged(database: psycopg.Connection) -> dict[Key, Saved]:
    rows = database.execute(
        """
        SELECT d.document_id, d.source, d.source_id, d.revision FROM airbooks.document d
        JOIN incoming i ON d.is_current AND (d.source, d.source_id) = (i.source, i.source_id)
        """
    ).fetchall()
    return {(row[1], row[2]): Saved(row[0], row[1], row[2], row[3], is_new=False) for row in rows}


def _insert_revisions(database: psycopg.Connection) -> dict[Key, Saved]:
    columns = sql.SQL(", ").join(map(sql.Identifier, _DOCUMENT_COLUMNS))
    picked = sql.SQL(", ").join(sql.Identifier("i", name) for name in _DOCUMENT_COLUMNS)
    database.execute(
        """
        UPDATE airbooks.document d SET is_current = false FROM incoming i
        WHERE d.is_current AND (d.source, d.source_id) = (i.source, i.source_id) AND d.content_hash <> i.content_hash
        """
    )
    rows = database.execute(
        sql.SQL(
            """
            INSERT INTO airbooks.document ({columns}, revision)
            SELECT {picked}, 1 + coalesce((SELECT max(revision) FROM airbooks.document d
                                           WHERE (d.source, d.source_id) = (i.source, i.source_id)), 0)
            FROM incoming i
            WHERE NOT EXISTS (SELECT FROM airbooks.document d WHERE d.is_current AND (d.source, d.source_id) = (i.source, i.source_id))
            RETURNING document_id, source, source_id, revision
            """
        ).format(columns=columns, picked=picked)
    ).fetchall()
    return {(row[1], row[2]): Saved(row[0], row[1], row[2], row[3], is_new=True) for row in rows}


_LINE_COLUMNS = (
    "document_id",
    "position",
    "line_id",
    "kind",
    "item_code",
    "name",
    "quantity",
    "unit",
    "net_price",
    "net_amount",
    "tax_code",
    "tax_category",
    "tax_rate",
    "account_code",
)


def _line_row(document_id: int, position: int, line: Line) -> tuple[Any, ...]:
    return (
        document_id,
        position,
        line.line_id,
        line.kind.value,
        line.item_code,
        line.name,
        line.quantity,
        line.unit,
        line.net_price,
        line.net_amount,
        line.tax_code,
        line.tax_category.value,
        line.tax_rate,
        line.account_code,
    )


def _write_lines(database: psycopg.Connection, staged: Sequence[StagedDocument], saved: Mapping[Key, Saved]) -> None:
    new = [(saved[each.key].document_id, each.document) for each in staged if each.key in saved]
    copy_in(
        database,
        "airbooks.document_line",
        _LINE_COLUMNS,
        (_line_row(document_id, position, line) for document_id, document in new for position, line in enumerate(document.lines)),
    )
    copy_in(
        database,
        "airbooks.document_tax",
        ("document_id", "position", "category", "rate", "tax_code", "taxable_amount", "tax_amount"),
        (
            (document_id, position, tax.category.value, tax.rate, tax.tax_code, tax.taxable_amount, tax.tax_amount)
            for document_id, document in new
            for position, tax in enumerate(document.tax_breakdown)
        ),
    )
