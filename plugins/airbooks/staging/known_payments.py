"""What earlier runs know about payments: for matching, which itself reads no database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from airbooks.payments.decision import ZERO, Settled
from airbooks.payments.tuning import Earlier, Known
from airbooks.staging.balances import settled_numbers
from airbooks.staging.incoming import Incoming

REMEMBERED = timedelta(days=400)  # a charge-back comes within 120 to 540 days; a refund sooner

_EARLIER = """
SELECT i.incoming_id, i.currency, i.amount + i.fee - coalesce(taken.back, 0) AS gross,
    a.document_id, a.connection, a.number, a.amount, a.settled, a.discount, a.write_off
FROM airbooks.incoming_payment i LEFT JOIN airbooks.allocation a ON a.incoming_id = i.incoming_id AND a.cancelled_at IS NULL
LEFT JOIN LATERAL (SELECT sum(b.amount + b.fee) AS back FROM airbooks.incoming_payment b WHERE b.takes_back = i.incoming_id) taken ON true
WHERE i.state IN ('matched', 'on_account') AND i.kind = 'receipt' AND i.booked_on >= %(since)s
    AND (i.incoming_id = ANY(%(named)s) OR i.amount + i.fee = ANY(%(amounts)s)) AND i.amount + i.fee > coalesce(taken.back, 0)
ORDER BY i.incoming_id, a.allocation_id
"""

# An account pays for a customer when all that it paid so far, and a person or a certain reference said so, was that customer's.
_ACCOUNTS = """
SELECT i.body ->> 'payer_account' AS account, min(p.customer_code) AS customer
FROM airbooks.incoming_payment i
JOIN airbooks.allocation a ON a.incoming_id = i.incoming_id AND a.cancelled_at IS NULL
JOIN airbooks.document p ON p.document_id = a.document_id
WHERE i.state = 'matched' AND i.body ->> 'payer_account' <> ''
GROUP BY 1 HAVING count(DISTINCT p.customer_code) = 1
"""

_CANCELLED = """
SELECT DISTINCT number FROM airbooks.document WHERE is_current AND kind IN ('invoice', 'credit_note') AND state = 'cancelled'
"""

_COMING = """
SELECT DISTINCT number FROM airbooks.document
WHERE is_current AND kind IN ('invoice', 'credit_note') AND state IN ('exception', 'rejected')
"""

_OVER = "SELECT incoming_id FROM airbooks.incoming_payment WHERE incoming_id = ANY(%s) AND state IN ('reversed', 'ignored')"


def known(database: psycopg.Connection, today: date, taking_back: Iterable[Incoming]) -> Known:
    """What matching should know: payers' accounts, documents that payments settled, and the earlier payments that one of `taking_back`
    may mean (`Earlier.source_id` is their id in staging)."""
    wanted = list(taking_back)
    accounts = {row[0]: row[1] for row in database.execute(_ACCOUNTS).fetchall()}
    closed = settled_numbers(database) | {row[0] for row in database.execute(_CANCELLED).fetchall()}
    coming = frozenset(row[0] for row in database.execute(_COMING).fetchall())
    named = [each.original_id for each in wanted if each.original_id is not None]
    over = frozenset(str(row[0]) for row in database.execute(_OVER, (named,)).fetchall())
    settled = _earlier(database, today, wanted)
    return Known(today=today, settled_before=settled, payer_accounts=accounts, closed=closed, coming=coming, over=over)


def _earlier(database: psycopg.Connection, today: date, wanted: list[Incoming]) -> tuple[Earlier, ...]:
    if not wanted:
        return ()
    with database.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            _EARLIER,
            {
                "since": today - REMEMBERED,
                "named": [each.original_id for each in wanted if each.original_id is not None],
                "amounts": [each.movement.gross for each in wanted],
            },
        ).fetchall()
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["incoming_id"], []).append(row)
    return tuple(_as_earlier(incoming_id, group) for incoming_id, group in found.items())


def _as_earlier(incoming_id: int, rows: list[dict[str, Any]]) -> Earlier:
    first = rows[0]
    settled = tuple(
        Settled(
            document_id=row["document_id"],
            connection=row["connection"],
            number=row["number"],
            amount=row["amount"],
            settled=row["settled"],
            discount=row["discount"],
            write_off=row["write_off"],
        )
        for row in rows
        if row["document_id"] is not None
    )
    return Earlier(
        key=str(incoming_id),
        source_id=str(incoming_id),
        currency=first["currency"],
        gross=first["gross"],
        settled=settled,
        on_account=first["gross"] - sum((each.amount for each in settled), ZERO),
    )
