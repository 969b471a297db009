"""Every error that Oracle documents for receivables: its own answer, and what it means for the document."""

from __future__ import annotations

from typing import Any

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row, log_in

from airbooks.platforms.errors import PERIOD_CLOSED, Action

ERRORS = "Errors"
OAUTH = {"auth": "oauth2", "scope": "fusion"}


def refusal(code: str, detail: str, path: str = "/x") -> str:
    """The error document of framework version 4 and later."""
    told = f'[{{"detail":"{detail}","o:errorCode":"{code}","o:errorPath":"{path}"}}]'
    return f'{{"title":"Bad Request","status":"400","o:errorDetails":{told}}}'


def named(code: str, rule: str, action: Action = Action.REVIEW) -> Row:
    return Row(400, refusal(code, f"{code} was refused."), rule, action, NOT, f"{ERRORS}, {code}")


def words(rule: str, detail: str, action: Action = Action.REVIEW) -> tuple[Row, Row]:
    """The same words in the error document, and as plain text of an older version."""
    return (
        Row(400, refusal("", detail), rule, action, NOT, f"{ERRORS}, document"),
        Row(400, detail, rule, action, NOT, f"{ERRORS}, plain text"),
    )


def client(code: str, **more: Any) -> Row:
    body = f'{{"error":"{code}","error_description":"Client authentication failed."}}'
    return Row(401, body, "client refused", Action.STOP, NOT, f"identity domain, {code}", extra=OAUTH, **more)


ROWS = (
    client("invalid_client", ask=log_in),
    client("invalid_scope", ask=log_in),
    client("unauthorized_client", ask=log_in),
    Row(401, "", "user or password refused", Action.STOP, NOT, "Errors, auth by Basic"),
    Row(401, "<html>Unauthorized</html>", "user or password refused", Action.STOP, NOT, "Errors, auth by Basic, HTML"),
    Row(401, "", "token refused", Action.RENEW, NOT, "Errors, auth by token", headers={"WWW-Authenticate": "Bearer"}, extra=OAUTH),
    Row(403, "<html>Forbidden</html>", "privilege missing", Action.STOP, NOT, "Errors, privilege"),
    named("AR_BU_NOT_FOUND", "business unit unknown", Action.STOP),
    named("AR_BATCH_SOURCE_NOT_FOUND", "transaction source unknown", Action.STOP),
    named("AR_FUNC_CURRENCY_REQ", "conversion data"),
    named("AR_BILL_TO_CUST_NOT_FOUND", "customer account not found"),
    named("AR_SHIP_TO_CUST_NOT_FOUND", "customer account not found"),
    named("AR_SHIP_TO_CUST_NUM_REQ", "customer account not found"),
    named("AR_BILL_TO_SITE_NOT_FOUND", "customer site not found"),
    named("AR_BILL_TO_SITE_DUPLICATE", "customer site not found"),
    named("AR_SHIP_TO_SITE_NOT_FOUND", "customer site not found"),
    named("AR_ITEM_NOT_FOUND", "item not found"),
    named("AR_INVALID_INVENTORY_ITEM_CODE", "item not found"),
    named("AR_NO_ITEM_NO_WH", "item not found"),
    named("AR_ITEM_INVENTORYORG_WS", "item not found"),
    named("AR_WH_NOT_FOUND", "warehouse not found"),
    named("AR_LINE_ATTR_OPT_REQ", "line without item, memo line or description"),
    named("27024", "attribute value refused"),
    *words("duplicate transaction number", "The transaction number INV-2026-000123 already exists for this source.", action=Action.LOOK_UP),
    *words(PERIOD_CLOSED, "The accounting date is not in an open or future-enterable period."),
    *words("attribute unknown or not allowed", "URL request parameter q cannot be used in this context."),
    Row(400, refusal("27024", "The accounting date is not in an open period."), PERIOD_CLOSED, Action.REVIEW, NOT, "a number for a name"),
    Row(400, refusal("AR_SOMETHING", "Another rule of the pod."), "refused", Action.REVIEW, NOT, "a code that is not documented"),
    Row(404, '{"title":"Not Found","status":"404","o:errorDetails":[]}', "gone", Action.REVIEW, NOT, "Errors, not found"),
    Row(404, "<html>No such page</html>", "address not there", Action.STOP, NOT, "404 of a gateway"),
    Row(412, "", "stale version", Action.REREAD, NOT, "Errors, stale ETag"),
    Row(429, '{"title":"Too Many Requests","status":"429"}', "throttled", Action.WAIT, NOT, "Errors, throttled"),
    Row(429, "<html>Too Many Requests</html>", "throttled", Action.WAIT, NOT, "Errors, throttled, HTML", headers={"Retry-After": "9"}),
    *(
        Row(status, "<html><body>busy</body></html>", "server or gateway failure", Action.LOOK_UP, MAYBE, f"Errors, server, {status}")
        for status in (408, 500, 502, 503, 504)
    ),
    Row(
        500,
        "The accounting date is not in an open or future-enterable period.",
        "server or gateway failure",
        Action.LOOK_UP,
        MAYBE,
        "words of a server failure",
    ),
)


@each_row(ROWS)
def test_what_oracles_answer_means(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    error = assert_reading("oracle_fusion", row, monkeypatch)
    assert "<" not in error.message
