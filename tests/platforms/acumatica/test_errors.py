"""Every error that Acumatica documents: its own answer (business errors with HTTP 500 included), and what it means for the document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row, log_in

from airbooks.platforms.errors import PERIOD_CLOSED, Action

ERRORS = "Errors"
COOKIE = {"auth": "cookie"}
GRANT = {"client_id": "airbooks@Company"}
REFUSED = "Inserting 'AR Invoice' record raised at least one error. Please review the errors."


def echo(error: str, place: str = "Project") -> str:
    """A refused record: the whole of it comes back, with an id although nothing was saved."""
    line = {"id": "b841", "rowNumber": 1, "InventoryID": {}, place: {"value": "TES2323T", "error": error}}
    head = {"id": "b641", "rowNumber": 1, "error": REFUSED, "ReferenceNbr": {"value": "<NEW>"}, "Amount": {"value": 201.73}}
    return json.dumps({**head, "Details": [line]})


def exception(message: str, kind: str = "PX.Data.PXException") -> str:
    told = {"message": "An error has occurred.", "exceptionMessage": message, "exceptionType": kind, "stackTrace": ""}
    return json.dumps(told)


def told(message: str, rule: str, action: Action = Action.REVIEW, source: str = ERRORS) -> tuple[Row, Row]:
    """The same words in a refused record, and in the exception of a screen."""
    return (
        Row(422, echo(message), rule, action, NOT, f"{source}, 422"),
        Row(500, exception(f"Error: {message}"), rule, action, NOT, f"{source}, 500"),
    )


def open_(status: int, body: str, rule: str, source: str = ERRORS, **more: Any) -> Row:
    return Row(status, body, rule, Action.LOOK_UP, MAYBE, f"{source}, {status}", **more)


def token_error(code: str, rule: str) -> Row:
    extra = {**GRANT, "refresh_token": ""}
    return Row(400, f'{{"error":"{code}"}}', rule, Action.STOP, NOT, f"token end point, {code}", ask=log_in, extra=extra)


LIMIT = json.dumps({"message": "API Login Limit"})
NO_ENTITY = exception("No entity satisfies the condition.", "PX.Api.ContractBased.NoEntitySatisfiesTheConditionException")
NO_RIGHTS = exception("Error: No rights to field.", "PX.Data.PXSetPropertyException")
NOT_SET_UP = exception("Required configuration data is not entered.", "PX.Data.PXSetupNotEnteredException")
WRONG_PASSWORD = exception("Error: Invalid credentials. Please try again.")
ROWS = (
    Row(500, WRONG_PASSWORD, "log-in refused", Action.STOP, NOT, "bad login", ask=log_in, extra=COOKIE),
    *(
        Row(status, LIMIT, "login limit reached", Action.WAIT, NOT, f"login limit, {status}", ask=log_in, extra=COOKIE)
        for status in (403, 429, 500)
    ),
    token_error("invalid_grant", "sign-in refused"),
    token_error("invalid_client", "client refused"),
    token_error("unauthorized_client", "client refused"),
    Row(401, "", "session ended", Action.RENEW, NOT, ERRORS),
    Row(403, "", "not permitted", Action.STOP, NOT, ERRORS),
    Row(500, NOT_SET_UP, "set-up missing", Action.STOP, NOT, ERRORS),
    Row(404, "", "end point not installed", Action.STOP, NOT, "unknown entity or version"),
    Row(405, '{"message":"The requested resource does not support http method PUT."}', "wrong method", Action.STOP, NOT, ERRORS),
    Row(429, "", "throttled", Action.WAIT, NOT, ERRORS),
    *told("Another process has updated the 'AR Invoice' record. Your changes will be lost.", "changed at the same time", Action.REREAD),
    open_(500, exception("Error: The previous operation has not been completed."), "release is running already", "Release"),
    open_(500, exception("Error: The document is already released."), "released already", "Release"),
    Row(500, NO_ENTITY, "no such record", Action.REVIEW, NOT, "not found by key"),
    Row(412, "", "exists already", Action.LOOK_UP, NOT, "duplicate, If-None-Match"),
    *told("The 08-2026 financial period is inactive in the PRODWHOLE company.", PERIOD_CLOSED),
    *told("The 07-2026 financial period is closed in the PRODWHOLE company.", PERIOD_CLOSED, source="closed period"),
    *told("The document is pending approval.", "waits for approval", source="status Pending Approval"),
    *told("The document is on hold.", "on hold", source="status On Hold"),
    *told("The customer is on credit hold.", "on hold", source="status Credit Hold"),
    *told("The item is inactive.", "inactive master data", source="words of a screen"),
    *told("The released document cannot be changed.", "released document is fixed", source="Update"),
    *told("The currency cannot be overridden: no override of the currency is allowed.", "currency not allowed", source="Currency"),
    Row(422, echo("Project 'TES2323T  ' cannot be found in the system."), "code unknown there", Action.REVIEW, NOT, "validation"),
    Row(422, echo("'Unit Price' cannot be empty."), "refused", Action.REVIEW, NOT, "validation, other"),
    Row(200, echo("'Unit Price' cannot be empty."), "unreadable answer", Action.LOOK_UP, MAYBE, "an error inside 200"),
    Row(400, '{"message":"The request is invalid."}', "malformed request", Action.REVIEW, NOT, ERRORS),
    Row(500, NO_RIGHTS, "refused by the screen", Action.REVIEW, NOT, "screen logic"),
    open_(500, exception("Error: x", "System.NullReferenceException"), "server failure", "other exception"),
    open_(500, "<html></html>", "server failure", "no exception"),
    *(open_(status, "<html></html>", "server or gateway time-out") for status in (408, 502, 503, 504)),
)


@each_row(ROWS)
def test_what_acumaticas_answer_means(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("acumatica", row, monkeypatch)
