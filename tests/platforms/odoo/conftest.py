"""A plain JSON-2 client of the simulated Odoo, for setting up and looking at what the connector does not; and the connector."""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from airbooks.platforms.base import Account
from airbooks.platforms.odoo import OdooHook
from airbooks.platforms.odoo.sandbox.seeding import DATABASE, LOGIN, api_key
from airbooks.sandbox.server import Sandbox

MakeHook = Callable[..., OdooHook]
AU, UK = 1, 2
CLIENT = httpx.Client()  # one for all tests: making one is slower than a call


@dataclass
class Json2:
    """Speaks JSON-2 to the simulator as a user of it would, without our connector."""

    sandbox: Sandbox
    key: str
    database: str = "supplier"

    def post(self, model: str, method: str, headers: dict[str, str] | None = None, **named: Any) -> httpx.Response:
        sent = {"Authorization": f"bearer {self.key}", "X-Odoo-Database": self.database, **(headers or {})}
        return CLIENT.post(f"{self.sandbox.base_url('odoo')}/json/2/{model}/{method}", json=named, headers=sent, timeout=30)

    def __call__(self, model: str, method: str, **named: Any) -> Any:
        answer = self.post(model, method, **named)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, model: str, method: str, **named: Any) -> tuple[int, str, str]:
        answer = self.post(model, method, **named)
        said = answer.json()
        return answer.status_code, said["name"], said["message"]

    def id_of(self, model: str, **wanted: Any) -> int:
        found = self(model, "search", domain=[[name, "=", value] for name, value in wanted.items()])
        assert len(found) == 1, (model, wanted, found)
        return int(found[0])

    def customer(self, ref: str = "C-1", **more: Any) -> int:
        return int(self("res.partner", "create", vals_list=[{"name": f"Customer {ref}", "ref": ref, **more}])[0])

    def draft(self, partner: int | bool, company: int = AU, lines: list[dict[str, Any]] | None = None, **more: Any) -> int:
        """A draft invoice; by default one line of 100.00 without tax."""
        chosen = lines if lines is not None else [{"name": "Thing", "quantity": 1, "price_unit": 100, "tax_ids": [[6, 0, []]]}]
        vals = {"move_type": "out_invoice", "company_id": company, "partner_id": partner, "fiscal_position_id": False, **more}
        return int(self("account.move", "create", vals_list=[{**vals, "invoice_line_ids": [[0, 0, line] for line in chosen]}])[0])

    def posted(self, partner: int, **more: Any) -> int:
        move = self.draft(partner, **more)
        assert self("account.move", "action_post", ids=[move]) is False
        return move

    def move(self, move: int, *fields: str) -> dict[str, Any]:
        return dict(self("account.move", "read", ids=[move], fields=list(fields))[0])


@pytest.fixture
def odoo_box(sandbox: Any) -> Sandbox:
    box: Sandbox = sandbox("odoo", time_scale=60)
    return box


@pytest.fixture
def json2(odoo_box: Sandbox) -> Json2:
    return Json2(odoo_box, odoo_box.simulators["odoo"].connection()["password"])


@pytest.fixture
def account(odoo_box: Sandbox) -> dict[str, Any]:
    return {name: value for name, value in odoo_box.simulators["odoo"].connection().items() if name != "conn_type"}


@pytest.fixture
def make_hook(account: dict[str, Any]) -> Iterator[MakeHook]:
    with ExitStack() as opened:

        def make(read_timeout: float | None = None, **changed: Any) -> OdooHook:
            extra = {**account["extra"], **changed.pop("extra", {})}
            stored = Account(**{**account, **changed, "extra": extra})
            return opened.enter_context(OdooHook("odoo_au", account=stored, read_timeout=read_timeout))

        yield make


@pytest.fixture(params=["json2", "xmlrpc"])
def hook(make_hook: MakeHook, request: pytest.FixtureRequest) -> OdooHook:
    return make_hook(extra={"transport": request.param})


@pytest.fixture
def au(make_hook: MakeHook) -> OdooHook:
    return make_hook()


@pytest.fixture
def common(odoo_box: Sandbox) -> xmlrpc.client.ServerProxy:
    return xmlrpc.client.ServerProxy(f"{odoo_box.base_url('odoo')}/xmlrpc/2/common")


@pytest.fixture
def rpc(odoo_box: Sandbox) -> Any:
    proxy = xmlrpc.client.ServerProxy(f"{odoo_box.base_url('odoo')}/xmlrpc/2/object")

    def execute(model: str, method: str, args: list[Any], named: dict[str, Any] | None = None, key: str = api_key(LOGIN)) -> Any:
        return proxy.execute_kw(DATABASE, 2, key, model, method, args, named or {})

    return execute


def jsonrpc(box: Sandbox, service: str, method: str, *args: Any) -> dict[str, Any]:
    asked = {"jsonrpc": "2.0", "method": "call", "id": 7, "params": {"service": service, "method": method, "args": list(args)}}
    return dict(httpx.post(f"{box.base_url('odoo')}/jsonrpc", json=asked).json())
