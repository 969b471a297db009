"""What the connector must not fall into at Reckon One, judged by what it really sends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today
from tests.platforms.reckon_one.conftest import Desk

from airbooks.canonical import DocumentKind
from airbooks.platforms.errors import Outcome
from airbooks.platforms.reckon_one.hook import ReckonOneHook
from airbooks.platforms.redaction import redact
from airbooks.platforms.references import ReferenceKind
from airbooks.sandbox.requests import Asked

Asks = Callable[[], list[Asked]]
ID = re.compile(r"/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


@pytest.fixture
def asked(company: Company, hook: ReckonOneHook) -> Asks:
    """What was asked of the book since the beginning of the test."""
    hook.test_connection()
    already = len(company.sandbox.requests("reckon_one"))
    return lambda: list(company.sandbox.requests("reckon_one"))[already:]


def work(company: Company, hook: ReckonOneHook) -> None:
    """One invoice from its customer to its receipt, and everything that is listed."""
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("10.00"))
    refs = company.payment_references(hook, payment, remote.customer_id)
    hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=refs)
    list(hook.list_payments(datetime.now(UTC) - timedelta(days=1)))
    for kind in ReferenceKind:
        list(hook.list_reference(kind))


def body_of(asks: list[Asked], method: str, resource: str) -> dict[str, Any]:
    (found,) = [each for each in asks if each.method == method and urlsplit(each.path).path.endswith(resource)]
    body: dict[str, Any] = json.loads(found.body, parse_float=Decimal)
    return body


def test_every_list_is_asked_for_with_a_size_of_page(company: Company, hook: ReckonOneHook, asked: Asks) -> None:
    """Ten rows are the default: whoever does not ask for more sees ten."""
    work(company, hook)
    gets = [urlsplit(each.path) for each in asked() if each.method == "GET"]
    queries = [parse_qs(url.query) for url in gets if not ID.search(url.path)]
    assert queries
    assert [query for query in queries if query.get("perPage") != ["100"]] == []


def test_money_to_suppliers_is_never_read(company: Company, hook: ReckonOneHook, asked: Asks) -> None:
    work(company, hook)
    assert [each.path for each in asked() if each.path.split("?")[0].endswith("/payments")] == []


def test_every_call_has_the_books_id_and_the_key_stands_in_no_address(company: Company, hook: ReckonOneHook, asked: Asks) -> None:
    work(company, hook)
    extra = company.connection()["extra"]
    paths = [each.path for each in asked() if "/r1/v2/" in each.path]
    assert paths
    assert [path for path in paths if f"/r1/v2/{extra['book_id']}/" not in path or "subscription-key" in path.lower()] == []


def test_the_key_is_hidden_wherever_requests_are_shown(company: Company, hook: ReckonOneHook, asked: Asks) -> None:
    hook.test_connection()
    key = company.connection()["extra"]["subscription_key"]
    assert [each for each in asked() if key in str(each.as_row())] == []
    assert key not in redact(f"https://api.reckon.com/r1/v2/books?subscription-key={key}")


def test_the_address_of_the_api_can_be_the_vendors_other_one(company: Company) -> None:
    """The gateway has a base path, api-v2.reckonone.com has none."""
    for base_path, expected in (("", "/r1/v2/5af6572c"), ("/", "/5af6572c"), ("r1/v2/", "/r1/v2/5af6572c")):
        with company.hook(extra={"base_path": base_path}) as hook:
            assert isinstance(hook, ReckonOneHook)
            assert hook.client.path("invoices").startswith(expected)


def test_the_customer_is_named_and_the_number_is_the_reference(company: Company, hook: ReckonOneHook, asked: Asks) -> None:
    document = company.small_invoice()
    company.book(hook, document)
    sent = body_of(asked(), "POST", "/invoices")
    assert (sent["customer"], sent["reference"]) == (document.buyer.name, document.number)
    assert set(sent) & {"invoiceNumber", "status", "currency", "billingAddress", "shippingAddress"} == set()


def test_a_renamed_customer_is_named_as_it_is_now(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    party = company.party()
    desk.patch(f"/customers/{hook.ensure_customer(party, 'AUD')}", {"name": f"{party.name} Holdings"})
    with company.hook() as another:
        company.book(another, company.small_invoice(buyer=party))


def test_a_patch_is_sent_as_a_merge_patch(company: Company, hook: ReckonOneHook, asked: Asks) -> None:
    company.book(hook, company.small_invoice())
    patches = [each for each in asked() if each.method == "PATCH"]
    assert [each.headers["content-type"] for each in patches] == ["application/merge-patch+json"]
    assert [each.status for each in patches] == [204]


def test_a_line_has_an_item_or_an_account_and_an_account_line_is_one_piece(company: Company, hook: ReckonOneHook, asked: Asks) -> None:
    document = company.invoice(company.line(1, quantity="3"), company.line(2, item_code="", quantity="4"))
    company.book(hook, document)
    first, second = body_of(asked(), "POST", "/invoices")["lineItems"]
    assert "accountDetails" not in first
    assert "itemDetails" not in second
    assert (second["accountDetails"]["quantity"], second["accountDetails"]["amount"]) == (1, Decimal("200.00"))


def test_a_create_is_looked_up_first_and_read_back_afterwards(company: Company, hook: ReckonOneHook, asked: Asks) -> None:
    """The answer to a create is an id alone, and nothing keeps a second document with the same reference out."""
    sending = company.sending(hook, company.small_invoice())
    before = len(asked())
    company.create(hook, sending)
    look, create, read = asked()[before:]
    assert [each.method for each in (look, create, read)] == ["GET", "POST", "GET"]
    assert sending.document.number in look.path
    assert read.path.split("?")[0].rsplit("/", 1)[0].endswith("/invoices")


def test_a_create_whose_reading_back_fails_is_unknown_and_not_repeated(company: Company, hook: ReckonOneHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("reckon_one", "error_before_commit", path=r"/invoices/[0-9a-f-]{36}$", status=404, times=None)
    sent = company.create(hook, sending)[sending.key]
    company.sandbox.clear_faults()
    assert sent.error is not None
    assert (sent.error.rule.name, sent.outcome) == ("booked, but not read back", Outcome.UNKNOWN)
    assert len(hook.find_invoice(sending.document.number, DocumentKind.INVOICE)) == 1


def test_a_document_in_another_currency_causes_no_call(company: Company, hook: ReckonOneHook, asked: Asks) -> None:
    (finding,) = hook.refusals(company.small_invoice(currency="USD", exchange_rate=company.exchange_rate()))
    assert finding.field == "currency"
    assert asked() == []


def test_the_day_of_a_document_is_the_day_whatever_the_time(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    made = desk.invoice(invoiceDate="2026-03-02T23:30:00+11:00")
    remote = hook.get_invoice(made, DocumentKind.INVOICE)
    assert remote is not None
    assert str(remote.issue_date) == "2026-03-02"


def test_a_payment_sent_twice_is_one_receipt(company: Company, hook: ReckonOneHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("110.00"), reference="EFT 'quoted' \"twice\"", received_on=today())
    refs = company.payment_references(hook, payment, remote.customer_id)
    first, second = (hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=refs) for _ in range(2))
    assert first.remote_id == second.remote_id
    assert first.reference == payment.reference
