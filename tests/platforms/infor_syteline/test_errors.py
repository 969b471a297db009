"""What an answer means: errors inside HTTP 200, the gateway's own, and everything a reader must not take for success."""

from __future__ import annotations

import json

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row, log_in
from tests.platforms.infor_syteline.documents import credit_note, invoice, line

from airbooks.canonical import AllowanceCharge, Delivery, ExchangeRate, Finding, Invoice, Severity
from airbooks.platforms.base import Account
from airbooks.platforms.errors import PERIOD_CLOSED, Action
from airbooks.platforms.infor_syteline import InforSyteLineHook
from airbooks.platforms.infor_syteline.refusals import refusals
from airbooks.platforms.wire import Reply

ERRORS = "Errors"
DIRECTLY = {"mode": "direct"}
AT_THE_GATEWAY = {"tenant": "COMP_TST", "client_id": "COMP_TST~1"}


def said(message: str) -> str:
    """A refusal inside HTTP 200."""
    return json.dumps({"Success": False, "Message": message, "RefreshItems": None, "Bookmark": None})


def inside(message: str, rule: str, action: Action, source: str = ERRORS) -> Row:
    return Row(200, said(message), rule, action, NOT, source)


def refused_client(code: str) -> Row:
    body = json.dumps({"error": code, "error_description": "refused"})
    return Row(400, body, "client refused", Action.STOP, NOT, f"token end point, {code}", ask=log_in, extra=AT_THE_GATEWAY)


def method(text: str) -> str:
    """A method that was called and failed."""
    return json.dumps({"Success": True, "Message": None, "Parameters": ["1", None, text], "ReturnValue": "16"})


NO_CUSTOMER = "The Customer with [Customer: C009999] does not exist."
TAKEN = "Invoice, Debit or Credit Memo already exists with [Customer: C001042] and [Invoice: INV-260123]."
NOT_OPEN = "Invoice Date 20260101 is not within an open accounting period"
ROWS = (
    refused_client("invalid_client"),
    refused_client("invalid_grant"),
    Row(200, said("Invalid user or password"), "log-in refused", Action.STOP, NOT, "direct log-in", ask=log_in, extra=DIRECTLY),
    inside("Invalid token", "token expired", Action.RENEW),
    inside("The token is expired", "token expired", Action.RENEW, "words of an expired token"),
    Row(401, "Error validating OAuth credentials", "token expired", Action.RENEW, NOT, "ION gateway"),
    Row(401, "", "token refused", Action.RENEW, NOT, "ION gateway without words"),
    inside("You are not licensed to use SLArinvs", "no licence", Action.STOP),
    inside("User requires [Read] privilege for CMP_SLArinvs", "privilege missing", Action.STOP),
    Row(403, "Forbidden", "forbidden", Action.STOP, NOT, "ION gateway"),
    Row(405, "", "wrong verb", Action.STOP, NOT, ERRORS),
    Row(404, "<html>Not Found</html>", "path unknown", Action.STOP, NOT, ERRORS),
    *(
        inside(message, "IDO, property or method unknown", Action.STOP, f"not found, {number}")
        for number, message in enumerate(
            (
                "IDO SLInvoice does not exist.",
                "Property PONum does not exist in IDO SLArinvs.",
                "Method PostAll does not exist in IDO SLArinvs.",
                "The event AirbooksPost is not defined.",
            )
        )
    ),
    inside("IllegalFilterException: double quotes", "bad filter", Action.STOP),
    Row(429, "Too Many Requests", "throttled", Action.WAIT, NOT, "ION gateway"),
    inside("The invoice sequencing table is temporarily locked.", "numbering locked", Action.RETRY),
    inside("Transaction was deadlocked on lock resources", "deadlock", Action.RETRY),
    inside("The record was changed by another user.", "changed by another user", Action.REREAD, "Update, stale _ItemId"),
    inside(NOT_OPEN, PERIOD_CLOSED, Action.REVIEW),
    Row(200, method(NOT_OPEN), PERIOD_CLOSED, Action.REVIEW, NOT, "found only at posting"),
    inside(TAKEN, "exists already", Action.LOOK_UP),
    inside(NO_CUSTOMER, "code unknown there", Action.REVIEW),
    inside("The Payment Method with [Method: X] does not exist.", "code unknown there", Action.REVIEW, "a method that is no IDO method"),
    inside("Unit Code 1 is not valid for account 40200", "unit code", Action.REVIEW, "Items, accounts and taxes"),
    inside("PO is too long", "too long", Action.REVIEW, "lengths"),
    Row(200, method("Journal is locked"), "method failed", Action.REVIEW, NOT, ERRORS),
    inside("Any other words.", "refused", Action.REVIEW),
    Row(400, "Bad request", "refused", Action.REVIEW, NOT, "ION gateway, 400"),
    *(
        Row(status, "<html>Bad gateway</html>", "server or gateway time-out", Action.LOOK_UP, MAYBE, f"ION gateway, {status}")
        for status in (408, 500, 502, 503, 504)
    ),
    Row(500, TAKEN, "server or gateway time-out", Action.LOOK_UP, MAYBE, "words of a server failure"),
    Row(200, "<html>", "unreadable answer", Action.LOOK_UP, MAYBE, "no JSON inside 200"),
)


