"""Bringing the staging schema up to date: include/sql/migrations/NNNN_*.sql, in order, each applied once and never changed afterwards."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import psycopg

from airbooks.paths import MIGRATIONS
from airbooks.platforms.errors import AirbooksError

_LOCK = 0x61697262_6D696772  # "airb" "migr": one migration at a time per database
_NAME = re.compile(r"\d{4}_[a-z0-9_]+\.sql")
_JOURNAL = """
CREATE SCHEMA IF NOT EXISTS airbooks;
CREATE TABLE IF NOT EXISTS airbooks.schema_migration (
    name       text PRIMARY KEY,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationError(AirbooksError):
    """The migration files and the database disagree; nothing was changed. The message says which file and what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its name, its SQL, and the SQL's sha-256."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrate(dsn: str, folder: Path = MIGRATIONS) -> list[str]:
    """Apply what the database does not have yet, each file in a transaction of its own; the names applied now.

    Safe to call from several processes at once: an advisory lock lets one work while the others wait and then find nothing to do.
    Raises MigrationError before anything is applied when an applied file was changed or is missing, and psycopg.Error when the SQL
    of a file fails (that file is rolled back, those before it stay).
    """
    files = read_migrations(folder)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        connection.execute(_JOURNAL)
        waiting = _waiting(files, _applied(connection))
        for migration in waiting:
            _apply(connection, migration)
    return [migration.name for migration in waiting]


def read_migrations(folder: Path) -> list[Migration]:
    """The migration files in the order of their numbers; raises MigrationError on a name without number or a number used twice."""
    paths = sorted(folder.glob("*.sql"))
    wrong = [path.name for path in paths if not _NAME.fullmatch(path.name)]
    if wrong:
        raise MigrationError(f"Migration files are called NNNN_name.sql; rename {', '.join(wrong)}.")
    numbers = [path.name[:4] for path in paths]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise MigrationError(f"Two migration files share the number {', '.join(twice)}; renumber the newer one.")
    return [Migration(path.name, path.read_text("utf-8")) for path in paths]


def _applied(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, sha256 FROM airbooks.schema_migration").fetchall())


def _waiting(files: list[Migration], applied: dict[str, str]) -> list[Migration]:
    known = {migration.name: migration.sha256 for migration in files}
    for name, sha256 in sorted(applied.items()):
        if name not in known:
            raise MigrationError(
                f"The database has migration {name}, which this version of airbooks does not know. Install the newer version."
            )
        if known[name] != sha256:
            raise MigrationError(
                f"Migration {name} was changed after it had been applied (sha-256 {sha256[:12]} then, {known[name][:12]} now). "
                "Restore the file, and put the change into a new migration."
            )
    return [migration for migration in files if migration.name not in applied]


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    with connection.transaction():
        connection.execute(migration.sql)
        connection.execute("INSERT INTO airbooks.schema_migration (name, sha256) VALUES (%s, %s)", [migration.name, migration.sha256])
