"""How FreshBooks answers: results and errors in their envelope, the newer error form under X-API-VERSION, local times of the US East."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Response

Row = dict[str, Any]
EASTERN = ZoneInfo("America/New_York")
REQUIRED, DENIED, INVALID, PARSE, DELETED, UNKNOWN, NOT_A_NUMBER, BAD_DATE, NOT_A_PERCENT, READ_ONLY = (
    1001,
    1003,
    1004,
    1005,
    1011,
    1012,
    1015,
    1016,
    1018,
    1038,
)


class Refused(Exception):  # noqa: N818 - what the vendor does with a request
    """A request that is not done: HTTP status, errno, and the field, object and value it is about."""

    def __init__(self, status: int, errno: int, message: str, *, field: str = "", kind: str = "", value: Any = "") -> None:
        super().__init__(f"{errno} {field}: {message}")
        self.status, self.errno, self.message, self.field, self.kind, self.value = status, errno, message, field, kind, value

    def told(self) -> Row:
        return {"errno": self.errno, "field": self.field, "message": self.message, "object": self.kind, "value": str(self.value)}

    def body(self, *, new_form: bool = False, single: bool = False) -> Row:
        """The old form (a list under `errors`, or one object under `error`), or the form of the dated API versions."""
        if not new_form:
            return {"response": {"error": self.told()} if single else {"errors": [self.told()]}}
        metadata = {"object": self.kind, "message": self.message, "value": str(self.value), "field": self.field}
        info = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": str(self.errno),
            "domain": "accounting.api.freshbooks.com",
            "metadata": metadata,
        }
        return {"code": 5, "message": f"Request failed with status_code: {self.status}", "details": [info]}


def invalid(field: str, message: str, kind: str, value: Any = "", errno: int = INVALID) -> Refused:
    return Refused(422, errno, message, field=field, kind=kind, value=value)


def required(field: str, kind: str) -> Refused:
    return invalid(field, f"{field} is required", kind, errno=REQUIRED)


def read_only(field: str, kind: str, value: Any) -> Refused:
    return Refused(403, READ_ONLY, "Write access denied to field", field=field, kind=kind, value=value)


def not_found(kind: str, field: str, value: Any) -> Refused:
    return Refused(404, UNKNOWN, f"{kind.capitalize()} not found.", field=field, kind=kind, value=value)


def answer(status: int, body: Row) -> Response:
    return Response(json.dumps(body), status, media_type="application/json")


def local(moment: datetime) -> str:
    """A moment as accounting end points write it."""
    return f"{moment.astimezone(EASTERN):%Y-%m-%d %H:%M:%S}"
