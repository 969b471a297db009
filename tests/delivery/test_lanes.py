"""Inside one task several requests are on their way at once, each in a session of its own; what one of them meets spoils no other."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from tests.delivery.office import CONNECTION, Office, live, us_invoice

from airbooks.delivery import engine
from airbooks.platforms.base import PlatformHook, Sending, Sent
from airbooks.sandbox.server import Sandbox
from airbooks.staging import budget

DOCUMENTS = 90  # three batches


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


def test_a_task_takes_no_more_places_than_are_free(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    lanes: list[int] = []
    real = engine._work_off

    def work_off(desk: Any, places: Sequence[Any], steps: Sequence[Any]) -> None:
        lanes.append(len(places))
        real(desk, places, steps)

    monkeypatch.setattr(engine, "_work_off", work_off)
    office.plant(*(us_invoice(serial) for serial in range(1, DOCUMENTS + 1)))
    with office.turn() as other:
        owner = other.work.hook.counted_as("concurrent") or CONNECTION
        with budget.places(other.work.aside, owner, None, most=7):
            assert office.deliver() == {"booked": DOCUMENTS}
    assert lanes == [1]


def test_what_was_booked_is_written_when_another_lane_breaks_down(
    office: Office, quickbooks: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, broken = office.kind.create_invoices, threading.Lock()

    def create(hook: PlatformHook, batch: Sequence[Sending]) -> list[Sent]:
        if broken.acquire(blocking=False):
            raise MemoryError("a lane of this worker broke down")
        return real(hook, batch)

    office.plant(*(us_invoice(serial) for serial in range(1, DOCUMENTS + 1)))
    monkeypatch.setattr(office.kind, "create_invoices", create)
    with pytest.raises(MemoryError):
        office.deliver()
    booked = len(live(quickbooks.books("quickbooks").documents))
    assert office.states()["delivered"] == booked
    office.deliver_until_quiet()
    assert office.states() == {"delivered": DOCUMENTS}
    assert {len(found) for found in live(quickbooks.books("quickbooks").documents).values()} == {1}
