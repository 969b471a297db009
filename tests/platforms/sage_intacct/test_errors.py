"""What each error that Sage Intacct documents means, at each of the three levels of its answers (XML API, DTD 3.0)."""

from __future__ import annotations

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row
from tests.platforms.sage_intacct.test_envelope import failed, not_signed_in, refused

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import PERIOD_CLOSED, Action
from airbooks.platforms.sage_intacct import SageIntacctHook
from airbooks.platforms.sage_intacct.envelope import Function, element

STOP, REVIEW, LOOK_UP, RENEW = Action.STOP, Action.REVIEW, Action.LOOK_UP, Action.RENEW
SIGN_IN = ("XL03000006", "Sign-in information is incorrect")
NOT_CREATED = ("BL01001973", "Could not create ARInvoice record!")
CLOSED = "Periods are closed. Your transaction date (02/10/2026) is within a period that's been closed."
TAKEN = "Another AR Invoice with the given value(s) INV-2026-000123 already exists [Support ID: a%7Eb] Use a unique value instead."


def one_function(hook: PlatformHook) -> object:
    """A function that fails on its own, inside a request that was served."""
    assert isinstance(hook, SageIntacctHook)
    [result], reply = hook.run([Function("f1", element("create_invoice"))], unique=True)
    return hook.good(result, reply)


def function(code: str, text: str, rule: str, action: Action = REVIEW, source: str = "") -> Row:
    outcome = MAYBE if rule == "error while processing" else NOT
    return Row(200, failed((code, text), NOT_CREATED), rule, action, outcome, source or code, ask=one_function)


ROWS = (
    # the whole request
    Row(200, refused(("XL03000003", "XML parse error")), "request does not fit the schema", REVIEW, NOT, "XML, order or schema"),
    Row(400, refused(("GW-0011", "Invalid Request")), "request does not fit the schema", REVIEW, NOT, "bad request"),
    Row(200, refused(SIGN_IN), "sign-in refused", STOP, NOT, "sender refused"),
    Row(
        401,
        refused(("XMLGW_JPP0002", "Invalid Web Services Authorization")),
        "sender not authorised",
        STOP,
        NOT,
        "sender not authorised with HTTP 401",
    ),
    Row(200, not_signed_in(("PL04000055", "The demo company has expired")), "company expired", STOP, NOT, "demo company expired"),
    Row(200, not_signed_in(SIGN_IN), "session ended", RENEW, NOT, "session expired"),
    Row(400, refused(("invalidRequest", "Invalid Request")), "session not accepted", RENEW, NOT, "session expired, HTTP 400"),
    Row(429, refused(("GW-0010", "API rate limit exceeded")), "throttled", Action.WAIT, NOT, "429"),
    Row(200, failed(("GW-0010", "API rate limit exceeded")), "throttled", Action.WAIT, NOT, "throttled inside HTTP 200"),
    Row(
        200,
        failed(("DL02000001", "The Service is Temporarily Off-line")),
        "service off-line",
        Action.RETRY,
        NOT,
        "outage told inside HTTP 200",
    ),
    Row(500, "<html>Error</html>", "platform failure", LOOK_UP, MAYBE, "HTTP 5xx"),
    Row(503, "The Service is Temporarily Off-line", "platform failure", LOOK_UP, MAYBE, "HTTP 5xx proves nothing"),
    Row(524, "<html>A timeout occurred</html>", "cut off at the edge", LOOK_UP, MAYBE, "edge cut"),
    # one function
    function("BL34000061", TAKEN, "number already used", LOOK_UP),
    function("BL99999998", "Another Contact with the given value(s) X already exists", "value already used", LOOK_UP, "name taken"),
    function("BL01001973", CLOSED, PERIOD_CLOSED, source="locked period"),
    function("BL01001973", "Invalid Term 'Net 99' specified.", "unknown reference", source="unknown reference"),
    function("BL01001973", "Required field Date Due is missing", "field missing", source="field missing"),
    function("BL03000018", "The value 'x' has a bad format", "bad format"),
    function("BL01001973", "Could not create it", "refused"),
    function("XX", "You do not have permission for API operation CREATE on objects of type ARINVOICE", "permission missing", STOP),
    function("XL03000009", "The entire transaction in this operation has been rolled back", "rolled back with its batch", Action.RETRY),
    function("DL02000001", "There was an error processing the request.", "error while processing", LOOK_UP),
    function("DL02000001", "The control id f1 was already used.", "error while processing", LOOK_UP, "control id used before"),
)


@each_row(ROWS)
def test_the_vendors_answer_means_what_the_table_says(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("sage_intacct", row, monkeypatch)
