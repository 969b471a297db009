"""The account of the FreshBooks sandbox, driven over HTTP with nothing of the connector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from tests.platforms.company import Company

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.freshbooks.sandbox import FreshBooksSimulator
from airbooks.sandbox.server import Sandbox

Json = dict[str, Any]
LINES = {"include[]": "lines"}


class Account:
    """The account as a plain HTTP client sees it: an access token (its own, or one that is lent), JSON in, status and JSON out."""

    def __init__(self, sandbox: Sandbox, access: str = "") -> None:
        simulator = sandbox.simulators["freshbooks"]
        assert isinstance(simulator, FreshBooksSimulator)
        self.sandbox, self.simulator, self.connection = sandbox, simulator, simulator.connection()
        self.base = sandbox.base_url("freshbooks")
        self.client = httpx.Client(base_url=f"{self.base}/accounting/account/{self.connection['extra']['account_id']}", timeout=10)
        self.tokens = {} if access else self.refresh(self.connection["extra"]["refresh_token"]).json()
        self.client.headers.update({"Authorization": f"Bearer {access or self.tokens['access_token']}"})

    def refresh(self, token: str, **changes: str) -> httpx.Response:
        extra = self.connection["extra"]
        fields = {
            "grant_type": "refresh_token",
            "client_id": self.connection["login"],
            "client_secret": self.connection["password"],
            "refresh_token": token,
            "redirect_uri": extra["redirect_uri"],
        }
        return httpx.post(f"{self.base}/auth/oauth/token", json={**fields, **changes})

    def get(self, path: str, **params: Any) -> tuple[int, Json]:
        return _answer(self.client.get(path, params=params))

    def post(self, path: str, body: Json, **params: Any) -> tuple[int, Json]:
        return _answer(self.client.post(path, json=body, params=params))

    def put(self, path: str, body: Json, **params: Any) -> tuple[int, Json]:
        return _answer(self.client.put(path, json=body, params=params))

    def result(self, answered: tuple[int, Json], key: str) -> Json:
        status, body = answered
        assert status == 200, body
        found: Json = body["response"]["result"][key]
        return found

    def rows(self, path: str, key: str, **params: Any) -> list[Json]:
        status, body = self.get(path, **params)
        assert status == 200, body
        found: list[Json] = body["response"]["result"][key]
        return found

    def error(self, answered: tuple[int, Json]) -> tuple[int, int, str]:
        """HTTP status, errno and field of a refusal."""
        status, body = answered
        (told,) = body["response"]["errors"]
        return status, told["errno"], told["field"]

    def customer(self, **fields: Any) -> int:
        client = {"organization": "Northgate Air Ltd", "email": "ap@northgate.example", **fields}
        return int(self.result(self.post("/users/clients", {"client": client}), "client")["id"])

    def body(self, customer: int, number: str = "US-SI-000001", **fields: Any) -> Json:
        head = {"customerid": customer, "create_date": "2026-03-02", "invoice_number": number, "lines": [line()]}
        return {"invoice": {**head, **fields}}

    def invoice(self, customer: int, number: str = "US-SI-000001", **fields: Any) -> Json:
        return self.result(self.post("/invoices/invoices", self.body(customer, number, **fields), **LINES), "invoice")

    def read(self, invoice: Json) -> Json:
        return self.result(self.get(f"/invoices/invoices/{invoice['id']}", **LINES), "invoice")

    def change(self, invoice: Json, **fields: Any) -> tuple[int, Json]:
        return self.put(f"/invoices/invoices/{invoice['id']}", {"invoice": fields})

    def pay(self, invoice: Json, amount: str, /, **fields: Any) -> tuple[int, Json]:
        code = invoice["amount"]["code"]
        payment = {"invoiceid": invoice["id"], "amount": {"amount": amount, "code": code}, "date": "2026-03-09", "type": "Check"}
        return self.post("/payments/payments", {"payment": {**payment, **fields}})


def line(cost: str = "100.00", qty: Any = 1, tax: tuple[str, str] | None = None, code: str = "USD", **fields: Any) -> Json:
    taxes = {"taxName1": tax[0], "taxAmount1": tax[1]} if tax else {}
    return {"type": 0, "name": "FLT-PRE-30", "qty": qty, "unit_cost": {"amount": cost, "code": code}, **taxes, **fields}


def _answer(reply: httpx.Response) -> tuple[int, Json]:
    body: Json = reply.json()
    return reply.status_code, body


@pytest.fixture
def account(sandbox: Callable[..., Sandbox]) -> Iterator[Account]:
    made = Account(sandbox("freshbooks", time_scale=1000))
    yield made
    made.client.close()


@pytest.fixture
def company(sandbox: Callable[..., Sandbox]) -> Company:
    return Company("freshbooks", sandbox("freshbooks", time_scale=1000))


@pytest.fixture
def hook(company: Company) -> Iterator[PlatformHook]:
    with company.hook() as made:
        yield made
