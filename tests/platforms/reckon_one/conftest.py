"""The book of the Reckon One sandbox, driven over HTTP with nothing of the connector, and a hook on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.platforms.company import Company

from airbooks.platforms.reckon_one.hook import ReckonOneHook
from airbooks.platforms.reckon_one.sandbox import ReckonOneSimulator
from airbooks.sandbox.server import Sandbox, running

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
DAY = "2026-03-02T00:00:00Z"


class Desk:
    """The book as a plain HTTP client sees it, with an access token of its own."""

    def __init__(self, sandbox: Sandbox) -> None:
        simulator = sandbox.simulators["reckon_one"]
        assert isinstance(simulator, ReckonOneSimulator)
        self.sandbox, self.simulator, self.root = sandbox, simulator, sandbox.base_url("reckon_one")
        extra = simulator.connection()["extra"]
        self.key, self.book_id = extra["subscription_key"], extra["book_id"]
        access = self.refresh().json()["access_token"]
        headers = {"Authorization": f"Bearer {access}", "Ocp-Apim-Subscription-Key": self.key}
        self.client = httpx.Client(base_url=f"{self.root}/r1/v2/{self.book_id}", headers=headers, timeout=10)

    def refresh(self, **changes: str) -> httpx.Response:
        stored = self.simulator.connection()
        form = {
            "grant_type": "refresh_token",
            "refresh_token": stored["extra"]["refresh_token"],
            "redirect_uri": stored["extra"]["redirect_uri"],
        }
        return httpx.post(f"{self.root}/connect/token", data={**form, **changes}, auth=(stored["login"], stored["password"]))

    def get(self, path: str, **params: Any) -> Json:
        reply = self.client.get(path, params=params)
        assert reply.status_code == 200, reply.text
        found: Json = reply.json()
        return found

    def post(self, path: str, body: Json) -> httpx.Response:
        return self.client.post(path, json=body)

    def patch(self, path: str, body: Json, content_type: str = MERGE) -> httpx.Response:
        return self.client.request("PATCH", path, json=body, headers={"Content-Type": content_type})

    def made(self, path: str, body: Json) -> str:
        reply = self.post(path, body)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    def refused(self, reply: httpx.Response) -> tuple[int, str, str]:
        """Status, location and words of a refusal by the application."""
        body = reply.json()
        assert body["code"] == reply.status_code
        (error,) = body["errors"]
        return reply.status_code, error["location"], error["message"]

    def customer(self, name: str = "Outback Drilling Supplies", **fields: Any) -> str:
        known = {row["name"]: row["id"] for row in self.get("/customers", perPage=100)["list"]}
        return known.get(name) or self.made("/customers", {"name": name, **fields})

    def invoice_body(self, **fields: Any) -> Json:
        self.customer()
        head = {"customer": "Outback Drilling Supplies", "invoiceDate": DAY, "amountTaxStatus": "Exclusive", "lineItems": [line()]}
        return {**head, **fields}

    def invoice(self, *, approved: bool = True, **fields: Any) -> str:
        made = self.made("/invoices", self.invoice_body(**fields))
        if approved:
            assert self.patch(f"/invoices/{made}", {"status": "Approved"}).status_code == 204
        return made

    def receipt_body(self, invoice_id: str, amount: Any, **fields: Any) -> Json:
        link = {"transactionId": invoice_id, "transactionAmount": amount, "transactionType": "Invoice"}
        head = {"customer": "Outback Drilling Supplies", "receiptDate": DAY, "totalAmount": amount, "transactionLinks": [link]}
        return {**head, **fields}


def line(item: str = "Parts:FLT-PRE-30", quantity: Any = 1, price: Any = 100, tax: str = "GST", **fields: Any) -> Json:
    return {"lineNumber": 1, "itemDetails": {"item": item, "quantity": quantity, "price": price}, "taxRate": tax, **fields}


@pytest.fixture(scope="module")
def book() -> Iterator[Sandbox]:
    with running(["reckon_one"], time_scale=1000) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def clerk(book: Sandbox) -> Iterator[Desk]:
    made = Desk(book)
    yield made
    made.client.close()


@pytest.fixture
def desk(clerk: Desk) -> Iterator[Desk]:
    """A clerk at the book; afterwards settings and faults are as they were at first."""
    yield clerk
    clerk.sandbox.clear_faults()
    clerk.simulator.book.configure("tax", chooseAmountTaxStatus=True, taxAmountEditable=True, amountTaxStatus="Exclusive")
    clerk.simulator.book.configure("invoice", approvalEnabled=True, serviceDateOnInvoice=False)
    clerk.simulator.book.configure("book", lockOffDate=None)


@pytest.fixture(scope="module")
def company(book: Sandbox) -> Company:
    return Company("reckon_one", book)


@pytest.fixture
def hook(company: Company) -> Iterator[ReckonOneHook]:
    with company.hook() as made:
        assert isinstance(made, ReckonOneHook)
        yield made
    company.sandbox.clear_faults()
