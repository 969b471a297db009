"""What the tests of all platforms share; a room's own conftest comes first where it has fixtures of these names."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest
from tests.platforms.company import Company

from airbooks.platforms import registry
from airbooks.platforms.base import PlatformHook
from airbooks.sandbox.server import running


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause between two repeats lasts a moment only: long enough for a simulated minute to pass."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.02)))


@pytest.fixture(autouse=True)
def no_secrets_of_other_tests() -> Iterator[None]:
    """Airflow's masker compiles all the secrets it knows anew with each one that it learns: those of thousands of tests take long."""
    yield
    masking = sys.modules.get("airflow.sdk._shared.secrets_masker")
    if masking is not None:
        masking.reset_secrets_masker()


@pytest.fixture(scope="module", params=registry.slugs())
def company(request: pytest.FixtureRequest) -> Iterator[Company]:
    """One simulated company per platform for all tests of a module; every test uses numbers and customers of its own."""
    with running([request.param], time_scale=1000) as sandbox:
        yield Company(request.param, sandbox)


@pytest.fixture
def hook(company: Company) -> Iterator[PlatformHook]:
    """A hook on the company's connection; no fault outlives its test."""
    with company.hook() as made:
        yield made
    company.sandbox.clear_faults()
