"""Sending again what was refused or parked: a selection of deliveries, looked at first, then released as a whole.

Nothing is sent here: what is released goes with the next run, which looks on the platform first wherever it may be there already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

import psycopg
from psycopg.rows import class_row

from airbooks.platforms.errors import AirbooksError
from airbooks.staging.audit import Event, append, storable
from airbooks.staging.causes import AnswerKind
from airbooks.staging.releasing import close_settled, release
from airbooks.staging.waiting import COLUMNS, DELIVERIES, LINES, Waiting, first_of_each, keep, reasons, totals

_SHORTEST_CAUSE = 8  # digits of a cause's id that name it


class EmptySelectionError(AirbooksError):
    """Nothing says which deliveries are meant; everything is never meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which deliveries are meant: those that fit everything that is given, at least one thing.

    `documents` are numbers; `cause` is the code of an open question (AB-ATTEMPTS; AB-REFUSED means every refusal, AB-REFUSED:name one
    kind) or at least 8 digits of its id; `since` and `until` (UTC; from, up to but without) are when the delivery got its state.
    """

    documents: tuple[str, ...] = ()
    cause: str = ""
    connection: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def check(self) -> None:
        """Raises EmptySelectionError when it means everything, or nothing."""
        if not (self.documents or self.cause or self.connection or self.since or self.until):
            raise EmptySelectionError("Say which deliveries: by document, cause, connection or time.")
        if self.since and self.until and self.since >= self.until:
            raise EmptySelectionError(f"Nothing lies between {self.since:%F %T} and {self.until:%F %T}: since must be before until.")

    def in_words(self) -> dict[str, str | list[str]]:
        """What was asked for, for the audit trail."""
        given = {"cause": self.cause, "connection": self.connection}
        times = {name: at.isoformat() for name, at in (("since", self.since), ("until", self.until)) if at}
        return {
            **({"documents": list(self.documents)} if self.documents else {}),
            **{name: value for name, value in given.items() if value},
            **times,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Waiting):
    """A delivery of the selection.

    `goes`: it is released; `asks`: and only asked about, because the platform took it on. `what` names its cause, or what keeps it.
    """

    goes: bool
    why: str
    what: str

    @property
    def asks(self) -> bool:
        return self.goes and bool(self.ticket)

    @property
    def because(self) -> str:
        """Why it does not go, in one line."""
        return self.why or self.sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceGroup:
    """The deliveries of one connection that go for one cause, or that stay for one reason: all counted, the first few named.

    `what` names the cause by its code, and its id where documents share it; or says what they wait for instead.
    """

    goes: bool
    connection: str
    what: str
    count: int
    values: Mapping[str, Decimal]
    lines: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a selection comes to, and what was done with it. `numbers` are those of a few documents that go, `released` how many went."""

    groups: tuple[ChoiceGroup, ...]
    numbers: tuple[str, ...]
    released: int = 0

    @property
    def going(self) -> int:
        return sum(each.count for each in self.groups if each.goes)

    @property
    def staying(self) -> int:
        return sum(each.count for each in self.groups if not each.goes)


_MEANS = f"""
    (%(cause)s IN (e.code, split_part(e.code, ':', 1)) OR (length(%(cause)s) >= {_SHORTEST_CAUSE} AND starts_with(e.cause_id, %(cause)s)))
"""

_CHOSEN = f"""
    WHERE (cardinality(%(documents)s::text[]) = 0 OR doc.number = ANY (%(documents)s::text[]))
        AND %(connection)s IN ('', d.connection)
        AND (%(since)s::timestamptz IS NULL OR d.changed_at >= %(since)s::timestamptz)
        AND (%(until)s::timestamptz IS NULL OR d.changed_at < %(until)s::timestamptz)
        AND (%(cause)s = '' OR EXISTS (
            SELECT FROM airbooks.exception e WHERE e.delivery_id = d.delivery_id AND e.state = 'open' AND {_MEANS}))
"""

# A question that the selection does not mean keeps a delivery back, as it does after an answer.
_CHOICES = f"""
    SELECT c.*, c.reason IN ('a person', 'a replay') AND other.code IS NULL AS goes,
        CASE WHEN other.code IS NOT NULL THEN 'another question is open as well, ' || other.code || ': ' || other.says ELSE '' END AS why,
        CASE WHEN c.reason NOT IN ('a person', 'a replay') THEN c.reason WHEN other.code IS NOT NULL THEN 'another answer'
            WHEN c.question = '' THEN 'no open question' ELSE c.question END AS what
    FROM ({reasons(DELIVERIES + _CHOSEN)}) c
    LEFT JOIN LATERAL (
        SELECT e.code, e.says FROM airbooks.exception e
        WHERE %(cause)s <> '' AND e.delivery_id = c.delivery_id AND e.state = 'open' AND e.severity = 'error' AND NOT {_MEANS}
        ORDER BY e.exception_id LIMIT 1) other ON c.reason IN ('a person', 'a replay')
"""  # noqa: S608 only constants are put in

FEW = 20  # numbers that a command line still takes


