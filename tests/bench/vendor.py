"""A vendor that does nothing but count calls, with the sandbox's own sliding windows, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn

from airbooks.sandbox.kit import Clock, RateWindow

Window = tuple[int, float, str]  # calls, seconds, scope ("call" counts every request, "batch" only batch requests)
FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the vendor saw: when it let calls in (seconds since 1970), and how many it refused."""

    admitted: tuple[float, ...]
    refused: int


class Counter:
    """An ASGI application: `POST /call` and `POST /batch` answer 200 or 429 after `latency` seconds, `GET /seen` says what came."""

    def __init__(self, windows: Sequence[Window], latency: float) -> None:
        clock = Clock()
        self.windows = [(RateWindow(clock, calls, seconds), scope) for calls, seconds, scope in windows]
        self.latency, self.admitted, self.refused = latency, list[float](), 0

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        if scope["path"] == "/seen":
            await _answer(send, 200, json.dumps({"admitted": self.admitted, "refused": self.refused}).encode())
            return
        status = 200 if self._admits(scope["path"].removeprefix("/")) else 429
        await asyncio.sleep(self.latency)
        await _answer(send, status, b"{}")

    def _admits(self, kind: str) -> bool:
        admitted = all(window.admit() for window, scope in self.windows if scope in ("call", kind))
        if admitted:
            self.admitted.append(time.time())
        else:
            self.refused += 1
        return admitted


async def _answer(send: Any, status: int, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


def _serve(door: socket.socket, windows: Sequence[Window], latency: float) -> None:
    config = uvicorn.Config(Counter(windows, latency), log_level="warning", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[door])


@contextmanager
def counting(windows: Sequence[Window], latency: float = 0.0) -> Iterator[str]:
    """The URL of such a vendor, gone afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        vendor = FORK.Process(target=_serve, args=(door, windows, latency), daemon=True)
        vendor.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            vendor.kill()
            vendor.join()


def seen(url: str) -> Seen:
    """What the vendor at `url` has seen until now."""
    found = httpx.get(f"{url}/seen", timeout=30).json()
    return Seen(tuple(found["admitted"]), found["refused"])
