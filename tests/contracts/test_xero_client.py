"""Xero's own Python client (xero-python) and our hook in one simulated organisation: each reads what the other wrote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.company import Company, today
from xero_python.accounting import AccountingApi, Contact, CreditNote, Invoice, Invoices, LineItem, Payment, Payments
from xero_python.accounting.models import Account, Contacts, CreditNotes, PaymentDelete
from xero_python.api_client import ApiClient, Configuration
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi
from xero_python.exceptions import AccountingBadRequestException, NotFoundException
from xero_python.identity import IdentityApi

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.xero.sandbox import XeroSimulator

SLUG = "xero"
SCOPES = ["accounting.invoices", "accounting.payments", "accounting.contacts", "accounting.settings.read", "offline_access"]
Token = dict[str, Any]


class Organisation:
    """The vendor's client with its own token; only its addresses are changed."""

    def __init__(self, company: Company, **token: Any) -> None:
        stored, base = company.connection(), company.sandbox.base_url(SLUG)
        self.token: Token = {
            "access_token": "none yet",
            "refresh_token": stored["extra"]["refresh_token"],
            "scope": SCOPES,
            "expires_in": 1800,
            "expires_at": 0,
            "token_type": "Bearer",
            **token,
        }
        settings = Configuration()
        settings.oauth2_token = OAuth2Token(client_id=stored["login"], client_secret=stored["password"])
        self.api = ApiClient(settings, oauth2_token_getter=lambda: self.token, oauth2_token_saver=self.token.update)
        self.accounting = AccountingApi(self.api, base_url=f"{base}/api.xro/2.0")
        self.tenant = IdentityApi(self.api, base_url=base).get_connections()[0].tenant_id

    def invoice(self, number: str) -> Invoice:
        (found,) = self.accounting.get_invoices(self.tenant, invoice_numbers=[number], unitdp=4, page=1).invoices
        return found

    def contact(self, number: str) -> Contact:
        contact = Contact(name=f"Harbour Dairy {number}", contact_number=f"C-{number}")
        return self.accounting.create_contacts(self.tenant, Contacts(contacts=[contact])).contacts[0]

    def body(self, number: str, **fields: Any) -> dict[str, Any]:
        line = LineItem(description="Filter kit", quantity=2, unit_amount=84.5, account_code="4010", tax_type="OUTPUT")
        contact = fields.pop("contact", None) or self.contact(number)
        return {"contact": Contact(contact_id=contact.contact_id), "line_items": [line], "date": today(), "status": "AUTHORISED", **fields}

    def draft(self, number: str, **fields: Any) -> Invoice:
        """An invoice of 169.00 and 16.90 GST, due in a month; not sent yet."""
        return Invoice(type="ACCREC", invoice_number=number, due_date=today() + timedelta(days=30), **self.body(number, **fields))

    def write(self, number: str, **fields: Any) -> Invoice:
        asked = Invoices(invoices=[self.draft(number, **fields)])
        return self.accounting.create_invoices(self.tenant, asked, summarize_errors=False, unitdp=4).invoices[0]

    def pay(self, invoice: Invoice, amount: str, reference: str) -> Payment:
        of = {"invoice": Invoice(invoice_id=invoice.invoice_id), "account": Account(code="1000")}
        payment = Payment(amount=float(amount), date=today(), reference=reference, **of)
        return self.accounting.create_payments(self.tenant, Payments(payments=[payment])).payments[0]


@pytest.fixture
def client(company: Company, monkeypatch: pytest.MonkeyPatch) -> Organisation:
    address = f"{company.sandbox.base_url(SLUG)}/connect/token"
    monkeypatch.setattr(TokenApi, "refresh_token_url", address)
    monkeypatch.setattr(TokenApi, "client_credentials_token_url", address)
    return Organisation(company)


def test_it_refreshes_its_token_and_finds_the_organisation(client: Organisation, company: Company) -> None:
    assert client.token["access_token"] != "none yet"
    assert client.tenant == company.connection()["extra"]["tenant_id"]
    assert client.accounting.get_organisations(client.tenant).organisations[0].base_currency.value == "AUD"


