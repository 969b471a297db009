"""A replay lets exactly what its preview shows go again, once, with the reason in the trail, and never what may be there already."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from tests.staging.rows import CONNECTION, Row, add_delivery, add_document, finding, of_delivery, one, unmapped

from airbooks.canonical import Finding
from airbooks.delivery.states import Event, State, after
from airbooks.staging.audit import history, verify
from airbooks.staging.exceptions import Answer, AnswerKind, answer, open_exceptions
from airbooks.staging.replay import Choice, EmptySelectionError, Replay, Selection, apply, preview

WORN_OUT = finding("AB-ATTEMPTS", subject="server error", connection=CONNECTION)
PERIOD = finding("AB-REFUSED:period closed", subject="period closed", connection=CONNECTION)
HERE = Selection(connection=CONNECTION)


def plant(database: psycopg.Connection, number: str, state: str = "parked", *found: Finding, **values: Any) -> Row:
    """A valid document with a delivery in a state, and the questions that are open about it."""
    row = add_delivery(database, add_document(database, number, state="valid"), state, values.pop("connection", CONNECTION))
    for name, value in values.items():
        database.execute(f"UPDATE airbooks.delivery SET {name} = %s WHERE delivery_id = %s", [value, row.delivery_id])
    open_exceptions(database, [of_delivery(row, each) for each in found])
    return row


def go(database: psycopg.Connection, selection: Selection = HERE) -> Replay:
    return apply(database, selection, by="ines", reason="the server is back")


def choices(found: Replay, *, goes: bool) -> list[Choice]:
    return [line for group in found.groups if group.goes is goes for line in group.lines]


def numbers(found: Replay) -> list[str]:
    return sorted(line.number for line in choices(found, goes=True))


def state_of(database: psycopg.Connection, row: Row) -> str:
    return str(one(database, "SELECT state FROM airbooks.delivery WHERE delivery_id = %s", row.delivery_id))


def open_questions(database: psycopg.Connection) -> list[tuple[str, str]]:
    return [
        (row[0], row[1])
        for row in database.execute("SELECT code, number FROM airbooks.exception WHERE state = 'open' ORDER BY number, code").fetchall()
    ]


def everything(database: psycopg.Connection) -> list[Any]:
    tables = ("delivery", "exception", "exception_cause", "audit_event")
    return [database.execute(f"SELECT t::text FROM airbooks.{table} t ORDER BY 1").fetchall() for table in tables]


def test_a_preview_changes_nothing(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1", "parked", WORN_OUT)
    before = everything(database)
    assert preview(database, HERE).going == 1
    assert everything(database) == before


def test_what_the_preview_shows_is_what_goes(database: psycopg.Connection) -> None:
    rows = [plant(database, f"AU-SI-{n}", state, WORN_OUT) for n, state in enumerate(["parked", "rejected", "unknown", "delivered"])]
    shown = preview(database, HERE)
    done = go(database)
    assert (shown.groups, shown.numbers, done.released) == (done.groups, done.numbers, 2)
    assert [state_of(database, row) for row in rows] == ["pending", "pending", "unknown", "delivered"]


def test_what_goes_has_a_clean_slate_and_may_go_at_once(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1", "parked", WORN_OUT, failures=5, absences=1)
    go(database)
    kept = database.execute("SELECT generation, failures, absences, attempt, not_before <= now() FROM airbooks.delivery").fetchone()
    assert kept == (2, 0, 0, 2, True)


def test_the_last_error_and_the_number_of_attempts_are_told(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1", "parked", WORN_OUT, last_error="HTTP 503")
    (line,) = choices(preview(database, HERE), goes=True)
    assert (line.number, line.customer_code, line.amount, line.currency) == ("AU-SI-1", "C-1", Decimal("100.00"), "AUD")
    assert (line.state, line.attempts, line.last_error, line.code) == ("parked", 2, "HTTP 503", "AB-ATTEMPTS")


@pytest.mark.parametrize("state", [State.PARKED, State.REJECTED])
@pytest.mark.parametrize(("ticket", "event"), [("", Event.RELEASED), ("job-7", Event.ASKED_AGAIN)])
def test_a_release_is_a_way_that_the_table_of_states_knows(database: psycopg.Connection, state: State, ticket: str, event: Event) -> None:
    row = plant(database, "AU-SI-1", state.value, WORN_OUT, ticket=ticket)
    go(database)
    assert state_of(database, row) == after(state, event)


def test_what_the_platform_took_on_is_asked_about_and_shown_so(database: psycopg.Connection) -> None:
    row = plant(database, "AU-SI-1", "parked", WORN_OUT, ticket="job-7")
    plant(database, "AU-SI-1")  # a newer revision waits for that answer
    (asked, *_) = [line for line in choices(go(database), goes=True) if line.asks]
    assert (asked.delivery_id, state_of(database, row)) == (row.delivery_id, "accepted")
    assert one(database, "SELECT action FROM airbooks.audit_event WHERE delivery_id = %s", row.delivery_id) == "delivery asked again"


STAYS = [
    ("delivered", "is delivered"),
    ("sending", "is being sent since"),
    ("unknown", "unknown since"),
    ("accepted", "owes the answer"),
    ("pending", "not before"),
]


@pytest.mark.parametrize(("state", "why"), STAYS)
def test_what_is_on_its_way_or_there_stays_as_it_is_and_says_why(database: psycopg.Connection, state: str, why: str) -> None:
    row = plant(database, "AU-SI-1", state, ticket="job-7" if state == "accepted" else "")
    before = everything(database)
    done = go(database)
    (line,) = choices(done, goes=False)
    assert why in line.because
    assert (done.going, done.released, state_of(database, row), everything(database)) == (0, 0, state, before)


def test_an_old_revision_and_a_document_that_is_not_valid_stay(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1", "parked", WORN_OUT)
    plant(database, "AU-SI-1", "delivered")
    broken = plant(database, "AU-SI-2", "parked", WORN_OUT)
    database.execute("UPDATE airbooks.document SET state = 'exception' WHERE document_id = %s", [broken.document_id])
    done = go(database)
    assert (done.going, done.released) == (0, 0)
    assert {line.number: line.because.split(":")[0] for line in choices(done, goes=False) if line.state == "parked"} == {
        "AU-SI-1": "a newer revision took its place",
        "AU-SI-2": "its document is not valid, AB-ATTEMPTS",
    }


def test_what_a_person_rejected_stays_rejected(database: psycopg.Connection) -> None:
    row = plant(database, "AU-SI-1", "parked", WORN_OUT)
    other = plant(database, "AU-SI-2", "parked", PERIOD)
    cause = one(database, "SELECT cause_id FROM airbooks.exception WHERE code = 'AB-ATTEMPTS'")
    answer(database, cause, Answer(kind=AnswerKind.REJECT, by="tom", reason="entered twice"))
    done = go(database)
    assert (state_of(database, row), state_of(database, other)) == ("rejected", "pending")
    assert [line.because.endswith(": entered twice") for line in choices(done, goes=False)] == [True]


def test_an_unanswered_question_that_was_not_meant_keeps_it_back(database: psycopg.Connection) -> None:
    row = plant(database, "AU-SI-1", "parked", WORN_OUT, unmapped())
    plant(database, "AU-SI-2", "parked", WORN_OUT)
    done = go(database, Selection(cause="AB-ATTEMPTS"))
    assert (numbers(done), state_of(database, row)) == (["AU-SI-2"], "parked")
    assert choices(done, goes=False)[0].because.startswith("another question is open as well, AB-MAPPING")
    assert open_questions(database) == [("AB-ATTEMPTS", "AU-SI-1"), ("AB-MAPPING", "AU-SI-1")]


# -- what is meant ----------------------------------------------------------------------------------------------------------------------


def test_nothing_said_is_refused_and_not_taken_for_everything(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1", "parked", WORN_OUT)
    for act in (preview, go):
        with pytest.raises(EmptySelectionError, match="Say which deliveries"):
            act(database, Selection())


def test_a_document_a_connection_and_a_cause_narrow_the_selection(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1", "parked", WORN_OUT)
    plant(database, "AU-SI-2", "rejected", PERIOD)
    plant(database, "AU-SI-3", "parked", connection="xero_au")
    cause = one(database, "SELECT cause_id FROM airbooks.exception WHERE code = 'AB-ATTEMPTS'")
    meant = {
        Selection(documents=("AU-SI-1", "AU-SI-3")): ["AU-SI-1", "AU-SI-3"],
        Selection(connection="xero_au"): ["AU-SI-3"],
        Selection(cause="AB-ATTEMPTS"): ["AU-SI-1"],
        Selection(cause=cause): ["AU-SI-1"],
        Selection(cause=cause[:8]): ["AU-SI-1"],
        Selection(cause="AB-REFUSED"): ["AU-SI-2"],
        Selection(cause="AB-REFUSED:period closed"): ["AU-SI-2"],
        Selection(cause="AB"): [],
        Selection(cause=cause[:3]): [],
        Selection(documents=("AU-SI-1",), connection="xero_au"): [],
    }
    assert {selection: numbers(preview(database, selection)) for selection in meant} == meant


def test_the_time_is_when_it_was_refused_from_the_first_moment_up_to_the_last(database: psycopg.Connection) -> None:
    at = datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
    plant(database, "AU-SI-1", "parked", changed_at=at)
    minute = timedelta(minutes=1)
    meant = {
        Selection(since=at): ["AU-SI-1"],
        Selection(since=at + minute): [],
        Selection(until=at): [],
        Selection(until=at + minute): ["AU-SI-1"],
        Selection(since=at - minute, until=at + minute): ["AU-SI-1"],
    }
    assert {selection: numbers(preview(database, selection)) for selection in meant} == meant
    with pytest.raises(EmptySelectionError, match="since must be before until"):
        preview(database, Selection(since=at, until=at))


def test_everything_is_counted_and_everything_goes_though_few_are_named(database: psycopg.Connection) -> None:
    for n in range(7):
        plant(database, f"AU-SI-{n}", "parked", WORN_OUT)
    done = apply(database, HERE, by="ines", reason="again", lines=2)
    (group,) = done.groups
    assert (group.count, group.values, len(group.lines), done.released) == (7, {"AUD": Decimal("700.00")}, 2, 7)


# -- the questions and the trail ---------------------------------------------------------------------------------------------------------


def test_the_questions_about_what_goes_are_closed_and_those_of_others_stay_open(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1", "parked", WORN_OUT, PERIOD)
    plant(database, "AU-SI-2", "parked", WORN_OUT)
    go(database, Selection(documents=("AU-SI-1",)))
    assert open_questions(database) == [("AB-ATTEMPTS", "AU-SI-2")]
    causes = database.execute("SELECT code, state, answer, decided_by, reason FROM airbooks.exception_cause ORDER BY code").fetchall()
    assert causes == [
        ("AB-ATTEMPTS", "open", "", "", ""),
        ("AB-REFUSED:period closed", "closed", "retry", "ines", "the server is back"),
    ]


def test_every_delivery_that_went_has_one_event_with_who_and_why(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1", "parked", WORN_OUT, last_error="HTTP 503")
    plant(database, "AU-SI-2", "delivered")
    go(database)
    (step,) = history(database, "AU-SI-1")
    assert (step.actor, step.action, step.detail["reason"]) == ("ines", "delivery released", "the server is back")
    assert (step.detail["was"], step.detail["last_error"], step.detail["selection"]) == ("parked", "HTTP 503", {"connection": CONNECTION})
    assert history(database, "AU-SI-2") == []
    assert verify(database) == []


def test_repeated_it_does_nothing_more(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1", "parked", WORN_OUT)
    go(database)
    before = everything(database)
    assert (go(database).released, go(database, Selection(cause="AB-ATTEMPTS")).groups) == (0, ())
    assert everything(database) == before


# -- while others work -------------------------------------------------------------------------------------------------------------------


def test_what_a_worker_has_in_hand_is_left_to_it(database: psycopg.Connection, postgres_url: str) -> None:
    busy, free = plant(database, "AU-SI-1", "parked", WORN_OUT), plant(database, "AU-SI-2", "parked", WORN_OUT)
    database.commit()
    with psycopg.connect(postgres_url) as worker:
        worker.execute("SELECT FROM airbooks.delivery WHERE delivery_id = %s FOR UPDATE", [busy.delivery_id])
        done = go(database)
        database.commit()
    assert (numbers(done), done.released) == (["AU-SI-2"], 1)
    assert choices(done, goes=False)[0].because == "somebody else has it in hand just now"
    assert (state_of(database, busy), state_of(database, free)) == ("parked", "pending")
    assert open_questions(database) == [("AB-ATTEMPTS", "AU-SI-1")]


def test_of_many_replays_at_the_same_time_each_delivery_goes_once(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        for n in range(20):
            plant(connection, f"AU-SI-{n:02}", "parked", WORN_OUT)

    def replay(person: int) -> int:
        with psycopg.connect(postgres_url) as connection:
            return apply(connection, HERE, by=f"person {person}", reason="again").released

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(replay, range(4))) == 20
    with psycopg.connect(postgres_url) as connection:
        assert one(connection, "SELECT max(generation) FROM airbooks.delivery") == 2
        assert one(connection, "SELECT count(*) FROM airbooks.audit_event") == 20
