"""What each error that Zoho documents means (Zoho Books API v3; numbers differ from module to module)."""

from __future__ import annotations

import json

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row, log_in

from airbooks.platforms.errors import PERIOD_CLOSED, Action

STOP, REVIEW, LOOK_UP, WAIT = Action.STOP, Action.REVIEW, Action.LOOK_UP, Action.WAIT


def said(status: int, code: int, message: str, rule: str, action: Action = REVIEW) -> Row:
    outcome = MAYBE if status >= 500 else NOT
    return Row(status, json.dumps({"code": code, "message": message}), rule, action, outcome, f"{status} code {code}")


def token(status: int, error: str, rule: str, action: Action = STOP) -> Row:
    return Row(status, json.dumps({"error": error}), rule, action, NOT, f"accounts server {error}", ask=log_in)


BLOCKED = "For security reasons you have been blocked for some time as you have exceeded the maximum number of requests per minute"
ROWS = (
    token(200, "invalid_client", "wrong client id or secret"),
    token(200, "invalid_code", "connection withdrawn"),
    token(400, "Access Denied", "too many access tokens", WAIT),
    said(401, 57, "You are not authorized to perform this operation", "not authorised", Action.RENEW),
    said(401, 14, "Invalid value passed for authtoken", "not authorised", Action.RENEW),
    said(429, 44, BLOCKED, "throttled", WAIT),
    said(429, 1070, "Too many concurrent requests", "throttled", WAIT),
    said(429, 45, "You have exceeded the maximum number of requests per day", "daily limit reached", WAIT),
    said(400, 3062, "The customer A already exists. Please specify a different name.", "duplicate name"),
    said(400, 1001, "Invoice number A has already been created", "duplicate document number", LOOK_UP),
    said(400, 1001, "An invoice with the number A already exists", "duplicate document number", LOOK_UP),
    said(400, 4097, "Number entered does not match the series", "number outside the series"),
    said(400, 99, "Transaction locking is on till 31/10/2026", PERIOD_CLOSED),
    said(400, 99, "Transactions before 31/10/2026 have been locked", PERIOD_CLOSED),
    said(400, 99, "Invoices with payments or credits applied cannot be deleted", "payments applied"),
    said(400, 99, "The currency of the contact cannot be changed", "wrong currency"),
    said(400, 15, "Please ensure that the notes has less than 100 characters.", "text too long"),
    said(400, 4, "Invalid value passed for customer_id", "invalid value"),
    said(400, 2, "Invalid value passed for tax_id", "invalid value"),
    said(404, 1002, "Invoice does not exist.", "not found"),
    said(404, 2, "Resource does not exist.", "not found"),
    said(404, 5, "Invalid URL Passed", "wrong address", STOP),
    said(405, 38, "Method not allowed", "refused"),
    said(400, 9999, "Something else", "refused"),
    said(200, 9999, "Something else under HTTP 200", "refused"),
    said(500, 1000, "Internal error", "internal error", LOOK_UP),
    Row(502, "<html>Bad Gateway</html>", "platform failure", LOOK_UP, MAYBE, "502"),
    Row(503, "", "platform failure", LOOK_UP, MAYBE, "503"),
    Row(504, "", "platform failure", LOOK_UP, MAYBE, "504"),
)


@each_row(ROWS)
def test_the_vendors_answer_means_what_the_table_says(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("zoho_books", row, monkeypatch)