def test_its_custom_connection_gets_a_token_that_opens_the_books(client: Organisation, company: Company) -> None:
    simulator = company.sandbox.simulators[SLUG]
    assert isinstance(simulator, XeroSimulator)
    stored = simulator.connection(custom=True)
    grant = OAuth2Token(client_id=stored["login"], client_secret=stored["password"])
    assert grant.get_client_credentials_access_token(client.api, app_store_billing=False)
    assert client.token["access_token"] == grant.access_token
    assert {each.code for each in client.accounting.get_accounts(client.tenant).accounts} >= {"4000", "4010", "1100"}


def test_it_reads_every_list_into_its_own_types(client: Organisation) -> None:
    books, tenant = client.accounting, client.tenant
    assert {each.code for each in books.get_items(tenant, unitdp=4).items} >= {"FLT-PRE-30", "CMP-RS-22"}
    assert {each.tax_type for each in books.get_tax_rates(tenant).tax_rates} >= {"OUTPUT", "EXEMPTOUTPUT", "EXEMPTEXPORT"}
    assert {each.code.value for each in books.get_currencies(tenant).currencies} == {"AUD", "USD", "GBP", "EUR"}
    tracking = {each.name: {option.name for option in each.options} for each in books.get_tracking_categories(tenant).tracking_categories}
    assert tracking == {"Department": {"WHOLESALE", "SERVICE"}, "Warehouse": {"MAIN", "NORTH"}}
    assert books.get_payments(tenant, page=1).payments is not None


