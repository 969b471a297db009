"""The table of states: what can follow what, and what never can."""

from __future__ import annotations

from itertools import pairwise

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbooks.delivery.states import TRANSITIONS, Event, IllegalTransitionError, State, after

EVENTS = st.lists(st.sampled_from(Event), max_size=30)


def walk(events: list[Event]) -> list[State]:
    states = [State.PENDING]
    for event in events:
        if (states[-1], event) in TRANSITIONS:
            states.append(after(states[-1], event))
    return states


@given(EVENTS)
def test_only_sending_a_promised_answer_and_a_look_up_lead_to_delivered(events: list[Event]) -> None:
    states = walk(events)
    before = {earlier for earlier, later in pairwise(states) if later is State.DELIVERED}
    assert before <= {State.SENDING, State.ACCEPTED, State.UNKNOWN}


@given(EVENTS)
def test_an_unknown_outcome_is_sent_again_only_after_it_was_absent_twice_or_a_person_released_it(events: list[Event]) -> None:
    unknown = False
    state = State.PENDING
    for event in events:
        if (state, event) not in TRANSITIONS:
            continue
        state = after(state, event)
        unknown = state is State.UNKNOWN or (unknown and event not in {Event.ABSENT_TWICE, Event.RELEASED})
        assert not (state is State.SENDING and unknown)


@given(EVENTS)
def test_what_the_platform_took_on_is_not_sent_again_before_it_has_answered_or_a_person_released_it(events: list[Event]) -> None:
    owed = False
    state = State.PENDING
    answers = {Event.BOOKED, Event.REFUSED, Event.DIFFERS, Event.HELD_BACK, Event.NOT_SENT, Event.LOST, Event.RELEASED}
    for event in events:
        if (state, event) not in TRANSITIONS:
            continue
        owed = event is Event.TAKEN_ON or (owed and event not in answers)
        state = after(state, event)
        assert not (owed and state in {State.PENDING, State.SENDING})


def test_what_is_delivered_stays_delivered() -> None:
    for event in Event:
        with pytest.raises(IllegalTransitionError):
            after(State.DELIVERED, event)


def test_every_state_can_be_reached_and_all_but_delivered_can_be_left() -> None:
    assert {State.PENDING, *TRANSITIONS.values()} == set(State)
    assert {state for state, _ in TRANSITIONS} == set(State) - {State.DELIVERED}


def test_the_database_knows_the_same_moves(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as database:
        moves = database.execute("SELECT state, event, next FROM airbooks.delivery_move").fetchall()
    assert {(State(state), Event(event)): State(following) for state, event, following in moves} == TRANSITIONS
