"""`python -m tests.faults`: every scenario on every platform, kills at every transition, the storm; exit code 1 on any violation."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults.crew import Task, playing
from tests.faults.kills import KILLS
from tests.faults.playing import Played
from tests.faults.report import by_platform, by_scenario, markdown, storm_lines, violations
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.storm import Plan, storm

from airbooks.paths import INCLUDE
from airbooks.platforms import registry

REPORTS = INCLUDE / "proof"
RATE = 0.2


def main() -> int:
    """Play, blow, judge, report."""
    asked = _arguments()
    logging.disable(logging.CRITICAL)
    platforms = asked.platforms.split(",") if asked.platforms else list(registry.slugs())
    played = [] if asked.scenarios == "none" else _play_all(_chosen(asked.scenarios), platforms, with_kills=not asked.scenarios)
    logging.disable(logging.NOTSET)
    plan = Plan(documents=asked.documents, slugs=platforms, seed=asked.seed, rate=RATE)
    outcome = storm(plan, _say) if asked.documents else None
    if played:
        _say("\n".join([*by_scenario(played), "", *by_platform((each.slug, each.judgement) for each in played)]))
    if outcome:
        _say("\n".join(storm_lines(outcome, RATE)))
    broken = violations(played, outcome)
    _say("\n".join(broken) if broken else "No invariant was broken.")
    if played:
        _write(asked.reports / "delivery_faults.md", markdown(played, None, RATE, asked.seed))
    if outcome:
        _write(asked.reports / "delivery_storm.md", markdown([], outcome, RATE, asked.seed))
    return 1 if broken else 0


def _write(report: Path, text: str) -> None:
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(text, encoding="utf-8")
    _say(f"A report is {report}.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000, help="documents in the storm; 0: none (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="draws the faults and the kills (default: %(default)s)")
    parser.add_argument("--platforms", default="", help="slugs with commas between (default: all)")
    parser.add_argument("--scenarios", default="", help="numbers with commas between, or none (default: all, and the kills)")
    parser.add_argument("--reports", type=Path, default=REPORTS, help="the folder of the Markdown reports (default: %(default)s)")
    return parser.parse_args()


def _chosen(numbers: str) -> list[Scenario]:
    wanted = numbers.split(",") if numbers else []
    return [each for each in SCENARIOS if not wanted or each.number in wanted]


def _play_all(scenarios: Sequence[Scenario], platforms: Sequence[str], *, with_kills: bool) -> list[Played]:
    played: list[Played] = []
    with playing() as play:
        for scenario in scenarios:
            began = time.monotonic()
            mine = play([Task(scenario.number, slug) for slug in platforms if scenario.fits(registry.spec(slug))])
            played += mine
            broken = sum(len(each.violations) for each in mine)
            _say(f"{scenario.number:4} {scenario.name}: {len(mine)} platforms, {time.monotonic() - began:.0f} s, {broken} violations")
        kills = [Task(kill.scenario.number, kill.slug) for kill in KILLS if with_kills and kill.slug in platforms]
        played += play(kills)
        _say(f"{len(kills)} kills at transitions")
    return played


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
