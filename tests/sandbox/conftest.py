"""A platform that only tests know, found the way every platform is found: by its folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

import airbooks.platforms
from airbooks.sandbox.server import Sandbox

ROOMS = Path(__file__).parent / "rooms"


@pytest.fixture(autouse=True)
def paper_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airbooks.platforms, "__path__", [*airbooks.platforms.__path__, str(ROOMS)])


@pytest.fixture
def paper(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox("paper")


@pytest.fixture
def http(paper: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=paper.url, timeout=5) as client:
        yield client
