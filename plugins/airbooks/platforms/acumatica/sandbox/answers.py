"""How Acumatica answers: exact JSON numbers, exceptions of the server, refused records that echo what was sent."""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from uuid import uuid4

import msgspec
from fastapi import Response

Row = dict[str, Any]
Path = tuple[str | int, ...]
_encoder = msgspec.json.Encoder(decimal_format="number")

NO_ENTITY = "PX.Api.ContractBased.NoEntitySatisfiesTheConditionException"


class Refused(Exception):  # noqa: N818 - what the vendor does, not a fault of ours
    """An answer that is not a good one; `body` None is an empty one."""

    def __init__(self, status: int, body: Any = None) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


class Invalid(Exception):  # noqa: N818 - what the vendor does, not a fault of ours
    """Fields of a record that the screen does not take."""

    def __init__(self, found: list[tuple[Path, str]]) -> None:
        super().__init__(str(found))
        self.found = found

    def refused(self, sent: Row, screen: str, *, is_new: bool) -> Refused:
        """The whole record, echoed with an id although nothing was kept, `error` on top and in each field."""
        did = "Inserting" if is_new else "Updating"
        body: Row = {"id": str(uuid4()), "rowNumber": 1, **deepcopy(sent)}
        body["error"] = f"{did} '{screen}' record raised at least one error. Please review the errors."
        if is_new:
            body["ReferenceNbr"] = {"value": "<NEW>"}
        for path, message in self.found:
            _node(body, path)["error"] = message
        return Refused(422, body)


def _node(body: Row, path: Path) -> Row:
    found: Any = body
    for step in path:
        found = found.setdefault(step, {}) if isinstance(step, str) else found[step]
    return found  # type: ignore[no-any-return]


def exception(message: str, kind: str = "PX.Data.PXException", status: int = 500) -> Refused:
    body = {"message": "An error has occurred.", "exceptionMessage": message, "exceptionType": kind, "stackTrace": "   at PX.Api"}
    return Refused(status, body)


def no_entity() -> Refused:
    return exception("No entity satisfies the condition.", NO_ENTITY)


def malformed(message: str) -> Refused:
    return Refused(400, {"message": "The request is invalid.", "modelState": {"entity": [message]}})


def answer(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Response:
    if body is None:
        return Response(status_code=status, headers=headers)
    return Response(_encoder.encode(body), status, headers=headers, media_type="application/json")
