"""The clients that others wrote for QuickBooks Online (Intuit's intuit-oauth, the community's python-quickbooks) against the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from intuitlib.client import AuthClient
from quickbooks import QuickBooks
from quickbooks.batch import batch_create
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import ObjectNotFoundException, QuickbooksException, ValidationException
from quickbooks.objects import Customer, Invoice, Item, Payment, SalesItemLine
from quickbooks.objects.detailline import SalesItemLineDetail
from quickbooks.objects.payment import PaymentLine
from quickbooks.objects.preferences import Preferences

from airbooks.sandbox.server import Sandbox


@pytest.fixture
def started(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox("quickbooks", time_scale=1000)


@pytest.fixture
def client(started: Sandbox, monkeypatch: pytest.MonkeyPatch) -> QuickBooks:
    connection = started.simulators["quickbooks"].connection()
    base = started.base_url("quickbooks")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # loopback has no TLS
    monkeypatch.setattr(QuickBooks, "api_url_v3", f"{base}/v3")
    discovery = f"{base}/.well-known/openid_configuration"
    auth = AuthClient(connection["login"], connection["password"], "http://127.0.0.1/callback", discovery)
    extra = connection["extra"]
    return QuickBooks(auth_client=auth, refresh_token=extra["refresh_token"], company_id=extra["realm_id"], minorversion=75)


def an_invoice(client: QuickBooks, number: str) -> Invoice:
    customer = Customer.filter(DisplayName="O'Neill Compressed Air", qb=client)
    if not customer:
        fresh = Customer()
        fresh.DisplayName = "O'Neill Compressed Air"
        customer = [fresh.save(qb=client)]
    detail = SalesItemLineDetail()
    detail.ItemRef = Item.filter(Name="FLT-KIT-75", qb=client)[0].to_ref()
    detail.Qty, detail.UnitPrice = 2, 84.5
    line = SalesItemLine()
    line.Amount, line.SalesItemLineDetail = 169, detail
    invoice = Invoice()
    invoice.DocNumber, invoice.CustomerRef, invoice.Line = number, customer[0].to_ref(), [line]
    return invoice


def test_it_creates_reads_updates_and_finds_an_invoice(client: QuickBooks) -> None:
    booked = an_invoice(client, "US-SI-000001").save(qb=client)
    assert (booked.TotalAmt, booked.SyncToken) == (169, "0")
    booked.PrivateNote = "seen"
    again = Invoice.get(booked.Id, qb=client)
    again.PrivateNote = "seen"
    again.save(qb=client)
    (found,) = Invoice.filter(DocNumber="US-SI-000001", qb=client)
    assert (found.PrivateNote, found.SyncToken, found.TotalAmt) == ("seen", "1", 169)


def test_a_payment_pays_the_invoice_and_its_void_opens_it_again(client: QuickBooks) -> None:
    booked = an_invoice(client, "US-SI-000001").save(qb=client)
    line = PaymentLine()
    line.Amount, line.LinkedTxn = 169, [booked.to_linked_txn()]
    payment = Payment()
    payment.TotalAmt, payment.CustomerRef, payment.Line = 169, booked.CustomerRef, [line]
    paid = payment.save(qb=client)
    assert Invoice.get(booked.Id, qb=client).Balance == 0
    paid.void(qb=client)
    assert Invoice.get(booked.Id, qb=client).Balance == 169


def test_void_and_delete_reach_the_books(client: QuickBooks, started: Sandbox) -> None:
    an_invoice(client, "A1").save(qb=client).void(qb=client)
    assert [document.status for document in started.books("quickbooks").documents] == ["void"]
    gone = an_invoice(client, "A2").save(qb=client)
    gone.delete(qb=client)
    with pytest.raises(ObjectNotFoundException):
        Invoice.get(gone.Id, qb=client)


def test_its_batch_gets_successes_and_faults_apart(client: QuickBooks) -> None:
    reply = batch_create([an_invoice(client, "A1"), an_invoice(client, "A1")], qb=client)
    assert len(reply.successes) == 1
    assert reply.faults[0].Error[0].code == "6140"


def test_its_request_id_makes_a_second_save_a_replay(client: QuickBooks, started: Sandbox) -> None:
    first = an_invoice(client, "A1").save(qb=client, request_id="key-1")
    second = an_invoice(client, "A1").save(qb=client, request_id="key-1")
    assert first.Id == second.Id
    assert len(started.books("quickbooks").documents) == 1


def test_faults_arrive_as_its_own_exceptions(client: QuickBooks) -> None:
    with pytest.raises(ValidationException) as refused:
        an_invoice(client, "X" * 22).save(qb=client)
    assert refused.value.error_code == 2050
    an_invoice(client, "A1").save(qb=client)
    with pytest.raises(QuickbooksException) as duplicate:
        an_invoice(client, "A1").save(qb=client)
    assert duplicate.value.error_code == 6140


def test_change_data_capture_and_preferences_parse(client: QuickBooks) -> None:
    booked = an_invoice(client, "A1").save(qb=client)
    changes = change_data_capture([Invoice, Payment], (datetime.now(UTC) - timedelta(hours=1)).isoformat(), qb=client)
    assert [row.Id for row in changes.Invoice._object_list] == [booked.Id]
    assert Preferences.get(qb=client).SalesFormsPrefs.CustomTxnNumbers is True
