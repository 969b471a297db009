"""Sessions that count against a licence, sealed like tokens, each with its worker, who is dead when its connection to Postgres is gone."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import psycopg
from cryptography.fernet import InvalidToken

from airbooks.platforms.tokens import Token
from airbooks.staging.tokens import Seal, pack, unpack

FORGOTTEN_AFTER = 3600.0  # seconds: longer than any platform keeps a session that nobody uses


class StoredSessions:
    """The session store of the delivery tasks (see `airbooks.platforms.licence.SessionStore`).

    `database` is in autocommit and open as long as the worker lives: by it others see whether it does.
    """

    def __init__(self, database: psycopg.Connection, seal: Seal) -> None:
        self._database, self._seal = database, seal

    def reserve(self, connection: str, licence: str, allowed: int | None) -> int | None:
        row = self._database.execute("SELECT airbooks.session_reserve(%s, %s, %s)", (connection, licence, allowed)).fetchone()
        return row[0] if row else None

    def keep(self, number: int, session: Token) -> None:
        sealed = self._seal.encrypt(pack(session))
        self._database.execute("UPDATE airbooks.open_session SET sealed = %s WHERE session_id = %s", (sealed, number))

    def left_behind(self, connection: str) -> Mapping[int, Token]:
        """Each is given to one worker alone. One that could not be logged out for an hour has ended by itself."""
        self._database.execute(
            "DELETE FROM airbooks.open_session s WHERE connection = %s AND (left_at < now() - make_interval(secs => %s)"
            " OR (sealed IS NULL AND NOT airbooks.session_is_held(s)))",
            (connection, FORGOTTEN_AFTER),
        )
        rows = self._database.execute(
            """
            WITH gone AS (
                SELECT session_id FROM airbooks.open_session s
                WHERE connection = %s AND sealed IS NOT NULL AND NOT airbooks.session_is_held(s)
                FOR UPDATE SKIP LOCKED
            )
            UPDATE airbooks.open_session s
            SET backend = mine.pid, backend_start = mine.backend_start, left_at = coalesce(s.left_at, now())
            FROM gone, pg_stat_activity mine
            WHERE s.session_id = gone.session_id AND mine.pid = pg_backend_pid()
            RETURNING s.session_id, s.sealed
            """,
            (connection,),
        ).fetchall()
        return {number: session for number, sealed in rows if (session := self._unsealed(number, bytes(sealed)))}

    def _unsealed(self, number: int, sealed: bytes) -> Token | None:
        """None where the key was replaced: the session is left to its idle time."""
        try:
            return unpack(json.loads(self._seal.decrypt(sealed)))
        except InvalidToken:
            self.forget(number)
            return None

    def leave(self, number: int) -> None:
        self._note("UPDATE airbooks.open_session SET backend = 0, left_at = coalesce(left_at, now()) WHERE session_id = %s", number)

    def forget(self, number: int) -> None:
        self._note("DELETE FROM airbooks.open_session WHERE session_id = %s", number)

    def _note(self, statement: Any, number: int) -> None:
        # When the database is away just now, the next worker finds out by itself.
        with contextlib.suppress(psycopg.OperationalError):
            self._database.execute(statement, (number,))
