"""A listener between a hook and the sandbox that writes down, byte for byte, what the hook sends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Listener:
    """Passes everything on to `target` (host, port) and back; `heard` are the requests."""

    target: tuple[str, int]
    url: str = ""
    pieces: list[bytes] = field(default_factory=list)

    @property
    def heard(self) -> bytes:
        return b"".join(self.pieces)

    def heads(self) -> list[str]:
        """Request line and headers of every request."""
        lines = self.heard.decode("latin-1").split("\r\n")
        return [line for line in lines if " HTTP/1.1" in line or ": " in line.partition('"')[0]]

    def serve(self, door: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = door.accept()
                server = socket.create_connection(self.target)
                for end in (client, server):  # or small pieces wait for each other's acknowledgement
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pump, args=(client, server, self.pieces), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, []), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket, notes: list[bytes]) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                notes.append(piece)
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def listening(host: str, port: int) -> Iterator[Listener]:
    door = socket.create_server(("127.0.0.1", 0))
    listener = Listener((host, port), url=f"http://127.0.0.1:{door.getsockname()[1]}")
    threading.Thread(target=listener.serve, args=(door,), daemon=True).start()
    try:
        yield listener
    finally:
        door.shutdown(socket.SHUT_RDWR)
        door.close()
