"""Posting by the task agent: what is submitted is answered later, and nothing waits for it in the meantime."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from tests.platforms.company import today
from tests.platforms.epicor.conftest import Desk

from airbooks.canonical import DocumentStatus, RemoteDocument
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.epicor.hook import EpicorHook
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.tokens import MemoryTokens


@pytest.fixture
def agent(desk: Desk) -> Iterator[EpicorHook]:
    """A hook on the same company whose posting is the task agent's."""
    with desk.company.hook(tokens=MemoryTokens(), extra={"post_mode": "agent"}) as hook:
        assert isinstance(hook, EpicorHook)
        yield hook


def submitted(desk: Desk, hook: EpicorHook) -> tuple[Sending, RemoteDocument, str]:
    """The small invoice and the ticket of its posting."""
    sending, draft = desk.draft()
    (sent,) = hook.post_invoices([(sending, draft)])
    assert (sent.error, bool(sent.ticket)) == (None, True)
    return sending, draft, sent.ticket


def asked(desk: Desk, hook: EpicorHook, sending: Sending, ticket: str) -> Sent:
    return desk.company.final(hook, sending, Sent(key=sending.key, ticket=ticket))


def test_what_is_submitted_is_a_ticket_and_nobody_looks_before_it_is_asked_for(desk: Desk, agent: EpicorHook) -> None:
    desk.inject("stop_agent")
    start = desk.so_far()
    sending, draft, ticket = submitted(desk, agent)
    assert desk.asked("SysTasks", start) == []
    (waiting,) = agent.collect_answers([(sending, ticket)])
    assert (waiting.error, waiting.ticket) == (None, ticket)
    assert desk.now(draft).status is DocumentStatus.DRAFT
    desk.simulator.clear_faults()
    posted = asked(desk, agent, sending, ticket)
    assert posted.remote is not None
    assert posted.remote.status is DocumentStatus.OPEN
    desk.company.assert_echo(sending, posted.remote)


def test_several_invoices_of_a_group_are_one_task_and_asked_about_at_once(desk: Desk, agent: EpicorHook) -> None:
    sendings = [desk.company.sending(agent, desk.company.small_invoice()) for _ in range(3)]
    drafts = {sent.key: sent.remote for sent in agent.create_invoices(sendings)}
    sent = agent.post_invoices([(each, draft) for each in sendings if (draft := drafts[each.key])])
    assert len({each.ticket.partition(" for ")[0] for each in sent}) == 1
    start = desk.so_far()
    agent.collect_answers([(sending, each.ticket) for sending, each in zip(sendings, sent, strict=True)])
    assert len(desk.asked("SysTasks", start)) == 1
    final = [asked(desk, agent, sending, each.ticket).remote for sending, each in zip(sendings, sent, strict=True)]
    assert [each.status for each in final if each] == [DocumentStatus.OPEN] * 3


def test_what_the_task_agent_complains_about_is_told(desk: Desk, agent: EpicorHook) -> None:
    desk.inject("lock_period", at="post")
    sending, draft, ticket = submitted(desk, agent)
    answer = asked(desk, agent, sending, ticket)
    assert answer.error is not None
    assert (answer.error.rule.name, answer.error.outcome) == ("period closed", Outcome.DID_NOT_HAPPEN)
    assert desk.now(draft).status is DocumentStatus.DRAFT


def test_asking_changes_nothing(desk: Desk, agent: EpicorHook) -> None:
    desk.inject("lock_period", at="post")
    sending, draft, ticket = submitted(desk, agent)
    before, start = desk.now(draft).version, desk.so_far()
    asked(desk, agent, sending, ticket)
    assert {each.method for each in desk.asked("/api/v2/odata", start)} == {"GET"}
    assert desk.now(draft).version == before


@pytest.mark.parametrize("by_agent", [True, False])
def test_what_was_refused_is_not_posted_along_with_the_rest_of_its_group(desk: Desk, agent: EpicorHook, by_agent: bool) -> None:
    """Nobody has answered what to do with it, and asking after a task changes nothing: it is still not on hold."""
    sendings = [desk.company.sending(agent, desk.company.small_invoice()) for _ in range(2)]
    refused, later = (sent.remote for sent in agent.create_invoices(sendings))
    assert refused is not None
    assert later is not None
    desk.inject("lock_period", at="post")
    (sent,) = agent.post_invoices([(sendings[0], refused)])
    assert asked(desk, agent, sendings[0], sent.ticket).error is not None
    assert desk.row(refused)["InvoiceHeld"] is False
    desk.simulator.clear_faults()
    assert desk.row(later)["GroupID"] == desk.row(refused)["GroupID"]
    assert desk.company.post(agent if by_agent else desk.hook, sendings[1], later).status is DocumentStatus.OPEN
    assert desk.now(refused).status is DocumentStatus.DRAFT
    assert desk.company.post(agent, sendings[0], refused).status is DocumentStatus.OPEN


