"""What each error of the vendor means: what to do next, and whether it happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.platforms.business_central.conftest import SLUG, Desk, good
from tests.platforms.business_central.documents import invoice

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.base import Sent
from airbooks.platforms.business_central.spec import SPEC
from airbooks.platforms.errors import Action, Outcome, PlatformError, classify

REVIEW, NOT = Action.REVIEW, Outcome.DID_NOT_HAPPEN


def failure(sent: Sent) -> PlatformError:
    assert sent.error is not None
    return sent.error


@pytest.mark.parametrize(
    ("fault", "parameters", "name", "action"),
    [
        ("lock_period", {}, "period closed", REVIEW),
        ("block_customer", {"number": "C-EU-0042"}, "blocked", REVIEW),
        ("lock_table", {}, "locked by another user", Action.RETRY),
        ("missing_rate", {}, "no exchange rate", REVIEW),
        ("forbid_writes", {}, "not permitted", Action.STOP),
    ],
)
def test_a_refused_posting_leaves_a_draft_and_says_what_to_do(
    desk: Desk, fault: str, parameters: dict[str, Any], name: str, action: Action
) -> None:
    sending, draft = desk.created(invoice(currency="USD"))
    desk.inject(fault, **parameters)
    try:
        error = failure(desk.hook.post_invoices([(sending, draft)])[0])
    except PlatformError as whole:
        error = whole
    assert (error.rule.name, error.action, error.outcome) == (name, action, NOT)
    desk.sandbox.clear_faults()
    assert desk.hook.find_invoice("EU-SI-000123", DocumentKind.INVOICE)[0].status is DocumentStatus.DRAFT


def test_a_customer_without_posting_groups_is_for_a_person(desk: Desk) -> None:
    desk.inject("no_posting_groups", times=1)
    sending, draft = desk.created(invoice())
    error = failure(desk.hook.post_invoices([(sending, draft)])[0])
    assert (error.rule.name, error.action, error.code) == ("posting groups missing", REVIEW, "Application_FieldValidationException")


def test_a_locked_table_is_waited_for(desk: Desk) -> None:
    desk.inject("lock_table", times=1)
    with pytest.raises(PlatformError) as refused:
        desk.hook._good(desk.hook.company.batch([_draft(desk)])["1"])
    assert (refused.value.action, refused.value.outcome) == (Action.RETRY, NOT)


def _draft(desk: Desk) -> Any:
    from airbooks.platforms.business_central.client import Part

    return Part(id="1", method="POST", path="salesInvoices", body={"customerNumber": desk.hook.ensure_customer(invoice().buyer, "EUR")})


def test_a_token_that_cannot_be_had_leaves_no_doubt_about_documents(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    sending = desk.sending(invoice())
    desk.inject("error_before_commit", path="token", times=None)
    with desk.another() as hook, pytest.raises(PlatformError) as raised:
        hook.create_invoices([sending])
    assert raised.value.outcome is Outcome.DID_NOT_HAPPEN


def test_an_expired_token_is_renewed_once_in_the_middle_of_the_work(desk: Desk) -> None:
    desk.booked(invoice(number="EU-SI-000601"))
    desk.inject("expire_tokens")
    desk.booked(invoice(number="EU-SI-000602"))
    assert len(desk.asked("oauth2")) == 2


def test_a_token_is_renewed_before_it_expires(desk: Desk) -> None:
    desk.hook.home_currency  # noqa: B018 any call
    token = desk.hook.token()
    assert token.expires_at is not None
    assert not token.is_fresh(token.expires_at - timedelta(seconds=59))


def test_a_revoked_client_secret_stops_the_connection_and_stays_out_of_the_message(desk: Desk) -> None:
    desk.inject("revoke_client")
    with pytest.raises(PlatformError) as refused:
        desk.hook.find_invoice("EU-SI-1", DocumentKind.INVOICE)
    assert (refused.value.action, refused.value.outcome) == (Action.STOP, NOT)
    assert desk.hook.account.password not in f"{refused.value!s} {refused.value!r} {refused.value.body}"
    assert len(desk.asked("oauth2")) <= 2


def test_a_wrong_company_stops_the_connection(desk: Desk) -> None:
    with desk.another(company_id="5d115c9c-44e3-ea11-bb43-000d3a2feca1") as other, pytest.raises(PlatformError) as refused:
        other.find_invoice("EU-SI-1", DocumentKind.INVOICE)
    assert refused.value.action is Action.STOP


def test_messages_come_in_english_and_the_correlation_id_stands_apart(desk: Desk) -> None:
    sending, draft = desk.created(invoice())
    desk.inject("lock_period")
    error = failure(desk.hook.post_invoices([(sending, draft)])[0])
    assert error.message == "Posting Date is not within your range of allowed posting dates."
    assert len(error.request_id) == 36


@pytest.mark.parametrize("kind", ["reset_after_commit", "truncated_body", "malformed_body", "empty_body", "timeout_after_commit"])
def test_a_lost_answer_to_a_create_is_unknown_and_the_look_up_finds_one_draft(desk: Desk, kind: str) -> None:
    sending = desk.sending(invoice())
    desk.inject(kind, path=r"\$batch", seconds=8)
    with pytest.raises(PlatformError) as lost:
        desk.hook.create_invoices([sending])
    assert (lost.value.action, lost.value.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    found = desk.hook.find_invoice("EU-SI-000123", DocumentKind.INVOICE)
    assert [each.status for each in found] == [DocumentStatus.DRAFT]
    assert good(desk.hook.post_invoices([(sending, found[0])])[0]).status is DocumentStatus.OPEN


def test_a_lost_answer_to_a_posting_is_unknown_and_reading_again_proves_it(desk: Desk) -> None:
    sending, draft = desk.created(invoice())
    desk.inject("reset_after_commit", path=r"\$batch")
    with pytest.raises(PlatformError) as lost:
        desk.hook.post_invoices([(sending, draft)])
    assert lost.value.outcome is Outcome.UNKNOWN
    now = desk.hook.get_invoice(draft.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.OPEN


@pytest.mark.parametrize("status", [502, 503, 504, 408])
def test_a_gateway_that_fails_leaves_a_write_unknown(desk: Desk, status: int) -> None:
    sending = desk.sending(invoice())
    desk.inject("error_after_commit", path=r"\$batch", status=status, html=True)
    with pytest.raises(PlatformError) as lost:
        desk.hook.create_invoices([sending])
    assert (lost.value.action, lost.value.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)


def test_a_failing_look_up_before_sending_is_certain_not_to_have_sent_anything(desk: Desk) -> None:
    sending, draft = desk.created(invoice())
    desk.inject("error_before_commit", method="GET", path="salesInvoices", status=500, times=None)
    with pytest.raises(PlatformError) as failed:
        desk.hook.post_invoices([(sending, draft)])
    assert failed.value.outcome is NOT


def test_throttling_is_waited_for(desk: Desk) -> None:
    sending = desk.sending(invoice())
    desk.inject("rate_limited", path=r"\$batch", retry_after="0")
    good(desk.hook.create_invoices([sending])[0])
    assert [each.status for each in desk.asked("$batch")] == [429, 200]


@pytest.mark.parametrize(
    ("status", "code", "text", "action", "outcome"),
    [
        (400, "Application_DialogException", 'A "customerNumber" or a "customerId" must be provided.', REVIEW, NOT),
        (400, "Application_StringExceededLength", "", REVIEW, NOT),
        (400, "Internal_InvalidTableRelation", "", REVIEW, NOT),
        (400, "Application_FieldValidationException", "", REVIEW, NOT),
        (400, "Unknown", "", REVIEW, NOT),
        (400, "Application_InvalidGUID", "", REVIEW, NOT),
        (400, "BadRequest", "", REVIEW, NOT),
        (400, "BadRequest_InvalidOperation", "", REVIEW, NOT),
        (400, "BadRequest_InvalidToken", "", REVIEW, NOT),
        (400, "Internal_EntityWithSameKeyExists", "", Action.LOOK_UP, NOT),
        (401, "Authentication_InvalidCredentials", "", Action.RENEW, NOT),
        (401, "invalid_client", "", Action.STOP, NOT),
        (403, "Authorization_RequestDenied", "", Action.STOP, NOT),
        (400, "Internal_Something", "You do not have the following permissions on TableData: Insert", Action.STOP, NOT),
        (404, "BadRequest_ResourceNotFound", "", REVIEW, NOT),
        (404, "BadRequest_NotFound", "", REVIEW, NOT),
        (404, "Internal_RecordNotFound", "", REVIEW, NOT),
        (404, "Internal_CompanyNotFound", "", Action.STOP, NOT),
        (405, "", "", Action.STOP, NOT),
        (408, "", "", Action.LOOK_UP, Outcome.UNKNOWN),
        (409, "Request_EntityChanged", "", Action.REREAD, NOT),
        (400, "Anything", "The record is locked by another user.", Action.RETRY, NOT),
        (409, "Anything", "deadlock victim", Action.RETRY, NOT),
        (429, "Anything", "", Action.WAIT, NOT),
        (500, "Internal_ServerError", "", Action.LOOK_UP, Outcome.UNKNOWN),
        (502, "", "", Action.LOOK_UP, Outcome.UNKNOWN),
        (503, "", "", Action.LOOK_UP, Outcome.UNKNOWN),
        (504, "", "", Action.LOOK_UP, Outcome.UNKNOWN),
    ],
)
def test_the_vendors_error_table(status: int, code: str, text: str, action: Action, outcome: Outcome) -> None:
    rule = classify(SPEC.errors, status, code, text)
    assert (rule.action, rule.outcome) == (action, outcome)


def test_one_slug_names_the_room() -> None:
    assert SPEC.slug == SLUG
