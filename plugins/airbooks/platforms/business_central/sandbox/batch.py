"""JSON $batch: up to 100 requests in one, each its own transaction, or all in one with `Isolation: snapshot`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from airbooks.platforms.business_central.sandbox.refusal import bad_request, dialog
from airbooks.platforms.business_central.sandbox.service import Answer, Call, Service, refused
from airbooks.sandbox.kit import Row

LIMIT = 100


@dataclass
class _Run:
    """The state of one batch under way."""

    snapshot: dict[str, dict[str, Row]] | None
    fails_at: int
    failed: bool = False
    responses: list[dict[str, Any]] = field(default_factory=list)


def run(service: Service, call: Call) -> Answer:
    """Answer a whole batch with HTTP 200; what failed says so inside.

    A snapshot batch in which one part fails keeps nothing, although the parts before it show success. Without
    `odata.continue-on-error` nothing behind a failure is run (UNVERIFIED).
    """
    requests = _requests(call)
    go_on = re.search(r"continue-on-error(?!=false)", call.headers.get("prefer", "")) is not None
    state = _Run(snapshot=_snapshot(service, call), fails_at=_fault_position(service, len(requests)))
    for position, inner in enumerate(requests):
        if state.failed and not go_on:
            break
        _one(service, call, state, position, inner)
    if state.failed and state.snapshot is not None:
        service.company.restore(state.snapshot)
    return Answer(200, {"responses": state.responses})


def _requests(call: Call) -> list[dict[str, Any]]:
    requests = call.json().get("requests")
    if not isinstance(requests, list) or not all(isinstance(each, dict) for each in requests):
        raise bad_request("The batch must hold an array of requests.")
    if len(requests) > LIMIT:
        raise bad_request(f"The batch holds {len(requests)} operations; at most {LIMIT} are allowed.")
    return requests


def _snapshot(service: Service, call: Call) -> dict[str, dict[str, Row]] | None:
    return service.company.saved() if call.headers.get("isolation", "").lower() == "snapshot" else None


def _fault_position(service: Service, size: int) -> int:
    fault = service.company.struck("partial_batch")
    return int(fault.get("at", size - 1)) if fault else -1


def _one(service: Service, outer: Call, state: _Run, position: int, inner: dict[str, Any]) -> None:
    answer = _answer(service, outer, inner) if position != state.fails_at else refused(dialog("The record could not be saved."))
    state.failed = state.failed or answer.status >= 400
    if state.snapshot is not None and "Microsoft.NAV.post" in str(inner.get("url")) and answer.status < 400:
        state.snapshot = service.company.saved()  # posting commits: what went before survives a later failure (from memory)
    state.responses.append({"id": inner.get("id"), "status": answer.status, "headers": _headers(answer), "body": answer.body})


def _headers(answer: Answer) -> dict[str, str]:
    return {**answer.headers, **({"content-type": "application/json; odata.metadata=minimal"} if answer.body is not None else {})}


def _answer(service: Service, outer: Call, inner: dict[str, Any]) -> Answer:
    url = urlsplit(str(inner.get("url", "")))
    headers = {name: value for name, value in outer.headers.items() if name == "accept-language"}
    headers.update({str(name).lower(): str(value) for name, value in (inner.get("headers") or {}).items()})
    return service.serve(
        Call(
            method=str(inner.get("method", "")).upper(),
            group=outer.group,
            root=outer.root,
            path=unquote(url.path).strip("/"),
            query=dict(parse_qsl(url.query)),
            headers=headers,
            body=inner.get("body") or {},
        )
    )
