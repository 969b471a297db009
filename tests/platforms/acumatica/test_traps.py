"""The traps of the contract: each test fails for a connector that falls into one."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.company import Company

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.acumatica.hook import AcumaticaHook
from airbooks.platforms.acumatica.releases import Ticket
from airbooks.platforms.acumatica.sandbox import AcumaticaSimulator
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome, PlatformError
from airbooks.platforms.tokens import MemoryTokens

D = Decimal


def simulator(company: Company) -> AcumaticaSimulator:
    found = company.sandbox.simulators["acumatica"]
    assert isinstance(found, AcumaticaSimulator)
    return found


def draft(company: Company, hook: AcumaticaHook, **fields: Any) -> tuple[Sending, RemoteDocument]:
    sending = company.sending(hook, company.small_invoice(**fields))
    sent = company.create(hook, sending)[sending.key]
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return sending, sent.remote


def inject(company: Company, fault: str, **parameters: Any) -> None:
    company.sandbox.inject("acumatica", fault, **{"times": 1, **parameters})


def later(company: Company, seconds: float) -> None:
    """The server's clock goes on; nobody waits."""
    simulator(company).clock.offset += timedelta(seconds=seconds)


def asked(company: Company, since: int) -> list[tuple[str, str]]:
    return [(each.method, each.path) for each in company.sandbox.requests("acumatica")[since:]]


# -- 204 or 202 ------------------------------------------------------------------------------------------------------------------


def test_a_release_that_is_done_at_once_needs_no_ticket(company: Company, hook: AcumaticaHook) -> None:
    sending, remote = draft(company, hook)
    inject(company, "release_at_once")
    (sent,) = hook.post_invoices([(sending, remote)])
    assert (sent.ticket, sent.error) == ("", None)
    assert sent.remote is not None
    assert sent.remote.status is DocumentStatus.OPEN


@pytest.mark.parametrize("form", ["", "location_absolute", "location_bare"])
def test_a_release_that_is_taken_on_is_looked_at_once_wherever_its_address_leads(company: Company, hook: AcumaticaHook, form: str) -> None:
    sending, remote = draft(company, hook)
    inject(company, "release_slow", seconds=0.0)
    if form:
        inject(company, form)
    (sent,) = hook.post_invoices([(sending, remote)])
    assert sent.remote is not None
    assert (sent.ticket, sent.remote.status) == ("", DocumentStatus.OPEN)


def taken_on(company: Company, hook: AcumaticaHook, seconds: float = 20.0) -> tuple[Sending, RemoteDocument, Sent]:
    sending, remote = draft(company, hook)
    inject(company, "release_slow", seconds=seconds)
    (sent,) = hook.post_invoices([(sending, remote)])
    assert sent.error is None, str(sent.error)
    assert sent.ticket
    return sending, remote, sent


