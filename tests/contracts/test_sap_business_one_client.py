"""A Service Layer client that we did not write (b1sl-python) and our hook in one simulated Business One company."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from b1sl.b1sl.client import B1Client
from b1sl.b1sl.config import B1Config
from b1sl.b1sl.exceptions.exceptions import B1AuthError, B1Exception, B1NotFoundError
from tests.platforms.company import Company, today

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.base import PlatformHook

SLUG = "sap_business_one"
NUMBER = "U_ExtInvNo"


def config(company: Company, **changes: str) -> B1Config:
    """The connection in the client's words; only the host is ours."""
    stored = company.connection()
    made = {"username": stored["login"], "password": stored["password"], "company_db": stored["extra"]["company_db"], **changes}
    return B1Config(base_url=stored["host"], **made)


@pytest.fixture(scope="module")
def client(company: Company) -> Iterator[B1Client]:
    with B1Client(config(company)) as made:
        yield made


def found(client: B1Client, number: str) -> Any:
    (only,) = client.invoices.filter(f"{NUMBER} eq '{number}'").execute()
    return only


def write(client: B1Client, number: str, customer: str) -> Any:
    """An invoice of two filters at 100.00, taxed at 19 %."""
    body = {
        "CardCode": customer,
        "DocDate": f"{today():%Y-%m-%d}",
        "DocDueDate": f"{today():%Y-%m-%d}",
        NUMBER: number,
        "DocumentLines": [{"ItemCode": "FLT-PRE-30", "Quantity": 2, "UnitPrice": 100, "VatGroup": "A19"}],
    }
    return client.invoices.create(client.invoices.model.model_validate(body))


def test_it_is_told_when_the_password_or_the_company_is_wrong(company: Company) -> None:
    for wrong in ({"password": "wrong"}, {"company_db": "NO_SUCH_DB"}):
        with pytest.raises((B1AuthError, B1Exception)), B1Client(config(company, **wrong)) as made:
            made.invoices.top(1).execute()


def test_it_reads_the_invoice_that_we_booked(company: Company, hook: PlatformHook, client: B1Client) -> None:
    document = company.invoice()
    remote = company.book(hook, document)
    read = found(client, document.number)
    assert (f"13-{read.doc_entry}", read.card_code) == (remote.remote_id, remote.customer_id)
    assert (f"{read.doc_total:.2f}", f"{read.vat_sum:.2f}") == (str(document.gross_total), str(document.tax_total))
    assert [each.item_code for each in read.document_lines if each.item_code] == [
        each.item_code for each in document.lines if each.item_code
    ]


def test_it_reads_an_invoice_in_another_currency_by_its_own_amount(company: Company, hook: PlatformHook, client: B1Client) -> None:
    foreign = company.setting.foreign
    document = company.small_invoice(currency=foreign, exchange_rate=company.exchange_rate())
    company.book(hook, document)
    read = found(client, document.number)
    assert (read.doc_currency, f"{read.doc_total_fc:.2f}") == (company.setting.codes("currency", foreign), str(document.gross_total))


def test_it_reads_the_credit_note_that_we_booked(company: Company, hook: PlatformHook, client: B1Client) -> None:
    document = company.small_invoice()
    company.book(hook, document)
    note = company.credit_note(corrects=document)
    company.book(hook, note)
    read: Any
    (read,) = client.credit_notes.filter(f"{NUMBER} eq '{note.number}'").execute()
    assert f"{read.doc_total:.2f}" == str(note.gross_total)


def test_we_find_and_read_the_invoice_that_it_booked(company: Company, hook: PlatformHook, client: B1Client) -> None:
    customer, number = hook.ensure_customer(company.party(), company.setting.currency), company.number()
    written = write(client, number, customer)
    (remote,) = hook.find_invoice(number, DocumentKind.INVOICE)
    assert (remote.remote_id, remote.customer_id, remote.status) == (f"13-{written.doc_entry}", customer, DocumentStatus.OPEN)
    assert (str(remote.total), str(remote.tax)) == ("238.00", "38.00")


def test_we_see_what_it_cancelled(company: Company, hook: PlatformHook, client: B1Client) -> None:
    customer, number = hook.ensure_customer(company.party(), company.setting.currency), company.number()
    written = write(client, number, customer)
    client.invoices.action(written.doc_entry, "Cancel")
    assert hook.find_invoice(number, DocumentKind.INVOICE) == []
    now = hook.get_invoice(f"13-{written.doc_entry}", DocumentKind.INVOICE)
    assert now is None or now.status is DocumentStatus.VOID


def test_it_sees_what_we_cancelled(company: Company, hook: PlatformHook, client: B1Client) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    sending = company.sending(hook, document, remote.customer_id)
    assert company.void(hook, sending, remote).error is None
    assert client.invoices.get(int(remote.remote_id.removeprefix("13-"))).cancelled is True


def test_it_recognises_a_document_that_is_not_there(client: B1Client) -> None:
    with pytest.raises(B1NotFoundError):
        client.invoices.get(999999)
