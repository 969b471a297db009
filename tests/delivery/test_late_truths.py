"""What a worker learns too late: an update that never arrived, a lease that another one took, a revision that was on its way."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from tests.delivery.office import CONNECTION, EVERYTHING, Office, live, us_invoice, us_line

from airbooks.canonical import Invoice
from airbooks.delivery.preparing import Workplace, resolve
from airbooks.platforms.base import PlatformHook, Sending
from airbooks.platforms.references import References, required_codes
from airbooks.sandbox.server import Sandbox
from airbooks.staging import outbox, planning

UPDATE = "SyncToken"  # stands in every change, and in no create


def worded_otherwise(serial: int = 1) -> Invoice:
    """The next revision: another text, and not a cent more or less."""
    return us_invoice(serial, us_line(name="Air filter element, pleated"))


def says(quickbooks: Sandbox, number: str) -> bool:
    """Whether the platform has the new text."""
    simulator = quickbooks.simulators["quickbooks"]
    rows = simulator.store._database.execute("SELECT row FROM rows WHERE row LIKE ?", (f'%"{number}"%',)).fetchall()
    return any("pleated" in row for (row,) in rows)


@pytest.mark.parametrize("fault", ["reset_before_commit", "reset_after_commit"])
def test_an_update_that_changes_no_amount_is_not_believed_before_it_was_answered(office: Office, quickbooks: Sandbox, fault: str) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    office.plant(worded_otherwise())
    quickbooks.inject("quickbooks", fault, body=UPDATE)
    assert office.deliver() == {"lost": 1}
    office.deliver_until_quiet()
    assert office.states() == {"delivered": 2}
    assert says(quickbooks, "US-SI-000001")
    assert len(live(quickbooks.books("quickbooks").documents)["US-SI-000001"]) == 1


def test_an_update_whose_worker_died_before_it_was_sent_is_sent(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    office.plant(worded_otherwise())
    with psycopg.connect(office.dsn) as database:
        outbox.claim(database, CONNECTION, EVERYTHING, 10, "a worker that died", "run")
    office.deliver_until_quiet()
    assert says(quickbooks, "US-SI-000001")


def given_up(office: Office) -> None:
    """Another worker thinks that this one is dead."""
    office.database.execute("UPDATE airbooks.delivery SET state = 'unknown', worker = '' WHERE state = 'sending'")
    office.database.commit()


def when(hook: type[PlatformHook], name: str, act: Callable[[], None], patched: pytest.MonkeyPatch) -> None:
    """`act` happens after the hook's call."""
    real = getattr(hook, name)

    def called(self: PlatformHook, *arguments: Any, **keywords: Any) -> Any:
        answer = real(self, *arguments, **keywords)
        act()
        return answer

    patched.setattr(hook, name, called)


def test_a_worker_whose_delivery_was_taken_over_while_it_looked_changes_nothing(
    office: Office, quickbooks: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    office.plant(worded_otherwise())
    when(office.kind, "get_invoice", lambda: given_up(office), monkeypatch)
    office.deliver()
    assert not says(quickbooks, "US-SI-000001")
    monkeypatch.undo()
    office.deliver_until_quiet()
    assert says(quickbooks, "US-SI-000001")


def test_a_look_renews_the_lease_of_what_it_looked_at(office: Office, quickbooks: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def nearly_over() -> None:
        office.database.execute("UPDATE airbooks.delivery SET lease_until = now() + interval '1 second' WHERE state = 'sending'")
        office.database.commit()

    left: list[float] = []

    def ask() -> None:
        left.append(office.one("SELECT extract(epoch FROM lease_until - now())::float8 FROM airbooks.delivery WHERE state = 'sending'"))
        office.database.commit()

    office.plant(us_invoice(1))
    office.deliver()
    office.plant(worded_otherwise())
    when(office.kind, "get_invoice", nearly_over, monkeypatch)
    when(office.kind, "update_invoice", ask, monkeypatch)
    office.deliver()
    assert left[0] > outbox.LEASE_SECONDS / 2


def test_what_was_planned_as_new_while_its_earlier_revision_was_on_its_way_becomes_an_update(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    office.plant(worded_otherwise())
    office.database.execute("UPDATE airbooks.delivery SET operation = 'create' WHERE state = 'pending'")
    office.database.commit()
    office.deliver_until_quiet()
    assert len(live(quickbooks.books("quickbooks").documents)["US-SI-000001"]) == 1
    assert says(quickbooks, "US-SI-000001")
    assert office.states() == {"delivered": 2}


def test_only_one_run_plans_at_a_time(office: Office) -> None:
    with psycopg.connect(office.dsn) as one, psycopg.connect(office.dsn) as other:
        planning.plan(one, {CONNECTION: "quickbooks"}, "one")
        other.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            planning.plan(other, {CONNECTION: "quickbooks"}, "other")


def test_a_document_has_one_delivery_for_a_connection(office: Office) -> None:
    office.plant(us_invoice(1))
    with pytest.raises(psycopg.errors.UniqueViolation):
        office.database.execute(
            "INSERT INTO airbooks.delivery (document_id, connection, platform, operation)"
            " SELECT document_id, connection, platform, 'update' FROM airbooks.delivery"
        )


def test_answers_and_look_ups_are_owed_whatever_became_of_the_document(office: Office) -> None:
    office.plant(us_invoice(1), us_invoice(2), us_invoice(3))
    for number, ways in {"US-SI-000001": ["sending", "unknown"], "US-SI-000002": ["sending", "accepted"]}.items():
        for state in ways:
            office.database.execute(
                "UPDATE airbooks.delivery SET state = %s WHERE document_id = (SELECT document_id FROM airbooks.document WHERE number = %s)",
                [state, number],
            )
    office.database.execute("UPDATE airbooks.document SET is_current = false")
    assert planning.open_work(office.database, [CONNECTION]) == {CONNECTION: 2}
    assert len(planning.chunks(office.database, CONNECTION, 1)) == 2


def test_what_a_person_made_of_it_there_is_not_overwritten_before_they_were_asked(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    edited_there(office, us_invoice(1, us_line(quantity="7")))
    office.plant(worded_otherwise())
    assert office.deliver() == {"refused": 1}
    assert [row[0] for row in office.exceptions()] == ["AB-CHANGED"]
    assert [each.total for each in live(quickbooks.books("quickbooks").documents)["US-SI-000001"]] == [Decimal("591.50")]
    planning.release(office.database, ["US-SI-000001"], "a person")
    office.database.commit()
    office.deliver_until_quiet()
    assert [each.total for each in live(quickbooks.books("quickbooks").documents)["US-SI-000001"]] == [Decimal("169.00")]


def edited_there(office: Office, document: Invoice) -> None:
    """A person changes the booked document on the platform."""
    with office.turn() as run:
        remote = run.work.hook.get_invoice(office.one("SELECT max(remote_id) FROM airbooks.delivery"), document.kind)
        assert remote
        references = References(customer=remote.customer_id, entries=_entries(run.work), settings=run.work.hook.settings())
        sent = run.work.hook.update_invoice(Sending(key=str(uuid4()), document=document, references=references), remote)
        assert sent.error is None


def _entries(work: Workplace) -> dict[Any, Any]:
    resolved, missing = resolve(work, required_codes(us_invoice(1), work.hook.spec.reference_kinds))
    assert not missing
    return dict(resolved)
