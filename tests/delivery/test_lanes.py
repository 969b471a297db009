"""Inside one task several requests are on their way at once, each in a session of its own; what one of them meets spoils no other."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from tests.delivery.office import CONNECTION, Office, live, us_invoice

from airbooks.delivery import engine, lanes
from airbooks.platforms.base import PlatformHook, Sending, Sent
from airbooks.sandbox.server import Sandbox
from airbooks.staging import budget

DOCUMENTS = 90  # three batches
MANY = 600  # five claims


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lanes each round had."""
    seen = list[int]()

    def work_off(desk: Any, places: Sequence[Any], supply: Any) -> None:
        seen.append(len(places))
        lanes.work_off(desk, places, supply)

    monkeypatch.setattr("airbooks.delivery.engine.work_off", work_off)
    return seen


def test_batches_are_on_their_way_at_the_same_time(office: Office, quickbooks: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    real, meeting, sessions = office.kind.create_invoices, threading.Barrier(2), set[int]()

    def create(hook: PlatformHook, batch: Sequence[Sending]) -> list[Sent]:
        sessions.add(id(hook.wire))
        if len(sessions) <= 2:
            meeting.wait(60)  # one alone would never get on
        return real(hook, batch)

    office.plant(*(us_invoice(serial) for serial in range(1, DOCUMENTS + 1)))
    monkeypatch.setattr(office.kind, "create_invoices", create)
    assert office.deliver() == {"booked": DOCUMENTS}
    assert len(sessions) > 1
    assert {len(found) for found in live(quickbooks.books("quickbooks").documents).values()} == {1}


def test_no_request_waits_for_the_slowest_of_its_claim(office: Office, quickbooks: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second claim's documents are sent while a request of the first is still on its way."""
    real, begun, many = office.kind.create_invoices, list[int](), threading.Event()

    def create(hook: PlatformHook, batch: Sequence[Sending]) -> list[Sent]:
        begun.append(len(batch))
        if len(begun) > 4:
            many.set()
        if len(begun) == 1:
            assert many.wait(60), "a fifth request was not made before the first was answered"
        return real(hook, batch)

    office.plant(*(us_invoice(serial) for serial in range(1, 6 * 30 + 1)))
    monkeypatch.setattr(office.kind, "create_invoices", create)
    assert office.deliver() == {"booked": 180}
    assert {len(found) for found in live(quickbooks.books("quickbooks").documents).values()} == {1}


def test_a_task_lets_go_of_its_places_when_another_waits(office: Office, rounds: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    office.plant(*(us_invoice(serial) for serial in range(1, 6 * 30 + 1)))
    monkeypatch.setattr(budget, "somebody_waits", lambda *_: len(rounds) < 2)
    assert office.deliver() == {"booked": 180}
    assert len(rounds) == 2


def test_what_was_claimed_goes_back_unharmed_when_no_place_is_free(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "LONGEST_WAIT", 0.2)
    office.plant(us_invoice(1))
    real = engine._round

    def crowded(run: engine.Run, *rest: Any) -> bool:
        with office.turn() as other, budget.places(other.work.aside, run.work.hook.counted_as("concurrent"), None, most=8):
            return real(run, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(engine, "_round", crowded)
        with pytest.raises(budget.NoSlotError):
            office.deliver()
    assert office.states() == {"pending": 1}
    assert office.database.execute("SELECT failures FROM airbooks.delivery").fetchone() == (0,)
    assert office.deliver_until_quiet() == {"booked": 1}


def test_a_task_takes_no_more_places_than_are_free(office: Office, rounds: list[int]) -> None:
    office.plant(*(us_invoice(serial) for serial in range(1, DOCUMENTS + 1)))
    with office.turn() as other:
        owner = other.work.hook.counted_as("concurrent") or CONNECTION
        with budget.places(other.work.aside, owner, None, most=7):
            assert office.deliver() == {"booked": DOCUMENTS}
    assert rounds == [1]


def test_what_was_booked_is_written_when_another_lane_breaks_down(
    office: Office, quickbooks: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, broken = office.kind.create_invoices, threading.Lock()

    def create(hook: PlatformHook, batch: Sequence[Sending]) -> list[Sent]:
        if broken.acquire(blocking=False):
            raise MemoryError("a lane of this worker broke down")
        return real(hook, batch)

    office.plant(*(us_invoice(serial) for serial in range(1, MANY + 1)))
    monkeypatch.setattr(office.kind, "create_invoices", create)
    with pytest.raises(MemoryError):
        office.deliver()
    booked = len(live(quickbooks.books("quickbooks").documents))
    assert office.states()["delivered"] == booked
    assert office.states()["pending"] > 0, "the others went on claiming"
    office.deliver_until_quiet()
    assert office.states() == {"delivered": MANY}
    assert {len(found) for found in live(quickbooks.books("quickbooks").documents).values()} == {1}
