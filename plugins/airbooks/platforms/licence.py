"""Sessions that count against a platform's licence: remembered while they live, so that none stays open when a worker dies.

What a worker that was killed leaves open would otherwise keep others out until the platform's idle time is over. Only a session that the
platform has opened and that we have not stored yet can still be lost so. The durable store is in `airbooks.staging.sessions`.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from airbooks.platforms.errors import Action, PlatformError
from airbooks.platforms.tokens import Token

log = logging.getLogger(__name__)


class SessionStore(Protocol):
    """Where sessions are remembered, each under a number."""

    def remember(self, connection: str, session: Token) -> int:
        """Keep a session for as long as this worker lives; returns its number."""

    def left_behind(self, connection: str) -> Mapping[int, Token]:
        """The sessions of workers that are gone, by number; from now on they are this worker's."""

    def forget(self, number: int) -> None:
        """The session has ended."""


@contextlib.contextmanager
def ended_already(*rules: str) -> Iterator[None]:
    """For a log-out: a session that the platform does not know any more (401, or an error of one of these rules) has ended."""
    try:
        yield
    except PlatformError as error:
        if error.action is not Action.RENEW and error.status != 401 and error.rule.name not in rules:
            raise


class NoSessions:
    """For tools and tests: nothing is remembered."""

    def remember(self, connection: str, session: Token) -> int:  # noqa: ARG002 as the store's
        return 0

    def left_behind(self, connection: str) -> Mapping[int, Token]:  # noqa: ARG002 as the store's
        return {}

    def forget(self, number: int) -> None:
        """Nothing was remembered."""


class Licence:
    """A hook's claim on the licence: one session at a time.

    `account` is the digest of the whole connection (`Credentials.account`): a session goes nowhere but where it was opened.
    `log_out` ends one session, this hook's or one that was left behind, and raises PlatformError.
    """

    def __init__(self, store: SessionStore, connection: str, account: str, log_out: Callable[[Token], None]) -> None:
        self._store, self._connection, self._account, self._log_out = store, connection, account, log_out
        self._number: int | None = None

    def claim(self, open_session: Callable[[], Token]) -> Token:
        """A new session instead of the one before, which has ended. What dead workers left open is logged out first."""
        self.lapse()
        for number, left in self._store.left_behind(self._connection).items():
            if left.seed != self._account or self._is_ended(left):
                self._store.forget(number)
        session = open_session()
        self._number = self._store.remember(self._connection, replace(session, seed=self._account))
        return session

    def give_back(self, session: Token) -> None:
        """Log out; where that fails the next worker tries it again."""
        if self._is_ended(session):
            self.lapse()
        self._number = None

    def lapse(self) -> None:
        """The session has ended without us, or was never opened."""
        number, self._number = self._number, None
        if number is not None:
            self._store.forget(number)

    def _is_ended(self, session: Token) -> bool:
        try:
            self._log_out(session)
        except PlatformError as error:  # its words might quote the session
            log.warning("%s: a session could not be logged out (%s)", self._connection, error.rule.name)
            return False
        return True
