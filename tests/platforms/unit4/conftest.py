"""The tenant of the Unit4 sandbox, driven over HTTP with nothing of the connector, and a hook on it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.platforms.company import Company

from airbooks.platforms.tokens import MemoryTokens
from airbooks.platforms.unit4.hook import Unit4Hook
from airbooks.platforms.unit4.sandbox import Unit4Simulator
from airbooks.platforms.unit4.sandbox.tenant import TENANT
from airbooks.sandbox.server import running

Json = dict[str, Any]
BATCHES, ORDERS = "/v1/financial-transaction-batch", "/v1/report-jobs/order"
PATIENCE = 400


class Desk:
    """The tenant as a plain HTTP client sees it: JSON in, status and JSON out."""

    def __init__(self, company: Company) -> None:
        simulator = company.sandbox.simulators["unit4"]
        assert isinstance(simulator, Unit4Simulator)
        self.company, self.simulator, self.connection = company, simulator, simulator.connection()
        self.client = httpx.Client(base_url=company.sandbox.base_url("unit4"), params={"tenant": TENANT}, timeout=10)

    def token(self, **changes: str) -> tuple[int, Json]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.connection["login"],
            "client_secret": self.connection["password"],
            "scope": "api",
        }
        reply = self.client.post("/identity/connect/token", data={**form, **changes})
        return reply.status_code, reply.json()

    def log_in(self) -> None:
        self.client.headers["Authorization"] = f"Bearer {self.token()[1]['access_token']}"

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> tuple[int, Any]:
        reply = self.client.request(method, path, json=body, params={**dict(self.client.params), **params})
        return reply.status_code, json.loads(reply.text, parse_float=Decimal) if reply.text else None

    def objects(self, name: str, **asked: str) -> list[Json]:
        status, body = self.ask("GET", f"/v1/objects/{name}", companyId="EN", **asked)
        assert status == 200, body
        found: list[Json] = body
        return found

    def customer(self, customer_id: str) -> str:
        body = {"companyId": "EN", "customerId": customer_id, "customerName": f"Works {customer_id}", "customerGroupId": "10"}
        assert self.ask("POST", "/v1/customers", body)[0] == 201
        return customer_id

    def row(self, number: int, line_type: str, account: str, amount: float, **more: Any) -> Json:
        """A row of a voucher of 2026-11; `more` goes into its details."""
        flag = 1 if amount >= 0 else -1
        amounts = {"debitCreditFlag": flag, "amount": amount, "currencyAmount": amount, "currencyCode": "GBP"}
        detail = {"sequenceNumber": number, "lineType": line_type, "accountingInformation": {"account": account}, "amounts": amounts}
        return {
            "batchInformation": {"interface": "BI", "batchId": "B-1"},
            "transactionInformation": {
                "companyId": "EN",
                "period": 202611,
                "transactionDate": "2026-11-20T00:00:00Z",
                "transactionType": "SI",
                "transactionNumber": 1,
                "transactionDetailInformation": {**detail, **more},
            },
        }

    def voucher(self, batch_id: str, customer: str, number: str, **changes: Any) -> list[Json]:
        """100.00 and 20 % of service; `changes` go into the head of each row."""
        tax = {"taxCode": "U1", "taxSystem": "UK", "vatPercentage": 20}
        base = {"taxBaseAccount": "4100", "baseAmount": -100.00, "baseCurrencyAmount": -100.00}
        rows = [
            self.row(0, "AR", "1100", 120.00),
            self.row(1, "GL", "4100", -100.00, taxInformation=tax),
            self.row(2, "TX", "2200", -20.00, taxInformation={**tax, "taxDetails": base}),
        ]
        rows[0]["transactionInformation"]["invoice"] = {
            "customerOrSupplierId": customer,
            "ledgerType": "R",
            "invoiceNumber": number,
            "dueDate": "2026-12-20T00:00:00Z",
        }
        for row in rows:
            row["batchInformation"]["batchId"] = batch_id
            row["transactionInformation"].update(changes)
        return rows

    def order(self, batch_id: str, **changes: Any) -> str:
        """GL07 for a batch; the path of the job."""
        parameters = [{"id": "batch_id", "value": batch_id}, {"id": "interface", "value": "BI"}]
        body = {"reportId": "GL07", "companyId": "EN", "userId": "APIUSER", "parameters": parameters, "generalParameters": {"status": "N"}}
        reply = self.client.post(ORDERS, json={**body, **changes})
        assert (reply.status_code, reply.text) == (201, "")
        return reply.headers["location"]

    def job(self, path: str) -> Json:
        """The job when it has come to an end."""
        for _ in range(PATIENCE):
            status, body = self.ask("GET", path)
            assert status == 200, body
            if body["status"] != "N":
                found: Json = body
                return found
            time.sleep(0.005)
        raise AssertionError("the job does not end")

    def post(self, rows: list[Json]) -> Json:
        """Stage and post; the job at its end."""
        status, body = self.ask("POST", BATCHES, rows)
        assert status == 200, body
        return self.job(self.order(rows[0]["batchInformation"]["batchId"]))

    def errors(self, rows: list[Json]) -> list[str]:
        """What GL07 complains about, without the name of the batch."""
        messages = self.post(rows)["notificationMessages"]
        return [text.partition(": ")[2] for text in (messages or {"errors": []})["errors"]]


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    with running(["unit4"], time_scale=1000) as sandbox:
        yield Company("unit4", sandbox)


@pytest.fixture
def desk(company: Company) -> Iterator[Desk]:
    desk = Desk(company)
    desk.log_in()
    yield desk
    desk.client.close()
    company.sandbox.clear_faults()


@pytest.fixture
def hook(company: Company) -> Iterator[Unit4Hook]:
    with company.hook() as made:
        assert isinstance(made, Unit4Hook)
        yield made
    company.sandbox.clear_faults()


@pytest.fixture
def make_hook(company: Company) -> Iterator[Callable[..., Unit4Hook]]:
    """Hooks on the same company whose connection has other extras."""
    made: list[Unit4Hook] = []

    def make(**extra: Any) -> Unit4Hook:
        hook = company.hook(tokens=MemoryTokens(), extra=extra)
        assert isinstance(hook, Unit4Hook)
        made.append(hook)
        return hook

    yield make
    for each in made:
        each.close()
    company.sandbox.clear_faults()
