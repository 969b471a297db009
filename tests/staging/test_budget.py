"""Rate budgets: shared by all workers, never above the vendor's limit, fair, and honest about waits that are too long."""

from __future__ import annotations

import heapq
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.bench import limits

from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.spec import Limits, Urgency
from airbooks.sandbox.kit import Clock, RateWindow
from airbooks.staging.budget import HANDICAP, LONGEST_PENALTY, LONGEST_WAIT, Bucket, SharedBudget, buckets_of

START = 1_800_000_000.0


class Time:
    """A clock that only sleeping moves."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def database(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def clock() -> Time:
    return Time()


class LaterError(Exception):
    """A caller has to wait: its test goes on with others meanwhile."""


def later(seconds: float) -> None:
    raise LaterError(seconds)


OpenBudget = Callable[..., SharedBudget]


@pytest.fixture
def opened(database: psycopg.Connection, clock: Time) -> OpenBudget:
    def budget(
        limits: Limits,
        urgency: Urgency = Urgency.REALTIME,
        connection: str = "quickbooks_us",
        app: str = "",
        sleep: Callable[[float], None] = clock.sleep,
    ) -> SharedBudget:
        buckets = buckets_of(limits, counted_as=lambda limit: app if limit in limits.per_app else "")
        return SharedBudget(database, connection, buckets, platform="quickbooks", urgency=urgency, sleep=sleep, clock=clock)

    return budget


def asks(budget: SharedBudget) -> float:
    """Ask once (its sleep is `later`): 0 when the call may leave, else the seconds to wait."""
    try:
        budget.take()
    except LaterError as wait:
        return float(wait.args[0])
    return 0.0


def crowd(clock: Time, callers: Sequence[SharedBudget], trip: float, calls: int) -> list[tuple[float, int]]:
    """Let callers call all the time, each call under way for `trip` seconds; returns when which of them left."""
    steps = [(clock.now, number, "ask") for number in range(len(callers))]
    left: list[tuple[float, int]] = []
    while len(left) < calls:
        clock.now, number, what = heapq.heappop(steps)
        if what == "answer":
            callers[number].answered()
            heapq.heappush(steps, (clock.now, number, "ask"))
        elif wait := asks(callers[number]):
            heapq.heappush(steps, (clock.now + wait, number, "ask"))
        else:
            left.append((clock.now, number))
            heapq.heappush(steps, (clock.now + trip, number, "answer"))
    return left


def call(budget: SharedBudget, scope: str = "call") -> None:
    budget.take(scope)
    budget.answered()


# -- never above the vendor's limit ----------------------------------------------------------------------------------------------------


class VendorsClock(Clock):
    """The vendor's clock, as the test sets it."""

    def __init__(self) -> None:
        super().__init__()
        self.at = START

    def now(self) -> datetime:
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=self.at)


@dataclass(order=True)
class Step:
    """Something that happens at a moment: a caller asks, the vendor counts its call, or the answer is there."""

    at: float
    serial: int
    what: str = field(compare=False)
    caller: int = field(compare=False)


@dataclass(frozen=True)
class Ways:
    """How long a caller waits before its next call, and how long that is under way to the vendor and back."""

    pause: float
    there: float
    back: float
    scope: str


def waits(database: psycopg.Connection, buckets: Sequence[Bucket], caller: int, at: float) -> float:
    names, calls, seconds = [each.name for each in buckets], [each.calls for each in buckets], [each.seconds for each in buckets]
    row = database.execute(
        "SELECT airbooks.budget_take(%s, %s, %s::float8[], %s, 0, 1e9, %s)",
        (names, calls, seconds, f"{database.info.backend_pid}.{caller}", at),
    ).fetchone()
    assert row
    return float(row[0])


