"""Documents through the hook: tickets, what GL07 says later, lost answers, reversals; each trap of the vendor's is sprung here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from tests.platforms.company import Company
from tests.platforms.scripted import Scripted, Step, answer, scripted
from tests.platforms.unit4.conftest import BATCHES, ORDERS

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.base import Account, Sending, Sent
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome
from airbooks.platforms.tokens import MemoryTokens
from airbooks.platforms.unit4.hook import Unit4Hook
from airbooks.platforms.unit4.sandbox import Unit4Simulator
from airbooks.platforms.unit4.tickets import Ticket
from airbooks.sandbox.kit import RateWindow
from airbooks.sandbox.requests import Asked

MakeHook = Callable[..., Unit4Hook]


class Heard:
    """What the tenant was asked since."""

    def __init__(self, company: Company) -> None:
        self.company, self.already = company, len(company.sandbox.requests("unit4"))

    def all(self) -> list[Asked]:
        return self.company.sandbox.requests("unit4")[self.already :]

    def to(self, method: str, part: str) -> list[Asked]:
        return [each for each in self.all() if each.method == method and part in each.path]


@pytest.fixture
def heard(company: Company, hook: Unit4Hook) -> Heard:
    return Heard(company)


def tables(company: Company) -> Any:
    return company.sandbox.simulators["unit4"].tenant  # type: ignore[attr-defined]


@contextmanager
def later(company: Company, seconds: float) -> Iterator[None]:
    """The tenant's clock, moved on; what it counted in that time is forgotten with it."""
    simulator = company.sandbox.simulators["unit4"]
    assert isinstance(simulator, Unit4Simulator)
    counted, simulator.calls = simulator.calls, RateWindow(simulator.clock, 500, 60)
    simulator.clock.offset = timedelta(seconds=seconds)
    try:
        yield
    finally:
        simulator.clock.offset, simulator.calls = timedelta(), counted


def created(hook: Unit4Hook, sending: Sending) -> Sent:
    (sent,) = hook.create_invoices([sending])
    return sent


def asked_again(hook: Unit4Hook, sending: Sending, ticket: str) -> Sent:
    (sent,) = hook.collect_answers([(sending, ticket)])
    return sent


# -- tickets -----------------------------------------------------------------------------------------------------------------------


def test_a_create_hands_out_a_ticket_and_nothing_is_booked_before_gl07_has_run(company: Company, hook: Unit4Hook, heard: Heard) -> None:
    company.sandbox.inject("unit4", "job_waits", seconds=60)
    sending = company.sending(hook, company.small_invoice())
    sent = created(hook, sending)
    ticket = Ticket.read(sent.ticket)
    assert (sent.remote, sent.error, sent.outcome) == (None, None, Outcome.UNKNOWN)
    assert (ticket.interface, ticket.number) == ("BI", sending.document.number)
    assert ticket.job.rpartition("-")[2].isdigit()
    for _ in range(2):
        assert asked_again(hook, sending, sent.ticket).ticket == sent.ticket
    assert company.booked(sending.document.number) == []
    assert len(heard.to("POST", BATCHES)) == len(heard.to("POST", ORDERS)) == 1
    with later(company, 61):
        company.booked(sending.document.number)
    with later(company, 62):
        final = asked_again(hook, sending, sent.ticket)
    assert final.remote is not None
    assert final.remote.status is DocumentStatus.OPEN
    assert (final.remote.net, final.remote.tax, final.remote.total) == (Decimal("100.00"), Decimal("20.00"), Decimal("120.00"))


def test_collecting_only_reads(company: Company, hook: Unit4Hook) -> None:
    sending = company.sending(hook, company.small_invoice())
    ticket = created(hook, sending).ticket
    heard = Heard(company)
    company.final(hook, sending, Sent(key=sending.key, ticket=ticket))
    assert {each.method for each in heard.all()} == {"GET"}


