"""Exceptions: what is wrong with which document, kept until a person or a correction settles it.

Findings with the same code, connection and subject share one cause, which is what people are asked about. Whoever opens exceptions
in a transaction also tells the audit trail there, last (`airbooks.staging.audit`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg

from airbooks.canonical import Finding
from airbooks.staging import stops
from airbooks.staging.answers import AlreadyAnswered, Answer, AnswerOutcome, InvalidAnswerError, answer
from airbooks.staging.audit import storable
from airbooks.staging.causes import (
    AnswerKind,
    Cause,
    CauseView,
    UnknownCauseError,
    causes_to_review,
    describe,
    mark_review,
    read_cause,
)
from airbooks.staging.documents import Key, copy_in
from airbooks.staging.releasing import close_settled

__all__ = [
    "AlreadyAnswered",
    "Answer",
    "AnswerKind",
    "AnswerOutcome",
    "Cause",
    "CauseView",
    "Found",
    "InvalidAnswerError",
    "UnknownCauseError",
    "answer",
    "causes_to_review",
    "close_for",
    "close_for_connection",
    "describe",
    "mark_review",
    "open_exceptions",
    "read_cause",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding and what it is about: a raw document that could not be read, a document, or a delivery; none of them: its connection.

    One of the three ids is enough: number, amount (gross total) and currency are filled in from the document where there is one.
    """

    finding: Finding
    raw_id: int | None = None
    document_id: int | None = None
    delivery_id: int | None = None
    number: str = ""
    amount: Decimal | None = None
    currency: str = ""
    run_id: str = ""


_COLUMNS = (
    "position",
    "raw_id",
    "document_id",
    "delivery_id",
    "number",
    "code",
    "severity",
    "field",
    "value",
    "says",
    "fix",
    "shared_words",
    "connection",
    "subject",
    "amount",
    "currency",
    "run_id",
)

_RESOLVE = """
UPDATE found f
SET raw_id = coalesce(f.raw_id, d.raw_id),
    document_id = d.document_id,
    number = coalesce(nullif(f.number, ''), d.number, r.source_id, ''),
    amount = coalesce(f.amount, d.gross_total),
    currency = coalesce(nullif(f.currency, ''), d.currency, ''),
    connection = coalesce(nullif(f.connection, ''), v.connection, ''),
    cause_id = left(encode(sha256(convert_to(jsonb_build_array(
        f.code, coalesce(nullif(f.connection, ''), v.connection, ''), f.subject,
        CASE WHEN f.subject = '' THEN coalesce(r.source || chr(31) || r.source_id, f.number) END)::text, 'UTF8')), 'hex'), 32)
FROM found g
LEFT JOIN airbooks.delivery v ON v.delivery_id = g.delivery_id
LEFT JOIN airbooks.document c ON c.raw_id = g.raw_id AND c.is_current
LEFT JOIN airbooks.document d ON d.document_id = coalesce(g.document_id, v.document_id, c.document_id)
LEFT JOIN airbooks.raw_document r ON r.raw_id = coalesce(g.raw_id, d.raw_id)
WHERE g.position = f.position
"""

# A closed cause that comes back starts a new round; the row is locked in any case, so that answers and new exceptions take turns.
_OPEN_CAUSES = """
INSERT INTO airbooks.exception_cause AS c (cause_id, code, connection, subject, says, fix)
SELECT DISTINCT ON (cause_id) cause_id, code, connection, subject, shared_words, fix FROM found ORDER BY cause_id, position
ON CONFLICT (cause_id) DO UPDATE SET
    says = excluded.says,
    fix = excluded.fix,
    round = c.round + (c.state = 'closed')::int,
    opened_at = CASE c.state WHEN 'closed' THEN now() ELSE c.opened_at END,
    review_run_id = CASE c.state WHEN 'closed' THEN '' ELSE c.review_run_id END,
    answer = CASE c.state WHEN 'closed' THEN '' ELSE c.answer END,
    answer_data = CASE c.state WHEN 'closed' THEN '{}' ELSE c.answer_data END,
    reason = CASE c.state WHEN 'closed' THEN '' ELSE c.reason END,
    decided_by = CASE c.state WHEN 'closed' THEN '' ELSE c.decided_by END,
    decided_at = CASE c.state WHEN 'closed' THEN NULL ELSE c.decided_at END,
    state = CASE c.state WHEN 'closed' THEN 'open' ELSE c.state END
"""

# What makes two exceptions the same: with a subject, all lines of a document say the same thing, without one each field is its own.
_SAME = """
e.cause_id = f.cause_id AND coalesce(e.delivery_id, 0) = coalesce(f.delivery_id, 0)
AND coalesce(e.document_id, -e.raw_id, 0) = coalesce(f.document_id, -f.raw_id, 0)
AND (f.subject <> '' OR e.field = f.field)
"""

_OPEN_EXCEPTIONS = f"""
INSERT INTO airbooks.exception
    (cause_id, raw_id, document_id, delivery_id, number, code, severity, field, value, says, fix, connection, amount, currency, run_id)
SELECT DISTINCT ON (cause_id, delivery_id, document_id, raw_id, CASE subject WHEN '' THEN field END)
    cause_id, raw_id, document_id, delivery_id, number, code, severity, field, value, says, fix, connection, amount, currency, run_id
FROM found f
WHERE NOT EXISTS (SELECT FROM airbooks.exception e WHERE e.state = 'open' AND {_SAME})
ORDER BY cause_id, delivery_id, document_id, raw_id, CASE subject WHEN '' THEN field END, position
"""  # noqa: S608 only constants are put in


