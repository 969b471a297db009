"""Connection and log-in: what is told of them, and how they are renewed, against the simulator over real HTTP."""

from __future__ import annotations

import json

from tests.platforms.company import Company
from tests.platforms.quickfile.steps import INVOICE, refused

from airbooks.platforms.errors import Action, Outcome
from airbooks.platforms.quickfile import QuickFileHook


def test_an_attempt_that_is_repeated_has_a_submission_number_of_its_own(company: Company, hook: QuickFileHook) -> None:
    remote = company.book(hook, company.small_invoice())
    company.sandbox.inject("quickfile", "error_after_commit", path="invoice/get", times=1)
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    asked = [each for each in company.sandbox.requests("quickfile") if each.path.startswith("/1_2/")]
    numbers = [json.loads(each.body)["payload"]["Header"]["SubmissionNumber"] for each in asked]
    assert len(numbers) == len(set(numbers))


def test_a_request_that_arrived_twice_is_looked_up_and_not_sent_again(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    company.sandbox.inject("quickfile", "duplicate_delivery", body=document.purchase_order)
    error = refused(company, hook, document)
    assert (error.rule.name, error.action, error.outcome) == ("arrived before", Action.LOOK_UP, Outcome.UNKNOWN)
    assert len(company.booked(document.number)) == 1
