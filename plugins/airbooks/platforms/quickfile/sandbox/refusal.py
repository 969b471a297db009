"""How the simulator refuses, and how it writes numbers."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from fastapi import Response

CENT = Decimal("0.01")


class Refusal(Exception):  # noqa: N818 it is an answer, not a fault of the simulator
    """The vendor's error body with its status; statuses other than of validation are UNVERIFIED."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message, self.status = message, status


def schema(name: str, why: str) -> Refusal:
    """A request that does not fit the method's schema (texts illustrative)."""
    return Refusal(f"The '{name}' element is invalid - {why}")


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def exact_json(value: Any) -> str:
    """JSON with every Decimal written digit by digit."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{exact_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(exact_json(item) for item in value) + "]"
    return json.dumps(value)


def answer(status: int, body: Any) -> Response:
    return Response(exact_json(body), status, media_type="application/json; charset=utf-8")
