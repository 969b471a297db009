"""Counting a demo twice: on the sandbox's books and in Postgres, independently of each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, LiteralString

import httpx
import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]
Values = dict[str, Decimal]  # amount per currency

SOURCE_NUMBERS: LiteralString = "SELECT document_number FROM erp.sales_document WHERE status = 'posted'"
DELIVERED_NUMBERS: LiteralString = """
    SELECT d.connection, o.number FROM airbooks.delivery d JOIN airbooks.document o USING (document_id)
    WHERE d.state = 'delivered' AND d.operation = 'create'
"""
DIFFERING_NUMBERS: LiteralString = """
    SELECT d.connection, o.number FROM airbooks.delivery d JOIN airbooks.document o USING (document_id)
    WHERE d.state = 'parked' AND d.remote_id <> '' AND d.operation <> 'apply'
"""
WAITING: LiteralString = """
    SELECT e.raw_id, e.number FROM airbooks.exception e LEFT JOIN airbooks.raw_document r USING (raw_id)
    WHERE e.state = 'open' AND e.severity = 'error' AND r.source IS DISTINCT FROM 'payments'
"""
ON_THEIR_WAY: LiteralString = """
    SELECT o.raw_id, o.number FROM airbooks.delivery d JOIN airbooks.document o USING (document_id)
    WHERE d.state IN ('pending', 'sending', 'accepted', 'unknown') AND d.operation <> 'apply'
"""
NEXT_LOOK: LiteralString = """
    SELECT max(greatest(not_before, CASE WHEN state = 'sending' THEN lease_until END)) AS at
    FROM airbooks.delivery WHERE state IN ('pending', 'sending', 'accepted', 'unknown') AND operation <> 'apply'
"""
SETTLED: LiteralString = """
    SELECT raw_id, number FROM airbooks.document WHERE is_current AND state IN ('rejected', 'cancelled') AND kind <> 'payment'
"""
CONNECTION_ROWS: LiteralString = """
    SELECT d.connection,
           count(*) FILTER (WHERE d.delivered_at >= %(since)s) AS delivered,
           count(*) FILTER (WHERE d.delivered_at >= %(since)s AND d.confirmed_at IS NOT NULL) AS confirmed,
           count(*) FILTER (WHERE d.state = 'rejected' AND d.changed_at >= %(since)s) AS rejected,
           coalesce(extract(epoch FROM max(d.delivered_at) FILTER (WHERE d.delivered_at >= %(since)s)
                                     - min(d.created_at) FILTER (WHERE d.delivered_at >= %(since)s)), 0) AS seconds
    FROM airbooks.delivery d WHERE d.operation <> 'apply' GROUP BY 1 ORDER BY 1
"""
CONNECTION_VALUES: LiteralString = """
    SELECT d.connection, o.currency, sum(o.gross_total)
    FROM airbooks.delivery d JOIN airbooks.document o USING (document_id)
    WHERE d.delivered_at >= %(since)s AND d.operation = 'create' GROUP BY 1, 2 ORDER BY 1, 2
"""
CAUSES: LiteralString = """
    SELECT c.code, c.connection, c.says, c.fix, count(DISTINCT e.raw_id) AS documents,
           coalesce(string_agg(DISTINCT nullif(e.currency, ''), '/'), '') AS currency, coalesce(sum(e.amount), 0) AS amount
    FROM airbooks.exception e JOIN airbooks.exception_cause c USING (cause_id) LEFT JOIN airbooks.raw_document r USING (raw_id)
    WHERE e.state = 'open' AND e.severity = 'error' AND r.source IS DISTINCT FROM 'payments'
    GROUP BY c.cause_id ORDER BY count(*) DESC, c.code, c.connection
"""


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The sandbox's books of one connection: its documents by remote id, void ones left out."""

    documents: dict[str, Row]

    @classmethod
    def read(cls, sandbox_url: str, platform: str) -> Ledger:
        books = httpx.get(f"{sandbox_url}/__sandbox__/books/{platform}", timeout=30, trust_env=False).raise_for_status().json()
        return cls(documents={each["remote_id"]: each for each in books["documents"] if each["status"] != "void"})

    def since(self, before: Ledger) -> Ledger:
        return Ledger(documents={key: row for key, row in self.documents.items() if key not in before.documents})

    def without(self, numbers: Container[str]) -> Ledger:
        return Ledger(documents={key: row for key, row in self.documents.items() if row["our_number"] not in numbers})

    def numbers(self) -> set[str]:
        return {row["our_number"] for row in self.documents.values()}

    def duplicates(self) -> int:
        """How many documents stand here more than once, counted without the first."""
        seen = Counter((row["kind"], row["our_number"]) for row in self.documents.values())
        return sum(count - 1 for count in seen.values())

    def values(self) -> Values:
        totals: Values = {}
        for row in self.documents.values():
            totals[row["currency"]] = totals.get(row["currency"], Decimal(0)) + Decimal(row["total"])
        return totals


