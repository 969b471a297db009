"""The delivery engine on SyteLine: a document is entered, distributed and posted in several requests; one is there, whatever gets lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.delivery.office import CONNECTION, Office, live
from tests.platforms.infor_syteline.conftest import SLUG
from tests.platforms.infor_syteline.documents import invoice
from tests.platforms.infor_syteline.setup import codes

from airbooks.canonical import Invoice
from airbooks.platforms import registry
from airbooks.platforms.base import Account, PlatformHook
from airbooks.sandbox.server import Sandbox


class AmericanOffice(Office):
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
def office(simulator: Sandbox, postgres_url: str) -> Iterator[AmericanOffice]:
    made = AmericanOffice(postgres_url, simulator.simulators[SLUG].connection())
    yield made
    made.close()


def sale(serial: int) -> Invoice:
    return invoice(number=f"US-SI-{serial:06}", source_id=f"inv-{serial}")


def statuses(simulator: Sandbox) -> dict[str, list[str]]:
    return {number: [each.status for each in found] for number, found in live(simulator.books(SLUG).documents).items()}


LOST = {
    "head": ("reset_after_commit", "/update/SLArinvs"),
    "distribution": ("reset_after_commit", "/update/SLArinvds"),
    "no distribution": ("reset_before_commit", "/update/SLArinvds"),
    "post": ("truncated_body", "/invoke/SLArinvs"),
}


@pytest.mark.parametrize("step", LOST)
def test_an_answer_lost_at_any_step_leaves_one_posted_invoice(office: AmericanOffice, simulator: Sandbox, step: str) -> None:
    kind, path = LOST[step]
    office.plant(sale(1))
    simulator.inject(SLUG, kind, path=path)
    office.deliver_until_quiet()
    assert statuses(simulator) == {"US-SI-000001": ["open"]}
    assert office.states() == {"delivered": 1}


def test_a_document_that_posting_skips_is_for_a_person(office: AmericanOffice, simulator: Sandbox) -> None:
    office.plant(sale(1))
    simulator.inject(SLUG, "skip_posting")
    assert office.deliver() == {"refused": 1}
    assert statuses(simulator) == {"US-SI-000001": ["draft"]}
