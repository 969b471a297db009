"""Month-end: a division's period is locked after a reconciliation that leaves nothing unexplained.

From then on a document that is dated inside, or was, and is new or changed is an exception (AB-PERIOD-LOCKED). What had been accepted
before goes on as it is. Locks and unlocks are events of the audit trail and stay in airbooks.period_lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

import psycopg
from psycopg.rows import class_row

from airbooks.canonical import CreditNote, Invoice
from airbooks.platforms.errors import AirbooksError
from airbooks.staging import audit
from airbooks.staging.documents import Key, document_hash


class PeriodError(AirbooksError):
    """A period cannot be locked or unlocked; nothing was changed. The message says why, for the person who asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The division's books are locked up to and including `locked_until`, after the reconciliation with that id."""

    lock_id: int
    division: str
    locked_until: date
    by: str
    reason: str
    at: datetime
    reconciliation_id: int


@dataclass(frozen=True, slots=True)
class Locked:
    """What a lock says of a document that is new or changed: until when its division is locked, and what its accepted revision is dated."""

    until: date
    was_dated: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Accepted:
    """The newest revision of a document that needed no person, or was cancelled."""

    source: str
    source_id: str
    content_hash: str
    dated: date


_INSERT = """
INSERT INTO airbooks.period_lock (division, locked_until, by, reason, reconciliation_id) VALUES (%s, %s, %s, %s, %s)
RETURNING lock_id, division, locked_until, by, reason, at, reconciliation_id
"""
_LIFT = """
UPDATE airbooks.period_lock SET lifted_at = now(), lifted_by = %s, lifted_reason = %s
WHERE division = %s AND locked_until >= %s AND lifted_at IS NULL
RETURNING lock_id, division, locked_until, by, reason, at, reconciliation_id
"""


def locked_until(database: psycopg.Connection) -> Mapping[str, date]:
    """The last locked day of each division that has a lock."""
    rows = database.execute("SELECT division, max(locked_until) FROM airbooks.period_lock WHERE lifted_at IS NULL GROUP BY 1").fetchall()
    return MappingProxyType(dict(rows))


def lock(database: psycopg.Connection, division: str, until: date, *, by: str, reason: str) -> Lock:
    """Lock a division up to and including `until`, in the caller's transaction.

    Raises PeriodError without a reason, and unless the newest reconciliation of a period that ends on that day explains every difference.
    """
    if not reason.strip():
        raise PeriodError(f"Say why the books of {division} are locked until {until}.")
    _in_turn(database, division)
    reconciliation_id = _reconciled(database, division, until)
    standing = locked_until(database).get(division)
    if standing is not None and standing >= until:
        raise PeriodError(f"The books of {division} are locked until {standing} already.")
    with database.cursor(row_factory=class_row(Lock)) as cursor:
        made = cursor.execute(
            _INSERT,
            (division, until, by, reason, reconciliation_id),
        ).fetchone()
    assert made  # noqa: S101 an INSERT with RETURNING has a row
    audit.append(database, [_event(made, by, "period locked", reason)])
    return made


def unlock(database: psycopg.Connection, division: str, from_day: date, *, by: str, reason: str) -> list[Lock]:
    """Lift every lock of a division that covers `from_day`, in the caller's transaction; returns them. Earlier locks stand.

    Raises PeriodError without a reason, and where nothing is locked.
    """
    if not reason.strip():
        raise PeriodError(f"Say why the books of {division} are opened again from {from_day}.")
    _in_turn(database, division)
    with database.cursor(row_factory=class_row(Lock)) as cursor:
        lifted = cursor.execute(
            _LIFT,
            (by, reason, division, from_day),
        ).fetchall()
    if not lifted:
        raise PeriodError(f"The books of {division} are not locked on {from_day}.")
    audit.append(database, [_event(each, by, "period unlocked", reason) for each in lifted])
    return lifted


def locked_documents(database: psycopg.Connection, documents: Sequence[Invoice | CreditNote]) -> dict[Key, Locked]:
    """What the locks say of those documents that are new or changed since they were accepted last; the others are not named.

    A cancelled document that was never accepted has nothing to take back, and is not named either.
    """
    locks = locked_until(database)
    concerned = {(each.source, each.source_id): each for each in documents if each.division in locks}
    accepted = _accepted(database, list(concerned)) if concerned else {}
    found: dict[Key, Locked] = {}
    for key, document in concerned.items():
        before = accepted.get(key)
        unchanged = before.content_hash == document_hash(document) if before else document.cancelled
        if not unchanged:
            found[key] = Locked(locks[document.division], before.dated if before else None)
    return found


def _in_turn(database: psycopg.Connection, division: str) -> None:
    database.execute("SELECT pg_advisory_xact_lock(hashtextextended('airbooks.period ' || %s, 0))", [division])


def _reconciled(database: psycopg.Connection, division: str, until: date) -> int:
    newest = database.execute(
        "SELECT reconciliation_id, unexplained FROM airbooks.reconciliation WHERE division = %s AND ends_on = %s"
        " ORDER BY reconciliation_id DESC LIMIT 1",
        (division, until),
    ).fetchone()
    if newest is None:
        raise PeriodError(f"{division} has not been reconciled for a period that ends on {until}. Reconcile it first.")
    reconciliation_id, unexplained = newest
    if unexplained:
        raise PeriodError(
            f"The reconciliation of {division} until {until} leaves {unexplained} differences unexplained. Settle them first."
        )
    return int(reconciliation_id)


def _accepted(database: psycopg.Connection, keys: Sequence[Key]) -> dict[Key, _Accepted]:
    with database.cursor(row_factory=class_row(_Accepted)) as cursor:
        rows = cursor.execute(
            """
            SELECT DISTINCT ON (d.source, d.source_id) d.source, d.source_id, d.content_hash,
                coalesce((d.body ->> 'posting_date')::date, d.issue_date) AS dated
            FROM airbooks.document d JOIN unnest(%s::text[], %s::text[]) AS w (source, source_id) USING (source, source_id)
            WHERE d.state IN ('valid', 'cancelled') ORDER BY d.source, d.source_id, d.revision DESC
            """,
            ([source for source, _ in keys], [source_id for _, source_id in keys]),
        ).fetchall()
    return {(row.source, row.source_id): row for row in rows}


def _event(made: Lock, by: str, action: str, reason: str) -> audit.Event:
    return audit.Event(
        actor=by,
        action=action,
        detail={
            "division": made.division,
            "locked_until": made.locked_until.isoformat(),
            "reason": reason,
            "reconciliation": made.reconciliation_id,
        },
    )
