"""The second half of the demo's day: customers pay, the banks write statements; counted on the simulators' books and in Postgres."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import LiteralString

import httpx
import psycopg
from psycopg.rows import class_row, dict_row

from airbooks.runtime.tally import Values, money
from airbooks.sandbox.bank import Sale, statements

OWED: LiteralString = """
    SELECT d.document_number AS number, d.division, d.currency, d.gross_total, d.issue_date, c.name AS customer,
        coalesce(t.discount_percent, 0) AS discount_percent, coalesce(t.discount_days, 0) AS discount_days
    FROM erp.sales_document d JOIN erp.customer c USING (customer_id) LEFT JOIN erp.payment_terms t ON t.code = d.terms
    WHERE d.document_type = 'invoice' AND d.status = 'posted' AND coalesce(d.paid_amount, 0) = 0 AND d.gross_total > 0
        AND d.currency ~ '^[A-Z]{3}$'
    ORDER BY d.document_number, d.document_id
"""
COUNTS: LiteralString = """
    SELECT count(*)::int AS payments,
        count(*) FILTER (WHERE state IN ('matched', 'on_account', 'reversed'))::int AS matched,
        count(*) FILTER (WHERE state = 'review')::int AS reviews,
        count(*) FILTER (WHERE state = 'new')::int AS waiting
    FROM airbooks.incoming_payment
"""
UNRECONCILED: LiteralString = """
    SELECT coalesce(sum(unexplained), 0)::int AS unreconciled FROM (
        SELECT DISTINCT ON (division) unexplained FROM airbooks.reconciliation ORDER BY division, reconciliation_id DESC) newest
"""
APPLIED: LiteralString = """
    SELECT d.connection, p.currency, sum(p.gross_total) AS amount FROM airbooks.delivery d JOIN airbooks.document p USING (document_id)
    WHERE d.operation = 'apply' AND d.state = 'delivered' GROUP BY 1, 2
"""
STUCK: LiteralString = """
    SELECT count(*)::int AS stuck FROM airbooks.delivery d JOIN airbooks.document p USING (document_id)
    WHERE p.state = 'valid' AND d.operation = 'apply' AND d.state <> 'delivered'
        AND NOT EXISTS (SELECT FROM airbooks.exception e WHERE e.delivery_id = d.delivery_id AND e.state = 'open')
        AND NOT EXISTS (  -- it waits for its invoice, which waits for a person
            SELECT FROM airbooks.document p JOIN airbooks.document i ON i.division = p.division AND i.number = ANY (p.preceding)
            LEFT JOIN airbooks.delivery v ON v.document_id = i.document_id AND v.connection = d.connection
            WHERE p.document_id = d.document_id AND d.state = 'pending' AND i.kind <> 'payment' AND i.is_current
                AND v.state IS DISTINCT FROM 'delivered')
"""


def deposit(erp_dsn: str, folder: Path, day: date | None = None) -> int:
    """Let the customers of the sales ERP pay, once a day; returns how many statements the banks wrote into `folder`."""
    written = 0
    for name, content in statements(_owed(erp_dsn), day or datetime.now(UTC).date()).items():
        file = folder / name
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            written += 1
    return written


def _owed(erp_dsn: str) -> list[Sale]:
    with psycopg.connect(erp_dsn) as database, database.cursor(row_factory=class_row(Sale)) as cursor:
        return cursor.execute(OWED).fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyTally:
    """How the payments of a demo stand. `disagreements` tell where the platforms' books and Postgres differ."""

    payments: int
    matched: int
    reviews: int
    waiting: int
    unreconciled: int
    disagreements: tuple[str, ...]

    @property
    def right(self) -> bool:
        return not self.disagreements and not self.unreconciled

    @property
    def line(self) -> str:
        return f"payments={self.payments} matched={self.matched} reviews={self.reviews} unreconciled={self.unreconciled}"


def booked(sandbox_url: str, platforms: Mapping[str, str]) -> dict[str, Values]:
    """What the platforms' books hold of live payments, by connection and currency."""
    found: dict[str, Values] = {}
    for connection, slug in platforms.items():
        books = httpx.get(f"{sandbox_url}/__sandbox__/books/{slug}", timeout=30, trust_env=False).raise_for_status().json()
        values = found.setdefault(connection, {})
        for row in books["payments"]:
            if row["status"] == "posted":
                values[row["currency"]] = values.get(row["currency"], Decimal(0)) + Decimal(row["amount"])
    return found


def read(dsn: str, there: Mapping[str, Values]) -> MoneyTally:
    """Count in Postgres, and compare with what stands `there`."""
    with psycopg.connect(dsn, row_factory=dict_row) as database:
        counts = next(iter(database.execute(COUNTS)))
        unreconciled = next(iter(database.execute(UNRECONCILED)))["unreconciled"]
        stuck = next(iter(database.execute(STUCK)))["stuck"]
        applied: dict[str, Values] = {}
        for row in database.execute(APPLIED):
            applied.setdefault(row["connection"], {})[row["currency"]] = row["amount"]
    wrong = [*_differing(applied, there)]
    if stuck:
        wrong.append(f"{stuck} payments are neither applied nor before a person")
    if counts["payments"] != counts["matched"] + counts["reviews"] + counts["waiting"]:
        wrong.append(
            f"{counts['payments']} payments came in, {counts['matched'] + counts['reviews'] + counts['waiting']} are accounted for"
        )
    return MoneyTally(**counts, unreconciled=unreconciled, disagreements=tuple(wrong))


def _differing(applied: Mapping[str, Values], there: Mapping[str, Values]) -> Iterable[str]:
    for connection in sorted({*applied, *there}):
        ours, theirs = applied.get(connection, {}), there.get(connection, {})
        if ours != theirs:
            yield f"{connection}: the platform's books hold payments of {money(theirs)}, Postgres recorded {money(ours)}"
