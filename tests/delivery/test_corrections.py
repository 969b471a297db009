"""A changed document where the platform cannot change what is booked: the old one is voided and the new one issued, whatever breaks off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import psycopg
import pytest
from cryptography.fernet import Fernet
from tests.faults.firm import Firm, Ledger
from tests.platforms.company import Company

from airbooks.canonical import Invoice
from airbooks.platforms import registry
from airbooks.platforms.spec import Capability
from airbooks.sandbox.server import running

SEAL = Fernet(Fernet.generate_key())
REPLACING = [slug for slug in registry.slugs() if registry.spec(slug).can(Capability.REISSUE)]
CHANGING = {slug for slug in registry.slugs() if registry.spec(slug).can(Capability.UPDATE_POSTED)}
REFUSING = sorted(set(registry.slugs()) - CHANGING - set(REPLACING))
MOST_CALLS = 60
# Platforms whose replacement takes many slow calls: every third or fourth of them breaks off.
STRIDES = {"acumatica": 3, "epicor": 4}


@dataclass
class Scene:
    """One company, and the firm that delivers to it."""

    company: Company
    firm: Firm

    def booked(self) -> Invoice:
        made = self.company.small_invoice()
        self.firm.plant([made])
        self.firm.deliver_until_quiet()
        assert self.live(made) == [made.gross_total]
        return made

    def changed(self, first: Invoice) -> Invoice:
        made = self.company.invoice(self.company.line(1, quantity="3"), number=first.number, source_id=first.source_id, buyer=first.buyer)
        self.firm.plant([made])
        return made

    def live(self, document: Invoice) -> list[Decimal]:
        return [each.total for each in self.company.booked(document.number)]

    def codes(self) -> list[str]:
        with psycopg.connect(self.firm.dsn) as database:
            return [row[0] for row in database.execute("SELECT code FROM airbooks.exception WHERE state = 'open'").fetchall()]


def scene_of(slug: str, dsn: str) -> Iterator[Scene]:
    with running([slug], time_scale=1000) as sandbox:
        yield Scene(Company(slug, sandbox), Firm(slug, dsn, Ledger(sandbox.url).connections()[slug], SEAL))


@pytest.fixture(params=REPLACING)
def scene(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[Scene]:
    yield from scene_of(request.param, postgres_url)


@pytest.fixture(params=REFUSING)
def refusing(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[Scene]:
    yield from scene_of(request.param, postgres_url)


def test_a_changed_document_replaces_the_booked_one(scene: Scene) -> None:
    changed = scene.changed(scene.booked())
    scene.firm.deliver_until_quiet()
    assert scene.live(changed) == [changed.gross_total]
    assert scene.firm.states() == {"delivered": 2}


def test_a_replacement_that_breaks_off_at_any_call_ends_with_one_document(scene: Scene) -> None:
    company, firm = scene.company, scene.firm
    for call in range(0, MOST_CALLS, STRIDES.get(company.slug, 1)):
        first = scene.booked()
        changed = scene.changed(first)
        company.sandbox.inject(company.slug, "reset_after_commit", after=call)
        firm.deliver_until_quiet()
        (fault,) = company.sandbox.faults.armed
        company.sandbox.clear_faults()
        assert scene.live(changed) == [changed.gross_total], f"after call {call}: {scene.codes()}"
        if not fault.struck:
            return


def test_what_is_paid_is_not_voided_for_a_change(scene: Scene) -> None:
    company = scene.company
    first = scene.booked()
    with company.hook() as hook:
        (remote,) = hook.find_invoice(first.number, first.kind)
        payment = company.payment(first, remote, Decimal("10.00"))
        references = company.payment_references(hook, payment, remote.customer_id)
        hook.apply_payment(payment, customer_id=remote.customer_id, key="5f0c7a52-14a5-4f3b-9d0c-0b2f6a7d9e11", references=references)
    scene.changed(first)
    scene.firm.deliver_until_quiet()
    assert scene.codes() == ["AB-PAID"]
    assert scene.live(first) == [first.gross_total]


def test_where_a_number_cannot_be_issued_again_nothing_is_voided_and_a_person_is_asked(refusing: Scene) -> None:
    first = refusing.booked()
    refusing.changed(first)
    refusing.firm.deliver_until_quiet()
    assert refusing.live(first) == [first.gross_total]
    assert len(refusing.codes()) == 1
    assert refusing.codes()[0].startswith("AB-REFUSED")
