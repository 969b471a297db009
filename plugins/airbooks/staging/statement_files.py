"""Which files of a bank have been read, and what is wrong with entries that could not be taken over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import psycopg

from airbooks.canonical import Finding, Severity
from airbooks.payments.parts import SOURCE
from airbooks.staging import exceptions
from airbooks.staging.documents import canonical_json, content_hash

ENTRY = "AB-STATEMENT"


class Bad(Protocol):
    """An entry that could not be taken over (`airbooks.sources.bank.movement.BadMovement`)."""

    @property
    def file(self) -> str: ...
    @property
    def entry(self) -> str: ...
    @property
    def field(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def fix(self) -> str: ...


def is_read(database: psycopg.Connection, feed: str, path: str, stamp: str) -> bool:
    """Whether this file was read completely as it is now."""
    found = database.execute(
        "SELECT FROM airbooks.statement_file WHERE feed = %s AND path = %s AND stamp = %s", (feed, path, stamp)
    ).fetchone()
    return found is not None


def note_read(database: psycopg.Connection, feed: str, path: str, stamp: str, movements: int, run_id: str) -> None:
    """The file is read completely, and need not be read again."""
    database.execute(
        "INSERT INTO airbooks.statement_file AS f (feed, path, stamp, movements, run_id) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (feed, path) DO UPDATE SET stamp = excluded.stamp, movements = excluded.movements, run_id = excluded.run_id,"
        " read_at = now()",
        (feed, path, stamp, movements, run_id),
    )


BadEntry = TypeVar("BadEntry", bound=Bad)


def note_bad(database: psycopg.Connection, file: str, bad: Sequence[BadEntry], run_id: str) -> list[BadEntry]:
    """Ask a person about the entries of a file that could not be taken over; what is good now asks nobody any more.

    Returns the entries that wait for a person: without those of which somebody has said already that they are left out (Reject).
    """
    raw = {_name(each): _raw(database, each, run_id) for each in bad}
    left_out = _left_out(database, list(raw.values()))
    waiting = [each for each in bad if raw[_name(each)] not in left_out]
    found = [exceptions.Found(finding=_finding(each), raw_id=raw[_name(each)], number=_name(each), run_id=run_id) for each in waiting]
    exceptions.open_exceptions(database, found)
    rows = database.execute(
        "SELECT DISTINCT source_id FROM airbooks.raw_document WHERE source = %s AND source_id LIKE %s", (SOURCE, f"{_like(file)}#%")
    ).fetchall()
    note_good(database, [row[0] for row in rows if row[0] not in raw], run_id)
    return waiting


def note_good(database: psycopg.Connection, names: Sequence[str], run_id: str) -> None:
    """These entries (file#entry) were taken over: nobody is asked about them any more."""
    exceptions.close_for(database, documents=[(SOURCE, each) for each in names], still=[], by=run_id)


def wanted_again(database: psycopg.Connection, file: str) -> bool:
    """Whether somebody has answered Retry about an entry of this file since the last time."""
    again = database.execute(
        "UPDATE airbooks.raw_document SET staged_at = now() WHERE staged_at IS NULL AND source = %s AND source_id LIKE %s",
        (SOURCE, f"{_like(file)}#%"),
    )
    return again.rowcount > 0


def _left_out(database: psycopg.Connection, raw_ids: Sequence[int]) -> set[int]:
    rows = database.execute(
        "SELECT e.raw_id FROM airbooks.exception e JOIN airbooks.exception_cause c USING (cause_id)"
        " WHERE e.raw_id = ANY(%s) AND e.code = %s AND c.state = 'closed' AND c.answer = 'reject'",
        (list(raw_ids), ENTRY),
    ).fetchall()
    return {row[0] for row in rows}


def _finding(bad: Bad) -> Finding:
    shown = f" ({bad.field} is {bad.value!r})" if bad.value else ""
    return Finding(
        code=ENTRY,
        severity=Severity.ERROR,
        field=bad.field,
        value=bad.value[:200],
        says=f"{bad.file}, {bad.entry}: {bad.rule}{shown}.",
        fix=bad.fix,
    )


def _raw(database: psycopg.Connection, bad: Bad, run_id: str) -> int:
    payload = {"file": bad.file, "entry": bad.entry, "field": bad.field, "value": bad.value, "rule": bad.rule}
    digest = content_hash(payload)
    row = database.execute(
        "SELECT raw_id FROM airbooks.raw_document WHERE source = %s AND source_id = %s AND content_hash = %s",
        (SOURCE, _name(bad), digest),
    ).fetchone()
    if row is None:
        row = database.execute(
            "INSERT INTO airbooks.raw_document (source, source_id, content_hash, payload, changed_at, run_id, staged_at)"
            " VALUES (%s, %s, %s, %s, now(), %s, now()) RETURNING raw_id",
            (SOURCE, _name(bad), digest, canonical_json(payload).decode(), run_id),
        ).fetchone()
    assert row is not None  # noqa: S101 RETURNING
    return int(row[0])


def _name(bad: Bad) -> str:
    return f"{bad.file}#{bad.entry}"


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
