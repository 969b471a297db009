"""What rows of the open-item service mean, without a system behind them."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.sap_s4hana import odata, reading
from airbooks.platforms.sap_s4hana.reading import DocumentKey
from airbooks.platforms.wire import Reply

SETTINGS = {"doc_type_invoice": "DR", "doc_type_credit": "DG", "tax_class": "MWS"}
DAY = "/Date(1772409600000)/"


def row(number: str = "1800000042", item: str = "001", amount: str = "119.00", **fields: Any) -> dict[str, Any]:
    made = {
        "CompanyCode": "1710", "FiscalYear": "2026", "AccountingDocument": number, "AccountingDocumentItem": item,
        "AccountingDocumentType": "DR", "AccountingDocumentItemType": "", "FinancialAccountType": "D", "TransactionTypeDetermination": "",
        "GLAccount": "12100000", "Customer": "0017100042", "DocumentReferenceID": "EU-SI-1", "AssignmentReference": "",
        "DocumentItemText": "", "DocumentDate": DAY, "PostingDate": DAY, "AmountInTransactionCurrency": amount,
        "TransactionCurrency": "EUR", "IsCleared": False, "ClearingAccountingDocument": "", "ClearingDocFiscalYear": "",
        "InvoiceReference": "", "InvoiceReferenceFiscalYear": "", "FollowOnDocumentType": "", "IsReversal": False, "IsReversed": False,
        "AccountingDocumentCreationDate": DAY, "CreationTime": "PT23H30M05S", "LastChangeDate": DAY,
    }  # fmt: skip
    return {**made, **fields}


def follower(amount: str, kind: str = "Z", **fields: Any) -> dict[str, Any]:
    refers = {"InvoiceReference": "1800000042", "InvoiceReferenceFiscalYear": "2026", "FollowOnDocumentType": kind}
    return row("1400000077", "002", amount, AccountingDocumentType="DZ", **refers, **fields)


ITEMS = [
    row(),
    row(item="002", amount="-100.00", FinancialAccountType="S", Customer=""),
    row(item="003", amount="-19.00", FinancialAccountType="S", Customer="", TransactionTypeDetermination="MWS"),
]
CLEARED = [{**each, "IsCleared": each["FinancialAccountType"] == "D"} for each in ITEMS]


def test_a_document_is_read_from_all_its_items() -> None:
    remote = reading.remote_document(ITEMS, [], SETTINGS)
    assert (remote.remote_id, remote.number, remote.our_number) == ("180000004217102026", "1800000042", "EU-SI-1")
    assert (remote.net, remote.tax, remote.total, remote.balance) == (Decimal(100), Decimal(19), Decimal(119), Decimal(119))
    assert (remote.customer_id, remote.issue_date, remote.kind) == ("17100042", date(2026, 3, 2), DocumentKind.INVOICE)


def test_a_credit_note_has_positive_amounts() -> None:
    turned = [{**each, "AccountingDocumentType": "DG", "AmountInTransactionCurrency": str(-reading.amount(each))} for each in ITEMS]
    remote = reading.remote_document(turned, [], SETTINGS)
    assert (remote.kind, remote.net, remote.tax, remote.total) == (DocumentKind.CREDIT_NOTE, Decimal(100), Decimal(19), Decimal(119))


@pytest.mark.parametrize(
    ("items", "followers", "status", "balance"),
    [
        (ITEMS, [], DocumentStatus.OPEN, "119"),
        (ITEMS, [follower("-19.00")], DocumentStatus.PARTIALLY_PAID, "100"),
        (ITEMS, [follower("-19.00"), follower("-20.00", "G")], DocumentStatus.PARTIALLY_PAID, "80"),
        (ITEMS, [follower("-19.00", IsReversed=True)], DocumentStatus.OPEN, "119"),
        (CLEARED, [follower("-19.00", IsCleared=True)], DocumentStatus.PAID, "0"),
        (CLEARED, [follower("100.00", "V")], DocumentStatus.PARTIALLY_PAID, "100"),
        (CLEARED, [follower("100.00", "V", IsCleared=True)], DocumentStatus.PAID, "0"),
        ([{**each, "IsReversed": True} for each in CLEARED], [], DocumentStatus.VOID, "0"),
    ],
    ids=["open", "part", "part and credit", "part taken back", "paid", "residual item", "residual paid", "reversed before cleared"],
)
def test_the_status_follows_the_items(items: Any, followers: Any, status: DocumentStatus, balance: str) -> None:
    remote = reading.remote_document(items, followers, SETTINGS)
    assert (remote.status, remote.balance) == (status, Decimal(balance))


def test_a_payment_of_others_that_cleared_two_invoices_fills_them_in_order() -> None:
    clearing: dict[str, Any] = {"IsCleared": True, "ClearingAccountingDocument": "100000001", "ClearingDocFiscalYear": "2026"}
    group = [row("1800000002", amount="70.00", **clearing), row("1800000001", amount="50.00", **clearing)]
    first = row("1400000001", amount="-60.00", AccountingDocumentType="DZ", **clearing)
    second = row("1400000002", amount="-60.00", AccountingDocumentType="DZ", **clearing)
    groups = {DocumentKey("0100000001", "1710", "2026"): [*group, first, second]}
    told = [reading.remote_payment([each], groups, ZoneInfo("Europe/Berlin")) for each in (first, second)]
    assert [[(part.remote_id, part.amount) for part in each.allocations] for each in told] == [
        [("180000000117102026", Decimal(50)), ("180000000217102026", Decimal(10))],
        [("180000000217102026", Decimal(60))],
    ]
    assert told[0].modified_at is not None
    assert told[0].modified_at.astimezone(UTC).isoformat() == "2026-03-02T22:30:05+00:00"


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(st.integers(1, 500), min_size=1, max_size=5), debts=st.lists(st.integers(1, 500), min_size=1, max_size=5))
def test_a_clearing_is_never_shared_out_beyond_its_money_or_its_invoices(parts: list[int], debts: list[int]) -> None:
    clearing: dict[str, Any] = {"IsCleared": True, "ClearingAccountingDocument": "100000001", "ClearingDocFiscalYear": "2026"}
    owed = [row(f"18000000{number:02d}", amount=str(each), **clearing) for number, each in enumerate(debts)]
    paid = [row(f"14000000{number:02d}", amount=str(-each), **clearing) for number, each in enumerate(parts)]
    groups = {DocumentKey("0100000001", "1710", "2026"): [*owed, *paid]}
    told = [reading.remote_payment([each], groups, ZoneInfo("UTC")) for each in paid]
    given_out: dict[str, Decimal] = {}
    for each in told:
        assert sum((part.amount for part in each.allocations), Decimal(0)) <= each.amount
        for part in each.allocations:
            given_out[part.remote_id] = given_out.get(part.remote_id, Decimal(0)) + part.amount
    assert sum(given_out.values(), Decimal(0)) == min(sum(parts), sum(debts))
    assert all(given_out.get(f"18000000{number:02d}17102026", 0) <= each for number, each in enumerate(debts))


def test_dates_times_and_literals_are_the_gateways() -> None:
    assert odata.to_day("/Date(1772409600000)/") == date(2026, 3, 2)
    assert odata.to_day(None) is None
    assert odata.to_time("PT14H05M09S") == timedelta(hours=14, minutes=5, seconds=9)
    assert odata.quoted("O'Brien") == "'O''Brien'"
    for wrong in ("2026-03-02", "/Date(x)/"):
        with pytest.raises(ValueError, match="not a date"):
            odata.to_day(wrong)


def test_a_row_without_a_field_that_was_asked_for_is_no_answer() -> None:
    body = {"d": {"results": [row()], "__next": "https://other.example/base/sap/opu/odata/sap/X/Y?$skiptoken=5"}}
    assert odata.page_of(body, reading.FIELDS) == ([row()], "/sap/opu/odata/sap/X/Y?$skiptoken=5")
    with pytest.raises(KeyError, match="Shoe"):
        odata.page_of(body, ("Customer", "Shoe"))


@pytest.mark.parametrize("remote_id", ["", "1800000042", "abc", "18000000421710202", "1800000042171020266"])
def test_an_id_that_is_none_of_the_platforms_names_nothing(remote_id: str) -> None:
    assert DocumentKey.of(remote_id) is None


@pytest.mark.parametrize("content", [b"", b"<html>maintenance</html>", b"[]", b'{"value": []}', b"<?xml version='1.0'?><a/>", b'{"d"'])
def test_a_good_status_over_anything_else_is_no_answer(content: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        reading.complaint(Reply(200, {}, content))


def test_an_error_page_is_a_complaint_and_taken_on_is_none() -> None:
    assert reading.complaint(Reply(202, {}, b"")) is None
    said = reading.complaint(Reply(503, {}, b"<html>down</html>"))
    assert said is not None
    assert "503" in said.message
