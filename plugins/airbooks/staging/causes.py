"""What waits for a person, and why: one cause for all documents that fail for the same reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.rows import class_row

from airbooks.canonical import minor_units
from airbooks.payments.parts import id_of
from airbooks.platforms.errors import AirbooksError
from airbooks.platforms.references import ReferenceKind
from airbooks.staging import stops

_KINDS = frozenset(kind.value for kind in ReferenceKind)
PAYMENT = "AB-PAYMENT-MATCH"
_NEVER_WAIVED = ("SRC-", "AB-RANGE", "AB-STATEMENT")  # there is no document yet, or none that can be computed with


class AnswerKind(StrEnum):
    """What a person can decide about a cause."""

    APPLY = "apply"  # this is what the payment pays
    MAP = "map"  # our code gets a counterpart on the platform
    OVERRIDE = "override"  # these documents need not keep the rule; or they get another posting date
    RETRY = "retry"  # it was mended elsewhere: try again
    REJECT = "reject"  # these documents shall not be delivered
    HOLD = "hold"  # not now; it is asked about again a day later


class UnknownCauseError(AirbooksError):
    """There is no cause with this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One row of exception_cause. `round` counts how often it was opened; `answer` and what follows tell of the last decision.

    `at_delivery`: a platform refused, or booked something else; `delivered`: and at least one of the documents is on the platform.
    """

    cause_id: str
    code: str
    connection: str
    subject: str
    says: str
    fix: str
    state: str
    round: int
    opened_at: datetime
    review_run_id: str
    answer: str
    answer_data: Mapping[str, Any]
    reason: str
    decided_by: str
    decided_at: datetime | None
    at_delivery: bool = False
    delivered: bool = False

    @property
    def review_run(self) -> str:
        """The id of the run that asks a person about this round: the same however often it is opened."""
        return f"exception__{self.cause_id}__{self.round}"

    @property
    def missing_code(self) -> tuple[str, str] | None:
        """Kind and code of ours that the platform has no counterpart for, where that is the cause."""
        kind, _, code = self.subject.partition(":")
        return (kind, code) if self.connection and code and kind in _KINDS else None

    @property
    def is_of_connection(self) -> bool:
        """Whether a whole connection waits, and not these documents more than others."""
        return self.code in stops.CODES

    @property
    def is_of_payment(self) -> bool:
        """Whether the question is what a payment pays."""
        return self.code == PAYMENT

    @property
    def takes_posting_date(self) -> bool:
        return "period" in f"{self.code} {self.subject}".lower()

    @property
    def can_be_waived(self) -> bool:
        """Whether the rule is ours to waive: not what a platform refuses, nor what makes a document unreadable."""
        return not (
            self.missing_code or self.at_delivery or self.is_of_connection or self.is_of_payment or self.code.startswith(_NEVER_WAIVED)
        )

    @property
    def options(self) -> tuple[AnswerKind, ...]:
        """The answers that make sense."""
        if self.state == "closed":
            return ()
        sensible = {
            AnswerKind.APPLY: self.is_of_payment,
            AnswerKind.MAP: self.missing_code is not None,
            AnswerKind.OVERRIDE: self.can_be_waived or self.takes_posting_date,
            AnswerKind.RETRY: True,
            AnswerKind.REJECT: not (self.delivered or self.is_of_connection),
            AnswerKind.HOLD: self.state == "open",
        }
        return tuple(kind for kind, makes_sense in sensible.items() if makes_sense)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDocument:
    """One document that waits; `amount` is its gross total (None where it could not be read), `kind` empty for raw documents."""

    number: str
    kind: str
    customer: str
    amount: Decimal | None
    currency: str
    message: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A code of the platform that ours can be mapped to; or a way to apply a payment, `name` being its words."""

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseView:
    """A cause as people see it.

    `headline` is the complaint with count and value; `counts` are documents by kind, `values` gross totals by currency; `documents` are
    the largest few, `choices` the platform's own codes (empty where it was never asked, or the cause is no missing mapping);
    `posting_date` is the first date that the platform takes, where the cause names it.
    """

    cause: Cause
    headline: str
    counts: Mapping[str, int]
    values: Mapping[str, Decimal]
    documents: tuple[WaitingDocument, ...]
    choices: tuple[Choice, ...]
    posting_date: date | None

    @property
    def count(self) -> int:
        return sum(self.counts.values())


