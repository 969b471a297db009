"""Noticing that somebody else ends our sessions: every log-in of theirs costs us ours, and every one of ours costs them theirs."""

from __future__ import annotations

from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError

SHORT_LIVED = 2  # calls: one that was answered, and the next one that was not let in any more
MOST_IN_A_ROW = 10

CONTESTED = ErrorRule(
    name="sessions end each other",
    action=Action.STOP,
    outcome=Outcome.DID_NOT_HAPPEN,
    says="Session after session ended before a second call, as when another program logs in with the same user.",
    fix="Give this connection a user of its own, or stop the other program.",
)


class LogIns:
    """The log-ins of one hook, by how many calls it had made when each ended."""

    def __init__(self, platform: str) -> None:
        self._platform = platform
        self._calls: int | None = None
        self._in_a_row = 0

    def begin(self, calls: int) -> None:
        """Before a log-in; raises PlatformError where too many sessions in a row were good for one call."""
        was_short = self._calls is not None and calls - self._calls <= SHORT_LIVED
        self._in_a_row = self._in_a_row + 1 if was_short else 0
        if self._in_a_row >= MOST_IN_A_ROW:
            raise PlatformError(f"{self._in_a_row} sessions in a row were ended by somebody", platform=self._platform, rule=CONTESTED)

    def end(self, calls: int) -> None:
        """A session begins."""
        self._calls = calls
