"""The ceiling of the throughput report is the lowest of what the vendor's limits allow."""

from __future__ import annotations

import pytest
from tests.bench.ceiling import Calls, Made, at_best, ceiling

from airbooks.platforms.spec import Limits


@pytest.mark.parametrize(
    ("limits", "calls", "think", "per_minute", "set_by"),
    [
        (Limits(per_minute=60, batch=50), Calls(per_document=1 / 50), 0.0, 3000.0, "60 calls/min"),
        (Limits(per_second=10, per_minute=500), Calls(per_document=1.0), 0.0, 500.0, "500 calls/min"),
        (
            Limits(per_minute=500, batches_per_minute=40),
            Calls(per_document=1 / 30, batches_per_document=1 / 30),
            0.0,
            1200.0,
            "40 batches/min",
        ),
        (Limits(concurrent=2, batch=40), Calls(per_document=1 / 40), 4.0, 1200.0, "2 at once"),
        (Limits(per_second=4, concurrent=1), Calls(per_document=5.0), 1.0, 12.0, "1 at once"),
        (Limits(per_second=4, concurrent=1), Calls(per_document=5.0), 0.1, 48.0, "4 calls/s"),
    ],
)
def test_the_tightest_limit_sets_the_ceiling(limits: Limits, calls: Calls, think: float, per_minute: float, set_by: str) -> None:
    found = ceiling(limits, calls, think)
    assert found.per_minute == pytest.approx(per_minute)
    assert found.set_by == set_by


def test_without_limits_and_thinking_there_is_no_ceiling() -> None:
    assert ceiling(Limits(concurrent=4), Calls(per_document=2.0), 0.0).per_minute == float("inf")


def test_a_day_s_quota_bounds_the_day_and_not_the_minute() -> None:
    found = ceiling(Limits(per_day=1_000, per_minute=60), Calls(per_document=5.0), 0.0)
    assert (found.per_minute, found.per_day) == (12.0, 200.0)


def test_an_empty_window_takes_a_minute_s_worth_at_once() -> None:
    assert ceiling(Limits(per_minute=60, batch=50), Calls(per_document=1 / 50), 0.0).at_once == 3000.0
    assert ceiling(Limits(per_second=10), Calls(per_document=2.0), 0.0).at_once == 5.0
    assert ceiling(Limits(concurrent=2), Calls(per_document=1.0), 0.5).at_once == 0.0


def made(*times_and_scopes: tuple[float, str]) -> list[Made]:
    return [Made(at, scope) for at, scope in times_and_scopes]


def calls(count: int, scope: str = "call") -> list[Made]:
    return [Made(0.0, scope) for _ in range(count)]


@pytest.mark.parametrize(
    ("limits", "sequence", "think", "scale", "least"),
    [
        (Limits(per_minute=60), calls(60), 0.5, 1.0, 0.5),  # an empty window is taken at once
        (Limits(per_minute=60), calls(61), 0.5, 1.0, 60.5),
        (Limits(per_minute=60), calls(121), 0.0, 10.0, 12.0),
        (Limits(per_second=10, per_minute=500), calls(501), 0.0, 1.0, 60.0),
        (Limits(concurrent=2), calls(6), 0.5, 1.0, 1.5),
        (Limits(per_minute=500, batches_per_minute=40), [*calls(41, "batch"), *calls(10)], 0.0, 1.0, 60.0),
        (Limits(per_minute=60), made((-20.0, "call"), *((0.0, "call"),) * 60), 0.0, 1.0, 40.0),  # what was sent before still counts
    ],
)
def test_the_least_time_of_calls_keeps_every_window(limits: Limits, sequence: list[Made], think: float, scale: float, least: float) -> None:
    assert at_best(limits, sequence, think, scale) == pytest.approx(least)
