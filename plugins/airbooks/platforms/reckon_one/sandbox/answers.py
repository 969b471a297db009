"""How Reckon One answers: lists, ids and nothing else, errors of the application and of the gateway in front of it."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import Response

Row = dict[str, Any]
_encoder = msgspec.json.Encoder(decimal_format="number")

INVALID = "The request is invalid."


class Refused(Exception):  # noqa: N818 - what the vendor does with a request
    """A request that the application does not do; `location` names the field it is about."""

    def __init__(self, status: int, message: str, location: str = "") -> None:
        super().__init__(f"{status} {location}: {message}")
        self.status, self.message, self.location = status, message, location

    def body(self) -> Row:
        if not self.location:
            return {"message": self.message, "code": self.status}
        return {"message": INVALID, "code": self.status, "errors": [{"location": self.location, "message": self.message}]}


class GatewayRefused(Exception):  # noqa: N818 - what the gateway does with a request
    """A request that never reaches the application; the gateway has a form of its own for that."""

    def __init__(self, status: int, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}

    def body(self) -> Row:
        return {"statusCode": self.status, "message": self.message}


def invalid(location: str, message: str) -> Refused:
    return Refused(400, message, location)


def not_found() -> Refused:
    return Refused(404, "Resource not found.")


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    """JSON with amounts as exact numbers; 204 has no body."""
    if status == 204:
        return Response(status_code=204, headers=headers)
    return Response(_encoder.encode(body), status, headers=headers, media_type="application/json")
