"""Every error that Brightpearl documents: its own answer, client mistakes with HTTP 500 included, and what it means for the document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row, log_in

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.brightpearl.client import Message
from airbooks.platforms.brightpearl.hook import BrightpearlHook
from airbooks.platforms.errors import PERIOD_CLOSED, Action

ERRORS = "Errors"
PUBLIC_APP = {"auth": "oauth", "client_id": "airbooks"}


def errors(code: str, message: str) -> str:
    return json.dumps({"errors": [{"code": code, "message": message}]})


def words(text: str) -> str:
    return json.dumps({"response": text})


def order(code: str, message: str) -> Row:
    return Row(400, errors(code, message), "invalid order", Action.REVIEW, NOT, f"validation, {code}")


def unverified(message: str, rule: str) -> tuple[Row, ...]:
    """A refusal whose code nobody documents, with either status."""
    return tuple(Row(status, errors("ACCC-001", message), rule, Action.REVIEW, NOT, f"{ERRORS}, {status}") for status in (400, 409))


def token_error(code: str, rule: str) -> Row:
    body = json.dumps({"error": code, "error_description": "refused"})
    return Row(400, body, rule, Action.STOP, NOT, f"token end point, {code}", ask=log_in, extra=PUBLIC_APP)


def two_messages(hook: PlatformHook) -> Any:
    """Two orders in one request; what became of the first."""
    assert isinstance(hook, BrightpearlHook)
    return hook.client.write_each([Message(label, "POST", "order-service/sales-order", {}) for label in "ab"])["a"]


def inside(status: int, content: str, rule: str, action: Action = Action.REVIEW) -> Row:
    """The answer to one message of several."""
    parts = [{"label": "a", "statusCode": status, "body": {"content": content}}]
    body = json.dumps({"response": {"processedMessages": parts, "unprocessedMessages": ["b"]}})
    return Row(207, body, rule, action, NOT, f"207, message with {status}", ask=two_messages)


TOO_MANY = "You have sent too many requests. Please wait before sending another request"
EXHAUSTED = {"brightpearl-requests-remaining": "0", "brightpearl-next-throttle-period": "25000"}
ROWS = (
    token_error("invalid_client", "wrong client"),
    token_error("unauthorized_client", "wrong client"),
    token_error("invalid_grant", "authorisation withdrawn"),
    Row(503, words(TOO_MANY), "throttled", Action.WAIT, NOT, "limits", headers=EXHAUSTED),
    Row(429, words(TOO_MANY), "too many requests", Action.WAIT, NOT, "limits, 429"),
    Row(401, words("Invalid instance token: X"), "token refused", Action.STOP, NOT, ERRORS),
    Row(401, words("Authorization token expired"), "token expired", Action.RENEW, NOT, ERRORS),
    Row(403, words("Not allowed"), "not allowed", Action.STOP, NOT, ERRORS),
    *unverified("The accounting period for this tax date is locked", PERIOD_CLOSED),
    *unverified("The order has already been invoiced", "already invoiced"),
    *unverified("The transaction ref BACS-7781 already exists", "duplicate payment"),
    *unverified("The order cannot be cancelled", "cannot be cancelled"),
    order("ORDC-005", "You have not supplied an order type code"),
    order("ORDC-006", "The order type code is not valid"),
    order("ORDC-022", "You have not supplied a party"),
    order("ORDC-024", "The row is not valid"),
    order("CMNC-010", "The request has no JSON body"),
    Row(400, errors("ORDC-099", "Something else"), "refused", Action.REVIEW, NOT, "a code that is not documented"),
    Row(404, errors("CMNC-404", "No Contact Found"), "not found", Action.REVIEW, NOT, ERRORS),
    Row(500, errors("CMNC-018", "The filter cannot be parsed"), "request not understood", Action.REVIEW, NOT, "client mistakes, search"),
    Row(500, errors("CMNC-044", "Bad patch operation"), "request not understood", Action.REVIEW, NOT, "client mistakes, patch"),
    Row(500, errors("CMNC-999", "Another mistake"), "request not understood", Action.REVIEW, NOT, "client mistakes, any CMNC"),
    Row(500, errors("CMNU-003", "Internal error"), "server or gateway failure", Action.LOOK_UP, MAYBE, "genuine server error"),
    *(
        Row(status, "<html>Bad gateway</html>", "server or gateway failure", Action.LOOK_UP, MAYBE, f"{ERRORS}, {status}")
        for status in (408, 500, 502, 503, 504)
    ),
    inside(400, errors("ORDC-022", "You have not supplied a party"), "invalid order"),
    inside(503, words(TOO_MANY), "throttled", Action.WAIT),
    inside(404, errors("CMNC-404", "No Contact Found"), "not found"),
)


@each_row(ROWS)
def test_what_brightpearls_answer_means(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("brightpearl", row, monkeypatch)


def test_a_throttle_says_how_long_by_its_own_header(monkeypatch: pytest.MonkeyPatch) -> None:
    (throttled,) = (row for row in ROWS if row.headers)
    assert assert_reading("brightpearl", throttled, monkeypatch).retry_after == 25
