"""What each error that Wave documents means, in the three layers of its answers (GraphQL, public API)."""

from __future__ import annotations

import json

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import Action

STOP, REVIEW, LOOK_UP = Action.STOP, Action.REVIEW, Action.LOOK_UP


def renew(hook: PlatformHook) -> None:
    """The refresh token of OAuth, which the runner's connection with a full access token never uses."""
    hook.issue_token(None)


def refused(rule: str, action: Action = REVIEW, *errors: tuple[str, str, str]) -> Row:
    """didSucceed false, under HTTP 200."""
    told = [{"path": path.split("."), "message": message, "code": code} for path, message, code in errors]
    body = {"data": {"invoiceCreate": {"didSucceed": False, "inputErrors": told, "invoice": None}}}
    return Row(200, json.dumps(body), rule, action, NOT, f"inputErrors {errors[0][1] if errors else 'empty'}")


def graphql(code: str, message: str, rule: str, action: Action, status: int = 200) -> Row:
    error = {"extensions": {"id": "e486", "code": code}, "message": message, "locations": [{"line": 2, "column": 12}]}
    outcome = MAYBE if action is LOOK_UP else NOT
    return Row(status, json.dumps({"errors": [error], "data": None}), rule, action, outcome, f"{status} {code}")


def token(error: str, rule: str) -> Row:
    return Row(400, json.dumps({"error": error}), rule, STOP, NOT, f"token end point {error}", ask=renew)


PARTIAL = {"errors": [{"message": "x", "extensions": {"code": "NOT_FOUND"}}], "data": {"invoiceCreate": {"didSucceed": True}}}
BAD_FIELD = 'Unknown argument "name" on field "business" of type "Query".'
ROWS = (
    token("invalid_grant", "connection withdrawn"),
    token("invalid_client", "wrong client id or secret"),
    refused("refused", REVIEW, ("input.items.0.productId", "Product not found", "NOT_FOUND")),
    refused("refused"),
    refused("duplicate invoice number", LOOK_UP, ("input.invoiceNumber", "Invoice number is already in use.", "INVALID")),
    Row(200, json.dumps(PARTIAL), "answered in part", LOOK_UP, MAYBE, "partial data with errors"),
    graphql("GRAPHQL_VALIDATION_FAILED", BAD_FIELD, "schema changed", STOP),
    graphql("GRAPHQL_VALIDATION_FAILED", BAD_FIELD, "schema changed", STOP, 400),
    graphql("BAD_USER_INPUT", 'Variable "$input" got invalid value', "bad value", REVIEW),
    graphql("NOT_FOUND", "Business 'BAD_ID' could not be found.", "business not found", STOP),
    graphql("NOT_FOUND", "Invoice 'BAD_ID' could not be found.", "not found", REVIEW),
    graphql("UNAUTHENTICATED", "Authentication required", "access token expired", Action.RENEW),
    graphql("UNAUTHENTICATED", "Authentication required", "access token expired", Action.RENEW, 401),
    graphql("FORBIDDEN", "Missing scope invoice:write", "not allowed", STOP),
    Row(403, "Forbidden", "not let in", STOP, NOT, "403 without a GraphQL body"),
    Row(401, "Unauthorized", "authorisation expired", Action.RENEW, NOT, "401 without a GraphQL body"),
    Row(429, "Too many requests", "throttled", Action.WAIT, NOT, "429"),
    graphql("INTERNAL_SERVER_ERROR", "Internal server error", "platform failure", LOOK_UP),
    graphql("INTERNAL_SERVER_ERROR", "Internal server error", "platform failure", LOOK_UP, 500),
)


@each_row(ROWS)
def test_the_vendors_answer_means_what_the_table_says(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("wave", row, monkeypatch)
