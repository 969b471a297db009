"""The delivery engine on a platform that creates in batches, invoices in a step of its own and a moment later."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.delivery.office import CONNECTION, Office, account
from tests.platforms.brightpearl.conftest import SLUG
from tests.platforms.brightpearl.documents import BUYER, invoice, line
from tests.platforms.brightpearl.setup import code

from airbooks.canonical import Invoice
from airbooks.platforms.brightpearl import BrightpearlHook
from airbooks.platforms.brightpearl.sandbox.simulator import ACCOUNT_TOKEN
from airbooks.sandbox.server import Sandbox


class BrightpearlOffice(Office):
    """The same outbox, worked on by this platform's hook; the connection's name is a label only."""

    def configured(self, kind: str, ours: str) -> str | None:
        return code(kind, ours)

    def hook(self) -> BrightpearlHook:
        return BrightpearlHook(CONNECTION, account=account(self.connection), read_timeout=self.read_timeout)


@pytest.fixture
def simulated(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox(SLUG, time_scale=1000)


@pytest.fixture
def office(simulated: Sandbox, postgres_url: str) -> Iterator[BrightpearlOffice]:
    stored = simulated.simulators[SLUG].connection()
    made = BrightpearlOffice(postgres_url, {**stored, "password": ACCOUNT_TOKEN, "extra": {**stored["extra"], "auth": "account_token"}})
    yield made
    made.close()


def numbered(serial: int) -> Invoice:
    return invoice(line(1, str(serial)), number=f"UK-SI-9{serial:05}", source_id=f"inv-{serial}", buyer=BUYER)


def statuses(simulated: Sandbox) -> list[tuple[str, str]]:
    return sorted((each.our_number, each.status) for each in simulated.books(SLUG).documents)


BOTH_OPEN = [("UK-SI-900001", "open"), ("UK-SI-900002", "open")]


def test_orders_are_created_checked_and_invoiced_in_one_turn(office: BrightpearlOffice, simulated: Sandbox) -> None:
    office.plant(numbered(1), numbered(2))
    assert office.deliver() == {"booked": 2}
    assert statuses(simulated) == BOTH_OPEN
    assert office.deliver() == {}


@pytest.mark.parametrize("step", ['"httpMethod":"POST","body":{"customer"', "/close"])
@pytest.mark.parametrize("kind", ["reset_after_commit", "reset_before_commit", "truncated_body"])
def test_an_answer_lost_at_either_step_leaves_one_invoice_each(office: BrightpearlOffice, simulated: Sandbox, kind: str, step: str) -> None:
    office.plant(numbered(1), numbered(2))
    simulated.inject(SLUG, kind, body=step)
    office.deliver()
    assert sum(fault.struck for fault in simulated.faults.armed) == 1
    office.deliver_until_quiet()
    assert statuses(simulated) == BOTH_OPEN
    assert office.states() == {"delivered": 2}


def test_an_order_whose_tax_differs_is_not_invoiced(office: BrightpearlOffice, simulated: Sandbox) -> None:
    office.plant(numbered(1))
    simulated.inject(SLUG, "wrong_tax", times=1)
    assert office.deliver() == {"differs": 1}
    assert statuses(simulated) == [("UK-SI-900001", "draft")]
    assert [found for found, *_ in office.exceptions()] == ["AB-ECHO"]


def test_an_invoice_that_comes_late_is_found_and_not_made_twice(
    office: BrightpearlOffice, simulated: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    office.plant(numbered(1))
    simulated.inject(SLUG, "slow_invoice", reads=9, times=1)
    assert office.deliver() == {"lost": 1}
    office.deliver_until_quiet()
    assert statuses(simulated) == [("UK-SI-900001", "open")]
    assert office.states() == {"delivered": 1}
