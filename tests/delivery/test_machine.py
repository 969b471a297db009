"""The outbox under any order of what workers, platforms and people do: the table of states holds, and the trail knows every move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from tests.delivery.office import CONNECTION, Office, us_invoice

from airbooks.delivery.states import TRANSITIONS, Event, State, after
from airbooks.staging import audit, outbox, planning

WORKERS = ("first", "second")
DOCUMENTS = 3
OUTCOMES = sorted({event for state, event in TRANSITIONS if state is State.SENDING})
FINDINGS = sorted({event for state, event in TRANSITIONS if state is State.UNKNOWN})
DSN: list[str] = []


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    DSN.append(postgres_url)
    yield postgres_url
    DSN.pop()


class Deliveries(RuleBasedStateMachine):
    """Two workers, one connection, a few documents; the model is each delivery's state and who holds it."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = ExitStack()
        self.office = self.opened.enter_context(_Emptied(DSN[-1]))
        self.database = self.office.database
        self.alive: dict[str, psycopg.Connection] = {}
        self.states: dict[int, State] = {}
        self.held: dict[int, tuple[str, outbox.Claimed]] = {}
        self.given_up: list[tuple[str, outbox.Claimed]] = []

    @initialize()
    def plant(self) -> None:
        self.office.plant(*(us_invoice(serial) for serial in range(1, DOCUMENTS + 1)))
        rows = self.database.execute("SELECT delivery_id FROM airbooks.delivery").fetchall()
        self.states = {row[0]: State.PENDING for row in rows}

    def move(self, delivery_id: int, event: Event) -> None:
        self.states[delivery_id] = after(self.states[delivery_id], event)

    # -- workers --------------------------------------------------------------------------------------------------------------

    @rule(worker=st.sampled_from(WORKERS), suspects=st.booleans(), most=st.integers(1, DOCUMENTS))
    def claim(self, worker: str, suspects: bool, most: int) -> None:
        if worker not in self.alive:
            self.alive[worker] = self.opened.enter_context(psycopg.connect(self.office.dsn, autocommit=True))
            outbox.announce_worker(self.alive[worker], worker)
        taken = outbox.claim(self.database, CONNECTION, (0, 2**62), most, worker, "run", suspects=suspects)
        self.database.commit()
        for each in taken:
            self.move(each.delivery_id, Event.CLAIMED)
            self.held[each.delivery_id] = (worker, each)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), event=st.sampled_from(OUTCOMES))
    def answer(self, data: st.DataObject, event: Event) -> None:
        delivery_id = data.draw(st.sampled_from(sorted(self.held)))
        worker, claimed = self.held.pop(delivery_id)
        ticket = "job 1" if event is Event.TAKEN_ON else ""
        self.move(delivery_id, event)
        assert self.record(worker, claimed, self.states[delivery_id], ticket) == {delivery_id}

    @precondition(lambda self: self.alive)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from(sorted(self.alive)))
        self.alive.pop(worker).close()
        self.database.execute("SELECT pg_advisory_xact_lock(hashtextextended('airbooks.worker ' || %s, 0))", (worker,))  # it is gone
        self.database.commit()
        outbox.give_up_dead(self.database, CONNECTION, 0.0, "run")
        self.database.commit()
        for delivery_id, (holder, _) in list(self.held.items()):
            if holder == worker:
                self.move(delivery_id, Event.LOST)
                self.given_up.append(self.held.pop(delivery_id))

    @precondition(lambda self: self.given_up)
    @rule(data=st.data())
    def a_dead_worker_writes(self, data: st.DataObject) -> None:
        """It was only slow: what it knows comes too late."""
        worker, claimed = self.given_up[data.draw(st.integers(0, len(self.given_up) - 1))]
        assert self.record(worker, claimed, State.DELIVERED) == set()

    # -- look-ups, tickets, people --------------------------------------------------------------------------------------------

    @rule(event=st.sampled_from(FINDINGS))
    def look_up(self, event: Event) -> None:
        for claimed in outbox.claim_open(self.database, CONNECTION, State.UNKNOWN.value, 1, "looking"):
            self.move(claimed.delivery_id, event)
            assert self.record("looking", claimed, self.states[claimed.delivery_id]) == {claimed.delivery_id}

    @rule(event=st.sampled_from([Event.BOOKED, Event.REFUSED, Event.OVERDUE, Event.STILL_OPEN, Event.LOST]))
    def collect(self, event: Event) -> None:
        for claimed in outbox.claim_open(self.database, CONNECTION, State.ACCEPTED.value, 1, "asking"):
            self.move(claimed.delivery_id, event)
            ticket = claimed.ticket if event in {Event.OVERDUE, Event.STILL_OPEN} else ""
            assert self.record("asking", claimed, self.states[claimed.delivery_id], ticket) == {claimed.delivery_id}

    @rule()
    def release(self) -> None:
        tickets: dict[int, str] = dict(self.database.execute("SELECT delivery_id, ticket FROM airbooks.delivery").fetchall())
        planning.release(self.database, [f"US-SI-{serial:06}" for serial in range(1, DOCUMENTS + 1)], "a person")
        self.database.commit()
        for delivery_id, state in self.states.items():
            if state in {State.REJECTED, State.PARKED}:
                self.move(delivery_id, Event.ASKED_AGAIN if tickets[delivery_id] else Event.RELEASED)

    @rule(wrong=st.sampled_from(State), data=st.data())
    def jump(self, wrong: State, data: st.DataObject) -> None:
        """Whatever else writes to the table: the database refuses a move that the table of states does not have."""
        delivery_id = data.draw(st.sampled_from(sorted(self.states)))
        state = self.states[delivery_id]
        if wrong is state or wrong in {following for (of, _), following in TRANSITIONS.items() if of is state}:
            return
        with pytest.raises(psycopg.errors.CheckViolation), self.database.transaction():
            self.database.execute("UPDATE airbooks.delivery SET state = %s WHERE delivery_id = %s", (wrong.value, delivery_id))

    def record(self, worker: str, claimed: outbox.Claimed, state: State, ticket: str = "") -> set[int]:
        row = outbox.Record(delivery_id=claimed.delivery_id, attempt=claimed.attempt, state=state.value, ticket=ticket)
        written = outbox.record(self.database, worker, [row])
        self.database.commit()
        return written

    # -- what always holds ----------------------------------------------------------------------------------------------------

    @invariant()
    def the_database_is_where_the_model_is(self) -> None:
        rows = self.database.execute("SELECT delivery_id, state FROM airbooks.delivery").fetchall()
        self.database.commit()
        assert {row[0]: State(row[1]) for row in rows} == self.states

    @invariant()
    def only_what_a_living_worker_holds_is_sending(self) -> None:
        assert {delivery_id for delivery_id, state in self.states.items() if state is State.SENDING} == set(self.held)

    def teardown(self) -> None:
        assert audit.verify(self.database) == []
        self.opened.close()


class _Emptied(Office):
    """An office whose tables are empty; nobody calls its platform."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, {})
        self.database.execute(
            "TRUNCATE airbooks.delivery, airbooks.document, airbooks.raw_document, airbooks.exception RESTART IDENTITY CASCADE"
        )
        self.database.commit()

    def __enter__(self) -> Office:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def test_any_order_of_events_keeps_to_the_table(database_url: str) -> None:
    assert database_url
    run_state_machine_as_test(Deliveries, settings=settings(max_examples=25, stateful_step_count=30, deadline=None))
