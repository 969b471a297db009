"""One simulated site for all tests of a module, the connector on it, and the site as a plain HTTP client sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import httpx
import pytest
from tests.platforms.company import Company

from airbooks.platforms.infor_syteline import InforSyteLineHook
from airbooks.platforms.infor_syteline.sandbox import InforSyteLineSimulator
from airbooks.sandbox.server import running

SLUG = "infor_syteline"
GATEWAY = "/HARBOUR_TST/CSI/IDORequestService/ido"
DIRECT = "/IDORequestService/ido"
Json = dict[str, Any]


class Site(Company):
    """The company, with what only SyteLine has."""

    @property
    def simulator(self) -> InforSyteLineSimulator:
        return cast(InforSyteLineSimulator, self.sandbox.simulators[SLUG])

    def on(self, **extra: Any) -> InforSyteLineHook:
        """A hook whose connection differs in these fields."""
        return cast(InforSyteLineHook, self.hook(extra=extra))

    def asked(self, text: str) -> list[Any]:
        """The requests so far whose path contains `text`."""
        return [each for each in self.sandbox.requests(SLUG) if text in each.path]

    def rows(self, ido: str, number: str) -> list[Json]:
        """The site's own rows of a document number."""
        return [row for row in self.simulator.database.rows(ido) if (row.get("InvNum") or "").strip() == number]


class Client:
    """Plain HTTP with a token of one door and nothing of the connector."""

    def __init__(self, site: Site, prefix: str, headers: dict[str, str]) -> None:
        self.site = site
        self.client = httpx.Client(base_url=site.sandbox.base_url(SLUG) + prefix, headers=headers, timeout=10)

    def load(self, ido: str, properties: str, condition: str = "", **more: str) -> Json:
        found: Json = self.client.get(f"/load/{ido}", params={"properties": properties, "filter": condition, **more}).json()
        return found

    def update(self, ido: str, values: Mapping[str, str | None], action: int = 1, item_id: str = "PBT=[x]", *more: Json) -> Json:
        found: Json = self.client.post(
            f"/update/{ido}", params={"refresh": "true"}, json={"Changes": [change(values, action, item_id), *more]}
        ).json()
        return found

    def invoke(self, method: str, *parameters: str | None, ido: str = "SLArinvs") -> Json:
        found: Json = self.client.post(f"/invoke/{ido}", params={"method": method}, json=list(parameters)).json()
        return found

    def customer(self, number: str, **more: str) -> None:
        made = self.update("SLCustomers", {"CustNum": number, "CustSeq": "0", "Name": f"Customer {number}", "CurrCode": "USD", **more})
        assert made["Success"], made

    def invoice(self, customer: str, number: str, **more: str | None) -> Json:
        values = {
            "CustNum": customer,
            "InvNum": number,
            "InvSeq": "0",
            "Type": "I",
            "InvDate": "20260714 00:00:00.000",
            "Acct": "1100",
            "Amount": "100.00",
            **more,
        }
        return self.update("SLArinvs", values)


def change(values: Mapping[str, str | None], action: int = 1, item_id: str = "PBT=[x]") -> Json:
    properties = [{"Name": name, "Value": value, "Modified": True, "IsNull": value is None} for name, value in values.items()]
    return {"Action": action, "ItemId": item_id, "ItemNo": 1, "UpdateLocking": 0, "Properties": properties}


@pytest.fixture(scope="module")
def company() -> Iterator[Site]:
    with running([SLUG], time_scale=1000) as sandbox:
        yield Site(SLUG, sandbox)


@pytest.fixture
def site(company: Site) -> Iterator[Site]:
    """The module's site; no fault outlives its test."""
    yield company
    company.sandbox.clear_faults()


@pytest.fixture
def hook(site: Site) -> Iterator[InforSyteLineHook]:
    with site.on() as made:
        yield made


@pytest.fixture(scope="module")
def client(company: Site) -> Iterator[Client]:
    """Through the gateway."""
    connection = company.connection()
    extra = connection["extra"]
    form = {"grant_type": "password", "username": connection["login"], "password": connection["password"]}
    form |= {"client_id": extra["client_id"], "client_secret": extra["client_secret"]}
    token = httpx.post(extra["token_url"], data=form).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "X-Infor-MongooseConfig": extra["config"]}
    made = Client(company, GATEWAY, headers)
    yield made
    made.client.close()
