"""What an answer means: errors inside HTTP 200, the gateway's own, and everything a reader must not take for success."""

from __future__ import annotations

import json

import pytest
from tests.platforms.infor_syteline.documents import credit_note, invoice, line

from airbooks.canonical import AllowanceCharge, Delivery, ExchangeRate, Finding, Invoice, Severity
from airbooks.platforms.base import Account
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome, classify
from airbooks.platforms.infor_syteline import InforSyteLineHook
from airbooks.platforms.infor_syteline.refusals import refusals
from airbooks.platforms.infor_syteline.spec import SPEC
from airbooks.platforms.wire import Reply

NO, YES, OPEN = Outcome.DID_NOT_HAPPEN, Outcome.HAPPENED, Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("message", "action", "outcome"),
    [
        ("Invalid token", Action.RENEW, NO),
        ("Error validating OAuth credentials", Action.RENEW, NO),
        ("You are not licensed to use SLArinvs", Action.STOP, NO),
        ("User requires [Read] privilege for CMP_SLArinvs", Action.STOP, NO),
        ("IDO SLInvoice does not exist.", Action.STOP, NO),
        ("Property PONum does not exist in IDO SLArinvs.", Action.STOP, NO),
        ("Method PostAll does not exist in IDO SLArinvs.", Action.STOP, NO),
        ("The event AirbooksPost is not defined.", Action.STOP, NO),
        ("The Payment Method with [Method: X] does not exist.", Action.REVIEW, NO),
        ("IllegalFilterException: double quotes", Action.STOP, NO),
        ("The Customer with [Customer: C009999] does not exist.", Action.REVIEW, NO),
        ("Invoice, Debit or Credit Memo already exists with [Customer: C001042].", Action.LOOK_UP, YES),
        ("The invoice sequencing table is temporarily locked.", Action.RETRY, NO),
        ("Transaction was deadlocked on lock resources", Action.RETRY, NO),
        ("The record was changed by another user.", Action.REREAD, NO),
        ("Any other words.", Action.REVIEW, NO),
    ],
)
def test_a_refusal_inside_200_is_sorted_by_its_words(message: str, action: Action, outcome: Outcome) -> None:
    rule = classify(SPEC.errors, 200, "", message)
    assert (rule.action, rule.outcome) == (action, outcome)


def test_a_closed_period_is_one_cause_for_all_documents() -> None:
    rule = classify(SPEC.errors, 200, "", "Invoice Date 20260101 is not within an open accounting period")
    assert (rule.name, rule.shared, rule.action) == (PERIOD_CLOSED, True, Action.REVIEW)


@pytest.mark.parametrize(
    ("status", "code", "action", "outcome"),
    [
        (401, "", Action.RENEW, NO),
        (401, "invalid_client", Action.STOP, NO),
        (400, "invalid_grant", Action.STOP, NO),
        (405, "", Action.STOP, NO),
        (429, "", Action.WAIT, NO),
        (503, "", Action.LOOK_UP, OPEN),
        (504, "", Action.LOOK_UP, OPEN),
        (200, "ReturnValue", Action.REVIEW, NO),
    ],
)
def test_statuses_and_codes_are_sorted(status: int, code: str, action: Action, outcome: Outcome) -> None:
    rule = classify(SPEC.errors, status, code, "")
    assert (rule.action, rule.outcome) == (action, outcome)


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