def answered(database: psycopg.Connection, buckets: Sequence[Bucket], caller: int, at: float) -> None:
    database.execute(
        "SELECT airbooks.budget_answered(%s, %s::float8[], %s, 0, %s)",
        ([each.name for each in buckets], [each.seconds for each in buckets], f"{database.info.backend_pid}.{caller}", at),
    )


def play(database: psycopg.Connection, buckets: Sequence[Bucket], plans: Sequence[Sequence[Ways]]) -> int:
    """Let callers work through their plans against the vendor's sliding windows; returns how many calls it refused."""
    vendor = VendorsClock()
    windows = {each.name: RateWindow(vendor, each.calls, each.seconds) for each in buckets}
    plan = [list(reversed(each)) for each in plans]
    steps = [Step(START + each[-1].pause, number, "ask", number) for number, each in enumerate(plan) if each]
    heapq.heapify(steps)
    serial, refused = len(plan), 0
    while steps:
        step = heapq.heappop(steps)
        serial += 1
        ways = plan[step.caller][-1]
        mine = [each for each in buckets if each.scope in ("call", ways.scope)]
        if step.what == "ask":
            wait = waits(database, mine, step.caller, step.at)
            following = (
                Step(step.at + wait, serial, "ask", step.caller) if wait else Step(step.at + ways.there, serial, "count", step.caller)
            )
            heapq.heappush(steps, following)
        elif step.what == "count":
            vendor.at = step.at
            refused += not all(windows[each.name].admit() for each in mine)
            heapq.heappush(steps, Step(step.at + ways.back, serial, "answer", step.caller))
        else:
            answered(database, mine, step.caller, step.at)
            plan[step.caller].pop()
            if plan[step.caller]:
                heapq.heappush(steps, Step(step.at + plan[step.caller][-1].pause, serial, "ask", step.caller))
    return refused


ways = st.builds(
    Ways,
    pause=st.sampled_from([0.0, 0.0, 0.01, 0.5, 3.0]),
    there=st.floats(0.0, 2.0),
    back=st.floats(0.0, 2.0),
    scope=st.sampled_from(["call", "call", "batch"]),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    second=st.integers(1, 5),
    minute=st.integers(3, 12),
    batches=st.integers(1, 3),
    plans=st.lists(st.lists(ways, min_size=3, max_size=10), min_size=1, max_size=4),
)
@example(second=1, minute=3, batches=1, plans=[[Ways(0.0, 2.0, 0.0, "batch"), Ways(0.0, 0.0, 0.0, "batch")] * 5] * 4)
def test_no_window_of_the_vendors_sees_more_than_its_limit_however_long_calls_are_under_way(
    database: psycopg.Connection, second: int, minute: int, batches: int, plans: list[list[Ways]]
) -> None:
    buckets = (Bucket("batch", batches, 7.0, "batch"), Bucket("minute", minute, 10.0), Bucket("second", second, 1.0))
    database.execute("TRUNCATE airbooks.budget")
    database.execute("INSERT INTO airbooks.budget (bucket) VALUES ('second'), ('minute'), ('batch')")
    assert play(database, buckets, plans) == 0
    assert database.execute("SELECT DISTINCT away::text, waiting::text FROM airbooks.budget").fetchall() == [("{}", "{}")]


@pytest.mark.parametrize("trip", [0.0, 0.02, 0.3])
def test_a_window_is_hardly_wasted_when_answers_take_evenly_long(opened: OpenBudget, clock: Time, trip: float) -> None:
    callers = [opened(Limits(per_second=10), sleep=later) for _ in range(6)]
    left = crowd(clock, callers, trip, 400)[100:]  # the first ones tell how long answers take
    assert 29.0 <= left[-1][0] - left[0][0] <= 30.0 / 0.95


def test_batches_draw_on_both_limits_and_calls_on_one(opened: OpenBudget, clock: Time) -> None:
    mine = opened(Limits(per_minute=6000, batches_per_minute=10))
    for _ in range(100):
        call(mine, "call")
    for _ in range(10):
        call(mine, "batch")
    assert clock.now == START
    call(mine, "call")
    assert clock.now == START
    call(mine, "batch")
    assert 60.0 <= clock.now - START <= 60.6


