"""Remittance advice that comes by itself: kept until the movement of money that it speaks of is there, then part of that movement.

An advice is no money. It belongs to a receipt of the same amount and currency (before or after the bank's fee) that was booked from a few
days before until two weeks after the day it names, on the account that it names. Of those, the one that shares a reference with it is
meant, or else the one from a payer of its name; where none or several are, it waits, rather than telling of the wrong payment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import psycopg
from psycopg.types.json import Jsonb

from airbooks.canonical.incoming import IncomingPayment
from airbooks.staging.audit import Event, append, storable
from airbooks.staging.documents import copy_in

DAYS_BEFORE, DAYS_AFTER = 3, 14
SHORT = 4  # letters of a word that may stand in any text by accident
Waiting = tuple[int, IncomingPayment]
Candidate = tuple[int, IncomingPayment]


@dataclass(frozen=True, slots=True)
class Attached:
    """An advice that has found its movement."""

    advice_id: int
    incoming_id: int


def store_advice(database: psycopg.Connection, advices: Sequence[IncomingPayment], run_id: str) -> int:
    """Keep what payers say, once each; returns how many are new."""
    database.execute(
        "CREATE TEMP TABLE IF NOT EXISTS arriving_advice (position integer, source text, fingerprint text, account text, paid_on date,"
        " amount numeric, currency text, body jsonb) ON COMMIT DELETE ROWS"
    )
    columns = ("position", "source", "fingerprint", "account", "paid_on", "amount", "currency", "body")
    copy_in(database, "arriving_advice", columns, (_row(position, each) for position, each in enumerate(advices)))
    stored = database.execute(
        """
        INSERT INTO airbooks.remittance_advice (source, fingerprint, account, paid_on, amount, currency, body, run_id)
        SELECT source, fingerprint, account, paid_on, amount, currency, body, %s FROM arriving_advice ORDER BY position
        ON CONFLICT (source, fingerprint) DO NOTHING
        """,
        (run_id,),
    ).rowcount
    database.execute("DELETE FROM arriving_advice")
    return stored


def _row(position: int, advice: IncomingPayment) -> tuple[object, ...]:
    body = storable(advice.model_dump(mode="json"))
    texts = (body["source"], body["fingerprint"], body["account"])
    return position, *texts, advice.booked_on, advice.amount, advice.currency, Jsonb(body)


def attach_advice(database: psycopg.Connection, run_id: str) -> list[Attached]:
    """Give each waiting advice to its movement, where that is certain; a movement that was decided already keeps its decision.

    Call it last in a transaction, after the movements are stored and before they are read for matching: it appends to the audit trail.
    """
    database.execute("SELECT pg_advisory_xact_lock(hashtextextended('airbooks.advice', 0))")
    attached: dict[int, int] = {}
    for advice, candidates in _fitting(database):
        free = [each for each in candidates if each[0] not in attached]
        meant = the_movement(advice[1], free)
        if meant is not None and _give(database, advice, meant):
            attached[meant[0]] = advice[0]
    found = [Attached(advice_id, incoming_id) for incoming_id, advice_id in attached.items()]
    append(database, [_event(each, run_id) for each in found])
    return found


def _fitting(database: psycopg.Connection) -> Iterator[tuple[Waiting, list[Candidate]]]:
    """Each waiting advice with the undecided receipts of its amount, oldest first."""
    rows = database.execute(
        """
        SELECT a.advice_id, a.body, i.incoming_id, i.body
        FROM airbooks.remittance_advice a
        JOIN airbooks.incoming_payment i ON i.currency = a.currency AND a.amount IN (i.amount, i.amount + i.fee)
        WHERE a.incoming_id IS NULL AND i.kind = 'receipt' AND i.state IN ('new', 'review') AND i.body -> 'advice' = '[]'
            AND a.account IN ('', i.account) AND i.booked_on BETWEEN a.paid_on - %s AND a.paid_on + %s
        ORDER BY a.advice_id, i.incoming_id
        """,
        (DAYS_BEFORE, DAYS_AFTER),
    ).fetchall()
    for _, group in groupby(rows, key=lambda row: row[0]):
        pairs = list(group)
        advice = pairs[0][0], IncomingPayment.model_validate(pairs[0][1])
        yield advice, [(row[2], IncomingPayment.model_validate(row[3])) for row in pairs]


def the_movement(advice: IncomingPayment, candidates: Sequence[Candidate]) -> Candidate | None:
    """The one movement that the advice speaks of, or None where it cannot be told."""
    shared = [each for each in candidates if _shares_a_reference(advice, each[1])]
    named = [each for each in candidates if _is_from(advice.payer_name, each[1])]
    meant = shared or named
    return meant[0] if len(meant) == 1 else None


def _is_from(payer: str, movement: IncomingPayment) -> bool:
    """Whether the payer's name stands in the movement: as its payer, or in its text where the bank has no field for it."""
    name = _plain(payer)
    return len(name) > SHORT and (name == _plain(movement.payer_name) or (not movement.payer_name and name in _plain(movement.text)))


def _shares_a_reference(advice: IncomingPayment, movement: IncomingPayment) -> bool:
    told = {_plain(each) for each in (*movement.references, movement.bank_reference)}
    text = _plain(movement.text)
    words = {_plain(each) for each in (*advice.references, *(line.document_number for line in advice.advice))}
    return any(word in told or (len(word) > SHORT and word in text) for word in words if word)


def _plain(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _give(database: psycopg.Connection, advice: Waiting, movement: Candidate) -> bool:
    """Whether the movement still waited: a person may have decided about it since it was read."""
    (advice_id, told), (incoming_id, _) = advice, movement
    lines = [line.model_dump(mode="json") for line in told.advice]
    given = database.execute(
        "UPDATE airbooks.incoming_payment SET state = 'new', body = jsonb_set(body, '{advice}', %s)"
        " WHERE incoming_id = %s AND state IN ('new', 'review')",
        (Jsonb(lines), incoming_id),
    )
    if not given.rowcount:
        return False
    database.execute("UPDATE airbooks.remittance_advice SET incoming_id = %s WHERE advice_id = %s", (incoming_id, advice_id))
    return True


def _event(attached: Attached, run_id: str) -> Event:
    detail = {"advice_id": attached.advice_id, "incoming_id": attached.incoming_id}
    return Event(actor=run_id, action="advice_attached", detail=detail)
