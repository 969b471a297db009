"""A client of Zoho Books that others wrote (zohopy) and our hook in one simulated organisation: each reads what the other wrote."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.company import Company, today
from zohopy import DataCenter, SyncZohoClient, ZohoConfig, config
from zohopy.exceptions import ZohoNotFoundError, ZohoTokenRefreshError, ZohoValidationError
from zohopy.products.books import ZohoBooks

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.base import PlatformHook

SLUG = "zoho_books"
Json = dict[str, Any]


class Organisation:
    """The organisation as the client sees it; only the addresses of its data centre are changed."""

    def __init__(self, company: Company, **changes: Any) -> None:
        stored = company.connection()
        extra = stored["extra"]
        known = {
            "client_id": stored["login"],
            "client_secret": stored["password"],
            "refresh_token": extra["refresh_token"],
            "organization_id": extra["organization_id"],
            "data_center": DataCenter.EU,
            "max_retries": 1,
        }
        self.client = SyncZohoClient(ZohoConfig(_env_file=None, **{**known, **changes}))
        self.books = ZohoBooks(self.client)

    def contact(self, number: str) -> str:
        made = self.books.contacts.create({"contact_name": f"Harbour {number} (C-{number})", "contact_type": "customer"})
        return str(made["contact"]["contact_id"])

    def item(self, sku: str = "FLT-PRE-30") -> str:
        return next(str(each["item_id"]) for page in self.books.items.list_all() for each in page["items"] if each["sku"] == sku)

    def line(self) -> Json:
        taxes = self.books.taxes.list()["taxes"]
        tax = next(each["tax_id"] for each in taxes if each["tax_name"] == "Standard Rate")
        return {"item_id": self.item(), "rate": 50, "quantity": 2, "tax_id": tax}

    def write(self, number: str, customer: str = "") -> Json:
        """A draft of 100.00 and 20.00 VAT."""
        head = {"customer_id": customer or self.contact(number), "invoice_number": number, "date": today().isoformat()}
        made: Json = self.books.invoices.create({**head, "line_items": [self.line()]}, ignore_auto_number_generation="true")["invoice"]
        return made

    def invoice(self, invoice_id: str) -> Json:
        found: Json = self.books.invoices.get(invoice_id)["invoice"]
        return found


@pytest.fixture(scope="module")
def client(company: Company) -> Iterator[Organisation]:
    """One for the module: only so many tokens are issued in a time."""
    with pytest.MonkeyPatch.context() as patch:
        for urls in (config._API_URLS, config._ACCOUNTS_URLS):
            patch.setitem(urls, DataCenter.EU, company.sandbox.base_url(SLUG))
        made = Organisation(company)
        yield made
        made.client.close()


def exact(value: Any) -> Decimal:
    return Decimal(str(value))


def test_it_refreshes_its_token_and_reads_the_errors_under_http_200(client: Organisation, company: Company) -> None:
    (organisation,) = client.books.organizations.list()["organizations"]
    assert organisation["organization_id"] == company.connection()["extra"]["organization_id"]
    with pytest.raises(ZohoTokenRefreshError, match="invalid_code"):
        Organisation(company, refresh_token="1000.gone.gone").books.organizations.list()


def test_it_asks_for_a_new_token_when_its_own_is_refused(client: Organisation, company: Company) -> None:
    client.books.organizations.list()
    company.sandbox.inject(SLUG, "expire_tokens", times=1)
    assert client.books.organizations.list()["code"] == 0


def test_it_reads_the_invoice_that_we_booked(client: Organisation, company: Company, hook: PlatformHook) -> None:
    document = company.invoice()
    remote = company.book(hook, document)
    (listed,) = client.books.invoices.list(invoice_number=document.number)["invoices"]
    assert (listed["invoice_id"], listed["status"]) == (remote.remote_id, "sent")
    read = client.invoice(remote.remote_id)
    assert (read["invoice_number"], read["reference_number"]) == (document.number, document.purchase_order)
    assert (read["date"], read["due_date"], read["currency_code"]) == (document.issue_date.isoformat(), str(document.due_date), "GBP")
    assert (exact(read["tax_total"]), exact(read["total"])) == (document.tax_total, document.gross_total)
    assert exact(read["balance"]) == document.gross_total
    who = client.books.contacts.get(read["customer_id"])["contact"]
    assert (who["contact_name"], who["company_name"]) == (f"{document.buyer.name} ({document.buyer.code})", document.buyer.name)
    booked = [(each["sku"], exact(each["quantity"]), exact(each["item_total"])) for each in read["line_items"]]
    assert booked == [(each.item_code, each.quantity, each.net_amount) for each in document.lines]


def test_it_reads_the_payment_and_the_credit_note_that_we_booked(client: Organisation, company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("40"))
    references = company.payment_references(hook, payment, remote.customer_id)
    booked = hook.apply_payment(payment, customer_id=remote.customer_id, key="key-1", references=references)
    read = client.invoice(remote.remote_id)
    assert (read["status"], exact(read["balance"])) == ("partially_paid", document.gross_total - 40)
    paid = client.books.customer_payments.get(booked.remote_id)["payment"]
    assert (paid["payment_mode"], paid["reference_number"]) == ("banktransfer", payment.reference)
    assert exact(paid["amount"]) == 40
    note = company.credit_note(company.line(1, quantity="1", price="10"), corrects=document)
    credit = client.books.credit_notes.get(company.book(hook, note).remote_id)["creditnote"]
    assert (credit["creditnote_number"], credit["status"], exact(credit["total"])) == (note.number, "open", note.gross_total)


def test_we_read_its_invoice_from_draft_to_paid_and_void(client: Organisation, company: Company, hook: PlatformHook) -> None:
    number = company.number()
    written = client.write(number)
    (draft,) = hook.find_invoice(number, DocumentKind.INVOICE)
    assert (draft.remote_id, draft.our_number, draft.status) == (written["invoice_id"], number, DocumentStatus.DRAFT)
    client.books.invoices.mark_sent(written["invoice_id"])
    (found,) = hook.find_invoice(number, DocumentKind.INVOICE)
    assert (found.status, found.customer_id, found.currency) == (DocumentStatus.OPEN, written["customer_id"], "GBP")
    assert (found.tax, found.total, found.balance) == tuple(map(Decimal, ("20", "120", "120")))
    receipt = {"customer_id": written["customer_id"], "payment_mode": "check", "amount": 120, "date": today().isoformat()}
    applied = [{"invoice_id": written["invoice_id"], "amount_applied": 120}]
    paid = client.books.customer_payments.create({**receipt, "reference_number": "CHK-7", "invoices": applied})["payment"]
    assert hook.find_invoice(number, DocumentKind.INVOICE)[0].status is DocumentStatus.PAID
    (payment,) = [each for each in hook.list_payments(datetime.now(UTC) - timedelta(hours=1)) if each.remote_id == paid["payment_id"]]
    assert (payment.amount, payment.reference, payment.allocations[0].remote_id) == (Decimal(120), "CHK-7", written["invoice_id"])
    client.books.customer_payments.delete(paid["payment_id"])
    client.books.invoices.void(written["invoice_id"])
    assert hook.find_invoice(number, DocumentKind.INVOICE) == []


def test_we_find_its_customer_by_our_code(client: Organisation, company: Company, hook: PlatformHook) -> None:
    number = company.number()
    contact = client.contact(number)
    assert hook.ensure_customer(company.party(code=f"C-{number}", name=f"Harbour {number}"), "GBP") == contact


def test_it_recognises_refusals(client: Organisation, company: Company) -> None:
    number = company.number()
    customer = client.write(number)["customer_id"]
    with pytest.raises(ZohoValidationError, match="already exists"):
        client.write(number, customer)
    with pytest.raises(ZohoNotFoundError):
        client.invoice(company.setting.absent_id)
