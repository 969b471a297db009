"""What each fault that Intuit documents means: what to do next, and whether it happened (Accounting API v3, Errors)."""

from __future__ import annotations

import json

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row, log_in
from tests.platforms.quickbooks.documents import document, refs

from airbooks.platforms.base import PlatformHook, Sending, Sent
from airbooks.platforms.errors import PERIOD_CLOSED, Action

STOP, REVIEW, LOOK_UP = Action.STOP, Action.REVIEW, Action.LOOK_UP
NOTHING_FOUND = '{"QueryResponse":{},"time":"2025-11-03T01:12:44.101-08:00"}'
TIME = "2025-11-03T01:12:44.101-08:00"


def fault(code: str, message: str, detail: str = "", kind: str = "ValidationFault") -> str:
    """The service's own form."""
    error = {"Message": message, "Detail": detail, "code": code, "element": ""}
    return json.dumps({"Fault": {"Error": [error], "type": kind}, "time": TIME})


def gateway(message: str, detail: str, code: str, kind: str) -> str:
    """The gateway's form, with lower-case keys and nulls for everything else."""
    error = {"message": message, "detail": detail, "code": code, "element": None}
    empty: dict[str, object] = {"warnings": None, "intuitObject": None, "queryResponse": None, "batchItemResponse": [], "status": None}
    return json.dumps({**empty, "fault": {"error": [error], "type": kind}, "report": None, "time": 1762161164101})


def oauth(error: str) -> str:
    return json.dumps({"error": error, "error_description": "Incorrect or invalid refresh token"})


def in_a_batch(hook: PlatformHook) -> list[Sent]:
    """Two invoices in one batch; the answer is that of the first."""
    return hook.create_invoices([Sending(key=f"k-{n}", document=document(number=f"US-SI-{n}"), references=refs()) for n in (1, 2)])


def batch_item(code: str, message: str) -> str:
    item = json.loads(fault(code, message))["Fault"]
    return json.dumps({"BatchItemResponse": [{"bId": "0", "Fault": item}], "time": TIME})


