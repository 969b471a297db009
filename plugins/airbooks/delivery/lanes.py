"""Lanes: the sessions in which one worker's requests are on their way at the same time, and the steps that they take.

A lane that finds few steps left claims and prepares the next documents while the others work, so that none of them waits for the slowest
request of a claim. A round ends when there is nothing more to claim just now, when nothing more may be sent, or when others want a place.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from airbooks.delivery.preparing import Workplace
from airbooks.delivery.sending import Desk, Lane
from airbooks.delivery.verdicts import Verdict
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import ConfigurationError, PlatformError
from airbooks.staging import budget
from airbooks.staging.outbox import LEASE_SECONDS, Claimed

USUAL_LANES = 4  # where the vendor does not say how many requests it takes at once
STEPS_AHEAD = 2  # for each lane: with fewer left, the next documents are prepared
# A claim is worked on for at most this share of its lease; what is left of it then goes back unsent.
LEASE_SHARE = 0.5

GIVES_WAY_SECONDS = 0.2  # whoever waits asks for a place every tenth of a second

Act = Callable[[Lane], None]
Item = TypeVar("Item")


def most_lanes(hook: PlatformHook) -> int:
    """How many requests the platform takes from one connection at once."""
    return hook.spec.limits.concurrent or USUAL_LANES


@contextmanager
def open_lanes(work: Workplace, most: int) -> Iterator[Sequence[Workplace]]:
    """As many of the connection's places as are free now, at least one and at most `most`, each with a session of its own.

    The first is `work` itself. Raises NoSlotError.
    """
    with ExitStack() as held:
        allowed = work.hook.spec.limits.concurrent
        owner = work.hook.counted_as("concurrent")
        places = held.enter_context(budget.places(work.aside, owner, allowed, most=most, urgency=work.urgency))
        siblings = [held.enter_context(work.hook.sibling()) for _ in range(places - 1)]
        yield [work, *(replace(work, hook=each) for each in siblings if each.has_room())]


def turns(work: Workplace, most: int) -> Generator[Sequence[Workplace], None, None]:
    """The same lanes again and again; given back, and asked for anew, when somebody else waits for a place. Raises NoSlotError.

    For questions that have no order; to be closed when there are no more.
    """
    owner = work.hook.counted_as("concurrent")
    while True:
        with open_lanes(work, most) as lanes:
            yield lanes
            while not budget.somebody_waits(work.aside, owner):
                yield lanes
        time.sleep(GIVES_WAY_SECONDS)


def giving_way(work: Workplace, items: Iterable[Item]) -> Generator[Item, None, None]:
    """The items, each asked for in one of the connection's places, which is given back between two of them when somebody else waits."""
    source = iter(items)
    with closing(turns(work, 1)) as places:
        for _ in places:
            try:
                item = next(source)
            except StopIteration:
                return
            yield item


@dataclass(frozen=True, slots=True)
class Way:
    """How claims become steps.

    `steps`: those that can go with a verdict for each that cannot; `unprepared`: verdicts for all when nothing can be prepared;
    `width`: how many requests of them can be on their way at once.
    """

    steps: Callable[[Workplace, Sequence[Claimed]], tuple[list[Act], list[Verdict]]]
    unprepared: Callable[[Workplace, Sequence[Claimed], PlatformError | ConfigurationError], list[Verdict]]
    width: Callable[[Workplace, Sequence[Claimed]], int]


@dataclass(frozen=True, slots=True)
class Taken:
    """Claimed deliveries, and until when (monotonic seconds) they may be begun."""

    claims: Sequence[Claimed]
    until: float


@dataclass(frozen=True, slots=True)
class Step:
    """What one lane does at a time, and until when it may be begun."""

    act: Act
    until: float


def taken(claims: Sequence[Claimed]) -> Taken:
    """Claimed just now."""
    return Taken(claims, time.monotonic() + LEASE_SECONDS * LEASE_SHARE)


class Supply:
    """The steps of a round for so many `lanes`. `first` is claimed already; `claim` takes more, or nothing when the round is to end."""

    def __init__(self, desk: Desk, way: Way, first: Taken, claim: Callable[[], Sequence[Claimed]], lanes: int) -> None:
        self._desk, self._way, self._claim = desk, way, claim
        self._low = STEPS_AHEAD * lanes if lanes > 1 else 0  # one alone cannot prepare while it works
        self._waiting: list[Taken] = [first]
        self._steps: deque[Step] = deque()
        self._feeding = threading.Lock()
        self._ended = self._abandoned = False

    def next(self, work: Workplace) -> Step | None:
        """The next step; None when the round is over. Prepares more in the session of `work` when there are few and nobody else does."""
        while not self._abandoned:
            self._keep_up(work)
            try:
                return self._steps.popleft()
            except IndexError:
                if self._ended:
                    break
        return None

    def abandon(self) -> None:
        """A lane broke down: the others end with what they have in hand. What is claimed is looked up later, as if its answer were lost."""
        self._ended = self._abandoned = True
        self._steps.clear()

    def _keep_up(self, work: Workplace) -> None:
        if self._enough() or not self._feeding.acquire(blocking=not self._steps):
            return
        try:
            if not self._enough():
                self._feed(work)
        finally:
            self._feeding.release()

    def _enough(self) -> bool:
        return self._ended or len(self._steps) > self._low

    def _feed(self, work: Workplace) -> None:
        claimed = self._waiting.pop() if self._waiting else taken(self._claim())
        if not claimed.claims:
            self._ended = True
            return
        try:
            steps, held = self._way.steps(work, claimed.claims)
        except (PlatformError, ConfigurationError) as error:
            steps, held = [], self._way.unprepared(work, claimed.claims, error)
        self._desk.record(held, 0.0)
        if not self._abandoned:
            self._steps.extend(Step(act, claimed.until) for act in steps)


def work_off(desk: Desk, lanes: Sequence[Workplace], supply: Supply) -> None:
    """Every lane takes the next step as soon as it is free; what one of them raises is raised when all have ended."""
    if len(lanes) == 1:
        _take_steps(Lane(lanes[0], desk), supply)
        return
    with ThreadPoolExecutor(len(lanes), thread_name_prefix="lane") as pool:
        try:
            for ended in [pool.submit(_take_steps, Lane(work, desk), supply) for work in lanes]:
                ended.result()
        except BaseException:
            supply.abandon()
            raise


def _take_steps(lane: Lane, supply: Supply) -> None:
    try:
        while step := supply.next(lane.work):
            lane.until = step.until
            step.act(lane)
    except BaseException:
        supply.abandon()
        raise
