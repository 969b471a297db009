"""What each error that QuickFile documents means (API v1.2 and the REST beta; most texts are not published)."""

from __future__ import annotations

import json

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import PERIOD_CLOSED, Action
from airbooks.platforms.quickfile import QuickFileHook

STOP, REVIEW, LOOK_UP, WAIT = Action.STOP, Action.REVIEW, Action.LOOK_UP, Action.WAIT


def create(hook: PlatformHook) -> object:
    """A signed submission of v1.2."""
    assert isinstance(hook, QuickFileHook)
    return hook.rpc("Invoice_Create", {}, dict)


def said(status: int, message: str, rule: str, action: Action = REVIEW) -> Row:
    outcome = MAYBE if rule == "arrived before" else NOT
    body = json.dumps({"Errors": {"Error": [message, ""]}})
    return Row(status, body, rule, action, outcome, f"{status} {message}", ask=create, extra={"rest_token": ""})


TOO_LONG = "The 'ItemName' element is invalid - The actual length is greater than the MaxLength value."
CODED = {"Error": {"Code": "17", "Message": "Cannot find client"}}
ROWS = (
    said(400, TOO_LONG, "does not fit the schema"),
    said(400, "The element 'Body' has incomplete content", "does not fit the schema"),
    said(400, "Cannot find invoice", "not found"),
    said(200, "Cannot find invoice", "not found"),
    Row(200, json.dumps(CODED), "not found", REVIEW, NOT, "Error with Code and Message"),
    Row(400, json.dumps({"Errors": {"Error": "Cannot find client"}}), "not found", REVIEW, NOT, "Error as a text"),
    said(404, "Not found", "no such address", STOP),
    said(401, "The MD5 value is invalid", "not authorised", STOP),
    said(400, "Authentication failed", "not authorised", STOP),
    said(403, "Unknown application ID", "not authorised", STOP),
    said(403, "Go away", "not let in", STOP),
    Row(401, json.dumps({"Error": "Bad token"}), "not let in", STOP, NOT, "REST beta, bad token"),
    said(400, "The method Invoice_Create is not enabled for this application", "method not enabled", STOP),
    said(403, "You do not have permission", "method not enabled", STOP),
    said(400, "This submission number has already been used", "arrived before", LOOK_UP),
    said(400, "The invoice number already exists", "duplicate document number", LOOK_UP),
    said(400, "The date falls in a locked period", PERIOD_CLOSED),
    said(400, "The VAT return of this period has been filed", PERIOD_CLOSED),
    said(400, "The invoice is paid and cannot be edited", "paid already"),
    said(403, "The daily limit of API calls has been reached", "daily limit reached", WAIT),
    said(429, "Slow down", "throttled", WAIT),
    said(400, "Something else", "refused"),
    said(200, "Something else", "refused"),
    Row(500, json.dumps({"Errors": {"Error": ["Cannot find invoice"]}}), "platform failure", LOOK_UP, MAYBE, "500"),
    Row(502, "", "platform failure", LOOK_UP, MAYBE, "502"),
    Row(503, "", "platform failure", LOOK_UP, MAYBE, "503"),
    Row(504, "", "platform failure", LOOK_UP, MAYBE, "504"),
)


@each_row(ROWS)
def test_the_vendors_answer_means_what_the_table_says(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("quickfile", row, monkeypatch)
