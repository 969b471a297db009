"""What each error that Xero documents means, for a whole request and for one element of it (Accounting API 2.0)."""

from __future__ import annotations

import json

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row, log_in

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import PERIOD_CLOSED, Action
from airbooks.platforms.xero import XeroHook

STOP, REVIEW, LOOK_UP, RENEW, WAIT = Action.STOP, Action.REVIEW, Action.LOOK_UP, Action.RENEW, Action.WAIT
ADDRESS = {"tenant_id": "t-1"}


def put_one(hook: PlatformHook) -> object:
    """One invoice; its answer is HTTP 200, whatever became of it."""
    assert isinstance(hook, XeroHook)
    reply = hook.client.write("PUT", "Invoices", {"Invoices": [{}]}, "k-1", summarizeErrors="false")
    return hook.client.saved("Invoices", reply, dict)


def element(words: str, rule: str, action: Action = REVIEW, source: str = "") -> Row:
    """summarizeErrors=false: the status we asked for comes back, and HasErrors."""
    told = {"InvoiceNumber": "SI-1", "Status": "AUTHORISED", "HasErrors": True, "StatusAttributeString": "ERROR"}
    body = json.dumps({"Invoices": [{**told, "ValidationErrors": [{"Message": words}]}]})
    return Row(200, body, rule, action, NOT, source or "element", ask=put_one, extra=ADDRESS)


def whole(words: str, rule: str, action: Action = REVIEW, kind: str = "ValidationException") -> Row:
    failed = {"InvoiceNumber": "SI-1", "HasErrors": True, "ValidationErrors": [{"Message": words}]}
    body: dict[str, object] = {"ErrorNumber": 10, "Type": kind, "Message": "A validation exception occurred", "Elements": [failed]}
    return Row(400, json.dumps(body), rule, action, NOT, "400")


def problem(status: int, detail: str, rule: str, action: Action) -> Row:
    body: dict[str, object] = {
        "Type": None,
        "Title": "Unauthorized",
        "Status": status,
        "Detail": detail,
        "Instance": "4f9b",
        "Extensions": {},
    }
    return Row(status, json.dumps(body), rule, action, NOT, f"{status} {detail.partition(':')[0]}")


def token(status: int, error: str, rule: str) -> Row:
    return Row(status, json.dumps({"error": error}), rule, STOP, NOT, f"token end point {error}", ask=log_in)


LOCK = "The document date cannot be before the period lock date 31 October 2025"
PAID = "This document cannot be edited as it has a payment or credit note allocated to it."
ROWS = (
    token(400, "invalid_grant", "connection withdrawn"),
    token(400, "invalid_client", "wrong client id or secret"),
    token(400, "unsupported_grant_type", "wrong client id or secret"),
    token(400, "invalid_scope", "scope not granted"),
    problem(401, "TokenExpired: token expired at 11/03/2025 09:12:44", "access token expired", RENEW),
    problem(401, "TokenInvalidSignature", "access token not valid", RENEW),
    problem(401, "AuthorizationUnsuccessful", "scope not granted", STOP),
    problem(403, "AuthorizationUnsuccessful", "scope not granted", STOP),
    problem(403, "AuthenticationUnsuccessful", "organisation not connected", STOP),
    problem(403, "Something else", "forbidden", STOP),
    Row(429, "", "throttled", WAIT, NOT, "minute", {"Retry_After": "7", "X_Rate_Limit_Problem": "minute"}),
    Row(429, "", "throttled", WAIT, NOT, "day", {"Retry_After": "7200", "X_Rate_Limit_Problem": "day"}),
    Row(404, "The resource you're looking for cannot be found", "not found", REVIEW, NOT, "404 is no JSON"),
    Row(304, "", "not modified", REVIEW, NOT, "If-Modified-Since"),
    Row(500, json.dumps({"Type": "X", "Message": "An error occurred in Xero."}), "platform failure", LOOK_UP, MAYBE, "500"),
    Row(503, "", "platform failure", LOOK_UP, MAYBE, "503"),
    Row(500, json.dumps({"Type": "X", "Message": LOCK}), "platform failure", LOOK_UP, MAYBE, "words of a failure refuse nothing"),
    whole("Invoice # must be unique.", "number already used", LOOK_UP),
    whole("Credit Note # must be unique.", "number already used", LOOK_UP),
    whole("different request for the same Idempotency-Key", "idempotency key used for another request"),
    whole(LOCK, PERIOD_CLOSED),
    whole(PAID, "paid or credited"),
    whole("Account code '999' is not a valid code for this document.", "account refused"),
    whole("Something else", "refused", kind="PostDataInvalidException"),
    element("Invoice # must be unique.", "number already used", LOOK_UP),
    element(LOCK, PERIOD_CLOSED),
    element("Invoice not of valid status for modification", "not of valid status"),
    element("Payments can only be made against Authorised documents", "not approved"),
    element("Payment amount exceeds the amount outstanding on this document", "pays too much"),
    element("Organisation is not subscribed to currency EUR", "currency not subscribed"),
    element("TaxType code 'OUTPUT9' does not exist or cannot be used", "tax rate refused"),
    element("Account code '999' is not a valid code for this document.", "account refused"),
    element("Item code 'X' is not valid", "item refused"),
    element("Invalid tracking category", "tracking refused"),
    element("The contact is archived", "contact archived"),
    element("The contact name Acme is already assigned to another contact", "duplicate contact name"),
    element("The line total 3 does not match the expected line total 4", "line total"),
    element("Something else", "refused"),
)


@each_row(ROWS)
def test_the_vendors_answer_means_what_the_table_says(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("xero", row, monkeypatch)
