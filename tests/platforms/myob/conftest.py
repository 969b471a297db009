"""The company file of the MYOB sandbox, driven over HTTP with nothing of the connector."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.platforms.company import Company

from airbooks.platforms.myob.hook import MyobHook
from airbooks.platforms.myob.sandbox import MyobSimulator
from airbooks.platforms.myob.sandbox.company_file import BUSINESS, uid_of
from airbooks.sandbox.server import Sandbox, running

Json = dict[str, Any]
Answer = tuple[int, Any]


class Desk:
    """The company file as a plain HTTP client sees it: the headers the vendor wants, JSON in, status and JSON out."""

    def __init__(self, sandbox: Sandbox) -> None:
        simulator = sandbox.simulators["myob"]
        assert isinstance(simulator, MyobSimulator)
        self.sandbox, self.simulator = sandbox, simulator
        self.connection = simulator.connection()
        self.serial = count(1)
        self.client = httpx.Client(base_url=f"{sandbox.base_url('myob')}/accountright/{BUSINESS}", timeout=10)
        self.client.headers.update(
            {"x-myobapi-key": self.connection["login"], "x-myobapi-version": "v2", "Authorization": f"Bearer {self.log_in()}"}
        )

    def token_request(self, **form: str) -> httpx.Response:
        sent = {"client_id": self.connection["login"], "client_secret": self.connection["password"], **form}
        return httpx.post(self.connection["extra"]["token_url"], data=sent)

    def log_in(self) -> str:
        """Uses up the connection's refresh token."""
        reply = self.token_request(grant_type="refresh_token", refresh_token=self.simulator.authority.current_refresh_token())
        assert reply.status_code == 200, reply.text
        return str(reply.json()["access_token"])

    def ask(self, method: str, path: str, body: Json | None = None, headers: dict[str, str] | None = None, **params: str) -> Answer:
        reply = self.client.request(method, f"/{path}", json=body, params=params or None, headers=headers)
        return reply.status_code, json.loads(reply.text, parse_float=Decimal) if reply.text else None

    def get(self, path: str, where: str = "", **params: str) -> Answer:
        asked = {**params, **({"$filter": where} if where else {})}
        query = "&".join(f"{name}={quote(value)}" for name, value in asked.items())
        return self.ask("GET", f"{path}?{query}" if query else path)

    def card(self, **more: Any) -> str:
        tax = {"UID": uid_of("tax", "GST")}
        body = {
            "CompanyName": f"Northgate Air {next(self.serial)}",
            "IsIndividual": False,
            "SellingDetails": {"TaxCode": tax, "FreightTaxCode": tax},
        }
        status, row = self.ask("POST", "Contact/Customer", {**body, **more}, returnBody="true")
        assert status == 201, row
        return str(row["UID"])

    def line(self, **more: Any) -> Json:
        return {
            "Type": "Transaction",
            "Description": "Filter kit",
            "ShipQuantity": 2,
            "UnitPrice": 84.5,
            "Total": 169.0,
            "Item": {"UID": uid_of("item", "FLT-KIT-75")},
            "TaxCode": {"UID": uid_of("tax", "GST")},
            **more,
        }

    def sale_body(self, customer: str, **more: Any) -> Json:
        return {
            "Date": "2026-01-15T00:00:00",
            "Number": f"S{next(self.serial):06d}",
            "Customer": {"UID": customer},
            "IsTaxInclusive": False,
            "Lines": [self.line()],
            "FreightTaxCode": {"UID": uid_of("tax", "GST")},
            **more,
        }

    def post(self, body: Json, layout: str = "Item", **params: str) -> Answer:
        return self.ask("POST", f"Sale/Invoice/{layout}", body, None, returnBody="true", **params)

    def sale(self, **more: Any) -> Json:
        """A booked sale of 169.00 and 16.90 GST."""
        status, row = self.post(self.sale_body(self.card(), **more))
        assert status == 201, row
        return dict(row)

    def read(self, row: Json) -> Json:
        status, found = self.ask("GET", f"Sale/Invoice/Item/{row['UID']}")
        assert status == 200, found
        return dict(found)

    def payment_body(self, row: Json, amount: float, **more: Any) -> Json:
        return {
            "DepositTo": "Account",
            "Account": {"UID": uid_of("account", "1-1000")},
            "Customer": {"UID": row["Customer"]["UID"]},
            "Date": "2026-02-10T00:00:00",
            "AmountReceived": amount,
            "Invoices": [{"UID": row["UID"], "AmountApplied": amount, "Type": "Invoice"}],
            **more,
        }

    def pay(self, row: Json, amount: float, **more: Any) -> Answer:
        return self.ask("POST", "Sale/CustomerPayment", self.payment_body(row, amount, **more), returnBody="true")


def name_of(answer: Answer) -> tuple[int, str]:
    """Status and name of a refusal."""
    status, body = answer
    return status, str(body["Errors"][0]["Name"] if "Errors" in body else body["Message"])


@pytest.fixture(scope="module")
def running_desk() -> Iterator[Desk]:
    with running(["myob"], time_scale=1000) as sandbox:
        made = Desk(sandbox)
        yield made
        made.client.close()


@pytest.fixture
def desk(running_desk: Desk) -> Iterator[Desk]:
    """One company file for the tests of a module; each uses cards and numbers of its own, and no fault outlives its test."""
    yield running_desk
    running_desk.sandbox.clear_faults()


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    with running(["myob"], time_scale=1000) as sandbox:
        yield Company("myob", sandbox)


@pytest.fixture
def hook(company: Company) -> Iterator[MyobHook]:
    with company.hook() as made:
        assert isinstance(made, MyobHook)
        yield made
    company.sandbox.clear_faults()
