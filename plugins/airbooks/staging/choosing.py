"""What a person chose for a payment that matching was not sure of; and payments whose application was rejected or taken back."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import psycopg
from psycopg.rows import dict_row

from airbooks.canonical import IncomingPayment
from airbooks.payments.decision import Candidate, Decision, OpenItem, Settled, Stage, Verdict
from airbooks.payments.parts import NotPayableError, id_of, number_of
from airbooks.platforms.errors import AirbooksError
from airbooks.staging import audit, decisions
from airbooks.staging.balances import open_items
from airbooks.staging.decisions import AccountCode, Decided, candidate_of, unknown_account

# A document may have been corrected since: what is open, is open of its newest revision.
_CURRENT = """
SELECT d.document_id, newest.document_id FROM airbooks.document d
JOIN airbooks.document newest ON (newest.source, newest.source_id) = (d.source, d.source_id) AND newest.is_current
WHERE d.document_id = ANY(%s)
"""
_STANDS = """
SELECT FROM airbooks.incoming_payment i WHERE i.incoming_id = %(earlier)s AND i.state IN ('matched', 'on_account')
    AND NOT EXISTS (
        SELECT FROM unnest(%(documents)s::bigint[], %(settled)s::numeric[]) AS wanted (document_id, settled)
        WHERE NOT EXISTS (
            SELECT FROM airbooks.allocation a
            WHERE a.incoming_id = i.incoming_id AND a.document_id = wanted.document_id AND a.cancelled_at IS NULL
                AND a.settled >= wanted.settled))
FOR UPDATE
"""


class NoSuchChoiceError(AirbooksError):
    """The choice is not (or no longer) one of those the payment has; the message says what to do."""


def choices(database: psycopg.Connection, number: str) -> list[tuple[str, str]]:
    """What a payment may be applied to, as (choice, words); choices are "1", "2", ..."""
    row = database.execute(
        "SELECT candidates FROM airbooks.incoming_payment WHERE incoming_id = %s AND state = 'review'", (id_of(number),)
    ).fetchone()
    return [(str(place), each["reason"]) for place, each in enumerate(row[0], 1)] if row else []


def choose(database: psycopg.Connection, number: str, choice: str, by: str, account: AccountCode = unknown_account) -> None:
    """Apply a payment as a person chose. Raises NoSuchChoiceError, also where the documents have been paid meanwhile, or where no platform
    can book the choice."""
    decisions.take_turns(database)
    with database.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "SELECT incoming_id, body, candidates FROM airbooks.incoming_payment WHERE incoming_id = %s AND state = 'review' FOR UPDATE",
            (id_of(number),),
        ).fetchone()
    if row is None or not choice.isdecimal() or not 1 <= int(choice) <= len(row["candidates"]):
        raise NoSuchChoiceError(f"{number} cannot be applied to {choice!r} any more; answer Retry to have it matched again.")
    offered = candidate_of(row["candidates"][int(choice) - 1])
    items = _items(database, offered)
    chosen = replace(offered, stage=Stage.PERSON, confidence=Decimal(1), reason=f"{by} chose: {offered.reason}")
    if offered.takes_back:
        _check_that_it_stands(database, offered)
    else:
        chosen = replace(chosen, settled=tuple(_now(each, items) for each in offered.settled))
    decided = Decided(
        incoming_id=row["incoming_id"],
        movement=IncomingPayment.model_validate(row["body"]),
        decision=Decision(key=number, verdict=Verdict.APPLY, best=chosen),
    )
    by_id = {item.document_id: item for item in items.values()}
    try:
        if not chosen.takes_back:
            decisions.parts(decided, chosen, by_id)
    except NotPayableError as wrong:
        raise NoSuchChoiceError(f"No platform can book this choice: {wrong}. Choose another, or book it by hand and Reject.") from None
    decisions.write(database, [decided], by_id, by, account)


Place = tuple[int, str]  # a document as a candidate names it, on a connection


def _items(database: psycopg.Connection, candidate: Candidate) -> dict[Place, OpenItem]:
    """What is open now of the documents of a candidate; those of which nothing is open are left out."""
    if candidate.takes_back:
        return {}
    newest: dict[int, int] = dict(database.execute(_CURRENT, ([each.document_id for each in candidate.settled],)).fetchall())
    still = open_items(database, connections=sorted({each.connection for each in candidate.settled}))
    found = {(item.document_id, item.connection): item for item in still}
    places = {(each.document_id, each.connection): (newest.get(each.document_id, 0), each.connection) for each in candidate.settled}
    return {place: found[now] for place, now in places.items() if now in found}


def _now(settled: Settled, items: dict[Place, OpenItem]) -> Settled:
    item = items.get((settled.document_id, settled.connection))
    if item is None or item.open_amount < settled.settled:
        left = f"{item.open_amount} {item.currency}" if item else "nothing"
        raise NoSuchChoiceError(
            f"{settled.number} has {left} open, less than this choice settles; answer Retry to have the payment matched again."
        )
    return replace(settled, document_id=item.document_id, number=item.number)


def _check_that_it_stands(database: psycopg.Connection, candidate: Candidate) -> None:
    earlier = int(candidate.takes_back)
    values = {
        "earlier": earlier,
        "documents": [each.document_id for each in candidate.settled],
        "settled": [each.settled for each in candidate.settled],
    }
    if database.execute(_STANDS, values).fetchone() is None:
        raise NoSuchChoiceError(f"{number_of(earlier)} does not stand any more as it did; answer Retry to have the payment matched again.")


def ignore(database: psycopg.Connection, number: str, by: str, reason: str) -> None:
    """A payment that is none of our customers', or that a person books by hand."""
    database.execute(
        "UPDATE airbooks.incoming_payment SET state = 'ignored', reason = %s, decided_by = %s, decided_at = now()"
        " WHERE incoming_id = %s AND state = 'review'",
        (reason, by, id_of(number)),
    )


