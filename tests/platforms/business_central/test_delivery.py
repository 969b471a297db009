"""The delivery engine on a platform whose drafts are posted by a step of their own: once, whatever gets lost between the steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.delivery.office import CONNECTION, Office, live
from tests.platforms.business_central.conftest import SLUG
from tests.platforms.business_central.documents import credit_note, invoice, line, theirs

from airbooks.canonical import Invoice
from airbooks.platforms import registry
from airbooks.platforms.base import Account, PlatformHook
from airbooks.platforms.references import ReferenceKind
from airbooks.sandbox.server import Sandbox


class GermanOffice(Office):
    """The same outbox, worked on by this platform's hook; the connection's name is a label only."""

    def configured(self, kind: str, code: str) -> str | None:
        return theirs(ReferenceKind(kind), code)

    def hook(self) -> PlatformHook:
        stored = self.connection
        account = Account(host=stored["host"], login=stored["login"], password=stored["password"], extra=stored["extra"])
        return registry.hook_class(SLUG)(CONNECTION, account=account, read_timeout=self.read_timeout)


@pytest.fixture
def simulator(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox(SLUG, time_scale=60)


@pytest.fixture
def office(simulator: Sandbox, postgres_url: str) -> Iterator[GermanOffice]:
    made = GermanOffice(postgres_url, simulator.simulators[SLUG].connection())
    yield made
    made.close()


def sale(serial: int) -> Invoice:
    return invoice(number=f"EU-SI-{serial:06}", source_id=f"inv-{serial}")


def statuses(simulator: Sandbox) -> dict[str, list[str]]:
    return {number: [each.status for each in found] for number, found in live(simulator.books(SLUG).documents).items()}


def test_drafts_are_checked_and_posted_in_one_turn(office: GermanOffice, simulator: Sandbox) -> None:
    office.plant(sale(1), sale(2))
    assert office.deliver() == {"booked": 2}
    assert statuses(simulator) == {"EU-SI-000001": ["open"], "EU-SI-000002": ["open"]}
    assert office.deliver() == {}


@pytest.mark.parametrize("step", [0, 1], ids=["create", "post"])
@pytest.mark.parametrize("kind", ["reset_after_commit", "reset_before_commit", "truncated_body", "empty_body", "error_after_commit"])
def test_an_answer_lost_at_either_step_leaves_one_posted_invoice_each(
    office: GermanOffice, simulator: Sandbox, kind: str, step: int
) -> None:
    office.plant(sale(1), sale(2))
    simulator.inject(SLUG, kind, path=r"\$batch", after=step)
    assert office.deliver() == {"lost": 2}
    office.deliver_until_quiet()
    assert statuses(simulator) == {"EU-SI-000001": ["open"], "EU-SI-000002": ["open"]}
    assert office.states() == {"delivered": 2}


def test_a_request_that_a_proxy_sends_twice_posts_nothing_until_a_person_says_which_is_right(
    office: GermanOffice, simulator: Sandbox
) -> None:
    office.plant(sale(1))
    simulator.inject(SLUG, "duplicate_delivery", path=r"\$batch")
    office.deliver_until_quiet()
    assert statuses(simulator) == {"EU-SI-000001": ["draft", "draft"]}
    assert len(office.exceptions()) == 1


def test_a_tax_that_the_platform_computes_otherwise_is_an_exception_and_stays_a_draft(office: GermanOffice, simulator: Sandbox) -> None:
    office.plant(sale(1))
    simulator.inject(SLUG, "wrong_tax", percent=16)
    assert office.deliver() == {"differs": 1}
    assert statuses(simulator) == {"EU-SI-000001": ["draft"]}
    [(code, number, says)] = office.exceptions()
    assert (code, number) == ("AB-ECHO", "EU-SI-000001")
    assert "tax total" in says


def test_a_locked_period_is_an_exception_and_its_draft_is_posted_once_it_is_open(office: GermanOffice, simulator: Sandbox) -> None:
    office.plant(sale(1))
    simulator.inject(SLUG, "lock_period")
    office.deliver()
    [(code, _, says)] = office.exceptions()
    assert code == "AB-REFUSED:period closed"
    assert "allowed posting" in says
    simulator.clear_faults()
    office.database.execute("UPDATE airbooks.delivery SET state = 'pending', not_before = now()")
    office.database.commit()
    assert office.deliver() == {"booked": 1}
    assert statuses(simulator) == {"EU-SI-000001": ["open"]}


def test_a_credit_note_follows_its_invoice_and_is_applied_to_it(office: GermanOffice, simulator: Sandbox) -> None:
    office.plant(invoice(source_id="inv-123"), credit_note(line(quantity="1"), source_id="cn-17"))
    office.deliver_until_quiet()
    assert statuses(simulator) == {"EU-SI-000123": ["partially_paid"], "EU-CN-000017": ["paid"]}
