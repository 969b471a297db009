"""Connections that wait for a person: what is known of them, and when they may be tried again.

A stopped connection is tried once by a run that comes some minutes after the last try; at once when a person has changed the connection
in Airflow or has answered Retry. So a revoked authorisation costs the platform a request now and then, not one per document.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import psycopg

from airbooks.platforms.tokens import fingerprint
from airbooks.staging import exchanges

AUTHORISE = "AB-AUTHORISE"  # the platform no longer accepts the connection's authorisation
STOPPED = "AB-STOPPED"  # something else about the connection that only a person can mend
CODES = (AUTHORISE, STOPPED)


class ConnectionState(StrEnum):
    WORKING = "working"
    STOPPED = "stopped"
    RE_AUTHORISE = "re-authorise"


def stopped_connections(database: psycopg.Connection) -> dict[str, str]:
    """The connections that wait for a person, with the reason."""
    rows = database.execute("SELECT connection, says FROM airbooks.connection_state WHERE state <> 'working'").fetchall()
    return {row[0]: row[1] for row in rows}


def may_try(database: psycopg.Connection, connection: str, run_id: str, account: Callable[[], str]) -> str:
    """Whether a run may use a connection: empty, or what a person must do first.

    `account` is the digest of the whole connection as it is now (`Credentials.account`); it is only asked for where it matters.
    """
    row = database.execute(
        "SELECT state, says, account, tried_by, coalesce(tried_at < now() - make_interval(secs => %s), true),"
        " to_char((tried_at + make_interval(secs => %s)) AT TIME ZONE 'UTC', 'HH24:MI:SS')"
        " FROM airbooks.connection_state WHERE connection = %s FOR UPDATE",
        (exchanges.PATIENCE_SECONDS, exchanges.PATIENCE_SECONDS, connection),
    ).fetchone()
    if row is None or row[0] == ConnectionState.WORKING:
        return ""
    _, says, refused, tried_by, is_due, due_at = row
    if refused and refused != fingerprint(connection, account()):
        lift(database, connection)
        return ""
    if is_due:
        database.execute("UPDATE airbooks.connection_state SET tried_at = now(), tried_by = %s WHERE connection = %s", (run_id, connection))
    if is_due or tried_by == run_id:
        return ""
    return f"{says} It is not tried again before {due_at} UTC, unless the connection is changed or the exception is answered Retry."


def stop(database: psycopg.Connection, connection: str, state: ConnectionState, says: str, account: str) -> None:
    """Note that a connection cannot be used until a person mends it; `says` is what that person must know."""
    database.execute(
        "INSERT INTO airbooks.connection_state AS c (connection, state, says, account, tried_at) VALUES (%s, %s, %s, %s, now())"
        " ON CONFLICT (connection) DO UPDATE SET state = excluded.state, says = excluded.says, account = excluded.account,"
        " tried_at = now(), tried_by = '', changed_at = CASE c.state WHEN excluded.state THEN c.changed_at ELSE now() END",
        (connection, state.value, says, fingerprint(connection, account)),
    )


def lift(database: psycopg.Connection, connection: str) -> bool:
    """Let everybody use a connection again; whether it was stopped."""
    exchanges.forgive(database, connection)
    return (
        database.execute(
            "UPDATE airbooks.connection_state SET state = 'working', says = '', tried_by = '', changed_at = now()"
            " WHERE connection = %s AND state <> 'working'",
            (connection,),
        ).rowcount
        > 0
    )