def match_again(database: psycopg.Connection, number: str) -> None:
    """Let the next run match a payment as if it had just come in."""
    database.execute(
        "UPDATE airbooks.incoming_payment SET state = 'new', candidates = '[]' WHERE incoming_id = %s AND state = 'review'",
        (id_of(number),),
    )


def take_back_rejected(database: psycopg.Connection, by: str) -> int:
    """What a rejected application would have settled is open again; returns of how many payments.

    Only of the part that a person rejected: what other connections book of the payment stays as it is.
    """
    rows = database.execute(_TAKE_BACK_REJECTED, {"by": by}).fetchall()
    audit.append(database, [audit.Event(actor=by, action="payment taken back", number=number_of(row[0])) for row in rows])
    return len(rows)


_TAKE_BACK_REJECTED = """
WITH cancelled AS (
    UPDATE airbooks.allocation a SET cancelled_at = now(), cancelled_by = %(by)s
    FROM airbooks.document p
    WHERE p.document_id = a.payment_document_id AND p.kind = 'payment' AND p.state = 'rejected' AND a.cancelled_at IS NULL
        AND EXISTS (SELECT FROM airbooks.delivery d WHERE d.document_id = p.document_id AND d.state = 'rejected')
    RETURNING a.incoming_id, a.allocation_id
), left_over AS (
    SELECT DISTINCT incoming_id FROM airbooks.allocation
    WHERE incoming_id IN (SELECT incoming_id FROM cancelled) AND cancelled_at IS NULL
        AND allocation_id NOT IN (SELECT allocation_id FROM cancelled)
)
UPDATE airbooks.incoming_payment i
SET state = CASE WHEN l.incoming_id IS NULL THEN 'ignored' ELSE i.state END, decided_at = now(),
    reason = CASE WHEN l.incoming_id IS NULL THEN 'its application was rejected: book it by hand'
        ELSE 'a part of its application was rejected: book that by hand' END
FROM (SELECT DISTINCT incoming_id FROM cancelled) c LEFT JOIN left_over l USING (incoming_id)
WHERE i.incoming_id = c.incoming_id RETURNING i.incoming_id
"""
