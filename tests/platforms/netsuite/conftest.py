"""One simulated account for the tests of a module; every test uses numbers and customers of its own, and no fault outlives it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.platforms.company import Company

from airbooks.platforms.netsuite import NetSuiteHook
from airbooks.sandbox.server import running

SLUG = "netsuite"


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    with running([SLUG], time_scale=1000) as sandbox:
        yield Company(SLUG, sandbox)


@pytest.fixture
def hook(company: Company) -> Iterator[NetSuiteHook]:
    made = company.hook()
    assert isinstance(made, NetSuiteHook)
    with made:
        yield made
    company.sandbox.clear_faults()
