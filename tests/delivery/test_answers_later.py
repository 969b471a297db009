"""A platform that takes requests on and answers later: nothing is sent again before it has said what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from threading import Barrier
from typing import ClassVar

import pytest
from tests.delivery.office import CONNECTION, EVERYTHING, Office, live, us_credit_note, us_invoice, us_line

from airbooks.delivery.collecting import has_answers
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.errors import UNREADABLE_ANSWER, Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.quickbooks import QuickBooksHook
from airbooks.platforms.spec import Capability
from airbooks.sandbox.server import Sandbox
from airbooks.staging import audit, outbox
from airbooks.staging.answers import Answer, answer
from airbooks.staging.causes import AnswerKind

JOB_FAILED = ErrorRule(name="job failed", action=Action.REVIEW, outcome=Outcome.DID_NOT_HAPPEN)
JOB_FORGOTTEN = ErrorRule(name="job forgotten", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)


class Desk:
    """What the platform's clerk has on the desk: the answers that it keeps back until told."""

    def __init__(self) -> None:
        self.kept: dict[str, Sent] = {}
        self.answers = False


class DeskHook(QuickBooksHook):
    """QuickBooks, through a clerk who books at once and answers when asked later."""

    spec = replace(QuickBooksHook.spec, capabilities=QuickBooksHook.spec.capabilities | {Capability.ANSWERS_LATER})
    desk: ClassVar[Desk]

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        self.desk.kept |= {each.key: each for each in super().create_invoices(batch)}
        return [Sent(key=each.key, ticket=f"job {each.document.number}") for each in batch]

    def collect_answers(self, taken_on: Sequence[tuple[Sending, str]]) -> list[Sent]:
        return [self.desk.kept[sending.key] for sending, _ in taken_on] if self.desk.answers else []


@pytest.fixture
def desk(office: Office) -> Desk:
    DeskHook.desk = Desk()
    office.kind = DeskHook
    return DeskHook.desk


def test_an_answer_that_comes_later_is_recorded_to_the_cent(office: Office, quickbooks: Sandbox, desk: Desk) -> None:
    office.plant(us_invoice(1), us_invoice(2))
    assert office.deliver() == {"taken on": 2}
    assert office.states() == {"accepted": 2}
    desk.answers = True
    assert office.deliver() == {"booked": 2}
    confirmed = "confirmed_at IS NOT NULL AND remote_total = 169.00 AND ticket = ''"
    assert office.one(f"SELECT count(*) FROM airbooks.delivery WHERE {confirmed}") == 2
    assert {number: len(found) for number, found in live(quickbooks.books("quickbooks").documents).items()} == {
        "US-SI-000001": 1,
        "US-SI-000002": 1,
    }
    assert audit.verify(office.database) == []


def test_nothing_is_sent_again_while_the_answer_is_owed_however_often_the_run_comes_by(
    office: Office, quickbooks: Sandbox, desk: Desk
) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    for _ in range(3):
        assert office.deliver() == {"still open": 1}
    assert len(desk.kept) == 1
    desk.answers = True
    assert office.deliver() == {"booked": 1}
    assert len(live(quickbooks.books("quickbooks").documents)["US-SI-000001"]) == 1


