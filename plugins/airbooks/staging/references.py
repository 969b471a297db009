"""Codes of ours and the platforms' own lists, as far as the staging database knows them; and which customer is who on a platform.

Every function works inside its caller's transaction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.staging.documents import copy_in

if TYPE_CHECKING:
    from collections.abc import Iterator

Code = tuple[ReferenceKind, str]
FRESH_HOURS = 24
CUSTOMER_PAUSE = 0.05  # seconds


def people_say(database: psycopg.Connection, connection: str) -> dict[Code, str]:
    """The mappings that people gave as answers to exceptions of one connection; they come before the configuration."""
    rows = database.execute("SELECT kind, code, target FROM airbooks.reference_map WHERE connection = %s", (connection,)).fetchall()
    return {(ReferenceKind(kind), code): target for kind, code, target in rows}


def known_entries(database: psycopg.Connection, connection: str, wanted: Iterable[Code]) -> dict[Code, ReferenceItem]:
    """The platform's own entries (by its codes) that were read within the last FRESH_HOURS."""
    codes = list(set(wanted))
    rows = database.execute(
        """
        SELECT kind, code, name, remote_id, active, details FROM airbooks.platform_reference
        JOIN unnest(%s::text[], %s::text[]) AS w (kind, code) USING (kind, code)
        WHERE connection = %s AND read_at > now() - make_interval(hours => %s)
        """,
        ([kind.value for kind, _ in codes], [code for _, code in codes], connection, FRESH_HOURS),
    ).fetchall()
    return {
        (ReferenceKind(kind), code): ReferenceItem(
            kind=ReferenceKind(kind), code=code, name=name, remote_id=remote_id, active=active, details=details
        )
        for kind, code, name, remote_id, active, details in rows
    }


def keep_entries(database: psycopg.Connection, connection: str, entries: Iterable[ReferenceItem]) -> None:
    """Remember entries of the platform's lists."""
    database.execute("CREATE TEMP TABLE IF NOT EXISTS entry (LIKE airbooks.platform_reference INCLUDING DEFAULTS) ON COMMIT DELETE ROWS")
    columns = ("connection", "kind", "code", "name", "remote_id", "active", "details")
    copy_in(database, "entry", columns, (_entry_row(connection, each) for each in entries))
    database.execute(
        """
        INSERT INTO airbooks.platform_reference SELECT DISTINCT ON (connection, kind, code) * FROM entry ORDER BY connection, kind, code
        ON CONFLICT (connection, kind, code) DO UPDATE SET name = excluded.name, remote_id = excluded.remote_id,
            active = excluded.active, details = excluded.details, read_at = excluded.read_at
        """
    )
    database.execute("DELETE FROM entry")


def _entry_row(connection: str, item: ReferenceItem) -> tuple[object, ...]:
    from psycopg.types.json import Jsonb

    return connection, item.kind.value, item.code, item.name, item.remote_id, item.active, Jsonb(dict(item.details))


def forget_entries(database: psycopg.Connection, connection: str, codes: Sequence[Code]) -> None:
    """The platform refused these entries: read them anew next time."""
    database.execute(
        "DELETE FROM airbooks.platform_reference USING unnest(%s::text[], %s::text[]) AS w (kind, code)"
        " WHERE connection = %s AND airbooks.platform_reference.kind = w.kind AND airbooks.platform_reference.code = w.code",
        ([kind.value for kind, _ in codes], [code for _, code in codes], connection),
    )


@dataclass(frozen=True, slots=True)
class Codes:
    """Our codes: what each is mapped to (or empty), and the platform's entries that are known."""

    targets: Mapping[Code, str]
    entries: Mapping[Code, ReferenceItem]

    def unknown(self) -> dict[ReferenceKind, set[str]]:
        """The platform's codes, by kind, that it is to be asked for."""
        asked: dict[ReferenceKind, set[str]] = {}
        for (kind, _), target in self.targets.items():
            if target and (kind, target) not in self.entries:
                asked.setdefault(kind, set()).add(target)
        return asked

    def resolved(self, found: Iterable[ReferenceItem]) -> tuple[dict[Code, ReferenceItem], dict[Code, str]]:
        """Our codes with their active entries, known before or just `found`; and those without one, each with its target."""
        entries = {**self.entries, **{(item.kind, item.code): item for item in found}}
        usable = {code: entries[code[0], target] for code, target in self.targets.items() if (code[0], target) in entries}
        resolved = {code: item for code, item in usable.items() if item.active}
        return resolved, {code: target for code, target in self.targets.items() if code not in resolved}


def look_up(database: psycopg.Connection, connection: str, wanted: Iterable[Code], configured: Callable[[str, str], str | None]) -> Codes:
    """What is known of our codes; `configured(kind, code)` is the configuration's mapping, which people's answers come before."""
    said = people_say(database, connection)
    targets = {code: said.get(code) or configured(code[0].value, code[1]) or "" for code in set(wanted)}
    return Codes(targets, known_entries(database, connection, {(kind, target) for (kind, _), target in targets.items() if target}))


def customer_links(database: psycopg.Connection, connection: str, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The platform's ids of customers already linked, by (our code, currency or empty)."""
    pairs = list(set(wanted))
    rows = database.execute(
        """
        SELECT code, currency, remote_id FROM airbooks.customer_link
        JOIN unnest(%s::text[], %s::text[]) AS w (code, currency) USING (code, currency) WHERE connection = %s
        """,
        ([pair[0] for pair in pairs], [pair[1] for pair in pairs], connection),
    ).fetchall()
    return {(code, currency): remote_id for code, currency, remote_id in rows}


def link_customer(database: psycopg.Connection, connection: str, code: str, currency: str, remote_id: str) -> None:
    database.execute(
        "INSERT INTO airbooks.customer_link (connection, code, currency, remote_id) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (connection, code, currency) DO UPDATE SET remote_id = excluded.remote_id, linked_at = now()",
        (connection, code, currency, remote_id),
    )


@contextmanager
def customer_lock(database: psycopg.Connection, connection: str, code: str) -> Iterator[None]:
    """Only one worker at a time looks for (and creates) this customer; `database` is in autocommit, and not held while this waits."""
    key: Mapping[str, str] = {"name": f"airbooks.customer {connection} {code}"}
    while database.execute("SELECT pg_try_advisory_lock(hashtextextended(%(name)s, 0))", key).fetchone() != (True,):
        time.sleep(CUSTOMER_PAUSE)
    try:
        yield
    finally:
        database.execute("SELECT pg_advisory_unlock(hashtextextended(%(name)s, 0))", key)