@dataclass(frozen=True, kw_only=True)
class ConnectionRow:
    """What one run did on one connection, according to Postgres."""

    connection: str
    delivered: int
    values: Values
    confirmed: int
    rejected: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Open exceptions with one cause."""

    code: str
    connection: str
    says: str
    fix: str
    documents: int
    currency: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Documents:
    """Some documents of the source: how many, and their numbers (fewer, where two documents share one)."""

    count: int
    numbers: set[str]

    @classmethod
    def read(cls, database: psycopg.Connection[Row], query: LiteralString) -> Documents:
        rows = database.execute(query).fetchall()
        return cls(count=len({row["raw_id"] for row in rows}), numbers={row["number"] for row in rows})


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What Postgres says: the run's rows, and what became of every document so far."""

    rows: list[ConnectionRow]
    causes: list[Cause]
    delivered_numbers: set[tuple[str, str]]  # (connection, number)
    differing_numbers: set[tuple[str, str]]  # booked, but not as we sent it: these wait for a person
    waiting: Documents  # with an open exception
    on_their_way: Documents  # not sent yet, or sent without an answer: looked up after the platform's settle time
    next_look: datetime | None  # when all of those may be sent or looked up
    settled: Documents  # rejected by a person, or cancelled

    @classmethod
    def read(cls, dsn: str, since: datetime) -> Recorded:
        with psycopg.connect(dsn, row_factory=dict_row) as database:
            values: dict[str, Values] = {}
            for row in database.execute(CONNECTION_VALUES, {"since": since}):
                values.setdefault(row["connection"], {})[row["currency"]] = row["sum"]
            rows = [_connection_row(row, values) for row in database.execute(CONNECTION_ROWS, {"since": since})]
            causes = [Cause(**row) for row in database.execute(CAUSES)]
            return cls(
                rows=rows,
                causes=causes,
                delivered_numbers=_numbers(database, DELIVERED_NUMBERS),
                differing_numbers=_numbers(database, DIFFERING_NUMBERS),
                waiting=Documents.read(database, WAITING),
                on_their_way=Documents.read(database, ON_THEIR_WAY),
                next_look=next(iter(database.execute(NEXT_LOOK)))["at"],
                settled=Documents.read(database, SETTLED),
            )

    def differing_on(self, connection: str) -> set[str]:
        return {number for where, number in self.differing_numbers if where == connection}


def _numbers(database: psycopg.Connection[Row], query: LiteralString) -> set[tuple[str, str]]:
    return {(row["connection"], row["number"]) for row in database.execute(query)}


def _connection_row(row: Row, values: Mapping[str, Values]) -> ConnectionRow:
    return ConnectionRow(**{**row, "seconds": float(row["seconds"])}, values=values.get(row["connection"], {}))


def source_documents(erp_dsn: str) -> Documents:
    """Every posted document of the sales ERP."""
    with psycopg.connect(erp_dsn) as database:
        numbers = [number for (number,) in database.execute(SOURCE_NUMBERS)]
    return Documents(count=len(numbers), numbers=set(numbers))


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The end of a demo. `disagreements` tell where the two counts differ; a demo is right when there are none."""

    documents: int
    delivered: int
    exceptions: int
    duplicates: int
    lost: int
    platforms: int
    disagreements: list[str]

    @property
    def right(self) -> bool:
        return not self.disagreements and not self.duplicates and not self.lost


def tally(source: Documents, before: Mapping[str, Ledger], after: Mapping[str, Ledger], recorded: Recorded) -> Tally:
    """Compare what the platforms' books gained with what Postgres recorded, and account for every document of the source.

    A document that the platform booked otherwise than we sent it is an exception, not a delivery, on both sides. `before` and `after`
    map connections to their books. A document is lost when it is neither booked nor waiting for a person,
    or when Postgres calls it delivered and it stands in no book.
    """
    booked = {(connection, number) for connection, ledger in after.items() for number in ledger.numbers()}
    elsewhere = (recorded.waiting, recorded.on_their_way, recorded.settled)
    accounted = {number for _, number in booked}.union(*(each.numbers for each in elsewhere))
    unaccounted, missing = source.numbers - accounted, recorded.delivered_numbers - booked
    as_sent = {connection: ledger.without(recorded.differing_on(connection)) for connection, ledger in after.items()}
    gained = {connection: ledger.since(before[connection]) for connection, ledger in as_sent.items()}
    short = source.count - sum(len(ledger.documents) for ledger in as_sent.values()) - sum(each.count for each in elsewhere)
    return Tally(
        documents=source.count,
        delivered=sum(len(ledger.documents) for ledger in gained.values()),
        exceptions=recorded.waiting.count,
        duplicates=sum(ledger.duplicates() for ledger in after.values()),
        lost=max(len(unaccounted | {number for _, number in missing}), short),
        platforms=len(after),
        disagreements=[
            *_disagreements(gained, recorded.rows),
            *_named("in no book and in no exception", unaccounted),
            *_open_ends(recorded),
        ],
    )


def _disagreements(gained: Mapping[str, Ledger], rows: Iterable[ConnectionRow]) -> Iterable[str]:
    recorded = {row.connection: row for row in rows}
    for connection, ledger in gained.items():
        row = recorded.get(connection)
        counted, said = len(ledger.documents), row.delivered if row else 0
        if counted != said:
            yield f"{connection}: the platform's books gained {counted} documents, Postgres recorded {said}"
        elif row and ledger.values() != row.values:
            yield f"{connection}: the platform's books gained {money(ledger.values())}, Postgres recorded {money(row.values)}"


def _open_ends(recorded: Recorded) -> Iterable[str]:
    if recorded.on_their_way.count:
        when = f"{recorded.next_look:%H:%M:%S} UTC" if recorded.next_look else "later"
        yield (
            f"{recorded.on_their_way.count} documents are still on their way, as after a run that was interrupted. What may have reached a "
            f"platform is looked up there, after the platform's own time limit, before anything is sent again: run this again after {when}"
        )


def _named(what: str, numbers: set[str], shown: int = 5) -> Iterable[str]:
    if numbers:
        names = ", ".join(sorted(numbers)[:shown])
        yield f"{len(numbers)} x {what}: {names}{' ...' if len(numbers) > shown else ''}"


def money(values: Values) -> str:
    """`USD 1,234.50 + EUR 10.00`, or `-` for nothing."""
    return " + ".join(f"{currency} {amount:,.2f}" for currency, amount in sorted(values.items())) or "-"
