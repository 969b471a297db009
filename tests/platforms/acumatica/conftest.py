"""The company of the Acumatica sandbox, driven over HTTP with nothing of the connector."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import httpx
import pytest
from tests.platforms.company import Company

from airbooks.platforms.acumatica.hook import AcumaticaHook
from airbooks.platforms.acumatica.sandbox import AcumaticaSimulator
from airbooks.sandbox.server import Sandbox, running

Json = dict[str, Any]
Answer = tuple[int, Any]
BASE = "/entity/Default/24.200.001"


def v(value: Any) -> Json:
    return {"value": value}


class Desk:
    """The company as a plain HTTP client sees it, in one session: wrapped JSON in, status and JSON out."""

    def __init__(self, sandbox: Sandbox) -> None:
        simulator = sandbox.simulators["acumatica"]
        assert isinstance(simulator, AcumaticaSimulator)
        self.sandbox, self.simulator = sandbox, simulator
        self.connection = simulator.connection()
        self.serial = count(1)
        self.plain = httpx.Client(timeout=10)
        self.client = self.new_client()

    def token(self, **form: str) -> httpx.Response:
        extra = self.connection["extra"]
        known = {"client_id": extra["client_id"], "client_secret": extra["client_secret"]}
        return self.plain.post(f"{self.connection['host']}/identity/connect/token", data={**known, **form})

    def password_token(self, scope: str = "api") -> Json:
        user = {"username": self.connection["login"], "password": self.connection["password"]}
        return dict(self.token(grant_type="password", scope=scope, **user).json())

    def new_client(self) -> httpx.Client:
        """A client with a session of its own, once it has asked."""
        headers = {"Authorization": f"Bearer {self.password_token()['access_token']}"}
        return httpx.Client(base_url=self.connection["host"], headers=headers, timeout=10)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        client: httpx.Client | None = None,
        *,
        params: dict[str, str] | None = None,
        **conditions: str,
    ) -> Answer:
        """`conditions` are headers, with underscores for dashes."""
        headers = {name.replace("_", "-"): value for name, value in conditions.items()}
        reply = (client or self.client).request(method, f"{BASE}/{path}", json=body, params=params, headers=headers)
        return reply.status_code, json.loads(reply.text, parse_float=Decimal) if reply.text else None

    def get(self, path: str, client: httpx.Client | None = None, **params: str) -> Answer:
        return self.ask("GET", path, None, client, params={f"${name}": value for name, value in params.items()})

    def customer(self, **more: Any) -> str:
        code = f"CUST{next(self.serial):04d}"
        status, row = self.ask("PUT", "Customer", {"CustomerID": v(code), "CustomerName": v(f"Customer {code}"), **more})
        assert status == 200, row
        return str(row["CustomerID"]["value"])

    @staticmethod
    def line(**more: Any) -> Json:
        """Two at 84.50, taxable."""
        return {"InventoryID": v("FLT-KIT-75"), "Qty": v(2), "UnitPrice": v(84.5), "ManualPrice": v(True), **more}

    def body(self, **more: Any) -> Json:
        zone = {"FinancialDetails": {"CustomerTaxZone": v("TEXAS")}}
        return {"Type": v("Invoice"), "CustomerID": v(self.customer()), "Hold": v(False), "Details": [self.line()], **zone, **more}

    def put(self, body: Json, entity: str = "SalesInvoice", expand: str = "Details,TaxDetails", **headers: str) -> Answer:
        return self.ask("PUT", entity, body, None, params={"$expand": expand}, **headers)

    def invoice(self, **more: Any) -> Json:
        """A balanced invoice of 169.00 and 13.94 tax."""
        status, row = self.put(self.body(**more))
        assert status == 200, row
        return dict(row)

    def release(self, row: Json, entity: str = "SalesInvoice", action: str = "ReleaseSalesInvoice") -> httpx.Response:
        body = {"entity": {"id": row["id"]}, "parameters": {}}
        return self.client.post(f"{BASE}/{entity}/{action}", json=body)

    def released(self, **more: Any) -> Json:
        """A released invoice, at once."""
        row = self.invoice(**more)
        self.sandbox.inject("acumatica", "release_at_once", times=1)
        assert self.release(row).status_code == 204
        return self.read(row)

    def read(self, row: Json, entity: str = "SalesInvoice") -> Json:
        status, found = self.get(f"{entity}/{row['id']}")
        assert status == 200, found
        return dict(found)

    def payment_body(self, row: Json, amount: float, **more: Any) -> Json:
        return {
            "Type": v("Payment"),
            "CustomerID": row["CustomerID"],
            "PaymentMethod": v("WIRE"),
            "CashAccount": v("1000"),
            "CurrencyID": v("USD"),
            "PaymentAmount": v(amount),
            "PaymentRef": v("880123"),
            "ApplicationDate": row["Date"],
            "Hold": v(False),
            "DocumentsToApply": [{"DocType": v("Invoice"), "ReferenceNbr": row["ReferenceNbr"], "AmountPaid": v(amount)}],
            **more,
        }

    def pay(self, row: Json, amount: float, **more: Any) -> Answer:
        return self.put(self.payment_body(row, amount, **more), "Payment", "DocumentsToApply")


def exception_of(answer: Answer) -> tuple[int, str]:
    """Status and kind of an exception of the server."""
    status, body = answer
    return status, str(body["exceptionType"]).rpartition(".")[2]


@pytest.fixture(scope="module")
def running_desk() -> Iterator[Desk]:
    with running(["acumatica"], time_scale=1000) as sandbox:
        made = Desk(sandbox)
        yield made
        made.client.close()
        made.plain.close()


@pytest.fixture
def desk(running_desk: Desk) -> Iterator[Desk]:
    """One company for the tests of a module; each uses customers of its own, and no fault outlives its test."""
    yield running_desk
    running_desk.sandbox.clear_faults()


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    with running(["acumatica"], time_scale=1000) as sandbox:
        yield Company("acumatica", sandbox)


@pytest.fixture(scope="module")
def open_hook(company: Company) -> Iterator[AcumaticaHook]:
    with company.hook() as made:
        assert isinstance(made, AcumaticaHook)
        yield made


@pytest.fixture
def hook(company: Company, open_hook: AcumaticaHook) -> Iterator[AcumaticaHook]:
    """One hook for the tests of a module; no fault outlives its test."""
    yield open_hook
    company.sandbox.clear_faults()
