"""Letting deliveries go again that waited for a person, and closing the questions that nothing waits for any more: one way for all."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

# A delivery that waits for another answer as well stays out until that is given; one that the platform took on is asked about again.
_RELEASE = """
UPDATE airbooks.delivery v
SET state = m.next, accepted_at = now(), generation = generation + 1, failures = 0, absences = 0, unknown_since = NULL,
    lease_until = NULL, worker = '', not_before = now(), changed_at = now()
FROM airbooks.delivery_move m
WHERE v.delivery_id = ANY(%s) AND v.state IN ('parked', 'rejected')
    AND (m.state, m.event) = (v.state, CASE WHEN v.ticket = '' THEN 'released' ELSE 'asked again' END)
    AND NOT EXISTS (SELECT FROM airbooks.exception e WHERE e.delivery_id = v.delivery_id AND e.state = 'open' AND e.severity = 'error')
RETURNING v.delivery_id
"""


def release(connection: psycopg.Connection, delivery_ids: Sequence[int]) -> set[int]:
    """Let refused and parked deliveries be tried again as a new generation, with a clean slate; returns which ones went.

    Where the platform still owes an answer, that is asked for first. What an open question keeps back, or is in no such state, stays.
    """
    return {row[0] for row in connection.execute(_RELEASE, [list(delivery_ids)])}


def close_settled(connection: psycopg.Connection, causes: Sequence[str], *, answer: str, by: str, reason: str) -> None:
    """Close those of the causes that no document waits for any more. The caller has locked them, in the order of their ids."""
    connection.execute(
        "UPDATE airbooks.exception_cause c SET state = 'closed', answer = %s, reason = %s, decided_by = %s, decided_at = now()"
        " WHERE cause_id = ANY(%s) AND state <> 'closed'"
        " AND NOT EXISTS (SELECT FROM airbooks.exception e WHERE e.cause_id = c.cause_id AND e.state = 'open')",
        [answer, reason, by, list(causes)],
    )
