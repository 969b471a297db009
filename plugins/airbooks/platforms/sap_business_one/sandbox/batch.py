"""`$batch`: multipart requests with change sets, each all or nothing, run in order until the first failure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from airbooks.platforms.sap_business_one.sandbox.refusal import bad

BOUNDARY = re.compile(r'multipart/mixed;\s*boundary="?([^";]+)"?', re.IGNORECASE)
_REQUEST_LINE = re.compile(r"(GET|POST|PATCH|DELETE|PUT) (\S+)(?: HTTP/1\.1)?")


@dataclass(frozen=True)
class Inner:
    """One request inside a batch."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    content_id: str = ""


@dataclass
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Run = Callable[[Inner], Answer]


def answer(content: bytes, content_type: str, run: Run, save: Callable[[], Callable[[], None]]) -> tuple[bytes, str]:
    """The multipart answer. `save` gives back what undoes everything that was done since."""
    made: list[str] = []
    for kind, part in _parts(content, content_type):
        found = BOUNDARY.match(kind)
        text, good = _change_set(part, kind, run, save) if found else _single(run(_inner(part, {})))
        made.append(text)
        if not good:
            break
    boundary = f"batchresponse_{uuid.uuid4()}"
    return _multipart(boundary, made).encode(), f"multipart/mixed;boundary={boundary}"


def _change_set(part: bytes, kind: str, run: Run, save: Callable[[], Callable[[], None]]) -> tuple[str, bool]:
    undo, texts = save(), []
    for head, each in _parts(part, kind):
        inner = _inner(each, _headers(head))
        if inner.method == "GET":
            raise bad("A change set cannot hold GET requests", -1000)
        if not inner.content_id:
            raise bad("Content-ID is missing in a change set", -1000)
        reply = run(inner)
        if reply.status >= 300:
            undo()
            return _single(reply)
        texts.append(_http(reply, inner.content_id))
    boundary = f"changesetresponse_{uuid.uuid4()}"
    return f"Content-Type: multipart/mixed;boundary={boundary}\r\n\r\n{_multipart(boundary, texts)}", True


def _parts(content: bytes, content_type: str) -> list[tuple[str, bytes]]:
    """Head and body of each part; change sets give their content type as the head."""
    found = BOUNDARY.search(content_type)
    if found is None:
        raise bad("Malformed batch: no boundary", -1000)
    marker = f"--{found[1]}".encode()
    if not content.rstrip().endswith(marker + b"--") or b"\r\n" not in content:
        raise bad("Malformed batch: the end boundary is missing", -1000)
    pieces = (b"\r\n" + content).split(b"\r\n" + marker)[1:-1]
    return [_head_and_body(piece.removeprefix(b"\r\n")) for piece in pieces]


def _head_and_body(piece: bytes) -> tuple[str, bytes]:
    head, separator, body = piece.partition(b"\r\n\r\n")
    if not separator:
        raise bad("Malformed batch: a part has no head", -1000)
    text = head.decode()
    kind = _headers(text).get("content-type", "")
    if kind.startswith("multipart/mixed"):
        return kind, body
    if kind != "application/http":
        raise bad("Malformed batch: a part is not application/http", -1000)
    return text, body


def _headers(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.split("\r\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _inner(part: bytes, outer: dict[str, str]) -> Inner:
    head, _, body = part.partition(b"\r\n\r\n")
    first, _, rest = head.decode().partition("\r\n")
    found = _REQUEST_LINE.fullmatch(first)
    if found is None:
        raise bad(f"Malformed batch: '{first}' is no request line", -1000)
    return Inner(found[1], found[2], _headers(rest), body.removesuffix(b"\r\n"), outer.get("content-id", ""))


def _single(reply: Answer) -> tuple[str, bool]:
    return _http(reply), reply.status < 300


def _http(reply: Answer, content_id: str = "") -> str:
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    if content_id:
        head += f"Content-ID: {content_id}\r\n"
    words = {200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 404: "Not Found"}
    lines = [f"HTTP/1.1 {reply.status} {words.get(reply.status, 'Error')}", *(f"{name}: {value}" for name, value in reply.headers.items())]
    if reply.body:
        lines += ["Content-Type: application/json;odata.metadata=minimal;charset=utf-8", f"Content-Length: {len(reply.body)}"]
    return f"{head}\r\n" + "\r\n".join(lines) + f"\r\n\r\n{reply.body.decode()}"


def _multipart(boundary: str, parts: list[str]) -> str:
    return "".join(f"--{boundary}\r\n{each}\r\n" for each in parts) + f"--{boundary}--\r\n"