def test_an_update_and_a_void_are_answered_later_too(desk: Desk, agent: EpicorHook) -> None:
    sending, draft = desk.draft()
    lines = desk.company.line(1, quantity="3"), desk.company.line(2)
    changed = desk.company.invoice(*lines, number=sending.document.number, buyer=sending.document.buyer)
    again = desk.company.sending(agent, changed, sending.references.customer)
    updating = agent.update_invoice(again, draft)
    assert updating.ticket
    updated = desk.company.final(agent, again, updating).remote
    assert updated is not None
    desk.company.assert_echo(again, updated)
    voiding = agent.void_invoice(updated, on=today(), reason="Entered twice", key=str(uuid4()))
    assert "cancels" in voiding.ticket
    voided = asked(desk, agent, again, voiding.ticket)
    assert voided.remote is not None
    assert (voided.remote.status, "credit memo" in voided.note) == (DocumentStatus.VOID, True)


def test_a_cancellation_that_the_agent_refused_is_finished_by_the_same_memo(desk: Desk, agent: EpicorHook) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    desk.inject("lock_period", at="post")
    refused = desk.company.void(agent, sending, remote)
    assert refused.error is not None
    assert (refused.error.rule.name, desk.now(remote).status) == ("period closed", DocumentStatus.OPEN)
    desk.simulator.clear_faults()
    assert desk.company.void(agent, sending, desk.now(remote)).error is None
    assert desk.now(remote).status is DocumentStatus.VOID
    assert len(desk.heads(sending.document.number)) == 2


def test_a_task_that_the_system_monitor_forgot_is_looked_up(desk: Desk, agent: EpicorHook) -> None:
    desk.inject("stop_agent")
    sending, _, ticket = submitted(desk, agent)
    desk.inject("forget_tasks")
    (answer,) = agent.collect_answers([(sending, ticket)])
    assert answer.error is not None
    assert (answer.error.action, answer.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)


def test_a_forgotten_task_that_posted_is_no_question(desk: Desk, agent: EpicorHook) -> None:
    sending, _, ticket = submitted(desk, agent)
    asked(desk, agent, sending, ticket)
    desk.inject("forget_tasks")
    (answer,) = agent.collect_answers([(sending, ticket)])
    assert answer.remote is not None
    assert answer.remote.status is DocumentStatus.OPEN


def test_a_submission_whose_answer_was_lost_is_unknown_and_posted_once(desk: Desk, agent: EpicorHook) -> None:
    desk.inject("stop_agent")
    sending, draft = desk.draft()
    desk.inject("reset_after_commit", path="SubmitToAgent")
    (sent,) = agent.post_invoices([(sending, draft)])
    assert (sent.ticket, sent.outcome) == ("", Outcome.UNKNOWN)
    desk.simulator.clear_faults()
    assert desk.company.post(agent, sending, draft).status is DocumentStatus.OPEN
    assert [each.status for each in desk.company.booked(sending.document.number)] == ["open"]


def test_a_server_that_cannot_be_asked_is_no_answer_about_any_posting(desk: Desk, agent: EpicorHook) -> None:
    sending, _, ticket = submitted(desk, agent)
    desk.inject("error_before_commit", path="SysTasks", times=None)
    with pytest.raises(PlatformError):
        agent.collect_answers([(sending, ticket)])


def test_a_ticket_of_something_else_is_an_unknown_outcome_and_not_a_crash(desk: Desk, agent: EpicorHook) -> None:
    sending, _, ticket = submitted(desk, agent)
    strange, ours = agent.collect_answers([(replace(sending, key="other"), "job 17"), (sending, ticket)])
    assert strange.outcome is Outcome.UNKNOWN
    assert ours.error is None


def test_an_agent_that_epicor_does_not_know_stops_nothing_but_this_document(desk: Desk) -> None:
    sending, draft = desk.draft()
    with desk.company.hook(tokens=MemoryTokens(), extra={"post_mode": "agent", "agent_id": "Nobody"}) as hook:
        (sent,) = hook.post_invoices([(sending, draft)])
    assert sent.error is not None
    assert ("Nobody" in sent.error.message, sent.outcome) == (True, Outcome.DID_NOT_HAPPEN)
    assert desk.row(draft)["InvoiceHeld"] is True


@pytest.mark.parametrize("service", ["Ice.BO.SysTaskSvc", "Erp.PROC.ARInvoicePostSvc"])
def test_the_connection_test_reaches_the_services_of_the_task_agent(desk: Desk, agent: EpicorHook, service: str) -> None:
    assert agent.test_connection()[0]
    desk.inject("narrow_scope", service=service)
    works, says = agent.test_connection()
    assert (works, service in says) == (False, True)
    assert desk.hook.test_connection()[0]
