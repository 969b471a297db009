"""What the harness found, as a table for people: printed, and as Markdown for the package's documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.faults.judge import Judgement
from tests.faults.playing import Played
from tests.faults.storm import Outcome

HEAD = ("documents", "delivered", "in review", "waiting", "duplicates", "lost", "wrong", "unresolved", "unproven")
QUOTED = 40


@dataclass
class Sums:
    """Judgements added up; `others` are leaks, broken trails and ends that a scenario does not allow."""

    found: Counter[str] = field(default_factory=Counter)
    others: int = 0

    def add(self, judgement: Judgement) -> None:
        self.found["documents"] += judgement.documents
        for end in ("delivered", "in review", "waiting", "rejected"):
            self.found["in review" if end == "rejected" else end] += judgement.ends[end]
        for name in HEAD[4:]:
            self.found[name] += len(getattr(judgement, name))
        self.others += len(judgement.leaks)

    @property
    def cells(self) -> list[str]:
        return [f"{self.found[name]:,}" for name in HEAD] + [f"{self.others:,}"]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    rule = [":---" if (number < 2 and head[0] == "no.") or number == 0 else "---:" for number in range(len(head))]
    return [_row(head), _row(rule), *map(_row, rows)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def by_scenario(played: Sequence[Played]) -> list[str]:
    sums: dict[tuple[str, str], Sums] = {}
    platforms: Counter[tuple[str, str]] = Counter()
    for each in played:
        key = (each.scenario.number, each.scenario.name)
        sums.setdefault(key, Sums()).add(each.judgement)
        sums[key].others += len(each.unexpected)
        platforms[key] += 1
    rows = [(number, name, str(platforms[number, name]), *found.cells) for (number, name), found in sums.items()]
    return table(("no.", "scenario", "platforms", *HEAD, "other"), rows)


def by_platform(judged: Iterable[tuple[str, Judgement]]) -> list[str]:
    sums: dict[str, Sums] = {}
    for slug, judgement in judged:
        sums.setdefault(slug, Sums()).add(judgement)
    return table(("platform", *HEAD, "other"), [(slug, *found.cells) for slug, found in sorted(sums.items())])


def matrix(played: Sequence[Played]) -> list[str]:
    """Scenario x platform: how many documents; `n!` where n of them break an invariant."""
    slugs = sorted({each.slug for each in played})
    cells = {(each.scenario.number, each.slug): _cell(each) for each in played}
    numbers = list(dict.fromkeys(each.scenario.number for each in played))
    return table(("no.", *slugs), [(number, *(cells.get((number, slug), "") for slug in slugs)) for number in numbers])


def _cell(played: Played) -> str:
    broken = len(played.violations)
    return f"**{broken}!**" if broken else str(played.judgement.documents)


def storm_lines(outcome: Outcome, rate: float) -> list[str]:
    """The storm in sentences, then by platform."""
    judgements = outcome.judgements.values()
    unknowns = sum(each.unknowns for each in judgements)
    struck = sum(outcome.struck.values())
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in outcome.struck.most_common())
    look_ups = max((each.look_ups for each in judgements), default=0)
    longest = max((each.longest_unknown for each in judgements), default=0.0)
    per_thousand = outcome.seconds / max(1, outcome.documents) * 1000
    crashes = {0: "", 1: ", Postgres killed once"}.get(outcome.crashes, f", Postgres killed {outcome.crashes} times")
    return [
        f"{outcome.documents:,} documents in {outcome.seconds / 60:.0f} minutes ({per_thousand:.1f} s, and"
        f" {outcome.cpu_seconds / max(1, outcome.documents) * 1000:.1f} s of processor time, per 1,000): {outcome.calls:,} calls,"
        f" of which {struck:,} ({struck / max(1, outcome.calls):.0%}, drawn at {rate:.0%}) were struck; {outcome.kills} workers killed"
        f"{crashes}; {outcome.released:,} documents that a person let go again after the storm.",
        "",
        f"{unknowns:,} outcomes were unknown. The most answered look-ups that one of them took: {look_ups}. The longest took {longest:.0f}"
        f" seconds until it was known. Refusals for too many calls that no fault made: {outcome.refused.total()}.",
        "",
        f"Faults: {kinds}.",
        "",
        *by_platform(outcome.judgements.items()),
    ]


def violations(played: Sequence[Played], outcome: Outcome | None) -> list[str]:
    """Every broken invariant in a sentence."""
    found = [f"{each.scenario.number} on {each.slug}: {line}" for each in played for line in each.violations]
    return found + (outcome.violations if outcome else [])


def markdown(played: Sequence[Played], outcome: Outcome | None, rate: float, seed: int) -> str:
    """The whole report."""
    broken = violations(played, outcome)
    title = "# Every fault we can think of" if played else "# The storm"
    lines = [title, "", _intro(broken, f" (seed {seed})" if outcome else ""), ""]
    if outcome:
        lines += [*(["## The storm", ""] if played else []), *storm_lines(outcome, rate), ""]
    if played:
        lines += ["## Scenarios", "", *by_scenario(played), "", "## Scenarios by platform", "", *matrix(played), ""]
    if broken:
        lines += ["## What broke", "", *(f"- {line}" for line in broken[:QUOTED]), ""]
    return "\n".join(lines)


def _intro(broken: Sequence[str], seed: str) -> str:
    verdict = "No invariant was broken." if not broken else f"{len(broken)} violations."
    return (
        f"`make faults`{seed} delivers to the simulators of all platforms while things go wrong, and then judges from their"
        f" books and from Postgres alone: nothing twice, nothing lost, nothing wrong to the minor unit, nothing called delivered or sent"
        f" again without evidence, no secret in any row or log. {verdict}"
    )
