"""The delivery engine on this platform: one by one, and by jobs that are answered later; each document once either way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from tests.delivery.office import Office, live, us_invoice, us_line
from tests.platforms.netsuite.conftest import SLUG

from airbooks.platforms import registry
from airbooks.sandbox.server import Sandbox, running

CODES = {("tax_code", "US-EX"): "US_EXEMPT", ("tax_code", "US-TX"): "TX_STATE"}
BATCH = {"mode": "batch"}


@pytest.fixture
def simulator() -> Iterator[Sandbox]:
    with running([SLUG], time_scale=1000) as sandbox:
        yield sandbox


@pytest.fixture
def office(simulator: Sandbox, postgres_url: str) -> Iterator[Office]:
    made = Office(postgres_url, simulator.simulators[SLUG].connection(), CODES)
    made.kind = registry.hook_class(SLUG)
    yield made
    made.close()


def counted(simulator: Sandbox) -> dict[str, int]:
    return {number: len(found) for number, found in live(simulator.books(SLUG).documents).items()}


def deliver_all(office: Office) -> Counter[str]:
    """Batch mode until nothing is open."""
    total = office.deliver(options=BATCH)
    for _ in range(50):
        if not office.states()["accepted"]:
            break
        office.database.execute("UPDATE airbooks.delivery SET not_before = now() WHERE state = 'accepted'")
        office.database.commit()
        total += office.deliver(options=BATCH)
    return total


def test_a_job_is_taken_on_and_its_documents_are_recorded_when_it_is_done(office: Office, simulator: Sandbox) -> None:
    office.plant(us_invoice(1), us_invoice(2), us_invoice(3, us_line(dimensions={}, item_code="FLT-PRE-30")))
    total = deliver_all(office)
    assert (total["taken on"], total["booked"]) == (3, 3)
    assert counted(simulator) == {f"US-SI-{serial:06}": 1 for serial in (1, 2, 3)}


def test_an_answer_lost_in_either_mode_leaves_one_document_each(office: Office, simulator: Sandbox) -> None:
    office.plant(us_invoice(1), us_invoice(2))
    simulator.inject(SLUG, "reset_after_commit", method="POST", path="/record/v1/invoice")
    office.deliver()
    office.deliver_until_quiet()
    office.plant(us_invoice(3), us_invoice(4))
    simulator.inject(SLUG, "reset_after_commit", method="POST", path="/record/v1/invoice")
    office.deliver(options=BATCH)
    office.deliver_until_quiet()
    assert office.states() == {"delivered": 4}
    assert counted(simulator) == {f"US-SI-{serial:06}": 1 for serial in (1, 2, 3, 4)}