def open_exceptions(connection: psycopg.Connection, found: Sequence[Found]) -> None:
    """Open an exception per finding, under its cause. One that is open already stays as it is; a closed cause is opened again."""
    if not found:
        return
    _load(connection, found)
    connection.execute(_OPEN_CAUSES)
    connection.execute(_OPEN_EXCEPTIONS)
    connection.execute("DELETE FROM found")


def close_for(
    connection: psycopg.Connection,
    *,
    documents: Sequence[Key] = (),
    delivery_ids: Sequence[int] = (),
    still: Sequence[Found] = (),
    by: str,
) -> int:
    """Close what a correction or a delivery has settled; returns how many exceptions.

    `documents` (source, source_id) were staged again: their exceptions close, and those of deliveries of revisions that are no longer
    current. `delivery_ids` were delivered. What is `still` found stays open: after staging, call `open_exceptions(found)`, then
    `close_for(documents=..., still=found)`, so that a cause that remains is neither closed nor asked about again. A cause that nothing
    waits for any more closes too, decided by `by` (the run).
    """
    _load(connection, still)
    causes = _settled_causes(connection, documents, delivery_ids)
    connection.execute(
        "SELECT FROM airbooks.exception_cause WHERE cause_id = ANY(%s) ORDER BY cause_id FOR UPDATE", [causes]
    )  # before the next statement looks: a cause may be gaining documents
    closed = connection.execute(_CLOSE, _settled(documents, delivery_ids)).rowcount
    connection.execute("DELETE FROM found")
    close_settled(connection, causes, answer="resolved", by=by, reason="the documents were corrected or delivered")
    return closed


def close_for_connection(connection: psycopg.Connection, name: str, *, by: str) -> int:
    """Close what asked a person to mend a connection, now that it works; returns how many exceptions."""
    causes = connection.execute(
        "SELECT cause_id FROM airbooks.exception_cause WHERE connection = %s AND code = ANY(%s) ORDER BY cause_id FOR UPDATE",
        (name, list(stops.CODES)),
    ).fetchall()
    found = [row[0] for row in causes]
    closed = connection.execute(
        "UPDATE airbooks.exception SET state = 'closed', closed_at = now() WHERE cause_id = ANY(%s) AND state = 'open'", (found,)
    ).rowcount
    connection.execute(
        "UPDATE airbooks.exception_cause SET state = 'closed', answer = 'resolved', reason = 'the connection works again',"
        " decided_by = %s, decided_at = now() WHERE cause_id = ANY(%s) AND state <> 'closed'",
        (by, found),
    )
    return closed


_SETTLED = f"""
SELECT e.exception_id, e.cause_id FROM airbooks.exception e
LEFT JOIN airbooks.raw_document r ON r.raw_id = e.raw_id
LEFT JOIN airbooks.document d ON d.document_id = e.document_id
WHERE e.state = 'open'
    AND (e.delivery_id = ANY(%(delivery_ids)s)
        OR ((r.source, r.source_id) IN (SELECT * FROM unnest(%(sources)s::text[], %(source_ids)s::text[]))
            AND (e.delivery_id IS NULL OR NOT d.is_current)))
    AND NOT EXISTS (SELECT FROM found f WHERE {_SAME})
"""  # noqa: S608 only constants are put in

_CLOSE = f"""
UPDATE airbooks.exception SET state = 'closed', closed_at = now() WHERE exception_id IN (SELECT exception_id FROM ({_SETTLED}) settled)
"""  # noqa: S608 only constants are put in


def _settled(documents: Sequence[Key], delivery_ids: Sequence[int]) -> dict[str, Any]:
    return {
        "delivery_ids": list(delivery_ids),
        "sources": [source for source, _ in documents],
        "source_ids": [source_id for _, source_id in documents],
    }


def _settled_causes(connection: psycopg.Connection, documents: Sequence[Key], delivery_ids: Sequence[int]) -> list[str]:
    rows = connection.execute(f"SELECT DISTINCT cause_id FROM ({_SETTLED}) settled", _settled(documents, delivery_ids))  # noqa: S608
    return [row[0] for row in rows]


def _load(connection: psycopg.Connection, found: Sequence[Found]) -> None:
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS found (position integer, cause_id text, raw_id bigint, document_id bigint, delivery_id bigint,"
        " number text, code text, severity text, field text, value text, says text, fix text, shared_words text, connection text,"
        " subject text, amount numeric, currency text, run_id text) ON COMMIT DELETE ROWS"
    )
    connection.execute("DELETE FROM found")
    copy_in(connection, "found", _COLUMNS, (_row(position, each) for position, each in enumerate(found)))
    connection.execute(_RESOLVE)


def _row(position: int, found: Found) -> tuple[Any, ...]:
    finding = found.finding
    texts = (found.number, finding.code, finding.severity.value, finding.field, finding.value, finding.says, finding.fix)
    return (
        position,
        found.raw_id,
        found.document_id,
        found.delivery_id,
        *map(storable, texts),
        storable(_shared_words(finding)),
        storable(finding.connection),
        storable(finding.subject),
        found.amount,
        found.currency,
        found.run_id,
    )


def _shared_words(finding: Finding) -> str:
    """What a finding says about all documents of its cause: without the name of this one, which its message puts in front."""
    name, colon, rest = finding.says.partition(": ")
    return rest if finding.subject and colon and name.startswith(("Invoice ", "Credit note ", "Document ")) else finding.says
