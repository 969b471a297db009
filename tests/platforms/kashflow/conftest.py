"""The company of the KashFlow sandbox, driven over HTTP with nothing of the connector."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.platforms.kashflow.steps import account_of

from airbooks.platforms.kashflow import KashFlowHook
from airbooks.platforms.kashflow.sandbox import KashFlowSimulator
from airbooks.sandbox.server import Sandbox

Json = dict[str, Any]


class Desk:
    """The company as a plain HTTP client sees it: a session, JSON in, status and JSON out."""

    def __init__(self, sandbox: Sandbox) -> None:
        simulator = sandbox.simulators["kashflow"]
        assert isinstance(simulator, KashFlowSimulator)
        self.sandbox, self.simulator, self.connection = sandbox, simulator, simulator.connection()
        self.client = httpx.Client(base_url=f"{sandbox.base_url('kashflow')}/v2", timeout=10)

    def begin(self, password: str | None = None) -> tuple[int, Json]:
        body = {"UserName": self.connection["login"], "Password": password or self.connection["password"]}
        return self.ask("POST", "/sessiontoken", body)

    def complete(self, begun: Json, word: str | None = None) -> tuple[int, Json]:
        word = word or self.connection["extra"]["memorable_word"]
        words = [{"Position": each["Position"], "Value": word[each["Position"] - 1]} for each in begun["MemorableWordList"]]
        body = {"TemporaryToken": begun["TemporaryToken"], "MemorableWordList": words, "KeepUserLoggedIn": False}
        return self.ask("PUT", "/sessiontoken", body)

    def log_in(self) -> str:
        status, opened = self.complete(self.begin()[1])
        assert status == 200, opened
        self.client.headers["Authorization"] = f"KfToken {opened['SessionToken']}"
        return str(opened["SessionToken"])

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> tuple[int, Any]:
        reply = self.client.request(method, path, json=body, params=params or None)
        return reply.status_code, json.loads(reply.text, parse_float=Decimal) if reply.text else None

    def get(self, path: str, **params: Any) -> Any:
        status, body = self.ask("GET", path, **params)
        assert status == 200, body
        return body

    def customer(self, code: str = "CUS000123", **more: Any) -> str:
        status, body = self.ask("POST", "/customers", {"Code": code, "Name": "Northern Pneumatics Ltd", **more})
        assert status == 201, body
        return str(body["Code"])

    def invoice_body(self, customer: str, **more: Any) -> Json:
        return {
            "CustomerCode": customer,
            "IssuedDate": "2026-01-15 00:00:00",
            "DueDate": "2026-02-14 00:00:00",
            "CustomerReference": "INV-2026-0042",
            "LineItems": [self.line()],
            **more,
        }

    def line(self, **more: Any) -> Json:
        """Two at 4150.00, and 20 % on them."""
        sold = {"Number": 1, "Description": "Rotary screw compressor", "Quantity": 2, "Rate": 4150.00, "NominalCode": 4000}
        return {**sold, "VATLevel": 20.0, "VATExempt": False, "VATAmount": 1660.00, **more}

    def invoice(self, customer: str, **more: Any) -> Json:
        status, body = self.ask("POST", "/invoices", self.invoice_body(customer, **more))
        assert status == 201, body
        booked: Json = body
        return booked

    def pay(self, row: Json, amount: float = 100.0, **more: Any) -> Json:
        """A payment, as a person enters it: the whole invoice put back with one payment more."""
        line = {"Date": "2026-02-10 00:00:00", "Amount": amount, "Method": 3, "AccountId": 1211, "Reference": "EFT 55121", **more}
        whole = json.loads(json.dumps({**row, "PaymentLines": [*row["PaymentLines"], line]}, default=float))
        status, body = self.ask("PUT", f"/invoices/{row['Number']}", whole)
        assert status == 200, body
        paid: Json = body
        return paid


@pytest.fixture
def kashflow(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox("kashflow", time_scale=60)


@pytest.fixture
def desk(kashflow: Sandbox) -> Iterator[Desk]:
    desk = Desk(kashflow)
    desk.log_in()
    yield desk
    desk.client.close()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


@pytest.fixture
def hook(kashflow: Sandbox) -> Iterator[KashFlowHook]:
    with KashFlowHook("kashflow_uk", account=account_of(kashflow)) as connected:
        yield connected
