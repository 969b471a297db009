"""One simulated company for the tests of a module, its hook, and a bare caller of the Service Layer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from tests.platforms.company import Company

from airbooks.canonical import RemoteDocument
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.sap_business_one import SapBusinessOneHook
from airbooks.platforms.sap_business_one.sandbox import SapBusinessOneSimulator
from airbooks.platforms.sap_business_one.sandbox.sessions import COMPANY_DB, PASSWORD, USER
from airbooks.sandbox.server import running

SLUG = "sap_business_one"


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    with running([SLUG], time_scale=1000) as sandbox:
        yield Company(SLUG, sandbox)


@pytest.fixture
def simulator(company: Company) -> Iterator[SapBusinessOneSimulator]:
    """The company's simulator; its clock and its faults are as they were afterwards."""
    found = company.sandbox.simulators[SLUG]
    assert isinstance(found, SapBusinessOneSimulator)
    offset = found.clock.offset
    yield found
    found.clock.offset = offset
    company.sandbox.clear_faults()


@pytest.fixture
def hook(company: Company, simulator: SapBusinessOneSimulator) -> Iterator[SapBusinessOneHook]:
    with made(company) as found:
        yield found
        company.sandbox.clear_faults()


def made(company: Company, **extra: Any) -> SapBusinessOneHook:
    return cast(SapBusinessOneHook, company.hook(extra=extra))


def asked(company: Company, path: str) -> int:
    return len([each for each in company.sandbox.requests(SLUG) if each.path.partition("?")[0].endswith(path)])


def refused(company: Company, hook: SapBusinessOneHook, sending: Sending) -> PlatformError:
    error = company.create(hook, sending)[sending.key].error
    assert error is not None
    return error


def good(sent: Sent) -> RemoteDocument:
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return sent.remote


@dataclass
class Caller:
    """What a program without airbooks sends; `cookies` are those of its session."""

    root: str
    version: str = "v2"
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._http = httpx.Client()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Cookie": cookie, **{name.replace("_", "-"): value for name, value in headers.items()}}
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        self._http.cookies.clear()
        return self._http.request(method, f"{self.root}/b1s/{self.version}/{path}", content=content, headers=sent)

    def log_in(self, **changes: str) -> httpx.Response:
        answer = self.call("POST", "Login", {"CompanyDB": COMPANY_DB, "UserName": USER, "Password": PASSWORD, **changes})
        pairs = (line.partition(";")[0].partition("=") for line in answer.headers.get_list("set-cookie"))
        self.cookies = {name: value for name, _, value in pairs}
        return answer

    def customer(self, **fields: Any) -> str:
        """A new customer's code."""
        code = f"T{uuid4().hex[:10]}"
        answer = self.call("POST", "BusinessPartners", {"CardCode": code, "CardName": "Test", "CardType": "cCustomer", **fields})
        assert answer.status_code == 201, answer.text
        return code

    def invoice(self, customer: str, **fields: Any) -> httpx.Response:
        line = {"ItemCode": "FLT-PRE-30", "Quantity": 2, "UnitPrice": 50, "VatGroup": "A19"}
        return self.call("POST", "Invoices", {"CardCode": customer, "DocumentLines": [line], **fields})

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def caller(company: Company, simulator: SapBusinessOneSimulator) -> Iterator[Caller]:
    found = Caller(company.sandbox.base_url(SLUG))
    assert found.log_in().status_code == 200
    yield found
    found.close()
