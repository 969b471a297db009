"""The inbox: an event is kept once, taken once, settled with a reason, and told to whoever listens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.staging.rows import one

from airbooks.staging.inbox import CHANNEL, Arrival, InboxEvent, Put, again, conflicts, done, failed, put, take, waiting

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture
def other(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url) as connection:
        yield connection


def arrival(event_id: str = "evt_1", body: str = '{"amount": 119.00}', source: str = "acme", signed_at: datetime = NOON) -> Arrival:
    return Arrival(source=source, event_id=event_id, signed_at=signed_at, body=body.encode())


def ids(events: list[InboxEvent]) -> list[str]:
    return [each.event_id for each in events]


def test_an_event_is_kept_once_however_often_it_comes(database: psycopg.Connection) -> None:
    assert [put(database, arrival()) for _ in range(3)] == [Put.ACCEPTED, Put.DUPLICATE, Put.DUPLICATE]
    assert one(database, "SELECT count(*) FROM airbooks.inbox_event") == 1
    assert one(database, "SELECT count(*) FROM airbooks.inbox_conflict") == 0


def test_the_same_id_from_another_source_is_another_event(database: psycopg.Connection) -> None:
    assert put(database, arrival()) is Put.ACCEPTED
    assert put(database, arrival(source="zenith")) is Put.ACCEPTED
    assert ids(take(database, "acme")) == ["evt_1"]


def test_another_content_under_a_known_id_changes_nothing_and_is_kept_aside(database: psycopg.Connection) -> None:
    put(database, arrival())
    assert put(database, arrival(body='{"amount": 119.01}')) is Put.CONFLICT
    assert put(database, arrival(body='{"amount": 119.01}')) is Put.CONFLICT
    (event,) = take(database, "acme")
    assert (event.body, event.conflicts) == ({"amount": Decimal("119.00")}, 1)
    (conflict,) = conflicts(database, NOON)
    assert (conflict.source, conflict.event_id, conflict.body) == ("acme", "evt_1", {"amount": Decimal("119.01")})


def test_the_first_content_sent_once_more_after_a_conflict_is_a_duplicate(database: psycopg.Connection) -> None:
    put(database, arrival())
    put(database, arrival(body='{"amount": 1}'))
    assert put(database, arrival()) is Put.DUPLICATE


def test_the_same_content_written_in_another_way_is_the_same_event(database: psycopg.Connection) -> None:
    put(database, arrival(body='{"a": 1.10, "b": "ä"}'))
    assert put(database, arrival(body='{"b":"\\u00e4","a":1.1}')) is Put.DUPLICATE


def test_fields_that_vary_between_two_tries_make_no_conflict(database: psycopg.Connection) -> None:
    put(database, arrival(body='{"amount": 1, "tries": 1}'), varying=["tries"])
    assert put(database, arrival(body='{"amount": 1, "tries": 2}'), varying=["tries"]) is Put.DUPLICATE
    assert put(database, arrival(body='{"amount": 2, "tries": 2}'), varying=["tries"]) is Put.CONFLICT


def test_a_repeat_does_not_wait_for_the_run_that_works_on_the_event(database: psycopg.Connection, other: psycopg.Connection) -> None:
    put(database, arrival())
    database.commit()
    assert ids(take(database, "acme")) == ["evt_1"]
    other.execute("SET statement_timeout = '20s'")
    assert put(other, arrival()) is Put.DUPLICATE
    assert put(other, arrival(body="{}")) is Put.CONFLICT


def test_events_are_taken_in_the_order_in_which_they_came(database: psycopg.Connection) -> None:
    for number in (3, 1, 2):
        put(database, arrival(f"evt_{number}"))
    assert ids(take(database, "acme", limit=2)) == ["evt_3", "evt_1"]


def test_two_runs_never_take_the_same_event(database: psycopg.Connection, other: psycopg.Connection) -> None:
    for number in range(4):
        put(database, arrival(f"evt_{number}"))
    database.commit()
    assert ids(take(database, "acme", limit=3)) == ["evt_0", "evt_1", "evt_2"]
    assert ids(take(other, "acme")) == ["evt_3"]


def test_an_event_whose_handling_is_rolled_back_waits_on(database: psycopg.Connection) -> None:
    put(database, arrival())
    database.commit()
    done(database, take(database, "acme"), "run-1")
    database.rollback()
    assert ids(take(database, "acme")) == ["evt_1"]


def test_a_settled_event_is_not_taken_again_and_names_its_run(database: psycopg.Connection) -> None:
    put(database, arrival())
    assert done(database, take(database, "acme"), "run-1") == 1
    assert take(database, "acme") == []
    assert one(database, "SELECT handled_run || error FROM airbooks.inbox_event WHERE handled_at IS NOT NULL") == "run-1"


def test_an_event_that_cannot_be_used_says_why_and_keeps_no_other_back(database: psycopg.Connection) -> None:
    put(database, arrival("evt_1"))
    put(database, arrival("evt_2"))
    first, second = take(database, "acme")
    failed(database, first, "run-1", "No mapping for type dispute.opened.")
    done(database, [second], "run-1")
    assert take(database, "acme") == []
    assert one(database, "SELECT error FROM airbooks.inbox_event WHERE event_id = 'evt_1'") == "No mapping for type dispute.opened."


def test_failed_events_come_back_when_their_cause_is_mended_and_the_others_do_not(database: psycopg.Connection) -> None:
    put(database, arrival("evt_1"))
    put(database, arrival("evt_2"))
    first, second = take(database, "acme")
    failed(database, first, "run-1", "no mapping")
    done(database, [second], "run-1")
    assert again(database, "acme") == 1
    assert ids(take(database, "acme")) == ["evt_1"]


def test_nothing_fails_without_a_reason(database: psycopg.Connection) -> None:
    put(database, arrival())
    (event,) = take(database, "acme")
    with pytest.raises(ValueError, match="say which"):
        failed(database, event, "run-1", " ")


def test_what_waits_is_known_by_source(database: psycopg.Connection) -> None:
    assert waiting(database) == 0
    put(database, arrival())
    (event,) = take(database, "acme")
    assert waiting(database) == waiting(database, ["zenith", "acme"]) == event.inbox_id
    assert waiting(database, ["zenith"]) == 0
    done(database, [event], "run-1")
    assert waiting(database) == 0


def test_listeners_are_told_of_the_source_with_the_commit_and_not_of_repeats(
    database: psycopg.Connection, other: psycopg.Connection
) -> None:
    other.autocommit = True
    other.execute(f"LISTEN {CHANNEL}")
    put(database, arrival())
    assert list(other.notifies(timeout=0)) == []
    database.commit()
    assert [told.payload for told in other.notifies(timeout=20, stop_after=1)] == ["acme"]
    put(database, arrival())
    database.commit()
    put(database, arrival("evt_2", source="zenith"))
    database.commit()
    assert [told.payload for told in other.notifies(timeout=20, stop_after=1)] == ["zenith"]


@given(amount=st.decimals(min_value="0.0001", max_value="99999999999999.9999", places=4))
def test_no_amount_loses_a_digit_on_the_way_in_and_out(module_postgres_url: str, amount: Decimal) -> None:
    with psycopg.connect(module_postgres_url) as database:
        put(database, arrival(body=json.dumps({"amount": "@"}).replace('"@"', str(amount))))
        (event,) = take(database, "acme")
        assert str(event.body["amount"]) == str(amount)
        database.rollback()
