"""The delivery engine on a platform that takes releases on: nothing is sent again, and every turn has a session of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from tests.delivery.office import CONNECTION, Office, live, us_invoice, us_line
from tests.platforms.acumatica.setup import codes

from airbooks.canonical import Invoice
from airbooks.platforms import registry
from airbooks.platforms.acumatica.sandbox import AcumaticaSimulator
from airbooks.platforms.base import Account, PlatformHook
from airbooks.sandbox.server import Sandbox

SLUG = "acumatica"


class HarbourOffice(Office):
    """The same outbox, worked on by this platform's hook; the connection's name is a label only."""

    def configured(self, kind: str, code: str) -> str | None:
        return codes(kind, code)

    def hook(self) -> PlatformHook:
        stored = self.connection
        account = Account(host=stored["host"], login=stored["login"], password=stored["password"], extra=stored["extra"])
        return registry.hook_class(SLUG)(CONNECTION, account=account, read_timeout=self.read_timeout)


@pytest.fixture
def simulator(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox(SLUG, time_scale=60)


@pytest.fixture
def office(simulator: Sandbox, postgres_url: str) -> Iterator[HarbourOffice]:
    made = HarbourOffice(postgres_url, simulator.simulators[SLUG].connection())
    yield made
    made.close()


def sale(serial: int) -> Invoice:
    return us_invoice(serial, us_line(item_code="FLT-PRE-30"))


def statuses(simulator: Sandbox) -> dict[str, list[str]]:
    return {number: [each.status for each in found] for number, found in live(simulator.books(SLUG).documents).items()}


def test_releases_that_are_taken_on_are_recorded_later_and_sent_once(office: HarbourOffice, simulator: Sandbox) -> None:
    server = simulator.simulators[SLUG]
    assert isinstance(server, AcumaticaSimulator)
    simulator.inject(SLUG, "release_slow", seconds=20.0)
    office.plant(sale(1), sale(2))
    assert office.deliver() == {"taken on": 2}
    assert server.sessions.live == {}
    assert office.deliver() == {"still open": 2}
    assert statuses(simulator) == {"US-SI-000001": ["draft"], "US-SI-000002": ["draft"]}
    server.clock.offset = timedelta(seconds=21)
    assert office.deliver() == {"booked": 2}
    assert statuses(simulator) == {"US-SI-000001": ["open"], "US-SI-000002": ["open"]}
    assert server.sessions.live == {}
    confirmed = "confirmed_at IS NOT NULL AND remote_total = 169.00 AND ticket = ''"
    assert office.one(f"SELECT count(*) FROM airbooks.delivery WHERE {confirmed}") == 2


@pytest.mark.parametrize("path", ["SalesInvoice$|SalesInvoice[?]", "ReleaseSalesInvoice$"], ids=["written", "released"])
def test_an_answer_lost_at_either_step_leaves_one_released_invoice(office: HarbourOffice, simulator: Sandbox, path: str) -> None:
    simulator.inject(SLUG, "release_at_once")
    simulator.inject(SLUG, "reset_after_commit", path=path, body="Type", times=1)
    office.plant(sale(1))
    assert office.deliver_until_quiet()["lost"] == 1
    assert statuses(simulator) == {"US-SI-000001": ["open"]}