_CAUSES = """
SELECT cause_id, code, connection, subject, says, fix, state, round, opened_at, review_run_id, answer, answer_data, reason, decided_by,
    decided_at, coalesce(at_delivery, false) AS at_delivery, coalesce(delivered, false) AS delivered
FROM airbooks.exception_cause c, LATERAL (
    SELECT bool_or(e.delivery_id IS NOT NULL) AS at_delivery, bool_or(v.state = 'delivered') AS delivered
    FROM airbooks.exception e LEFT JOIN airbooks.delivery v USING (delivery_id)
    WHERE e.cause_id = c.cause_id AND e.state = 'open') waiting
"""

# One row per document, whatever number of lines or deliveries of it failed; all that a stopped connection has to send.
_WAITING = """
WITH failed AS (
    SELECT DISTINCT ON (coalesce(r.source || chr(31) || r.source_id, e.number))
        e.number, coalesce(d.kind, '') AS kind, coalesce(d.customer_name, '') AS customer, e.amount, e.currency,
        trim(e.says || ' ' || e.fix) AS message
    FROM airbooks.exception e
    LEFT JOIN airbooks.document d ON d.document_id = e.document_id
    LEFT JOIN airbooks.raw_document r ON r.raw_id = e.raw_id
    WHERE e.cause_id = %(cause_id)s AND e.state = 'open' AND num_nonnulls(e.raw_id, e.document_id, e.delivery_id) > 0
    ORDER BY coalesce(r.source || chr(31) || r.source_id, e.number), e.exception_id
), held_up AS (
    SELECT doc.number, doc.kind, doc.customer_name AS customer, doc.gross_total AS amount, doc.currency, '' AS message
    FROM airbooks.exception e
    JOIN airbooks.delivery v ON v.connection = e.connection AND v.state IN ('pending', 'sending', 'accepted', 'unknown')
    JOIN airbooks.document doc ON doc.document_id = v.document_id AND doc.is_current
    WHERE e.cause_id = %(cause_id)s AND e.state = 'open' AND num_nonnulls(e.raw_id, e.document_id, e.delivery_id) = 0
), waiting AS (SELECT * FROM failed UNION ALL SELECT * FROM held_up)
"""


def read_cause(connection: psycopg.Connection, cause_id: str, *, lock: bool = False) -> Cause:
    """A cause, locked until the transaction ends if asked; raises UnknownCauseError."""
    if lock:
        connection.execute("SELECT FROM airbooks.exception_cause WHERE cause_id = %s FOR UPDATE", [cause_id])
    with connection.cursor(row_factory=class_row(Cause)) as cursor:
        cause = cursor.execute(f"{_CAUSES} WHERE cause_id = %s", [cause_id]).fetchone()
    if cause is None:
        raise UnknownCauseError(f"There is no exception {cause_id!r}.")
    return cause


def causes_to_review(connection: psycopg.Connection, limit: int = 1_000) -> list[Cause]:
    """Causes that hold documents back and that nobody was asked about in this round, oldest first; held ones a day after the answer."""
    with connection.cursor(row_factory=class_row(Cause)) as cursor:
        return cursor.execute(
            f"{_CAUSES} WHERE (state = 'open' OR (state = 'held' AND decided_at < now() - interval '1 day')) AND review_run_id = ''"
            " AND EXISTS (SELECT FROM airbooks.exception e WHERE e.cause_id = c.cause_id AND e.state = 'open' AND e.severity = 'error')"
            " ORDER BY opened_at, cause_id LIMIT %s",
            [limit],
        ).fetchall()


def mark_review(connection: psycopg.Connection, cause: Cause) -> None:
    """Note that this round's review run exists. A cause that was reopened meanwhile is left to be reviewed again."""
    connection.execute(
        "UPDATE airbooks.exception_cause SET review_run_id = %s WHERE cause_id = %s AND round = %s",
        [cause.review_run, cause.cause_id, cause.round],
    )


def describe(connection: psycopg.Connection, cause_id: str, documents: int = 10) -> CauseView:
    """A cause in words, with up to `documents` of the documents that wait for it, largest first; raises UnknownCauseError."""
    cause = read_cause(connection, cause_id)
    counts, values = _totals(connection, cause_id)
    return CauseView(
        cause=cause,
        headline=_headline(cause, counts, values),
        counts=counts,
        values=values,
        documents=_largest(connection, cause_id, documents),
        choices=_choices(connection, cause),
        posting_date=_first_open_date(cause),
    )


