"""What each of the vendor's errors means: what to do, and whether it happened."""

from __future__ import annotations

import pytest

from airbooks.platforms.errors import Action, Outcome, classify
from airbooks.platforms.netsuite.reading import complaint
from airbooks.platforms.netsuite.spec import BUSY_LOGIN, SPEC
from airbooks.platforms.wire import Reply, to_json

NOT, REVIEW = Outcome.DID_NOT_HAPPEN, Action.REVIEW


@pytest.mark.parametrize(
    ("status", "code", "text", "action", "outcome"),
    [
        (400, "INVALID_CONTENT", "Unknown property name: taxDetails.", REVIEW, NOT),
        (400, "INVALID_CONTENT", "Invalid content", REVIEW, NOT),
        (400, "INVALID_REQUEST", "", REVIEW, NOT),
        (400, "USER_ERROR", "You have entered an Invalid Field Value 9999 for the following field: item", REVIEW, NOT),
        (400, "USER_ERROR", "This record already exists.", Action.LOOK_UP, NOT),
        (400, "USER_ERROR", "The transaction date you specified is not within the date range of your accounting period", REVIEW, NOT),
        (400, "USER_ERROR", "The period is closed", REVIEW, NOT),
        (400, "IDEMPOTENCY_ERROR", "", Action.LOOK_UP, Outcome.UNKNOWN),
        (400, "invalid_grant", "", Action.STOP, NOT),
        (401, "INVALID_LOGIN", "Invalid login attempt.", Action.RENEW, NOT),
        (401, BUSY_LOGIN, "Invalid login attempt.", Action.WAIT, NOT),
        (401, "INVALID_LOGIN", "Concurrent request limit exceeded. Request blocked.", Action.WAIT, NOT),
        (403, "INSUFFICIENT_PERMISSION", "Permission Violation", Action.STOP, NOT),
        (404, "NONEXISTENT_ID", "The record instance does not exist.", REVIEW, NOT),
        (404, "", "404 Gateway error", Action.STOP, NOT),
        (429, "CONCURRENCY_LIMIT_EXCEEDED", "", Action.WAIT, NOT),
        (400, "SSS_REQUEST_LIMIT_EXCEEDED", "", Action.WAIT, NOT),
        (500, "UNEXPECTED_ERROR", "Error ID: kx7", Action.LOOK_UP, Outcome.UNKNOWN),
        (503, "", "", Action.LOOK_UP, Outcome.UNKNOWN),
        (504, "", "", Action.LOOK_UP, Outcome.UNKNOWN),
        (408, "", "", Action.LOOK_UP, Outcome.UNKNOWN),
    ],
)
def test_the_vendors_error_table(status: int, code: str, text: str, action: Action, outcome: Outcome) -> None:
    rule = classify(SPEC.errors, status, code, text)
    assert (rule.action, rule.outcome) == (action, outcome)


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
