"""Faults of the wire: what networks, gateways and proxies do to a request, chosen per call and struck on demand.

A fault stands before or after the *commit*: whether the platform's handler ran is what a client cannot see and must find out.
Faults of a platform's own (a locked period, an expired token) belong to its simulator.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

Message = dict[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


class Kind(StrEnum):
    """What happens to the call. `before`: the platform never saw it. `after`: it is booked, and the answer is lost or spoilt."""

    TIMEOUT_BEFORE_COMMIT = "timeout_before_commit"
    TIMEOUT_AFTER_COMMIT = "timeout_after_commit"
    LATE_COMMIT = "late_commit"  # nothing is booked for `seconds`, then it is, whether or not the client still waits
    RESET_BEFORE_COMMIT = "reset_before_commit"
    RESET_AFTER_COMMIT = "reset_after_commit"
    ERROR_BEFORE_COMMIT = "error_before_commit"  # a gateway's `status`, JSON or HTML
    ERROR_AFTER_COMMIT = "error_after_commit"
    RATE_LIMITED = "rate_limited"  # 429, with `retry_after` if given
    SLOW_DRIP = "slow_drip"  # the whole answer, `chunk` bytes every `seconds`
    TRUNCATED_BODY = "truncated_body"  # half of the promised bytes, then the connection closes
    MALFORMED_BODY = "malformed_body"  # the right length, the wrong bytes
    EMPTY_BODY = "empty_body"  # the handler's status, no bytes
    DUPLICATE_DELIVERY = "duplicate_delivery"  # a proxy sends the request twice; the client sees the second answer


class Fault(BaseModel):
    """One armed fault and the calls it strikes; every given filter must match."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    slug: str | None = None  # None: any platform
    method: str | None = None
    path: str = ""  # regular expression, searched in the path below /<slug>
    body: str = ""  # substring of the request body
    times: int | None = Field(default=1, ge=1)  # None: until cleared
    after: int = Field(default=0, ge=0)  # let this many matching calls through first
    probability: float = Field(default=1.0, gt=0, le=1)
    seed: int = 0
    status: int = Field(default=503, ge=400, le=599)
    html: bool = False  # an error body as a gateway writes it, not as the platform does
    retry_after: str | None = None  # seconds or an HTTP date
    seconds: float = Field(default=600.0, ge=0)  # a time-out hangs at most so long; a late commit and each drip wait so long
    chunk: int = Field(default=1, ge=1)

    _seen: int = PrivateAttr(default=0)
    _struck: int = PrivateAttr(default=0)
    _dice: random.Random = PrivateAttr()

    def model_post_init(self, _context: Any) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 - reproducible, not secret

    @property
    def struck(self) -> int:
        """How many calls it has struck so far."""
        return self._struck

    @property
    def spent(self) -> bool:
        return self.times is not None and self._struck >= self.times

    def matches(self, slug: str, method: str, path: str, body: bytes) -> bool:
        return (
            self.slug in (None, slug)
            and self.method in (None, method)
            and re.search(self.path, path) is not None
            and self.body.encode() in body
        )

    def strikes(self) -> bool:
        """Whether this matching call is struck; counts it either way."""
        self._seen += 1
        if self.spent or self._seen <= self.after or self._dice.random() >= self.probability:
            return False
        self._struck += 1
        return True


@dataclass
class Faults:
    """The faults that are armed now, oldest first; the first one that strikes decides the call."""

    armed: list[Fault] = field(default_factory=list)

    def arm(self, kind: Kind | str, **filters: Any) -> Fault:
        """Arm one fault; `filters` are the fields of `Fault`."""
        fault = Fault(kind=Kind(kind), **filters)
        self.armed.append(fault)
        return fault

    def clear(self) -> None:
        self.armed.clear()

    def choose(self, slug: str, method: str, path: str, body: bytes) -> Fault | None:
        return next((fault for fault in list(self.armed) if fault.matches(slug, method, path, body) and fault.strikes()), None)


@dataclass
class Answer:
    """A handler's whole answer, caught before it reaches the wire."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def catch(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    def with_body(self, body: bytes) -> Answer:
        headers = [(name, value) for name, value in self.headers if name.lower() != b"content-length"]
        return Answer(self.status, [*headers, (b"content-length", str(len(body)).encode())], body)

    async def start(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})

    async def send(self, send: Send) -> None:
        await self.start(send)
        await send({"type": "http.response.body", "body": self.body})


def plain(status: int, content_type: str, text: str, *extra: tuple[bytes, bytes]) -> Answer:
    return Answer(status, [(b"content-type", content_type.encode()), *extra]).with_body(text.encode())


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that hands out the body once more and then tells what the connection does."""
    pending = [body]

    async def again() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return again


