"""A client that others generated from Business Central's API description (pybusinesscentral) and our hook in one simulated company.

The client has no payments and no corrections; Authlib fetches its token.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from pybusinesscentral import ApiClient, ApiException, Configuration
from pybusinesscentral.apis import (
    AccountApi,
    CompanyApi,
    CustomerApi,
    DefaultApi,
    DimensionApi,
    PaymentTermApi,
    SalesCreditMemoApi,
    SalesInvoiceApi,
    SalesInvoiceLineApi,
)
from pybusinesscentral.exceptions import UnauthorizedException
from pybusinesscentral.models import PostCustomerRequest, PostSalesInvoiceLineForSalesInvoiceRequest, PostSalesInvoiceRequest
from tests.platforms.company import Company, today

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.references import ReferenceKind

SLUG = "business_central"
JSON = "application/json"


def bearer(company: Company, secret: str = "") -> str:
    """Entra ID's token for the app, as the connection has it."""
    stored = company.connection()
    app = OAuth2Session(
        stored["login"],
        secret or stored["password"],
        scope="https://api.businesscentral.dynamics.com/.default",
        token_endpoint_auth_method="client_secret_post",
    )
    token: str = app.fetch_token(stored["extra"]["token_url"], grant_type="client_credentials")["access_token"]
    return token


class Books:
    """The company as the client sees it; only its host and its token are its own."""

    def __init__(self, company: Company, token: str) -> None:
        extra = company.connection()["extra"]
        self.company_id: str = extra["company_id"]
        host = f"{company.sandbox.base_url(SLUG)}/v2.0/{extra['tenant_id']}/{extra['environment']}/api/v2.0"
        self.api = ApiClient(Configuration(host=host, access_token=token))
        # Any: by its own types everything that the client reads may be missing.
        self.invoices: Any = SalesInvoiceApi(self.api)
        self.lines: Any = SalesInvoiceLineApi(self.api)
        self.customers: Any = CustomerApi(self.api)

    def invoice(self, number: str) -> Any:
        (only,) = self.invoices.list_sales_invoices(self.company_id, filter=f"externalDocumentNumber eq '{number}'").value
        return only

    def companies(self) -> list[Any]:
        return CompanyApi(self.api).list_companies().value or []

    def customer(self, number: str) -> Any:
        body = PostCustomerRequest(number=number, display_name=f"Harbour {number}", type="Company")
        return self.customers.post_customer(self.company_id, JSON, body)

    def write(self, number: str, item_id: str, tax_code: str) -> Any:
        """A draft with one line of 200.00."""
        customer = self.customer(f"C-{number}")
        head = PostSalesInvoiceRequest(external_document_number=number, customer_id=customer.id, invoice_date=today())
        draft = self.invoices.post_sales_invoice(self.company_id, JSON, head)
        line = PostSalesInvoiceLineForSalesInvoiceRequest(item_id=item_id, line_type="Item", quantity=2, unit_price=100, tax_code=tax_code)
        self.lines.post_sales_invoice_line_for_sales_invoice(self.company_id, draft.id, JSON, line)
        return draft


@pytest.fixture(scope="module")
def books(company: Company) -> Iterator[Books]:
    made = Books(company, bearer(company))
    yield made
    made.api.rest_client.pool_manager.clear()


def draft(books: Books, company: Company, hook: PlatformHook, number: str) -> Any:
    tax_code = company.setting.codes("tax_code", "DE-S19")
    assert tax_code
    (item,) = hook.find_reference(ReferenceKind.ITEM, ["FLT-PRE-30"])
    return books.write(number, item.remote_id, tax_code)


def exact(value: Any) -> Decimal:
    return Decimal(str(value))


def test_its_token_opens_the_company(books: Books, company: Company) -> None:
    assert books.company_id in {each.id for each in books.companies()}
    (setup,) = DefaultApi(books.api).get_general_ledger_setup(books.company_id).value or []
    assert setup.local_currency_code == "EUR"
    with pytest.raises(OAuthError, match="invalid_client"):
        bearer(company, "wrong")
    with pytest.raises(UnauthorizedException):
        Books(company, "nobody").companies()


