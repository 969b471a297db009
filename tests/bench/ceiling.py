"""What a vendor's limits allow: documents per minute for any length of time, and the least time that given calls take."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.vendor import Window

from airbooks.platforms.spec import Limits

MINUTE, DAY = 60.0, 86_400.0
AT_ONCE = "at once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Calls per document: all of them (look-ups and posting, too), and those that count as batch requests."""

    per_document: float
    batches_per_document: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """Documents per minute that may be sent for any length of time, and the limit that says so.

    `at_once` is how many documents an empty window takes before it is the limit; `per_day` what a day's quota allows, None without one.
    """

    per_minute: float
    set_by: str
    per_day: float | None = None
    at_once: float = 0.0


def ceiling(limits: Limits, calls: Calls, think_seconds: float) -> Ceiling:
    """The lowest of what each limit allows.

    calls a minute / calls per document; 60 x calls a second / calls per document; batches a minute / batches per document;
    60 x calls at once / (seconds the vendor takes over a call x calls per document). The last is an assumption about the vendor's speed;
    without thinking, and without any published limit, there is no ceiling (infinity). A day's quota stands by itself: it bounds the day,
    not the minute.
    """
    allowed = {
        f"{limits.per_second} calls/s": _allowed(limits.per_second, MINUTE / calls.per_document),
        f"{limits.per_minute} calls/min": _allowed(limits.per_minute, 1 / calls.per_document),
        f"{limits.batches_per_minute} batches/min": _allowed(limits.batches_per_minute, _inverse(calls.batches_per_document)),
        f"{limits.concurrent} {AT_ONCE}": _allowed(limits.concurrent, _inverse(think_seconds * calls.per_document) * MINUTE),
    }
    set_by = min(allowed, key=lambda name: allowed[name])
    per_day = limits.per_day / calls.per_document if limits.per_day else None
    if allowed[set_by] == float("inf"):
        return Ceiling(per_minute=allowed[set_by], set_by="none published", per_day=per_day)
    windows = {"calls/s": 1 / MINUTE, "calls/min": 1.0, "batches/min": 1.0}
    at_once = allowed[set_by] * windows.get(set_by.partition(" ")[2], 0.0)
    return Ceiling(per_minute=allowed[set_by], set_by=set_by, per_day=per_day, at_once=at_once)


@dataclass(frozen=True, slots=True)
class Made:
    """One call: when it was made (seconds since the first that counts; earlier ones are negative), and its scope."""

    at: float
    scope: str


def at_best(limits: Limits, calls: Sequence[Made], think_seconds: float, scale: float = 1.0) -> float:
    """Seconds that the calls from 0 on take when all windows and all places are always full; the earlier ones only fill windows.

    Nobody can be faster without being refused: a window that was empty is taken at once, here as there. `scale` is how much faster the
    vendor's seconds and minutes pass; `think_seconds` is given in the time that passes here.
    """
    windows = [_Full(window) for window in vendor_windows(limits, scale)]
    if limits.concurrent:
        windows.append(_Full((limits.concurrent, think_seconds, "call")))
    now = 0.0
    for call in calls:
        mine = [window for window in windows if window.scope in ("call", call.scope)]
        start = call.at if call.at < 0 else max([now, *(window.free_at() for window in mine)])
        now = max(now, start)
        for window in mine:
            window.taken.append(start)
    return now + think_seconds


def vendor_windows(limits: Limits, scale: float = 1.0) -> list[Window]:
    """The windows that a vendor publishes, without any reserve; `scale` is how much faster its time passes."""
    published = (
        (limits.per_second, 1.0, "call"),
        (limits.per_minute, MINUTE, "call"),
        (limits.per_day, DAY, "call"),
        (limits.batches_per_minute, MINUTE, "batch"),
    )
    return [(allowed, seconds / scale, scope) for allowed, seconds, scope in published if allowed]


class _Full:
    """A window that takes a call as soon as one may come."""

    def __init__(self, window: Window) -> None:
        allowed, self.seconds, self.scope = window
        self.taken: deque[float] = deque(maxlen=allowed)

    def free_at(self) -> float:
        return self.taken[0] + self.seconds if len(self.taken) == self.taken.maxlen else 0.0


def _allowed(limit: int | None, each: float) -> float:
    return float("inf") if limit is None else limit * each


def _inverse(value: float) -> float:
    return 1 / value if value else float("inf")
