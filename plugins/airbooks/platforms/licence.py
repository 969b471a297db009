"""Sessions that count against a platform's licence: remembered while they live, so that none stays open when a worker dies.

What a worker that was killed leaves open would otherwise keep others out until the platform's idle time is over. Only a session that the
platform has just opened and that is not stored yet can still be lost so. The durable store is in `airbooks.staging.sessions`.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.tokens import Token

log = logging.getLogger(__name__)

LONGEST_WAIT = 60.0  # seconds, for one of our own sessions to end
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
USED_UP = ErrorRule(
    name="licence used up",
    action=Action.WAIT,
    outcome=Outcome.DID_NOT_HAPPEN,
    says="Other workers have all sessions that the connection says its licence allows.",
)


class SessionStore(Protocol):
    """Where sessions are remembered, each at a numbered place."""

    def reserve(self, connection: str, licence: str, allowed: int | None) -> int | None:
        """A place for a session of this worker; None when `allowed` of the licence are taken (None: nobody knows how many)."""

    def keep(self, number: int, session: Token) -> None:
        """The session that was opened for this place."""

    def left_behind(self, connection: str) -> Mapping[int, Token]:
        """The sessions that no living worker has, by place; from now on they are this worker's."""

    def leave(self, number: int) -> None:
        """The session could not be logged out: whoever comes next tries it."""

    def forget(self, number: int) -> None:
        """The session has ended."""


class NoSessions:
    """For tools and tests: nothing is remembered."""

    def reserve(self, connection: str, licence: str, allowed: int | None) -> int | None:  # noqa: ARG002 as the store's
        return 0

    def keep(self, number: int, session: Token) -> None:
        """Nothing is kept."""

    def left_behind(self, connection: str) -> Mapping[int, Token]:  # noqa: ARG002 as the store's
        return {}

    def leave(self, number: int) -> None:
        """Nothing was kept."""

    def forget(self, number: int) -> None:
        """Nothing was kept."""


@contextlib.contextmanager
def ended_already(*rules: str) -> Iterator[None]:
    """For a log-out: a session that the platform does not know any more (401, or an error of one of these rules) has ended."""
    try:
        yield
    except PlatformError as error:
        if error.action is not Action.RENEW and error.status != 401 and error.rule.name not in rules:
            raise


@dataclass(kw_only=True)
class Licence:
    """A hook's claim on the licence: one session at a time.

    `counted_as` is whose sessions the vendor counts together, `allowed` how many there may be (None: nobody knows). `account` is the digest
    of the whole connection (`Credentials.account`): a session goes nowhere but where it was opened. `log_out` ends one session, this hook's
    or one that was left behind, and raises PlatformError.
    """

    store: SessionStore
    platform: str
    connection: str
    counted_as: str
    account: str = field(repr=False)
    log_out: Callable[[Token], None]
    allowed: int | None = None
    _place: int | None = field(default=None, init=False)

    def reserve(self) -> bool:
        """Whether a session can be had now. What dead workers left open is logged out first; a place is kept until it is given back."""
        if self._place is None:
            self._end_left_behind()
            self._place = self.store.reserve(self.connection, self.counted_as, self.allowed)
        return self._place is not None

    def claim(self, open_session: Callable[[], Token]) -> Token:
        """A new session instead of the one before, which has ended; raises PlatformError (WAIT) when others keep all for too long."""
        place = self._await_place()
        try:
            session = open_session()
        except BaseException:
            self.lapse()
            raise
        self.store.keep(place, replace(session, seed=self.account))
        return session

    def _await_place(self) -> int:
        pause, until = FIRST_PAUSE, time.monotonic() + LONGEST_WAIT
        while not self.reserve():
            if time.monotonic() > until:
                raise PlatformError(f"all {self.allowed} sessions are in use", platform=self.platform, rule=USED_UP)
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        assert self._place is not None  # noqa: S101 it was reserved
        return self._place

    def _end_left_behind(self) -> None:
        for place, left in self.store.left_behind(self.connection).items():
            if left.seed != self.account:
                self.store.forget(place)
            else:
                self._end(place, left)

    def give_back(self, session: Token) -> None:
        """Log out; where that fails the next worker tries it again."""
        place, self._place = self._place, None
        if place is not None:
            self._end(place, session)

    def lapse(self) -> None:
        """The session has ended without us, or was never opened."""
        place, self._place = self._place, None
        if place is not None:
            self.store.forget(place)

    def _end(self, place: int, session: Token) -> None:
        try:
            self.log_out(session)
        except PlatformError as error:  # its words might quote the session
            log.warning("%s: a session could not be logged out (%s)", self.connection, error.rule.name)
            self.store.leave(place)
        else:
            self.store.forget(place)