def test_a_days_quota_may_go_at_once_and_is_kept_in_one_row(database: psycopg.Connection, opened: OpenBudget, clock: Time) -> None:
    mine = opened(Limits(per_day=300))
    for _ in range(300):
        call(mine)
    assert clock.now == START
    assert database.execute("SELECT count(*) FROM airbooks.budget").fetchone() == (1,)


def test_a_spent_day_is_handed_back_instead_of_holding_the_worker(opened: OpenBudget, clock: Time) -> None:
    mine = opened(Limits(per_day=3))
    for _ in range(3):
        call(mine)
    with pytest.raises(PlatformError) as caught:
        mine.take()
    assert (caught.value.action, caught.value.outcome) == (Action.WAIT, Outcome.DID_NOT_HAPPEN)
    assert caught.value.retry_after == pytest.approx(86_400, rel=0.011)
    assert clock.now == START


def test_connections_of_one_app_share_what_the_vendor_counts_per_app(opened: OpenBudget, clock: Time) -> None:
    published = Limits(per_second=1, per_minute=5, per_app=frozenset({"minute"}), app_named_by=("login",))
    first, second = opened(published, connection="myob_au", app="app 1"), opened(published, connection="myob_nz", app="app 1")
    other = opened(published, connection="myob_fj", app="app 2")
    for _ in range(5):
        call(first)
    assert clock.now < START + 5
    call(other)
    assert clock.now < START + 5
    call(second)
    assert clock.now >= START + 60


# -- refusals --------------------------------------------------------------------------------------------------------------------------


def test_after_a_refusal_nobody_calls_for_as_long_as_the_platform_asks(opened: OpenBudget, clock: Time) -> None:
    opened(Limits(per_second=10)).penalise(30)
    call(opened(Limits(per_second=10)))
    assert clock.now >= START + 30


def test_a_platform_without_published_limits_is_left_alone_too(opened: OpenBudget, clock: Time) -> None:
    opened(Limits()).penalise(7)
    call(opened(Limits()))
    assert clock.now >= START + 7


def in_one_window(budget: SharedBudget, clock: Time) -> int:
    began, done = clock.now, 0
    while clock.now < began + 1:
        call(budget)
        done += clock.now < began + 1
    return done


def test_a_refusal_lowers_the_budget_for_a_while(opened: OpenBudget, clock: Time) -> None:
    mine = opened(Limits(per_second=10))
    mine.penalise(2)
    mine.penalise(2)  # another worker's, of the same incident
    clock.now += 2
    assert in_one_window(mine, clock) == 5
    clock.now += 10
    assert in_one_window(mine, clock) == 10


def test_workers_come_back_one_after_the_other(opened: OpenBudget, clock: Time) -> None:
    crew = [opened(Limits(per_minute=60), sleep=later) for _ in range(4)]
    crew[0].penalise(5)
    waits = []
    for worker in crew:
        waits.append(asks(worker))
        clock.now += 0.001
    assert waits == pytest.approx([5.0, 6.0, 7.0, 8.0], abs=0.01)


@pytest.mark.parametrize(("asked", "kept"), [(10.0**9, LONGEST_PENALTY), (float("inf"), LONGEST_PENALTY), (-5.0, 0.0), (3.0, 3.0)])
def test_an_absurd_pause_is_kept_within_bounds(database: psycopg.Connection, opened: OpenBudget, asked: float, kept: float) -> None:
    opened(Limits(per_minute=60)).penalise(asked)
    assert database.execute("SELECT closed_until FROM airbooks.budget").fetchone() == (START + kept,)


