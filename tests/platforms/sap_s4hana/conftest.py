"""One simulated company code for all tests of a module; every test uses numbers and customers of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.platforms.company import Company

from airbooks.platforms.sap_s4hana.hook import SapS4HanaHook
from airbooks.sandbox.server import running

SLUG = "sap_s4hana"


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    with running([SLUG], time_scale=1000) as sandbox:
        yield Company(SLUG, sandbox)


@pytest.fixture
def hook(company: Company) -> Iterator[SapS4HanaHook]:
    """A hook on the company's connection; no fault outlives its test."""
    with company.hook() as made:
        assert isinstance(made, SapS4HanaHook)
        yield made
    company.sandbox.clear_faults()
