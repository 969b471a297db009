"""FreshBooks' own Python client (freshbooks-sdk) and our hook in one simulated account: each reads what the other wrote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from freshbooks.builders.filter import FilterBuilder
from freshbooks.builders.includes import IncludesBuilder
from freshbooks.builders.paginator import PaginateBuilder
from freshbooks.client import Client
from freshbooks.errors import FreshBooksError
from freshbooks.models import Result
from tests.platforms.company import Company, today

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.base import PlatformHook

SLUG = "freshbooks"
WITH_LINES = IncludesBuilder()
WITH_LINES.include("lines")
LINES = [{"name": "FLT", "qty": 2, "unit_cost": {"amount": "10.00", "code": "USD"}, "taxName1": "TX Sales Tax", "taxAmount1": "8.25"}]


class Account:
    """The account as the vendor's client sees it; only its addresses are changed (it reads them from the environment)."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.id = str(client.current_user().business_memberships[0].business.account_id)

    def invoice(self, number: str) -> Result:
        wanted = FilterBuilder()
        wanted.equals("invoice_number", number)
        found: Result
        (found,) = self.client.invoices.list(self.id, builders=[wanted, PaginateBuilder(1, 5), WITH_LINES])
        return found

    def person(self, name: str, **fields: Any) -> Result:
        return self.client.clients.create(self.id, {"organization": name, **fields})

    def write(self, number: str, customer: int, **fields: Any) -> Result:
        """A draft of 20.00 and 1.65 tax."""
        head = {"customerid": customer, "invoice_number": number, "create_date": today().isoformat(), "lines": LINES}
        return self.client.invoices.create(self.id, {**head, **fields}, includes=WITH_LINES)


@pytest.fixture
def signed_in(company: Company, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The person agrees, the code is exchanged."""
    stored, base = company.connection(), company.sandbox.base_url(SLUG)
    monkeypatch.setenv("FRESHBOOKS_API_URL", base)
    monkeypatch.setenv("FRESHBOOKS_AUTH_URL", base)
    client = Client(client_id=stored["login"], client_secret=stored["password"], redirect_uri=stored["extra"]["redirect_uri"])
    client.get_access_token(httpx.get(client.get_auth_request_url()).headers["location"].partition("code=")[2])
    return client


@pytest.fixture
def account(signed_in: Client) -> Account:
    return Account(signed_in)


def amount(money: Result) -> Decimal:
    return Decimal(str(money.amount))


def test_a_refresh_token_works_once(signed_in: Client) -> None:
    spent = signed_in.refresh_token
    signed_in.refresh_access_token()
    assert signed_in.current_user().email
    with pytest.raises(FreshBooksError):
        signed_in.refresh_access_token(spent)


def test_it_reads_the_invoice_that_we_booked(account: Account, company: Company, hook: PlatformHook) -> None:
    document = company.invoice()
    remote = company.book(hook, document)
    read = account.invoice(document.number)
    assert (str(read.id), read.v3_status, read.po_number) == (remote.remote_id, "sent", document.purchase_order)
    assert (read.create_date, read.due_date, read.currency_code) == (document.issue_date, document.due_date, "USD")
    assert (amount(read.amount), amount(read.outstanding)) == (document.gross_total, document.gross_total)
    who = account.client.clients.get(account.id, read.customerid)
    assert (who.organization, who.email) == (document.buyer.name, document.buyer.contact.email)
    assert [(each.name, amount(each.amount)) for each in read.lines] == [(each.item_code, each.net_amount) for each in document.lines]
    assert {(each.taxName1, Decimal(each.data["taxAmount1"])) for each in read.lines} == {("TX Sales Tax", Decimal("8.25"))}


def test_it_reads_the_payment_and_the_credit_note_that_we_booked(account: Account, company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("40.10"))
    references = company.payment_references(hook, payment, remote.customer_id)
    booked = hook.apply_payment(payment, customer_id=remote.customer_id, key="key-1", references=references)
    read = account.invoice(document.number)
    assert (read.v3_status, amount(read.outstanding)) == ("partial", document.gross_total - Decimal("40.10"))
    paid = account.client.payments.get(account.id, int(booked.remote_id))
    assert (paid.invoiceid, amount(paid.amount), paid.type) == (read.id, Decimal("40.10"), "Bank Transfer")
    note = company.credit_note(company.line(1, quantity="1", price="10"), corrects=document)
    credit = account.client.credit_notes.get(account.id, int(company.book(hook, note).remote_id))
    assert (credit.credit_number, amount(credit.amount)) == (note.number, note.gross_total)


def test_we_read_its_invoice_from_draft_to_paid_and_deleted(account: Account, company: Company, hook: PlatformHook) -> None:
    number = company.number()
    written = account.write(number, account.person("Northgate Air Ltd").id)
    (draft,) = hook.find_invoice(number, DocumentKind.INVOICE)
    assert (draft.remote_id, draft.our_number, draft.status) == (str(written.id), number, DocumentStatus.DRAFT)
    account.client.invoices.update(account.id, written.id, {"action_mark_as_sent": True})
    (found,) = hook.find_invoice(number, DocumentKind.INVOICE)
    assert (found.status, found.customer_id, found.currency) == (DocumentStatus.OPEN, str(written.customerid), "USD")
    assert (found.net, found.tax, found.total, found.balance) == tuple(map(Decimal, ("20", "1.65", "21.65", "21.65")))
    receipt = {"invoiceid": written.id, "amount": {"amount": "21.65", "code": "USD"}, "date": today().isoformat(), "type": "Check"}
    paid = account.client.payments.create(account.id, receipt)
    assert hook.find_invoice(number, DocumentKind.INVOICE)[0].status is DocumentStatus.PAID
    (payment,) = [each for each in hook.list_payments(datetime.now(UTC) - timedelta(hours=1)) if each.remote_id == str(paid.id)]
    assert (payment.amount, payment.currency, payment.allocations[0].remote_id) == (Decimal("21.65"), "USD", str(written.id))
    account.client.payments.delete(account.id, paid.id)
    account.client.invoices.delete(account.id, written.id)
    assert account.client.invoices.get(account.id, written.id).vis_state == 1
    assert hook.find_invoice(number, DocumentKind.INVOICE) == []


def test_we_find_its_credit_note_and_its_customer(account: Account, company: Company, hook: PlatformHook) -> None:
    number, party = company.number("CN"), company.party()
    person = account.person(party.name, email=party.contact.email)
    head = {"clientid": str(person.id), "create_date": today().isoformat(), "credit_number": number, "credit_type": "goodwill"}
    written = account.client.credit_notes.create(account.id, {**head, "currency_code": "USD", "lines": LINES})
    (found,) = hook.find_invoice(number, DocumentKind.CREDIT_NOTE)
    assert (found.remote_id, found.total) == (str(written.id), Decimal("21.65"))
    assert hook.ensure_customer(party, "USD") == str(person.id)


@pytest.mark.parametrize(("fields", "refusal"), [({"customer": 1}, (404, 1012)), ({"due_date": "2026-04-01"}, (403, 1038))])
def test_it_recognises_refusals(account: Account, company: Company, fields: dict[str, Any], refusal: tuple[int, int]) -> None:
    body = {"customer": account.person("Northgate Air Ltd").id, **fields}
    with pytest.raises(FreshBooksError) as caught:
        account.write(company.number(), **body)
    assert (caught.value.status_code, caught.value.error_code) == refusal
