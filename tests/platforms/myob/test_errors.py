"""What each error that MYOB names means (MYOB Business API v2)."""

from __future__ import annotations

import json

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row, log_in

from airbooks.platforms.errors import PERIOD_CLOSED, Action

STOP, REVIEW, LOOK_UP, WAIT = Action.STOP, Action.REVIEW, Action.LOOK_UP, Action.WAIT


def named(status: int, name: str, rule: str, action: Action = REVIEW, message: str = "x", code: int | None = None) -> Row:
    error = {"Name": name, "Message": message, "AdditionalDetails": "", "ErrorCode": code, "Severity": "Error", "LearnMore": None}
    return Row(status, json.dumps({"Errors": [error], "Information": ""}), rule, action, NOT, f"{status} {name}")


def token(error: str, rule: str) -> Row:
    return Row(400, json.dumps({"error": error}), rule, STOP, NOT, f"token end point {error}", ask=log_in)


SECOND, DAY = "API key has exceeded the per-second rate limit", "API key has exceeded the daily rate limit"
DENIED = {"Message": "Access denied"}
CODED = {"Message": "You are not allowed", "ErrorCode": "AccessDenied"}
STALE = {"Message": "The Bearer token is not valid"}
ROWS = (
    token("invalid_grant", "consent withdrawn"),
    token("invalid_client", "wrong API key or secret"),
    Row(401, json.dumps(STALE), "access token not valid", Action.RENEW, NOT, "auth"),
    Row(401, json.dumps(DENIED), "access denied", STOP, NOT, "bare message"),
    named(403, "AccessDenied", "access denied", STOP),
    Row(403, json.dumps(CODED), "forbidden", STOP, NOT, "message with ErrorCode"),
    named(403, "DeveloperInactive", "API key switched off", STOP),
    named(403, "RateLimitError", "too many calls a second", WAIT, SECOND),
    named(403, "RateLimitError", "daily limit reached", WAIT, DAY),
    Row(429, "", "throttled", WAIT, NOT, "429"),
    named(403, "Other", "forbidden", STOP),
    named(400, "Required", "refused", message="Customer is required", code=100),
    named(400, "SerializationError", "refused", code=50),
    named(400, "NotFound", "unknown in MYOB", code=150),
    named(400, "Other", "refused"),
    named(409, "UIDSupplied", "refused"),
    Row(404, "", "not found", REVIEW, NOT, "404"),
    Row(410, "", "not found", REVIEW, NOT, "410"),
    Row(405, "", "change not allowed", REVIEW, NOT, "405"),
    named(400, "ReadOnly", "read-only in this file"),
    named(400, "Duplicate", "number already used", LOOK_UP, code=200),
    named(400, "CardDuplicateIdentifier", "card identifier taken"),
    named(409, "IncorrectRowVersionSupplied", "changed in MYOB meanwhile", Action.REREAD, code=111),
    named(400, "BusinessEvent_DateOccured_InLockPeriod", PERIOD_CLOSED),
    named(400, "DateInLockPeriod", PERIOD_CLOSED),
    named(400, "DatePriorToBeginningOfFinancialYear", PERIOD_CLOSED, code=25008),
    named(400, "AsOfDateBeforeConversionPeriod", PERIOD_CLOSED),
    named(400, "CreditLimitExceeded", "credit limit exceeded", code=25005),
    named(400, "IncorrectAccountType", "account refused", code=25006),
    named(400, "AccountHeaderNotAllowed", "account refused"),
    named(400, "JobHeaderNotAllowed", "job refused"),
    named(400, "ConsolidatedTaxCodesNotAllowed", "tax code refused"),
    named(400, "FreightTaxCodeRequired", "freight refused"),
    named(400, "Term_Out_Of_Range", "terms refused"),
    named(400, "Required", "customer's currency", message="ForeignCurrency is required"),
    named(400, "InvoicePaid", "paid or settled", code=10001),
    named(400, "TransactionsCannotBeDeleted", "must be reversed", code=25003),
    named(400, "LayoutTypeMismatch", "another layout"),
    named(400, "OrderConvertedToInvoice", "converted twice", code=37001),
    Row(502, json.dumps({"Errors": [{"Name": "Duplicate"}]}), "platform failure", LOOK_UP, MAYBE, "words of a failure refuse nothing"),
    Row(408, "", "time-out at MYOB", LOOK_UP, MAYBE, "408"),
    Row(504, "", "time-out at MYOB", LOOK_UP, MAYBE, "504 may still complete"),
    Row(500, "", "platform failure", LOOK_UP, MAYBE, "500"),
    Row(502, "", "platform failure", LOOK_UP, MAYBE, "502"),
    Row(503, "", "platform failure", LOOK_UP, MAYBE, "503"),
)


@each_row(ROWS)
def test_the_vendors_answer_means_what_the_table_says(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("myob", row, monkeypatch)
