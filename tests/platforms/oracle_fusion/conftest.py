"""The simulated pod, driven by the connector (Company) and as a plain HTTP client with nothing of the connector (Client)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.platforms.company import Company, today

from airbooks.canonical import DocumentKind, Invoice, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.base import PlatformHook, Sent
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.oracle_fusion import OracleFusionHook
from airbooks.platforms.oracle_fusion.sandbox import OracleFusionSimulator
from airbooks.sandbox.server import Sandbox, running

ROOT = "/fscmRestApi/resources/11.13.18.05"
ITEM, BATCH, ACTION = (f"application/vnd.oracle.adf.{kind}+json" for kind in ("resourceitem", "batch", "action"))
Json = dict[str, Any]
BILL_TO = "C-US-0001"
_numbers = count(1)


def simulator_of(sandbox: Sandbox) -> OracleFusionSimulator:
    found = sandbox.simulators["oracle_fusion"]
    assert isinstance(found, OracleFusionSimulator)
    return found


class Client:
    """A user of the pod with curl in hand: status and JSON (or text) of every answer."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.simulator = sandbox, simulator_of(sandbox)
        stored = self.simulator.connection("basic")
        user, version = (stored["login"], stored["password"]), {"REST-Framework-Version": "4"}
        self.http = httpx.Client(auth=user, headers=version, timeout=10, verify=False)

    def ask(self, method: str, path: str, body: Any = None, kind: str = ITEM, **more: Any) -> httpx.Response:
        headers = {**({"Content-Type": kind} if body is not None else {}), **more.pop("headers", {})}
        content = None if body is None else json.dumps(body)
        return self.http.request(method, f"{self.sandbox.base_url('oracle_fusion')}{ROOT}{path}", content=content, headers=headers, **more)

    def body(self, *lines: Json, **fields: Any) -> Json:
        """The vendor's minimal invoice; each one has a number of its own."""
        made = {
            "BusinessUnit": "Harbour Compressors US",
            "TransactionSource": "AIRBOOKS",
            "TransactionType": "Invoice",
            "TransactionNumber": f"T-{next(_numbers)}",
            "TransactionDate": "2026-02-10",
            "AccountingDate": "2026-02-10",
            "InvoiceCurrencyCode": "USD",
            "BillToCustomerNumber": BILL_TO,
            "PaymentTerms": "30 Net",
            "receivablesInvoiceLines": list(lines) or [self.line()],
        }
        return {name: value for name, value in {**made, **fields}.items() if value is not None}

    @staticmethod
    def line(**fields: Any) -> Json:
        made = {"LineNumber": 1, "ItemNumber": "FLT-PRE-30", "Description": "Air filter", "Quantity": 2, "UnitSellingPrice": 50.00}
        return {**made, "TaxClassificationCode": "TX SALES TAX", **fields}

    def invoice(self, *lines: Json, **fields: Any) -> Json:
        reply = self.ask("POST", "/receivablesInvoices", self.body(*lines, **fields))
        assert reply.status_code == 201, reply.text
        return exact(reply)

    def receipt(self, amount: str = "108.25", **fields: Any) -> Json:
        body = {
            "ReceiptNumber": "ACH-5531",
            "BusinessUnit": "Harbour Compressors US",
            "ReceiptMethod": "Wire Transfer",
            "ReceiptDate": "2026-03-01",
            "Amount": amount,
            "Currency": "USD",
            "CustomerAccountNumber": BILL_TO,
        }
        reply = self.ask("POST", "/standardReceipts", {**body, **fields})
        assert reply.status_code == 201, reply.text
        return exact(reply)

    def balance(self, invoice: Json) -> Decimal:
        found: Decimal = exact(self.ask("GET", f"/receivablesInvoices/{invoice['CustomerTransactionId']}"))["InvoiceBalanceAmount"]
        return found


def exact(reply: httpx.Response) -> Json:
    found: Json = json.loads(reply.text, parse_float=Decimal)
    return found


def details(reply: httpx.Response) -> Json:
    """The first detail of an error document."""
    first: Json = exact(reply)["o:errorDetails"][0]
    return first


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    with running(["oracle_fusion"], time_scale=1000) as sandbox:
        yield Company("oracle_fusion", sandbox)


@pytest.fixture
def simulator(company: Company) -> Iterator[OracleFusionSimulator]:
    """The simulator behind `company`; set-up that a test changes is as before afterwards."""
    found = simulator_of(company.sandbox)
    before = dict(found.pod.settings["receivables"])
    yield found
    found.pod.settings["receivables"] = before


@pytest.fixture
def hook(company: Company) -> Iterator[PlatformHook]:
    with company.hook() as made:
        yield made
    company.sandbox.clear_faults()


@pytest.fixture
def client(company: Company) -> Iterator[Client]:
    made = Client(company.sandbox)
    yield made
    made.http.close()
    company.sandbox.clear_faults()


def connected(company: Company, auth: str = "oauth2", **extra: Any) -> OracleFusionHook:
    """A hook on the pod with another kind of authentication or other settings."""
    stored = simulator_of(company.sandbox).connection(auth)
    made = company.hook(**{**stored, "extra": {**stored["extra"], **extra}})
    assert isinstance(made, OracleFusionHook)
    return made


def asked(company: Company, method: str, path: str = "") -> list[Any]:
    found = company.sandbox.requests("oracle_fusion")
    return [each for each in found if each.method == method and each.path.partition("?")[0].endswith(path)]


def sent(company: Company, hook: PlatformHook, document: Any, **extra: Any) -> Sent:
    sending = company.sending(hook, document, **extra)
    return company.create(hook, sending)[sending.key]


def refused(company: Company, hook: PlatformHook, document: Any) -> PlatformError:
    error = sent(company, hook, document).error
    assert error is not None
    return error


def changed(company: Company, hook: PlatformHook, first: Invoice, remote: RemoteDocument, **fields: Any) -> Sent:
    again = company.sending(hook, first.model_copy(update=fields), remote.customer_id)
    return hook.update_invoice(again, remote)


def void(hook: PlatformHook, remote: RemoteDocument) -> Sent:
    return hook.void_invoice(remote, on=today(), reason="Entered twice", key=str(uuid4()))


def pay(company: Company, hook: PlatformHook, payment: Payment, remote: RemoteDocument) -> RemotePayment:
    references = company.payment_references(hook, payment, remote.customer_id)
    return hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=references)


def balance(hook: PlatformHook, remote: RemoteDocument) -> Decimal | None:
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    return now.balance
