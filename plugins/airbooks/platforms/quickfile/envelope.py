"""The envelope of API v1.2: credentials travel in the body, signed anew for every single attempt.

A SubmissionNumber may never be used twice on an account, so a request that is repeated after a refused connection or a 429 must not be
the same bytes again: the wire signs it each time it sends it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from airbooks.platforms.quickfile.spec import VERSION
from airbooks.platforms.wire import Reply, Request, Wire, to_json

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Account number, API key and application id, as the connection holds them."""

    account: str
    api_key: str = field(repr=False)
    application_id: str
    test_mode: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission(Request):
    """A call of a v1.2 method; None as `body` leaves the Body node out, which some methods demand."""

    body: Body | None = field(default=None, repr=False)


def path_of(method: str) -> str:
    """`Invoice_Create` is /1_2/invoice/create."""
    group, _, name = method.lower().partition("_")
    return f"/{VERSION}/{group}/{name}"


def md5_value(account: str, api_key: str, submission: str) -> str:
    """Lower-case hexadecimal MD5 of account number, API key and submission number, without separators (the vendor's rule)."""
    return hashlib.md5(f"{account}{api_key}{submission}".encode(), usedforsecurity=False).hexdigest()


def envelope(credentials: Credentials, submission: str, body: Body | None) -> dict[str, Any]:
    """The payload of one request: Header with its signature, then Body."""
    header: dict[str, Any] = {"MessageType": "Request"}
    if credentials.test_mode:
        header["TestMode"] = True
    header |= {
        "SubmissionNumber": submission,
        "Authentication": {
            "AccNumber": credentials.account,
            "MD5Value": md5_value(credentials.account, credentials.api_key, submission),
            "ApplicationID": credentials.application_id,
        },
    }
    return {"payload": {"Header": header} | ({} if body is None else {"Body": dict(body)})}


class SigningWire(Wire):
    """A wire that puts each submission into a newly signed envelope at each attempt."""

    def __init__(self, sign: Callable[[Body | None], dict[str, Any]], **settings: Any) -> None:
        super().__init__(**settings)
        self._sign = sign

    def _once(self, request: Request, authorisation: Mapping[str, str]) -> Reply:
        if isinstance(request, Submission):
            request = replace(request, content=to_json(self._sign(request.body)))
        return super()._once(request, authorisation)
