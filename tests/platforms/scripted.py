"""A real HTTP server on loopback that answers from a script and remembers what it was asked."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import parse_headers
from io import BytesIO


@dataclass(frozen=True)
class Asked:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


Step = Callable[[socket.socket], None]


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> Step:
    """A complete answer; underscores in header names are hyphens."""
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return lambda wire: wire.sendall("\r\n".join([*lines, "", ""]).encode() + body)


def truncated(body: bytes = b'{"id": 1') -> Step:
    """An answer whose connection closes before the announced length."""
    return lambda wire: wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + body)


def reset(wire: socket.socket) -> None:
    """The connection is reset after the request was read."""
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@dataclass
class Scripted:
    """`steps` are played one per request; when they run out the last one repeats."""

    steps: list[Step]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    finished: threading.Event = field(default_factory=threading.Event)

    def silence(self, wire: socket.socket) -> None:
        """No answer until the test is over."""
        self.finished.wait(30)

    def serve(self, listener: socket.socket) -> None:
        while not self.finished.is_set():
            try:
                wire, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(wire,), daemon=True).start()

    def _one(self, wire: socket.socket) -> None:
        with wire:
            request = _read(wire)
            if request is not None:
                step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
                self.asked.append(request)
                step(wire)


def _read(wire: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = wire.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, _, rest = head.partition(b"\r\n")
    headers = {name.lower(): value for name, value in parse_headers(BytesIO(rest + b"\r\n\r\n")).items()}
    while len(body) < int(headers.get("content-length", 0)):
        body += wire.recv(65536)
    method, target, _ = first.decode().split(" ")
    return Asked(method, target, headers, body)


@contextmanager
def scripted(*steps: Step) -> Iterator[Scripted]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = Scripted(list(steps), url=f"http://127.0.0.1:{listener.getsockname()[1]}")
    threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
    try:
        yield server
    finally:
        server.finished.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def unused_url() -> str:
    """An address on this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
