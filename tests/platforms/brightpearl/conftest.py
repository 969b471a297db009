"""The simulated account as a plain HTTP client sees it, and a hook on it with our codes resolved as the engine does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.platforms.brightpearl.setup import code

from airbooks.canonical import CreditNote, Invoice, RemoteDocument
from airbooks.platforms.base import Account, Sending, Sent
from airbooks.platforms.brightpearl import BrightpearlHook
from airbooks.platforms.brightpearl.sandbox.company import ACCOUNT
from airbooks.platforms.brightpearl.sandbox.simulator import ACCOUNT_TOKEN, APP_REF, BrightpearlSimulator
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, required_codes
from airbooks.platforms.tokens import MemoryTokens
from airbooks.sandbox.server import Sandbox, running

SLUG = "brightpearl"
Json = dict[str, Any]
_serial = count(1)


class Client:
    """The account as a private app with nothing of the connector sees it: JSON in, status and JSON out."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.client = httpx.Client(base_url=f"{sandbox.base_url(SLUG)}/public-api/{ACCOUNT}", timeout=10)
        self.log_in()

    def log_in(self) -> None:
        """The private app's headers, and no others."""
        self.client.headers = httpx.Headers({"brightpearl-app-ref": APP_REF, "brightpearl-account-token": ACCOUNT_TOKEN})

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> tuple[int, Any]:
        reply = self.client.request(method, path, json=body, params=params)
        return reply.status_code, json.loads(reply.text, parse_float=Decimal)

    def good(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        status, answer = self.ask(method, path, body, **params)
        assert status == 200, answer
        return answer.get("response")

    def search(self, path: str, **filters: Any) -> list[list[Any]]:
        return list(self.good("GET", path, **filters)["results"])

    def contact(self, name: str = "Northgate Fabrication Ltd", code: str = "", email: str = "ap@northgate.example", **fields: Any) -> int:
        address = self.good("POST", "contact-service/postal-address", {"addressLine1": "Unit 7 Wharf Road", "countryIsoCode": "GBR"})
        body = {
            "firstName": "Ann",
            "lastName": "Lee",
            "postAddressIds": {"DEF": address, "BIL": address, "DEL": address},
            "communication": {"emails": {"PRI": {"email": email}}},
            "organisation": {"name": name},
            "assignment": {"current": {"accountReference": code} if code else {}},
            "financialDetails": {"creditTermDays": 30},
        }
        return int(self.good("POST", "contact-service/contact", {**body, **fields}))

    def body(self, **fields: Any) -> Json:
        """A sales order of one row of 100.00 and 20 % tax."""
        row = {"productId": 1002, "quantity": "1", "taxCode": "T20", "net": "100.00", "tax": "20.00"}
        return {"customer": {"id": fields.pop("customer", None) or self.contact()}, "rows": [row], **fields}

    def order(self, **fields: Any) -> int:
        return int(self.good("POST", "order-service/sales-order", self.body(**fields)))

    def read(self, order_id: int | str) -> Json:
        (found,) = self.good("GET", f"order-service/order/{order_id}")
        return dict(found)

    def invoiced(self, **fields: Any) -> Json:
        order_id = self.order(**fields)
        self.good("POST", f"order-service/sales-order/{order_id}/close", {})
        self.read(order_id)
        return self.read(order_id)

    def pay(self, order_id: int, amount: str, ref: str = "", **fields: Any) -> tuple[int, Any]:
        body = {
            "transactionRef": ref or f"BACS-{next(_serial)}",
            "transactionCode": "BACS",
            "paymentMethodCode": "BANK",
            "paymentType": "RECEIPT",
            "orderId": order_id,
            "currencyIsoCode": "GBP",
            "amountPaid": amount,
        }
        return self.ask("POST", "accounting-service/customer-payment", {**body, **fields})


class Desk:
    """What the engine does around the hook, in one place for tests."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.tokens = sandbox, MemoryTokens()
        self.hook = self.another()
        self.hook.token()  # others may use up the refresh token that it was made with
        self._known: dict[tuple[ReferenceKind, str], ReferenceItem] = {}
        self._customers: dict[str, str] = {}

    @property
    def simulator(self) -> BrightpearlSimulator:
        found = self.sandbox.simulators[SLUG]
        assert isinstance(found, BrightpearlSimulator)
        return found

    def another(self, tokens: MemoryTokens | None = None, *, host: str | None = None, schema: str = "", **extra: Any) -> BrightpearlHook:
        """One more hook on the same account; `password` and extras are what the connection has instead."""
        stored = self.simulator.connection()
        password = extra.pop("password", stored["password"])
        fields = {**stored["extra"], **extra}
        host = stored["host"] if host is None else host
        account = Account(host=host, schema=schema, login=stored["login"], password=password, extra=fields)
        return BrightpearlHook("brightpearl_uk", account=account, tokens=tokens or self.tokens, read_timeout=5.0)

    def private(self, **extra: Any) -> BrightpearlHook:
        """A hook of the private app: an account token instead of OAuth."""
        return self.another(MemoryTokens(), **{"auth": "account_token", "password": ACCOUNT_TOKEN, "refresh_token": "", **extra})

    def inject(self, fault: str, **parameters: Any) -> None:
        self.sandbox.inject(SLUG, fault, **parameters)

    def asked(self, method: str, path: str) -> int:
        return sum(each.method == method and path in each.path for each in self.sandbox.requests(SLUG))

    def sending(self, document: Invoice | CreditNote, hook: BrightpearlHook | None = None, **options: Any) -> Sending:
        hook = hook or self.hook
        codes = required_codes(document, hook.spec.reference_kinds)
        for kind, ours in codes - set(self._known):
            theirs = code(kind.value, ours)
            assert theirs is not None, f"{kind.value} {ours}"
            (self._known[kind, ours],) = hook.find_reference(kind, [theirs])
        buyer = document.buyer
        if buyer.code not in self._customers:
            self._customers[buyer.code] = hook.ensure_customer(buyer, document.currency)
        entries = {each: self._known[each] for each in codes}
        references = References(customer=self._customers[buyer.code], entries=entries, settings=hook.settings())
        return Sending(key=str(uuid4()), document=document, references=references, options={"post": True, **options})

    def create(self, sending: Sending, hook: BrightpearlHook | None = None) -> Sent:
        (sent,) = (hook or self.hook).create_invoices([sending])
        return sent

    def post(self, sending: Sending, remote: RemoteDocument) -> Sent:
        (sent,) = self.hook.post_invoices([(sending, remote)])
        return sent

    def draft(self, document: Invoice | CreditNote, **options: Any) -> tuple[Sending, RemoteDocument]:
        sending = self.sending(document, **options)
        sent = self.create(sending)
        assert sent.remote is not None, str(sent.error)
        return sending, sent.remote

    def book(self, document: Invoice | CreditNote) -> tuple[Sending, RemoteDocument]:
        """Create and close; nothing goes wrong."""
        sending, draft = self.draft(document)
        posted = self.post(sending, draft)
        assert posted.remote is not None, str(posted.error)
        return sending, posted.remote


@pytest.fixture(scope="module")
def brightpearl() -> Iterator[Sandbox]:
    """One simulated account for the tests of a module, which use numbers and customers of their own."""
    with running([SLUG], time_scale=1000) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def shared_client(brightpearl: Sandbox) -> Iterator[Client]:
    made = Client(brightpearl)
    yield made
    made.client.close()


@pytest.fixture(scope="module")
def shared_desk(brightpearl: Sandbox) -> Iterator[Desk]:
    made = Desk(brightpearl)
    yield made
    made.hook.close()


@pytest.fixture
def client(shared_client: Client) -> Client:
    """The module's client, logged in as it was."""
    shared_client.log_in()
    return shared_client


@pytest.fixture
def desk(shared_desk: Desk) -> Iterator[Desk]:
    """The module's desk; no fault outlives its test."""
    yield shared_desk
    shared_desk.sandbox.clear_faults()
