"""Every error that the Service Layer documents: its own answer in both versions, and what it means for the document."""

from __future__ import annotations

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row, log_in

from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome


def v2(code: str, message: str) -> str:
    return f'{{"error":{{"code":"{code}","message":"{message}"}}}}'


def v1(code: int, message: str) -> str:
    return f'{{"error":{{"code":{code},"message":{{"lang":"en-us","value":"{message}"}}}}}}'


def both(status: int, code: int, message: str, rule: str, action: Action, source: str, outcome: Outcome = NOT) -> tuple[Row, Row]:
    """The same error in the form of v2 and of v1."""
    return (
        Row(status, v2(str(code), message), rule, action, outcome, f"{source}, v2"),
        Row(status, v1(code, message), rule, action, outcome, f"{source}, v1", extra={"api_version": "v1"}),
    )


def review(code: int, message: str, rule: str, source: str) -> tuple[Row, Row]:
    return both(400, code, message, rule, Action.REVIEW, source)


HTML = "<html><body>Proxy Error</body></html>"
SESSION = "Invalid session or session already timeout."
ROWS = (
    *both(401, 301, SESSION, "session ended", Action.RENEW, "auth expired"),
    Row(401, v1(-304, "Fail to get DB Credentials"), "log-in refused", Action.STOP, NOT, "bad log-in", ask=log_in),
    Row(401, v1(100000027, "Login failed"), "log-in refused", Action.STOP, NOT, "bad log-in, other code", ask=log_in),
    *both(403, 804, "You do not have permission to perform this operation", "not permitted", Action.STOP, "no permission"),
    *both(401, -1, "No permission", "not permitted", Action.STOP, "no permission as 401"),
    *both(412, -2039, "Data has been modified.", "changed by another user", Action.REREAD, "stale etag"),
    Row(412, HTML, "stale version token", Action.REREAD, NOT, "stale etag, without its code"),
    *both(400, -2039, "Another user modified the data", "changed by another user", Action.REREAD, "locked by another"),
    *both(
        400,
        -1,
        "Another user or another operation modified data; to continue, open the window again",
        "changed by another operation",
        Action.REREAD,
        "locked by another, in words",
    ),
    *both(400, -1102, "Server too busy", "overloaded", Action.LOOK_UP, "overload", MAYBE),
    *(
        Row(status, HTML, "server or gateway time-out", Action.LOOK_UP, MAYBE, f"throttled, {status} of the proxy")
        for status in (408, 500, 502, 503, 504)
    ),
    *review(-10, "The posting period is locked", PERIOD_CLOSED, "locked period"),
    *review(-5002, "Date deviates from permissible range [OINV.DocDate]", PERIOD_CLOSED, "locked period, date"),
    *review(-10, "Update the exchange rate [OINV.DocRate], 'USD'", "no exchange rate", "rate missing"),
    *review(-4006, "Rate", "exchange rate missing", "rate missing, by its code"),
    *review(-10, "Quantity falls into negative inventory [INV1.Quantity]", "out of stock", "Items"),
    *review(-10, "Cannot add row without complete selection of batch/serial numbers", "serial or batch number missing", "Items"),
    *review(-10, "The currency differs from that of the business partner", "customer in another currency", "Customers"),
    *review(-5002, "Customer 'C0042' is frozen", "inactive master data", "Facts for the simulator"),
    *review(-5002, "Item 'i002' is inactive", "inactive master data", "Facts for the simulator, item"),
    *review(-5006, "The document is partially or fully paid", "paid or credited", "Facts for the simulator, cancel"),
    *both(400, -5006, "Document is already cancelled", "void already", Action.LOOK_UP, "cancel twice", Outcome.HAPPENED),
    *review(-10, "Item code 'i002' already exists", "exists already", "duplicate key"),
    *review(-10, "1320000140 - Business partner code 'C0042' already assigned to a business partner", "exists already", "Customers"),
    *review(-2035, "This entry is in the tables (ODBC -2035)", "entry exists already", "duplicate key, by its code"),
    *both(404, -2028, "No matching records found (ODBC -2028)", "not found", Action.REVIEW, "not found"),
    Row(404, HTML, "address unknown", Action.STOP, NOT, "no Service Layer"),
    *review(-2028, "No matching records found (ODBC -2028)", "code unknown there", "unknown master data"),
    *review(-10, "No matching records found", "code unknown there", "unknown master data, -10"),
    *review(-5006, "The requested action is not supported for this object.", "not supported", "not supported"),
    *review(-1000, "Property 'U_ExtInvNo' of 'Document' is invalid", "property refused", "validation"),
    *review(702, "Table 'ORCT' is not accessible", "query refused", "stored queries"),
    Row(413, "<html>Request Entity Too Large</html>", "too large", Action.REVIEW, NOT, "LimitRequestBody of the proxy"),
    *review(-5002, "Enter a valid date [OINV.TaxDate]", "refused", "validation"),
    Row(400, HTML, "refused", Action.REVIEW, NOT, "400 of a proxy"),
)


@each_row(ROWS)
def test_what_the_service_layers_answer_means(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("sap_business_one", row, monkeypatch)
