"""How Reckon One's answers are read: documents, statuses, errors of all three forms; how texts are quoted in a filter."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.base import Account
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.reckon_one import reading
from airbooks.platforms.reckon_one.hook import ReckonOneHook
from airbooks.platforms.wire import Reply

NAME = "Outback Drilling Supplies"


def row_of(**fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": "8aa81e9a",
        "invoiceNumber": "INV0123",
        "customer": {"id": "fa900bde", "name": NAME},
        "invoiceDate": "2026-01-15T13:45:00Z",
        "totalAmount": Decimal("110.00"),
        "totalTaxAmount": 10,
        "balance": Decimal("110.00"),
        "status": "Approved",
        "reference": "AU-SI-000123",
        "lineItems": [{"description": "Filter"}],
    }
    return {**made, **fields}


def test_an_answer_is_read_with_our_number_apart_from_theirs() -> None:
    remote = reading.remote_document(row_of(), DocumentKind.INVOICE, "AUD")
    assert (remote.number, remote.our_number, remote.customer_id, remote.currency) == ("INV0123", "AU-SI-000123", "fa900bde", "AUD")
    assert (remote.net, remote.tax, remote.total, remote.issue_date) == (Decimal(100), Decimal(10), Decimal(110), date(2026, 1, 15))


@pytest.mark.parametrize(
    ("status", "balance", "read"),
    [
        ("Draft", "110", DocumentStatus.DRAFT),
        ("Approved", "110", DocumentStatus.OPEN),
        ("Approved", "0.01", DocumentStatus.PARTIALLY_PAID),
        ("Approved", "0", DocumentStatus.PAID),
        ("Paid", "0", DocumentStatus.PAID),
        ("Closed", "0", DocumentStatus.PAID),
    ],
)
def test_status_is_read_from_status_and_balance(status: str, balance: str, read: DocumentStatus) -> None:
    assert reading.document_status(status, Decimal(balance), Decimal(110)) is read


def test_a_status_nobody_knows_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="Sideways"):
        reading.document_status("Sideways", Decimal(0), Decimal(1))


@pytest.mark.parametrize("drift", [{"lineItems": ["Filter"]}, {"lineItems": None}, {"customer": None}, {"totalAmount": "much"}])
def test_an_answer_of_another_form_proves_nothing(drift: dict[str, Any]) -> None:
    with ReckonOneHook(account=Account()) as hook, pytest.raises(PlatformError) as caught:
        hook.client.sound(lambda: reading.remote_document(row_of(**drift), DocumentKind.INVOICE, "AUD"))
    assert (caught.value.action, caught.value.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)


@pytest.mark.parametrize(
    ("content", "message", "field"),
    [
        (
            b'{"statusCode":401,"message":"Access denied due to missing subscription key."}',
            "Access denied due to missing subscription key.",
            "",
        ),
        (b'{"message":"Resource not found.","code":404}', "Resource not found.", ""),
        (
            b'{"message":"The request is invalid.","code":400,"errors":[{"location":"customer","message":"Customer is required."}]}',
            "customer: Customer is required.",
            "customer",
        ),
        (b'{"error":"invalid_grant"}', "invalid_grant", ""),
    ],
)
def test_errors_of_application_gateway_and_identity_server_are_read(content: bytes, message: str, field: str) -> None:
    complaint = reading.complaint(Reply(400, {}, content))
    assert complaint is not None
    assert (complaint.message, complaint.field) == (message, field)


@pytest.mark.parametrize(
    ("text", "written"), [("AU-SI-1", "'AU-SI-1'"), ("O'Brien", '"O\'Brien"'), ('Kelly "Ned"', "'Kelly \"Ned\"'"), ("O'\"", None)]
)
def test_a_text_is_quoted_by_what_it_does_not_hold(text: str, written: str | None) -> None:
    assert reading.literal(text) == written


def test_the_line_of_a_document_charge_is_not_counted_as_ours() -> None:
    row = row_of(lineItems=[{"description": "Filter"}, {"description": "Document charge: Packing"}, {"description": None}])
    assert reading.remote_document(row, DocumentKind.INVOICE, "AUD").line_count == 2