def test_it_reads_every_list_into_its_own_types(books: Books, company: Company, hook: PlatformHook) -> None:
    company.book(hook, company.small_invoice())
    lists: tuple[tuple[Any, str], ...] = (
        (AccountApi, "accounts"),
        (CustomerApi, "customers"),
        (DimensionApi, "dimensions"),
        (PaymentTermApi, "payment_terms"),
        (SalesInvoiceApi, "sales_invoices"),
    )
    empty = {name for kind, name in lists if not getattr(kind(books.api), f"list_{name}")(books.company_id).value}
    assert empty == set()


def test_it_reads_the_invoice_that_we_booked(books: Books, company: Company, hook: PlatformHook) -> None:
    document = company.invoice()
    remote = company.book(hook, document)
    read = books.invoice(document.number)
    assert (read.id, read.number, read.status) == (remote.remote_id, remote.number, "Open")
    assert (read.invoice_date, read.due_date, read.currency_code) == (document.issue_date, document.due_date, "EUR")
    assert (read.customer_number, read.customer_name) == (document.buyer.code, document.buyer.name)
    assert read.customer_purchase_order_reference == document.purchase_order
    totals = (read.total_amount_excluding_tax, read.total_tax_amount, read.total_amount_including_tax, read.remaining_amount)
    assert tuple(map(exact, totals)) == (document.net_total, document.tax_total, document.gross_total, document.gross_total)
    lines = books.lines.list_sales_invoice_lines_for_sales_invoice(books.company_id, read.id).value
    booked = [(each.description, exact(each.quantity), exact(each.net_amount)) for each in lines if each.line_type == "Item"]
    assert booked == [(each.name, each.quantity, each.net_amount) for each in document.lines]
    assert books.customers.get_customer(books.company_id, read.customer_id).email == document.buyer.contact.email


def test_it_reads_what_our_payment_and_our_credit_note_did(books: Books, company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, document.gross_total)
    references = company.payment_references(hook, payment, remote.customer_id)
    hook.apply_payment(payment, customer_id=remote.customer_id, key="key-1", references=references)
    assert (books.invoice(document.number).status, books.invoice(document.number).remaining_amount) == ("Paid", 0)
    note = company.credit_note(company.line(1, quantity="1", price="10"), corrects=document)
    credit = SalesCreditMemoApi(books.api).get_sales_credit_memo(books.company_id, company.book(hook, note).remote_id)
    assert (credit.external_document_number, exact(credit.total_amount_including_tax)) == (note.number, note.gross_total)


def test_we_read_its_invoice_from_draft_to_open(books: Books, company: Company, hook: PlatformHook) -> None:
    number = company.number()
    written = draft(books, company, hook, number)
    (there,) = hook.find_invoice(number, DocumentKind.INVOICE)
    assert (there.remote_id, there.our_number, there.status) == (written.id, number, DocumentStatus.DRAFT)
    books.invoices.post_action_sales_invoices(books.company_id, written.id)
    (found,) = hook.find_invoice(number, DocumentKind.INVOICE)
    assert (found.status, found.customer_id, found.currency) == (DocumentStatus.OPEN, f"C-{number}", "EUR")
    assert (found.net, found.tax, found.total, found.balance) == tuple(map(Decimal, ("200", "38", "238", "238")))
    assert hook.ensure_customer(company.party(code=f"C-{number}"), "EUR") == f"C-{number}"


def test_it_deletes_a_draft_and_we_see_it_gone(books: Books, company: Company, hook: PlatformHook) -> None:
    number = company.number()
    written = draft(books, company, hook, number)
    with pytest.raises(ApiException, match="BadRequest_InvalidToken"):
        books.invoices.delete_sales_invoice(books.company_id, written.id)
    books.invoices.delete_sales_invoice(books.company_id, written.id, _headers={"If-Match": "*"})
    assert hook.get_invoice(written.id, DocumentKind.INVOICE) is None
    assert hook.find_invoice(number, DocumentKind.INVOICE) == []


def test_it_recognises_refusals(books: Books, company: Company) -> None:
    customer = books.customer("C-DE-9001")
    with pytest.raises(ApiException, match="Internal_EntityWithSameKeyExists"):
        books.customer(customer.number)
    with pytest.raises(ApiException, match="Internal_RecordNotFound"):
        books.invoices.get_sales_invoice(books.company_id, company.setting.absent_id)
