"""The simulated organisation as a plain HTTP client sees it, and a hook on it with our codes resolved as the engine does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.platforms.zoho_books.setup import code

from airbooks.canonical import CreditNote, Invoice, RemoteDocument
from airbooks.platforms.base import Account, Sending, Sent
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, required_codes
from airbooks.platforms.tokens import MemoryTokens
from airbooks.platforms.zoho_books import ZohoBooksHook
from airbooks.platforms.zoho_books.sandbox.organisation import ORGANISATION
from airbooks.sandbox.server import Sandbox

SLUG = "zoho_books"
Json = dict[str, Any]


class Organisation:
    """The organisation as a client with nothing of the connector sees it: JSON in, status and JSON out."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.connection = sandbox, sandbox.simulators[SLUG].connection()
        self.client = httpx.Client(base_url=f"{sandbox.base_url(SLUG)}/books/v3", timeout=10)
        self.log_in()

    def token_request(self, **form: str) -> httpx.Response:
        known = {"client_id": self.connection["login"], "client_secret": self.connection["password"], "grant_type": "refresh_token"}
        known |= {"refresh_token": self.connection["extra"]["refresh_token"]}
        return httpx.post(f"{self.sandbox.base_url(SLUG)}/oauth/v2/token", data={**known, **form})

    def log_in(self) -> None:
        self.client.headers["Authorization"] = f"Zoho-oauthtoken {self.token_request().json()['access_token']}"

    def ask(
        self, method: str, path: str, body: Json | None = None, headers: dict[str, str] | None = None, **params: Any
    ) -> tuple[int, Json]:
        asked = {"organization_id": ORGANISATION, **params}
        reply = self.client.request(method, path, json=body, params=asked, headers=headers)
        return reply.status_code, json.loads(reply.text, parse_float=Decimal)

    def rows(self, path: str, key: str = "", **params: Any) -> list[Json]:
        status, body = self.ask("GET", path, **params)
        assert status == 200, body
        found: list[Json] = body[key or path.rpartition("/")[2]]
        return found

    def item(self, sku: str = "FLT-PRE-30") -> str:
        return str(next(row["item_id"] for row in self.rows("/items", search_text=sku) if row["sku"] == sku))

    def tax(self, name: str = "Standard Rate") -> str:
        return str(next(row["tax_id"] for row in self.rows("/settings/taxes", "taxes") if row["tax_name"] == name))

    def currency(self, wanted: str) -> str:
        return str(next(row["currency_id"] for row in self.rows("/settings/currencies") if row["currency_code"] == wanted))

    def contact(self, name: str = "Northgate Air Ltd", **fields: Any) -> str:
        status, body = self.ask("POST", "/contacts", {"contact_name": name, **fields})
        assert status == 201, body
        return str(body["contact"]["contact_id"])

    def line(self, rate: float = 100, quantity: float = 1, **fields: Any) -> Json:
        return {"item_id": self.item(), "rate": rate, "quantity": quantity, "tax_id": self.tax(), **fields}

    def body(self, customer: str, number: str = "UK-SI-000001", **fields: Any) -> Json:
        return {"customer_id": customer, "invoice_number": number, "line_items": [self.line()], **fields}

    def create(self, body: Json, **params: Any) -> tuple[int, Json]:
        return self.ask("POST", "/invoices", body, **{"ignore_auto_number_generation": "true", **params})

    def invoice(self, customer: str, number: str = "UK-SI-000001", *, sent: bool = True, **fields: Any) -> Json:
        """A booked invoice: one line of 100.00 and 20 % tax."""
        status, body = self.create(self.body(customer, number, **fields))
        assert status == 201, body
        booked: Json = body["invoice"]
        if sent:
            assert self.ask("POST", f"/invoices/{booked['invoice_id']}/status/sent")[0] == 200
        return booked

    def read(self, invoice_id: str) -> Json:
        return dict(self.ask("GET", f"/invoices/{invoice_id}")[1]["invoice"])

    def pay(self, customer: str, amount: float, *applied: tuple[str, float], **fields: Any) -> tuple[int, Json]:
        invoices = [{"invoice_id": each, "amount_applied": part} for each, part in applied]
        body = {"customer_id": customer, "payment_mode": "banktransfer", "amount": amount, "date": "2026-03-20", "invoices": invoices}
        return self.ask("POST", "/customerpayments", {**body, **fields})


class Desk:
    """What the engine does around the hook, in one place for tests."""

    def __init__(self, sandbox: Sandbox, **extra: Any) -> None:
        self.sandbox, self.tokens = sandbox, MemoryTokens()
        self.hook = self.another(**extra)

    def another(self, host: str = "", **extra: Any) -> ZohoBooksHook:
        """One more hook on the same organisation, as another worker has it."""
        stored = self.sandbox.simulators[SLUG].connection()
        fields = MappingProxyType({**stored["extra"], **extra})
        account = Account(host=host or stored["host"], login=stored["login"], password=stored["password"], extra=fields)
        return ZohoBooksHook("zoho_books_uk", account=account, tokens=self.tokens, read_timeout=5.0)

    def inject(self, fault: str, **parameters: Any) -> None:
        self.sandbox.inject(SLUG, fault, **parameters)

    def asked(self, method: str, path: str) -> int:
        return sum(each.method == method and path in each.path for each in self.sandbox.requests(SLUG))

    def sending(self, document: Invoice | CreditNote, **options: Any) -> Sending:
        entries: dict[tuple[ReferenceKind, str], ReferenceItem] = {}
        for kind, ours in required_codes(document, self.hook.spec.reference_kinds):
            theirs = code(kind.value, ours)
            assert theirs is not None, f"{kind.value} {ours}"
            (entries[kind, ours],) = self.hook.find_reference(kind, [theirs])
        customer = self.hook.ensure_customer(document.buyer, document.currency)
        references = References(customer=customer, entries=entries, settings=self.hook.settings())
        return Sending(key=str(uuid4()), document=document, references=references, options={"post": True, **options})

    def create(self, sending: Sending) -> Sent:
        (sent,) = self.hook.create_invoices([sending])
        return sent

    def book(self, document: Invoice | CreditNote, **options: Any) -> tuple[Sending, RemoteDocument]:
        """Create and post; nothing goes wrong."""
        sending = self.sending(document, **options)
        draft = self.create(sending)
        assert draft.remote is not None, str(draft.error)
        (posted,) = self.hook.post_invoices([(sending, draft.remote)])
        assert posted.remote is not None, str(posted.error)
        return sending, posted.remote


@pytest.fixture
def zoho(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox(SLUG, time_scale=1000)


@pytest.fixture
def org(zoho: Sandbox) -> Iterator[Organisation]:
    made = Organisation(zoho)
    yield made
    made.client.close()


@pytest.fixture
def desk(zoho: Sandbox) -> Iterator[Desk]:
    made = Desk(zoho)
    yield made
    made.hook.close()
