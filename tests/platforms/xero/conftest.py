"""The organisation of the Xero sandbox, driven over HTTP with nothing of the connector."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.platforms.xero.steps import account_of

from airbooks.platforms.xero import XeroHook
from airbooks.platforms.xero.sandbox import XeroSimulator
from airbooks.platforms.xero.sandbox.organisation import TENANT
from airbooks.sandbox.server import Sandbox

Json = dict[str, Any]
LISTS: Json = {"summarizeErrors": "false", "unitdp": "4"}


class Tenant:
    """The organisation as a plain HTTP client sees it: an access token, JSON in, status and JSON out."""

    def __init__(self, sandbox: Sandbox) -> None:
        simulator = sandbox.simulators["xero"]
        assert isinstance(simulator, XeroSimulator)
        self.sandbox, self.simulator = sandbox, simulator
        self.connection = simulator.connection()
        self.client = httpx.Client(base_url=f"{sandbox.base_url('xero')}/api.xro/2.0", timeout=10)
        self.client.headers.update({"Accept": "application/json", "Xero-Tenant-Id": TENANT})
        self.refresh_token = str(self.connection["extra"]["refresh_token"])
        self.log_in()

    def token_request(self, *, custom: bool = False, **form: str) -> httpx.Response:
        stored = self.simulator.connection(custom=custom)
        return httpx.post(stored["extra"]["token_url"], data=form, auth=(stored["login"], stored["password"]))

    def log_in(self) -> None:
        reply = self.token_request(grant_type="refresh_token", refresh_token=self.refresh_token)
        assert reply.status_code == 200, reply.text
        self.refresh_token = reply.json()["refresh_token"]
        self.client.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"

    def get(self, path: str, headers: dict[str, str] | None = None, **params: Any) -> tuple[int, Json]:
        return _parsed(self.client.get(path, params=params, headers=headers))

    def put(self, path: str, body: Any, headers: dict[str, str] | None = None, **params: Any) -> tuple[int, Json]:
        return _parsed(self.client.put(path, json=body, params=params, headers=headers))

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None, **params: Any) -> tuple[int, Json]:
        return _parsed(self.client.post(path, json=body, params=params, headers=headers))

    def contact(self, name: str = "Northgate Air Ltd", **more: Any) -> str:
        status, body = self.put("/Contacts", {"Contacts": [{"Name": name, **more}]})
        assert status == 200, body
        return str(body["Contacts"][0]["ContactID"])

    def invoice_body(self, contact: str, number: str = "AU-SI-000001", **more: Any) -> Json:
        return {
            "Type": "ACCREC",
            "Contact": {"ContactID": contact},
            "InvoiceNumber": number,
            "Date": "2026-03-02",
            "DueDate": "2026-04-01",
            "Status": "AUTHORISED",
            "LineItems": [{"Description": "Filter kit", "Quantity": 2, "UnitAmount": 84.5, "AccountCode": "4010", "TaxType": "OUTPUT"}],
            **more,
        }

    def create(self, *bodies: Json, kind: str = "Invoices", **params: Any) -> list[Json]:
        """The elements of the answer to one PUT."""
        status, body = self.put(f"/{kind}", {kind: list(bodies)}, **{**LISTS, **params})
        assert status == 200, body
        rows: list[Json] = body[kind]
        return rows

    def invoice(self, number: str = "AU-SI-000001", **more: Any) -> Json:
        """A booked invoice of 169.00 and 16.90 GST."""
        (row,) = self.create(self.invoice_body(self.contact(f"Customer of {number}"), number, **more))
        assert not row["HasErrors"], row
        return row

    def read(self, key: str, kind: str = "Invoices") -> Json:
        status, body = self.get(f"/{kind}/{key}")
        assert status == 200, body
        (row,) = body[kind]
        return dict(row)

    def pay(self, invoice: Json, amount: float, **more: Any) -> Json:
        body = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Account": {"Code": "1000"}, "Date": "2026-03-20", "Amount": amount, **more}
        status, answer = self.put("/Payments", {"Payments": [body]}, summarizeErrors="false")
        assert status == 200, answer
        return dict(answer["Payments"][0])


def said(element: Json) -> str:
    """The words of an element's validation errors."""
    return "; ".join(each["Message"] for each in element["ValidationErrors"])


def _parsed(reply: httpx.Response) -> tuple[int, Json]:
    if "json" not in reply.headers.get("content-type", ""):
        return reply.status_code, {}
    return reply.status_code, json.loads(reply.text, parse_float=Decimal)


@pytest.fixture
def xero(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox("xero", time_scale=1000)


@pytest.fixture
def tenant(xero: Sandbox) -> Iterator[Tenant]:
    found = Tenant(xero)
    yield found
    found.client.close()


@pytest.fixture
def hook(xero: Sandbox) -> Iterator[XeroHook]:
    with XeroHook("xero_au", account=account_of(xero), read_timeout=3) as connected:
        yield connected
