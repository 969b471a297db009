"""The Wave sandbox, driven over HTTP with nothing of the connector, and a hook on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from airbooks.platforms.base import Account
from airbooks.platforms.tokens import MemoryTokens, TokenStore
from airbooks.platforms.wave import WaveHook
from airbooks.platforms.wave.sandbox import WaveSimulator
from airbooks.platforms.wave.sandbox.simulator import FULL_ACCESS_TOKEN
from airbooks.sandbox.server import Sandbox

Json = dict[str, Any]

INVOICE = (
    "id invoiceNumber status memo footer poNumber dueDate lastSentVia exchangeRate currency{code} subtotal{minorUnitValue value}"
    " discountTotal{minorUnitValue} taxTotal{minorUnitValue} total{minorUnitValue value} amountDue{minorUnitValue}"
    " amountPaid{minorUnitValue} modifiedAt"
    " items{description quantity unitPrice product{name} taxes{salesTax{abbreviation} amount{minorUnitValue}}}"
    " payments{id amount memo}"
)


class Client:
    """A plain GraphQL client of the sandbox: a token, a document, the parsed answer."""

    def __init__(self, sandbox: Sandbox) -> None:
        simulator = sandbox.simulators["wave"]
        assert isinstance(simulator, WaveSimulator)
        self.sandbox, self.simulator = sandbox, simulator
        self.connection = simulator.connection()
        self.extra: Json = self.connection["extra"]
        self.business: str = self.extra["business_id"]
        self.http = httpx.Client(timeout=10)
        self.token = ""

    def refresh(self, **changes: str) -> httpx.Response:
        form = {
            "client_id": self.connection["login"],
            "client_secret": self.extra["client_secret"],
            "grant_type": "refresh_token",
            "refresh_token": self.extra["refresh_token"],
            "redirect_uri": self.extra["redirect_uri"],
        }
        return self.http.post(self.extra["token_url"], data={**form, **changes})

    def send(self, text: str, **variables: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token or 'none'}"}
        return self.http.post(self.connection["host"], json={"query": text, "variables": variables}, headers=headers)

    def ask(self, text: str, **variables: Any) -> Json:
        self.token = self.token or FULL_ACCESS_TOKEN
        answer: Json = self.send(text, **variables).json()
        return answer

    def business_field(self, field: str) -> Json:
        answer = self.ask(f"query($b:ID!){{business(id:$b){{{field}}}}}", b=self.business)
        found: Json = answer["data"]["business"]
        return found

    def mutate(self, name: str, answers: str, /, **change: Any) -> Json:
        """What one mutation answers."""
        kind = f"{name[0].upper()}{name[1:]}Input"
        text = f"mutation($i:{kind}!){{{name}(input:$i){{didSucceed inputErrors{{path message code}} {answers}}}}}"
        answer = self.ask(text, i=change)
        assert "errors" not in answer, answer
        done: Json = answer["data"][name]
        return done

    def customer(self, name: str = "Ridgeline", **fields: Any) -> str:
        done = self.mutate("customerCreate", "customer{id}", businessId=self.business, name=name, **fields)
        assert done["didSucceed"], done
        return str(done["customer"]["id"])

    def product(self, name: str = "FLT-PRE-30") -> str:
        edges = self.business_field("products(pageSize:200){edges{node{id name}}}")["products"]["edges"]
        return next(str(each["node"]["id"]) for each in edges if each["node"]["name"] == name)

    def tax(self, abbreviation: str = "TX") -> str:
        edges = self.business_field("salesTaxes{edges{node{id abbreviation}}}")["salesTaxes"]["edges"]
        return next(str(each["node"]["id"]) for each in edges if each["node"]["abbreviation"] == abbreviation)

    def account(self, number: str = "1000") -> str:
        edges = self.business_field("accounts{edges{node{id displayId}}}")["accounts"]["edges"]
        return next(str(each["node"]["id"]) for each in edges if each["node"]["displayId"] == number)

    def create(self, **fields: Any) -> Json:
        """What invoiceCreate answers; by default one untaxed line of 100.00, approved."""
        items = [{"productId": self.product(), "quantity": "1", "unitPrice": "100", "taxes": []}]
        head = {"businessId": self.business, "status": "SAVED", "items": items}
        if "customerId" not in fields:
            head["customerId"] = self.customer()
        return self.mutate("invoiceCreate", f"invoice{{{INVOICE}}}", **{**head, **fields})

    def invoice(self, **fields: Any) -> Json:
        done = self.create(**fields)
        assert done["didSucceed"], done
        made: Json = done["invoice"]
        return made

    def read(self, invoice_id: str) -> Json:
        answer = self.ask(f"query($b:ID!,$id:ID!){{business(id:$b){{invoice(id:$id){{{INVOICE}}}}}}}", b=self.business, id=invoice_id)
        found: Json = answer["data"]["business"]["invoice"]
        return found

    def pay(self, invoice_id: str, amount: str = "40", **fields: Any) -> Json:
        change = {"paymentDate": "2026-11-20", "paymentMethod": "CASH", "exchangeRate": "1", "amount": amount, "invoiceId": invoice_id}
        account = {"paymentAccountId": self.account()}
        return self.mutate("invoicePaymentCreateManual", "invoicePayment{id amount invoice{status}}", **{**change, **account, **fields})

    def hook(self, *, tokens: TokenStore | None = None, password: str = "", **extra: Any) -> WaveHook:
        stored = self.simulator.connection()
        account = Account(host=stored["host"], login=stored["login"], password=password, extra={**stored["extra"], **extra})
        return WaveHook("wave_us", account=account, tokens=tokens or MemoryTokens(), read_timeout=5)


@pytest.fixture
def client(sandbox: Callable[..., Sandbox]) -> Iterator[Client]:
    made = Client(sandbox("wave", time_scale=60))
    yield made
    made.http.close()


@pytest.fixture
def hook(client: Client) -> Iterator[WaveHook]:
    with client.hook() as made:
        yield made
