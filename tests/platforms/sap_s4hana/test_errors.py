"""Every error that S/4HANA documents, in SOAP and in OData: its own answer, and what it means for the document."""

from __future__ import annotations

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row

from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome
from airbooks.platforms.sap_s4hana.reading import complaint
from airbooks.platforms.sap_s4hana.spec import CSRF
from airbooks.platforms.wire import Reply

ERRORS = "Errors"
NOTHING = "0000000000"


def soap(content: str) -> str:
    envelope = "http://schemas.xmlsoap.org/soap/envelope/"
    body = f"<soap-env:Body>{content}</soap-env:Body>"
    return f'<?xml version="1.0" encoding="utf-8"?><soap-env:Envelope xmlns:soap-env="{envelope}">{body}</soap-env:Envelope>'


def fault(words: str) -> str:
    told = f'<faultcode>soap-env:Server</faultcode><faultstring xml:lang="en">{words}</faultstring>'
    return soap(f"<soap-env:Fault>{told}</soap-env:Fault>")


def item(code: str, severity: str, note: str) -> str:
    return f"<Item><TypeID>{code}</TypeID><SeverityCode>{severity}</SeverityCode><Note>{note}</Note></Item>"


def confirmation(number: str, *items: tuple[str, str, str]) -> str:
    """A confirmation with its log: message number, severity (3 is an error) and words of each item."""
    worst = max((severity for _, severity, _ in items), default="1")
    log = f"<Log><MaximumLogItemSeverityCode>{worst}</MaximumLogItemSeverityCode>{''.join(item(*each) for each in items)}</Log>"
    entry = f"<JournalEntryCreateConfirmation><AccountingDocument>{number}</AccountingDocument></JournalEntryCreateConfirmation>"
    told = f"<JournalEntryCreateConfirmation>{entry}{log}</JournalEntryCreateConfirmation>"
    name = "n0:JournalEntryBulkCreateConfirmation"
    return soap(f'<{name} xmlns:n0="http://sap.com/xi/SAPSCORE/SFIN">{told}</{name}>')


def refused(code: str, note: str, rule: str, action: Action = Action.REVIEW, outcome: Outcome = NOT) -> Row:
    """HTTP 200, no document number, and the reason behind the summary of the log."""
    body = confirmation(NOTHING, ("609(RW)", "3", "Error in document: BKPFF $ QM7CLNT100"), (code, "3", note))
    return Row(200, body, rule, action, outcome, f"{ERRORS}, {code}")


def odata(code: str, words: str) -> str:
    told = '{"transactionid":"E1","timestamp":"20260301","errordetails":[]}'
    return f'{{"error":{{"code":"{code}","message":{{"lang":"en","value":"{words}"}},"innererror":{told}}}}}'


LOCKED = "Account 17100042 is currently being processed by user MUELLER"
HTML = "<html><body>Service unavailable</body></html>"
ROWS = (
    Row(403, "CSRF token validation failed", "CSRF token stale", Action.RENEW, NOT, ERRORS, headers={"x-csrf-token": "Required"}),
    Row(401, "<html>Unauthorized</html>", "log-on refused", Action.STOP, NOT, ERRORS, headers={"WWW-Authenticate": "Basic"}),
    Row(401, "", "log-on refused", Action.STOP, NOT, "auth, empty"),
    Row(403, "<html>Forbidden</html>", "not authorised", Action.STOP, NOT, ERRORS),
    Row(404, odata("/IWBEP/CM_MGW_RT/020", "Resource not found for segment A_Customer"), "service not found", Action.STOP, NOT, "OData"),
    Row(404, HTML, "service not found", Action.STOP, NOT, "a path without a service"),
    Row(412, odata("/IWBEP/CM_MGW_RT/131", "Precondition failed"), "entity changed meanwhile", Action.REREAD, NOT, "etag"),
    Row(428, odata("/IWBEP/CM_MGW_RT/130", "Precondition required"), "version token missing", Action.REREAD, NOT, "etag missing"),
    Row(429, HTML, "throttled", Action.WAIT, NOT, ERRORS, headers={"Retry-After": "3"}),
    refused("808(F5)", "Field Profit Ctr is a required field for G/L account 1710 4000", "field required"),
    refused("102(F5)", "Customer 17100042 is not defined in company code 1710", "customer not in company code"),
    refused("507(F5)", "G/L account 9999 is not defined in company code 1710", "account unknown"),
    refused("702(RW)", "Balance in transaction currency", "not balanced"),
    refused("201(F5)", "Posting period 003 2026 is not open", PERIOD_CLOSED),
    refused("042(F5)", LOCKED, "locked by a user", Action.RETRY),
    refused("043(F5)", "Account 17100042 is currently blocked by user MUELLER", "locked by a user", Action.RETRY),
    refused("083(F5)", "Enter rate USD / EUR rate type M for 01.03.2026 in the system settings", "no exchange rate"),
    refused("353(F5A)", "Document 1800000042 contains cleared items", "cleared"),
    refused("361(F5A)", "Document 1800000042 has already been reversed", "reversed already", Action.LOOK_UP, Outcome.HAPPENED),
    refused("999(ZZ)", "Something that nobody wrote down", "refused"),
    Row(
        200,
        confirmation("1800000042", ("605(RW)", "1", "Document posted"), ("042(F5)", "3", LOCKED)),
        "posted with errors",
        Action.LOOK_UP,
        MAYBE,
        "a number and an error",
    ),
    Row(200, confirmation(NOTHING), "posted with errors", Action.LOOK_UP, MAYBE, "neither number nor error"),
    Row(500, fault("Web service processing error"), "message refused", Action.REVIEW, NOT, "bad XML"),
    Row(503, fault("The service took too long"), "platform failure", Action.LOOK_UP, MAYBE, "a fault of a gateway"),
    Row(500, HTML, "platform failure", Action.LOOK_UP, MAYBE, "500 without a fault"),
    Row(400, odata("/IWBEP/CM_MGW_RT/021", "Invalid filter"), "refused", Action.REVIEW, NOT, "OData, 400"),
    Row(408, "", "request time-out at the platform", Action.LOOK_UP, MAYBE, ERRORS),
    *(Row(status, HTML, "platform failure", Action.LOOK_UP, MAYBE, f"{ERRORS}, {status}") for status in (502, 503, 504)),
    Row(200, HTML, "unreadable answer", Action.LOOK_UP, MAYBE, "neither SOAP nor OData"),
)


@each_row(ROWS)
def test_what_s4hanas_answer_means(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("sap_s4hana", row, monkeypatch)


def test_an_odata_error_tells_code_words_and_property() -> None:
    content = b"""{"error":{"code":"R11/123","message":{"lang":"en","value":"Grouping does not exist"},"innererror":{"errordetails":
    [{"code":"R11/123","message":"Grouping ZZ does not exist","propertyref":"BusinessPartnerGrouping","severity":"error"}]}}}"""
    said = complaint(Reply(400, {}, content))
    assert said is not None
    assert (said.code, said.field) == ("R11/123", "BusinessPartnerGrouping")
    assert said.message == "Grouping does not exist; Grouping ZZ does not exist"


def test_a_csrf_refusal_is_told_by_its_header_and_not_by_its_status() -> None:
    stale = complaint(Reply(403, {"x-csrf-token": "Required"}, b"CSRF token validation failed"))
    barred = complaint(Reply(403, {}, b"<html>Forbidden</html>"))
    assert stale is not None
    assert barred is not None
    assert (stale.code, barred.code) == (CSRF, "")
