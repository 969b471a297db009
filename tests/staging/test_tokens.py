"""Tokens at rest: sealed, and renewed by one worker however many ask."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from airflow.sdk.crypto import get_fernet
from cryptography.fernet import Fernet

from airbooks.platforms.errors import ConfigurationError
from airbooks.platforms.tokens import Token
from airbooks.staging.tokens import StoredTokens, airflow_seal

SEAL = Fernet(Fernet.generate_key())


@pytest.fixture
def tokens(postgres_url: str) -> StoredTokens:
    return StoredTokens(lambda: psycopg.connect(postgres_url), SEAL)


def token(serial: int, minutes: int = 60) -> Token:
    return Token(access=f"access-{serial}", refresh=f"refresh-{serial}", expires_at=datetime.now(UTC) + timedelta(minutes=minutes))


def test_a_token_comes_back_whole_and_is_not_readable_in_the_table(tokens: StoredTokens, postgres_url: str) -> None:
    made = tokens.renew("quickbooks_us", None, lambda _: Token(access="secret-access", refresh="secret-refresh", extra={"realm": "9"}))
    assert tokens.read("quickbooks_us") == made
    with psycopg.connect(postgres_url) as database:
        row = database.execute("SELECT sealed FROM airbooks.token").fetchone()
    assert row
    assert b"secret" not in bytes(row[0])


def test_ten_workers_that_find_the_same_stale_token_renew_it_once(tokens: StoredTokens) -> None:
    stale = tokens.renew("quickbooks_us", None, lambda _: token(1, minutes=-5))
    issued: list[str] = []
    lock = threading.Lock()

    def issue(newest: Token | None) -> Token:
        assert newest is not None
        with lock:
            issued.append(newest.refresh)
        return token(2)

    with ThreadPoolExecutor(10) as pool:
        renewed = list(pool.map(lambda _: tokens.renew("quickbooks_us", stale, issue), range(10)))
    assert issued == ["refresh-1"]
    assert {each.access for each in renewed} == {"access-2"}


def test_a_failed_renewal_leaves_the_stored_token(tokens: StoredTokens) -> None:
    stale = tokens.renew("quickbooks_us", None, lambda _: token(1, minutes=-5))

    def refuse(_: Token | None) -> Token:
        raise ConnectionError("invalid_grant")

    with pytest.raises(ConnectionError):
        tokens.renew("quickbooks_us", stale, refuse)
    assert tokens.read("quickbooks_us") == stale


def test_a_token_is_not_shown_by_its_repr() -> None:
    assert "secret" not in repr(Token(access="secret", refresh="secret", extra={"key": "secret"}))


def test_without_a_key_nothing_is_stored_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    get_fernet.cache_clear()
    with pytest.raises(ConfigurationError, match="AIRFLOW__CORE__FERNET_KEY"):
        airflow_seal()
    get_fernet.cache_clear()