def test_a_pause_longer_than_a_worker_should_wait_is_handed_back(opened: OpenBudget) -> None:
    mine = opened(Limits(per_minute=60))
    mine.penalise(LONGEST_WAIT + 60)
    with pytest.raises(PlatformError) as caught:
        mine.take()
    assert caught.value.retry_after == pytest.approx(LONGEST_WAIT + 60)


# -- fair ------------------------------------------------------------------------------------------------------------------------------


def test_a_waiting_real_time_call_goes_before_hourly_calls_that_wait_longer(opened: OpenBudget, clock: Time) -> None:
    published = Limits(per_second=1)
    call(opened(published))
    hourly, realtime = opened(published, Urgency.HOURLY, sleep=later), opened(published, Urgency.REALTIME, sleep=later)
    clock.now += 0.5
    assert asks(hourly) > 0
    clock.now += 0.2
    clock.now += asks(realtime)
    assert asks(hourly) > 0
    assert asks(realtime) == 0


def test_an_hourly_call_is_not_overtaken_for_ever(opened: OpenBudget, clock: Time) -> None:
    published = Limits(per_second=1)
    callers = [opened(published, sleep=later), opened(published, sleep=later), opened(published, Urgency.HOURLY, sleep=later)]
    hourly = [at for at, number in crowd(clock, callers, 0.01, 60) if number == 2]
    gaps = [after - before for before, after in pairwise(hourly)]
    assert len(gaps) >= 3
    assert max(gaps) <= HANDICAP[Urgency.HOURLY] + 4


def test_equals_take_turns(opened: OpenBudget, clock: Time) -> None:
    callers = [opened(Limits(per_second=1), Urgency.DAILY, sleep=later) for _ in range(5)]
    counts = Counter(number for _, number in crowd(clock, callers, 0.01, 50))
    assert set(counts.values()) <= {9, 10, 11}


def test_a_little_of_a_long_window_is_kept_for_real_time_calls(opened: OpenBudget, clock: Time) -> None:
    hourly = opened(Limits(per_minute=60), Urgency.HOURLY, sleep=later)
    for _ in range(59):
        call(hourly)
    assert asks(hourly) > 0
    assert asks(opened(Limits(per_minute=60), Urgency.REALTIME, sleep=later)) == 0


def test_who_gave_up_waiting_holds_up_nobody(opened: OpenBudget, clock: Time) -> None:
    published = Limits(per_second=1)
    call(opened(published))
    gone, waits = opened(published, sleep=later), opened(published, sleep=later)
    asks(gone)
    asks(waits)
    clock.now += 2.5
    assert asks(waits) == 0


# -- worker processes ------------------------------------------------------------------------------------------------------------------


TAKES = """
import sys, time, psycopg
from airbooks.platforms.spec import Limits
from airbooks.staging.budget import SharedBudget, buckets_of
with psycopg.connect(sys.argv[1], autocommit=True) as database:
    SharedBudget(database, "c", buckets_of(Limits(per_minute=1)), platform="p", clock=lambda: float(sys.argv[2])).take()
    print("taken", flush=True)
    time.sleep(600)
"""


def test_the_call_of_a_worker_that_was_killed_is_given_back(postgres_url: str, database: psycopg.Connection, clock: Time) -> None:
    worker = subprocess.Popen([sys.executable, "-c", TAKES, postgres_url, str(START)], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "taken\n"
    mine = SharedBudget(database, "c", buckets_of(Limits(per_minute=1)), platform="p", sleep=later, clock=clock)
    clock.now += 600
    assert asks(mine) > 0
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    while database.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()").fetchone() != (1,):
        pass
    clock.now += asks(mine)
    assert asks(mine) == 0


def test_four_processes_share_a_limit_and_are_never_refused(postgres_url: str) -> None:
    case = limits.Case("", Limits(per_second=20, per_minute=600, batches_per_minute=120), 61, scope="batch", scale=30.0)
    measured = limits.measure(case, postgres_url)
    assert (len(measured.seen.admitted), measured.seen.refused) == (61, 0)
