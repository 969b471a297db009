"""Every error that NetSuite documents: its own answer, and what it means for the document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import PERIOD_CLOSED, Action
from airbooks.platforms.netsuite.reading import complaint
from airbooks.platforms.wire import Reply, to_json

ERRORS = "Errors"
BUSY = "Concurrent request limit exceeded. Request blocked."
FIELD = "Error while accessing resource: You have entered an Invalid Field Value 9999 for the following field: "
TOKEN_BASED = {"auth": "tba", "token_id": "1d-of-a-token", "token_secret": "s3cret-of-a-token", "account_id": "1234567"}


def body(status: int, code: str, detail: str, path: str = "item.items[0].item") -> str:
    told = {"type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec10.4.1", "title": "Refused", "status": status}
    return json.dumps({**told, "o:errorDetails": [{"detail": detail, "o:errorCode": code, "o:errorPath": path}]})


def told(status: int, code: str, detail: str, rule: str, action: Action = Action.REVIEW, source: str = ERRORS, **more: Any) -> Row:
    return Row(status, body(status, code, detail), rule, action, NOT, f"{source}, {code}", **more)


def open_(status: int, code: str, detail: str, rule: str) -> Row:
    return Row(status, body(status, code, detail), rule, Action.LOOK_UP, MAYBE, f"{ERRORS}, {status} {code}")


def let_in_before(hook: PlatformHook) -> None:
    """A call with credentials that the account has just accepted."""
    hook.call("GET", "/services/rest/record/v1/currency", read=True)
    hook.call("POST", "/services/rest/record/v1/invoice", json={})


ROWS = (
    *(
        Row(400, f'{{"error":"{code}"}}', "client refused", Action.STOP, NOT, f"token end point, {code}")
        for code in ("invalid_grant", "invalid_client", "invalid_scope")
    ),
    told(429, "CONCURRENCY_LIMIT_EXCEEDED", BUSY, "concurrency limit", Action.WAIT),
    told(400, "SSS_REQUEST_LIMIT_EXCEEDED", "Request Limit Exceeded", "concurrency limit", Action.WAIT, "of scripts"),
    told(403, "EXCEEDED_CONCURRENCY_LIMIT", BUSY, "concurrency limit", Action.WAIT, "of SOAP"),
    Row(429, "<html>Too many requests</html>", "throttled", Action.WAIT, NOT, "429 of a gateway", headers={"Retry-After": "5"}),
    told(401, "INVALID_LOGIN", BUSY, "concurrency limit, in words", Action.WAIT, "a refused log-in that is none"),
    told(403, "INSUFFICIENT_PERMISSION", BUSY, "concurrency limit, in words", Action.WAIT, "a refused permission that is none"),
    told(
        401,
        "INVALID_LOGIN",
        "Invalid login attempt.",
        "throttled, in the words of a refused log-in",
        Action.WAIT,
        "credentials just accepted",
        ask=let_in_before,
        before=("{}",),
        extra=TOKEN_BASED,
    ),
    told(401, "INVALID_LOGIN", "Invalid login attempt. See the Login Audit Trail.", "log-in refused", Action.RENEW, extra=TOKEN_BASED),
    told(403, "INSUFFICIENT_PERMISSION", "Permission Violation", "not permitted", Action.STOP),
    Row(403, "<html>Forbidden</html>", "not permitted", Action.STOP, NOT, "403 of a gateway"),
    told(400, "USER_ERROR", "Error while accessing a resource. This record already exists.", "exists already", Action.LOOK_UP),
    told(
        400,
        "USER_ERROR",
        "The transaction date you specified is not within the date range of your accounting period",
        PERIOD_CLOSED,
        source="locked period",
    ),
    told(400, "USER_ERROR", "The period is closed", PERIOD_CLOSED, source="closed period"),
    told(400, "USER_ERROR", "The period is locked", PERIOD_CLOSED, source="locked"),
    told(400, "USER_ERROR", "Payments are applied to this transaction", "paid or credited", source="Update, delete"),
    told(400, "USER_ERROR", "The amount exceeds the remaining balance", "applied too much", source="Payments"),
    told(400, "USER_ERROR", FIELD + "currency", "currency not the customer's", source="Currency"),
    told(400, "USER_ERROR", FIELD + "item", "field value refused"),
    told(400, "INVALID_CONTENT", "Unknown property name: taxDetails.", "field unknown there", source="Create, validation header"),
    told(400, "INVALID_CONTENT", "Invalid content", "content refused"),
    told(400, "INVALID_REQUEST", "The request is invalid.", "content refused"),
    told(400, "USER_ERROR", "Please enter a value for the field Approver.", "refused"),
    Row(400, "<html>Bad Request</html>", "refused", Action.REVIEW, NOT, "400 of a gateway"),
    told(404, "NONEXISTENT_ID", "The record instance does not exist.", "not there"),
    Row(404, "404 Gateway error", "address not there", Action.STOP, NOT, "404 of a gateway"),
    open_(400, "IDEMPOTENCY_ERROR", "The key was used already.", "replayed key"),
    open_(500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: kx7", "server trouble"),
    open_(500, "OTHER", "This record already exists.", "server or gateway time-out"),
    *(
        Row(status, "<html></html>", "server or gateway time-out", Action.LOOK_UP, MAYBE, f"{ERRORS}, {status}")
        for status in (408, 500, 502, 503, 504)
    ),
)


@each_row(ROWS)
def test_what_netsuites_answer_means(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("netsuite", row, monkeypatch)


def reply(status: int, body: object, **headers: str) -> Reply:
    return Reply(status, headers, to_json(body))


def test_all_details_are_told_and_the_first_ones_place() -> None:
    details = [
        {"detail": "Wrong item.", "o:errorCode": "INVALID_CONTENT", "o:errorPath": "item.items[0].item"},
        {"detail": "Wrong date.", "o:errorCode": "INVALID_CONTENT", "o:errorPath": "tranDate"},
    ]
    found = complaint(reply(400, {"title": "Bad Request", "status": 400, "o:errorDetails": details}))
    assert found is not None
    assert (found.code, found.message, found.field) == ("INVALID_CONTENT", "Wrong item.; Wrong date.", "item.items[0].item")


@pytest.mark.parametrize("place", [{}, {"o:errorHeader": "X-NetSuite-Idempotency-Key"}])
def test_a_repeated_key_brings_the_place_of_the_first_job(place: dict[str, str]) -> None:
    body = {"title": "Conflict", "o:errorDetails": [{"detail": "again", "o:errorCode": "IDEMPOTENCY_ERROR", **place}]}
    found = complaint(reply(400, body, location="https://x/services/rest/async/v1/job/7"))
    assert found is not None
    assert found.field.endswith("/job/7")


def test_success_may_be_empty_but_a_read_may_not() -> None:
    assert complaint(Reply(204, {}, b"")) is None
    assert complaint(Reply(202, {}, b"")) is None
    with pytest.raises(ValueError, match="empty"):
        complaint(Reply(200, {}, b""))
