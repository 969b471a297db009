"""How Xero answers: an envelope around every list, .NET dates, exact JSON numbers, XML without an Accept header, errors in four shapes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

from fastapi import Response

Row = dict[str, Any]

NO_ID = "00000000-0000-0000-0000-000000000000"


class Refused(Exception):  # noqa: N818 - what the vendor does, not a fault of ours
    """An element that breaks rules; `says` are the messages of its ValidationErrors."""

    def __init__(self, *says: str) -> None:
        super().__init__("; ".join(says))
        self.says = says


class Whole(Exception):  # noqa: N818 - an answer, raised
    """An answer to the whole request other than a good one."""

    def __init__(self, status: int, body: Row | None, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(status))
        self.status, self.body, self.headers = status, body, headers or {}


def problem(status: int, title: str, detail: str) -> Whole:
    """What the gateway refuses: 401 and 403."""
    return Whole(status, {"Type": None, "Title": title, "Status": status, "Detail": detail, "Instance": str(uuid4()), "Extensions": {}})


def malformed(kind: str, message: str, number: int) -> Whole:
    return Whole(400, {"ErrorNumber": number, "Type": kind, "Message": message})


def validation(elements: list[Row]) -> Whole:
    """HTTP 400 with the elements that failed."""
    body = {"ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred", "Elements": elements}
    return Whole(400, body)


def not_found() -> Whole:
    """404 has no JSON: a page, or nothing."""
    return Whole(404, None)


def failed(asked: Row, says: tuple[str, ...], ids: Row) -> Row:
    """An element that was refused: what was asked is echoed, the status too."""
    return {**ids, **asked, "HasErrors": True, "StatusAttributeString": "ERROR", "ValidationErrors": [{"Message": each} for each in says]}


def net_date(moment: datetime | date, *, with_offset: bool = True) -> str:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return f"/Date({int(moment.timestamp() * 1000)}{'+0000' if with_offset else ''})/"


def envelope(name: str, rows: list[Row], now: datetime) -> Row:
    """What every good answer is wrapped in."""
    head = {"Id": str(uuid4()), "Status": "OK", "ProviderName": "Sandbox app", "DateTimeUTC": net_date(now, with_offset=False)}
    return {**head, name: rows}


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


def answer(status: int, body: Any, headers: dict[str, str], *, as_json: bool) -> Response:
    """One HTTP answer with its correlation id."""
    headers = {"Xero-Correlation-Id": str(uuid4()), **headers}
    if status == 404:
        return Response("<html><body>The resource you're looking for cannot be found</body></html>", 404, headers, "text/html")
    if body is None:
        return Response(status_code=status, headers=headers)
    if as_json:
        return Response(exact_json(body), status, headers, "application/json; charset=utf-8")
    return Response(xml(body, "Response"), status, headers, "text/xml; charset=utf-8")