@each_row(ROWS)
def test_what_sytelines_answer_means(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("infor_syteline", row, monkeypatch)


def test_a_number_sequence_that_another_task_holds_is_left_alone_for_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    (locked,) = (row for row in ROWS if row.rule == "numbering locked")
    assert assert_reading("infor_syteline", locked, monkeypatch).retry_after == 30


def read(status: int, body: object) -> object:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return InforSyteLineHook("reads", account=Account()).read_complaint(Reply(status, {}, content))


def test_success_false_is_a_complaint_and_so_is_a_return_value() -> None:
    assert read(200, {"Success": True, "Items": []}) is None
    assert read(200, {"Success": True, "Parameters": [], "ReturnValue": "0"}) is None
    failed = read(200, {"Success": True, "Message": None, "Parameters": ["a", None, "Journal is locked"], "ReturnValue": "16"})
    assert (failed.code, failed.message) == ("ReturnValue", "Journal is locked")  # type: ignore[attr-defined]
    assert read(200, {"Success": False, "Message": "No."}).message == "No."  # type: ignore[attr-defined]


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[]", b'{"Success": tr'])
def test_an_answer_without_the_documented_form_proves_nothing(body: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        read(200, body)


def test_a_gateways_page_is_a_complaint_too() -> None:
    assert read(502, b"<html>Bad gateway</html>").message == "<html>Bad gateway</html>"  # type: ignore[attr-defined]


# -- refusals ---------------------------------------------------------------------------------------------------------------------

SETTINGS = {"home_currency": "USD", "number_field": "InvNum", "revenue_account": "4010"}


def errors(document: Invoice, **settings: str) -> list[Finding]:
    return [each for each in refusals(document, {**SETTINGS, **settings}) if each.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (invoice(number="US-SI-0001234"), "number"),
        (invoice(number="us-si-000123"), "number"),
        (invoice(number='US-"SI"-1'), "number"),
        (invoice(line(net_amount=invoice().net_total + 1)).model_copy(update={"net_total": invoice().net_total}), "net_total"),
        (invoice(rounding_amount=invoice().net_total), "rounding_amount"),
        (invoice(line(quantity="-1")), "gross_total"),
        (invoice(purchase_order="P" * 41), "purchase_order"),
        (invoice(attachments=("invoice.pdf",)), "attachments"),
        (invoice(currency="EUR", exchange_rate=ExchangeRate(base="GBP", rate=invoice().net_total)), "exchange_rate.base"),
        (invoice(line(code="")), "tax_breakdown[0].tax_code"),
        (invoice(line(net_amount=invoice().net_total / 3)), "lines[0].net_amount"),
    ],
)
def test_what_cannot_be_expressed_is_told_with_the_field_and_the_way_out(document: Invoice, field: str) -> None:
    found = errors(document)
    assert field in {each.field for each in found}
    assert all(each.says and each.fix for each in found)


def test_a_longer_number_fits_into_the_reference() -> None:
    assert errors(invoice(number="INV-2026-0000000123"), number_field="Ref") == []
    assert errors(invoice(number="N" * 31), number_field="Ref")


def test_a_line_without_an_account_needs_the_connections() -> None:
    bare = invoice(line(account_code=""), charges=(AllowanceCharge(amount=invoice().net_total, tax_code="US-TX"),))
    assert errors(invoice(line(account_code=""))) == []
    found = {each.field for each in refusals(bare, {"home_currency": "USD"})}
    assert {"lines[0].account_code", "allowances_charges[0].account_code"} <= found


def test_what_stays_behind_is_said_and_holds_nothing_back() -> None:
    document = invoice(notes=("Handle with care.",), delivery=Delivery(tracking_number="TRK-1"), salesperson="SP-1")
    (found,) = refusals(document, SETTINGS)
    assert found.severity is Severity.WARNING
    assert all(word in found.says for word in ("notes", "delivery", "salesperson"))


def test_a_long_reason_is_cut_and_that_is_said() -> None:
    (found,) = refusals(credit_note(reason="Returned: three of them leaked at the flange"), SETTINGS)
    assert (found.field, found.severity) == ("reason", Severity.WARNING)
    assert refusals(credit_note(), SETTINGS) == ()
