"""What each error that FreshBooks documents means, in its old and its new form (Accounting API)."""

from __future__ import annotations

import json

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row, log_in

from airbooks.platforms.errors import Action

STOP, REVIEW, LOOK_UP = Action.STOP, Action.REVIEW, Action.LOOK_UP


def old(status: int, errno: int, field: str, message: str, rule: str, action: Action = REVIEW) -> Row:
    error = {"errno": errno, "field": field, "message": message, "object": "invoice", "value": "x"}
    return Row(status, json.dumps({"response": {"errors": [error]}}), rule, action, NOT, f"{status} errno {errno}")


def new(status: int, reason: int, field: str, message: str, rule: str, action: Action = REVIEW) -> Row:
    told = {"object": "client", "message": message, "value": "12345", "field": field}
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": str(reason), "metadata": told}
    body = {"code": 5, "message": f"Request failed with status_code: {status}", "details": [detail]}
    return Row(status, json.dumps(body), rule, action, NOT, f"{status} reason {reason}")


def token(status: int, error: str, rule: str) -> Row:
    return Row(status, json.dumps({"error": error}), rule, STOP, NOT, f"token end point {status} {error}", ask=log_in)


UNAUTHENTICATED = {"error": "unauthenticated", "error_description": "This action requires authentication to continue."}
SINGULAR = {"response": {"error": {"errno": 1012, "field": "userid", "message": "Client not found.", "object": "client"}}}
ROWS = (
    token(400, "invalid_grant", "connection withdrawn"),
    token(401, "invalid_grant", "connection withdrawn"),
    token(401, "invalid_client", "wrong client id or secret"),
    Row(401, json.dumps(UNAUTHENTICATED), "access token expired", Action.RENEW, NOT, "auth expired"),
    old(403, 1003, "", "The server could not verify that you are authorized", "access denied", STOP),
    old(403, 1038, "status", "write access denied", "field cannot be written"),
    old(403, 9999, "", "Forbidden", "not allowed", STOP),
    Row(403, json.dumps({"message": "Insufficient scope"}), "not allowed", STOP, NOT, "403 without errno"),
    Row(429, "", "throttled", Action.WAIT, NOT, "429, no documented body"),
    old(404, 1012, "userid", "Client not found.", "not found"),
    new(404, 1012, "userid", "Client not found.", "not found"),
    new(200, 1012, "userid", "Client not found.", "not found"),
    Row(200, json.dumps(SINGULAR), "not found", REVIEW, NOT, "one error object under HTTP 200"),
    old(422, 1011, "customerid", "Resource is deleted", "deleted in FreshBooks"),
    old(422, 1001, "create_date", "This field is required", "required field missing"),
    old(422, 1004, "amount", "Invalid value", "invalid value"),
    old(422, 1005, "amount", "Could not parse", "invalid value"),
    old(422, 1015, "status", "status must be a number", "invalid value"),
    old(422, 1018, "percent", "must be a decimal string", "invalid value"),
    old(422, 1013, "page", "Invalid page", "invalid paging"),
    old(422, 1014, "per_page", "Invalid page size", "invalid paging"),
    old(422, 1016, "create_date", "Invalid date", "invalid date"),
    old(422, 1033, "due_date", "Invalid date", "invalid date"),
    old(422, 1017, "notes", "Too long", "text too long"),
    old(422, 1017, "invoice_number", "Too long", "text too long"),
    Row(
        200, json.dumps({"response": {"errors": [{"errno": 9999, "message": "what is this"}]}}), "unreadable answer", LOOK_UP, MAYBE, "new"
    ),
    old(422, 13002, "name", "Tax name already used", "tax name in use"),
    old(422, 9999, "invoice_number", "This number is taken", "document number refused", LOOK_UP),
    new(422, 9999, "credit_number", "This number is taken", "document number refused", LOOK_UP),
    Row(409, "{}", "document number collision", LOOK_UP, NOT, "server-made number collision"),
    old(422, 9999, "status", "Status must be one of 0, 1, 2, 3", "refused"),
    old(400, 9999, "", "Something else", "refused"),
    Row(500, "<html>Error</html>", "platform failure", LOOK_UP, MAYBE, "500"),
    Row(503, "", "platform failure", LOOK_UP, MAYBE, "503"),
)


@each_row(ROWS)
def test_the_vendors_answer_means_what_the_table_says(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("freshbooks", row, monkeypatch)
