"""Access tokens and sessions: what a store of them promises. The durable, encrypted store is in `airbooks.staging.tokens`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token or session. `extra` carries what else the platform gave (an end point, a realm); its values are secret as well."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_at: datetime | None = None
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)

    def is_fresh(self, now: datetime | None = None, margin: timedelta = timedelta(seconds=60)) -> bool:
        """Whether it is still good for at least `margin`."""
        return self.expires_at is None or self.expires_at - margin > (now or datetime.now(UTC))


class TokenStore(Protocol):
    """Where the tokens of connections live."""

    def read(self, connection: str) -> Token | None:
        """The newest token of a connection."""

    def renew(self, connection: str, stale: Token | None, issue: Callable[[Token | None], Token]) -> Token:
        """A token newer than `stale`: another worker's if it was quicker, else what `issue(newest)` gets from the platform.

        `issue` runs under a lock per connection that is held until its result is stored for good, so that a rotating refresh token is
        used once. An exception of `issue` leaves the stored token as it was.
        """


class MemoryTokens:
    """Tokens of this process alone, for tools and tests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}

    def read(self, connection: str) -> Token | None:
        return self._tokens.get(connection)

    def renew(self, connection: str, stale: Token | None, issue: Callable[[Token | None], Token]) -> Token:
        with self._lock:
            newest = self._tokens.get(connection)
            if newest is not None and (stale is None or newest.access != stale.access) and newest.is_fresh():
                return newest
            self._tokens[connection] = issue(newest)
            return self._tokens[connection]
