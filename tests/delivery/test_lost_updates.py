"""An update that changes no amount, on every platform that changes what is booked: whatever becomes of its answer, it arrives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.delivery.test_corrections import CHANGING, Scene, scene_of

from airbooks.canonical import Invoice

WORDS = "pleated"


@pytest.fixture(params=sorted(CHANGING))
def scene(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[Scene]:
    yield from scene_of(request.param, postgres_url)


def worded_otherwise(scene: Scene, first: Invoice) -> Invoice:
    lines = tuple(line.model_copy(update={"name": f"{line.name}, {WORDS}"}) for line in first.lines)
    made = first.model_copy(update={"lines": lines})
    scene.firm.plant([made])
    return made


def has_the_words(scene: Scene) -> bool:
    simulator = scene.company.sandbox.simulators[scene.company.slug]
    return bool(simulator.store._database.execute("SELECT 1 FROM rows WHERE row LIKE ?", (f"%{WORDS}%",)).fetchone())


@pytest.mark.parametrize("fault", ["reset_before_commit", "reset_after_commit"])
def test_a_lost_update_arrives_and_asks_nobody(scene: Scene, fault: str) -> None:
    changed = worded_otherwise(scene, scene.booked())
    scene.company.sandbox.simulators[scene.company.slug].clock.offset += timedelta(seconds=5)  # versions that are times of change differ
    scene.company.sandbox.inject(scene.company.slug, fault, body=WORDS)
    scene.firm.deliver_until_quiet()
    (struck,) = scene.company.sandbox.faults.armed
    assert struck.struck == 1
    assert (scene.codes(), scene.firm.states()) == ([], {"delivered": 2})
    assert has_the_words(scene)
    assert scene.live(changed) == [changed.gross_total]
