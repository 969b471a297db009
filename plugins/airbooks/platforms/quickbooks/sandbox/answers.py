"""How QuickBooks Online answers: exact JSON numbers, XML without an Accept header, and faults of the service and of its gateway."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

from fastapi import Response

Row = dict[str, Any]

BUSINESS = "A business validation error has occurred while processing your request"


class Fault(Exception):  # noqa: N818 - the vendor's own word
    """What the service refuses: `code` as the vendor numbers it, `element` the property at fault, `kind` the fault's type."""

    def __init__(
        self, code: str, message: str, detail: str = "", *, element: str = "", status: int = 400, kind: str = "ValidationFault"
    ) -> None:
        super().__init__(f"{code} {message}: {detail}")
        self.code, self.message, self.detail, self.element, self.status, self.kind = code, message, detail or message, element, status, kind

    def body(self) -> Row:
        error = {"Message": self.message, "Detail": self.detail, "code": self.code, "element": self.element}
        return {"Error": [error], "type": self.kind}


class GatewayFault(Exception):  # noqa: N818 - the vendor's own word
    """What the gateway refuses before the service sees it: lower-case keys, every other key of the envelope null or empty."""

    def __init__(self, status: int, code: str, name: str, detail: str, kind: str) -> None:
        super().__init__(f"{code} {name}: {detail}")
        self.status, self.code, self.name, self.detail, self.kind = status, code, name, detail, kind

    def body(self, now: datetime) -> Row:
        message = f"message={self.name}; errorCode={self.code.zfill(6)}; statusCode={self.status}"
        error = {"message": message, "detail": self.detail, "code": self.code, "element": None}
        return {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [error], "type": self.kind},
            "report": None,
            "queryResponse": None,
            "batchItemResponse": [],
            "attachableResponse": [],
            "syncErrorResponse": None,
            "requestId": None,
            "time": int(now.timestamp() * 1000),
            "status": None,
            "cdcresponse": [],
        }


def business(detail: str, element: str = "") -> Fault:
    """Fault 6000: the request is well formed, but breaks a rule of the books."""
    return Fault("6000", BUSINESS, f"Business Validation Error: {detail}", element=element)


def required(name: str) -> Fault:
    return Fault(
        "2020",
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {name} is missing",
        element=name,
    )


def unsupported(detail: str, element: str) -> Fault:
    return Fault("2010", "Request has invalid or unsupported property", detail, element=element)


def not_found(detail: str) -> Fault:
    return Fault("610", "Object Not Found", f"Object Not Found : {detail}")


def exact_json(value: Any) -> str:
    """JSON with every Decimal written digit by digit: a float would lose cents of large amounts."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{exact_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(exact_json(item) for item in value) + "]"
    return json.dumps(value)


def xml(value: Any, name: str) -> str:
    """The same answer as XML: what a client gets that does not ask for JSON."""
    if isinstance(value, list):
        return "".join(xml(item, name) for item in value)
    if isinstance(value, dict):
        return f"<{name}>" + "".join(xml(item, key) for key, item in value.items()) + f"</{name}>"
    if value is None:
        return ""
    return f"<{name}>{escape(str(value).lower() if isinstance(value, bool) else str(value))}</{name}>"


def answer(status: int, body: Row, *, as_json: bool = True) -> Response:
    """One HTTP answer with the trace id of the call, as JSON or (without `Accept: application/json`) as XML."""
    headers = {"intuit_tid": f"1-{uuid4().hex[:8]}-{uuid4().hex[:24]}"}
    if as_json:
        return Response(exact_json(body), status, headers, "application/json;charset=UTF-8")
    return Response(
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{xml(body, "IntuitResponse")}', status, headers, "application/xml"
    )
