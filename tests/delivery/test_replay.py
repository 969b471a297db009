"""From a question to the books: what was held back is mended, replayed, and delivered once, with what waited for it."""

from __future__ import annotations

from tests.delivery.office import CODES, CONNECTION, Office, live, us_credit_note, us_invoice

from airbooks.sandbox.server import Sandbox
from airbooks.staging import audit
from airbooks.staging.replay import Selection, apply
from airbooks.staging.waiting import Reason, waiting


def reasons(office: Office) -> dict[str, Reason]:
    found = {line.number: group.reason for group in waiting(office.database) for line in group.lines}
    office.database.commit()
    return found


def replay(office: Office, selection: Selection) -> int:
    released = apply(office.database, selection, by="ines", reason="mapped").released
    office.database.commit()
    return released


def test_what_was_mended_is_replayed_and_delivered_once_and_what_waited_goes_after_it(office: Office, quickbooks: Sandbox) -> None:
    office.codes = {}
    office.plant(us_invoice(1), us_credit_note(1, "US-SI-000001"))
    office.deliver()
    assert reasons(office) == {"US-SI-000001": Reason.PERSON, "US-CN-000001": Reason.INVOICE}
    office.codes = dict(CODES)
    assert replay(office, Selection(documents=("US-SI-000001",))) == 1
    assert reasons(office) == {"US-SI-000001": Reason.NEXT_RUN, "US-CN-000001": Reason.INVOICE}
    assert office.exceptions() == []
    office.deliver()
    assert reasons(office) == {}
    assert {number: len(found) for number, found in live(quickbooks.books("quickbooks").documents).items()} == {
        "US-SI-000001": 1,
        "US-CN-000001": 1,
    }
    assert audit.verify(office.database) == []


def test_a_replay_of_everything_on_a_connection_sends_nothing_that_is_there(office: Office, quickbooks: Sandbox) -> None:
    office.plant(*(us_invoice(serial) for serial in range(1, 4)))
    quickbooks.inject("quickbooks", "reset_after_commit", path="/(batch|invoice)", times=1)
    office.deliver()
    assert replay(office, Selection(connection=CONNECTION)) == 0
    office.deliver_until_quiet()
    assert all(len(found) == 1 for found in live(quickbooks.books("quickbooks").documents).values())
    assert office.states() == {"delivered": 3}
