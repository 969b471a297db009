"""The delivery engine on a platform without idempotency, whose drafts are approved by a step of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.delivery.office import CONNECTION, Office, live
from tests.platforms.wave.documents import BUYER, sale, sold
from tests.platforms.wave.setup import called

from airbooks.canonical import Invoice
from airbooks.platforms.base import Account
from airbooks.platforms.wave import WaveHook
from airbooks.sandbox.server import Sandbox


class WaveOffice(Office):
    """The same outbox, worked on by this platform's hook; the connection's name is a label only."""

    def configured(self, kind: str, code: str) -> str | None:
        return called(kind, code)

    def hook(self) -> WaveHook:
        stored = self.connection
        account = Account(host=stored["host"], login=stored["login"], password=stored["password"], extra=stored["extra"])
        return WaveHook(CONNECTION, account=account, read_timeout=self.read_timeout)


@pytest.fixture
def wave(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox("wave", time_scale=60)


@pytest.fixture
def office(wave: Sandbox, postgres_url: str) -> Iterator[WaveOffice]:
    connection = wave.simulators["wave"].connection()
    made = WaveOffice(postgres_url, {**connection, "password": "sandbox-wave-full-access-token"})
    yield made
    made.close()


def numbered(serial: int) -> Invoice:
    return sale(sold(1, "FLT-PRE-30"), number=f"US-SI-{serial:06}", source_id=f"inv-{serial}", buyer=BUYER)


def statuses(wave: Sandbox) -> dict[str, list[str]]:
    return {number: [each.status for each in found] for number, found in live(wave.books("wave").documents).items()}


def test_drafts_are_checked_and_approved_in_one_turn(office: WaveOffice, wave: Sandbox) -> None:
    office.plant(numbered(1), numbered(2))
    assert office.deliver() == {"booked": 2}
    assert statuses(wave) == {"US-SI-000001": ["open"], "US-SI-000002": ["open"]}
    assert office.deliver() == {}


@pytest.mark.parametrize("step", ["mutation InvoiceCreate", "mutation InvoiceApprove"])
@pytest.mark.parametrize("kind", ["reset_after_commit", "reset_before_commit", "truncated_body", "empty_body", "error_after_commit"])
def test_an_answer_lost_at_either_step_leaves_one_approved_invoice_each(office: WaveOffice, wave: Sandbox, kind: str, step: str) -> None:
    office.plant(numbered(1), numbered(2))
    wave.inject("wave", kind, body=step)
    office.deliver()
    office.deliver_until_quiet()
    assert statuses(wave) == {"US-SI-000001": ["open"], "US-SI-000002": ["open"]}
    assert office.states() == {"delivered": 2}


def test_an_invoice_that_lists_show_late_is_not_made_twice(office: WaveOffice, wave: Sandbox) -> None:
    office.plant(numbered(1))
    wave.inject("wave", "reset_after_commit", body="mutation InvoiceCreate")
    wave.inject("wave", "search_lag", lookups=1)
    office.deliver()
    office.deliver_until_quiet()
    assert statuses(wave) == {"US-SI-000001": ["open"]}


def test_a_draft_whose_tax_differs_is_not_approved(office: WaveOffice, wave: Sandbox) -> None:
    office.plant(numbered(1))
    wave.inject("wave", "wrong_tax")
    assert office.deliver() == {"differs": 1}
    assert statuses(wave) == {"US-SI-000001": ["draft"]}
    assert [(code, number) for code, number, _ in office.exceptions()] == [("AB-ECHO", "US-SI-000001")]


@pytest.mark.parametrize("kind", ["reset_after_commit", "reset_before_commit", "truncated_body"])
def test_a_void_whose_answer_was_lost_ends_as_done(office: WaveOffice, wave: Sandbox, kind: str) -> None:
    """Wave's void deletes: that the invoice is gone is what was asked for, and nobody has to look at it."""
    office.plant(numbered(1))
    office.deliver()
    office.plant(numbered(1).model_copy(update={"cancelled": True}))
    wave.inject("wave", kind, body="mutation InvoiceDelete", times=1)
    office.deliver()
    office.deliver_until_quiet()
    assert statuses(wave) == {}
    assert (office.states(), office.exceptions()) == ({"delivered": 2}, [])


def test_a_draft_that_a_corrected_document_made_right_is_approved(office: WaveOffice, wave: Sandbox) -> None:
    office.plant(numbered(1))
    wave.inject("wave", "wrong_tax", times=1)
    assert office.deliver() == {"differs": 1}
    office.plant(numbered(1).model_copy(update={"purchase_order": "PO-2"}))
    office.deliver_until_quiet()
    assert statuses(wave) == {"US-SI-000001": ["open"]}
