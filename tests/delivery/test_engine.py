"""Exactly once, against a platform that answers, refuses, falls silent and lies."""

from __future__ import annotations

import re
import threading
from datetime import date
from decimal import Decimal
from urllib.parse import unquote_plus

import pytest
from tests.delivery.office import CONNECTION, EVERYTHING, Office, live, us_credit_note, us_invoice, us_line

from airbooks.canonical import DocumentKind, RemoteDocument
from airbooks.delivery import engine
from airbooks.platforms.base import PlatformHook, Sending, Sent
from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError
from airbooks.sandbox.server import Sandbox
from airbooks.staging import audit, outbox

STALE = ErrorRule(name="stale", action=Action.REREAD, outcome=Outcome.DID_NOT_HAPPEN)
WRITES = "/(batch|invoice|creditmemo)"


def booked_once(quickbooks: Sandbox, *numbers: str) -> None:
    books = live(quickbooks.books("quickbooks").documents)
    assert {number: len(found) for number, found in books.items()} == dict.fromkeys(numbers, 1)


def test_a_chunk_is_delivered_and_confirmed_to_the_cent(office: Office, quickbooks: Sandbox) -> None:
    office.plant(*(us_invoice(serial, customer=f"C-US-{serial % 3:04}") for serial in range(1, 41)))
    tally = office.deliver()
    assert tally == {"booked": 40}
    assert office.states() == {"delivered": 40}
    assert office.one("SELECT count(*) FROM airbooks.delivery WHERE confirmed_at IS NOT NULL AND remote_total = 169.00") == 40
    booked_once(quickbooks, *(f"US-SI-{serial:06}" for serial in range(1, 41)))
    assert audit.verify(office.database) == []


