"""What the Service Layer answers, read: documents, errors of both versions, and the parts of batches."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.sap_business_one import multipart, reading
from airbooks.platforms.sap_business_one.multipart import Part
from airbooks.platforms.sap_business_one.reading import Currencies
from airbooks.platforms.wire import Reply

D = Decimal
EURO = Currencies("EUR", {"EUR": "EUR", "$": "USD"})

# -- reading -------------------------------------------------------------------------------------------------------------------------

ROW = json.loads(
    """{"@odata.etag": "W/\\"AB\\"", "DocEntry": 345, "DocNum": 1207, "DocDate": "2026-03-02T00:00:00Z", "TaxDate": "2026-03-01T00:00:00Z",
    "CardCode": "C0042", "DocCurrency": "EUR", "DocTotal": 119.0, "DocTotalFc": 0.0, "VatSum": 19.0, "VatSumFc": 0.0, "PaidToDate": 0.0,
    "PaidToDateFC": 0.0, "DocumentStatus": "bost_Open", "Cancelled": "tNO", "CancelStatus": "csNo", "U_ExtInvNo": "EU-SI-000123",
    "DocumentLines": [{"LineNum": 0}]}""",
    parse_float=Decimal,
)


def read(**changes: Any) -> Any:
    return reading.remote_document({**ROW, **changes}, DocumentKind.INVOICE, "U_ExtInvNo", EURO)


def test_a_document_is_read_in_its_own_currency() -> None:
    home = read()
    assert (home.remote_id, home.number, home.our_number, home.currency) == ("13-345", "1207", "EU-SI-000123", "EUR")
    assert (home.net, home.tax, home.total, home.balance, home.line_count) == (D("100.0"), D("19.0"), D("119.0"), D("119.0"), 1)
    assert (home.issue_date, home.posting_date) == (date(2026, 3, 1), date(2026, 3, 2))
    abroad = read(DocCurrency="$", DocTotalFc=D("130.9"), VatSumFc=D("20.9"), PaidToDateFC=D("30.9"))
    assert (abroad.currency, abroad.net, abroad.tax, abroad.total, abroad.balance) == ("USD", D("110.0"), D("20.9"), D("130.9"), D("100.0"))


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, DocumentStatus.OPEN),
        ({"PaidToDate": D("19")}, DocumentStatus.PARTIALLY_PAID),
        ({"PaidToDate": D("119"), "DocumentStatus": "bost_Close"}, DocumentStatus.PAID),
        ({"DocumentStatus": "bost_Paid"}, DocumentStatus.PAID),
        ({"CancelStatus": "csYes", "DocumentStatus": "bost_Close"}, DocumentStatus.VOID),
        ({"Cancelled": "tYES", "DocumentStatus": "bost_Close"}, DocumentStatus.VOID),
    ],
)
def test_a_status_is_read_in_the_vendors_order(changes: dict[str, Any], status: DocumentStatus) -> None:
    assert read(**changes).status is status


@pytest.mark.parametrize(
    "error",
    [
        {"code": "-10", "message": "No."},
        {"code": -10, "message": {"lang": "en-us", "value": "No."}},
    ],
    ids=["v2", "v1"],
)
def test_errors_of_both_versions_are_read(error: dict[str, Any]) -> None:
    found = reading.complaint(Reply(400, {}, json.dumps({"error": error}).encode()))
    assert found is not None
    assert (found.code, found.message) == ("-10", "No.")


# -- batches -------------------------------------------------------------------------------------------------------------------------

PARTS = [Part("k-1", "/b1s/v2/Invoices", b'{"CardCode":"A"}'), Part("k-2", "/b1s/v2/CreditNotes", b'{"CardCode":"B"}')]


def test_every_document_has_a_change_set_and_a_content_id_of_its_own() -> None:
    assert multipart.request(PARTS).decode().split("\r\n") == [
        "--batch_k-1",
        "Content-Type: multipart/mixed; boundary=changeset_k-1",
        "",
        "--changeset_k-1",
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        "Content-ID: 1",
        "",
        "POST /b1s/v2/Invoices HTTP/1.1",
        "Content-Type: application/json",
        "",
        '{"CardCode":"A"}',
        "--changeset_k-1--",
        "--batch_k-1",
        "Content-Type: multipart/mixed; boundary=changeset_k-2",
        "",
        "--changeset_k-2",
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        "Content-ID: 2",
        "",
        "POST /b1s/v2/CreditNotes HTTP/1.1",
        "Content-Type: application/json",
        "",
        '{"CardCode":"B"}',
        "--changeset_k-2--",
        "--batch_k-1--",
        "",
    ]


ANSWER = """--r\r
Content-Type: multipart/mixed;boundary=s\r
\r
--s\r
Content-Type: application/http\r
Content-Transfer-Encoding: binary\r
Content-ID: 1\r
\r
HTTP/1.1 201 Created\r
Content-Type: application/json\r
\r
{"CardName":"Kälte 🛠️"}\r
--s--\r
\r
--r\r
Content-Type: application/http\r
Content-Transfer-Encoding: binary\r
\r
HTTP/1.1 400 Bad Request\r
\r
{"error":{"code":"-10","message":"No."}}\r
--r--\r
"""


def test_answers_are_matched_by_content_id_and_a_failure_is_the_first_without_one() -> None:
    reply = Reply(200, {"content-type": "multipart/mixed;boundary=r"}, ANSWER.encode())
    found = multipart.answers(PARTS, reply)
    assert {key: each.status for key, each in found.items()} == {"k-1": 201, "k-2": 400}
    assert found["k-1"].json() == {"CardName": "Kälte 🛠️"}


@pytest.mark.parametrize("spoil", [lambda text: text[:-12], lambda text: text[:80], lambda _text: "<html/>", lambda _text: ""])
def test_a_broken_answer_is_not_taken_for_one(spoil: Any) -> None:
    reply = Reply(200, {"content-type": "multipart/mixed;boundary=r"}, spoil(ANSWER).encode())
    try:
        whole = multipart.is_whole(reply)
    except ValueError:
        whole = False
    assert not whole
