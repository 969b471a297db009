"""How MYOB answers: exact JSON numbers, a list of named errors, a bare message for some refusals of the door."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

from fastapi import Response

Row = dict[str, Any]


class Refused(Exception):  # noqa: N818 - what the vendor does, not a fault of ours
    """An answer that is not a good one; `body` None is an empty one."""

    def __init__(self, status: int, body: Row | None) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


def error(name: str, message: str, code: int | None = None, *, details: str = "", severity: str = "Error") -> Row:
    return {
        "Name": name,
        "Message": message,
        "AdditionalDetails": details,
        "ErrorCode": code,
        "Severity": severity,
        "LearnMore": None,
    }


def refused(name: str, message: str, code: int | None = None, *, status: int = 400, details: str = "", severity: str = "Error") -> Refused:
    return Refused(status, {"Errors": [error(name, message, code, details=details, severity=severity)], "Information": ""})


def required(name: str) -> Refused:
    return refused("Required", f"{name} is required", 100)


def no_such(what: str, uid: object) -> Refused:
    """A UID that a body names and the file does not have: HTTP 400, unlike an unknown UID in the path."""
    return refused("NotFound", f"{what} was not found", 150, details=f"{what}.UID: {uid}")


def not_here() -> Refused:
    return Refused(404, {"Message": "The requested resource was not found"})


def malformed(message: str) -> Refused:
    return refused("SerializationError", message, 50)


def exact_json(value: Any) -> str:
    """JSON with every Decimal written digit by digit: a float would lose cents of large amounts."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{exact_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(exact_json(item) for item in value) + "]"
    return json.dumps(value)


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    """One HTTP answer with its request id; without a body there is not even an empty object."""
    named = {"x-myobapi-requestid": str(uuid4()), **(headers or {})}
    if body is None:
        return Response(status_code=status, headers=named)
    return Response(exact_json(body), status, named, "application/json; charset=utf-8")
