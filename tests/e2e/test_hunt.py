"""The hunt for secrets finds them."""

from __future__ import annotations

import pytest
from tests.e2e.hunt import leaks

SECRET = "RT1-ojREqslTql5ss8Pk"


@pytest.mark.parametrize("text", [f"refresh_token={SECRET}&x", f'{{"token": "{SECRET}"}}', f"\\x7b22{SECRET.encode().hex()}227d"])
def test_a_secret_in_a_text_is_found_with_its_place_and_origin(text: str) -> None:
    assert leaks([("scheduler.log", "all is well"), ("task.log", text)], {SECRET: "quickbooks: token issued"}) == [
        "task.log: quickbooks: token issued"
    ]
