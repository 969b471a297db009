"""What the audit trail says about one delivery: whether each attempt was closed by evidence before the next one began."""

from __future__ import annotations

from dataclasses import dataclass, field

DELIVERED = frozenset({"delivery booked", "delivery found"})
# What ends an attempt that did not succeed: a proof that nothing happened there, or a person's answer to what did.
CLOSING = frozenset(
    {
        "delivery not sent",
        "delivery refused",
        "delivery held back",
        "delivery differs",
        "delivery absent twice",
        "delivery overdue",
        *DELIVERED,
    }
)
NOT_THERE = "not there"


@dataclass
class _Attempt:
    closed: bool = False
    lost: bool = False
    absences: int = 0
    look_ups: int = 0


@dataclass
class Case:
    """The events of one delivery in their order."""

    has_evidence: bool = False
    _attempts: dict[int, _Attempt] = field(default_factory=dict)
    _complaints: list[str] = field(default_factory=list)

    def hear(self, action: str, attempt: int, says: str, remote_id: str) -> None:
        """One event: its action, the attempt it belongs to, its words and the platform's id in it."""
        if not action.startswith("delivery "):
            return
        heard = self._attempts.setdefault(attempt, _Attempt())
        if action == "delivery lost":
            heard.lost = True
        elif action == "delivery absent":
            heard.absences += says.startswith(NOT_THERE)
            heard.look_ups += says.startswith(NOT_THERE)
        elif action == "delivery absent twice":
            self._absent_twice(heard, attempt, says)
        elif action in DELIVERED:
            self.has_evidence = self.has_evidence or bool(remote_id) or "void or deleted" in says or "found deleted" in says
            heard.look_ups += action == "delivery found"
        heard.closed = heard.closed or action in CLOSING

    def _absent_twice(self, heard: _Attempt, attempt: int, says: str) -> None:
        heard.look_ups += 1
        if says.startswith(NOT_THERE) and heard.absences < 1:
            self._complaints.append(f"attempt {attempt} was called absent after one look")

    @property
    def unknowns(self) -> int:
        """How many attempts had an unknown outcome, as far as the trail tells."""
        return sum(each.lost or each.look_ups > 0 for each in self._attempts.values())

    @property
    def most_look_ups(self) -> int:
        """The most answered look-ups that one unknown outcome took."""
        return max((each.look_ups for each in self._attempts.values()), default=0)

    def complaints(self) -> list[str]:
        """What was done without evidence."""
        last = max(self._attempts, default=0)
        unclosed = [number for number in range(1, last) if not self._attempts.get(number, _Attempt()).closed]
        return [
            *self._complaints,
            *(f"attempt {number} was followed by another one, and nothing says that it failed" for number in unclosed),
        ]
