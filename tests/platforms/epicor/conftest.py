"""The simulated Epicor company, one for all tests of a module, and a hook on it; waits between repeats are skipped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.platforms.company import Company

from airbooks.canonical import DocumentKind, RemoteDocument
from airbooks.platforms.base import Sending
from airbooks.platforms.epicor.hook import EpicorHook
from airbooks.platforms.epicor.sandbox.simulator import EpicorSimulator
from airbooks.sandbox.server import running

SLUG = "epicor"


@dataclass
class Desk:
    """The company, a hook, and its simulator: what the engine does around the hook, in few words."""

    company: Company
    hook: EpicorHook

    @property
    def simulator(self) -> EpicorSimulator:
        found = self.company.sandbox.simulators[SLUG]
        assert isinstance(found, EpicorSimulator)
        return found

    def inject(self, fault: str, **parameters: Any) -> None:
        self.company.sandbox.inject(SLUG, fault, **parameters)

    def asked(self, text: str, since: int = 0) -> list[Any]:
        """The requests whose path contains `text`."""
        return [each for each in self.company.sandbox.requests(SLUG)[since:] if text in each.path]

    def so_far(self) -> int:
        return len(self.company.sandbox.requests(SLUG))

    def draft(self, **fields: Any) -> tuple[Sending, RemoteDocument]:
        """The small invoice, entered and not posted."""
        sending = self.company.sending(self.hook, self.company.small_invoice(**fields))
        return sending, self.entered(sending)

    def entered(self, sending: Sending) -> RemoteDocument:
        (sent,) = self.hook.create_invoices([sending])
        assert sent.error is None, str(sent.error)
        assert sent.remote is not None
        return sent.remote

    def row(self, remote: RemoteDocument) -> dict[str, Any]:
        """The head that the platform holds."""
        head: dict[str, Any] = self.simulator.store.table("InvcHead")[remote.remote_id]["head"]
        return head

    def heads(self, number: str) -> list[dict[str, Any]]:
        """Everything stored under our number, heads without lines among it."""
        return [each for each in self.simulator.store.table("InvcHead").values() if each["head"]["XRefInvoiceNum"] == number]

    def now(self, remote: RemoteDocument) -> RemoteDocument:
        found = self.hook.get_invoice(remote.remote_id, remote.kind)
        assert found is not None
        return found

    def found(self, number: str) -> list[RemoteDocument]:
        return self.hook.find_invoice(number, DocumentKind.INVOICE)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    with running([SLUG], time_scale=1000) as sandbox:
        yield Company(SLUG, sandbox)


@pytest.fixture(scope="module")
def shared_hook(company: Company) -> Iterator[EpicorHook]:
    with company.hook() as hook:
        assert isinstance(hook, EpicorHook)
        yield hook


@pytest.fixture
def desk(company: Company, shared_hook: EpicorHook) -> Iterator[Desk]:
    yield Desk(company, shared_hook)
    company.sandbox.clear_faults()
    company.sandbox.simulators[SLUG].clear_faults()
