"""Every answer of the gateway that the contract shows is read for what it is, and means what the error table says."""

from __future__ import annotations

import pytest

from airbooks.platforms.errors import Action, Outcome, classify
from airbooks.platforms.sage_intacct import envelope
from airbooks.platforms.sage_intacct.spec import ERRORS

GOOD_CONTROL = "<control><status>success</status><senderid/><controlid/><uniqueid>false</uniqueid><dtdversion>3.0</dtdversion></control>"
SIGNED_IN = "<authentication><status>success</status><userid>u</userid><companyid>c</companyid><locationid/></authentication>"
NO, UNKNOWN = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN


def message(*errors: tuple[str, str]) -> str:
    each = "<error><errorno>{}</errorno><description></description><description2>{}</description2><correction></correction></error>"
    return f"<errormessage>{''.join(each.format(*error) for error in errors)}</errormessage>"


def refused(*errors: tuple[str, str]) -> bytes:
    """A control failure: no operation."""
    return f"<response><control><status>failure</status></control>{message(*errors)}</response>".encode()


def not_signed_in(*errors: tuple[str, str]) -> bytes:
    failed = "<authentication><status>failure</status><userid/><companyid/><locationid/></authentication>"
    return f"<response>{GOOD_CONTROL}<operation>{failed}{message(*errors)}</operation></response>".encode()


def failed(*errors: tuple[str, str], status: str = "failure") -> bytes:
    result = f"<result><status>{status}</status><function>create_invoice</function><controlid>f1</controlid>{message(*errors)}</result>"
    return f"<response>{GOOD_CONTROL}<operation>{SIGNED_IN}{result}</operation></response>".encode()


@pytest.mark.parametrize(
    ("status", "answer", "name", "action", "outcome"),
    [
        (200, refused(("XL03000003", "XML Parse schema error")), "request does not fit the schema", Action.REVIEW, NO),
        (400, refused(("GW-0011", "Invalid Request")), "request does not fit the schema", Action.REVIEW, NO),
        (429, refused(("GW-0010", "API rate limit exceeded")), "throttled", Action.WAIT, NO),
        (200, failed(("GW-0010", "API rate limit exceeded")), "throttled", Action.WAIT, NO),
        (200, refused(("XL03000006", "Sign-in information is incorrect")), "sign-in refused", Action.STOP, NO),
        (200, not_signed_in(("XL03000006", "Sign-in information is incorrect")), "session ended", Action.RENEW, NO),
        (400, refused(("invalidRequest", "Invalid Request")), "session not accepted", Action.RENEW, NO),
        (401, refused(("XMLGW_JPP0002", "Invalid Web Services Authorization")), "sender not authorised", Action.STOP, NO),
        (200, not_signed_in(("PL04000055", "The demo company has expired")), "company expired", Action.STOP, NO),
        (200, failed(("DL02000001", "The Service is Temporarily Off-line")), "service off-line", Action.RETRY, NO),
    ],
)
def test_a_request_that_failed_as_a_whole(status: int, answer: bytes, name: str, action: Action, outcome: Outcome) -> None:
    complaint = envelope.complaint_of(envelope.parse(answer))
    assert complaint is not None
    rule = classify(ERRORS, status, complaint.code, complaint.message)
    assert (rule.name, rule.action, rule.outcome) == (name, action, outcome)


@pytest.mark.parametrize(
    ("errors", "name", "action", "outcome"),
    [
        ([("BL34000061", "Another AR Invoice with the given value(s) X already exists")], "number already used", Action.LOOK_UP, NO),
        ([("BL01001973", "Could not create it!"), ("BL34000061", "Another")], "number already used", Action.LOOK_UP, NO),
        ([("BL99999998", "Another AR Invoice with the value X already exists")], "value already used", Action.LOOK_UP, NO),
        ([("BL01001973", "Periods are closed. Your transaction date (02/10/2026) is ...")], "period closed", Action.REVIEW, NO),
        ([("BL01001973", "Invalid Project '10064' specified.")], "unknown reference", Action.REVIEW, NO),
        ([("BL01001973", "Required field Date Due is missing")], "field missing", Action.REVIEW, NO),
        ([("BL03000018", "bad format")], "bad format", Action.REVIEW, NO),
        ([("DL02000001", "There was an error processing the request.")], "error while processing", Action.LOOK_UP, UNKNOWN),
        ([("BL99999999", "Something that nobody has seen")], "refused", Action.REVIEW, NO),
        ([("XX", "You do not have permission for API operation CREATE")], "permission missing", Action.STOP, NO),
    ],
)
def test_a_function_that_failed_alone(errors: list[tuple[str, str]], name: str, action: Action, outcome: Outcome) -> None:
    response = envelope.parse(failed(*errors))
    assert envelope.complaint_of(response) is None
    [result] = envelope.results(response)
    assert result.complaint is not None
    rule = classify(ERRORS, 200, result.complaint.code, result.complaint.message)
    assert (rule.name, rule.action, rule.outcome) == (name, action, outcome)


def test_a_rolled_back_function_may_be_sent_again() -> None:
    [result] = envelope.results(envelope.parse(failed(("XL03000009", "rolled back"), status="aborted")))
    assert result.complaint is not None
    assert classify(ERRORS, 200, result.complaint.code, result.complaint.message).action is Action.RETRY


def test_several_errors_become_one_message_without_the_support_id() -> None:
    [result] = envelope.results(envelope.parse(failed(("BL34000061", "Exists [Support ID: a%7Eb]"), ("BL01001973", "Could not create"))))
    assert result.complaint is not None
    assert (result.complaint.code, result.complaint.message) == ("BL34000061", "Exists; Could not create")
    assert envelope.support_id("Exists [Support ID: a%7Eb]") == "a~b"


@pytest.mark.parametrize("answer", [b"", b"<html>524</html>", b"<response><control>", b"<response/>", b"{}"])
def test_what_is_no_response_is_not_taken_for_one(answer: bytes) -> None:
    with pytest.raises(ValueError, match="not"):
        envelope.parse(answer)


def test_entities_of_an_answer_are_not_resolved() -> None:
    bomb = b'<!DOCTYPE response [<!ENTITY x SYSTEM "file:///etc/hostname">]><response><control><status>&x;</status></control></response>'
    assert envelope.parse(bomb).findtext("control/status") in (None, "")


def test_credentials_stand_in_the_request_and_in_no_repr() -> None:
    sender = envelope.Sender(sender_id="partner", password="wake-4471")
    text = envelope.body(sender, envelope.session("s-1"), [], control_id="c-1", unique=True)
    assert b"<password>wake-4471</password><controlid>c-1</controlid><uniqueid>true</uniqueid><dtdversion>3.0</dtdversion>" in text
    assert "wake" not in repr(sender)
