"""What every delivery that is not delivered waits for, in one sentence each.

The rules are those by which `outbox.claim` takes deliveries (`airbooks.staging.ordering`): what it takes waits for nothing but the next
run, and what it leaves has one of the other reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from types import MappingProxyType
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row

from airbooks.staging.circuit import SILENT
from airbooks.staging.ordering import earlier_revision, preceding

LINES = 20
_LONGEST = 240


class Reason(StrEnum):
    """What has to happen before a document goes out."""

    SENDING = "being sent"
    ANSWER = "the platform's answer"
    LOOK_UP = "a look-up"
    PERSON = "a person"
    DOCUMENT = "its document to be valid"
    REPLAY = "a replay"
    REVISION = "an earlier revision"
    INVOICE = "its invoice"
    CONNECTION = "its connection"
    TIME = "its next attempt"
    NEXT_RUN = "the next run"
    PLAN = "being planned"
    SUPERSEDED = "nothing: superseded"
    REJECTED = "nothing: rejected"
    DELIVERED = "nothing: delivered"


SENTENCES: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.SENDING: "is being sent since {since}; should its worker be lost, it is looked up before anything else",
        Reason.ANSWER: "the platform took it on as {ticket} at {accepted_at} and owes the answer; it is asked from {not_before} on",
        Reason.LOOK_UP: "unknown since {unknown_since} whether the platform has it; looked up from {not_before} on ({absences} of 2"
        " look-ups found nothing): {last_error}",
        Reason.PERSON: "{state} for {code}: {says} (exception {cause_id} under Required Actions)",
        Reason.DOCUMENT: "its document is not valid, {code}: {says} (exception {cause_id} under Required Actions)",
        Reason.REPLAY: "{state} with no question open, last: {last_error}; `airbooks replay` lets it go",
        Reason.REVISION: "revision {revision} waits for revision {other_revision}, which is {other_state}",
        Reason.INVOICE: "waits for invoice {other_number}, which is {other_state}",
        Reason.CONNECTION: "its connection rests until {connection_until}: {connection_says}",
        Reason.TIME: "not before {not_before}, because of: {last_error}",
        Reason.NEXT_RUN: "goes with the next run",
        Reason.PLAN: "valid, and not planned yet: the next run does so, if routes.yaml has a connection for it",
        Reason.SUPERSEDED: "a newer revision took its place",
        Reason.REJECTED: "{rejected_by} rejected it at {rejected_at}: {rejected_because}",
        Reason.DELIVERED: "is delivered",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One delivery (or a document without one: `delivery_id` None) and what it waits for.

    `amount` is the gross total; `since` when the delivery got its state; `other_...` is the document it goes after; `code`, `cause_id` and
    `says` are of the question that a person is asked about it, `question` names it: by its code, and its id where documents share it.
    """

    delivery_id: int | None
    document_id: int
    connection: str
    reason: str
    kind: str
    number: str
    revision: int
    customer_code: str
    customer_name: str
    amount: Decimal
    currency: str
    state: str
    attempts: int
    absences: int
    ticket: str
    last_error: str
    since: datetime | None
    not_before: datetime | None
    accepted_at: datetime | None
    unknown_since: datetime | None
    cause_id: str
    code: str
    says: str
    question: str
    other_number: str
    other_revision: int | None
    other_state: str
    connection_says: str
    connection_until: datetime | None
    rejected_by: str
    rejected_at: datetime | None
    rejected_because: str

    @property
    def sentence(self) -> str:
        """What it waits for, in one line."""
        return SENTENCES[Reason(self.reason)].format(**{name: _word(value) for name, value in asdict(self).items()})


