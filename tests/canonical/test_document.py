"""Canonical documents: immutable, strict, and the same after any journey through JSON."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from pydantic import ValidationError
from tests.documents import credit_note, invoice, line, right_documents

from airbooks.canonical import Allocation, CreditNote, DocumentKind, Finding, Invoice, LineKind, Payment, Severity, parse_document


@given(right_documents())
def test_a_document_survives_json_to_the_last_digit(document: Invoice | CreditNote) -> None:
    text = document.model_dump_json()
    again = parse_document(text)
    assert again == document
    assert again.model_dump_json() == text
    assert parse_document(document.model_dump(mode="json")) == document


def test_amounts_travel_as_text() -> None:
    body = json.loads(invoice().model_dump_json())
    assert body["gross_total"] == "120.00"
    assert body["lines"][0]["net_price"] == "50"


def test_the_kind_decides_what_a_document_is() -> None:
    assert isinstance(parse_document(invoice().model_dump_json()), Invoice)
    assert isinstance(parse_document(credit_note().model_dump_json()), CreditNote)
    assert (DocumentKind.INVOICE.code, DocumentKind.CREDIT_NOTE.code) == ("380", "381")


def test_a_document_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        invoice().gross_total = Decimal(1)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"discount": "5"}, ("invoice", "discount")),
        ({"issue_date": "16.03.2026"}, ("invoice", "issue_date")),
        ({"currency": "euro"}, ("invoice", "currency")),
        ({"gross_total": 120.0}, ("invoice", "gross_total")),
        ({"lines": []}, ("invoice", "lines")),
        ({"number": None}, ("invoice", "number")),
    ],
)
def test_what_does_not_fit_is_refused_with_the_path_of_the_field(change: dict[str, object], path: tuple[str, ...]) -> None:
    body = {**invoice().model_dump(mode="json"), **change}
    with pytest.raises(ValidationError) as caught:
        parse_document(body)
    assert [error["loc"] for error in caught.value.errors()] == [path]


def test_a_wrong_line_is_named_by_its_position() -> None:
    body = invoice(line(1), line(2)).model_dump(mode="json")
    body["lines"][1]["quantity"] = "two"
    with pytest.raises(ValidationError) as caught:
        parse_document(body)
    assert caught.value.errors()[0]["loc"] == ("invoice", "lines", 1, "quantity")


def test_the_books_use_the_posting_date_where_there_is_one() -> None:
    assert invoice().ledger_date == date(2026, 3, 16)
    assert invoice(posting_date=date(2026, 4, 1)).ledger_date == date(2026, 4, 1)


def test_comments_are_no_amount_lines() -> None:
    document = invoice(line(1), line(2, "1", "0", kind=LineKind.COMMENT))
    assert [each.line_id for each in document.amount_lines] == ["1"]


def test_surrounding_blanks_are_not_part_of_a_text() -> None:
    assert invoice(number="  UK-SI-1 ").number == "UK-SI-1"


def test_what_no_document_claims_stays_unapplied() -> None:
    allocations = (Allocation(document_number="A", amount=Decimal("60.00")), Allocation(document_number="B", amount=Decimal("39.99")))
    given = {"source": "bank", "source_id": "1", "customer_code": "C-1", "received_on": date(2026, 4, 1), "currency": "EUR"}
    payment = Payment(**given, amount=Decimal("100.00"), allocations=allocations)
    assert payment.unapplied == Decimal("0.01")


def test_a_payment_is_above_zero() -> None:
    with pytest.raises(ValidationError):
        Payment(source="bank", source_id="1", customer_code="C", received_on=date(2026, 4, 1), currency="EUR", amount=Decimal(0))


def test_a_finding_reads_as_one_message() -> None:
    finding = Finding(code="BR-07", severity=Severity.ERROR, field="buyer.name", value="", says="No name.", fix="Enter it.")
    assert finding.message == "No name. Enter it."