@dataclass
class Call:
    """One request on its way to its handler. `record` is told the status the client will see, or None, before the client can see it."""

    app: App
    scope: Scope
    body: bytes
    receive: Receive
    uvicorn_send: Send
    record: Callable[[int | None], None]

    @property
    def transport(self) -> asyncio.Transport:
        cycle: Any = self.uvicorn_send.__self__  # type: ignore[attr-defined]
        transport: asyncio.Transport = cycle.transport
        return transport

    async def handle(self) -> Answer:
        answer = Answer()
        await self.app(self.scope, replay(self.body, self.receive), answer.catch)
        return answer

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.record(message["status"])
        await self.uvicorn_send(message)

    async def hang(self, seconds: float) -> None:
        """Say nothing until the client gives up, at most `seconds`; then close."""
        self.record(None)
        try:
            await asyncio.wait_for(self.gone(), seconds)
        except TimeoutError:
            await self.cut()

    async def gone(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def reset(self) -> None:
        """Close the connection with a TCP reset."""
        self.record(None)
        wire: socket.socket = self.transport.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.cut()

    async def cut(self) -> None:
        self.transport.abort()
        await self.gone()

    async def close(self) -> None:
        """Close the connection after what is already sent."""
        self.transport.close()
        await self.gone()


async def strike(fault: Fault, call: Call) -> None:
    """Let `fault` happen to `call`."""
    await STRIKES[fault.kind](fault, call)


async def _timeout_before(fault: Fault, call: Call) -> None:
    await call.hang(fault.seconds)


async def _timeout_after(fault: Fault, call: Call) -> None:
    await call.handle()
    await call.hang(fault.seconds)


async def _late_commit(fault: Fault, call: Call) -> None:
    await asyncio.sleep(fault.seconds)
    await (await call.handle()).send(call.send)


async def _reset_before(_fault: Fault, call: Call) -> None:
    await call.reset()


async def _reset_after(_fault: Fault, call: Call) -> None:
    await call.handle()
    await call.reset()


async def _error_before(fault: Fault, call: Call) -> None:
    await _error(fault).send(call.send)


async def _error_after(fault: Fault, call: Call) -> None:
    await call.handle()
    await _error(fault).send(call.send)


async def _rate_limited(fault: Fault, call: Call) -> None:
    extra = () if fault.retry_after is None else ((b"retry-after", fault.retry_after.encode()),)
    await plain(429, "application/json", '{"error": "too many requests"}', *extra).send(call.send)


async def _slow_drip(fault: Fault, call: Call) -> None:
    answer = await call.handle()
    answer = answer.with_body(answer.body)
    await answer.start(call.send)
    for at in range(0, len(answer.body), fault.chunk):
        await asyncio.sleep(fault.seconds)
        await call.send({"type": "http.response.body", "body": answer.body[at : at + fault.chunk], "more_body": True})
    await call.send({"type": "http.response.body", "body": b""})


async def _truncated(_fault: Fault, call: Call) -> None:
    answer = await call.handle()
    answer = answer.with_body(answer.body)
    await answer.start(call.send)
    await call.send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
    await call.close()


async def _malformed(_fault: Fault, call: Call) -> None:
    answer = await call.handle()
    half = len(answer.body) // 2
    await answer.with_body(answer.body[:half] + b"\x00" * (len(answer.body) - half)).send(call.send)


async def _empty(_fault: Fault, call: Call) -> None:
    await (await call.handle()).with_body(b"").send(call.send)


async def _duplicate(_fault: Fault, call: Call) -> None:
    await call.handle()
    await (await call.handle()).send(call.send)


def _error(fault: Fault) -> Answer:
    if fault.html:
        page = f"<html><head><title>{fault.status}</title></head><body><center><h1>{fault.status} Gateway error</h1></center></body></html>"
        return plain(fault.status, "text/html", page)
    return plain(fault.status, "application/json", f'{{"error": {{"code": {fault.status}, "message": "upstream failure"}}}}')


STRIKES: dict[Kind, Callable[[Fault, Call], Awaitable[None]]] = {
    Kind.TIMEOUT_BEFORE_COMMIT: _timeout_before,
    Kind.TIMEOUT_AFTER_COMMIT: _timeout_after,
    Kind.LATE_COMMIT: _late_commit,
    Kind.RESET_BEFORE_COMMIT: _reset_before,
    Kind.RESET_AFTER_COMMIT: _reset_after,
    Kind.ERROR_BEFORE_COMMIT: _error_before,
    Kind.ERROR_AFTER_COMMIT: _error_after,
    Kind.RATE_LIMITED: _rate_limited,
    Kind.SLOW_DRIP: _slow_drip,
    Kind.TRUNCATED_BODY: _truncated,
    Kind.MALFORMED_BODY: _malformed,
    Kind.EMPTY_BODY: _empty,
    Kind.DUPLICATE_DELIVERY: _duplicate,
}
