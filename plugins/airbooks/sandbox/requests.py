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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Raw:
    """A request as it came; it holds secrets and is never shown."""

    at: datetime
    scope: dict[str, Any] = field(repr=False)
    body: bytes = field(repr=False)
    status: int | None
    fault: str | None


class RequestLog:
    """The newest requests of one platform. `secrets` are values that are hidden wherever they stand.

    What came is kept as it came, and made presentable only when somebody asks: most of it nobody ever looks at.
    """

    def __init__(self, secrets: frozenset[str] = frozenset()) -> None:
        self.secrets = secrets
        self._kept: deque[_Raw] = deque(maxlen=KEPT)
        self._shown: dict[_Raw, Asked] = {}

    def entry(self, scope: dict[str, Any], body: bytes, fault: str | None) -> Callable[[int | None], None]:
        """A function that enters this request with the status the client sees; only its first call counts."""
        pending = [scope]

        def enter(status: int | None) -> None:
            if pending:
                self._kept.append(_Raw(at=datetime.now(UTC), scope=pending.pop(), body=body[:BODY_LIMIT], status=status, fault=fault))

        return enter

    @property
    def asked(self) -> list[Asked]:
        """What is kept, oldest first, without secrets."""
        kept = list(self._kept)
        self._shown = {raw: self._shown.get(raw) or self._asked(raw) for raw in kept}
        return list(self._shown.values())

    def clear(self) -> None:
        self._kept.clear()
        self._shown.clear()

    def _asked(self, raw: _Raw) -> Asked:
        scope, query = raw.scope, raw.scope["query_string"].decode("latin-1")
        return Asked(
            at=raw.at,
            method=scope["method"],
            path=self.redacted(scope["path"] + (f"?{query}" if query else "")),
            status=raw.status,
            fault=raw.fault,
            headers=self._headers(scope["headers"]),
            body=self.redacted(raw.body.decode("utf-8", "replace")),
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
