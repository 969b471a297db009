"""The sandbox as a process of its own, in which a share of all calls is struck by a fault drawn by lot.

`python -m tests.faults.tempest FOLDER SCALE RATE SEED SLUG...` prints its address and serves until it is ended. Besides the sandbox's own
questions it answers GET /__tempest__/tally and takes PUT /__tempest__/rate.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import Body, FastAPI
from tests.faults.limits import is_over_limit

from airbooks.platforms import registry
from airbooks.platforms.spec import Idempotency
from airbooks.sandbox.faults import Fault, Faults, Kind
from airbooks.sandbox.kit import Row
from airbooks.sandbox.requests import RequestLog
from airbooks.sandbox.server import Door, Sandbox

# A lost answer to a log-in costs a firm its refresh token: that is a scenario of its own, and would only stop the storm.
LOG_IN = re.compile(r"token|oauth|/connect/", re.IGNORECASE)
LATE_SECONDS = 0.9  # the longest late commit: the client has given up by then, and the settle time is longer
HANG_SECONDS = 0.15

DRAWN: tuple[Fault, ...] = tuple(
    Fault(times=None, **filters)
    for filters in (
        {"kind": Kind.TIMEOUT_BEFORE_COMMIT, "seconds": HANG_SECONDS},
        {"kind": Kind.TIMEOUT_AFTER_COMMIT, "seconds": HANG_SECONDS},
        {"kind": Kind.LATE_COMMIT, "seconds": LATE_SECONDS},
        {"kind": Kind.RESET_BEFORE_COMMIT},
        {"kind": Kind.RESET_AFTER_COMMIT},
        {"kind": Kind.ERROR_BEFORE_COMMIT, "status": 502, "html": True},
        {"kind": Kind.ERROR_BEFORE_COMMIT, "status": 503},
        {"kind": Kind.ERROR_AFTER_COMMIT, "status": 504, "html": True},
        {"kind": Kind.ERROR_AFTER_COMMIT, "status": 500},
        {"kind": Kind.RATE_LIMITED, "retry_after": "1"},
        {"kind": Kind.RATE_LIMITED},
        {"kind": Kind.SLOW_DRIP, "seconds": 0.001, "chunk": 512},
        {"kind": Kind.TRUNCATED_BODY},
        {"kind": Kind.MALFORMED_BODY},
        {"kind": Kind.EMPTY_BODY},
        {"kind": Kind.DUPLICATE_DELIVERY},
    )
)


class Tempest(Faults):
    """Strikes each call with the probability `rate`, with a fault drawn from all kinds; the order of calls decides the rest."""

    def __init__(self, rate: float, seed: int) -> None:
        super().__init__()
        self.rate, self._dice = rate, random.Random(seed)
        self._repeatable = {slug for slug in registry.slugs() if registry.spec(slug).idempotency is not Idempotency.NONE}

    def choose(self, slug: str, method: str, path: str, body: bytes) -> Fault | None:
        armed = super().choose(slug, method, path, body)
        if armed is not None or self._dice.random() >= self.rate or LOG_IN.search(path):
            return armed
        drawn = self._dice.choice(DRAWN)
        # A proxy that repeats a create makes two where the vendor knows no repeats: nothing that we could send prevents it.
        if drawn.kind is Kind.DUPLICATE_DELIVERY and slug not in self._repeatable:
            return None
        return drawn


@dataclass
class Tally(RequestLog):
    """Counts instead of keeping: a storm makes more calls than anyone will read."""

    slug: str = ""
    calls: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    avoidable: int = 0  # refusals for too many calls that no fault made

    def entry(self, scope: dict[str, Any], body: bytes, fault: str | None) -> Callable[[int | None], None]:
        self.calls += 1
        if fault is not None:
            self.struck[fault] += 1

        def enter(status: int | None) -> None:
            self.avoidable += is_over_limit(self.slug, status, fault)

        return enter

    def as_row(self) -> Row:
        return {"calls": self.calls, "struck": dict(self.struck), "avoidable": self.avoidable}


def build(slugs: list[str], folder: Path, scale: float, rate: float, seed: int) -> Sandbox:
    """A sandbox with a tempest in it, not yet started."""
    sandbox = Sandbox(slugs, folder=folder, time_scale=scale)
    door = sandbox._server.config.app
    assert isinstance(door, Door)
    tempest = door.faults = sandbox.faults = Tempest(rate, seed)
    tallies = {slug: Tally(slug) for slug in slugs}
    sandbox.logs.update(tallies)
    app = door.app
    assert isinstance(app, FastAPI)

    @app.get("/__tempest__/tally")
    async def tally() -> dict[str, Row]:
        return {slug: each.as_row() for slug, each in tallies.items()}

    @app.put("/__tempest__/rate")
    async def set_rate(rate: float = Body(embed=True)) -> Row:
        tempest.rate = rate
        return {"rate": rate}

    return sandbox


def main() -> None:
    folder, scale, rate, seed, *slugs = sys.argv[1:]
    sandbox = build(slugs, Path(folder), float(scale), float(rate), int(seed))
    print(sandbox.url, flush=True)
    sandbox.serve()


if __name__ == "__main__":
    main()