def test_a_second_run_sends_nothing(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    asked = len(quickbooks.requests("quickbooks"))
    assert office.deliver() == {}
    assert len(quickbooks.requests("quickbooks")) == asked


@pytest.mark.parametrize(
    "kind", ["reset_after_commit", "truncated_body", "malformed_body", "empty_body", "error_after_commit", "timeout_after_commit"]
)
def test_an_answer_lost_after_the_commit_never_makes_a_second_invoice(office: Office, quickbooks: Sandbox, kind: str) -> None:
    office.plant(us_invoice(1), us_invoice(2))
    quickbooks.inject("quickbooks", kind, path=WRITES, times=1)
    assert office.deliver() == {"lost": 2}
    assert office.states() == {"unknown": 2}
    assert office.deliver() == {"found": 2}
    booked_once(quickbooks, "US-SI-000001", "US-SI-000002")


@pytest.mark.parametrize("kind", ["reset_before_commit", "error_before_commit", "timeout_before_commit"])
def test_a_request_lost_before_the_commit_is_sent_again_only_after_two_look_ups(office: Office, quickbooks: Sandbox, kind: str) -> None:
    office.plant(us_invoice(1))
    quickbooks.inject("quickbooks", kind, path=WRITES, times=1)
    assert office.deliver() == {"lost": 1}
    assert office.deliver() == {"absent": 1, "absent twice": 1, "booked": 1}
    asked = [unquote_plus(each.path) for each in quickbooks.requests("quickbooks")]
    first, second = (at for at, path in enumerate(asked) if re.search(WRITES + r"\?", path))
    assert sum("DocNumber" in path for path in asked[first:second]) >= 2
    booked_once(quickbooks, "US-SI-000001")


def test_nothing_is_looked_up_before_the_platforms_settle_time(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_invoice(1))
    quickbooks.inject("quickbooks", "reset_after_commit", path=WRITES, times=1)
    office.deliver(settle=3600)
    asked = len(quickbooks.requests("quickbooks"))
    assert office.deliver() == {}
    assert len(quickbooks.requests("quickbooks")) == asked
    assert office.states() == {"unknown": 1}


def test_one_refused_invoice_neither_undoes_nor_delays_the_others(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_invoice(1), us_invoice(2, number="US-SI-000001", source_id="another"), us_invoice(3))
    office.deliver_until_quiet()
    booked_once(quickbooks, "US-SI-000001", "US-SI-000003")
    assert office.states()["delivered"] >= 2


def test_an_unmapped_code_holds_back_only_its_document_and_an_answer_releases_it(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_invoice(1, us_line(tax_code="US-LUX")), us_invoice(2))
    assert office.deliver() == {"held back": 1, "booked": 1}
    ((code, number, says),) = office.exceptions()
    assert (code, number) == ("AB-MAPPING", "US-SI-000001")
    assert "tax code US-LUX has no mapping for this connection" in says
    office.codes["tax_code", "US-LUX"] = "NON"
    office.database.execute("UPDATE airbooks.delivery SET state = 'pending', generation = 2 WHERE state = 'parked'")
    office.database.commit()
    office.deliver()
    booked_once(quickbooks, "US-SI-000001", "US-SI-000002")
    assert office.exceptions() == []


def test_a_difference_in_the_echo_is_for_a_person_and_is_never_sent_again(office: Office, quickbooks: Sandbox) -> None:
    wrong = us_invoice(1)
    office.plant(wrong.model_copy(update={"gross_total": Decimal("169.01"), "tax_total": Decimal("0.01"), "amount_due": Decimal("169.01")}))
    office.deliver()
    ((code, _, says),) = office.exceptions()
    assert code == "AB-ECHO"
    assert "ours 169.01, the platform's 169" in says
    office.database.execute("UPDATE airbooks.delivery SET state = 'pending', generation = 2 WHERE state = 'parked'")
    office.database.commit()
    office.deliver()
    assert office.states() == {"parked": 1}
    assert len(quickbooks.books("quickbooks").documents) == 1


def test_a_credit_note_waits_for_its_invoice(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_credit_note(1, "US-SI-000001"), us_invoice(1))
    office.deliver()
    posted = [asked.path for asked in quickbooks.requests("quickbooks") if re.search(WRITES, asked.path)]
    assert [("invoice" in path, "creditmemo" in path) for path in posted] == [(True, False), (False, True)]
    booked_once(quickbooks, "US-SI-000001", "US-CN-000001")


def test_a_changed_document_updates_the_one_that_is_there(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    office.plant(us_invoice(1, us_line(price="90.00")))
    assert office.deliver() == {"booked": 1}
    (only,) = live(quickbooks.books("quickbooks").documents)["US-SI-000001"]
    assert only.total == Decimal("180.00")


def test_what_somebody_deleted_on_the_platform_is_never_made_again(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    remote_id = office.one("SELECT remote_id FROM airbooks.delivery")
    with office.hook() as hook:
        remote = hook.get_invoice(remote_id, DocumentKind.INVOICE)
        assert remote
        hook.void_invoice(remote, on=date(2026, 3, 20), reason="typed by hand", key="0" * 36)
    office.plant(us_invoice(1, us_line(price="90.00")))
    office.deliver()
    assert [code for code, _, _ in office.exceptions()] == ["AB-GONE"]
    assert live(quickbooks.books("quickbooks").documents) == {}


def test_throttling_delays_and_loses_nothing(office: Office, quickbooks: Sandbox) -> None:
    office.plant(*(us_invoice(serial) for serial in range(1, 6)))
    quickbooks.inject("quickbooks", "rate_limited", path=WRITES, times=2, retry_after="0")
    office.deliver_until_quiet(2)
    booked_once(quickbooks, *(f"US-SI-{serial:06}" for serial in range(1, 6)))


def test_a_withdrawn_authorisation_stops_the_connection_with_nothing_sent(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_invoice(1), us_invoice(2))
    office.connection["extra"]["refresh_token"] = "revoked"
    with pytest.raises(engine.ConnectionStoppedError, match="QuickBooks Online"):
        office.deliver()
    assert office.states() == {"pending": 2}
    assert quickbooks.books("quickbooks").documents == []


def test_a_person_hears_of_a_refused_log_in_also_when_there_is_only_something_to_look_up(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_invoice(1))
    quickbooks.inject("quickbooks", "reset_after_commit", path=WRITES, times=1)
    assert office.deliver() == {"lost": 1}
    office.connection["extra"]["refresh_token"] = "revoked"
    with pytest.raises(engine.ConnectionStoppedError, match="QuickBooks Online"):
        office.deliver()
    assert office.states() == {"unknown": 1}


def test_a_person_hears_that_nothing_may_be_looked_up(office: Office, quickbooks: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    office.plant(us_invoice(1), us_invoice(2))
    quickbooks.inject("quickbooks", "reset_after_commit", path=WRITES, times=1)
    assert office.deliver() == {"lost": 2}
    denied = ErrorRule(name="permission denied", action=Action.STOP, outcome=Outcome.DID_NOT_HAPPEN)

    def refuse(*_: object) -> None:
        raise PlatformError("the user may not search", platform="quickbooks", rule=denied)

    with monkeypatch.context() as patched:
        patched.setattr(office.kind, "find_invoices", refuse)
        with pytest.raises(engine.ConnectionStoppedError, match="the user may not search"):
            office.deliver()
    assert office.states() == {"unknown": 2}
    assert office.deliver_until_quiet()["found"] == 2
    booked_once(quickbooks, "US-SI-000001", "US-SI-000002")


def test_overlapping_workers_deliver_every_invoice_once(office: Office, quickbooks: Sandbox) -> None:
    office.plant(*(us_invoice(serial, customer=f"C-US-{serial % 5:04}") for serial in range(1, 101)))
    workers = [threading.Thread(target=office.deliver) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert office.states() == {"delivered": 100}
    booked_once(quickbooks, *(f"US-SI-{serial:06}" for serial in range(1, 101)))
    assert audit.verify(office.database) == []


def test_a_worker_given_up_for_dead_can_no_longer_write(office: Office) -> None:
    office.plant(us_invoice(1))
    (claimed,) = outbox.claim(office.database, CONNECTION, EVERYTHING, 10, "the slow one", "run")
    office.database.commit()
    assert outbox.give_up_dead(office.database, CONNECTION, 0.0, "run") == 1
    late = outbox.Record(delivery_id=claimed.delivery_id, attempt=claimed.attempt, state="delivered", remote_id="1")
    taken = outbox.claim_open(office.database, CONNECTION, "unknown", 10, "the next one")
    assert len(taken) == 1
    assert outbox.record(office.database, "the slow one", [late]) == set()
    office.database.commit()
    assert office.states() == {"unknown": 1}


@pytest.mark.parametrize("by_somebody", [False, True])
def test_a_stale_version_is_read_anew_once_and_what_somebody_changed_is_not_overwritten(
    office: Office, quickbooks: Sandbox, monkeypatch: pytest.MonkeyPatch, by_somebody: bool
) -> None:
    """A payment that came in only moves the version on; another total is somebody's change."""
    office.plant(us_invoice(1))
    office.deliver()
    real_update, real_get, updates = office.kind.update_invoice, office.kind.get_invoice, []

    def update(hook: PlatformHook, sending: Sending, remote: RemoteDocument) -> Sent:
        updates.append(remote)
        if len(updates) == 1:
            raise PlatformError("the version is stale", platform="quickbooks", rule=STALE, status=400)
        return real_update(hook, sending, remote)

    def get(hook: PlatformHook, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        found = real_get(hook, remote_id, kind)
        return found.model_copy(update={"total": Decimal("1.00")}) if found and updates and by_somebody else found

    monkeypatch.setattr(office.kind, "update_invoice", update)
    monkeypatch.setattr(office.kind, "get_invoice", get)
    office.plant(us_invoice(1, us_line(quantity="3")))
    tally = office.deliver()
    assert len(updates) == (1 if by_somebody else 2)
    assert tally == ({"refused": 1} if by_somebody else {"booked": 1})
    assert [code for code, _, _ in office.exceptions()] == (["AB-CHANGED"] if by_somebody else [])
    (booked,) = live(quickbooks.books("quickbooks").documents)["US-SI-000001"]
    assert booked.total == Decimal("169.00" if by_somebody else "253.50")
