"""What a person chose for a payment that matching was not sure of; and payments whose application was rejected or taken back."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

from airbooks.canonical import IncomingPayment
from airbooks.payments.decision import Candidate, Decision, OpenItem, Stage, Verdict
from airbooks.platforms.errors import AirbooksError
from airbooks.staging import audit, decisions
from airbooks.staging.decisions import Decided, candidate_of, number_of

OPEN = """
SELECT d.document_id, d.kind, d.number, d.division, d.customer_code, d.customer_name, d.currency, d.gross_total, d.issue_date,
    d.gross_total - coalesce((
        SELECT sum(abs(a.settled)) FROM airbooks.allocation a JOIN airbooks.document p ON p.document_id = a.document_id
        WHERE (p.source, p.source_id) = (d.source, d.source_id) AND a.cancelled_at IS NULL), 0) AS open_amount
FROM airbooks.document d WHERE d.document_id = ANY(%s)
"""


class NoSuchChoiceError(AirbooksError):
    """The choice is not (or no longer) one of those the payment has; the message says what to do."""


def choices(database: psycopg.Connection, number: str) -> list[tuple[str, str]]:
    """What a payment may be applied to, as (choice, words); choices are "1", "2", ..."""
    row = database.execute(
        "SELECT candidates FROM airbooks.incoming_payment WHERE incoming_id = %s AND state = 'review'", (_id_of(number),)
    ).fetchone()
    return [(str(place), each["reason"]) for place, each in enumerate(row[0], 1)] if row else []


def choose(database: psycopg.Connection, number: str, choice: str, by: str) -> None:
    """Apply a payment as a person chose. Raises NoSuchChoiceError, also where the documents have been paid meanwhile."""
    with database.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "SELECT incoming_id, body, candidates FROM airbooks.incoming_payment WHERE incoming_id = %s AND state = 'review' FOR UPDATE",
            (_id_of(number),),
        ).fetchone()
    if row is None or not choice.isdigit() or not 1 <= int(choice) <= len(row["candidates"]):
        raise NoSuchChoiceError(f"{number} cannot be applied to {choice!r} any more; answer Retry to have it matched again.")
    candidate = candidate_of(row["candidates"][int(choice) - 1])
    items = {} if candidate.takes_back else _items(database, candidate)
    chosen = Candidate(
        stage=Stage.PERSON,
        confidence=Decimal(1),
        reason=f"{by} chose: {candidate.reason}",
        settled=candidate.settled,
        on_account=candidate.on_account,
        takes_back=candidate.takes_back,
    )
    decided = Decided(
        incoming_id=row["incoming_id"],
        movement=IncomingPayment.model_validate(row["body"]),
        decision=Decision(key=number, verdict=Verdict.APPLY, best=chosen),
    )
    decisions.write(database, [decided], items, by)


def _items(database: psycopg.Connection, candidate: Candidate) -> dict[int, OpenItem]:
    """The documents of a candidate as they stand now; raises NoSuchChoiceError where one has less open than the candidate settles."""
    wanted = {each.document_id: each for each in candidate.settled}
    with database.cursor(row_factory=dict_row) as cursor:
        rows: Sequence[dict[str, Any]] = cursor.execute(OPEN, (list(wanted),)).fetchall()
    for row in rows:
        if row["open_amount"] < abs(wanted[row["document_id"]].settled):
            raise NoSuchChoiceError(
                f"{row['number']} has {row['open_amount']} {row['currency']} open, less than this choice settles; answer Retry to have the"
                " payment matched again."
            )
    return {row["document_id"]: _item(row, wanted[row["document_id"]].connection) for row in rows}


def _item(row: dict[str, Any], connection: str) -> OpenItem:
    return OpenItem(
        document_id=row["document_id"],
        connection=connection,
        division=row["division"],
        kind=row["kind"],
        number=row["number"],
        customer_code=row["customer_code"],
        customer_name=row["customer_name"],
        currency=row["currency"],
        total=row["gross_total"],
        open_amount=row["open_amount"],
        issue_date=row["issue_date"],
    )


def ignore(database: psycopg.Connection, number: str, by: str, reason: str) -> None:
    """A payment that is none of our customers', or that a person books by hand."""
    database.execute(
        "UPDATE airbooks.incoming_payment SET state = 'ignored', reason = %s, decided_by = %s, decided_at = now()"
        " WHERE incoming_id = %s AND state = 'review'",
        (reason, by, _id_of(number)),
    )


def match_again(database: psycopg.Connection, number: str) -> None:
    """Let the next run match a payment as if it had just come in."""
    database.execute(
        "UPDATE airbooks.incoming_payment SET state = 'new', candidates = '[]' WHERE incoming_id = %s AND state = 'review'",
        (_id_of(number),),
    )


def take_back_rejected(database: psycopg.Connection, by: str) -> int:
    """Payments whose application a person rejected are matched anew: what they settled is open again; returns how many."""
    rows = database.execute(
        """
        WITH rejected AS (
            SELECT DISTINCT a.incoming_id FROM airbooks.allocation a
            WHERE a.cancelled_at IS NULL AND EXISTS (
                SELECT FROM airbooks.document p JOIN airbooks.delivery d USING (document_id)
                WHERE p.document_id = a.payment_document_id AND p.state = 'rejected' AND d.state = 'rejected')
        ), cancelled AS (
            UPDATE airbooks.allocation a SET cancelled_at = now(), cancelled_by = %(by)s
            FROM rejected r WHERE a.incoming_id = r.incoming_id AND a.cancelled_at IS NULL
                AND NOT EXISTS (SELECT FROM airbooks.delivery d WHERE d.document_id = a.payment_document_id AND d.state = 'delivered')
            RETURNING a.incoming_id
        )
        UPDATE airbooks.incoming_payment i
        SET state = 'ignored', reason = 'its application was rejected: book it by hand', decided_at = now()
        WHERE incoming_id IN (SELECT incoming_id FROM cancelled) RETURNING i.incoming_id
        """,
        {"by": by},
    ).fetchall()
    audit.append(database, [audit.Event(actor=by, action="payment taken back", number=number_of(row[0])) for row in rows])
    return len(rows)


def _id_of(number: str) -> int:
    _, _, digits = number.partition("-")
    return int(digits) if digits.isdigit() else -1
