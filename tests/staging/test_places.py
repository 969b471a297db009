"""Concurrent places: no more workers than the vendor allows at once, in the order of asking, freed when a worker dies."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Thread

import psycopg
import pytest

from airbooks.platforms.spec import Urgency
from airbooks.staging.budget import NoSlotError, places, somebody_waits


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


def test_no_more_workers_than_the_vendor_allows_at_once(database: psycopg.Connection, other: psycopg.Connection) -> None:
    with places(other, "sage", 1):
        with pytest.raises(NoSlotError, match="1 concurrent places"), places(database, "sage", 1, sleep=no_sleep):
            pass
        with places(database, "another connection", 1):
            pass
    with places(database, "sage", 1):
        pass


def test_a_task_gets_as_many_places_as_are_free_and_waits_only_for_the_first(
    database: psycopg.Connection, other: psycopg.Connection
) -> None:
    with places(database, "xero", 5, most=3) as mine, places(other, "xero", 5, most=3) as theirs:
        assert (mine, theirs) == (3, 2)
    with places(other, "xero", 5, most=9) as all_of_them:
        assert all_of_them == 5


def test_the_places_of_a_worker_that_died_are_free_again(database: psycopg.Connection, other: psycopg.Connection) -> None:
    with places(other, "sage", 2, most=2) as held:
        assert held == 2
        other.close()
        with places(database, "sage", 2) as got:
            assert got == 1


class Waiting:
    """A worker in a thread that asks for one place, holds it until told to let go, and writes its name down when it has got it."""

    def __init__(self, name: str, url: str, got: list[str], urgency: Urgency) -> None:
        self.name, self.url, self.got, self.urgency = name, url, got, urgency
        self.stands = Event()
        self.thread = Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as own, places(own, "sage", 1, urgency=self.urgency, sleep=self._sleep):
            self.got.append(self.name)

    def _sleep(self, _: float) -> None:
        self.stands.set()
        Event().wait(0.01)


def at_the_doors(database: psycopg.Connection, count: int) -> None:
    """Return once `count` workers stand at the doors or in line behind them."""
    asked = "SELECT count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
    while database.execute(asked).fetchone() != (count,):
        Event().wait(0.01)


def test_places_are_given_in_the_order_of_asking_and_real_time_first(database: psycopg.Connection, postgres_url: str) -> None:
    got: list[str] = []
    workers = []
    with places(database, "sage", 1):
        for number, (name, urgency) in enumerate((each, Urgency.HOURLY) for each in ("first", "second", "third")):
            workers.append(Waiting(name, postgres_url, got, urgency))
            at_the_doors(database, number + 1)
        workers.append(Waiting("real-time", postgres_url, got, Urgency.REALTIME))
        assert workers[-1].stands.wait(60)
    for worker in workers:
        worker.thread.join(60)
    assert got == ["real-time", "first", "second", "third"]


def test_more_than_one_place_is_taken_only_while_nobody_waits(
    database: psycopg.Connection, other: psycopg.Connection, postgres_url: str
) -> None:
    with places(other, "sage", 1):
        waits = Waiting("hourly", postgres_url, [], Urgency.HOURLY)
        assert waits.stands.wait(60)
        assert somebody_waits(database, "sage")
        assert not somebody_waits(database, "another connection")
        with places(database, "sage", 4, most=3, urgency=Urgency.REALTIME) as got:
            assert got == 1
    waits.thread.join(60)
    assert not somebody_waits(database, "sage")
    with places(database, "sage", 4, most=3) as got:
        assert got == 3
