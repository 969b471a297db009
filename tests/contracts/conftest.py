"""What the tests with clients that others wrote share: one simulated company per module, named by the module's SLUG, and our hook on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.platforms.company import Company

from airbooks.platforms.base import PlatformHook
from airbooks.sandbox.server import running


@pytest.fixture(scope="module")
def company(request: pytest.FixtureRequest) -> Iterator[Company]:
    slug = request.module.SLUG
    with running([slug], time_scale=1000) as sandbox:
        yield Company(slug, sandbox)


@pytest.fixture
def hook(company: Company) -> Iterator[PlatformHook]:
    with company.hook() as made:
        yield made
