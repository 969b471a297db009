"""The delivery engine on a company with approval procedures: a draft is never taken for a booked invoice, and never made twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.delivery.office import CONNECTION, Office
from tests.platforms.sap_business_one.conftest import SLUG
from tests.platforms.sap_business_one.documents import invoice
from tests.platforms.sap_business_one.setup import codes

from airbooks.platforms import registry
from airbooks.platforms.base import Account, PlatformHook
from airbooks.sandbox.server import Sandbox, running


class GermanOffice(Office):
    """The same outbox, worked on by this platform's hook; the connection's name is a label only."""

    def configured(self, kind: str, code: str) -> str | None:
        return codes(kind, code)

    def hook(self) -> PlatformHook:
        stored = self.connection
        account = Account(host=stored["host"], login=stored["login"], password=stored["password"], extra=stored["extra"])
        return registry.hook_class(SLUG)(CONNECTION, account=account, read_timeout=self.read_timeout)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running([SLUG], time_scale=1000) as found:
        yield found


@pytest.fixture
def office(sandbox: Sandbox, postgres_url: str) -> Iterator[GermanOffice]:
    made = GermanOffice(postgres_url, sandbox.simulators[SLUG].connection())
    yield made
    made.close()


def again(office: GermanOffice) -> None:
    """A person answers Retry."""
    office.database.execute("UPDATE airbooks.delivery SET state = 'pending', not_before = now()")
    office.database.commit()


def test_an_invoice_under_approval_is_an_exception_until_it_is_approved_and_then_booked_once(
    office: GermanOffice, sandbox: Sandbox
) -> None:
    office.plant(invoice(source_id="inv-1"))
    sandbox.inject(SLUG, "approval")
    assert office.deliver() == {"refused": 1}
    [(code, _, says)] = office.exceptions()
    assert code == "AB-REFUSED:waits for approval"
    assert "not in the books" in says
    again(office)
    assert office.deliver() == {"refused": 1}
    assert len(sandbox.simulators[SLUG].store.table("Drafts")) == 1
    sandbox.inject(SLUG, "decide", decision="dasApproved")
    again(office)
    assert office.deliver() == {"booked": 1}
    assert [each.our_number for each in sandbox.books(SLUG).documents] == ["EU-SI-000123"]
    assert sandbox.simulators[SLUG].sessions.live() == 0  # type: ignore[attr-defined]
