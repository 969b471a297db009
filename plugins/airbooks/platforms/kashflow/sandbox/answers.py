"""How KashFlow answers: exact JSON numbers, and `{"Error", "Message"}` for whatever it refuses."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import Response

Row = dict[str, Any]

_encoder = msgspec.json.Encoder(decimal_format="number")


class Refusal(Exception):  # noqa: N818 - not a failure of the simulator
    """What KashFlow refuses; the names of most errors are not published, so those here are illustrations."""

    def __init__(self, error: str, message: str, status: int = 400) -> None:
        super().__init__(f"{error}: {message}")
        self.error, self.message, self.status = error, message, status

    def body(self) -> Row:
        return {"Error": self.error, "Message": self.message}


def invalid(message: str) -> Refusal:
    """A request that breaks a rule of the books."""
    return Refusal("ValidationFailed", message)


def not_found(message: str) -> Refusal:
    return Refusal("NotFound", message, 404)


def answer(status: int, body: Any = None) -> Response:
    """One answer; without a body (204) nothing at all."""
    if body is None:
        return Response(status_code=status)
    return Response(_encoder.encode(body), status, media_type="application/json; charset=utf-8")


def paged(rows: list[Row], path: str, page: int, per_page: int) -> Row:
    """A page of a list with its MetaData; the address of the next page is null on the last one."""
    last = max(1, -(-len(rows) // per_page))

    def address(number: int) -> str | None:
        return f"{path}?page={number}&perpage={per_page}" if 1 <= number <= last else None

    meta = {
        "TotalRecords": len(rows),
        "FirstPageUrl": address(1),
        "LastPageUrl": address(last),
        "PreviousPageUrl": address(page - 1),
        "NextPageUrl": address(page + 1),
    }
    return {"MetaData": meta, "Data": rows[(page - 1) * per_page : page * per_page]}
