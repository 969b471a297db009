"""How a pod answers: exact JSON numbers, and errors whose form depends on the REST framework version of the request."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from fastapi import Response

Row = dict[str, Any]

TITLES = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    412: "Precondition Failed",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
}


class Refusal(Exception):  # noqa: N818 it is an answer, not a fault
    """What the pod refuses. `code` and `path` are the members o:errorCode and o:errorPath of the one detail."""

    def __init__(self, detail: str, code: str = "", path: str = "", *, status: int = 400) -> None:
        super().__init__(detail)
        self.detail, self.code, self.path, self.status = detail, code, path, status

    def details(self) -> list[Row]:
        named = {"detail": self.detail, "o:errorCode": self.code, "o:errorPath": self.path}
        return [{key: value for key, value in named.items() if value}] if self.detail else []


class Unauthorised(Exception):  # noqa: N818 an answer
    """HTTP 401; `scheme` is what the pod asks for."""

    def __init__(self, scheme: str) -> None:
        super().__init__(scheme)
        self.scheme = scheme


def exact_json(value: Any) -> str:
    """JSON with every Decimal written digit by digit."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{exact_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(exact_json(item) for item in value) + "]"
    return json.dumps(value)


def answer(status: int, body: Any, kind: str = "resourceitem") -> Response:
    return Response(exact_json(body), status, media_type=f"application/vnd.oracle.adf.{kind}+json")


def refused(refusals: list[Refusal], version: int) -> Response:
    """The vendor's error document from framework version 4 on; before that, the bare message as text."""
    status = refusals[0].status
    if version < 4:
        return Response("\n".join(each.detail or TITLES[status] for each in refusals), status, media_type="text/plain")
    details = [detail for each in refusals for detail in each.details()]
    body = {"title": TITLES.get(status, "Error"), "status": str(status), "o:errorDetails": details}
    return Response(exact_json(body), status, media_type="application/vnd.oracle.adf.error+json")


def unauthorised(scheme: str) -> Response:
    html = "<html><head><title>401 Authorization Required</title></head><body><h1>401 Authorization Required</h1></body></html>"
    return Response(html, 401, {"WWW-Authenticate": scheme}, "text/html")


def gateway_page(status: int) -> Response:
    return Response(f"<html><body><h1>{status} Gateway</h1></body></html>", status, media_type="text/html")
