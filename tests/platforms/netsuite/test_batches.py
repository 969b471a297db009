"""Documents handed over as asynchronous jobs: taken on, asked about, matched by external id, and never created twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.platforms.company import Company, spoilt
from tests.platforms.netsuite.conftest import SLUG

from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.errors import Action, Outcome
from airbooks.platforms.netsuite import NetSuiteHook
from airbooks.platforms.netsuite.batches import job_key
from airbooks.sandbox.server import running


def sendings(company: Company, hook: NetSuiteHook, count: int) -> list[Sending]:
    made = [company.sending(hook, company.small_invoice()) for _ in range(count)]
    return [replace(each, options={**each.options, "mode": "batch"}) for each in made]


def answers(company: Company, hook: NetSuiteHook, batch: Sequence[Sending], sent: Sequence[Sent]) -> dict[str, Sent]:
    by_key = {each.key: each for each in batch}
    return {each.key: company.final(hook, by_key[each.key], each) for each in sent}


def requests(company: Company, method: str, path: str) -> list[Any]:
    return [each for each in company.sandbox.requests(SLUG) if each.method == method and path in each.path]


def test_a_batch_is_one_request_and_a_ticket_for_each_document(company: Company, hook: NetSuiteHook) -> None:
    batch = sendings(company, hook, 3)
    before = len(requests(company, "POST", "/record/v1/invoice"))
    sent = hook.create_invoices(batch)
    posts = requests(company, "POST", "/record/v1/invoice")[before:]
    assert [each.status for each in posts] == [202]
    assert posts[0].headers["prefer"] == "respond-async"
    assert posts[0].headers["content-type"] == "application/vnd.oracle.resource+json; type=collection"
    assert len(json.loads(posts[0].body)["items"]) == 3
    assert len({each.ticket for each in sent}) == 1
    assert all(each.ticket and each.outcome is Outcome.UNKNOWN for each in sent)
    final = answers(company, hook, batch, sent)
    for each in batch:
        remote = final[each.key].remote
        assert remote is not None, str(final[each.key].error)
        company.assert_echo(each, remote)


def test_until_the_job_is_done_the_ticket_stays() -> None:
    with running([SLUG], time_scale=0.01) as sandbox:
        slow = Company(SLUG, sandbox)
        with slow.hook() as hook:
            assert isinstance(hook, NetSuiteHook)
            batch = sendings(slow, hook, 2)
            sent = hook.create_invoices(batch)
            asked = hook.collect_answers([(each, sent[0].ticket) for each in batch])
            assert [(each.ticket, each.remote, each.error) for each in asked] == [(sent[0].ticket, None, None)] * 2
            assert slow.booked(batch[0].document.number) == []


def test_invoices_and_credit_notes_are_two_jobs(company: Company, hook: NetSuiteHook) -> None:
    invoice = company.small_invoice()
    company.book(hook, invoice)
    note = company.sending(hook, company.credit_note(corrects=invoice))
    batch = [*sendings(company, hook, 1), replace(note, options={**note.options, "mode": "batch"})]
    sent = hook.create_invoices(batch)
    assert len({each.ticket for each in sent}) == 2
    final = answers(company, hook, batch, sent)
    assert all(each.error is None and each.remote is not None for each in final.values())


def test_one_bad_document_fails_alone_with_its_own_reason(company: Company, hook: NetSuiteHook) -> None:
    batch = sendings(company, hook, 3)
    batch[1] = spoilt(batch[1], "999999")
    company.sandbox.inject(SLUG, "shuffle_tasks")
    final = answers(company, hook, batch, hook.create_invoices(batch))
    error = final[batch[1].key].error
    assert error is not None
    assert (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert "999999" in error.message
    for position in (0, 2):
        remote = final[batch[position].key].remote
        assert remote is not None
        assert remote.our_number == batch[position].document.number


def test_reasons_that_cannot_be_told_apart_are_all_told(company: Company, hook: NetSuiteHook) -> None:
    batch = sendings(company, hook, 3)
    batch[0], batch[2] = spoilt(batch[0], "999998"), spoilt(batch[2], "999999")
    final = answers(company, hook, batch, hook.create_invoices(batch))
    for position in (0, 2):
        error = final[batch[position].key].error
        assert error is not None
        assert (error.rule.name, error.outcome) == ("refused in a batch", Outcome.DID_NOT_HAPPEN)
        assert "999998" in error.message
        assert "999999" in error.message
    assert final[batch[1].key].remote is not None


def test_the_same_documents_again_are_the_same_job(company: Company, hook: NetSuiteHook) -> None:
    batch = sendings(company, hook, 2)
    first, again = hook.create_invoices(batch), hook.create_invoices(batch[::-1])
    assert {each.ticket for each in first} == {each.ticket for each in again}
    answers(company, hook, batch, again)
    assert [len(company.booked(each.document.number)) for each in batch] == [1, 1]


def test_the_key_of_a_job_depends_on_its_documents_and_not_on_their_order() -> None:
    assert job_key(["a", "b"]) == job_key(["b", "a"])
    assert job_key(["a", "b"]) != job_key(["a", "c"])


@pytest.mark.parametrize("is_done", [True, False], ids=["carried out", "never carried out"])
def test_a_job_that_the_account_forgot_is_looked_up_by_its_documents(is_done: bool) -> None:
    with running([SLUG], time_scale=1000 if is_done else 0.01) as sandbox:
        company = Company(SLUG, sandbox)
        with company.hook() as hook:
            assert isinstance(hook, NetSuiteHook)
            batch = sendings(company, hook, 1)
            sent = hook.create_invoices(batch)
            if is_done:
                answers(company, hook, batch, sent)
            sandbox.inject(SLUG, "forget_jobs", times=1)
            (late,) = hook.collect_answers([(batch[0], sent[0].ticket)])
            assert late.outcome is (Outcome.HAPPENED if is_done else Outcome.UNKNOWN)
            assert late.error is None or late.error.action is Action.LOOK_UP


def test_a_lost_answer_to_a_batch_leaves_all_of_it_open_and_the_next_try_finds_the_job(company: Company, hook: NetSuiteHook) -> None:
    batch = sendings(company, hook, 2)
    company.sandbox.inject(SLUG, "reset_after_commit", method="POST", path="/record/v1/invoice")
    lost = hook.create_invoices(batch)
    assert [each.outcome for each in lost] == [Outcome.UNKNOWN] * 2
    final = answers(company, hook, batch, hook.create_invoices(batch))
    assert all(each.remote is not None for each in final.values())
    assert [len(company.booked(each.document.number)) for each in batch] == [1, 1]


def test_a_preview_of_a_batch_is_its_one_request(company: Company, hook: NetSuiteHook) -> None:
    batch = sendings(company, hook, 2)
    (shown,) = hook.preview(batch)
    hook.create_invoices(batch)
    assert any(json.loads(each.body) == json.loads(shown.body) for each in requests(company, "POST", shown.path) if each.status == 202)
