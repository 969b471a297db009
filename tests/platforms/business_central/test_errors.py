"""What each error of the vendor means: what to do next, and whether it happened."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.platforms.business_central.conftest import SLUG, Desk, good
from tests.platforms.business_central.documents import invoice
from tests.platforms.error_table import Row, assert_reading, each_row, log_in

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.base import PlatformHook, Sent
from airbooks.platforms.business_central import BusinessCentralHook
from airbooks.platforms.business_central.client import Part
from airbooks.platforms.business_central.spec import SPEC
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome, PlatformError

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


def said(code: str, text: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": f"{text}  CorrelationId:  3fd0c0de-0000-4000-8000-000000000001."}}


def alone(status: int, code: str, text: str, rule: str, action: Action = REVIEW, outcome: Outcome = NOT) -> Row:
    return Row(status, json.dumps(said(code, text)), rule, action, outcome, f"{status} {code}")


def in_a_batch(code: str, text: str, rule: str, action: Action = REVIEW, outcome: Outcome = NOT, *, status: int = 400) -> Row:
    """One part's refusal inside an answer of HTTP 200."""
    part = {"id": "1", "status": status, "headers": {}, "body": said(code, text)}
    return Row(
        200, json.dumps({"responses": [part]}), rule, action, outcome, f"batch {status} {code}", ask=post_one, extra={"tenant_id": "t"}
    )


def entra(status: int, error: str) -> Row:
    body = json.dumps({"error": error, "error_description": "AADSTS7000215: Invalid client secret provided."})
    return Row(status, body, "client refused", Action.STOP, NOT, f"Entra ID {error}", ask=log_in, extra={"tenant_id": "t"})


def post_one(hook: PlatformHook) -> Any:
    assert isinstance(hook, BusinessCentralHook)
    return hook._good(hook.company.batch([Part(id="1", method="POST", path="salesInvoices(1)/Microsoft.NAV.post")])["1"])


DIALOG, FIELD = "Application_DialogException", "Application_FieldValidationException"
INTERNAL = "Internal_ServerError"
HALF_WAY = "Canceling the invoice failed because of the following error: x. A credit memo is created but not posted."
LOOK_UP, RETRY, STOP, MAYBE = Action.LOOK_UP, Action.RETRY, Action.STOP, Outcome.UNKNOWN

ROWS = (
    entra(401, "invalid_client"),
    entra(400, "invalid_request"),
    alone(401, "Authentication_InvalidCredentials", "The server has rejected the client credentials.", "token refused", Action.RENEW),
    alone(403, "Authorization_RequestDenied", "Insufficient privileges", "not permitted", STOP),
    alone(400, "Internal_X", "You do not have the following permissions on TableData: Insert", "permission missing", STOP),
    alone(404, "Internal_CompanyNotFound", "Cannot find company", "company or environment unknown", STOP),
    alone(404, "NoEnvironment", "Environment does not exist", "company or environment unknown", STOP),
    Row(405, "", "API switched off", STOP, NOT, "405"),
    Row(429, "Too many requests", "throttled", Action.WAIT, NOT, "429, may be no JSON"),
    alone(409, "Request_EntityChanged", "Another user has already changed the record.", "stale version", Action.REREAD),
    alone(400, "Any", "The record is locked by another user.", "locked by another user", RETRY),
    alone(409, "Any", "Transaction was chosen as the deadlock victim", "locked by another user", RETRY),
    alone(400, INTERNAL, "An unexpected error in the database", "database trouble", LOOK_UP, MAYBE),
    Row(408, "", "server or gateway time-out", LOOK_UP, MAYBE, "over 8 minutes"),
    alone(500, "Unknown", "Something went wrong", "server or gateway time-out", LOOK_UP, MAYBE),
    Row(502, "<html>Bad Gateway</html>", "server or gateway time-out", LOOK_UP, MAYBE, "502"),
    Row(503, "", "server or gateway time-out", LOOK_UP, MAYBE, "queued over 8 minutes"),
    Row(504, "", "server or gateway time-out", LOOK_UP, MAYBE, "gateway over 10 minutes"),
    alone(400, DIALOG, 'A "customerNumber" or a "customerId" must be provided.', "refused"),
    alone(400, "Application_StringExceededLength", "The length of the string is 40", "too long"),
    alone(400, "Internal_InvalidTableRelation", "The field Currency Code contains a value (XXX)", "code unknown there"),
    alone(400, "Internal_EntityWithSameKeyExists", "The record already exists", "exists already", LOOK_UP),
    alone(400, "Unknown", "The enum member is not known", "refused request"),
    alone(400, "Application_InvalidGUID", "x is no GUID", "refused request"),
    alone(400, "BadRequest", "The property 'x' does not exist on type", "refused request"),
    alone(400, "BadRequest_InvalidOperation", "The field number is read-only", "refused request"),
    alone(400, "BadRequest_InvalidToken", "If-Match is missing", "refused request"),
    alone(404, "BadRequest_ResourceNotFound", "No HTTP resource was found", "gone"),
    alone(404, "BadRequest_NotFound", "Bad Request", "gone"),
    alone(404, "Internal_RecordNotFound", "The Sales Invoice does not exist", "gone"),
    in_a_batch(DIALOG, "Posting Date is not within your range of allowed posting dates.", PERIOD_CLOSED),
    in_a_batch(DIALOG, "You cannot post this type of document when Customer C-EU-0042 is blocked with type All", "blocked"),
    in_a_batch(DIALOG, "This document can only be released when the approval process is complete.", "waits for approval"),
    in_a_batch(DIALOG, "The action can be applied to a draft invoice only.", "posted already", LOOK_UP, Outcome.HAPPENED),
    in_a_batch(FIELD, "Gen. Bus. Posting Group must have a value", "posting groups missing"),
    in_a_batch(DIALOG, "There is no Currency Exchange Rate within the filter.", "no exchange rate"),
    in_a_batch(DIALOG, "The invoice has been posted and can no longer be modified.", "posted document is fixed"),
    in_a_batch(DIALOG, "There is nothing to post.", "nothing to post"),
    in_a_batch(DIALOG, HALF_WAY, "cancelled half-way"),
    in_a_batch(DIALOG, "You cannot cancel this: it is fully or partially paid.", "paid"),
    in_a_batch(DIALOG, "This posted invoice has already been cancelled.", "void already", LOOK_UP, Outcome.HAPPENED),
    in_a_batch(DIALOG, "This posted credit memo is not a corrective document.", "credit memo cannot be void"),
    in_a_batch(DIALOG, "You may not enter numbers manually.", "numbers by hand not allowed"),
    in_a_batch("Request_EntityChanged", "Another user has changed the record", "stale version", Action.REREAD, status=409),
    in_a_batch(INTERNAL, "Something went wrong", "database trouble", LOOK_UP, MAYBE, status=500),
)


@each_row(ROWS)
def test_the_vendors_answer_means_what_the_table_says(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading(SLUG, row, monkeypatch)


def test_one_slug_names_the_room() -> None:
    assert SPEC.slug == SLUG