def test_every_call_carries_the_tenant(company: Company, hook: Unit4Hook, heard: Heard) -> None:
    company.book(hook, company.small_invoice())
    asked = [each for each in heard.all() if "/identity/" not in each.path]
    tenants = [parse_qs(urlsplit(each.path).query).get("tenant") for each in asked]
    assert tenants == [[company.connection()["extra"]["tenant"]]] * len(asked)


# -- what GL07 rejects ------------------------------------------------------------------------------------------------------------


def test_what_gl07_rejects_comes_back_in_its_words_and_a_corrected_document_replaces_the_batch(company: Company, hook: Unit4Hook) -> None:
    document = company.small_invoice()
    sending = company.sending(hook, document)
    wrong = replace(sending, references=replace(sending.references, customer="NOBODY"))
    refused = company.create(hook, wrong)[wrong.key].error
    assert refused is not None
    assert (refused.action, refused.outcome, refused.rule.name) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "customer not valid")
    assert "Customer NOBODY is not valid" in refused.message
    assert len([key for key in tables(company).batches if document.number in key]) == 1
    corrected = company.invoice(company.line(1, quantity="3"), number=document.number, buyer=document.buyer)
    again = replace(sending, key=str(uuid4()), document=corrected)
    sent = company.create(hook, again)[again.key]
    assert sent.remote is not None, str(sent.error)
    company.assert_echo(again, sent.remote)
    assert [each.total for each in company.booked(document.number)] == [corrected.gross_total]
    assert [key for key in tables(company).batches if document.number in key] == []


def test_a_closed_period_is_a_cause_that_documents_share(company: Company, hook: Unit4Hook) -> None:
    document = company.small_invoice()
    company.sandbox.inject("unit4", "period_closed", period=f"{document.issue_date:%Y%m}")
    sending = company.sending(hook, document)
    error = company.create(hook, sending)[sending.key].error
    assert error is not None
    assert (error.rule.name, error.rule.shared) == (PERIOD_CLOSED, True)
    assert company.booked(document.number) == []


def test_a_job_that_ended_badly_is_told(company: Company, hook: Unit4Hook) -> None:
    company.sandbox.inject("unit4", "job_fails", times=1)
    sending = company.sending(hook, company.small_invoice())
    error = company.create(hook, sending)[sending.key].error
    assert error is not None
    assert (error.rule.name, error.outcome) == ("GL07 ended badly", Outcome.DID_NOT_HAPPEN)


def test_a_tenant_that_hides_its_jobs_is_read_by_the_ledger_alone(company: Company, hook: Unit4Hook, make_hook: MakeHook) -> None:
    company.sandbox.inject("unit4", "job_hidden")
    assert company.book(hook, company.small_invoice()).status is DocumentStatus.OPEN
    company.sandbox.clear_faults()
    silent = make_hook(read_report_job=False)
    heard = Heard(company)
    assert company.book(silent, company.small_invoice()).status is DocumentStatus.OPEN
    assert heard.to("GET", ORDERS) == []


# -- scheduled GL07 -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_option", [True, False], ids=["operator", "connection"])
def test_where_the_tenant_schedules_gl07_none_is_ordered(company: Company, make_hook: MakeHook, by_option: bool) -> None:
    hook = make_hook(run_gl07=by_option)
    company.sandbox.inject("unit4", "scheduled")
    sending = company.sending(hook, company.small_invoice())
    sending = replace(sending, options={**sending.options, "run_gl07": False}) if by_option else sending
    heard = Heard(company)
    sent = created(hook, sending)
    assert Ticket.read(sent.ticket).job == ""
    assert "scheduled" in sent.ticket
    final = company.final(hook, sending, sent)
    assert final.remote is not None
    company.assert_echo(sending, final.remote)
    assert heard.to("POST", ORDERS) == []


