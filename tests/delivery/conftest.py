"""An office per test: the QuickBooks simulator, a migrated database, and a deliver task's means."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.delivery.office import Office

from airbooks.sandbox.server import Sandbox


@pytest.fixture
def quickbooks(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox("quickbooks", time_scale=1000)


@pytest.fixture
def office(quickbooks: Sandbox, postgres_url: str) -> Iterator[Office]:
    made = Office(postgres_url, quickbooks.simulators["quickbooks"].connection())
    yield made
    made.close()