def test_a_release_that_takes_longer_hands_out_a_ticket_and_is_not_waited_for(
    company: Company, hook: AcumaticaHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", pytest.fail)
    sending, remote, sent = taken_on(company, hook)
    assert sent.remote is not None
    assert sent.remote.remote_id == remote.remote_id
    assert remote.remote_id in sent.ticket
    assert len(sent.ticket) <= 500
    assert not [secret for secret in hook.secrets() if len(secret) > 3 and secret in sent.ticket]
    (still,) = hook.collect_answers([(sending, sent.ticket)])
    assert (still.ticket, still.error) == (sent.ticket, None)


def test_a_ticket_is_decided_by_the_document_from_another_process_and_session(company: Company, hook: AcumaticaHook) -> None:
    """The address of the operation is good in the first session only, which is gone."""
    with company.hook() as first:
        assert isinstance(first, AcumaticaHook)
        sending, _, sent = taken_on(company, first)
    already = len(company.sandbox.requests("acumatica"))
    with company.hook(tokens=MemoryTokens()) as second:
        (still,) = second.collect_answers([(sending, sent.ticket)])
        assert still.ticket
        later(company, 21)
        (done,) = second.collect_answers([(sending, sent.ticket)])
    assert done.remote is not None
    assert (done.ticket, done.remote.status) == ("", DocumentStatus.OPEN)
    company.assert_echo(sending, done.remote)
    methods = {method for method, path in asked(company, already) if "/auth/" not in path and "/connect/" not in path}
    assert methods == {"GET"}
    assert not [path for _, path in asked(company, already) if "/status/" in path]


def test_the_server_says_that_the_first_sessions_address_is_unknown_to_others(company: Company, hook: AcumaticaHook) -> None:
    _, _, sent = taken_on(company, hook)
    operation = Ticket.read(sent.ticket).operation
    with company.hook() as other, pytest.raises(PlatformError) as caught:
        other.call("GET", f"entity/Default/24.200.001/SalesInvoice/ReleaseSalesInvoice/status/{operation}", read=True)
    assert caught.value.status == 404


def test_a_session_that_is_renewed_in_the_middle_leaves_a_ticket_and_no_error(company: Company, hook: AcumaticaHook) -> None:
    """The look happens in a new session, which the server does not tell."""
    sending, remote = draft(company, hook)
    inject(company, "release_slow", seconds=20.0)
    started = hook._start(sending, remote)
    assert started is not None
    inject(company, "expire_tokens")
    sent = hook._seen(sending, remote, started)
    assert sent.ticket
    later(company, 21)
    assert company.final(hook, sending, sent).remote is not None


def test_posting_again_while_the_release_runs_starts_no_second_one(company: Company, hook: AcumaticaHook) -> None:
    sending, remote, sent = taken_on(company, hook)
    (again,) = hook.post_invoices([(sending, remote)])
    assert again.error is None
    assert again.ticket
    later(company, 21)
    done = company.final(hook, sending, again)
    assert done.remote is not None
    assert done.remote.status is DocumentStatus.OPEN
    assert Ticket.read(sent.ticket).record == Ticket.read(again.ticket).record


def test_a_release_that_fails_soon_says_why(company: Company, hook: AcumaticaHook) -> None:
    sending, remote = draft(company, hook)
    inject(company, "release_slow", seconds=0.0)
    inject(company, "release_fails", message="Error: Unable to post the batch.")
    (sent,) = hook.post_invoices([(sending, remote)])
    assert sent.error is not None
    assert (sent.error.action, sent.error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert "Unable to post the batch" in sent.error.message


@pytest.mark.parametrize("fault", ["release_fails", "release_dies_with_session"])
def test_a_release_that_nobody_sees_fail_becomes_a_review_and_not_a_second_release(
    company: Company, hook: AcumaticaHook, fault: str
) -> None:
    with company.hook() as first:
        assert isinstance(first, AcumaticaHook)
        inject(company, fault, **({"message": "Error: Unseen."} if fault == "release_fails" else {}))
        sending, _, sent = taken_on(company, first)
    later(company, 21)
    (waiting,) = hook.collect_answers([(sending, sent.ticket)])
    assert waiting.ticket == sent.ticket
    ticket = Ticket.read(sent.ticket)
    (told,) = hook.collect_answers([(sending, str(replace(ticket, since=datetime.now(UTC) - timedelta(minutes=16))))])
    assert told.error is not None
    assert (told.error.action, told.error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert "still Balanced" in told.error.message
    assert told.error.rule.fix
    (found,) = hook.find_invoice(sending.document.number, DocumentKind.INVOICE)
    assert company.post(hook, sending, found).status is DocumentStatus.OPEN


def test_a_document_that_is_gone_when_its_ticket_is_asked_for_is_looked_up(company: Company, hook: AcumaticaHook) -> None:
    sending, _ = draft(company, hook)
    ticket = Ticket(act="release of", record="Invoice/INV999999", since=datetime.now(UTC))
    (sent,) = hook.collect_answers([(sending, str(ticket))])
    assert sent.error is not None
    assert sent.error.outcome is Outcome.UNKNOWN


def test_a_ticket_survives_its_text() -> None:
    ticket = Ticket(act="void by", record="Credit Memo/INV000146", since=datetime(2026, 7, 14, 10, 0, tzinfo=UTC), operation="8f0e")
    assert str(ticket) == "void by Credit Memo/INV000146 since 2026-07-14T10:00:00+00:00 [8f0e]"
    assert Ticket.read(str(ticket)) == ticket
    assert Ticket.read(str(replace(ticket, operation=""))) == replace(ticket, operation="")
    with pytest.raises(ValueError, match="not a ticket"):
        Ticket.read("job 1")


# -- 200 with ignored fields -----------------------------------------------------------------------------------------------------


def test_a_field_that_is_ignored_with_200_is_noticed_and_the_draft_taken_back(company: Company, hook: AcumaticaHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    inject(company, "ignores_field", name="WarehouseID")
    error = company.create(hook, sending)[sending.key].error
    assert error is not None
    assert (error.action, error.outcome, error.field) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "Details[0].WarehouseID")
    assert company.booked(sending.document.number) == []


def test_terms_that_are_not_taken_are_noticed_and_may_be_left_out(company: Company, hook: AcumaticaHook) -> None:
    company.sandbox.inject("acumatica", "ignores_custom")
    terms = company.small_invoice().terms.model_copy(update={"code": "Net 14"})
    sending = company.sending(hook, company.small_invoice(terms=terms))
    error = company.create(hook, sending)[sending.key].error
    assert error is not None
    assert "custom.CurrentDocument.TermsID" in error.message
    plain = replace(sending, options={**sending.options, "send_terms": False})
    assert company.create(hook, plain)[plain.key].error is None


def test_without_strictness_an_ignored_field_is_told_in_the_log(
    company: Company, hook: AcumaticaHook, caplog: pytest.LogCaptureFixture
) -> None:
    sending = company.sending(hook, company.small_invoice())
    lenient = replace(sending, options={**sending.options, "strict": False})
    inject(company, "ignores_field", name="WarehouseID")
    assert company.create(hook, lenient)[lenient.key].error is None
    assert "Acumatica ignored Details[0].WarehouseID" in caplog.text


# -- 422 echoes, 500 for business errors, 412 --------------------------------------------------------------------------------------


def test_the_id_of_a_refused_record_is_never_taken_for_a_document(company: Company, hook: AcumaticaHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("acumatica", "period_closed", times=1)
    sent = company.create(hook, sending)[sending.key]
    assert sent.remote is None
    assert sent.error is not None
    assert sent.error.rule.name == PERIOD_CLOSED
    assert (sent.error.status, sent.error.outcome) == (422, Outcome.DID_NOT_HAPPEN)
    assert company.booked(sending.document.number) == []


def test_a_record_that_is_not_there_is_none_and_not_a_server_failure(company: Company, hook: AcumaticaHook) -> None:
    since = len(company.sandbox.requests("acumatica"))
    assert hook.get_invoice("Invoice/INV999999", DocumentKind.INVOICE) is None
    assert [each.status for each in company.sandbox.requests("acumatica")[since:] if "INV999999" in each.path] == [500]


def test_what_another_insert_made_meanwhile_is_answered_and_not_doubled(company: Company, hook: AcumaticaHook) -> None:
    sending, remote = draft(company, hook)
    sent = company.create(hook, sending)[sending.key]
    assert sent.remote is not None
    assert sent.remote.remote_id == remote.remote_id
    assert len(company.booked(sending.document.number)) == 1


def test_a_record_that_another_process_changed_is_read_again_before_it_is_written_again(company: Company, hook: AcumaticaHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    inject(company, "another_process")
    error = company.create(hook, sending)[sending.key].error
    assert error is not None
    assert (error.action, error.outcome) == (Action.REREAD, Outcome.DID_NOT_HAPPEN)
    assert company.create(hook, sending)[sending.key].error is None
    assert len(company.booked(sending.document.number)) == 1


# -- ids of a session --------------------------------------------------------------------------------------------------------------


def test_documents_are_known_in_every_session_and_changed_by_the_rows_of_this_one(company: Company) -> None:
    with company.hook() as first:
        assert isinstance(first, AcumaticaHook)
        sending, remote = draft(company, first)
    with company.hook() as second:
        assert isinstance(second, AcumaticaHook)
        changed = company.invoice(
            company.line(1, quantity="3"), company.line(2), number=sending.document.number, buyer=sending.document.buyer
        )
        updated = company.update(second, replace(sending, document=changed), remote)
        assert updated.error is None, str(updated.error)
        assert updated.remote is not None
        assert (updated.remote.remote_id, updated.remote.line_count) == (remote.remote_id, 2)


def test_billing_addresses_stand_where_they_lead_somewhere(company: Company, hook: AcumaticaHook) -> None:
    sending, remote = draft(company, hook)
    row = hook.site.record("SalesInvoice", remote.remote_id, expand=("BillingSettings",))
    assert row is not None
    assert row["BillingSettings"]["BillToContact"]["Email"]["value"] == sending.document.buyer.contact.email


def test_price_lists_do_not_overwrite_our_prices(company: Company, hook: AcumaticaHook) -> None:
    """Filter at 50.00, which the price list has at 148.00."""
    sending, remote = draft(company, hook)
    assert remote.net == sending.document.net_total == D("100.00")


def test_a_release_that_was_done_since_the_state_was_read_is_done(company: Company, hook: AcumaticaHook) -> None:
    sending, remote = draft(company, hook)
    company.post(hook, sending, remote)
    assert hook.releases.start("release of", remote.remote_id) is None
