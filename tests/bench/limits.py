"""How much of a vendor's limits four worker processes reach, and how often they are refused: `python -m tests.bench.limits`.

Every worker calls as fast as its budget lets it. `share` is the time that the same calls would take at best, with every window of the
vendor's always full, divided by the time they took. Limits per minute run faster (60 seconds are SCALED_MINUTE).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from tests.bench.ceiling import Made, at_best, vendor_windows
from tests.bench.vendor import FORK, Seen, Window, counting, seen

from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.spec import Limits
from airbooks.platforms.wire import Budget, Complaint, Reply, Request, Wire
from airbooks.runtime.postgres import Cluster, serving
from airbooks.staging.budget import SharedBudget, buckets_of
from airbooks.staging.migrate import migrate

WORKERS = 4
SCALED_MINUTE = 5.0
RULES = (ErrorRule(name="throttled", action=Action.WAIT, outcome=Outcome.DID_NOT_HAPPEN, status=(429,)),)
OpenBudget = Callable[[str, Limits, float], Budget]


@dataclass(frozen=True, slots=True)
class Case:
    """`calls` of one scope against limits whose seconds pass `scale` times faster; each call is answered after `latency` seconds."""

    title: str
    limits: Limits
    calls: int
    scope: str = "call"
    scale: float = 1.0
    latency: float = 0.0

    @property
    def windows(self) -> list[Window]:
        """The vendor's windows, without any reserve."""
        return vendor_windows(self.limits, self.scale)

    def at_best(self) -> float:
        """Seconds between the first call and the last when every window is always full."""
        return at_best(self.limits, [Made(0.0, self.scope)] * self.calls, 0.0, self.scale)


MINUTES = 60.0 / SCALED_MINUTE
CASES = (
    Case("QuickBooks 10/s", Limits(per_second=10), 101),
    Case("QuickBooks 10/s, answers take 0.2 s", Limits(per_second=10), 301, latency=0.2),
    Case("QuickBooks 500/min", Limits(per_minute=500), 1501, scale=MINUTES),
    Case("QuickBooks 40 batches/min", Limits(per_minute=500, batches_per_minute=40), 121, scope="batch", scale=MINUTES),
    Case("FreshBooks 4/s", Limits(per_second=4), 41),
    Case("Xero 60/min", Limits(per_minute=60), 181, scale=MINUTES),
    Case("Zoho Books 100/min", Limits(per_minute=100), 301, scale=MINUTES),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a case came to."""

    case: Case
    seen: Seen
    seconds: float

    @property
    def share(self) -> float:
        times = sorted(self.seen.admitted)[: self.case.calls]
        return self.case.at_best() / (times[-1] - times[0])

    @property
    def allowed(self) -> int:
        """How many calls the limits allow in the time that these took."""
        return round((len(self.seen.admitted) - 1) / self.share) + 1


def shared_budget(postgres_url: str, limits: Limits, scale: float) -> Budget:
    database = psycopg.connect(postgres_url, autocommit=True)
    return SharedBudget(database, "bench", buckets_of(limits, scale), platform="bench")


def _throttled(reply: Reply) -> Complaint | None:
    return Complaint(message="too many calls") if reply.status == 429 else None


def _work(url: str, postgres_url: str, case: Case, opened: OpenBudget, start: Any, left: Any) -> None:
    wire = Wire(
        platform="bench",
        rules=RULES,
        budget=opened(postgres_url, case.limits, case.scale),
        read_timeout=30,
        throttle_seconds=1.0 / case.scale,
        secrets=tuple,
        read_complaint=_throttled,
        request_id=lambda _: "",
    )
    request = Request(method="POST", url=f"{url}/{case.scope}", scope=case.scope)
    start.wait()
    while _one_more(left):
        try:
            wire.send(request, dict, lambda: None)
        except PlatformError:
            with left.get_lock():
                left.value += 1


def _one_more(left: Any) -> bool:
    with left.get_lock():
        left.value -= 1
        return bool(left.value >= 0)


def measure(case: Case, postgres_url: str, opened: OpenBudget = shared_budget, workers: int = WORKERS) -> Measured:
    """Run one case with worker processes of its own; the database must be migrated."""
    start, left = FORK.Barrier(workers + 1), FORK.Value("i", case.calls)
    with counting(case.windows, case.latency) as url:
        crew = [FORK.Process(target=_work, args=(url, postgres_url, case, opened, start, left), daemon=True) for _ in range(workers)]
        for worker in crew:
            worker.start()
        start.wait()
        began = time.monotonic()
        for worker in crew:
            worker.join()
        return Measured(case, seen(url), time.monotonic() - began)


def table(results: Sequence[Measured]) -> str:
    """Limit, allowed, sent, share, refusals: a Markdown table."""
    lines = ["| limit | allowed | sent | share | 429s |", "|---|---:|---:|---:|---:|"]
    lines += [f"| {r.case.title} | {r.allowed} | {len(r.seen.admitted)} | {r.share:.1%} | {r.seen.refused} |" for r in results]
    return "\n".join(lines)


@contextmanager
def postgres() -> Iterator[Cluster]:
    """An embedded server for this bench alone; as durable as a real one, so that a take costs what it costs."""
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="airbooks-bench-")))
    try:
        with serving(cluster):
            yield cluster
    finally:
        cluster.remove()


def main(cases: Sequence[Case], opened: OpenBudget = shared_budget) -> None:
    results = []
    with postgres() as cluster:
        for number, case in enumerate(cases):
            cluster.ensure_database(f"bench_{number}")
            migrate(cluster.url(f"bench_{number}"))
            results.append(measure(case, cluster.url(f"bench_{number}"), opened))
            print(table(results[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    print(table(results))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("titles", nargs="*", help="only the limits whose title contains one of these")
    wanted = parser.parse_args().titles
    main([case for case in CASES if not wanted or any(title in case.title for title in wanted)])
