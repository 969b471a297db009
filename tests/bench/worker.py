"""The worker's process of a measurement: one deliver task at a firm's outbox, with its calls, processor time and memory counted."""

from __future__ import annotations

import logging
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import psycopg
from cryptography.fernet import Fernet
from tests.bench.ceiling import Calls, Made
from tests.faults.firm import Firm, Pace
from tests.faults.papers import Papers

from airbooks.platforms import registry
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.spec import Urgency
from airbooks.platforms.wire import Budget
from airbooks.sandbox.kit import Row

IDLE_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a worker is to do: `warm_up` documents that do not count, then `documents`; `singly` sends one document per call."""

    slug: str
    dsn: str
    stored: Row
    seal_key: bytes
    pace: Pace
    connection: str
    first: int
    warm_up: int
    documents: int
    singly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What it took; seconds of the wall and of this process's processor, memory in bytes. `made` has the warm-up's calls, too."""

    seconds: float
    processor_seconds: float
    peak_bytes: int
    calls: Calls
    made: tuple[Made, ...]
    penalties: int
    states: dict[str, int]


class Counting:
    """A budget that keeps when what was taken from it, and how many refusals there were."""

    def __init__(self, budget: Budget, kept: Kept) -> None:
        self._budget, self._kept = budget, kept

    def take(self, scope: str = "call") -> None:
        self._budget.take(scope)
        self._kept.taken.append((time.monotonic(), scope))

    def answered(self) -> None:
        self._budget.answered()

    def penalise(self, seconds: float) -> None:
        self._kept.penalties += 1
        self._budget.penalise(seconds)

    def sibling(self) -> Counting:
        return Counting(self._budget.sibling(), self._kept)


@dataclass(slots=True)
class Kept:
    """What all sessions of a worker took, by the process's clock, and how often they were refused."""

    taken: list[tuple[float, str]] = field(default_factory=list)
    penalties: int = 0

    def since(self, began: float) -> tuple[Made, ...]:
        return tuple(Made(at - began, scope) for at, scope in sorted(self.taken))


class CountedFirm(Firm):
    """A firm whose hooks count their calls in `kept`."""

    kept: Kept

    def hook(self, aside: psycopg.Connection, urgency: Urgency = Urgency.HOURLY) -> PlatformHook:
        hook = super().hook(aside, urgency)
        hook.budget = Counting(hook.budget, self.kept)
        return hook


def work(job: Job) -> Work:
    """Deliver everything; raises RuntimeError when something was not delivered."""
    logging.disable(logging.CRITICAL)
    firm = _firm(job)
    _deliver(firm, job.warm_up)
    firm.kept.penalties = 0
    _plant(firm, job.documents)
    began, processor = time.monotonic(), _processor_seconds()
    _until_done(firm)
    seconds, spent = time.monotonic() - began, _processor_seconds() - processor
    states = dict(firm.states())
    if set(states) != {"delivered"}:
        raise RuntimeError(f"{job.slug}: not everything was delivered: {states}")
    made = firm.kept.since(began)
    return Work(
        seconds=seconds,
        processor_seconds=spent,
        peak_bytes=_peak_bytes(),
        calls=_calls(made, job.documents),
        made=made,
        penalties=firm.kept.penalties,
        states=states,
    )


def _firm(job: Job) -> CountedFirm:
    papers = Papers(job.slug, first=job.first)
    firm = CountedFirm(job.slug, job.dsn, job.stored, Fernet(job.seal_key), connection=job.connection, pace=job.pace, papers=papers)
    firm.kept = Kept()
    if job.singly:
        kind = registry.hook_class(job.slug)
        kind.spec = replace(kind.spec, limits=replace(kind.spec.limits, batch=1, concurrent=1))
    return firm


def _plant(firm: Firm, wanted: int) -> None:
    firm.plant([firm.papers.sale(position) for position in range(wanted)])


def _deliver(firm: Firm, wanted: int) -> None:
    _plant(firm, wanted)
    _until_done(firm)


def _until_done(firm: Firm) -> None:
    """Turn after turn; what the platform took on is asked for again at the platform's own pace."""
    while True:
        moved = firm.deliver()
        if not firm.open():
            return
        if not moved:
            time.sleep(IDLE_SECONDS)


def _calls(made: Sequence[Made], documents: int) -> Calls:
    scopes = Counter(call.scope for call in made if call.at >= 0)
    return Calls(per_document=scopes.total() / documents, batches_per_document=scopes["batch"] / documents)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