def test_it_revokes_its_token_and_we_are_shut_out(company: Company, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Company(SLUG, sandbox(SLUG))
    for name, path in (("refresh_token_url", "token"), ("revoke_token_url", "revocation")):
        monkeypatch.setattr(TokenApi, name, f"{other.sandbox.base_url(SLUG)}/connect/{path}")
    client = Organisation(other)
    with other.hook() as hook:
        assert hook.test_connection()[0]
        client.api.revoke_oauth2_token()
        assert not hook.test_connection()[0]


def test_it_reads_the_invoice_that_we_booked(client: Organisation, company: Company, hook: PlatformHook) -> None:
    document = company.invoice()
    remote = company.book(hook, document)
    read = client.invoice(document.number)
    assert (read.invoice_id, read.type, read.status, read.reference) == (remote.remote_id, "ACCREC", "AUTHORISED", document.purchase_order)
    assert (read.date, read.due_date, read.currency_code.value) == (document.issue_date, document.due_date, "AUD")
    assert (read.sub_total, read.total_tax, read.total) == (document.net_total, document.tax_total, document.gross_total)
    assert (read.amount_due, read.amount_paid) == (document.gross_total, 0)
    who = client.accounting.get_contact(client.tenant, read.contact.contact_id).contacts[0]
    assert (who.contact_number, who.name) == (document.buyer.code, document.buyer.name)
    booked = [(each.item_code, each.quantity, each.line_amount) for each in read.line_items if each.item_code]
    assert booked == [(each.item_code, each.quantity, each.net_amount) for each in document.lines]
    assert [(each.name, each.option) for each in read.line_items[0].tracking] == [("Department", "WHOLESALE"), ("Warehouse", "MAIN")]


def test_it_reads_the_payment_and_the_credit_note_that_we_booked(client: Organisation, company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("40"))
    references = company.payment_references(hook, payment, remote.customer_id)
    hook.apply_payment(payment, customer_id=remote.customer_id, key="key-1", references=references)
    read = client.invoice(document.number)
    assert (read.status, read.amount_paid, read.amount_due) == ("AUTHORISED", 40, document.gross_total - 40)
    note = company.credit_note(company.line(1, quantity="1", price="10"), corrects=document)
    booked = company.book(hook, note)
    (credit,) = client.accounting.get_credit_note(client.tenant, booked.remote_id).credit_notes
    assert (credit.credit_note_number, credit.type, credit.total) == (note.number, "ACCRECCREDIT", note.gross_total)


def test_we_read_its_invoice_from_draft_to_paid_and_void(client: Organisation, company: Company, hook: PlatformHook) -> None:
    number = company.number()
    written = client.write(number, status="DRAFT")
    assert hook.find_invoice(number, DocumentKind.INVOICE)[0].status is DocumentStatus.DRAFT
    client.accounting.update_invoice(client.tenant, written.invoice_id, Invoices(invoices=[Invoice(status="AUTHORISED")]))
    (found,) = hook.find_invoice(number, DocumentKind.INVOICE)
    assert (found.remote_id, found.our_number, found.status) == (written.invoice_id, number, DocumentStatus.OPEN)
    assert (found.net, found.tax, found.total, found.balance) == tuple(map(Decimal, ("169.00", "16.90", "185.90", "185.90")))
    assert (found.currency, found.customer_id, found.issue_date) == ("AUD", written.contact.contact_id, today())
    paid = client.pay(written, "185.90", "WIRE-5521")
    assert read_status(hook, written) is DocumentStatus.PAID
    (payment,) = [each for each in hook.list_payments(datetime.now(UTC) - timedelta(hours=1)) if each.remote_id == paid.payment_id]
    assert (payment.amount, payment.reference, payment.allocations[0].remote_id) == (Decimal("185.90"), "WIRE-5521", written.invoice_id)
    client.accounting.delete_payment(client.tenant, paid.payment_id, PaymentDelete(status="DELETED"))
    client.accounting.update_invoice(client.tenant, written.invoice_id, Invoices(invoices=[Invoice(status="VOIDED")]))
    assert hook.find_invoice(number, DocumentKind.INVOICE) == []
    assert read_status(hook, written) is DocumentStatus.VOID


def read_status(hook: PlatformHook, written: Invoice) -> DocumentStatus:
    remote = hook.get_invoice(written.invoice_id, DocumentKind.INVOICE)
    assert remote is not None
    return remote.status


def test_we_find_its_credit_note_and_its_contact(client: Organisation, company: Company, hook: PlatformHook) -> None:
    number = company.number("CN")
    body = CreditNote(type="ACCRECCREDIT", credit_note_number=number, **client.body(number))
    (written,) = client.accounting.create_credit_notes(client.tenant, CreditNotes(credit_notes=[body]), summarize_errors=False).credit_notes
    (found,) = hook.find_invoice(number, DocumentKind.CREDIT_NOTE)
    assert (found.remote_id, found.total) == (written.credit_note_id, Decimal("185.90"))
    party = company.party(code=f"C-{number}", name=f"Harbour Dairy {number}")
    assert hook.ensure_customer(party, "AUD") == written.contact.contact_id


def test_its_batch_gets_successes_and_refusals_apart_and_its_key_makes_a_replay(client: Organisation, company: Company) -> None:
    good, bad = company.number(), company.number()
    asked = Invoices(invoices=[client.draft(good), client.draft(bad, line_items=[LineItem(description="No account", quantity=1)])])
    answers = [
        client.accounting.create_invoices(client.tenant, asked, summarize_errors=False, idempotency_key=f"key-{good}").invoices
        for _ in range(2)
    ]
    assert [(each.invoice_number, bool(each.validation_errors)) for each in answers[0]] == [(good, False), (bad, True)]
    assert answers[1][0].invoice_id == answers[0][0].invoice_id
    assert [len(company.booked(number)) for number in (good, bad)] == [1, 0]


def test_it_recognises_refusals(client: Organisation, company: Company) -> None:
    number = company.number()
    contact = client.write(number).contact
    assert [each.message for each in client.write(number, contact=contact).validation_errors] == ["Invoice # must be unique."]
    with pytest.raises(AccountingBadRequestException) as refused:
        client.accounting.create_contacts(client.tenant, Contacts(contacts=[Contact(name=f"Harbour Dairy {number}")]))
    assert "already assigned" in refused.value.error_data["Elements"][0]["ValidationErrors"][0]["Message"]
    with pytest.raises(NotFoundException):
        client.accounting.get_invoice(client.tenant, company.setting.absent_id)
