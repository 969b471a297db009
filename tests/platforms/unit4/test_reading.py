"""What ERPx answers, read: ledger rows, jobs, complaints, lists; and what each complaint means."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.unit4.documents import posted

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.unit4 import reading
from airbooks.platforms.unit4.settings import Lookup
from airbooks.platforms.unit4.tickets import Ticket

TRANSACTION = {
    "companyId": "EN",
    "customerId": "1001",
    "transactionNumber": 26000001,
    "sequenceNumber": 0,
    "transactionType": "SI",
    "invoiceNumber": "UK-SI-000117",
    "transactionDate": "2024-03-15T00:00:00Z",
    "currencyCode": "EUR",
    "currencyAmount": Decimal("10374.00"),
    "amount": Decimal("8921.64"),
    "restCurrencyAmount": Decimal("374.00"),
    "lastUpdated": "2024-03-16T08:00:00.250Z",
}


def test_a_transaction_is_read_by_the_names_of_the_tenant() -> None:
    found = reading.posted(TRANSACTION, reading.status_fields({}))
    assert (found.voucher, found.number, found.value, found.rest) == ("26000001", "UK-SI-000117", Decimal("10374.00"), Decimal("374.00"))
    renamed: dict[str, Any] = {**TRANSACTION, "open": {"rest": Decimal("1.00")}}
    del renamed["restCurrencyAmount"]
    fields = reading.status_fields({"status_fields": '{"rest": "open.rest"}'})
    assert reading.posted(renamed, fields).rest == Decimal("1.00")


def test_a_transaction_without_an_amount_is_no_transaction() -> None:
    for name in ("currencyAmount", "restCurrencyAmount", "transactionNumber"):
        with pytest.raises(KeyError):
            reading.posted({**TRANSACTION, name: None}, reading.STATUS_FIELDS)


@pytest.mark.parametrize(
    ("value", "rest", "status", "kind", "balance"),
    [
        ("120.00", "120.00", DocumentStatus.OPEN, DocumentKind.INVOICE, "120.00"),
        ("120.00", "20.00", DocumentStatus.PARTIALLY_PAID, DocumentKind.INVOICE, "20.00"),
        ("120.00", "0", DocumentStatus.PAID, DocumentKind.INVOICE, "0"),
        ("-120.00", "-120.00", DocumentStatus.OPEN, DocumentKind.CREDIT_NOTE, "120.00"),
        ("-120.00", "-20.00", DocumentStatus.PARTIALLY_PAID, DocumentKind.CREDIT_NOTE, "20.00"),
    ],
)
def test_what_is_open_of_it_is_its_status(value: str, rest: str, status: DocumentStatus, kind: DocumentKind, balance: str) -> None:
    found = reading.remote_document(posted(value, rest), [], is_void=False)
    assert (found.status, found.kind, found.balance) == (status, kind, Decimal(balance))
    assert found.total == Decimal("120.00")
    assert (found.net, found.tax) == (None, None)


def test_a_reversal_voids_one_voucher_of_its_amount_and_no_other() -> None:
    first, second, other = posted(), posted(voucher="26000002"), posted("50.00", voucher="26000003")
    reversal = posted("-120.00", voucher="27000001", number="UK-SI-000117-CR")
    assert reading.reversed_vouchers([second, first, other], [reversal]) == {"26000001"}
    assert reading.reversed_vouchers([first, second], [reversal, reversal]) == {"26000001", "26000002"}
    assert reading.reversed_vouchers([other], [reversal]) == frozenset()
    assert reading.reversed_vouchers([posted(customer="1002")], [reversal]) == frozenset()


@pytest.mark.parametrize(
    ("letter", "is_open", "has_failed"),
    [("N", True, False), ("W", True, False), ("T", False, False), ("E", False, True), ("C", False, True), ("F", False, False)],
)
def test_the_letters_of_a_job_and_one_that_nobody_wrote_down(letter: str, is_open: bool, has_failed: bool) -> None:
    found = reading.job({"status": letter, "notificationMessages": None})
    assert (found.is_open, found.has_failed, found.errors) == (is_open, has_failed, ())


def test_a_message_is_read_in_any_case_and_at_any_node() -> None:
    assert reading.complaint(200, b"") is None
    found = reading.complaint(400, b'{"Message":"Interface XX is not valid"}')
    assert found is not None
    assert found.message == "Interface XX is not valid"
    node = b'[{"transactionInformation":{"invoice":{"notificationMessages":{"errors":["Too long"]}}}},{"notificationMessages":null}]'
    found = reading.complaint(400, node)
    assert found is not None
    assert (found.message, found.field) == ("Too long", "[0].transactionInformation.invoice")
    found = reading.complaint(400, b'{"error":"invalid_client"}')
    assert found is not None
    assert found.code == "invalid_client"


@pytest.mark.parametrize("job", ["300029f1-9227-4106-GL07-71", ""])
def test_a_ticket_is_read_as_it_was_written(job: str) -> None:
    ticket = Ticket("BI", "I-UK-SI-000117-0badcafe", job, "UK/SI/000117-CR")
    assert Ticket.read(str(ticket)) == ticket


def test_list_entries_are_read_by_the_order_of_the_lookup() -> None:
    tax = Lookup("tax-codes", ("taxCode", "description", "status", "vatPercentage", "taxSystem"))
    row = {"taxCode": "U1", "description": "VAT", "status": "N", "vatPercentage": Decimal(20), "taxSystem": "UK"}
    found = reading.reference_item(ReferenceKind.TAX_CODE, row, tax)
    assert (found.code, found.active, dict(found.details)) == ("U1", True, {"rate": "20", "system": "UK"})
    short = reading.reference_item(
        ReferenceKind.ACCOUNT, {"account": "3000", "status": "C"}, Lookup("accounts", ("account", "x", "status"))
    )
    assert (short.code, short.active) == ("3000", False)
    values = Lookup("attribute-values", ("attributeValue", "description", "status", "attributeId"))
    value = reading.reference_item(ReferenceKind.DIMENSION, {"attributeValue": "210", "attributeId": "C1"}, values)
    assert (value.code, value.remote_id) == ("C1:210", "210")
    assert reading.reference_item(ReferenceKind.ACCOUNT, {"account": "1"}, Lookup("accounts", ("account",))).active
