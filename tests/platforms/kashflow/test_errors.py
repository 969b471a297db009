"""What each error that KashFlow documents means (REST API v2; the words of most refusals are not published)."""

from __future__ import annotations

import json

import pytest
from tests.platforms.error_table import MAYBE, NOT, Ask, Row, assert_reading, each_row, log_in, write

from airbooks.platforms.errors import PERIOD_CLOSED, Action

STOP, REVIEW, LOOK_UP, RENEW = Action.STOP, Action.REVIEW, Action.LOOK_UP, Action.RENEW
TIMEOUT = "Execution Timeout Expired. The timeout period elapsed prior to completion of the operation."


def said(status: int, code: str, message: str, rule: str, action: Action = REVIEW, ask: Ask = write) -> Row:
    outcome = MAYBE if rule == "database time-out at KashFlow" else NOT
    return Row(status, json.dumps({"Error": code, "Message": message}), rule, action, outcome, f"{status} {code}", ask=ask)


ROWS = (
    said(401, "InvalidSessionToken", "Session token provided is invalid.", "session ended", RENEW),
    Row(401, "", "session not accepted", RENEW, NOT, "401 without its body"),
    said(400, "InvalidCredentials", "x", "wrong user name, password or memorable word", STOP, log_in),
    said(400, "AccountLocked", "The account is locked", "user locked", STOP, log_in),
    said(400, "PasswordExpired", "x", "password expired", STOP, log_in),
    said(400, "SubscriptionExpired", "x", "subscription ended", STOP),
    said(400, "InvoiceLimitReached", "x", "no more invoices this month", STOP),
    said(400, "-2146232060", TIMEOUT, "database time-out at KashFlow", LOOK_UP),
    said(400, "-1", "Something else with a number", "refused"),
    said(400, "CustomerCodeExists", "Customer code already exists", "refused"),
    said(400, "InvoiceNumberExists", "Invoice number 10042 already exists", "number already used", LOOK_UP),
    said(400, "Locked", "The transaction is locked", PERIOD_CLOSED),
    said(400, "VATReturn", "The invoice is part of a filed VAT return", PERIOD_CLOSED),
    said(403, "Forbidden", "The user has no rights", "not allowed", STOP),
    said(404, "NotFound", "Invoice not found", "gone"),
    said(405, "MethodNotAllowed", "x", "refused"),
    Row(429, "", "throttled", Action.WAIT, NOT, "429", {"Retry_After": "2"}),
    Row(500, json.dumps({"Error": "X", "Message": "locked"}), "platform failure", LOOK_UP, MAYBE, "500"),
    Row(503, "", "platform failure", LOOK_UP, MAYBE, "503"),
    Row(504, "", "platform failure", LOOK_UP, MAYBE, "time-out"),
)


@each_row(ROWS)
def test_the_vendors_answer_means_what_the_table_says(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("kashflow", row, monkeypatch)
