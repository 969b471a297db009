"""A GraphQL client that others wrote (gql), an OAuth client that others wrote (Authlib) and our hook in one simulated Wave business."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from authlib.integrations.requests_client import OAuth2Session
from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXTransport
from graphql import GraphQLError
from tests.platforms.company import Company, today

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.base import PlatformHook

SLUG = "wave"
Json = dict[str, Any]
INVOICE = """
  id invoiceNumber poNumber status invoiceDate dueDate currency { code } customer { id name displayId email }
  subtotal { minorUnitValue } taxTotal { minorUnitValue } total { value minorUnitValue currency { exponent } }
  amountDue { minorUnitValue } amountPaid { minorUnitValue }
  items { product { name } quantity unitPrice subtotal { minorUnitValue } taxes { salesTax { abbreviation } amount { minorUnitValue } } }
  payments { id amount memo paymentMethod account { displayId } }
"""


def authorised(company: Company) -> OAuth2Session:
    """The person agrees, the code is exchanged: the client has tokens of its own."""
    stored, base = company.connection(), company.sandbox.base_url(SLUG)
    client = OAuth2Session(
        stored["login"],
        stored["extra"]["client_secret"],
        redirect_uri=stored["extra"]["redirect_uri"],
        scope="business:read invoice:read invoice:write",
        token_endpoint=stored["extra"]["token_url"],
        token_endpoint_auth_method="client_secret_post",
    )
    address, _ = client.create_authorization_url(f"{base}/oauth2/authorize/")
    sent_back = httpx.get(address).headers["location"]
    client.fetch_token(authorization_response=sent_back)
    return client


class Business:
    """The business as the client sees it through the schema that it fetched from there."""

    def __init__(self, company: Company, bearer: str) -> None:
        stored = company.connection()
        self.id: str = stored["extra"]["business_id"]
        transport = HTTPXTransport(url=stored["host"], headers={"Authorization": f"Bearer {bearer}"})
        self.client = Client(transport=transport, fetch_schema_from_transport=True)

    def read(self, fields: str, **variables: Any) -> Json:
        """Fields of the business; every document is checked against the fetched schema before it is sent."""
        declared = "".join(f", ${name}: {kind}" for name, kind in (("id", "ID!"), ("number", "String")) if name in variables)
        document = gql(f"query Read($b: ID!{declared}) {{ business(id: $b) {{ {fields} }} }}")
        document.variable_values = {"b": self.id, **variables}
        found: Json = self.client.execute(document)["business"]
        return found

    def change(self, mutation: str, answers: str, /, **fields: Any) -> Json:
        """What a mutation answers; it succeeded."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input!"
        text = f"mutation Change($i: {kind}) {{ {mutation}(input: $i) {{ didSucceed inputErrors {{ path message code }} {answers} }} }}"
        document = gql(text)
        document.variable_values = {"i": fields}
        done: Json = self.client.execute(document)[mutation]
        assert done["didSucceed"], done["inputErrors"]
        return done

    def invoice(self, remote_id: str) -> Json:
        found: Json = self.read(f"invoice(id: $id) {{ {INVOICE} }}", id=remote_id)["invoice"]
        return found

    def named(self, field: str, label: str, wanted: str) -> str:
        edges = self.read(f"{field}(pageSize: 200) {{ edges {{ node {{ id {label} }} }} }}")[field]["edges"]
        return next(str(each["node"]["id"]) for each in edges if each["node"][label] == wanted)

    def write(self, number: str, **fields: Any) -> Json:
        """A draft of 200.00 and 16.50 tax."""
        customer = self.change("customerCreate", "customer { id }", businessId=self.id, name=f"Harbour {number}", displayId=f"C-{number}")
        line = {"productId": self.named("products", "name", "FLT-PRE-30"), "quantity": "2", "unitPrice": "100"}
        taxed = {**line, "taxes": [{"salesTaxId": self.named("salesTaxes", "abbreviation", "TX")}]}
        head = {"businessId": self.id, "customerId": customer["customer"]["id"], "invoiceNumber": number, "items": [taxed]}
        done = self.change("invoiceCreate", f"invoice {{ {INVOICE} }}", **{**head, **fields})
        made: Json = done["invoice"]
        return made


@pytest.fixture(scope="module")
def business(company: Company) -> Business:
    return Business(company, authorised(company).token["access_token"])


def cents(money: Json) -> Decimal:
    return Decimal(money["minorUnitValue"]) / 100


def test_a_refresh_token_is_exchanged_once(company: Company) -> None:
    client = authorised(company)
    spent, address = client.token["refresh_token"], company.connection()["extra"]["redirect_uri"]
    renewed = client.refresh_token(refresh_token=spent, redirect_uri=address)
    assert renewed["refresh_token"] != spent
    assert Business(company, renewed["access_token"]).read("name")["name"]


