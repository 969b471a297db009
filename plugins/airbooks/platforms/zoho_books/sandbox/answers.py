"""How Zoho Books answers: one envelope of code and message for everything, exact JSON numbers, times with an offset without colon."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from fastapi import Response

Row = dict[str, Any]

INVALID, TOO_LONG, NOT_FOUND, WRONG_URL, FOREIGN_NUMBER = 4, 15, 1002, 5, 4097
DUPLICATE_INVOICE, DUPLICATE_CREDIT_NOTE, DUPLICATE_CONTACT = 1001, 12018, 3062  # 1001 and 12018 are UNVERIFIED
UNAUTHORISED, STALE_TOKEN = 57, 14
PER_MINUTE, PER_DAY, INTERNAL = 44, 45, 1000
RULE = 2000  # the numbers of the business rules are not known; only their words are


class Refusal(Exception):  # noqa: N818 - not a fault of ours
    """What Zoho Books refuses, as its envelope says it."""

    def __init__(self, message: str, code: int = RULE, status: int = 400) -> None:
        super().__init__(f"{code} {message}")
        self.message, self.code, self.status = message, code, status


def invalid(field: str) -> Refusal:
    return Refusal(f"Invalid value passed for {field}", INVALID)


def missing(what: str) -> Refusal:
    return Refusal(f"{what} does not exist.", NOT_FOUND, 404)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S%z")


def exact_json(value: Any) -> str:
    """JSON with every Decimal written digit by digit: a float would lose cents of large amounts."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{exact_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(exact_json(item) for item in value) + "]"
    return json.dumps(value)


def answer(status: int, code: int, message: str, **body: Any) -> Response:
    return Response(exact_json({"code": code, "message": message, **body}), status, media_type="application/json;charset=UTF-8")


def plain(status: int, body: Row) -> Response:
    """An answer of the accounts server, which has no envelope."""
    return Response(exact_json(body), status, media_type="application/json;charset=UTF-8")
