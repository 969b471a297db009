"""The two axes of what goes wrong: a platform's own table first, then what HTTP means, and in doubt an unknown outcome."""

from __future__ import annotations

import pytest

from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError, ReferenceMissing, classify

LOCKED = ErrorRule(name="locked", action=Action.REVIEW, outcome=Outcome.DID_NOT_HAPPEN, status=(400,), codes=("BL03",), text="period")
BUSY = ErrorRule(name="busy", action=Action.WAIT, outcome=Outcome.DID_NOT_HAPPEN, text="too many")


@pytest.mark.parametrize(
    ("status", "code", "text", "name"),
    [
        (400, "BL03", "The Period is closed", "locked"),
        (400, "BL03", "Something else", "refused"),
        (500, "BL03", "The period is closed", "platform failure"),
        (200, "", "Too many requests", "busy"),
        (401, "", "", "authorisation expired"),
        (403, "", "", "not allowed"),
        (429, "", "", "throttled"),
        (408, "", "", "request time-out at the platform"),
        (422, "", "", "refused"),
        (503, "", "", "platform failure"),
        (200, "", "surprise", "unreadable answer"),
        (None, "", "", "unreadable answer"),
    ],
)
def test_the_first_rule_that_matches_in_every_given_part_decides(status: int | None, code: str, text: str, name: str) -> None:
    assert classify((LOCKED, BUSY), status, code, text).name == name


def test_a_rule_without_conditions_matches_nothing() -> None:
    assert not ErrorRule(name="empty", action=Action.STOP, outcome=Outcome.HAPPENED).matches(500, "x", "y")


@pytest.mark.parametrize("status", [*range(300, 400, 33), 408, *range(500, 600, 33), 200, None])
def test_what_the_platform_does_not_explain_is_never_taken_as_not_happened(status: int | None) -> None:
    assert classify((), status, "", "").outcome is Outcome.UNKNOWN


def test_an_error_says_who_what_and_which_request() -> None:
    error = PlatformError("The period is closed", platform="xero", rule=LOCKED, status=400, code="BL03", request_id="r-1")
    assert str(error) == "xero: locked, HTTP 400, code BL03, request r-1: The period is closed"
    assert (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def test_a_missing_reference_tells_no_mapping_from_a_wrong_one() -> None:
    assert str(ReferenceMissing("tax_code", "GST10")) == "tax_code 'GST10' has no mapping"
    assert str(ReferenceMissing("tax_code", "GST10", "7")) == "tax_code 'GST10' is mapped to '7', which the platform does not have"


def test_an_error_in_the_middle_of_the_work_says_what_is_done_and_keeps_the_rest() -> None:
    error = PlatformError("The period is closed", platform="xero", rule=LOCKED, status=400, code="BL03", retry_after=3.0)
    unknown, happened = error.as_unknown("receipt 7 is booked"), error.as_happened("receipt 7 is booked")
    assert (unknown.outcome, happened.outcome, error.outcome) == (Outcome.UNKNOWN, Outcome.HAPPENED, Outcome.DID_NOT_HAPPEN)
    for told in (unknown, happened):
        assert str(told) == "xero: locked, HTTP 400, code BL03: receipt 7 is booked: The period is closed"
        assert (told.action, told.rule.name, told.retry_after) == (Action.REVIEW, "locked", 3.0)


def test_a_step_before_the_document_that_got_no_answer_is_tried_again() -> None:
    lost = PlatformError("no answer", platform="xero", rule=classify((), 503, "", ""))
    assert (lost.as_not_happened().action, lost.as_not_happened().outcome) == (Action.RETRY, Outcome.DID_NOT_HAPPEN)