def preview(database: psycopg.Connection, selection: Selection, lines: int = LINES) -> Replay:
    """What would be sent again and what would not, and why; changes nothing. `lines` bounds the documents named per group, never the
    totals. Raises EmptySelectionError."""
    _choose(database, selection)
    return _tell(database, lines)


def apply(database: psycopg.Connection, selection: Selection, *, by: str, reason: str, lines: int = LINES) -> Replay:
    """Release what a preview shows as going: in the caller's transaction, with one audit event per delivery by `by` for `reason`.

    What a worker or somebody else has in hand just now is left out, and shown so. Repeated, it finds nothing more to do. Raises
    EmptySelectionError; a transaction that Postgres ends because it met another one the wrong way round (DeadlockDetected) may be repeated.
    """
    _choose(database, selection)
    held = _lock(database)
    _choose(database, selection)
    database.execute(
        "UPDATE replay SET goes = false, what = 'somebody else', why = 'somebody else has it in hand just now'"
        " WHERE goes AND NOT delivery_id = ANY(%s)",
        [held],
    )
    told = _tell(database, lines)
    _settle_questions(database, selection, by=by, reason=reason)
    return Replay(groups=told.groups, numbers=told.numbers, released=_release(database, selection, by=by, reason=reason))


def _choose(database: psycopg.Connection, selection: Selection) -> None:
    selection.check()
    keep(database, "replay", _CHOICES, {**asdict(selection), "documents": list(selection.documents)})


def _tell(database: psycopg.Connection, lines: int) -> Replay:
    by = ("goes", "connection", "what")
    named = first_of_each(database, "replay", by, Choice, f"{COLUMNS}, goes, why, what", lines)
    by_group: dict[tuple[Any, ...], tuple[Choice, ...]] = {
        key: tuple(rows) for key, rows in groupby(named, lambda each: (each.goes, each.connection, each.what))
    }
    groups = [
        ChoiceGroup(
            goes=bool(key[0]), connection=key[1], what=key[2], count=count, values=values, lines=by_group.get((key[0], key[1], key[2]), ())
        )
        for key, count, values in totals(database, "replay", by)
    ]
    numbers = database.execute("SELECT DISTINCT number FROM replay WHERE goes ORDER BY 1 LIMIT %s", [FEW + 1]).fetchall()
    return Replay(groups=tuple(sorted(groups, key=lambda each: not each.goes)), numbers=tuple(row[0] for row in numbers))


def _lock(database: psycopg.Connection) -> list[int]:
    """Lock what goes, causes first as an answer does; returns the deliveries that nobody else has in hand."""
    database.execute(
        "SELECT FROM airbooks.exception_cause WHERE cause_id IN ("
        "SELECT e.cause_id FROM airbooks.exception e JOIN replay r USING (delivery_id) WHERE r.goes AND e.state = 'open')"
        " ORDER BY cause_id FOR UPDATE"
    )
    rows = database.execute(
        "SELECT delivery_id FROM airbooks.delivery WHERE delivery_id IN (SELECT delivery_id FROM replay WHERE goes)"
        " ORDER BY delivery_id FOR UPDATE SKIP LOCKED"
    )
    return [row[0] for row in rows]


def _settle_questions(database: psycopg.Connection, selection: Selection, *, by: str, reason: str) -> None:
    """Close the questions about what goes, as the answer Retry does; a cause stays open while other documents wait for it."""
    rows = database.execute(
        f"""
        UPDATE airbooks.exception e SET state = 'closed', closed_at = now()
        FROM replay r WHERE r.goes AND e.delivery_id = r.delivery_id AND e.state = 'open' AND (%(cause)s = '' OR {_MEANS})
        RETURNING e.cause_id
        """,  # noqa: S608 only constants are put in
        {"cause": selection.cause},
    ).fetchall()
    causes = sorted({row[0] for row in rows})
    database.execute("SELECT FROM airbooks.exception_cause WHERE cause_id = ANY(%s) ORDER BY cause_id FOR UPDATE", [causes])
    close_settled(database, causes, answer=AnswerKind.RETRY, by=storable(by), reason=storable(reason))


def _release(database: psycopg.Connection, selection: Selection, *, by: str, reason: str) -> int:
    with database.cursor(row_factory=class_row(Choice)) as cursor:
        going = cursor.execute(f"SELECT {COLUMNS}, goes, why, what FROM replay WHERE goes ORDER BY delivery_id").fetchall()  # noqa: S608
    went = release(database, [each.delivery_id for each in going if each.delivery_id is not None])
    moved = [each for each in going if each.delivery_id in went]
    append(database, _events(moved, selection, by=by, reason=reason))
    return len(moved)


def _events(moved: Sequence[Choice], selection: Selection, *, by: str, reason: str) -> list[Event]:
    return [
        Event(
            actor=by,
            action="delivery asked again" if each.asks else "delivery released",
            document_id=each.document_id,
            delivery_id=each.delivery_id,
            number=each.number,
            connection=each.connection,
            detail={
                "says": f"replayed: {reason}",
                "reason": reason,
                "selection": selection.in_words(),
                "was": each.state,
                "attempts": each.attempts,
                "cause": each.cause_id,
                "code": each.code,
                "last_error": each.last_error,
            },
        )
        for each in moved
    ]
