"""What the sales system takes back is voided where it was booked, once, and only where the platform agrees."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest
from tests.delivery.office import Office, live, us_invoice
from tests.delivery.test_corrections import Scene, scene_of
from tests.delivery.test_engine import WRITES

from airbooks.canonical import Invoice
from airbooks.platforms import registry
from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.spec import Capability
from airbooks.sandbox.server import Sandbox


@pytest.fixture(params=[slug for slug in registry.slugs() if registry.spec(slug).can(Capability.VOID)])
def scene(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[Scene]:
    yield from scene_of(request.param, postgres_url)


def cancelled(document: Invoice) -> Invoice:
    return document.model_copy(update={"cancelled": True})


def test_a_cancelled_document_is_voided_on_its_platform(scene: Scene) -> None:
    first = scene.booked()
    scene.firm.plant([cancelled(first)])
    scene.firm.deliver_until_quiet()
    assert scene.live(first) == []
    assert scene.firm.states() == {"delivered": 2}
    scene.firm.plant([])
    assert scene.firm.deliver() == {}


def test_a_void_that_the_platform_refuses_stays_open_with_its_remedy(scene: Scene) -> None:
    company = scene.company
    first = scene.booked()
    with company.hook() as hook:
        (remote,) = hook.find_invoice(first.number, first.kind)
        payment = company.payment(first, remote, Decimal("10.00"))
        references = company.payment_references(hook, payment, remote.customer_id)
        hook.apply_payment(payment, customer_id=remote.customer_id, key="5f0c7a52-14a5-4f3b-9d0c-0b2f6a7d9e11", references=references)
    scene.firm.plant([cancelled(first)])
    scene.firm.deliver_until_quiet()
    with psycopg.connect(scene.firm.dsn) as database:
        asked = database.execute("SELECT number, fix FROM airbooks.exception WHERE state = 'open'").fetchall()
    if scene.live(first):
        assert [number for number, _ in asked] == [first.number]
        assert all(fix for _, fix in asked)
        assert scene.firm.states() == {"delivered": 1, "rejected": 1}
    else:  # some platforms take payments off by themselves
        assert asked == []


def test_what_was_never_sent_is_never_sent_when_it_is_cancelled(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_invoice(1))
    office.plant(us_invoice(1, cancelled=True))
    office.deliver_until_quiet()
    assert live(quickbooks.books("quickbooks").documents) == {}
    assert office.states() == {"rejected": 1}


@pytest.mark.parametrize("fault", ["reset_after_commit", "reset_before_commit"])
def test_a_document_cancelled_while_its_booking_is_unknown_is_found_and_voided(office: Office, quickbooks: Sandbox, fault: str) -> None:
    office.plant(us_invoice(1))
    quickbooks.inject("quickbooks", fault, path=WRITES, times=1)
    office.deliver(settle=0.0)
    office.plant(us_invoice(1, cancelled=True))
    office.deliver_until_quiet()
    office.plant()  # the next run plans again
    assert live(quickbooks.books("quickbooks").documents) == {}
    assert office.one("SELECT count(*) FROM airbooks.delivery WHERE state NOT IN ('delivered', 'rejected')") == 0


def test_a_platform_that_claims_a_live_document_to_be_void_is_not_believed(
    office: Office, quickbooks: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.plant(us_invoice(1))
    office.deliver_until_quiet()
    void_already = ErrorRule(name="void already", action=Action.LOOK_UP, outcome=Outcome.HAPPENED)

    def claims(*_: object, **__: object) -> None:
        raise PlatformError("it is void already", platform="quickbooks", rule=void_already, status=400)

    monkeypatch.setattr(office.kind, "void_invoice", claims)
    office.plant(us_invoice(1, cancelled=True))
    office.deliver_until_quiet()
    assert list(live(quickbooks.books("quickbooks").documents)) == ["US-SI-000001"]
    assert office.one("SELECT state FROM airbooks.delivery WHERE operation = 'void'") != "delivered"
