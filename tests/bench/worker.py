"""The worker's process of a measurement: one deliver task at a firm's outbox, with its calls, processor time and memory counted."""

from __future__ import annotations

import logging
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace

import psycopg
from cryptography.fernet import Fernet
from tests.bench.ceiling import Calls
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
    """What it took; seconds of the wall and of this process's processor, memory in bytes."""

    seconds: float
    processor_seconds: float
    peak_bytes: int
    calls: Calls
    penalties: int
    states: dict[str, int]


class Counting:
    """A budget that counts what is taken from it."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.taken: Counter[str] = Counter()

    def take(self, scope: str = "call") -> None:
        self._budget.take(scope)
        self.taken[scope] += 1

    def answered(self) -> None:
        self._budget.answered()

    def penalise(self, seconds: float) -> None:
        self.taken["penalty"] += 1
        self._budget.penalise(seconds)

    def sibling(self) -> Counting:
        twin = Counting(self._budget.sibling())
        twin.taken = self.taken
        return twin


class CountedFirm(Firm):
    """A firm whose hooks count their calls in `taken`."""

    taken: Counter[str]

    def hook(self, aside: psycopg.Connection, urgency: Urgency = Urgency.HOURLY) -> PlatformHook:
        hook = super().hook(aside, urgency)
        counting = Counting(hook.budget)
        counting.taken = self.taken
        hook.budget = counting
        return hook


def work(job: Job) -> Work:
    """Deliver everything; raises RuntimeError when something was not delivered."""
    logging.disable(logging.CRITICAL)
    firm = _firm(job)
    _deliver(firm, job.warm_up)
    firm.taken.clear()
    _plant(firm, job.documents)
    began, processor = time.monotonic(), _processor_seconds()
    _until_done(firm)
    seconds, spent = time.monotonic() - began, _processor_seconds() - processor
    states = dict(firm.states())
    if set(states) != {"delivered"}:
        raise RuntimeError(f"{job.slug}: not everything was delivered: {states}")
    return Work(
        seconds=seconds,
        processor_seconds=spent,
        peak_bytes=_peak_bytes(),
        calls=_calls(firm.taken, job.documents),
        penalties=firm.taken["penalty"],
        states=states,
    )


def _firm(job: Job) -> CountedFirm:
    papers = Papers(job.slug, first=job.first)
    firm = CountedFirm(job.slug, job.dsn, job.stored, Fernet(job.seal_key), connection=job.connection, pace=job.pace, papers=papers)
    firm.taken = Counter()
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


def _calls(taken: Counter[str], documents: int) -> Calls:
    everything = sum(count for scope, count in taken.items() if scope != "penalty")
    return Calls(per_document=everything / documents, batches_per_document=taken["batch"] / documents)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
