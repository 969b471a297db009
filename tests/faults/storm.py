"""The storm: many deliveries of all platforms at once, four workers, faults on a share of all calls, kills, a crash of Postgres."""

from __future__ import annotations

import multiprocessing
import random
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg
from tests.faults.books import Expected, live
from tests.faults.firm import OPEN
from tests.faults.judge import Judgement, broken_trail, judge, leaks
from tests.faults.papers import Papers
from tests.faults.worker import ROLES, work
from tests.faults.world import World, world

from airbooks.platforms import registry
from airbooks.platforms.spec import Capability
from airbooks.sandbox.requests import secrets_of
from airbooks.staging import planning
from airbooks.staging.tokens import StoredTokens

WORKERS = 4
# Of the documents go to platforms that take one document per request, or need many requests for a batch: they cost ten times as much.
SINGLE_SHARE = 0.08
MANY_CALLS = frozenset({"brightpearl", "epicor", "netsuite"})
PROGRESS_SECONDS = 10.0
KILL_SECONDS = 15.0
TOKENS_LAST = 9 * 3600
STILL_SECONDS = 30.0  # nothing moved for so long: it is quiet

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a storm is made of; `seed` draws the faults and the kills."""

    documents: int
    slugs: Sequence[str]
    seed: int = 1
    rate: float = 0.2
    crash: bool = True
    longest_seconds: float = 3 * 3600.0


@dataclass(kw_only=True)
class Outcome:
    """The judgement of a storm."""

    judgements: dict[str, Judgement] = field(default_factory=dict)
    whole: list[str] = field(default_factory=list)  # violations of the database as a whole
    calls: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)  # for too many calls, without a fault, by platform
    kills: int = 0
    crashes: int = 0
    released: int = 0  # Retry, answered by a person after the storm
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    megabytes: int = 0

    @property
    def documents(self) -> int:
        return sum(each.documents for each in self.judgements.values())

    @property
    def violations(self) -> list[str]:
        refused = [f"the limits of {slug} were broken {count} times" for slug, count in self.refused.items()]
        undelivered = [
            f"C: {slug}: {each.documents - each.ends['delivered']} of {each.documents} were not delivered after all: {dict(each.ends)}"
            for slug, each in self.judgements.items()
            if each.ends != {"delivered": each.documents}
        ]
        broken = (each for judgement in self.judgements.values() for each in judgement.violations)
        return [*self.whole, *refused, *undelivered, *broken]


def storm(plan: Plan, say: Say = print) -> Outcome:
    """Plant, deliver in the storm, then in calm with every Retry answered, until it is quiet; then judge."""
    before = _cpu_seconds()
    with world(plan.slugs, rate=0.0, seed=plan.seed) as around:
        before_it = {slug: {row["remote_id"] for row in around.ledger.books(slug)["documents"]} for slug in plan.slugs}
        planted = _plant(around, plan, say)
        outcome = _Storm(around, plan, planted, before_it, say).run()
    outcome.cpu_seconds = _cpu_seconds() - before
    return outcome


def _cpu_seconds() -> float:
    """What this process and all that it has ended (workers, sandbox, Postgres) have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _plant(around: World, plan: Plan, say: Say) -> dict[str, list[Expected]]:
    planted: dict[str, list[Expected]] = {}
    for slug, count in shares(plan).items():
        papers = Papers(slug, customers=max(8, count // 200))
        firm = around.firm(slug, papers)
        documents = list(papers.documents(count))
        firm.plant(documents)
        planted[slug] = [Expected.of(each) for each in documents]
    say(f"planted {sum(map(len, planted.values())):,} documents for {len(planted)} platforms")
    return planted


def shares(plan: Plan) -> dict[str, int]:
    """How many documents each platform gets."""
    batched = [slug for slug in plan.slugs if registry.spec(slug).can(Capability.BATCH) and slug not in MANY_CALLS]
    single = [slug for slug in plan.slugs if slug not in batched]
    for_single = plan.documents if not batched else int(plan.documents * SINGLE_SHARE) if single else 0
    found = {slug: for_single // len(single) for slug in single}
    found |= {slug: (plan.documents - for_single) // len(batched) for slug in batched}
    rest = plan.documents - sum(found.values())
    first = (batched or single)[0]
    found[first] += rest
    return {slug: found[slug] for slug in plan.slugs}


class _Storm:
    """One storm on its way."""

    def __init__(
        self, around: World, plan: Plan, planted: dict[str, list[Expected]], before: Mapping[str, Collection[str]], say: Say
    ) -> None:
        self.world, self.plan, self.planted, self.before, self.say = around, plan, planted, before, say
        self.outcome = Outcome()
        self._dice = random.Random(plan.seed)
        self._fork = multiprocessing.get_context("fork")
        self._logs = Path(tempfile.mkdtemp(prefix="airbooks-storm-"))
        self._workers: list[BaseProcess] = []
        self._total = sum(map(len, planted.values()))
        self._tokens: set[str] = set()
        self._expiries = 0
        self._began = time.monotonic()

    def run(self) -> Outcome:
        self.world.set_rate(self.plan.rate)
        self._workers = [self._start(ROLES[number % len(ROLES)]) for number in range(WORKERS)]
        try:
            self._blow()
            self._calm()
        finally:
            for each in self._workers:
                each.kill()
                each.join()
        self.outcome.seconds = time.monotonic() - self._began
        self._count()
        self._judge()
        return self.outcome

    def _start(self, role: str) -> BaseProcess:
        log = str(self._logs / f"{role}.log")
        process = self._fork.Process(target=work, args=(self.world, self.plan.slugs, role, self._dice.randrange(2**32), log), name=role)
        process.start()
        return process

    # -- phases -----------------------------------------------------------------------------------------------------------------

    def _blow(self) -> None:
        """Faults, kills, expiring tokens and one crash, until nearly everything has ended."""
        events = [(0.3, self._expire_tokens), (0.5, self._crash), (0.7, self._expire_tokens)]
        killed = time.monotonic()
        for states in self._watch(until_open=self._total // 100):
            while events and self._total - _open(states) >= events[0][0] * self._total:
                events.pop(0)[1]()
            if time.monotonic() - killed > KILL_SECONDS:
                killed = time.monotonic()
                self._kill_one()
        for _, event in events:
            event()

    def _calm(self) -> None:
        """No more faults; a person answers Retry to whatever lies before people."""
        self.world.set_rate(0.0)
        for _ in self._watch(until_open=0):
            pass
        self._release()
        for _ in self._watch(until_open=0):
            pass

    def _watch(self, until_open: int) -> Iterator[Counter[str]]:
        """The states of all deliveries, again and again, until few are open, nothing moves any more, or the time is over."""
        still = _Stillness()
        said = 0.0
        while time.monotonic() - self._began < self.plan.longest_seconds:
            states = self._states()
            self._replace_dead()
            if time.monotonic() - said > PROGRESS_SECONDS:
                said = time.monotonic()
                self._tell(states)
                self._tokens |= self._held_tokens()
            yield states
            if _open(states) <= until_open or still.lasts(states):
                return
            time.sleep(min(1.0, self._total / 2_000))

    def _states(self) -> Counter[str]:
        with psycopg.connect(self.world.postgres.dsn) as database:
            return Counter(dict(database.execute("SELECT state, count(*)::int FROM airbooks.delivery GROUP BY state").fetchall()))

    def _tell(self, states: Counter[str]) -> None:
        megabytes = self.world.sandbox_megabytes()
        self.outcome.megabytes = max(self.outcome.megabytes, megabytes)
        seconds = time.monotonic() - self._began
        counted = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
        self.say(f"{seconds:6.0f} s  {counted}; {self.outcome.kills} kills; sandbox {megabytes} MB")

    # -- events -----------------------------------------------------------------------------------------------------------------

    def _kill_one(self) -> None:
        number = self._dice.randrange(len(self._workers))
        victim = self._workers[number]
        victim.kill()
        victim.join()
        self.outcome.kills += 1
        self._workers[number] = self._start(victim.name)

    def _replace_dead(self) -> None:
        """A worker that ended by itself is a violation; the storm goes on with another one."""
        for number, each in enumerate(self._workers):
            if each.exitcode is not None:
                self.outcome.whole.append(f"C: the {each.name} worker broke down ({each.exitcode})")
                self._workers[number] = self._start(each.name)

    def _crash(self) -> None:
        if self.plan.crash:
            self.world.postgres.crash()
            self.outcome.crashes += 1
            self.say(f"{time.monotonic() - self._began:6.0f} s  Postgres was killed and has recovered")

    def _expire_tokens(self) -> None:
        self._expiries += 1
        for slug in self.plan.slugs:
            self.world.ledger.move_clock(slug, TOKENS_LAST * self._expiries)

    def _release(self) -> None:
        with psycopg.connect(self.world.postgres.dsn) as database:
            rows = database.execute(
                "SELECT number FROM airbooks.delivery JOIN airbooks.document USING (document_id)"
                " WHERE delivery.state IN ('rejected', 'parked')"
            ).fetchall()
            self.outcome.released = planning.release(database, [row[0] for row in rows], "a person")

    # -- the end ----------------------------------------------------------------------------------------------------------------

    def _count(self) -> None:
        for slug, row in self.world.tally().items():
            self.outcome.calls += row["calls"]
            self.outcome.refused.update({slug: row["avoidable"]} if row["avoidable"] else {})
            self.outcome.struck.update(row["struck"])

    def _judge(self) -> None:
        with psycopg.connect(self.world.postgres.dsn) as database:
            for slug, expected in self.planted.items():
                held = live(self.world.ledger.books(slug)["documents"], self.before[slug])
                self.outcome.judgements[slug] = judge(database, self.world.firm(slug).connection, expected, held)
            self.outcome.whole += [*leaks(database, self._secrets(), self._logged()), *broken_trail(database)]
        shutil.rmtree(self._logs)

    def _secrets(self) -> set[str]:
        stored = {secret for each in self.world.connections.values() for secret in secrets_of(each)}
        return stored | self._tokens | self._held_tokens()

    def _held_tokens(self) -> set[str]:
        tokens = StoredTokens(lambda: psycopg.connect(self.world.postgres.dsn), self.world.seal)
        held = [tokens.read(self.world.firm(slug).connection) for slug in self.plan.slugs]
        return {secret for each in held if each for secret in (each.access, each.refresh)}

    def _logged(self) -> Iterator[str]:
        for path in sorted(self._logs.iterdir()):
            with path.open(encoding="utf-8", errors="replace") as file:
                yield from file


def _open(states: Counter[str]) -> int:
    return sum(states[name] for name in OPEN)


class _Stillness:
    """Tells when nothing has moved for a while."""

    def __init__(self) -> None:
        self._last: Counter[str] = Counter()
        self._since = time.monotonic()

    def lasts(self, states: Counter[str]) -> bool:
        if states != self._last:
            self._last, self._since = states, time.monotonic()
        return time.monotonic() - self._since > STILL_SECONDS
