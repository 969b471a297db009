"""The account of the QuickFile sandbox: driven over HTTP with nothing of the connector, and through the connector."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import httpx
import pytest
from tests.platforms.company import Company

from airbooks.platforms.quickfile import QuickFileHook
from airbooks.platforms.quickfile.sandbox import QuickFileSimulator
from airbooks.sandbox.server import Sandbox

Json = dict[str, Any]
SEARCH = {"ReturnCount": 50, "Offset": 0, "OrderResultsBy": "InvoiceNumber", "OrderDirection": "ASC", "InvoiceType": "INVOICE"}


class Owner:
    """The account's owner with a plain HTTP client: envelopes written by hand, JSON in and out."""

    def __init__(self, sandbox: Sandbox) -> None:
        simulator = sandbox.simulators["quickfile"]
        assert isinstance(simulator, QuickFileSimulator)
        self.sandbox, self.simulator = sandbox, simulator
        self.connection = simulator.connection()
        self.client = httpx.Client(base_url=sandbox.base_url("quickfile"), timeout=10)
        self.serial = count(1)

    def envelope(self, body: Json | None, **header: Any) -> Json:
        number = header.pop("SubmissionNumber", f"T-{next(self.serial):05d}")
        account, key = self.connection["login"], self.connection["password"]
        signature = hashlib.md5(f"{account}{key}{number}".encode()).hexdigest()
        proof = {"AccNumber": account, "MD5Value": signature, "ApplicationID": self.connection["extra"]["application_id"]}
        head = {"MessageType": "Request", "SubmissionNumber": number, "Authentication": proof, **header}
        return {"payload": {"Header": head} | ({} if body is None else {"Body": body})}

    def raw(self, path: str, envelope: Json) -> tuple[int, Json]:
        return _parsed(self.client.post(f"/1_2/{path}", json=envelope))

    def ask(self, path: str, body: Json | None, **header: Any) -> tuple[int, Json]:
        return self.raw(path, self.envelope(body, **header))

    def done(self, path: str, body: Json | None) -> Json:
        """The Body of a good answer, out of the method's key."""
        status, reply = self.ask(path, body)
        assert status == 200, reply
        ((_, answer),) = reply.items()
        found: Json = answer["Body"]
        return found

    def refused(self, path: str, body: Json | None, **header: Any) -> str:
        status, reply = self.ask(path, body, **header)
        assert status >= 400, reply
        return str(reply["Errors"]["Error"][0])

    def new_client(self, name: str = "Northgate Fabrication Ltd", **details: Any) -> int:
        return int(self.done("client/create", {"ClientDetails": {"CompanyName": name, **details}})["ClientID"])

    def invoice_body(self, client: int, number: str = "UK-SI-000001", **changes: Any) -> Json:
        line = {"ItemID": 0, "ItemName": "CMP-7550", "ItemNominalCode": "4000", "Tax1": {"TaxName": "VAT", "TaxPercentage": 20}}
        data = {
            "InvoiceType": "INVOICE",
            "ClientID": client,
            "Currency": "GBP",
            "TermDays": 30,
            "InvoiceLines": {"ItemLines": {"ItemLine": [{**line, "UnitCost": 100, "Qty": 1}]}},
            "Scheduling": {"SingleInvoiceData": {"InvoiceNumber": number, "IssueDate": "2026-03-15"}},
        }
        return {"InvoiceData": {**data, **changes}}

    def new_invoice(self, client: int, number: str = "UK-SI-000001", **changes: Any) -> int:
        return int(self.done("invoice/create", self.invoice_body(client, number, **changes))["InvoiceID"])

    def send(self, invoice: int) -> None:
        self.done("invoice/send", {"SendItem": [{"InvoiceID": invoice, "SendByEmail": False, "SendBySnailMail": False}]})

    def details(self, invoice: int) -> Json:
        found: Json = self.done("invoice/get", {"InvoiceID": invoice})["InvoiceDetails"]
        return found

    def search(self, **filters: Any) -> Json:
        return self.done("invoice/search", {"SearchParameters": {**SEARCH, **filters}})

    def rest(self, method: str, path: str, **more: Any) -> tuple[int, Json]:
        token = self.connection["extra"]["rest_token"]
        return _parsed(self.client.request(method, f"/rest{path}", headers={"Authorization": f"Bearer {token}"}, **more))

    def pay(self, client: int, invoice: int, amount: int) -> int:
        details = {
            "Designation": "CLIENT",
            "PaymentType": "PAYMENT",
            "PaymentDate": "2026-04-02",
            "InvoiceID": invoice,
            "DesignatedTo": {"ClientID": client},
            "Amount": amount,
            "Currency": "GBP",
            "PayMethod": "BACS",
        }
        return int(self.done("payment/create", {"PaymentDetails": details})["PaymentID"])


def _parsed(reply: httpx.Response) -> tuple[int, Json]:
    return reply.status_code, json.loads(reply.text, parse_float=Decimal)


@pytest.fixture
def quickfile(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox("quickfile", time_scale=1000)


@pytest.fixture
def owner(quickfile: Sandbox) -> Iterator[Owner]:
    made = Owner(quickfile)
    yield made
    made.client.close()


@pytest.fixture
def company(quickfile: Sandbox) -> Company:
    return Company("quickfile", quickfile)


@pytest.fixture
def hook(company: Company) -> Iterator[QuickFileHook]:
    made = company.hook()
    assert isinstance(made, QuickFileHook)
    with made:
        yield made
