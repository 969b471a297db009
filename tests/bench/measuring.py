"""One platform measured: how many calls a document takes, what the limits then allow, and what was reached, in batches and singly."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from cryptography.fernet import Fernet
from tests.bench.ceiling import AT_ONCE, Ceiling, at_best, ceiling
from tests.bench.worker import Job, Work, work
from tests.faults.firm import Ledger, Pace

from airbooks.delivery.lanes import USUAL_LANES
from airbooks.paths import INCLUDE
from airbooks.platforms import registry
from airbooks.platforms.spec import Limits

REPOSITORY = Path(__file__).resolve().parents[2]
AS_FAST_AS_IT_GOES = 100_000.0  # time scale of the pilot, which only counts calls
WARM_UP = 16
ROUNDS = 4  # a measurement is at least so many full batches in every lane
WINDOWS = 3  # ... and so many full windows
QUOTA_SHARE = 0.4  # of a day's quota; the budget lets half of it go at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to measure: what the machine shall be asked for at most, for how long at least, and what a vendor takes over a call.

    Our own work is not scaled: where time passes twice as fast, it weighs twice as much as it would at the vendor's. Where it comes out of
    the time between two calls (one at once after the other), time passes at most `fastest` times as fast.
    """

    dsn: str
    documents_per_second: float = 60.0
    calls_per_second: float = 12.0
    fastest: float = 2.0
    seconds: float = 30.0
    think_seconds: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One way of sending, measured; `ratio` is the least time that its calls can take over the time that they took."""

    ratio: float
    ceiling: Ceiling
    worker: Work
    documents: int
    sandbox_processor_seconds: float

    @property
    def per_minute(self) -> float:
        """Documents in the vendor's time, for any length of time."""
        return self.ratio * self.ceiling.per_minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A platform: `scale` is how much faster time went than the vendor's."""

    slug: str
    limits: Limits
    scale: float
    batched: Reached
    singly: Reached


@dataclass(frozen=True, slots=True)
class Served:
    """A sandbox process and its connection."""

    pid: int
    ledger: Ledger

    def processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(slug: str, plan: Plan) -> Measured:
    """A pilot for the number of calls, then both ways of sending with the limits switched on."""
    limits = _limits(slug, singly=False)
    batched, singly = (_pilot(slug, plan, singly=each) for each in (False, True))
    scales = [_scale(limits, batched, plan), _scale(_limits(slug, singly=True), singly, plan)]
    with _sandbox(slug, scales[0], plan.think_seconds / scales[0]) as served:
        first = _reach(served, slug, plan, batched, scales[0], singly=False)
    half = replace(plan, seconds=plan.seconds / 2)  # it has neither batches nor lanes that have to fill
    with _sandbox(slug, scales[1], plan.think_seconds / scales[1]) as served:
        second = _reach(served, slug, half, singly, scales[1], singly=True)
    return Measured(slug=slug, limits=limits, scale=scales[0], batched=first, singly=second)


def _pilot(slug: str, plan: Plan, *, singly: bool) -> Work:
    wanted = max(WARM_UP, _limits(slug, singly=singly).batch)
    with _sandbox(slug, AS_FAST_AS_IT_GOES, 0.0) as served:
        return _run(served, slug, plan, AS_FAST_AS_IT_GOES, wanted, mode=f"pilot{singly:d}", singly=singly)


def _limits(slug: str, *, singly: bool) -> Limits:
    """The vendor's; whoever sends document by document uses neither batches nor parallel calls."""
    limits = registry.spec(slug).limits
    return replace(limits, batch=1, concurrent=1) if singly else limits


def _full_round(limits: Limits) -> int:
    return limits.batch * (limits.concurrent or 1)


def _scale(limits: Limits, pilot: Work, plan: Plan) -> float:
    """Time goes as much faster (or slower) as makes the ceiling a pace that the machine can follow."""
    allowed = ceiling(limits, pilot.calls, plan.think_seconds)
    pace = min(plan.documents_per_second, plan.calls_per_second / pilot.calls.per_document)
    scale = pace * 60.0 / allowed.per_minute
    return min(scale, plan.fastest) if allowed.set_by.endswith(AT_ONCE) else scale


def _reach(served: Served, slug: str, plan: Plan, pilot: Work, scale: float, *, singly: bool) -> Reached:
    limits = _limits(slug, singly=singly)
    wanted = _documents(limits, pilot, plan, scale, windows=0 if singly else WINDOWS)
    before = served.processor_seconds()
    done = _run(served, slug, plan, scale, wanted, mode=f"run{singly:d}", singly=singly)
    allowed = ceiling(limits, done.calls, plan.think_seconds)
    used = replace(limits, concurrent=limits.concurrent or USUAL_LANES)
    return Reached(
        ratio=at_best(used, done.made, plan.think_seconds / scale, scale) / done.seconds,
        ceiling=allowed,
        worker=done,
        documents=wanted,
        sandbox_processor_seconds=(served.processor_seconds() - before) * wanted / (wanted + WARM_UP),
    )


def _documents(limits: Limits, pilot: Work, plan: Plan, scale: float, windows: int) -> int:
    allowed = ceiling(limits, pilot.calls, plan.think_seconds)
    lasting = int(allowed.per_minute / 60.0 * scale * plan.seconds)
    wanted = max(lasting, ROUNDS * _full_round(limits), int(windows * allowed.at_once))
    if limits.per_day:
        wanted = min(wanted, int(limits.per_day * QUOTA_SHARE / pilot.calls.per_document) - WARM_UP)
    return wanted


def _run(served: Served, slug: str, plan: Plan, scale: float, wanted: int, *, mode: str, singly: bool) -> Work:
    """In a process of its own, so that its memory is its own."""
    spec = registry.spec(slug)
    job = Job(
        slug=slug,
        dsn=plan.dsn,
        stored=served.ledger.connections()[slug],
        seal_key=Fernet.generate_key(),
        pace=Pace(scale=scale, poll=spec.poll_seconds / scale, read_timeout=120.0),
        connection=f"{slug}_{mode}",
        first=_first_number(mode),
        warm_up=WARM_UP,
        documents=wanted,
        singly=singly,
    )
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, job).result()


def _first_number(mode: str) -> int:
    """Each of the four runs of a platform has numbers of its own."""
    return 1 + 200_000 * ("pilot0", "pilot1", "run0", "run1").index(mode)


@contextlib.contextmanager
def _sandbox(slug: str, scale: float, think_seconds: float) -> Iterator[Served]:
    command = [sys.executable, "-m", "tests.bench.sandbox", slug, str(scale), str(think_seconds)]
    environment = {**os.environ, "PYTHONPATH": f"{INCLUDE.parent / 'plugins'}:{REPOSITORY}"}
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True)
    with contextlib.ExitStack() as stack:
        stack.callback(process.wait)
        stack.callback(process.kill)
        assert process.stdout is not None
        ledger = Ledger(process.stdout.readline().strip())
        stack.callback(ledger.close)
        yield Served(process.pid, ledger)
