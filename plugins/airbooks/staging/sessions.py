"""Sessions that count against a licence, sealed like tokens, each with its worker, who is dead when its connection to Postgres is gone."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping

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

    def remember(self, connection: str, session: Token) -> int:
        row = self._database.execute(
            "INSERT INTO airbooks.open_session (connection, backend, backend_start, sealed)"
            " SELECT %s, pid, backend_start, %s FROM pg_stat_activity WHERE pid = pg_backend_pid() RETURNING session_id",
            (connection, self._seal.encrypt(pack(session))),
        ).fetchone()
        assert row is not None  # noqa: S101 a backend sees itself
        return int(row[0])

    def left_behind(self, connection: str) -> Mapping[int, Token]:
        """Each is given to one worker alone. One that could not be logged out for an hour has ended by itself."""
        self._database.execute(
            "DELETE FROM airbooks.open_session WHERE connection = %s AND left_at < now() - make_interval(secs => %s)",
            (connection, FORGOTTEN_AFTER),
        )
        rows = self._database.execute(
            """
            WITH gone AS (
                SELECT session_id FROM airbooks.open_session s
                WHERE connection = %s AND NOT EXISTS (
                    SELECT FROM pg_stat_activity WHERE pid = s.backend AND coalesce(backend_start = s.backend_start, true)
                )
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
        return {int(number): session for number, sealed in rows if (session := self._unsealed(int(number), bytes(sealed)))}

    def _unsealed(self, number: int, sealed: bytes) -> Token | None:
        """None where the key was replaced: the session is left to its idle time."""
        try:
            return unpack(json.loads(self._seal.decrypt(sealed)))
        except InvalidToken:
            self.forget(number)
            return None

    def forget(self, number: int) -> None:
        # When the database is away just now, the next worker finds that the session has ended.
        with contextlib.suppress(psycopg.OperationalError):
            self._database.execute("DELETE FROM airbooks.open_session WHERE session_id = %s", (number,))
