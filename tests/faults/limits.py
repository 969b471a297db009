"""How the simulators, like their vendors, say that there were too many calls."""

from __future__ import annotations

TOO_MANY = 429
ELSEWHERE = {"brightpearl": 503, "myob": 403, "quickfile": 403}


def is_over_limit(slug: str, status: int | None, fault: str | None) -> bool:
    """Whether an answer is a refusal for too many calls that no fault of the wire made."""
    return fault is None and status in {TOO_MANY, ELSEWHERE.get(slug, TOO_MANY)}