def test_it_reads_the_invoice_that_we_booked(business: Business, company: Company, hook: PlatformHook) -> None:
    document = company.invoice()
    remote = company.book(hook, document)
    read = business.invoice(remote.remote_id)
    assert (read["invoiceNumber"], read["poNumber"], read["status"]) == (document.number, document.purchase_order, "SENT")
    assert (read["invoiceDate"], read["dueDate"]) == (document.issue_date.isoformat(), str(document.due_date))
    assert (read["customer"]["displayId"], read["customer"]["name"]) == (document.buyer.code, document.buyer.name)
    assert (cents(read["taxTotal"]), cents(read["total"])) == (document.tax_total, document.gross_total)
    assert (cents(read["amountDue"]), cents(read["amountPaid"])) == (document.gross_total, Decimal(0))
    booked = [(each["product"]["name"], Decimal(each["quantity"]), cents(each["subtotal"])) for each in read["items"]]
    assert booked == [(each.item_code, each.quantity, each.net_amount) for each in document.lines]
    assert {tax["salesTax"]["abbreviation"] for each in read["items"] for tax in each["taxes"]} == {"TX"}


def test_it_reads_the_payment_that_we_booked(business: Business, company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("40.10"))
    references = company.payment_references(hook, payment, remote.customer_id)
    hook.apply_payment(payment, customer_id=remote.customer_id, key="key-1", references=references)
    read = business.invoice(remote.remote_id)
    assert (read["status"], cents(read["amountPaid"])) == ("PARTIAL", Decimal("40.10"))
    (paid,) = read["payments"]
    assert (Decimal(paid["amount"]), paid["paymentMethod"], paid["account"]["displayId"]) == (Decimal("40.10"), "BANK_TRANSFER", "1000")
    assert payment.reference in paid["memo"]


def test_we_read_its_invoice_from_draft_to_paid_and_gone(business: Business, company: Company, hook: PlatformHook) -> None:
    number = company.number()
    written = business.write(number)
    (draft,) = hook.find_invoice(number, DocumentKind.INVOICE)
    assert (draft.remote_id, draft.our_number, draft.status) == (written["id"], number, DocumentStatus.DRAFT)
    business.change("invoiceApprove", "invoice { status }", invoiceId=written["id"])
    (found,) = hook.find_invoice(number, DocumentKind.INVOICE)
    assert (found.status, found.customer_id, found.currency) == (DocumentStatus.OPEN, written["customer"]["id"], "USD")
    assert (found.net, found.tax, found.total, found.balance) == tuple(map(Decimal, ("200", "16.50", "216.50", "216.50")))
    account = business.named("accounts", "displayId", "1000")
    receipt = {"paymentDate": today().isoformat(), "paymentMethod": "CHEQUE", "exchangeRate": "1", "amount": "216.50", "memo": "CHK-7"}
    paid = business.change(
        "invoicePaymentCreateManual", "invoicePayment { id }", invoiceId=written["id"], paymentAccountId=account, **receipt
    )["invoicePayment"]
    assert hook.find_invoice(number, DocumentKind.INVOICE)[0].status is DocumentStatus.PAID
    (payment,) = [each for each in hook.list_payments(datetime.now(UTC) - timedelta(hours=1)) if each.remote_id == paid["id"]]
    assert (payment.amount, payment.currency, payment.allocations[0].remote_id) == (Decimal("216.50"), "USD", written["id"])
    business.change("invoicePaymentDelete", "", id=paid["id"])
    business.change("invoiceDelete", "", invoiceId=written["id"])
    assert hook.get_invoice(written["id"], DocumentKind.INVOICE) is None


def test_we_find_its_customer_by_our_code(business: Business, company: Company, hook: PlatformHook) -> None:
    number = company.number()
    written = business.write(number)
    party = company.party(code=f"C-{number}", name=f"Harbour {number}")
    assert hook.ensure_customer(party, "USD") == written["customer"]["id"]


def test_it_understands_each_kind_of_refusal(business: Business, company: Company) -> None:
    with pytest.raises(GraphQLError, match="Cannot query field 'sku' on type 'Product'"):
        business.read("products { edges { node { sku } } }")
    with pytest.raises(TransportQueryError, match="could not be found") as missing:
        business.invoice(company.setting.absent_id)
    assert missing.value.errors is not None
    assert missing.value.errors[0]["extensions"]["code"] == "NOT_FOUND"
    stranger = Business(company, "nobody")
    with pytest.raises(TransportQueryError, match="Authentication is required"):
        stranger.read("name")