def _totals(connection: psycopg.Connection, cause_id: str) -> tuple[dict[str, int], dict[str, Decimal]]:
    rows = connection.execute(
        f"{_WAITING} SELECT kind, currency, count(*), sum(amount) FROM waiting GROUP BY 1, 2 ORDER BY 2, 1",  # noqa: S608
        {"cause_id": cause_id},
    ).fetchall()
    counts: dict[str, int] = {}
    values: dict[str, Decimal] = {}
    for kind, currency, count, value in rows:
        counts[kind] = counts.get(kind, 0) + count
        if value is not None and currency:
            values[currency] = values.get(currency, Decimal(0)) + value
    return counts, values


def _largest(connection: psycopg.Connection, cause_id: str, limit: int) -> tuple[WaitingDocument, ...]:
    with connection.cursor(row_factory=class_row(WaitingDocument)) as cursor:
        cursor.execute(
            f"{_WAITING} SELECT * FROM waiting ORDER BY amount DESC NULLS LAST, number LIMIT %(limit)s",  # noqa: S608
            {"cause_id": cause_id, "limit": limit},
        )
        return tuple(cursor)


def _choices(connection: psycopg.Connection, cause: Cause) -> tuple[Choice, ...]:
    if cause.is_of_payment:
        return _applications(connection, cause)
    if not cause.missing_code:
        return ()
    with connection.cursor(row_factory=class_row(Choice)) as cursor:
        cursor.execute(
            "SELECT code, name FROM airbooks.platform_reference WHERE connection = %s AND kind = %s AND active ORDER BY code",
            [cause.connection, cause.missing_code[0]],
        )
        return tuple(cursor)


def _applications(connection: psycopg.Connection, cause: Cause) -> tuple[Choice, ...]:
    """What the payment may be applied to, as `airbooks.staging.choosing.choices` numbers it."""
    named = connection.execute("SELECT number FROM airbooks.exception WHERE cause_id = %s AND state = 'open'", [cause.cause_id]).fetchall()
    ids = [id_of(row[0]) for row in named]
    row = connection.execute(
        "SELECT candidates FROM airbooks.incoming_payment WHERE incoming_id = ANY(%s) AND state = 'review' LIMIT 1", [ids]
    ).fetchone()
    return tuple(Choice(str(place), each["reason"]) for place, each in enumerate(row[0], 1)) if row else ()


def _first_open_date(cause: Cause) -> date | None:
    kind, _, value = cause.subject.partition(":")
    if kind != "period":
        return None
    try:
        return date.fromisoformat(value.partition(":")[0])
    except ValueError:
        return None


def _headline(cause: Cause, counts: Mapping[str, int], values: Mapping[str, Decimal]) -> str:
    words = " and ".join(_counted(kind, count) for kind, count in sorted(counts.items(), reverse=True))
    amounts = " and ".join(amount_words(value, currency) for currency, value in values.items())
    where = f" ({cause.connection})" if cause.connection not in cause.says else ""
    return f"{cause.says.rstrip('.')}{where}: {', '.join(part for part in (words, amounts) if part) or 'nothing waits for it any more'}"


def _counted(kind: str, count: int) -> str:
    name = kind.replace("_", " ") or "document"
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def amount_words(amount: Decimal | None, currency: str) -> str:
    """An amount for people: `182,400.00 AUD`; empty where there is none."""
    return "" if amount is None else f"{amount:,.{minor_units(currency)}f} {currency}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenException:
    """One open exception, with the cause it belongs to."""

    cause_id: str
    number: str
    severity: str
    message: str


def open_exceptions_of(connection: psycopg.Connection, run_id: str) -> Iterator[OpenException]:
    """The exceptions that a run opened and that are still open, cause by cause; read in pieces."""
    with connection.transaction(), connection.cursor(name="open_exceptions", row_factory=class_row(OpenException)) as cursor:
        yield from cursor.execute(
            "SELECT cause_id, number, severity, trim(says || ' ' || fix) AS message FROM airbooks.exception"
            " WHERE state = 'open' AND run_id = %s ORDER BY cause_id, exception_id",
            [run_id],
        )
