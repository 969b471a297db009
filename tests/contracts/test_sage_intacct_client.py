"""A client of Sage Intacct that we did not write (sageintacctsdk) gets along with the simulated gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from sageintacctsdk import SageIntacctSDK
from sageintacctsdk.exceptions import InternalServerError, InvalidTokenError, WrongParamsError

from airbooks.sandbox.server import Sandbox

SLUG = "sage_intacct"
VENDOR = "https://api.intacct.com/ia/xml/xmlgw.phtml"
Connect = Callable[..., SageIntacctSDK]


@pytest.fixture
def server(sandbox: Any) -> Sandbox:
    started: Sandbox = sandbox(SLUG)
    return started


@pytest.fixture
def connect(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Signs the client in; its fixed address is the only thing that is changed."""
    stored = server.simulators[SLUG].connection()
    real = requests.post
    address = f"{stored['host']}/ia/xml/xmlgw.phtml"
    monkeypatch.setattr(requests, "post", lambda url, **given: real(address if url == VENDOR else url, **given))

    def sign_in(**given: Any) -> SageIntacctSDK:
        extra = stored["extra"]
        who = {
            "sender_id": extra["sender_id"],
            "sender_password": extra["sender_password"],
            "user_id": stored["login"],
            "company_id": extra["company_id"],
            "user_password": stored["password"],
            "entity_id": extra["entity_id"],
        }
        return SageIntacctSDK(**{**who, **given})

    return sign_in


@pytest.fixture
def client(connect: Connect) -> SageIntacctSDK:
    made = connect()
    made.customers.post(
        {
            "CUSTOMERID": "C-UK-0042",
            "NAME": "Northside Fabrication Ltd",
            "DISPLAYCONTACT": {"PRINTAS": "Northside Fabrication Ltd", "EMAIL1": "ap@northside.example"},
            "TERMNAME": "Net 30",
        }
    )
    return made


def invoice(number: str, *amounts: str) -> dict[str, Any]:
    """`create_invoice` as the vendor's reference writes it."""
    taxed = {"taxentries": {"taxentry": {"detailid": "UK Sales Standard"}}}
    return {
        "customerid": "C-UK-0042",
        "datecreated": {"year": "2026", "month": "02", "day": "10"},
        "termname": "Net 30",
        "invoiceno": number,
        "basecurr": "GBP",
        "currency": "GBP",
        "exchratetype": "Intacct Daily Rate",
        "invoiceitems": {"lineitem": [{"glaccountno": "4000", "amount": amount, **taxed} for amount in amounts]},
    }


def test_it_signs_in_and_keeps_its_session(client: SageIntacctSDK, server: Sandbox) -> None:
    client.accounts.count()
    assert sum("getAPISession" in asked.body for asked in server.requests(SLUG)) == 1


def test_it_recognises_a_refused_sign_in(connect: Connect) -> None:
    with pytest.raises(InvalidTokenError):
        connect(user_password="nothing")
    with pytest.raises(WrongParamsError):
        connect(sender_password="nothing")


def test_it_creates_an_invoice_and_reads_it_back(client: SageIntacctSDK, server: Sandbox) -> None:
    made = client.ar_invoices.post(invoice("UK-SI-000001", "2499.00", "95.50"))
    found = client.ar_invoices.get("RECORDNO", made["key"])
    assert (found["@count"], found["arinvoice"]["RECORDID"], found["arinvoice"]["STATE"]) == ("1", "UK-SI-000001", "Posted")
    [row] = client.ar_invoices.get_by_query(
        fields=["RECORDNO", "TRX_TOTALENTERED", "TRX_TOTALDUE"], and_filter=[("equalto", "RECORDID", "UK-SI-000001")]
    )
    assert row == {"RECORDNO": made["key"], "TRX_TOTALENTERED": "3113.4", "TRX_TOTALDUE": "3113.4"}
    lines = client.ar_invoice_items.get_all(field="RECORDKEY", value=made["key"])
    assert [line["TRX_AMOUNT"] for line in lines if not line["PARENTENTRY"]] == ["2499", "95.5"]
    assert [document.number for document in server.books(SLUG).documents] == ["UK-SI-000001"]


def test_it_reads_every_list_by_all_the_fields_it_knows(client: SageIntacctSDK) -> None:
    lists = (
        "accounts",
        "items",
        "departments",
        "locations",
        "location_entities",
        "classes",
        "tax_details",
        "tax_solutions",
        "checking_accounts",
        "customers",
        "contacts",
    )
    assert {name for name in lists if not getattr(client, name).get_all()} == set()
    assert len(client.accounts.get_all()) == client.accounts.count()


def test_it_pays_an_invoice(client: SageIntacctSDK, server: Sandbox) -> None:
    key = client.ar_invoices.post(invoice("UK-SI-000001", "100.00"))["key"]
    client.ar_payments.post(
        {
            "FINANCIALENTITY": "BARC-OPERATING",
            "PAYMENTMETHOD": "EFT",
            "CUSTOMERID": "C-UK-0042",
            "DOCNUMBER": "ACH-5531",
            "RECEIPTDATE": "03/01/2026",
            "CURRENCY": "GBP",
            "ARPYMTDETAILS": {"ARPYMTDETAIL": {"RECORDKEY": key, "TRX_PAYMENTAMOUNT": "120.00"}},
        }
    )
    assert [payment["DOCNUMBER"] for payment in client.ar_payments.get_all()] == ["ACH-5531"]
    assert [document.status for document in server.books(SLUG).documents] == ["paid"]


def test_it_understands_the_gateways_refusals(client: SageIntacctSDK, server: Sandbox) -> None:
    client.ar_invoices.post(invoice("UK-SI-000001", "100.00"))
    with pytest.raises(WrongParamsError) as duplicate:
        client.ar_invoices.post(invoice("UK-SI-000001", "100.00"))
    assert [error["errorno"] for error in duplicate.value.response["error"]] == ["BL34000061", "BL01001973"]
    with pytest.raises(WrongParamsError) as schema:
        client.ar_invoices.post({"invoiceno": "X", **invoice("X", "1")})
    assert [error["errorno"] for error in schema.value.response["error"]] == ["XL03000003"]
    server.inject(SLUG, "offline", times=1)
    with pytest.raises(InternalServerError):
        client.accounts.count()


def test_it_sees_a_session_end(client: SageIntacctSDK, server: Sandbox) -> None:
    server.inject(SLUG, "expire_sessions", times=1)
    with pytest.raises(InvalidTokenError):
        client.accounts.count()
