"""Exchanges of tokens in SQL: what is known of the last one of a connection that has not ended with a stored token."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.tokens import Credentials, fingerprint

# A refused log-in is not repeated before, unless the connection has changed or a person says so: some platforms lock a user in the end.
PATIENCE_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A row of token_exchange; `failed_for` is seconds since it failed (None: it did not, or nobody lived to say)."""

    connection: str
    generation: int
    seed: str
    account: str
    worker: str
    began_at: datetime
    is_open: bool
    cut_off_at: datetime | None
    failed_at: datetime | None
    failed_for: float | None
    failure: dict[str, Any] | None

    def is_of(self, generation: int, seed: str) -> bool:
        """Whether it handed in the very refresh token that would be handed in now."""
        return (self.generation, self.seed) == (generation, seed)

    def error(self) -> PlatformError:
        """What the platform answered then."""
        told = self.failure or {}
        action, outcome = Action(told.get("action", "retry")), Outcome(told.get("outcome", "unknown"))
        rule = ErrorRule(name=told.get("rule", ""), action=action, outcome=outcome, says=told.get("says", ""), fix=told.get("fix", ""))
        known = {"status": told.get("status"), "code": told.get("code", "")}
        return PlatformError(told.get("message", ""), platform=told.get("platform", ""), rule=rule, **known)


def lock(database: psycopg.Connection, connection: str) -> datetime:
    """Wait for a connection's token and hold it until `database` is closed; returns when the wait began, by the database's clock."""
    row = database.execute("SELECT clock_timestamp()").fetchone()
    assert row  # noqa: S101 a SELECT without FROM has one row
    database.execute("SELECT pg_advisory_lock(hashtextextended('airbooks.token ' || %s, 0))", (connection,))
    began: datetime = row[0]
    return began


def read(database: psycopg.Connection, connection: str) -> Exchange | None:
    """The last exchange of a connection that did not end with a stored token."""
    with database.cursor(row_factory=class_row(Exchange)) as cursor:
        return cursor.execute(
            "SELECT *, extract(epoch FROM now() - failed_at)::float8 AS failed_for FROM airbooks.token_exchange WHERE connection = %s",
            (connection,),
        ).fetchone()


def begin(
    database: psycopg.Connection, connection: str, generation: int, credentials: Credentials, earlier: Exchange | None
) -> datetime | None:
    """Note that a token is about to be exchanged; returns when an earlier exchange of the same one was cut off, if one was."""
    seed = fingerprint(connection, credentials.seed)
    cut_off = _cut_off(earlier) if earlier is not None and earlier.is_of(generation, seed) else None
    database.execute(
        """
        INSERT INTO airbooks.token_exchange (connection, generation, seed, account, worker, began_at, is_open, cut_off_at)
        VALUES (%s, %s, %s, %s, %s, clock_timestamp(), true, %s)
        ON CONFLICT (connection) DO UPDATE SET generation = excluded.generation, seed = excluded.seed, account = excluded.account,
            worker = excluded.worker, began_at = excluded.began_at, is_open = true, cut_off_at = excluded.cut_off_at,
            failed_at = NULL, failure = NULL
        """,
        (connection, generation, seed, fingerprint(connection, credentials.account), _worker(), cut_off),
    )
    return cut_off


def _cut_off(earlier: Exchange) -> datetime | None:
    return earlier.cut_off_at or (earlier.began_at if earlier.is_open else None)


def _worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def failed(database: psycopg.Connection, connection: str, error: PlatformError) -> None:
    """Note the platform's answer. While it is unknown whether a token was issued, the exchange stays open."""
    told = {
        "platform": error.platform,
        "rule": error.rule.name,
        "action": error.action.value,
        "outcome": error.outcome.value,
        "says": error.rule.says,
        "fix": error.rule.fix,
        "message": error.message,
        "status": error.status,
        "code": error.code,
    }
    database.execute(
        "UPDATE airbooks.token_exchange SET failed_at = clock_timestamp(), failure = %s, is_open = %s WHERE connection = %s",
        (Jsonb(told), error.outcome is not Outcome.DID_NOT_HAPPEN, connection),
    )


def end(database: psycopg.Connection, connection: str) -> None:
    """The new token is stored: nothing is left to know of the exchange."""
    database.execute("DELETE FROM airbooks.token_exchange WHERE connection = %s", (connection,))


def standing_refusal(database: psycopg.Connection, connection: str) -> PlatformError | None:
    """The refusal with which the last exchange of a connection ended, while it is not repeated."""
    row = read(database, connection)
    return row.error() if row is not None and _is_refused(row) else None


def _is_refused(row: Exchange) -> bool:
    return row.failed_for is not None and row.failed_for < PATIENCE_SECONDS and row.error().action is Action.STOP


def repeated(row: Exchange | None, credentials: Credentials, waiting_since: datetime) -> PlatformError | None:
    """The failure that counts for this worker as well: a refusal of the same connection a while ago, or any that it has waited for."""
    if row is None or row.failed_at is None or row.account != fingerprint(row.connection, credentials.account):
        return None
    return row.error() if row.failed_at > waiting_since or _is_refused(row) else None


def forgive(database: psycopg.Connection, connection: str) -> None:
    """A person says that it was mended: the next worker asks the platform again."""
    database.execute("UPDATE airbooks.token_exchange SET failed_at = NULL, failure = NULL WHERE connection = %s", (connection,))


def cut_off_words(connection: str, cut_off: datetime) -> str:
    """What a refusal after a cut-off exchange most probably means, and the way out."""
    at = f"{cut_off.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return (
        f"The refresh token was probably replaced in an exchange that was cut off at {at}, before the new one could be stored:"
        f" authorise the app again and put the new refresh token into the connection {connection!r}."
    )
