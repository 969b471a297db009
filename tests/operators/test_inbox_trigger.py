"""Waking a Dag by events: at once, once per burst, after whatever happened to the connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import psycopg
import pytest
from airflow.sdk import Asset, AssetWatcher
from airflow.serialization.encoders import encode_trigger
from airflow.serialization.serialized_objects import BaseSerialization
from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from psycopg.conninfo import conninfo_to_dict

from airbooks.operators.inbox_trigger import InboxTrigger
from airbooks.staging.inbox import Arrival, done, put, take

quick = partial(InboxTrigger, settle_seconds=0.2, pause_seconds=0.05)
Events = AsyncIterator[TriggerEvent]


@pytest.fixture
def database(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    found = conninfo_to_dict(postgres_url)
    connection = {"conn_type": "postgres", "host": found["host"], "login": found["user"], "schema": found["dbname"]}
    monkeypatch.setenv("AIRFLOW_CONN_AIRBOOKS_STAGING", json.dumps(connection))
    with psycopg.connect(postgres_url, autocommit=True) as connected:
        yield connected


def arrive(database: psycopg.Connection, *event_ids: str, source: str = "acme") -> None:
    for event_id in event_ids:
        put(database, Arrival(source=source, event_id=event_id, signed_at=datetime.now(UTC), body=b"{}"))


def newest(database: psycopg.Connection) -> int:
    row = database.execute("SELECT max(inbox_id) FROM airbooks.inbox_event").fetchone()
    assert row is not None
    return int(row[0])


def drain(database: psycopg.Connection, source: str = "acme") -> None:
    with database.transaction():
        done(database, take(database, source), "run-1")


def watched(play: Callable[[Events], Awaitable[None]], trigger: InboxTrigger) -> None:
    """Play a scene with a running trigger, for half a minute at most."""

    async def scene() -> None:
        async with asyncio.timeout(30), aclosing(cast(Any, trigger.run())) as events:
            await play(events)

    asyncio.run(scene())


LISTENING = "SELECT 1 FROM pg_stat_activity WHERE state = 'idle' AND query LIKE '%inbox_event%' AND datname = current_database()"


async def listening(database: psycopg.Connection) -> None:
    """Return when the trigger waits for its channel."""
    while not database.execute(LISTENING).fetchone():
        await asyncio.sleep(0.02)


async def told(events: Events) -> Any:
    return (await anext(events)).payload


def test_what_waits_already_is_told_at_the_start(database: psycopg.Connection) -> None:
    arrive(database, "evt_1", "evt_2")

    async def play(events: Events) -> None:
        assert await told(events) == {"sources": [], "newest": newest(database)}

    watched(play, quick())


def test_an_event_wakes_the_dag_when_it_is_committed(database: psycopg.Connection) -> None:
    async def play(events: Events) -> None:
        first = asyncio.ensure_future(told(events))
        await listening(database)
        arrive(database, "evt_1")
        assert (await first)["newest"] == newest(database)

    watched(play, quick())


def test_a_burst_is_one_event(database: psycopg.Connection) -> None:
    async def play(events: Events) -> None:
        first = asyncio.ensure_future(told(events))
        await listening(database)
        arrive(database, *(f"evt_{number}" for number in range(5)))
        assert (await first)["newest"] == newest(database)
        second = asyncio.ensure_future(told(events))
        await listening(database)
        arrive(database, "evt_99")
        assert (await second)["newest"] == newest(database)

    watched(play, InboxTrigger(settle_seconds=2, pause_seconds=0.05))


def test_other_sources_wake_nobody(database: psycopg.Connection) -> None:
    arrive(database, "evt_1", source="zenith")

    async def play(events: Events) -> None:
        first = asyncio.ensure_future(told(events))
        await listening(database)
        arrive(database, "evt_2", source="zenith")
        arrive(database, "evt_1")
        expected = newest(database)
        arrive(database, "evt_3", source="zenith")
        assert await first == {"sources": ["acme"], "newest": expected}

    watched(play, quick(sources=["acme"]))


def test_an_event_that_is_committed_after_a_later_one_is_told_too(database: psycopg.Connection, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as slow:
        arrive(slow, "evt_slow")
        arrive(database, "evt_quick")

        async def play(events: Events) -> None:
            await told(events)
            drain(database)
            late = asyncio.ensure_future(told(events))
            await listening(database)
            slow.commit()
            assert (await late)["newest"] == newest(database) - 1

        watched(play, quick())


def test_a_cut_connection_is_made_anew_and_what_came_meanwhile_is_found(database: psycopg.Connection) -> None:
    async def play(events: Events) -> None:
        first = asyncio.ensure_future(told(events))
        await listening(database)
        with database.transaction():
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            arrive(database, "evt_1")
        assert (await first)["newest"] == newest(database)

    watched(play, quick())


def test_a_database_that_is_not_there_yet_is_waited_for(database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(database, "evt_1")
    with monkeypatch.context() as elsewhere:
        elsewhere.delenv("AIRFLOW_CONN_AIRBOOKS_STAGING")
        trigger = quick()

        async def play(events: Events) -> None:
            first = asyncio.ensure_future(told(events))
            await asyncio.sleep(0.1)
            elsewhere.undo()
            assert (await first)["newest"] == newest(database)

        watched(play, trigger)


def test_a_lost_notification_is_made_up_for_by_looking(database: psycopg.Connection) -> None:
    database.execute("ALTER TABLE airbooks.inbox_event DISABLE TRIGGER inbox_event_told")

    async def play(events: Events) -> None:
        first = asyncio.ensure_future(told(events))
        await listening(database)
        arrive(database, "evt_1")
        assert (await first)["newest"] == newest(database)

    watched(play, quick(look_seconds=0.3))


def test_airflow_can_store_the_trigger_of_a_watcher_and_make_it_again() -> None:
    trigger = InboxTrigger(sources=("zenith", "acme"), settle_seconds=2)
    watcher = AssetWatcher(name="webhooks", trigger=trigger)
    assert Asset("airbooks_inbox", watchers=[watcher]).watchers == [watcher]
    stored = json.loads(json.dumps(encode_trigger(trigger)))
    fields = {name: BaseSerialization.deserialize(value) for name, value in stored["kwargs"].items()}
    again = InboxTrigger(**fields)
    assert again.serialize() == trigger.serialize()
    assert BaseEventTrigger.hash(*again.serialize()) == BaseEventTrigger.hash(*trigger.serialize())
    assert stored["classpath"] == f"{InboxTrigger.__module__}.{InboxTrigger.__name__}"
