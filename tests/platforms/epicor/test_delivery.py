"""The delivery engine on this platform: whatever gets lost between head, lines and posting, each invoice is posted once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.delivery.office import CONNECTION, Office, live
from tests.platforms.company import Company
from tests.platforms.epicor.conftest import SLUG
from tests.platforms.epicor.setup import theirs

from airbooks.platforms import registry
from airbooks.platforms.base import Account, PlatformHook
from airbooks.sandbox.server import Sandbox


class AmericanOffice(Office):
    """The same outbox, worked on by this platform's hook; the connection's name is a label only."""

    def configured(self, kind: str, code: str) -> str | None:
        return theirs(kind, code)

    def hook(self) -> PlatformHook:
        stored = self.connection
        account = Account(host=stored["host"], login=stored["login"], password=stored["password"], extra=stored["extra"])
        return registry.hook_class(SLUG)(CONNECTION, account=account, read_timeout=self.read_timeout)


@pytest.fixture
def simulator(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox(SLUG, time_scale=60)


@pytest.fixture
def office(simulator: Sandbox, postgres_url: str) -> Iterator[AmericanOffice]:
    made = AmericanOffice(postgres_url, simulator.simulators[SLUG].connection())
    yield made
    made.close()


def test_a_crash_between_head_and_lines_is_completed_by_the_next_turn_and_not_doubled(office: AmericanOffice, simulator: Sandbox) -> None:
    company = Company(SLUG, simulator)
    documents = [company.small_invoice() for _ in range(2)]
    office.plant(*documents)
    simulator.inject(SLUG, "reset_after_commit", path="ARInvoiceSvc/Update")  # the head is there, its answer is not
    assert office.deliver() == {"lost": 1, "booked": 1}
    office.deliver_until_quiet()
    statuses = {number: [each.status for each in found] for number, found in live(simulator.books(SLUG).documents).items()}
    assert statuses == {each.number: ["open"] for each in documents}
    assert office.states() == {"delivered": 2}
