"""Tokens: fresh with a margin, renewed once however many ask, never shown."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from airbooks.platforms.tokens import Credentials, MemoryTokens, Token, digest, fingerprint

OWN = Credentials(seed="own", account="books", rotates=True)


def token(name: str = "first", lives: float = 3600) -> Token:
    return Token(
        access=name, refresh=f"refresh-{name}", expires_at=datetime.now(UTC) + timedelta(seconds=lives), extra={"realm": "r-1"}, seed="own"
    )


def test_a_token_shows_none_of_its_parts() -> None:
    assert "first" not in repr(token())
    assert "r-1" not in repr(token())


@pytest.mark.parametrize(("lives", "fresh"), [(3600, True), (61, True), (59, False), (-1, False)])
def test_a_token_is_stale_a_minute_before_it_expires(lives: float, fresh: bool) -> None:
    now = datetime(2026, 3, 16, 12, tzinfo=UTC)
    assert Token(access="a", expires_at=now + timedelta(seconds=lives)).is_fresh(now) is fresh


def test_a_token_without_an_end_stays_fresh() -> None:
    assert Token(access="a").is_fresh()


def test_a_renewed_token_is_the_one_read_afterwards() -> None:
    store = MemoryTokens()
    assert store.read("a") is None
    made = store.renew("a", None, lambda newest: token("one"), OWN)
    assert store.read("a") == made
    assert store.read("b") is None


def test_the_newest_token_is_handed_to_who_renews_it() -> None:
    store = MemoryTokens()
    first = store.renew("a", None, lambda newest: token("one"), OWN)
    seen: list[Token | None] = []

    def issue(newest: Token | None) -> Token:
        seen.append(newest)
        return token("two")

    assert store.renew("a", first, issue, OWN).access == "two"
    assert seen == [first]


def test_who_comes_late_gets_the_token_that_another_has_just_renewed() -> None:
    store = MemoryTokens()
    stale = store.renew("a", None, lambda newest: token("one"), OWN)
    store.renew("a", stale, lambda newest: token("two"), OWN)
    assert store.renew("a", stale, lambda newest: token("three"), OWN).access == "two"


def test_ten_workers_renew_a_rotating_token_once() -> None:
    store, issued, start = MemoryTokens(), [], threading.Barrier(10)
    stale = store.renew("a", None, lambda newest: token("one"), OWN)

    def issue(newest: Token | None) -> Token:
        issued.append(newest)
        return token("two")

    def work() -> None:
        start.wait()
        store.renew("a", stale, issue, OWN)

    workers = [threading.Thread(target=work) for _ in range(10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert issued == [stale]


def test_a_failed_renewal_leaves_the_stored_token_as_it_was() -> None:
    store = MemoryTokens()
    first = store.renew("a", None, lambda newest: token("one"), OWN)

    def refuse(newest: Token | None) -> Token:
        raise ValueError("invalid_grant")

    with pytest.raises(ValueError, match="invalid_grant"):
        store.renew("a", first, refuse, OWN)
    assert store.read("a") == first
    assert store.renew("a", first, lambda newest: token("two"), OWN).access == "two"


def test_a_token_that_grew_from_other_credentials_is_neither_used_nor_renewed() -> None:
    """A person has put another refresh token into the connection: it wins, however fresh the stored token is."""
    store, seen = MemoryTokens(), []
    store.renew("a", None, lambda newest: token("one"), OWN)

    def issue(newest: Token | None) -> Token:
        seen.append(newest)
        return token("two")

    assert store.renew("a", None, issue, Credentials(seed="another")).access == "two"
    assert seen == [None]


def test_what_a_connection_holds_is_only_kept_as_digests() -> None:
    seed = digest("RT1-secret")
    assert "secret" not in seed
    assert seed not in repr(Credentials(seed=seed, account=seed))
    assert seed not in fingerprint("books", seed)
    assert fingerprint("books", seed) != fingerprint("other books", seed)
