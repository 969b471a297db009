"""Concurrent places: no more workers than the vendor allows at once, in the order of asking, freed when a worker dies."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psycopg
import pytest

from airbooks.platforms.spec import Urgency
from airbooks.staging.budget import NoSlotError, places


def no_sleep(_: float) -> None:
    """Waits for nothing."""


@pytest.fixture
def database(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def other(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


def queued(database: psycopg.Connection, count: int) -> None:
    """Return once `count` workers stand in line."""
    asked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while database.execute(asked).fetchone() != (count,):
        pass


def test_no_more_workers_than_the_vendor_allows_at_once(database: psycopg.Connection, other: psycopg.Connection) -> None:
    with places(other, "sage", 1):
        with pytest.raises(NoSlotError, match="1 concurrent places"), places(database, "sage", 1, sleep=no_sleep):
            pass
        with places(database, "another connection", 1):
            pass
    with places(database, "sage", 1):
        pass


def test_a_task_gets_as_many_places_as_are_free_and_waits_only_for_the_first(database: psycopg.Connection, other: psycopg.Connection) -> None:
    with places(database, "xero", 5, most=3) as mine, places(other, "xero", 5, most=3) as theirs:
        assert (mine, theirs) == (3, 2)
    with places(other, "xero", 5, most=9) as all_of_them:
        assert all_of_them == 5


def test_the_places_of_a_worker_that_died_are_free_again(database: psycopg.Connection, postgres_url: str) -> None:
    dead = psycopg.connect(postgres_url, autocommit=True)
    held = places(dead, "sage", 2, most=2)
    assert held.__enter__() == 2
    dead.close()
    with places(database, "sage", 2) as got:
        assert got == 1


def test_more_than_one_place_is_taken_only_while_nobody_waits(database: psycopg.Connection, other: psycopg.Connection) -> None:
    with places(database, "sage", 1):
        waits = Event()

        def look(_: float) -> None:
            waits.set()
            let_go.wait()

        let_go = Event()
        with ThreadPoolExecutor(1) as pool:

            def second() -> None:
                with places(other, "sage", 1, sleep=look):
                    pass

            done = pool.submit(second)
            waits.wait()
            # Another worker that is allowed more (as if the vendor had raised it) takes one, although more are free.
            with psycopg.connect(database.info.dsn, autocommit=True) as third, places(third, "sage", 4, most=3, urgency=Urgency.REALTIME) as got:
                assert got == 1
            let_go.set()
            done.cancel()