def _word(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return one_line(str(value)) if value is not None else "a person mends it"


def one_line(text: str) -> str:
    """A platform's words for a list: without line ends, and not too long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Everything on one connection that waits for the same kind of thing (`question`: for the same answer of a person): how many, worth
    what (by currency), and the first few."""

    connection: str
    reason: Reason
    question: str
    count: int
    values: Mapping[str, Decimal]
    lines: tuple[Waiting, ...]


DELIVERIES = """
    SELECT d.delivery_id, d.document_id, d.connection, d.operation, d.state, d.attempt AS attempts, d.absences, d.ticket, d.last_error,
        d.changed_at AS since, CASE WHEN isfinite(d.not_before) THEN d.not_before END AS not_before, d.not_before > now() AS is_early,
        d.accepted_at, d.unknown_since,
        doc.source, doc.source_id, doc.is_current, doc.state AS document_state, doc.kind, doc.division, doc.number, doc.revision,
        doc.preceding, doc.customer_code, doc.customer_name, doc.gross_total AS amount, doc.currency
    FROM airbooks.delivery d JOIN airbooks.document doc USING (document_id)
"""

_UNPLANNED = """
    SELECT NULL, doc.document_id, r.connection, '', 'unplanned', 0, 0, '', '', doc.staged_at, NULL, false, NULL, NULL,
        doc.source, doc.source_id, doc.is_current, doc.state, doc.kind, doc.division, doc.number, doc.revision,
        doc.preceding, doc.customer_code, doc.customer_name, doc.gross_total, doc.currency
    FROM airbooks.document doc
    CROSS JOIN LATERAL unnest(CASE WHEN cardinality(doc.route) = 0 THEN '{""}' ELSE doc.route END) AS r (connection)
    WHERE doc.is_current AND doc.state IN ('valid', 'exception')
        AND NOT EXISTS (SELECT FROM airbooks.delivery e WHERE e.document_id = doc.document_id AND r.connection IN ('', e.connection))
"""

# The question that keeps a delivery (or its document) back. What nobody is asked about any more has none.
_QUESTION = """
    SELECT e.exception_id, e.cause_id, e.code, e.says, e.code || CASE c.subject WHEN '' THEN '' ELSE ' ' || e.cause_id END AS name
    FROM airbooks.exception e JOIN airbooks.exception_cause c USING (cause_id)
    WHERE d.state IN ('pending', 'parked', 'rejected', 'unplanned') AND e.state = 'open' AND e.severity = 'error'
        AND (e.delivery_id = d.delivery_id
            OR (d.document_state <> 'valid' AND e.document_id = d.document_id AND e.delivery_id IS NULL))
    ORDER BY e.delivery_id NULLS LAST, e.exception_id LIMIT 1
"""

_EARLIER = f"""
    SELECT p.number, p.revision, e.state || CASE WHEN e.ticket = '' THEN '' ELSE ', ticket ' || e.ticket END AS state
    {earlier_revision("d")} AND d.state = 'pending'
    ORDER BY p.revision DESC LIMIT 1
"""

_INVOICE = f"""
    SELECT inv.number, inv.revision, CASE WHEN inv.state = 'exception' THEN 'not valid' ELSE coalesce(e.state, 'not planned') END AS state
    {preceding("d")} AND d.state = 'pending'
    ORDER BY inv.number, inv.document_id LIMIT 1
"""

# A person's "reject" stands until the delivery moves again.
_REJECTION = """
    SELECT a.actor, a.at, coalesce(a.detail ->> 'reason', '') AS because FROM airbooks.audit_event a
    WHERE d.state IN ('pending', 'parked', 'rejected') AND a.document_id = d.document_id AND a.action = 'exception_reject'
        AND (a.delivery_id IS NULL OR a.delivery_id = d.delivery_id) AND (d.document_state = 'rejected' OR a.at >= d.since)
    ORDER BY a.event_id DESC LIMIT 1
"""

_REST = f"""
    SELECT s.says, NULL::timestamptz AS until FROM airbooks.connection_state s
    WHERE s.connection = d.connection AND s.state <> 'working'
    UNION ALL
    SELECT c.says, c.open_until FROM airbooks.connection_circuit c
    WHERE c.connection = d.connection AND c.failures >= {SILENT} AND c.open_until > now() LIMIT 1
"""  # noqa: S608 only constants are put in

# What the platform still owes an answer to (a parked ticket) may be asked for whatever became of the document.
_REASON = """
    CASE
        WHEN d.state = 'delivered' THEN 'nothing: delivered'
        WHEN d.state = 'sending' THEN 'being sent'
        WHEN d.state = 'accepted' THEN 'the platform''s answer'
        WHEN d.state = 'unknown' THEN 'a look-up'
        WHEN d.state = 'parked' AND d.ticket <> '' THEN CASE WHEN question.exception_id IS NULL THEN 'a replay' ELSE 'a person' END
        WHEN NOT d.is_current THEN 'nothing: superseded'
        WHEN d.document_state = 'exception' THEN 'its document to be valid'
        WHEN d.document_state <> 'valid' AND (d.document_state, d.operation) <> ('cancelled', 'void') THEN 'nothing: rejected'
        WHEN d.state = 'unplanned' THEN 'being planned'
        WHEN d.state IN ('parked', 'rejected') AND question.exception_id IS NOT NULL THEN 'a person'
        WHEN d.state = 'rejected' AND rejection.at IS NOT NULL THEN 'nothing: rejected'
        WHEN d.state IN ('parked', 'rejected') THEN 'a replay'
        WHEN earlier.revision IS NOT NULL THEN 'an earlier revision'
        WHEN invoice.revision IS NOT NULL THEN 'its invoice'
        WHEN rest.says IS NOT NULL THEN 'its connection'
        WHEN d.is_early THEN 'its next attempt'
        ELSE 'the next run'
    END
"""


def reasons(work: str) -> str:
    """The statement that gives each row of `work` (a query with the columns of DELIVERIES) its reason and the facts of its sentence."""
    return f"""
        WITH work AS ({work})
        SELECT d.delivery_id, d.document_id, d.connection, {_REASON} AS reason, d.kind, d.number, d.revision, d.customer_code,
            d.customer_name, d.amount, d.currency, d.state, d.attempts, d.absences, d.ticket, d.last_error, d.since, d.not_before,
            d.accepted_at, d.unknown_since,
            coalesce(question.cause_id, '') AS cause_id, coalesce(question.code, '') AS code, coalesce(question.says, '') AS says,
            coalesce(question.name, '') AS question,
            coalesce(earlier.number, invoice.number, '') AS other_number, coalesce(earlier.revision, invoice.revision) AS other_revision,
            coalesce(earlier.state, invoice.state, '') AS other_state,
            coalesce(rest.says, '') AS connection_says, rest.until AS connection_until,
            coalesce(rejection.actor, 'somebody') AS rejected_by, coalesce(rejection.at, d.since) AS rejected_at,
            coalesce(rejection.because, d.last_error) AS rejected_because
        FROM work d
        LEFT JOIN LATERAL ({_QUESTION}) question ON true
        LEFT JOIN LATERAL ({_EARLIER}) earlier ON true
        LEFT JOIN LATERAL ({_INVOICE}) invoice ON true
        LEFT JOIN LATERAL ({_REJECTION}) rejection ON true
        LEFT JOIN LATERAL ({_REST}) rest ON d.state = 'pending'
    """  # noqa: S608 only constants are put in


COLUMNS = ", ".join(each.name for each in fields(Waiting))


def waiting(database: psycopg.Connection, connection: str = "", lines: int = LINES) -> list[Group]:
    """All that is not delivered (on one connection, if given), by connection and reason; `lines` bounds the documents named per group."""
    work = f"SELECT * FROM ({DELIVERIES} WHERE d.state <> 'delivered' UNION ALL {_UNPLANNED}) w WHERE %(connection)s IN ('', w.connection)"  # noqa: S608
    keep(database, "waiting_now", reasons(work), {"connection": connection})
    by = ("connection", "reason", "question")
    named = first_of_each(database, "waiting_now", by, Waiting, COLUMNS, lines)
    by_group: dict[tuple[Any, ...], tuple[Waiting, ...]] = {
        key: tuple(rows) for key, rows in groupby(named, lambda each: (each.connection, each.reason, each.question))
    }
    groups = [
        Group(connection=key[0], reason=Reason(key[1]), question=key[2], count=count, values=values, lines=by_group.get(key, ()))
        for key, count, values in totals(database, "waiting_now", by)
    ]
    return sorted(groups, key=lambda each: (each.connection, tuple(Reason).index(each.reason)))


# -- counting everything while naming a few ----------------------------------------------------------------------------------------------

Row = TypeVar("Row")
Total = tuple[tuple[Any, ...], int, dict[str, Decimal]]


def keep(database: psycopg.Connection, table: str, statement: str, values: Mapping[str, Any]) -> None:
    """Keep a query's answer until the transaction ends, so that its lines and its totals tell of the same moment."""
    database.execute(f"DROP TABLE IF EXISTS pg_temp.{table}")
    # A statement that creates takes no bound parameters: they are put in as literals, by psycopg.
    psycopg.ClientCursor(database).execute(f"CREATE TEMP TABLE {table} ON COMMIT DROP AS {statement}", values)


def totals(database: psycopg.Connection, table: str, by: Iterable[str]) -> list[Total]:
    """How many rows each group of a kept answer has, and their amounts by currency."""
    keys = tuple(by)
    named = ", ".join(keys)
    rows = database.execute(
        f"SELECT {named}, currency, count(*)::int, sum(amount) FROM {table} GROUP BY {named}, currency ORDER BY {named}, currency"  # noqa: S608
    ).fetchall()
    found: list[Total] = []
    for key, group in groupby(rows, lambda row: row[: len(keys)]):
        values = {row[-3]: (row[-2], row[-1]) for row in group}
        found.append((key, sum(count for count, _ in values.values()), {currency: amount for currency, (_, amount) in values.items()}))
    return found


def first_of_each(database: psycopg.Connection, table: str, by: Iterable[str], kind: type[Row], columns: str, lines: int) -> list[Row]:
    """The first `lines` rows of each group of a kept answer."""
    named = ", ".join(by)
    with database.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(
            f"""
            SELECT {columns} FROM (
                SELECT t.*, row_number() OVER (PARTITION BY {named} ORDER BY number, revision, delivery_id) AS place FROM {table} t
            ) numbered WHERE place <= %s ORDER BY {named}, place
            """,  # noqa: S608 only constants are put in
            [lines],
        ).fetchall()
