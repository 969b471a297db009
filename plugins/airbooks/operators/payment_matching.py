"""Matching what came in against what is open, one run at a time, in one transaction."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import date

import psycopg

from airbooks.canonical import IncomingPayment, PaymentKind
from airbooks.payments.decision import Decision, Verdict
from airbooks.payments.matching import match
from airbooks.payments.settings import PaymentsConfig
from airbooks.payments.tuning import Tuning
from airbooks.staging import balances, choosing, decisions, incoming
from airbooks.staging.decisions import Decided
from airbooks.staging.known_payments import known

log = logging.getLogger("airflow.task.airbooks.payments")


def match_all(database: psycopg.Connection, config: PaymentsConfig, tuning: Tuning, today: date, run_id: str) -> Counter[str]:
    """Decide about every movement that nobody has decided about; returns how many are applied, reviewed, waiting."""
    database.execute("SELECT pg_advisory_xact_lock(hashtextextended('airbooks.matching', 0))")
    taken_back = choosing.take_back_rejected(database, run_id)
    movements = incoming.read(database, ("new",))
    items = balances.open_items(database)
    reversing = [(each.reverses, each.gross) for _, each in movements if each.kind is not PaymentKind.RECEIPT]
    before = known(database, today, reversing)
    found = match([(str(incoming_id), movement) for incoming_id, movement in movements], items, tuning, before)
    decided = _decided(movements, found)
    by_id = {item.document_id: item for item in items}
    tally = decisions.write(database, decided, by_id, run_id, config.bank_account)
    database.commit()
    _tell(decided)
    return tally + Counter({"taken back": taken_back})


def _decided(movements: Sequence[tuple[int, IncomingPayment]], found: Sequence[Decision]) -> list[Decided]:
    by_key = {str(incoming_id): (incoming_id, movement) for incoming_id, movement in movements}
    return [Decided(incoming_id=by_key[each.key][0], movement=by_key[each.key][1], decision=each) for each in found]


def _tell(decided: Sequence[Decided]) -> None:
    for each in decided:
        best, movement = each.decision.best, each.movement
        pays = ", ".join(settled.number for settled in best.settled) if best else "nothing"
        level = logging.INFO if each.decision.verdict is Verdict.APPLY else logging.WARNING
        log.log(
            level,
            "%s | %s | %s %s | %s | %s %s | %s",
            each.number,
            movement.payer_name or "without a name",
            f"{movement.gross:,}",
            movement.currency,
            movement.bank_reference or movement.source_id,
            each.decision.verdict.value,
            pays,
            (best.reason if best and each.decision.verdict is Verdict.APPLY else each.decision.reason),
        )
