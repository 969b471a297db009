"""Access tokens and sessions: what a store of them promises. The durable, encrypted store is in `airbooks.staging.tokens`."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token or session. `extra` carries what else the platform gave (an end point, a realm); its values are secret as well.

    `seed` says what it grew from (see `Credentials`): a token of another seed is none of the connection's as it is now.
    """

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_at: datetime | None = None
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)
    seed: str = field(default="", repr=False)

    def is_fresh(self, now: datetime | None = None, margin: timedelta = timedelta(seconds=60)) -> bool:
        """Whether it is still good for at least `margin`."""
        return self.expires_at is None or self.expires_at - margin > (now or datetime.now(UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a connection holds to be let in, as SHA-256 digests, so that a change by a person is noticed.

    `seed` is the refresh token where the connection has one (`rotates`: the platform may replace it when it is used), else user, password
    and secrets; `account` is the whole connection. Digests of passwords can be guessed at: they are kept sealed, or as `fingerprint`.
    """

    seed: str = field(default="", repr=False)
    account: str = field(default="", repr=False)
    rotates: bool = False


def digest(*parts: Any) -> str:
    """One SHA-256 of all parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def fingerprint(connection: str, digested: str) -> str:
    """A digest as it may stand readable in a table: scrypt, which makes guessing the password behind it dear."""
    return hashlib.scrypt(digested.encode(), salt=connection.encode(), n=2**14, r=8, p=1, dklen=32).hex()


class TokenStore(Protocol):
    """Where the tokens of connections live."""

    def read(self, connection: str) -> Token | None:
        """The newest token of a connection."""

    def renew(self, connection: str, stale: Token | None, issue: Callable[[Token | None], Token], credentials: Credentials) -> Token:
        """A token newer than `stale`: another worker's if it was quicker, else what `issue(newest)` gets from the platform.

        `issue` is given the newest token only where it grew from these credentials. It runs under a lock per connection that is held until
        its result is stored for good, so that a rotating refresh token is used once. An exception of `issue` leaves the stored token as it
        was.
        """


def grown_from(token: Token | None, credentials: Credentials) -> Token | None:
    """The token, if it belongs to what the connection holds now; a person may have put another refresh token or password there."""
    return token if token is not None and token.seed == credentials.seed else None


def newer_than(stale: Token | None, newest: Token | None) -> Token | None:
    """The newest token, if it is good and not the one that was found stale."""
    if newest is None or not newest.is_fresh() or (stale is not None and newest.access == stale.access):
        return None
    return newest


class MemoryTokens:
    """Tokens of this process alone, for tools and tests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}

    def read(self, connection: str) -> Token | None:
        return self._tokens.get(connection)

    def renew(self, connection: str, stale: Token | None, issue: Callable[[Token | None], Token], credentials: Credentials) -> Token:
        with self._lock:
            newest = grown_from(self._tokens.get(connection), credentials)
            if found := newer_than(stale, newest):
                return found
            self._tokens[connection] = issue(newest)
            return self._tokens[connection]
