"""A desk per test: the QuickBooks simulator, a migrated database, and a folder that the bank writes statements to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.delivery.office import Office
from tests.payments.desk import PAID, Desk, sold

from airbooks.sandbox.server import Sandbox


@pytest.fixture
def quickbooks(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox("quickbooks", time_scale=1000)


@pytest.fixture
def office(quickbooks: Sandbox, postgres_url: str) -> Iterator[Office]:
    made = Office(postgres_url, quickbooks.simulators["quickbooks"].connection())
    yield made
    made.close()


@pytest.fixture
def desk(office: Office, quickbooks: Sandbox, tmp_path: Path) -> Desk:
    return Desk(office, quickbooks, tmp_path)


@pytest.fixture
def paid(desk: Desk) -> Desk:
    """An invoice that is paid, on the platform too."""
    sold(desk, 1)
    desk.statement("a", PAID)
    desk.run()
    return desk
