"""The vendor's table of errors: what each answer means for what to do next, and for whether it happened."""

from __future__ import annotations

import pytest

from airbooks.platforms.errors import Action, Outcome, classify
from airbooks.platforms.sap_s4hana.reading import complaint
from airbooks.platforms.sap_s4hana.spec import CSRF, FAULT, NO_NUMBER, NUMBER_AND_ERRORS, SPEC
from airbooks.platforms.wire import Reply

NO, UNKNOWN = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("status", "code", "text", "action", "outcome"),
    [
        (200, "808(F5)", "Field Profit Ctr is a required field for G/L account 1710 4000", Action.REVIEW, NO),
        (200, "102(F5)", "Customer 17100042 is not defined in company code 1710", Action.REVIEW, NO),
        (200, "507(F5)", "G/L account 9999 is not defined", Action.REVIEW, NO),
        (200, "702(RW)", "Balance in transaction currency", Action.REVIEW, NO),
        (200, "201(F5)", "Posting period 003 2026 is not open", Action.REVIEW, NO),
        (200, "042(F5)", "Account 17100042 is currently being processed by user MUELLER", Action.RETRY, NO),
        (200, "042(F5)", "Account 17100042 is currently blocked by user MUELLER", Action.RETRY, NO),
        (200, "353(F5A)", "Document 1800000042 contains cleared items", Action.REVIEW, NO),
        (200, "361(F5A)", "Document 1800000042 has already been reversed", Action.LOOK_UP, Outcome.HAPPENED),
        (200, "999(ZZ)", "Something that nobody wrote down", Action.REVIEW, NO),
        (200, NUMBER_AND_ERRORS, "1800000042: Account 17100042 is currently being processed by user MUELLER", Action.LOOK_UP, UNKNOWN),
        (200, NO_NUMBER, "Account is locked by user MUELLER", Action.LOOK_UP, UNKNOWN),
        (503, FAULT, "soap-env:Server: The service took too long", Action.LOOK_UP, UNKNOWN),
        (500, FAULT, "soap-env:Server: Web service processing error", Action.REVIEW, NO),
        (500, "", "<html>", Action.LOOK_UP, UNKNOWN),
        (400, "/IWBEP/CM_MGW_RT/021", "Invalid filter", Action.REVIEW, NO),
        (401, "", "", Action.STOP, NO),
        (403, "", "", Action.STOP, NO),
        (403, CSRF, "CSRF token validation failed", Action.RENEW, NO),
        (404, "/IWBEP/CM_MGW_RT/020", "Resource not found for segment", Action.STOP, NO),
        (408, "", "", Action.LOOK_UP, UNKNOWN),
        (412, "", "", Action.REREAD, NO),
        (428, "", "", Action.REVIEW, NO),
        (429, "", "", Action.WAIT, NO),
        (502, "", "", Action.LOOK_UP, UNKNOWN),
        (503, "", "<html>", Action.LOOK_UP, UNKNOWN),
        (504, "", "", Action.LOOK_UP, UNKNOWN),
    ],
)
def test_every_error_says_what_to_do_and_whether_it_happened(status: int, code: str, text: str, action: Action, outcome: Outcome) -> None:
    rule = classify(SPEC.errors, status, code, text)
    assert (rule.action, rule.outcome) == (action, outcome)


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
