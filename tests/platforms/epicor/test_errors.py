"""Every error that Epicor documents: its own answer, errors inside HTTP 200 included, and what it means for the document."""

from __future__ import annotations

import json

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row, log_in

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.epicor.hook import EpicorHook
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome, PlatformError

ERRORS = "Errors"
BUSINESS = "Ice.Common.BusinessObjectException"
NO_RECORD = "Ice.Common.RecordNotFoundException"
TOKENS = {"auth": "token"}
OAUTH = {"auth": "oauth", "client_id": "airbooks"}


def body(status: int, message: str, kind: str = BUSINESS) -> str:
    details = [{"Message": message, "Type": "Error", "Table": "InvcHead", "Field": "TermsCode"}]
    told = {"HttpStatus": status, "ReasonPhrase": "REST API Exception", "ErrorMessage": message, "ErrorType": kind}
    return json.dumps({**told, "ErrorDetails": details, "CorrelationId": "6f1c"})


def refused(message: str, rule: str, action: Action = Action.REVIEW, source: str = ERRORS) -> Row:
    return Row(400, body(400, message), rule, action, NOT, source)


def inside(answer: object, rule: str, source: str, action: Action = Action.REVIEW, outcome: Outcome = NOT) -> Row:
    """An error in an answer with HTTP 200."""
    return Row(200, json.dumps(answer), rule, action, outcome, source)


def call(hook: PlatformHook) -> None:
    """A call of the hook's own, which renews what can be renewed."""
    hook.call("POST", "/invoices", json={})


def post_group(hook: PlatformHook) -> PlatformError:
    """Post an invoice group, and read the complaint in the answer with HTTP 200 as the hook does."""
    assert isinstance(hook, EpicorHook)
    return hook.posting._complain(hook.groups.post("AF260714A"))


def log_entry(message: str, rule: str) -> Row:
    group = json.dumps({"value": [{"GroupID": "AF260714A", "LockStatus": ""}]})
    asked = json.dumps({"parameters": {"needsUserInput": False, "gLWarning": ""}})
    told = json.dumps({"parameters": {"invoicesGenerated": "", "errorMessage": message, "legalNumberMessage": ""}})
    return Row(200, told, rule, Action.REVIEW, NOT, "traps with 200, PostInvoices", ask=post_group, before=(group, asked))


ROWS = (
    Row(401, body(401, "The API Key is not valid."), "API key refused", Action.STOP, NOT, "auth, API key"),
    Row(401, body(401, "Unauthorized"), "log-in refused", Action.STOP, NOT, "auth by Basic, nothing to renew", ask=call),
    Row(401, body(401, "Unauthorized"), "token refused", Action.RENEW, NOT, "auth by token", extra=TOKENS),
    Row(401, body(401, "Invalid username or password."), "log-in refused", Action.STOP, NOT, "token service", ask=log_in, extra=TOKENS),
    Row(400, '{"error":"invalid_client"}', "log-in refused", Action.STOP, NOT, "OAuth server", ask=log_in, extra=OAUTH),
    Row(403, body(403, "No access to Erp.BO.InvcGrpSvc", "UnauthorizedAccessException"), "not permitted", Action.STOP, NOT, ERRORS),
    Row(404, body(404, "Company EPIC99 not found."), "company unknown", Action.STOP, NOT, "Facts for the simulator"),
    Row(410, body(410, "Session is gone.", "InvalidSessionException"), "session gone", Action.RENEW, NOT, ERRORS, extra=TOKENS),
    Row(429, "", "throttled", Action.WAIT, NOT, ERRORS),
    Row(503, body(503, "Busy.", "Ice.Common.ConversionsPendingException"), "server is updating", Action.WAIT, NOT, ERRORS),
    Row(404, body(404, "Record not found.", NO_RECORD), "gone", Action.REVIEW, NOT, ERRORS),
    Row(500, body(500, "Record not found.", NO_RECORD), "gone", Action.REVIEW, NOT, "older builds"),
    Row(404, body(404, "No HTTP resource was found.", ""), "not there", Action.REVIEW, NOT, ERRORS),
    refused("Row has been modified by another user and couldn't be updated.", "stale version", Action.REREAD, "Update, SysRevID"),
    refused("Group AF1 is locked by user manager.", "group locked", Action.RETRY, "Facts for the simulator"),
    refused("Group ID is invalid.", "group gone", Action.RETRY, "Facts for the simulator"),
    refused("The fiscal period 7 of 2026 is closed.", PERIOD_CLOSED),
    refused("Apply date is earlier than the Earliest Apply Date", PERIOD_CLOSED),
    refused("Customer is on credit hold.", "on credit hold", source="Customers"),
    refused("Invoice 10482 has been posted.", "posted already", source="Update"),
    refused("Invoice 10482 has payments applied.", "paid", source="Void"),
    refused("One Time Ship To is not allowed for this customer.", "one-time ship-to not allowed", source="Create"),
    refused("There is no exchange rate for this date.", "no exchange rate", source="Currency"),
    refused("Terms Code is invalid.", "refused"),
    Row(400, body(400, "Call the credit desk first.", "Ice.BLException"), "refused", Action.REVIEW, NOT, "text of a site's own BPM"),
    Row(400, body(400, "Syntax error at position 8.", "ODataException"), "malformed query", Action.REVIEW, NOT, ERRORS),
    Row(
        409,
        body(409, "A duplicate row was found.", "Ice.Common.DuplicateRecordException"),
        "exists already",
        Action.LOOK_UP,
        NOT,
        ERRORS,
    ),
    log_entry("Invoice 10482: Invoice with no detail", "invoice without lines"),
    log_entry("Invoice 10482: Invalid GL account 4010-00", "account not valid"),
    log_entry("Invoice 10482: the fiscal period is closed", PERIOD_CLOSED),
    log_entry("Invoice 10482: something else", "not posted"),
    inside({"parameters": {"needsUserInput": True}}, "asks a question", "traps with 200, needsUserInput"),
    inside({"parameters": {"requiresUserInput": True}}, "asks a question", "traps with 200, requiresUserInput"),
    inside({"parameters": {"responseMessage": "Continue?"}}, "asks a question", "traps with 200, responseMessage"),
    inside({"parameters": {"lUpdateRan": False}}, "not saved", "traps with 200, lUpdateRan"),
    inside(
        {
            "returnObj": {"BOUpdError": [{"TableName": "InvcDtl", "ErrorText": "Part is not valid."}]},
            "parameters": {"errorsOccurred": True},
        },
        "saved with errors",
        "traps with 200, errorsOccurred",
        Action.LOOK_UP,
        MAYBE,
    ),
    Row(500, '{"HttpStatus":500,"CorrelationId":"6f1c"}', "server or gateway time-out", Action.LOOK_UP, MAYBE, "500, detail hidden"),
    Row(500, body(500, "The fiscal period is closed."), "server or gateway time-out", Action.LOOK_UP, MAYBE, "words of a server failure"),
    *(
        Row(status, "<html></html>", "server or gateway time-out", Action.LOOK_UP, MAYBE, f"{ERRORS}, {status}")
        for status in (408, 502, 503, 504)
    ),
)


@each_row(ROWS)
def test_what_epicors_answer_means(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("epicor", row, monkeypatch)