RULE = "A business validation error has occurred while processing your request"
ROWS = (
    Row(400, oauth("invalid_grant"), "connection withdrawn", STOP, NOT, "token end point", ask=log_in),
    Row(401, oauth("invalid_client"), "wrong client id or secret", STOP, NOT, "token end point", ask=log_in),
    Row(
        401,
        gateway("message=AuthenticationFailed; errorCode=003200; statusCode=401", "Token expired: eyJ", "3200", "AUTHENTICATION"),
        "access token expired",
        Action.RENEW,
        NOT,
        "auth expired",
    ),
    Row(
        403,
        gateway("message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403", "", "3100", "SERVICE"),
        "not authorised for this company",
        STOP,
        NOT,
        "403",
    ),
    Row(400, fault("5020", "Permission Denied Error"), "permission denied", STOP, NOT, "5020"),
    Row(400, fault("6190", "Invalid Company Status", "Subscription ended"), "subscription ended", STOP, NOT, "6190"),
    Row(
        429,
        gateway("message=ThrottleExceeded; errorCode=003001; statusCode=429", "", "3001", "SERVICE"),
        "throttled",
        Action.WAIT,
        NOT,
        "429 at the gateway",
    ),
    Row(400, fault("600", "Duplicate Request ID"), "same request still running", LOOK_UP, MAYBE, "requestid twice at the same time"),
    Row(
        400,
        fault("6140", "Duplicate Document Number Error", "DocNumber=US-SI-1 is assigned to TxnType=Invoice with TxnId=1045"),
        "duplicate document number",
        LOOK_UP,
        NOT,
        "duplicate number",
    ),
    Row(400, fault("5010", "Stale Object Error"), "stale version", Action.REREAD, NOT, "5010"),
    Row(500, fault("10000", "An application error has occurred", kind="SystemFault"), "system failure", LOOK_UP, MAYBE, "10000"),
    Row(400, fault("6210", "Account Period Closed, Cannot Update Through Services"), PERIOD_CLOSED, REVIEW, NOT, "6210"),
    Row(400, fault("6200", "Account Period Closed"), PERIOD_CLOSED, REVIEW, NOT, "6200"),
    Row(400, fault("6540", "Deposited Transaction cannot be changed"), "deposited", REVIEW, NOT, "6540"),
    Row(400, fault("6450", "Deposited Transaction cannot be changed"), "deposited", REVIEW, NOT, "6450"),
    Row(400, fault("2500", "Invalid Reference Id"), "invalid reference", REVIEW, NOT, "2500"),
    Row(400, fault("610", "Object Not Found"), "not found or inactive", REVIEW, NOT, "HTTP 400 for not found"),
    Row(400, fault("620", "Transaction cannot be linked"), "unusable linked transaction", REVIEW, NOT, "620"),
    Row(400, fault("6240", "Duplicate Name Exists Error"), "duplicate name", REVIEW, NOT, "6240"),
    Row(400, fault("6070", RULE, "Amount is not equal to UnitPrice * Qty"), "amount is not quantity times price", REVIEW, NOT, "6070"),
    Row(400, fault("6100", RULE, "Invalid tax code"), "invalid tax code", REVIEW, NOT, "6100"),
    Row(400, fault("2050", "Max Length exceeded"), "text too long", REVIEW, NOT, "2050"),
    Row(400, fault("2010", "Property Name is not supported"), "missing or unsupported property", REVIEW, NOT, "2010"),
    Row(400, fault("2020", "Required param missing"), "missing or unsupported property", REVIEW, NOT, "2020"),
    Row(
        400,
        fault("6000", RULE, "Business Validation Error: The currency of the transaction is invalid for the customer."),
        "wrong currency",
        REVIEW,
        NOT,
        "currency of the customer",
    ),
    Row(400, fault("6000", RULE, "Business Validation Error: something else"), "business rule", REVIEW, NOT, "6000"),
    Row(400, fault("1040", "Batch size exceeded"), "malformed request", REVIEW, NOT, "more than 30 in a batch"),
    Row(400, fault("2130", "Invalid requestid"), "malformed request", REVIEW, NOT, "malformed requestid"),
    Row(400, fault("4000", "Error parsing query"), "malformed request", REVIEW, NOT, "query syntax 4000"),
    Row(400, fault("4001", "Invalid query"), "malformed request", REVIEW, NOT, "query syntax 4001"),
    Row(500, fault("99999", "Something broke", kind="SystemFault"), "system fault", LOOK_UP, MAYBE, "types of faults"),
    Row(403, fault("99999", "Not permitted", kind="AuthorizationFault"), "not authorised", STOP, NOT, "types of faults"),
    Row(403, fault("99999", "Not permitted", kind="AuthorizatonFault"), "not authorised", STOP, NOT, "misspelt type"),
    Row(400, fault("99999", "Not like that"), "refused", REVIEW, NOT, "types of faults"),
    Row(200, fault("6000", RULE), "business rule", REVIEW, NOT, "a fault under HTTP 200"),
    Row(502, "<html>Bad gateway</html>", "platform failure", LOOK_UP, MAYBE, "502"),
    Row(503, "", "platform failure", LOOK_UP, MAYBE, "503"),
    Row(504, "", "platform failure", LOOK_UP, MAYBE, "504"),
    Row(200, "<html>Maintenance</html>", "unreadable answer", LOOK_UP, MAYBE, "neither a fault nor an answer"),
    Row(200, batch_item("6210", "Period closed"), PERIOD_CLOSED, REVIEW, NOT, "batch item", ask=in_a_batch, before=(NOTHING_FOUND,)),
    Row(200, batch_item("10000", "Error"), "system failure", LOOK_UP, MAYBE, "batch item", ask=in_a_batch, before=(NOTHING_FOUND,)),
    Row(
        200,
        batch_item("6140", "Duplicate Document Number Error"),
        "duplicate document number",
        LOOK_UP,
        NOT,
        "batch item",
        ask=in_a_batch,
        before=(NOTHING_FOUND,),
    ),
)


@each_row(ROWS)
def test_the_vendors_answer_means_what_the_table_says(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("quickbooks", row, monkeypatch)
