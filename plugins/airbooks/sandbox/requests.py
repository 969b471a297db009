"""What the sandbox was asked: one bounded, redacted record per request."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

HIDDEN = "***"
BODY_LIMIT = 64 * 1024  # bytes kept of a request body
KEPT = 20_000  # requests kept per platform

_TELLTALE_NAME = (
    r"[\w.:-]*(?:passw|pwd|secret|token|api[_-]?key|apikey|subscription[_-]?key"
    r"|authori[sz]ation|cookie|signature|session|assertion|credential)[\w.:-]*"
)
_TELLTALE_HEADER = re.compile(_TELLTALE_NAME, re.IGNORECASE)
_TELLTALE_FIELDS = (
    re.compile(rf'("{_TELLTALE_NAME}"\s*:\s*")(?:[^"\\]|\\.)*(")', re.IGNORECASE),  # JSON
    re.compile(rf"((?:^|[&?]){_TELLTALE_NAME}=)[^&\s]*()", re.IGNORECASE),  # forms and query strings
    re.compile(rf"(<{_TELLTALE_NAME}(?:\s[^>]*)?>)[^<]*(<)", re.IGNORECASE),  # XML
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request and what the client saw; `status` is None when the answer never reached the wire."""

    at: datetime
    method: str
    path: str  # with the query string
    status: int | None
    fault: str | None
    headers: dict[str, str]
    body: str

    def as_row(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat()}


@dataclass
class RequestLog:
    """The newest requests of one platform. `secrets` are values that are hidden wherever they stand."""

    secrets: frozenset[str] = frozenset()
    asked: deque[Asked] = field(default_factory=lambda: deque(maxlen=KEPT))

    def entry(self, scope: dict[str, Any], body: bytes, fault: str | None) -> Callable[[int | None], None]:
        """A function that enters this request with the status the client sees; only its first call counts."""
        pending = [scope]

        def enter(status: int | None) -> None:
            if pending:
                self.asked.append(self._asked(pending.pop(), body, status, fault))

        return enter

    def _asked(self, scope: dict[str, Any], body: bytes, status: int | None, fault: str | None) -> Asked:
        query = scope["query_string"].decode("latin-1")
        return Asked(
            at=datetime.now(UTC),
            method=scope["method"],
            path=self.redacted(scope["path"] + (f"?{query}" if query else "")),
            status=status,
            fault=fault,
            headers=self._headers(scope["headers"]),
            body=self.redacted(body[:BODY_LIMIT].decode("utf-8", "replace")),
        )

    def redacted(self, text: str) -> str:
        for pattern in _TELLTALE_FIELDS:
            text = pattern.sub(rf"\g<1>{HIDDEN}\g<2>", text)
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def _headers(self, raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
        named = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)
        return {name: HIDDEN if _TELLTALE_HEADER.fullmatch(name) else self.redacted(value) for name, value in named}


def secrets_of(connection: dict[str, Any]) -> frozenset[str]:
    """The values of a connection that must never be shown: its password and every extra with a secret's name."""
    extra = connection.get("extra") or {}
    found = [connection.get("password"), *(value for name, value in extra.items() if _TELLTALE_HEADER.fullmatch(name))]
    return frozenset(value for value in found if isinstance(value, str) and len(value) > 3)
