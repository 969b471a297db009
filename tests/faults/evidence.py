"""What the audit trail says about one delivery: whether each attempt was closed by evidence before the next one began."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

DELIVERED = frozenset({"delivery booked", "delivery found"})
# What ends an attempt: a proof that it is there, or that it is not, or a person who looked.
CLOSING = frozenset(
    {
        "delivery not sent",
        "delivery refused",
        "delivery held back",
        "delivery differs",
        "delivery absent twice",
        "delivery overdue",
        "delivery released",
        "delivery asked again",
        *DELIVERED,
    }
)
NOT_THERE = "not there"
# What a look-up can have found where something is done again although a document is there.
NOT_DONE = ("the old document is ", "whether the update arrived cannot be seen", "a draft was made and not posted", "it is not void yet")
GONE = ("void or deleted", "found deleted", "found void")


@dataclass
class Case:
    """The events of one delivery in their order."""

    has_evidence: bool = False
    unknowns: int = 0  # attempts whose outcome was unknown
    most_look_ups: int = 0  # answered look-ups that one of them took
    longest_unknown: timedelta = timedelta()
    complaints: list[str] = field(default_factory=list)
    _attempt: int = 0
    _closed: bool = True
    _looks: int = 0
    _lost_at: datetime | None = None

    def hear(self, at: datetime, action: str, says: str, remote_id: str) -> None:
        """One event: when, what was done, in which words, and the platform's id in it."""
        if action == "delivery claimed":
            self._claimed()
        elif action == "delivery lost":
            self._lost(at)
        elif action == "delivery absent":
            self._looks += says.startswith(NOT_THERE)
        elif action == "delivery absent twice":
            self._absent_twice(says)
        elif action in DELIVERED:
            self._delivered(action, says, remote_id)
        if action in CLOSING:
            self._close(at)

    def _claimed(self) -> None:
        if not self._closed:
            self.complaints.append(f"attempt {self._attempt} was followed by another one, and nothing says that it failed")
        self._attempt, self._closed, self._looks = self._attempt + 1, False, 0

    def _lost(self, at: datetime) -> None:
        self.unknowns += self._lost_at is None
        self._lost_at = self._lost_at or at

    def _absent_twice(self, says: str) -> None:
        if says.startswith(NOT_THERE) and self._looks < 1:
            self.complaints.append(f"attempt {self._attempt} was called absent after one look")
        elif not says.startswith((NOT_THERE, *NOT_DONE)):
            self.complaints.append(f"attempt {self._attempt} was called absent with no look at all ({says!r})")
        self._looks += 1

    def _delivered(self, action: str, says: str, remote_id: str) -> None:
        self.has_evidence = self.has_evidence or bool(remote_id) or any(words in says for words in GONE)
        self._looks += action == "delivery found"

    def _close(self, at: datetime) -> None:
        self._closed = True
        if self._lost_at is not None:
            self.most_look_ups = max(self.most_look_ups, self._looks)
            self.longest_unknown = max(self.longest_unknown, at - self._lost_at)
        self._lost_at = None