def test_answers_are_asked_for_at_once_and_those_of_one_ticket_together(
    office: Office, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = {f"US-SI-{number:06d}": f"job {number % 2}" for number in range(1, 7)}
    both_ask = Barrier(2, timeout=20)
    asked: list[list[str]] = []

    def create(hook: DeskHook, batch: Sequence[Sending]) -> list[Sent]:
        hook.desk.kept |= {each.key: each for each in QuickBooksHook.create_invoices(hook, batch)}
        return [Sent(key=each.key, ticket=jobs[each.document.number]) for each in batch]

    def collect(hook: DeskHook, taken_on: Sequence[tuple[Sending, str]]) -> list[Sent]:
        both_ask.wait()
        asked.append([ticket for _, ticket in taken_on])
        return [hook.desk.kept[sending.key] for sending, _ in taken_on]

    monkeypatch.setattr(DeskHook, "create_invoices", create)
    monkeypatch.setattr(DeskHook, "collect_answers", collect)
    office.plant(*(us_invoice(number) for number in range(1, 7)))
    assert office.deliver() == {"taken on": 6}
    assert office.deliver() == {"booked": 6}
    assert sorted(asked) == [["job 0"] * 3, ["job 1"] * 3]


def test_a_credit_note_waits_for_an_invoice_whose_answer_is_owed(office: Office, desk: Desk) -> None:
    office.plant(us_invoice(1), us_credit_note(1, "US-SI-000001"))
    assert office.deliver() == {"taken on": 1}
    desk.answers = True
    assert office.deliver() == {"booked": 1, "taken on": 1}  # as soon as the invoice is booked
    assert office.deliver() == {"booked": 1}


def test_a_refused_job_is_a_review_and_goes_out_again_after_the_answer(office: Office, quickbooks: Sandbox, desk: Desk) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    (key,) = desk.kept
    kept = desk.kept[key]
    desk.kept[key] = Sent(key=key, error=PlatformError("Customer is on hold", platform="quickbooks", rule=JOB_FAILED))
    desk.answers = True
    assert office.deliver() == {"refused": 1}
    assert office.states() == {"rejected": 1}
    assert "Customer is on hold" in office.exceptions()[0][2]
    assert kept.remote


def test_a_job_that_the_platform_forgot_is_looked_up_and_never_sent_blindly(office: Office, quickbooks: Sandbox, desk: Desk) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    (key,) = desk.kept
    desk.kept[key] = Sent(key=key, error=PlatformError("no such job", platform="quickbooks", rule=JOB_FORGOTTEN))
    desk.answers = True
    assert office.deliver() == {"lost": 1, "found": 1}
    assert len(live(quickbooks.books("quickbooks").documents)["US-SI-000001"]) == 1


def test_an_answer_that_differs_from_what_was_sent_is_a_review(office: Office, desk: Desk) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    (key,) = desk.kept
    remote = desk.kept[key].remote
    assert remote
    assert remote.total
    desk.kept[key] = Sent(key=key, remote=remote.model_copy(update={"total": remote.total + Decimal("0.01")}))
    desk.answers = True
    assert office.deliver() == {"differs": 1}
    assert [code for code, _, _ in office.exceptions()] == ["AB-ECHO"]


def test_a_platform_that_never_answers_becomes_a_review_and_retry_asks_again_instead_of_sending(
    office: Office, quickbooks: Sandbox, desk: Desk
) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    office.overdue = -1.0
    assert office.deliver() == {"overdue": 1}
    assert office.states() == {"parked": 1}
    (found,) = office.exceptions()
    assert found[0] == "AB-OVERDUE"
    assert "job US-SI-000001" in found[2]
    cause = office.one("SELECT cause_id FROM airbooks.exception WHERE state = 'open'")
    answer(office.database, cause, Answer(kind=AnswerKind.RETRY, by="a person"))
    office.database.commit()
    assert office.states() == {"accepted": 1}
    office.overdue, desk.answers = 3600.0, True
    assert office.deliver() == {"booked": 1}
    assert len(desk.kept) == 1
    assert office.exceptions() == []


def test_nothing_waits_for_a_ticket_that_a_person_gave_up(office: Office, desk: Desk) -> None:
    office.plant(us_invoice(1))
    office.overdue = -1.0
    office.deliver()
    office.deliver()
    cause = office.one("SELECT cause_id FROM airbooks.exception WHERE state = 'open' AND code = 'AB-OVERDUE'")
    answer(office.database, cause, Answer(kind=AnswerKind.REJECT, by="a person", reason="the job was deleted there"))
    office.database.commit()
    assert office.one("SELECT ticket FROM airbooks.delivery") == ""
    office.overdue = 3600.0
    office.plant(us_invoice(1, us_line(price="99.00")))  # a later revision
    office.deliver()
    assert office.one("SELECT max(attempt) FROM airbooks.delivery WHERE state <> 'rejected'") == 1


def test_a_trigger_is_told_of_answers_without_a_trace_in_the_database(office: Office, desk: Desk) -> None:
    office.plant(us_invoice(1))
    office.deliver()
    before = office.one("SELECT to_jsonb(d)::text FROM airbooks.delivery d")
    with office.turn() as run:
        assert not has_answers(run.work, EVERYTHING)
        desk.answers = True
        assert has_answers(run.work, EVERYTHING)
    assert office.one("SELECT to_jsonb(d)::text FROM airbooks.delivery d") == before
    assert outbox.accepted(office.database, CONNECTION, EVERYTHING)


def test_an_answer_that_cannot_be_read_keeps_no_other_back(office: Office, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    office.plant(*(us_invoice(serial) for serial in range(1, 6)))
    office.deliver()
    desk.answers = True
    real = DeskHook.collect_answers

    def garbled(hook: DeskHook, taken_on: Sequence[tuple[Sending, str]]) -> list[Sent]:
        if any(ticket == "job US-SI-000003" for _, ticket in taken_on):
            raise PlatformError("not the documented form", platform="quickbooks", rule=UNREADABLE_ANSWER, status=200)
        return real(hook, taken_on)

    monkeypatch.setattr(DeskHook, "collect_answers", garbled)
    office.deliver()
    assert office.states() == {"delivered": 4, "accepted": 1}
