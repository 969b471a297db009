"""The short form of `make faults`: every scenario once on a platform drawn by its number, kills at transitions, a small storm."""

from __future__ import annotations

import random

import pytest
from tests.faults.kills import KILLS, NOT_PLAYED, Kill, play_kill
from tests.faults.playing import play
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.storm import Plan, storm

from airbooks.delivery.states import TRANSITIONS, Event, State
from airbooks.platforms import registry

SEED = 5
SMALL = Plan(documents=60, slugs=("quickbooks", "odoo", "wave"), seed=SEED)
# Each way between states once; which side of the commit alternates.
SOME_KILLS = KILLS[::4] + KILLS[3::4]


def drawn(scenario: Scenario) -> str:
    """One of the platforms that the scenario fits; always the same one."""
    fitting = [slug for slug in registry.slugs() if scenario.fits(registry.spec(slug))]
    return random.Random(f"{SEED} {scenario.number}").choice(fitting)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: f"{each.number} {each.name}")
def test_whatever_goes_wrong_the_books_are_right(scenario: Scenario, postgres_url: str) -> None:
    played = play(scenario, drawn(scenario), postgres_url)
    assert played.violations == []
    assert played.judgement.documents > 0
    assert played.strikes > 0 or not scenario.strikes


@pytest.mark.parametrize("kill", SOME_KILLS, ids=lambda each: f"{each.scenario.name} on {each.slug}")
def test_a_worker_killed_between_two_states_leaves_the_books_right(kill: Kill, postgres_url: str) -> None:
    assert play_kill(kill, postgres_url).violations == []


def test_every_move_that_a_worker_makes_is_a_kill_or_says_why_it_is_none() -> None:
    worked = {State.PENDING, State.SENDING, State.ACCEPTED, State.UNKNOWN}
    moves = {(state, event) for state, event in TRANSITIONS if state in worked and event is not Event.SUPERSEDED}  # that is planning's
    played = {(kill.state, kill.event) for kill in KILLS}
    assert played | NOT_PLAYED.keys() == moves
    assert not played & NOT_PLAYED.keys()


def test_a_small_storm_with_kills_and_a_crash_of_postgres_leaves_the_books_right() -> None:
    said: list[str] = []
    outcome = storm(SMALL, said.append)
    assert outcome.violations == []
    assert outcome.documents == SMALL.documents
    assert sum(outcome.struck.values()) > 0
    assert outcome.crashes == 1


def test_there_are_more_than_sixty_scenarios_and_no_number_twice() -> None:
    numbers = [each.number for each in SCENARIOS]
    assert len(numbers) == len(set(numbers)) > 60
    assert all(any(each.fits(registry.spec(slug)) for slug in registry.slugs()) for each in SCENARIOS)