def test_a_lost_answer_is_not_repaired_while_a_schedule_may_be_posting(company: Company, make_hook: MakeHook) -> None:
    hook = make_hook(run_gl07=False)
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("unit4", "reset_after_commit", path=BATCHES)
    heard = Heard(company)
    lost = created(hook, sending)
    assert lost.outcome is Outcome.UNKNOWN
    assert lost.ticket == ""
    assert heard.to("DELETE", BATCHES) == []
    company.sandbox.inject("unit4", "scheduled")
    again = company.final(hook, sending, created(hook, sending))
    assert again.remote is not None, str(again.error)
    assert len(company.booked(sending.document.number)) == 1


# -- lost answers ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["reset_after_commit", "reset_before_commit", "error_after_commit"])
def test_a_post_without_an_answer_is_removed_and_staged_again(company: Company, hook: Unit4Hook, heard: Heard, fault: str) -> None:
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("unit4", fault, path=BATCHES)
    final = company.final(hook, sending, created(hook, sending))
    assert final.remote is not None, str(final.error)
    assert len(company.booked(sending.document.number)) == 1
    assert len(heard.to("DELETE", BATCHES)) == 1
    assert len(heard.to("POST", ORDERS)) == 1


def test_an_order_without_an_answer_is_unknown_and_not_given_twice(company: Company, hook: Unit4Hook, heard: Heard) -> None:
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("unit4", "reset_after_commit", path=ORDERS, method="POST")
    lost = created(hook, sending)
    assert lost.error is not None
    assert (lost.error.outcome, lost.error.action) == (Outcome.UNKNOWN, Action.LOOK_UP)
    assert len(heard.to("POST", ORDERS)) == 1
    assert heard.to("DELETE", BATCHES) == []
    with later(company, 1):
        company.booked(sending.document.number)
    with later(company, 2):
        (found,) = hook.find_invoice(sending.document.number, DocumentKind.INVOICE)
    assert found.total == sending.document.gross_total


@pytest.mark.parametrize(("status", "action"), [(400, Action.REVIEW), (403, Action.STOP)])
def test_an_order_that_is_refused_leaves_nothing_staged(company: Company, hook: Unit4Hook, status: int, action: Action) -> None:
    company.sandbox.inject("unit4", "order_refused", status=status, times=1)
    sending = company.sending(hook, company.small_invoice())
    error = created(hook, sending).error
    assert error is not None
    assert (error.action, error.outcome) == (action, Outcome.DID_NOT_HAPPEN)
    assert [key for key in tables(company).batches if sending.document.number in key] == []


def test_a_refused_order_whose_batch_cannot_be_removed_is_unknown(company: Company, hook: Unit4Hook) -> None:
    company.sandbox.inject("unit4", "order_refused", status=400, times=1)
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("unit4", "error_before_commit", method="DELETE")
    error = created(hook, sending).error
    assert error is not None
    assert (error.rule.name, error.outcome) == ("staged, and not withdrawn", Outcome.UNKNOWN)


def test_a_batch_that_gl07_takes_between_two_tries_is_not_staged_again(company: Company) -> None:
    """POST says that it is there, DELETE that it is gone, and the ledger shows nothing yet."""
    exists = answer(400, b'{"message":"Batch X for interface BI already exists."}')
    token = answer(200, b'{"access_token":"abcdef","expires_in":3600}')
    server, sent = by_script(company, token, exists, answer(404, b'{"message":"not found"}'), answer(200, b"[]"))
    assert sent.error is not None
    assert sent.error.outcome is Outcome.UNKNOWN
    assert [each.method for each in server.asked] == ["POST", "POST", "DELETE", "GET"]


def by_script(company: Company, *steps: Step) -> tuple[Scripted, Sent]:
    """A small invoice created at a server that answers in these steps, the token first."""
    with scripted(*steps) as server, company.hook() as there:
        sending = company.sending(there, company.small_invoice())
        extra = {**company.connection()["extra"], "token_url": f"{server.url}/identity/connect/token"}
        account = Account(host=server.url, login="client", password="secret-of-client", extra=extra)
        with Unit4Hook("scripted", account=account, tokens=MemoryTokens()) as hook:
            return server, created(hook, sending)


