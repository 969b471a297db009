"""Tokens and sessions of the connections: sealed with Airflow's Fernet key, renewed by one worker at a time.

An exchange of a refresh token is committed before it begins (`airbooks.staging.exchanges`). A worker that dies between the platform's new
token and ours in the database, or whose answer is lost, so leaves a trace: the next one tries the old refresh token, which some platforms
take for a while longer, and if it is refused, says what probably happened.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

import psycopg
from cryptography.fernet import InvalidToken
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from airbooks.platforms.errors import Action, ConfigurationError, PlatformError
from airbooks.platforms.tokens import Credentials, Token, grown_from, newer_than
from airbooks.staging import exchanges

NEEDS_KEY = "Tokens are only stored encrypted: set [core] fernet_key of Airflow (AIRFLOW__CORE__FERNET_KEY) to a Fernet key."


class Seal(Protocol):
    """Encrypts what is stored; Airflow's own Fernet fits."""

    def encrypt(self, msg: bytes) -> bytes: ...
    def decrypt(self, msg: bytes) -> bytes: ...


def airflow_seal() -> Seal:
    """Fernet with the key of Airflow's configuration (`[core] fernet_key`); raises ConfigurationError where there is none or a bad one."""
    from airflow.sdk.crypto import get_fernet
    from airflow.sdk.exceptions import AirflowException

    try:
        seal = get_fernet()
    except AirflowException as error:
        raise ConfigurationError(f"{NEEDS_KEY} {error}") from None
    if not seal.is_encrypted:
        raise ConfigurationError(f"{NEEDS_KEY} It is empty.")
    return seal


def pack(token: Token) -> bytes:
    """A token as it is before it is sealed."""
    expires = token.expires_at.isoformat() if token.expires_at else None
    held = {"access": token.access, "refresh": token.refresh, "expires_at": expires, "extra": dict(token.extra), "seed": token.seed}
    return json.dumps(held).encode()


def unpack(held: dict[str, Any]) -> Token:
    """The token that was packed."""
    expires = datetime.fromisoformat(held["expires_at"]) if held["expires_at"] else None
    return Token(access=held["access"], refresh=held["refresh"], expires_at=expires, extra=held["extra"], seed=held["seed"])


class StoredTokens:
    """The token store of the delivery tasks (see `airbooks.platforms.tokens.TokenStore`).

    It opens connections of its own, because a token that the platform rotated must be committed at once, whatever becomes of the
    work that needed it. The lock is held until that commit. A log-in that was refused is not repeated for some minutes, by nobody, unless
    the connection has changed; `insists` is for people who want to know whether it works now.
    """

    def __init__(self, open_database: Callable[[], psycopg.Connection], seal: Seal, *, insists: bool = False) -> None:
        self._open, self._seal, self._insists = open_database, seal, insists

    def read(self, connection: str) -> Token | None:
        with self._open() as database:
            return self._read(database, connection)[0]

    def _read(self, database: psycopg.Connection, connection: str) -> tuple[Token | None, int]:
        """The stored token and its generation; None and 0 where there is none."""
        row = database.execute("SELECT sealed, generation FROM airbooks.token WHERE connection = %s", (connection,)).fetchone()
        return (self._unsealed(connection, bytes(row[0])), int(row[1])) if row else (None, 0)

    def _unsealed(self, connection: str, sealed: bytes) -> Token:
        try:
            return unpack(json.loads(self._seal.decrypt(sealed)))
        except InvalidToken:
            raise ConfigurationError(
                f"The stored token of connection {connection!r} was sealed with another Fernet key. Put the old key behind the new one in"
                " [core] fernet_key; or delete the connection's row from airbooks.token and authorise it again."
            ) from None

    def renew(self, connection: str, stale: Token | None, issue: Callable[[Token | None], Token], credentials: Credentials) -> Token:
        with self._open() as database:
            database.autocommit = True
            since = exchanges.lock(database, connection)
            stored, generation = self._read(database, connection)
            newest = grown_from(stored, credentials)
            if found := newer_than(stale, newest):
                return found
            earlier = exchanges.read(database, connection)
            if not self._insists and (failure := exchanges.repeated(earlier, credentials, since)):
                raise failure
            cut_off = exchanges.begin(database, connection, generation, credentials, earlier)
            try:
                token = issue(newest)
            except PlatformError as error:
                told = _with_cut_off(error, connection, cut_off if credentials.rotates else None)
                exchanges.failed(database, connection, told)
                raise told from None
            self._keep(database, connection, token, generation)
            return token

    def _keep(self, database: psycopg.Connection, connection: str, token: Token, generation: int) -> None:
        """Store what the platform will not give a second time, also when the database is restarted just now."""
        sealed = self._seal.encrypt(pack(token))
        for attempt in Retrying(
            retry=retry_if_exception_type(psycopg.OperationalError),
            stop=stop_after_attempt(8),
            wait=wait_random_exponential(multiplier=0.25, max=8),
            reraise=True,
        ):
            with attempt, self._alive(database) as living, living.transaction():
                living.execute(
                    "INSERT INTO airbooks.token AS t (connection, sealed, generation) VALUES (%s, %s, %s)"
                    " ON CONFLICT (connection) DO UPDATE SET sealed = excluded.sealed, generation = excluded.generation, renewed_at = now()"
                    " WHERE t.generation = %s",
                    (connection, sealed, generation + 1, generation),
                )
                exchanges.end(living, connection)

    @contextmanager
    def _alive(self, database: psycopg.Connection) -> Iterator[psycopg.Connection]:
        """The given connection to the database; a new one when it is broken."""
        if database.broken or database.closed:
            with self._open() as another:
                yield another
        else:
            yield database


def _with_cut_off(error: PlatformError, connection: str, cut_off: datetime | None) -> PlatformError:
    """A refusal of the grant, in the light of an exchange that was cut off before."""
    if cut_off is None or error.action is not Action.STOP or "invalid_grant" not in {error.code, *error.rule.codes}:
        return error
    return error.saying(f"{error.message.rstrip('.')}. {exchanges.cut_off_words(connection, cut_off)}")
