"""How ERPx answers: exact JSON numbers, and errors as a message or within the posted structure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from fastapi import Response

Row = dict[str, Any]


class Refusal(Exception):  # noqa: N818 it is an answer, not a fault
    """What ERPx refuses; `body` is the posted structure with the messages at the offending node, where there is one."""

    def __init__(self, message: str, status: int = 400, *, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message, self.status, self.body, self.headers = message, status, body, dict(headers or {})

    def response(self) -> Response:
        return answer(self.status, {"message": self.message} if self.body is None else self.body, self.headers)


def exact_json(value: Any) -> str:
    """JSON with every Decimal written digit by digit and times as ISO text."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return json.dumps(iso(value))
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{exact_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(exact_json(item) for item in value) + "]"
    return json.dumps(value)


def iso(value: datetime) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"


def answer(status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> Response:
    """An answer; one without a body is empty."""
    content = "" if body is None else exact_json(body)
    return Response(content, status, dict(headers or {}), "application/json" if content else None)
