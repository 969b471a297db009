"""What a person's answer does: it settles the cause, lets the documents go that wait for it, and is written down.

Everything happens in the caller's transaction. Locks are taken in the order cause, documents, audit trail; a transaction that meets
another one the wrong way round is ended by Postgres (DeadlockDetected) and may simply be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from airbooks.platforms.errors import AirbooksError
from airbooks.staging import stops
from airbooks.staging.audit import Event, append, storable
from airbooks.staging.causes import AnswerKind, Cause, read_cause
from airbooks.staging.releasing import close_settled, release


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A person's decision.

    `by` is who decided; `round` the round of the cause they looked at (None: whichever is open); `map_to` the platform's code for MAP;
    `posting_date` the ledger date the documents get with OVERRIDE where a period is closed; `apply_to` which of the offered ways APPLY
    takes. OVERRIDE and REJECT need a `reason`.
    """

    kind: AnswerKind
    by: str
    round: int | None = None
    reason: str = ""
    map_to: str = ""
    posting_date: date | None = None
    apply_to: str = ""

    def data(self) -> dict[str, str]:
        """What was filled in besides the reason."""
        given = {
            "map_to": self.map_to,
            "apply_to": self.apply_to,
            "posting_date": self.posting_date.isoformat() if self.posting_date else "",
        }
        return {name: storable(value) for name, value in given.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOutcome:
    """What an answer did: documents that will be checked again (or were rejected), deliveries that go out again (or were rejected),
    and the numbers of all documents that waited."""

    cause_id: str
    round: int
    kind: AnswerKind
    documents: int
    deliveries: int
    numbers: tuple[str, ...]


class InvalidAnswerError(AirbooksError):
    """The answer does not fit the cause, or lacks what it needs; the message says what. Nothing was changed."""


class AlreadyAnswered(AirbooksError):  # noqa: N818 it names a fact: somebody was quicker
    """This round of the cause is settled: `by` decided `answer` at `at`."""

    def __init__(self, cause: Cause) -> None:
        self.by, self.answer, self.at = cause.decided_by, cause.answer, cause.decided_at
        super().__init__(f"{_settlement(cause)} Your answer changes nothing any more.")


def _settlement(cause: Cause) -> str:
    if not cause.decided_at:
        return "This was settled, and has come back as a new question since."
    what = "It was settled" if cause.answer == "resolved" else f"{cause.decided_by} has already answered it ({cause.answer})"
    reason = f": {cause.reason}" if cause.reason else ""
    return f"{what} on {cause.decided_at.astimezone(UTC):%Y-%m-%d at %H:%M} UTC{reason}."


@dataclass(frozen=True, slots=True)
class _Waiting:
    document_id: int | None
    delivery_id: int | None
    number: str


@dataclass(frozen=True, slots=True)
class _Decision:
    """An answer on its way into the database: the cause it settles and what waits for it."""

    connection: psycopg.Connection
    cause: Cause
    answer: Answer
    waiting: tuple[_Waiting, ...]
    account: AccountCode

    def execute(self, statement: str, **more: Any) -> int:
        values: Mapping[str, Any] = {
            "cause_id": self.cause.cause_id,
            "code": self.cause.code,
            "by": storable(self.answer.by),
            "reason": storable(self.answer.reason.strip()),
            "posting_date": self.answer.posting_date,
        }
        return self.connection.execute(statement, {**values, **more}).rowcount


AccountCode = Callable[[str, str], str]  # our code of a bank account, in the books of a connection


def answer(connection: psycopg.Connection, cause_id: str, given: Answer, account: AccountCode = lambda *_: "") -> AnswerOutcome:
    """Apply a decision. The first one counts: raises AlreadyAnswered for a later one, InvalidAnswerError or UnknownCauseError otherwise.

    `account` says what the books call the bank account of a payment that is applied.
    """
    cause = read_cause(connection, cause_id, lock=True)
    refuse_late(cause, given.round)
    check(cause, given)
    decision = _Decision(connection, cause, given, _waiting(connection, cause_id), account)
    documents, deliveries = _ACTS[given.kind](decision)
    _write_down(decision)
    append(connection, _events(decision, documents, deliveries))
    return AnswerOutcome(
        cause_id=cause_id,
        round=cause.round,
        kind=given.kind,
        documents=documents,
        deliveries=deliveries,
        numbers=tuple(sorted({each.number for each in decision.waiting if each.number})),
    )


def refuse_late(cause: Cause, round_number: int | None) -> None:
    """Raises AlreadyAnswered when the cause, or the round that somebody looked at, is settled."""
    if cause.state == "closed" or round_number not in (None, cause.round):
        raise AlreadyAnswered(cause)


def check(cause: Cause, answer: Answer) -> None:
    """Raises InvalidAnswerError when the answer does not fit the cause or is incomplete."""
    if answer.kind not in cause.options:
        raise InvalidAnswerError(f"{answer.kind.capitalize()} is no answer here; choose {' or '.join(cause.options)}.")
    if answer.kind in {AnswerKind.OVERRIDE, AnswerKind.REJECT} and not answer.reason.strip():
        raise InvalidAnswerError(f"{answer.kind.capitalize()} needs a reason: it is kept in the audit trail.")
    if answer.kind is AnswerKind.MAP and not answer.map_to.strip():
        raise InvalidAnswerError("Map needs the platform's code to map to.")
    if answer.kind is AnswerKind.APPLY and not answer.apply_to.strip():
        raise InvalidAnswerError("Apply needs to know to what: choose it under Apply to.")
    if answer.kind is AnswerKind.OVERRIDE and not (cause.can_be_waived or answer.posting_date):
        raise InvalidAnswerError("The platform refuses this, so only another posting date overrides it: fill in the posting date.")
    if answer.posting_date and not (answer.kind is AnswerKind.OVERRIDE and cause.takes_posting_date):
        raise InvalidAnswerError("A posting date goes with Override where a period is closed; leave it empty otherwise.")


def _waiting(connection: psycopg.Connection, cause_id: str) -> tuple[_Waiting, ...]:
    with connection.cursor(row_factory=class_row(_Waiting)) as cursor:
        cursor.execute(
            "SELECT DISTINCT document_id, delivery_id, number FROM airbooks.exception WHERE cause_id = %s AND state = 'open'"
            " ORDER BY number, document_id, delivery_id",
            [cause_id],
        )
        return tuple(cursor)


# -- what each answer does; every one returns how many documents and deliveries it moved --------------------------------------------------


def _map(decision: _Decision) -> tuple[int, int]:
    assert decision.cause.missing_code  # noqa: S101 check() refuses MAP otherwise
    kind, code = decision.cause.missing_code
    decision.execute(
        "INSERT INTO airbooks.reference_map (connection, kind, code, target, decided_by)"
        " VALUES (%(connection)s, %(kind)s, %(our_code)s, %(target)s, %(by)s)"
        " ON CONFLICT (connection, kind, code)"
        " DO UPDATE SET target = excluded.target, decided_by = excluded.decided_by, decided_at = now()",
        connection=decision.cause.connection,
        kind=kind,
        our_code=code,
        target=decision.answer.map_to.strip(),
    )
    return _release(decision)


def _override(decision: _Decision) -> tuple[int, int]:
    decision.execute(
        """
        INSERT INTO airbooks.waiver (document_source, document_source_id, code, reason, decided_by, posting_date)
        SELECT DISTINCT r.source, r.source_id, %(code)s, %(reason)s, %(by)s, %(posting_date)s::date
        FROM airbooks.exception e JOIN airbooks.raw_document r USING (raw_id)
        WHERE e.cause_id = %(cause_id)s AND e.state = 'open' ORDER BY 1, 2
        ON CONFLICT (document_source, document_source_id, code) DO UPDATE SET reason = excluded.reason, decided_by = excluded.decided_by,
            decided_at = now(), posting_date = coalesce(excluded.posting_date, airbooks.waiver.posting_date)
        """
    )
    decision.execute(
        """
        UPDATE airbooks.delivery SET options = options || jsonb_strip_nulls(jsonb_build_object('posting_date', %(posting_date)s::date))
        WHERE state <> 'sending' AND delivery_id IN (
            SELECT delivery_id FROM airbooks.exception WHERE cause_id = %(cause_id)s AND state = 'open')
        """
    )
    return _release(decision)


def _apply(decision: _Decision) -> tuple[int, int]:
    """The payment is applied as chosen; the next run delivers it."""
    from airbooks.staging.choosing import NoSuchChoiceError, choose

    numbers = {each.number for each in decision.waiting}
    if len(numbers) != 1:
        raise InvalidAnswerError("Not one payment waits for this answer; answer Retry to have them matched again.")
    choice, by = decision.answer.apply_to.strip(), storable(decision.answer.by)
    try:
        choose(decision.connection, numbers.pop(), choice, by, decision.account)
    except NoSuchChoiceError as wrong:
        raise InvalidAnswerError(str(wrong)) from None
    decision.execute(_CLOSE)
    return 1, 0


def _release(decision: _Decision) -> tuple[int, int]:
    if decision.cause.is_of_connection:
        return _use_again(decision)
    if decision.cause.is_of_payment:
        return _match_again(decision)
    documents = decision.execute(_RESTAGE)
    decision.execute(_CLOSE)
    deliveries = len(release(decision.connection, _delivery_ids(decision)))
    deliveries += decision.execute(_LOOK_UP_AGAIN, ids=_delivery_ids(decision))
    return documents, deliveries


def _match_again(decision: _Decision) -> tuple[int, int]:
    from airbooks.staging.choosing import match_again

    for each in decision.waiting:
        match_again(decision.connection, each.number)
    decision.execute(_CLOSE)
    return len(decision.waiting), 0


def _use_again(decision: _Decision) -> tuple[int, int]:
    """Let the connection be tried at once; everything that waits for it goes with the next run."""
    connection = decision.cause.connection
    stops.lift(decision.connection, connection)
    decision.execute(_CLOSE)
    waiting = decision.execute(
        "SELECT FROM airbooks.delivery WHERE connection = %(connection)s AND state IN ('pending', 'unknown')", connection=connection
    )
    return 0, waiting


# The newest raw form waits for staging again, which checks it with the new mapping or waiver; older revisions stay history.
_RESTAGE = """
UPDATE airbooks.raw_document SET staged_at = NULL WHERE raw_id IN (
    SELECT (SELECT max(n.raw_id) FROM airbooks.raw_document n WHERE (n.source, n.source_id) = (r.source, r.source_id))
    FROM airbooks.exception e
    JOIN airbooks.raw_document r ON r.raw_id = e.raw_id
    LEFT JOIN airbooks.document d ON d.document_id = e.document_id
    WHERE e.cause_id = %(cause_id)s AND e.state = 'open' AND e.delivery_id IS NULL AND coalesce(d.is_current, true))
"""

_CLOSE = "UPDATE airbooks.exception SET state = 'closed', closed_at = now() WHERE cause_id = %(cause_id)s AND state = 'open'"

# Nobody's word makes an unknown delivery go out again: only a look-up does, which is due now.
_LOOK_UP_AGAIN = (
    "UPDATE airbooks.delivery SET not_before = now(), changed_at = now() WHERE delivery_id = ANY(%(ids)s) AND state = 'unknown'"
)


def _delivery_ids(decision: _Decision) -> list[int]:
    return sorted({each.delivery_id for each in decision.waiting if each.delivery_id is not None})


def _leave_out(decision: _Decision) -> tuple[int, int]:
    from airbooks.staging.choosing import ignore

    for each in decision.waiting:
        ignore(decision.connection, each.number, storable(decision.answer.by), storable(decision.answer.reason.strip()))
    decision.execute(_CLOSE)
    return len(decision.waiting), 0


def _reject(decision: _Decision) -> tuple[int, int]:
    if decision.cause.is_of_payment:
        return _leave_out(decision)
    document_ids = sorted({each.document_id for each in decision.waiting if each.document_id is not None})
    deliveries = decision.execute(
        "UPDATE airbooks.delivery SET state = 'rejected', ticket = '', changed_at = now()"
        " WHERE delivery_id = ANY(%(ids)s) AND state = 'parked'",
        ids=_delivery_ids(decision),
    )
    documents = decision.execute(_REJECT_DOCUMENTS, ids=document_ids)
    decision.execute(_CLOSE)
    _settle_others(decision, document_ids)
    return documents, deliveries


# A document that another connection has, or may still get, is rejected for this one only.
_REJECT_DOCUMENTS = """
UPDATE airbooks.document d SET state = 'rejected'
WHERE d.document_id = ANY(%(ids)s) AND d.is_current AND d.state IN ('valid', 'exception')
    AND NOT EXISTS (SELECT FROM airbooks.delivery v WHERE v.document_id = d.document_id AND v.state <> 'rejected')
"""


def _settle_others(decision: _Decision, document_ids: list[int]) -> None:
    """Nobody is asked any more about what was rejected here."""
    rows = decision.connection.execute(
        """
        UPDATE airbooks.exception e SET state = 'closed', closed_at = now()
        WHERE e.state = 'open' AND (e.delivery_id = ANY(%s)
            OR e.document_id IN (SELECT document_id FROM airbooks.document WHERE document_id = ANY(%s) AND state = 'rejected'))
        RETURNING e.cause_id
        """,
        [_delivery_ids(decision), document_ids],
    ).fetchall()
    causes = sorted({row[0] for row in rows})
    decision.execute("SELECT FROM airbooks.exception_cause WHERE cause_id = ANY(%(causes)s) ORDER BY cause_id FOR UPDATE", causes=causes)
    answer = decision.answer
    close_settled(decision.connection, causes, answer=answer.kind, by=storable(answer.by), reason=storable(answer.reason.strip()))


def _hold(_: _Decision) -> tuple[int, int]:
    return 0, 0


_ACTS: Mapping[AnswerKind, Callable[[_Decision], tuple[int, int]]] = {
    AnswerKind.APPLY: _apply,
    AnswerKind.MAP: _map,
    AnswerKind.OVERRIDE: _override,
    AnswerKind.RETRY: _release,
    AnswerKind.REJECT: _reject,
    AnswerKind.HOLD: _hold,
}


def _write_down(decision: _Decision) -> None:
    held = decision.answer.kind is AnswerKind.HOLD
    decision.execute(
        # a held cause is in a new round: an answer that was on its way for the old one comes too late
        "UPDATE airbooks.exception_cause SET state = %(state)s, round = round + %(held)s::int, answer = %(answer)s, answer_data = %(data)s,"
        " review_run_id = CASE WHEN %(held)s THEN '' ELSE review_run_id END,"
        " reason = %(reason)s, decided_by = %(by)s, decided_at = now() WHERE cause_id = %(cause_id)s",
        state="held" if held else "closed",
        held=held,
        answer=decision.answer.kind.value,
        data=Jsonb(decision.answer.data()),
    )


def _events(decision: _Decision, documents: int, deliveries: int) -> list[Event]:
    cause, answer = decision.cause, decision.answer
    action = f"exception_{answer.kind.value}"
    detail = {"cause": cause.cause_id, "code": cause.code, "says": cause.says, "reason": answer.reason.strip(), **answer.data()}
    counts = {"round": cause.round, "subject": cause.subject, "documents": documents, "deliveries": deliveries}
    of_cause = Event(actor=answer.by, action=action, connection=cause.connection, detail={**detail, **counts})
    return [of_cause] + [
        Event(
            actor=answer.by,
            action=action,
            document_id=each.document_id,
            delivery_id=each.delivery_id,
            number=each.number,
            connection=cause.connection,
            detail=detail,
        )
        for each in decision.waiting
    ]
