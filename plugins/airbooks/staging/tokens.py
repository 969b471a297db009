"""Tokens and sessions of the connections: sealed with Airflow's Fernet key, renewed by one worker at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import psycopg

from airbooks.platforms.errors import ConfigurationError
from airbooks.platforms.tokens import Token

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


def _pack(token: Token) -> bytes:
    expires = token.expires_at.isoformat() if token.expires_at else None
    return json.dumps({"access": token.access, "refresh": token.refresh, "expires_at": expires, "extra": dict(token.extra)}).encode()


def _unpack(sealed: bytes) -> Token:
    held = json.loads(sealed)
    expires = datetime.fromisoformat(held["expires_at"]) if held["expires_at"] else None
    return Token(access=held["access"], refresh=held["refresh"], expires_at=expires, extra=held["extra"])


class StoredTokens:
    """The token store of the delivery tasks (see `airbooks.platforms.tokens.TokenStore`).

    It opens connections of its own, because a token that the platform rotated must be committed at once, whatever becomes of the
    work that needed it. The lock is held until that commit.
    """

    def __init__(self, open_database: Callable[[], psycopg.Connection], seal: Seal) -> None:
        self._open, self._seal = open_database, seal

    def read(self, connection: str) -> Token | None:
        with self._open() as database:
            return self._read(database, connection)

    def _read(self, database: psycopg.Connection, connection: str) -> Token | None:
        row = database.execute("SELECT sealed FROM airbooks.token WHERE connection = %s", (connection,)).fetchone()
        return _unpack(self._seal.decrypt(bytes(row[0]))) if row else None

    def renew(self, connection: str, stale: Token | None, issue: Callable[[Token | None], Token]) -> Token:
        with self._open() as database:
            database.execute("SELECT pg_advisory_xact_lock(hashtextextended('airbooks.token ' || %s, 0))", (connection,))
            newest = self._read(database, connection)
            if newest is not None and (stale is None or newest.access != stale.access) and newest.is_fresh():
                return newest
            token = issue(newest)
            database.execute(
                "INSERT INTO airbooks.token (connection, sealed) VALUES (%s, %s)"
                " ON CONFLICT (connection) DO UPDATE SET sealed = excluded.sealed, renewed_at = now()",
                (connection, self._seal.encrypt(_pack(token))),
            )
            return token
