"""Which files of a bank have been read, and what is wrong with entries that could not be taken over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

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


def note_bad(database: psycopg.Connection, file: str, bad: Sequence[Bad], run_id: str) -> None:
    """Ask a person about the entries of a file that could not be taken over; what is good now asks nobody any more."""
    found = [
        exceptions.Found(finding=_finding(each), raw_id=_raw(database, each, run_id), number=_name(each), run_id=run_id) for each in bad
    ]
    exceptions.open_exceptions(database, found)
    rows = database.execute(
        "SELECT DISTINCT source_id FROM airbooks.raw_document WHERE source = %s AND source_id LIKE %s", (SOURCE, f"{_like(file)}#%")
    ).fetchall()
    mended = [(SOURCE, row[0]) for row in rows if row[0] not in {_name(each) for each in bad}]
    exceptions.close_for(database, documents=mended, still=[], by=run_id)


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
