"""The body of a `$batch` and its answer: multipart, each document in a change set of its own. Pure.

A change set is all or nothing. Parts run in order, and processing stops at the first failure: what stands behind it was not run. A good
part is known by its Content-ID; a failed change set has one answer without it, and is the first that has no good one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import errors, message_from_bytes, policy
from email.message import EmailMessage

from airbooks.platforms.wire import Reply

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})")


@dataclass(frozen=True, slots=True)
class Part:
    """One POST of a batch; `key` is the document's."""

    key: str
    path: str
    content: bytes


def boundary(parts: Sequence[Part]) -> str:
    return f"batch_{parts[0].key}"


def request(parts: Sequence[Part]) -> bytes:
    """The body; line ends are CRLF, and every part of a change set has a Content-ID (its position, from 1)."""
    outer = boundary(parts)
    sets = [_change_set(position, part) for position, part in enumerate(parts, start=1)]
    return b"".join(b"--%s\r\n%s" % (outer.encode(), each) for each in sets) + f"--{outer}--\r\n".encode()


def _change_set(position: int, part: Part) -> bytes:
    inner = f"changeset_{part.key}"
    head = (
        f"Content-Type: multipart/mixed; boundary={inner}\r\n\r\n--{inner}\r\nContent-Type: application/http\r\n"
        f"Content-Transfer-Encoding: binary\r\nContent-ID: {position}\r\n\r\n"
        f"POST {part.path} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"
    )
    return head.encode() + part.content + f"\r\n--{inner}--\r\n".encode()


def is_whole(reply: Reply) -> bool:
    """Whether an answer is multipart and complete; a good status outside says nothing about the parts inside."""
    kind = reply.headers.get("content-type", "")
    return kind.startswith("multipart/") and bool(list(_leaves(_message(reply))))


def answers(parts: Sequence[Part], reply: Reply) -> dict[str, Reply]:
    """The answer to each part by its key; parts that were not run have none. Raises ValueError for another form."""
    keys = {str(position): part.key for position, part in enumerate(parts, start=1)}
    found: dict[str, Reply] = {}
    for content_id, each in _leaves(_message(reply)):
        key = keys[content_id] if content_id else next(part.key for part in parts if part.key not in found)
        found[key] = each
    return found


def _message(reply: Reply) -> EmailMessage:
    head = f"Content-Type: {reply.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + reply.content, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 the policy makes them
    return message


def _leaves(message: EmailMessage) -> Iterator[tuple[str, Reply]]:
    """Content-ID (or nothing) and answer of every part, change sets opened."""
    broken = [each for each in message.defects if isinstance(each, errors.MessageDefect)]
    if broken:
        raise ValueError(f"broken multipart answer: {broken[0]}")
    for part in message.iter_parts():
        assert isinstance(part, EmailMessage)  # noqa: S101 as above
        if part.is_multipart():
            yield from _leaves(part)
        else:
            yield str(part.get("Content-ID", "")).strip("<> "), _inner(part.get_payload(decode=True))


def _inner(content: object) -> Reply:
    if not isinstance(content, bytes):
        raise ValueError("a part of the answer is no HTTP")  # noqa: TRY004 the form is wrong, not a type
    head, _, body = content.partition(b"\r\n\r\n")
    found = _STATUS.match(head.lstrip())
    if found is None:
        raise ValueError("a part of the answer has no status")
    return Reply(int(found[1]), {}, body.strip())
