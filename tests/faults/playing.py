"""Plays one scenario on one platform and has it judged."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.faults.hurry import hurried
from tests.faults.judge import Judgement
from tests.faults.scenarios import DELIVERED, Scenario
from tests.faults.stage import Stage, set_up


@dataclass(frozen=True, kw_only=True)
class Played:
    """A scenario on a platform, judged; `unexpected` says where documents ended otherwise than the scenario allows."""

    scenario: Scenario
    slug: str
    judgement: Judgement
    unexpected: tuple[str, ...]
    strikes: int
    seconds: float

    @property
    def violations(self) -> list[str]:
        return [*self.judgement.violations, *self.unexpected]


def play(scenario: Scenario, slug: str, dsn: str) -> Played:
    """One scenario on one platform, in a sandbox of its own and the (empty) database at `dsn`."""
    began = time.monotonic()
    with hurried(), set_up(slug, dsn, scenario.pace) as stage:
        arm(stage, scenario)
        scenario.play(stage)
        judgement = settled(stage)
        unexpected = _unexpected(judgement, scenario.ends)
        if scenario.heals:
            stage.release()
            judgement = settled(stage)
            unexpected += _unexpected(judgement, DELIVERED)
        strikes, seconds = stage.strikes, time.monotonic() - began
        if not strikes and (scenario.strikes or scenario.own):
            unexpected.append("the fault never struck")
        return Played(scenario=scenario, slug=slug, judgement=judgement, unexpected=tuple(unexpected), strikes=strikes, seconds=seconds)


def arm(stage: Stage, scenario: Scenario) -> None:
    """Every fault of the scenario, on the wire and of the platform's own."""
    for strike in scenario.strikes:
        stage.arm(strike.kind, **strike.filters)
    if stage.slug in scenario.own:
        fault, parameters = scenario.own[stage.slug]
        stage.arm(fault, **parameters)


def settled(stage: Stage) -> Judgement:
    """The judgement once every fault is gone and nothing moves any more."""
    stage.calm()
    stage.deliver()
    return stage.judge()


def _unexpected(judgement: Judgement, ends: frozenset[str]) -> list[str]:
    others = {end: count for end, count in judgement.ends.items() if end not in ends and end != "unresolved"}
    codes = ", ".join(f"{count} {code}" for code, count in judgement.codes.items())
    return [f"{count} {end} ({codes}), expected {' or '.join(sorted(ends))}" for end, count in others.items()]
