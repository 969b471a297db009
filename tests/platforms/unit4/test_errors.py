"""Every error that ERPx documents, and what GL07 writes into its report: the answer as it comes, and what it means for the document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row, log_in

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import PERIOD_CLOSED, Action, PlatformError
from airbooks.platforms.unit4.hook import Unit4Hook

ERRORS = "Errors"


def message(words: str) -> str:
    return json.dumps({"message": words})


def refused(status: int, words: str, rule: str, action: Action = Action.REVIEW, source: str = ERRORS) -> Row:
    return Row(status, message(words), rule, action, NOT, f"{source}, {status}")


def token_error(code: str) -> Row:
    return Row(400, json.dumps({"error": code}), "client refused", Action.STOP, NOT, f"token end point, {code}", ask=log_in)


def ask_for_job(hook: PlatformHook) -> PlatformError:
    """Read GL07's report job, and make of it what the hook does."""
    assert isinstance(hook, Unit4Hook)
    job = hook.job("300029f1-9227-4106-GL07-71")
    assert job is not None
    return hook.rejection(job, "I-UK-SI-000117-0badcafe")


def reported(words: str, rule: str, letter: str = "T") -> Row:
    """What GL07 wrote into its report."""
    said: dict[str, Any] | None = {"errors": [words]} if words else None
    body = json.dumps({"status": letter, "notificationMessages": said})
    return Row(200, body, rule, Action.REVIEW, NOT, f"report of GL07, {words[:30]}", ask=ask_for_job)


NODE = json.dumps([{"transactionInformation": {"notificationMessages": {"errors": ["Account 9999 is not valid"]}}}])
ROWS = (
    *(token_error(code) for code in ("invalid_client", "unauthorized_client", "invalid_scope")),
    refused(401, "The token is expired", "token refused", Action.RENEW),
    Row(401, "", "token refused", Action.RENEW, NOT, "auth, empty"),
    refused(403, "No access", "access missing", Action.STOP),
    refused(400, "Interface XX is not valid.", "interface unknown", Action.STOP, "validation"),
    refused(429, "Slow down", "throttled", Action.WAIT),
    Row(429, "", "throttled", Action.WAIT, NOT, "throttled, empty", headers={"Retry-After": "12"}),
    Row(400, message("Batch AF-1 for interface BI already exists."), "batch exists already", Action.LOOK_UP, MAYBE, "duplicate batch"),
    Row(409, message("Duplicate batch"), "batch exists already", Action.LOOK_UP, MAYBE, "duplicate batch, 409"),
    refused(400, "Error converting value 26020308031599 to type 'System.Int32'", "number too large", source="validation"),
    refused(404, "No such object", "not found", Action.STOP),
    refused(413, "Request too large", "too large"),
    Row(413, "<html></html>", "too large", Action.REVIEW, NOT, "413 of a gateway"),
    Row(400, NODE, "refused", Action.REVIEW, NOT, "validation inside a node"),
    Row(400, '{"Message":"Anything else"}', "refused", Action.REVIEW, NOT, "keys in another case"),
    refused(422, "Anything else", "refused", source="validation"),
    *(
        Row(status, message("Oops"), "server or gateway failure", Action.LOOK_UP, MAYBE, f"{ERRORS}, {status}")
        for status in (408, 500, 502, 503, 504)
    ),
    Row(504, "<html>Gateway time-out</html>", "server or gateway failure", Action.LOOK_UP, MAYBE, "220 s are over"),
    reported("Period 202403 is closed", PERIOD_CLOSED),
    reported("Customer 9999 is not valid", "customer not valid"),
    reported("Tax code X9 is not valid", "tax code not valid"),
    reported("Account 9999 is not valid", "account or dimension not valid"),
    reported("Attribute value 210 is not valid for C1", "account or dimension not valid"),
    reported("The transaction does not balance in EUR: 0.01", "voucher does not balance"),
    reported("Invoice number INV-1 is already used for customer 1001", "invoice number used already"),
    reported("Something new", "rejected by GL07"),
    reported("", "GL07 ended badly", letter="E"),
)


@each_row(ROWS)
def test_what_erpx_answers_means(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("unit4", row, monkeypatch)


def test_a_job_that_failed_is_a_cause_that_its_documents_share(monkeypatch: pytest.MonkeyPatch) -> None:
    (ended_badly,) = (row for row in ROWS if row.rule == "GL07 ended badly")
    assert assert_reading("unit4", ended_badly, monkeypatch).rule.shared