def test_a_good_answer_that_complains_within_is_none_and_the_batch_is_taken_back(company: Company) -> None:
    token = answer(200, b'{"access_token":"abcdef","expires_in":3600}')
    complains = answer(200, b'{"batchId":"X","notificationMessages":{"errors":["Row 2 was left out"]}}')
    server, sent = by_script(company, token, complains, answer(204, b""))
    assert sent.error is not None
    assert (sent.error.action, sent.error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert "Row 2 was left out" in sent.error.message
    assert [each.method for each in server.asked] == ["POST", "POST", "DELETE"]


def test_an_order_without_a_location_is_followed_in_the_ledger(company: Company) -> None:
    token, empty = answer(200, b'{"access_token":"abcdef","expires_in":3600}'), answer(200, b"")
    _, sent = by_script(company, token, empty, answer(202, b"{}"))
    assert sent.error is None
    assert Ticket.read(sent.ticket).job == ""


def test_a_document_that_is_posted_twice_is_found_twice(company: Company, hook: Unit4Hook) -> None:
    company.sandbox.inject("unit4", "numbers_unchecked")
    sending = company.sending(hook, company.small_invoice())
    first = company.final(hook, sending, created(hook, sending))
    assert first.remote is not None
    second = company.final(hook, sending, created(hook, sending))
    assert second.error is None or second.error.outcome is Outcome.UNKNOWN
    with later(company, 1):
        assert len(hook.find_invoice(sending.document.number, DocumentKind.INVOICE)) == len(company.booked(sending.document.number)) == 2


# -- after posting ----------------------------------------------------------------------------------------------------------------


def test_a_posted_voucher_is_not_changed_by_any_call(company: Company, hook: Unit4Hook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    heard = Heard(company)
    sent = hook.update_invoice(company.sending(hook, document, remote.customer_id), remote)
    assert sent.error is not None
    assert (sent.error.action, sent.error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert {each.method for each in heard.all()} <= {"GET"}


def test_a_void_is_a_voucher_of_opposite_rows_that_balances(company: Company, hook: Unit4Hook) -> None:
    lines = company.example_lines()
    document = company.invoice(*lines, currency="EUR", exchange_rate=company.exchange_rate())
    sending = company.sending(hook, document)
    remote = company.create(hook, sending)[sending.key].remote
    assert remote is not None
    voided = company.void(hook, sending, remote)
    assert voided.remote is not None, str(voided.error)
    assert (voided.remote.status, voided.remote.remote_id) == (DocumentStatus.VOID, remote.remote_id)
    assert voided.note == f"reversed as {document.number}-CR"
    ledger = tables(company).ledger.values()
    (reversal,) = {each["transactionNumber"] for each in tables(company).items.values() if each["invoiceNumber"] == f"{document.number}-CR"}
    ours = {each["sequenceNumber"]: each for each in ledger if str(each["transactionNumber"]) == remote.remote_id}
    theirs = {each["sequenceNumber"]: each for each in ledger if each["transactionNumber"] == reversal}
    assert ours.keys() == theirs.keys()
    for number, row in ours.items():
        assert (theirs[number]["account"], theirs[number]["taxCode"]) == (row["account"], row["taxCode"])
        assert (theirs[number]["currencyAmount"], theirs[number]["amount"]) == (-row["currencyAmount"], -row["amount"])


def test_a_reversal_that_the_tenant_does_not_match_voids_all_the_same(company: Company, hook: Unit4Hook) -> None:
    company.sandbox.inject("unit4", "no_matching")
    document = company.small_invoice()
    sending = company.sending(hook, document)
    remote = company.create(hook, sending)[sending.key].remote
    assert remote is not None
    voided = company.void(hook, sending, remote)
    assert voided.remote is not None
    assert voided.remote.status is DocumentStatus.VOID
    assert hook.find_invoice(document.number, DocumentKind.INVOICE) == []
    heard = Heard(company)
    assert company.void(hook, sending, remote).note == "was reversed already"
    assert heard.to("POST", BATCHES) == []


def test_an_invoice_that_is_partly_paid_is_not_reversed(company: Company, hook: Unit4Hook) -> None:
    document = company.small_invoice()
    sending = company.sending(hook, document)
    remote = company.create(hook, sending)[sending.key].remote
    assert remote is not None
    payment = company.payment(document, remote, Decimal("20.00"))
    references = company.payment_references(hook, payment, remote.customer_id)
    hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    error = company.void(hook, sending, remote).error
    assert error is not None
    assert (error.rule.name, error.outcome) == ("settled already", Outcome.DID_NOT_HAPPEN)
    assert [each.status for each in company.booked(document.number)] == ["partially_paid"]


def test_the_number_that_a_payment_bears_is_not_taken_for_a_credit_note(company: Company, hook: Unit4Hook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, document.gross_total)
    references = company.payment_references(hook, payment, remote.customer_id)
    applied = hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    assert hook.find_invoice(document.number, DocumentKind.CREDIT_NOTE) == []
    assert len(hook.find_invoice(document.number, DocumentKind.INVOICE)) == 1
    assert hook.get_invoice(applied.remote_id, DocumentKind.CREDIT_NOTE) is None


def test_a_credit_note_refers_to_the_posted_invoice(company: Company, hook: Unit4Hook) -> None:
    original = company.small_invoice()
    remote = company.book(hook, original)
    heard = Heard(company)
    company.book(hook, company.credit_note(corrects=original))
    (staged,) = heard.to("POST", BATCHES)
    told = json.loads(staged.body)[0]["transactionInformation"]["additionalInformation"]
    assert (str(told["transactionNumberReference"]), told["sequenceReference"]) == (remote.remote_id, 0)


def test_without_the_ledger_rows_no_tax_is_told_and_nothing_is_reversed(company: Company, make_hook: MakeHook) -> None:
    hook = make_hook(ledger_object="")
    document = company.small_invoice()
    sending = company.sending(hook, document)
    remote = company.create(hook, sending)[sending.key].remote
    assert remote is not None
    assert (remote.tax, remote.net, remote.total) == (None, None, document.gross_total)
    error = company.void(hook, sending, remote).error
    assert error is not None
    assert (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def test_long_results_are_read_page_by_page(company: Company, hook: Unit4Hook) -> None:
    buyer = company.party()
    numbers = {company.book(hook, company.small_invoice(buyer=buyer)).remote_id for _ in range(3)}
    customer = hook.ensure_customer(buyer, "GBP")
    hook.page_size = 1
    assert {each.voucher for each in hook.transactions({"customer": customer})} == numbers
    assert len(hook.voucher_rows(min(numbers))) == 3


def test_a_void_of_a_number_that_was_void_before_is_not_told_before_it_is_posted(company: Company, make_hook: MakeHook) -> None:
    company.sandbox.inject("unit4", "numbers_unchecked")
    hook, document = make_hook(read_report_job=False), company.small_invoice()
    remote = company.book(hook, document)
    sending = company.sending(hook, document)
    first = hook.void_invoice(remote, on=document.issue_date, reason="Entered twice", key=sending.key)
    assert company.final(hook, sending, first).remote is not None
    again = company.book(hook, document)
    company.sandbox.inject("unit4", "job_waits", seconds=60)
    second = hook.void_invoice(again, on=document.issue_date, reason="Entered twice", key=str(uuid4()))
    waiting = asked_again(hook, sending, second.ticket)
    assert (waiting.ticket, waiting.remote) == (second.ticket, None)


def test_a_token_end_point_that_fails_has_sent_no_document(company: Company, hook: Unit4Hook, make_hook: MakeHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("unit4", "error_before_commit", path="connect/token", times=None)
    assert created(make_hook(), sending).outcome is Outcome.DID_NOT_HAPPEN
