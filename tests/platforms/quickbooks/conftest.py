"""The two companies of the QuickBooks sandbox, driven over HTTP with nothing of the connector."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.platforms.quickbooks.steps import account_of

from airbooks.platforms.quickbooks import QuickBooksHook
from airbooks.platforms.quickbooks.sandbox import QuickBooksSimulator
from airbooks.platforms.quickbooks.sandbox.seed import GB_REALM, US_REALM
from airbooks.sandbox.server import Sandbox

Json = dict[str, Any]


class Company:
    """One realm as a plain HTTP client sees it: an access token, JSON in, status and JSON out."""

    def __init__(self, sandbox: Sandbox, realm: str) -> None:
        simulator = sandbox.simulators["quickbooks"]
        assert isinstance(simulator, QuickBooksSimulator)
        self.sandbox, self.simulator, self.realm = sandbox, simulator, realm
        self.connection = simulator.connection(realm)
        self.client = httpx.Client(base_url=f"{sandbox.base_url('quickbooks')}/v3/company/{realm}", timeout=10)
        self.log_in()

    def token_request(self, **form: str) -> httpx.Response:
        auth = (self.connection["login"], self.connection["password"])
        return httpx.post(self.connection["extra"]["token_url"], data=form, auth=auth, headers={"Accept": "application/json"})

    def log_in(self) -> None:
        reply = self.token_request(grant_type="refresh_token", refresh_token=self.connection["extra"]["refresh_token"])
        assert reply.status_code == 200, reply.text
        self.client.headers.update({"Authorization": f"Bearer {reply.json()['access_token']}", "Accept": "application/json"})

    def get(self, path: str, **params: Any) -> tuple[int, Json]:
        return _parsed(self.client.get(path, params={"minorversion": 75, **params}))

    def post(self, path: str, body: Any, **params: Any) -> tuple[int, Json]:
        return _parsed(self.client.post(path, json=body, params={"minorversion": 75, **params}))

    def query(self, select: str) -> tuple[int, Json]:
        return self.get("/query", query=select)

    def found(self, entity: str, where: str = "") -> list[Json]:
        status, body = self.query(f"select * from {entity} {where}")
        assert status == 200, body
        rows: list[Json] = body["QueryResponse"].get(entity, [])
        return rows

    def item(self, code: str = "FLT-KIT-75") -> str:
        return str(self.found("Item", f"where Name = '{code}'")[0]["Id"])

    def named(self, entity: str, name: str) -> str:
        return str(self.found(entity, f"where Name = '{name}'")[0]["Id"])

    def customer(self, name: str = "Northgate Air Ltd", currency: str | None = None) -> str:
        body = {"DisplayName": name} | ({"CurrencyRef": {"value": currency}} if currency else {})
        status, reply = self.post("/customer", body)
        assert status == 200, reply
        return str(reply["Customer"]["Id"])

    def line(self, amount: str = "84.50", quantity: str = "1", tax: str | None = None, **detail: Any) -> Json:
        codes = {"TaxCodeRef": {"value": tax}} if tax else {}
        price = float(Decimal(amount) / Decimal(quantity))
        detail = {"ItemRef": {"value": self.item()}, "Qty": float(quantity), "UnitPrice": price, **codes, **detail}
        return {"Amount": float(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}

    def invoice(self, customer: str, number: str = "US-SI-000001", **more: Any) -> Json:
        """A booked invoice; the default is one untaxed line of 84.50."""
        status, reply = self.post("/invoice", self.invoice_body(customer, number, **more))
        assert status == 200, reply
        booked: Json = reply["Invoice"]
        return booked

    def invoice_body(self, customer: str, number: str = "US-SI-000001", **more: Any) -> Json:
        return {"CustomerRef": {"value": customer}, "DocNumber": number, "Line": [self.line()], **more}

    def pay(self, customer: str, total: str, *applied: tuple[str, str, str], **more: Any) -> tuple[int, Json]:
        lines = [{"Amount": float(amount), "LinkedTxn": [{"TxnId": row, "TxnType": kind}]} for kind, row, amount in applied]
        return self.post("/payment", {"CustomerRef": {"value": customer}, "TotalAmt": float(total), "Line": lines, **more})


def _parsed(reply: httpx.Response) -> tuple[int, Json]:
    return reply.status_code, json.loads(reply.text, parse_float=Decimal)


@pytest.fixture
def quickbooks(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox("quickbooks", time_scale=1000)


@pytest.fixture
def us(quickbooks: Sandbox) -> Iterator[Company]:
    company = Company(quickbooks, US_REALM)
    yield company
    company.client.close()


@pytest.fixture
def gb(quickbooks: Sandbox) -> Iterator[Company]:
    company = Company(quickbooks, GB_REALM)
    yield company
    company.client.close()


@pytest.fixture
def hook(quickbooks: Sandbox) -> Iterator[QuickBooksHook]:
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks), read_timeout=3) as connected:
        yield connected


@pytest.fixture
def gb_hook(quickbooks: Sandbox) -> Iterator[QuickBooksHook]:
    with QuickBooksHook("quickbooks_gb", account=account_of(quickbooks, GB_REALM)) as connected:
        yield connected
