"""Rate budgets: shared by all workers, never above the vendor's limit, and honest about waits that are too long."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.spec import Limits
from airbooks.staging.budget import LONGEST_PENALTY, NoSlotError, SharedBudget, buckets_of, slot


class Sleeper:
    """Sleeping that only adds up."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def database(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


def budget(database: psycopg.Connection, limits: Limits, sleep: Sleeper) -> SharedBudget:
    return SharedBudget(database, "quickbooks_us", buckets_of(limits), platform="quickbooks", sleep=sleep)


@given(calls=st.integers(2, 10_000), limit=st.sampled_from(["per_second", "per_minute", "per_day", "batches_per_minute"]))
def test_pace_and_burst_together_stay_within_the_vendors_window(calls: int, limit: str) -> None:
    (bucket,) = buckets_of(Limits(**{limit: calls}))
    assert round((bucket.seconds + bucket.burst) / bucket.interval, 6) <= calls


def test_half_of_a_days_quota_may_go_at_once(database: psycopg.Connection) -> None:
    sleep = Sleeper()
    mine = budget(database, Limits(per_day=1_000), sleep)
    for _ in range(490):
        mine.take()
    assert sleep.slept == []


def test_the_calls_of_a_minute_are_spread_over_it_whoever_makes_them(database: psycopg.Connection, postgres_url: str) -> None:
    def worker(_: int) -> float:
        sleep = Sleeper()
        with psycopg.connect(postgres_url, autocommit=True) as own:
            mine = budget(own, Limits(per_minute=60), sleep)
            for _ in range(5):
                mine.take()
        return max(sleep.slept, default=0.0)

    with ThreadPoolExecutor(4) as pool:
        longest = max(pool.map(worker, range(4)))
    interval, burst = 60 / 54, 6.0
    assert 19 * interval - burst - 5 < longest <= 20 * interval


def test_batches_draw_on_both_limits_and_calls_on_one(database: psycopg.Connection) -> None:
    sleep = Sleeper()
    mine = budget(database, Limits(per_minute=6000, batches_per_minute=10), sleep)
    for _ in range(3):
        mine.take("call")
    assert sleep.slept == []
    for _ in range(3):
        mine.take("batch")
    assert sum(sleep.slept) > 1.0


def test_a_spent_day_is_handed_back_instead_of_holding_the_worker(database: psycopg.Connection) -> None:
    sleep = Sleeper()
    mine = budget(database, Limits(per_day=10), sleep)
    for _ in range(6):
        mine.take()
    with pytest.raises(PlatformError) as caught:
        mine.take()
    assert (caught.value.action, caught.value.outcome) == (Action.WAIT, Outcome.DID_NOT_HAPPEN)
    assert caught.value.retry_after
    assert caught.value.retry_after > 120
    assert all(seconds <= 120 for seconds in sleep.slept)


def test_an_absurd_retry_after_is_capped(database: psycopg.Connection) -> None:
    mine = budget(database, Limits(per_minute=60), Sleeper())
    mine.penalise(10**9)
    wait = database.execute("SELECT max(extract(epoch FROM next_free - now()))::float8 FROM airbooks.connection_budget").fetchone()
    assert wait
    assert LONGEST_PENALTY - 30 < wait[0] <= LONGEST_PENALTY + 1


def test_no_more_workers_than_the_vendor_allows_at_once(database: psycopg.Connection, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as other, slot(other, "sage", 1):
        with pytest.raises(NoSlotError, match="1 concurrent places"), slot(database, "sage", 1, sleep=Sleeper()):
            pass
        with slot(database, "another connection", 1):
            pass
    with slot(database, "sage", 1):
        pass
