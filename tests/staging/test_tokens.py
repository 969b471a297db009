"""Tokens at rest: sealed, and renewed by one worker however many ask."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from airflow.sdk.crypto import get_fernet
from cryptography.fernet import Fernet

from airbooks.platforms.errors import Action, ConfigurationError, ErrorRule, Outcome, PlatformError
from airbooks.platforms.tokens import Credentials, Token
from airbooks.staging import exchanges
from airbooks.staging.tokens import StoredTokens, airflow_seal

SEAL = Fernet(Fernet.generate_key())
OWN = Credentials(seed="digest of the seed", account="digest of the account", rotates=True)
ANOTHER = Credentials(seed="digest of another seed", account="digest of the account as it is now", rotates=True)
WITHDRAWN = ErrorRule(
    name="withdrawn",
    action=Action.STOP,
    outcome=Outcome.DID_NOT_HAPPEN,
    codes=("invalid_grant",),
    says="The refresh token is dead.",
    fix="Authorise again.",
)
LOST = ErrorRule(name="no answer", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)
OUTAGE = ErrorRule(name="not reached", action=Action.RETRY, outcome=Outcome.DID_NOT_HAPPEN)


@pytest.fixture
def tokens(postgres_url: str) -> StoredTokens:
    return StoredTokens(lambda: psycopg.connect(postgres_url), SEAL)


def token(serial: int, minutes: int = 60) -> Token:
    return Token(
        access=f"access-{serial}", refresh=f"refresh-{serial}", expires_at=datetime.now(UTC) + timedelta(minutes=minutes), seed=OWN.seed
    )


def test_a_token_comes_back_whole_and_is_not_readable_in_the_table(tokens: StoredTokens, postgres_url: str) -> None:
    made = tokens.renew(
        "quickbooks_us", None, lambda _: Token(access="secret-access", refresh="secret-refresh", extra={"realm": "9"}, seed=OWN.seed), OWN
    )
    assert tokens.read("quickbooks_us") == made
    with psycopg.connect(postgres_url) as database:
        row = database.execute("SELECT sealed FROM airbooks.token").fetchone()
    assert row
    assert b"secret" not in bytes(row[0])


def test_ten_workers_that_find_the_same_stale_token_renew_it_once(tokens: StoredTokens) -> None:
    stale = tokens.renew("quickbooks_us", None, lambda _: token(1, minutes=-5), OWN)
    issued: list[str] = []
    lock = threading.Lock()

    def issue(newest: Token | None) -> Token:
        assert newest is not None
        with lock:
            issued.append(newest.refresh)
        return token(2)

    with ThreadPoolExecutor(10) as pool:
        renewed = list(pool.map(lambda _: tokens.renew("quickbooks_us", stale, issue, OWN), range(10)))
    assert issued == ["refresh-1"]
    assert {each.access for each in renewed} == {"access-2"}


def test_a_failed_renewal_leaves_the_stored_token(tokens: StoredTokens) -> None:
    stale = tokens.renew("quickbooks_us", None, lambda _: token(1, minutes=-5), OWN)

    def refuse(_: Token | None) -> Token:
        raise ConnectionError("invalid_grant")

    with pytest.raises(ConnectionError):
        tokens.renew("quickbooks_us", stale, refuse, OWN)
    assert tokens.read("quickbooks_us") == stale


def test_a_token_is_not_shown_by_its_repr() -> None:
    assert "secret" not in repr(Token(access="secret", refresh="secret", extra={"key": "secret"}))


def test_without_a_key_nothing_is_stored_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    get_fernet.cache_clear()
    with pytest.raises(ConfigurationError, match="AIRFLOW__CORE__FERNET_KEY"):
        airflow_seal()
    get_fernet.cache_clear()


# -- exchanges that do not end well -------------------------------------------------------------------------------------------------------


class Platform:
    """Answers exchanges from a list: a token, or an error; `asked` are the refresh tokens that were handed in."""

    def __init__(self, *answers: Token | PlatformError) -> None:
        self.answers, self.asked = list(answers), list[str]()

    def issue(self, newest: Token | None) -> Token:
        self.asked.append(newest.refresh if newest else "the connection's own")
        answer = self.answers.pop(0)
        if isinstance(answer, PlatformError):
            raise answer
        return answer


def error(rule: ErrorRule, message: str = "said the platform") -> PlatformError:
    return PlatformError(message, platform="paper", rule=rule, code="invalid_grant" if rule is WITHDRAWN else "")


def later(postgres_url: str, seconds: int) -> None:
    """Let the time since the last failure pass."""
    with psycopg.connect(postgres_url) as database:
        database.execute("UPDATE airbooks.token_exchange SET failed_at = failed_at - make_interval(secs => %s)", (seconds,))


def test_the_connections_own_refresh_token_wins_once_a_person_has_put_another_one_there(tokens: StoredTokens) -> None:
    platform = Platform(token(1), token(2))
    tokens.renew("books", None, platform.issue, OWN)
    renewed = tokens.renew("books", None, platform.issue, ANOTHER)
    assert platform.asked == ["the connection's own", "the connection's own"]
    assert renewed.access == "access-2"


def test_an_exchange_is_committed_before_it_begins_and_holds_no_secret(tokens: StoredTokens, postgres_url: str) -> None:
    stale = tokens.renew("books", None, lambda _: token(1, minutes=-5), OWN)
    seen: list[str] = []

    def issue(_: Token | None) -> Token:
        with psycopg.connect(postgres_url) as database:
            seen.extend(str(row) for row in database.execute("SELECT * FROM airbooks.token_exchange").fetchall())
        return token(2)

    tokens.renew("books", stale, issue, OWN)
    assert len(seen) == 1
    assert not [secret for secret in ("refresh-1", "access-1", OWN.seed, OWN.account) if secret in seen[0]]
    with psycopg.connect(postgres_url) as database:
        assert database.execute("SELECT count(*) FROM airbooks.token_exchange").fetchone() == (0,)


def test_a_refusal_after_a_lost_answer_says_when_the_exchange_was_cut_off(tokens: StoredTokens) -> None:
    stale = tokens.renew("books", None, lambda _: token(1, minutes=-5), OWN)
    platform = Platform(error(LOST), error(WITHDRAWN, "invalid grant"))
    began = datetime.now(UTC).replace(microsecond=0)
    with pytest.raises(PlatformError):
        tokens.renew("books", stale, platform.issue, OWN)
    with pytest.raises(PlatformError) as refused:
        tokens.renew("books", stale, platform.issue, OWN)
    assert platform.asked == ["refresh-1", "refresh-1"]
    told = re.search(r"was cut off at (.+) UTC, .*authorise the app again.*'books'", str(refused.value))
    assert told, str(refused.value)
    assert abs(datetime.fromisoformat(told[1]).replace(tzinfo=UTC) - began) < timedelta(minutes=1)


def test_a_cut_off_exchange_that_the_platform_forgives_is_forgotten(tokens: StoredTokens) -> None:
    """The grace of the old refresh token: a later refusal has nothing to do with it any more."""
    stale = tokens.renew("books", None, lambda _: token(1, minutes=-5), OWN)
    platform = Platform(error(LOST), token(2, minutes=-5), error(WITHDRAWN))
    with pytest.raises(PlatformError):
        tokens.renew("books", stale, platform.issue, OWN)
    second = tokens.renew("books", stale, platform.issue, OWN)
    with pytest.raises(PlatformError) as refused:
        tokens.renew("books", second, platform.issue, OWN)
    assert "cut off" not in str(refused.value)


def test_a_refusal_after_a_person_put_another_refresh_token_there_does_not_blame_the_old_exchange(tokens: StoredTokens) -> None:
    platform = Platform(error(LOST), error(WITHDRAWN))
    with pytest.raises(PlatformError):
        tokens.renew("books", None, platform.issue, OWN)
    with pytest.raises(PlatformError) as refused:
        tokens.renew("books", None, platform.issue, ANOTHER)
    assert "cut off" not in str(refused.value)


def test_a_refusal_is_not_asked_for_again_before_some_minutes_have_passed(tokens: StoredTokens, postgres_url: str) -> None:
    platform = Platform(error(WITHDRAWN, "invalid grant"), token(2))
    for _ in range(3):
        with pytest.raises(PlatformError) as refused:
            tokens.renew("books", None, platform.issue, OWN)
        assert (refused.value.action, refused.value.code) == (Action.STOP, "invalid_grant")
        assert (refused.value.rule.says, refused.value.rule.fix) == (WITHDRAWN.says, WITHDRAWN.fix)
    assert len(platform.asked) == 1
    later(postgres_url, exchanges.PATIENCE_SECONDS + 1)
    assert tokens.renew("books", None, platform.issue, OWN).access == "access-2"


def test_a_changed_connection_is_tried_at_once_after_a_refusal(tokens: StoredTokens) -> None:
    platform = Platform(error(WITHDRAWN), token(2))
    with pytest.raises(PlatformError):
        tokens.renew("books", None, platform.issue, OWN)
    assert tokens.renew("books", None, platform.issue, ANOTHER).access == "access-2"


def test_a_person_who_checks_the_connection_is_not_put_off(tokens: StoredTokens, postgres_url: str) -> None:
    platform = Platform(error(WITHDRAWN), token(2))
    with pytest.raises(PlatformError):
        tokens.renew("books", None, platform.issue, OWN)
    insistent = StoredTokens(lambda: psycopg.connect(postgres_url), SEAL, insists=True)
    assert insistent.renew("books", None, platform.issue, OWN).access == "access-2"


def test_workers_that_waited_for_an_exchange_that_failed_do_not_each_try_it_again(tokens: StoredTokens, postgres_url: str) -> None:
    """An outage of the token end point holds a worker for its time-out once, not once per worker in a row."""
    asked: list[int] = []

    def issue(_: Token | None) -> Token:
        asked.append(1)
        with psycopg.connect(postgres_url, autocommit=True) as database:
            while database.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone() != (4,):
                time.sleep(0.01)
        raise error(OUTAGE)

    def work(_: int) -> PlatformError | None:
        try:
            tokens.renew("books", None, issue, OWN)
        except PlatformError as failure:
            return failure
        return None

    with ThreadPoolExecutor(5) as pool:
        failures = list(pool.map(work, range(5)))
    assert len(asked) == 1
    assert [each.rule.name if each else "" for each in failures] == ["not reached"] * 5


def test_an_outage_of_the_token_end_point_is_tried_again_by_the_next_worker(tokens: StoredTokens) -> None:
    platform = Platform(error(OUTAGE), token(2))
    with pytest.raises(PlatformError):
        tokens.renew("books", None, platform.issue, OWN)
    assert tokens.renew("books", None, platform.issue, OWN).access == "access-2"


def test_a_token_is_stored_even_when_the_database_goes_away_while_it_is_issued(tokens: StoredTokens, postgres_url: str) -> None:
    """What the platform has rotated is not to be had a second time."""

    def issue(_: Token | None) -> Token:
        with psycopg.connect(postgres_url, autocommit=True) as database:
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        return token(2)

    assert tokens.renew("books", None, issue, OWN).access == "access-2"
    assert tokens.read("books") == tokens.renew("books", None, Platform().issue, OWN)


def test_a_token_sealed_with_another_key_is_told_with_the_way_out(tokens: StoredTokens, postgres_url: str) -> None:
    tokens.renew("books", None, lambda _: token(1), OWN)
    other = StoredTokens(lambda: psycopg.connect(postgres_url), Fernet(Fernet.generate_key()))
    with pytest.raises(ConfigurationError, match="fernet_key"):
        other.read("books")
