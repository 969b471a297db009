"""Matching what came in against what is open, one run at a time, in one transaction."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date

import psycopg

from airbooks.canonical import IncomingPayment, PaymentKind
from airbooks.payments.decision import Decision, OpenItem, Verdict
from airbooks.payments.matching import match
from airbooks.payments.settings import PaymentsConfig
from airbooks.payments.tuning import Tuning
from airbooks.staging import balances, choosing, decisions, incoming, periods
from airbooks.staging.decisions import Decided
from airbooks.staging.incoming import Incoming
from airbooks.staging.known_payments import known

log = logging.getLogger("airflow.task.airbooks.payments")


def match_all(database: psycopg.Connection, config: PaymentsConfig, today: date, run_id: str, *, keep: bool = True) -> Counter[str]:
    """Decide about every movement that nobody has decided about; returns how many are applied, reviewed, waiting.

    What was left on account here, and booked nowhere, is matched again too; it asks nobody while nothing certain is found. Commits after
    each group of movements that do not depend on each other; what is not to be kept (a dry run) is only told, and rolled back there.
    """
    end = database.commit if keep else database.rollback
    decisions.take_turns(database)
    tally = Counter({"taken back": choosing.take_back_rejected(database, run_id)})
    end()  # the audit trail is locked since: nobody shall wait for it while this run thinks
    decisions.take_turns(database)
    for movements in _in_order(database, incoming.unapplied(database), today):
        decisions.take_turns(database)
        decided, counts = _match(database, config, movements, today, run_id)
        end()
        _tell(decided)
        tally += counts
    end()
    return +tally


def _in_order(database: psycopg.Connection, movements: Sequence[Incoming], today: date) -> list[list[Incoming]]:
    """First what takes earlier payments back, so that their documents are open again; then receipts; then what takes those back."""
    receipts = [each for each in movements if each.movement.kind is PaymentKind.RECEIPT]
    reversing = [each for each in movements if each.movement.kind is not PaymentKind.RECEIPT]
    settled = {earlier.key for earlier in known(database, today, reversing).settled_before} if reversing else set()
    first = [each for each in reversing if str(each.original_id) in settled]
    last = [each for each in reversing if str(each.original_id) not in settled]
    return [group for group in (first, receipts, last) if group]


def _match(
    database: psycopg.Connection, config: PaymentsConfig, movements: Sequence[Incoming], today: date, run_id: str
) -> tuple[list[Decided], Counter[str]]:
    items = balances.open_items(database)
    reversing = [each for each in movements if each.movement.kind is not PaymentKind.RECEIPT]
    before = known(database, today, reversing)
    asked = [(str(each.incoming_id), _named(each)) for each in movements]
    found = match(asked, items, Tuning(**asdict(config.matching)), before)
    twins = {each.incoming_id: each.other_id for each in incoming.look_alikes(database, [each.incoming_id for each in movements])}
    resting = {each.incoming_id for each in movements if each.state == "on_account"}
    by_id = {item.document_id: item for item in items}
    locked = periods.locked_until(database)
    doubted = [_in_open_period(_doubted(each, twins), by_id, locked) for each in _decided(movements, found)]
    decided = [each for each in doubted if each.decision.verdict is Verdict.APPLY or each.incoming_id not in resting]
    return decided, decisions.write(database, decided, by_id, run_id, config.bank_account)


def _named(each: Incoming) -> IncomingPayment:
    """The movement; one that takes another back names it as staging does."""
    return each.movement if each.original_id is None else each.movement.model_copy(update={"reverses": str(each.original_id)})


def _decided(movements: Sequence[Incoming], found: Sequence[Decision]) -> list[Decided]:
    by_key = {str(each.incoming_id): each for each in movements}
    return [Decided(incoming_id=by_key[each.key].incoming_id, movement=by_key[each.key].movement, decision=each) for each in found]


def _doubted(each: Decided, twins: Mapping[int, int]) -> Decided:
    """A movement that looks like one that somebody else told is never applied before a person has looked."""
    other = twins.get(each.incoming_id)
    if other is None or each.decision.verdict is not Verdict.APPLY:
        return each
    reason = f"it looks like {decisions.number_of(other)}, which another source told: perhaps it is the same money"
    return replace(each, decision=replace(each.decision, verdict=Verdict.REVIEW, reason=reason))


def _in_open_period(each: Decided, items: Mapping[int, OpenItem], locked: Mapping[str, date]) -> Decided:
    """A payment that is dated in a period of its invoices' books that is locked is never applied before a person has looked."""
    best = each.decision.best
    if best is None or best.takes_back or each.decision.verdict is not Verdict.APPLY:
        return each
    divisions = {items[settled.document_id].division for settled in best.settled}
    until = max((locked[division] for division in divisions if division in locked), default=None)
    if until is None or each.movement.booked_on > until:
        return each
    reason = f"{best.reason}; but the books are locked until {until}"
    return replace(each, decision=replace(each.decision, verdict=Verdict.REVIEW, reason=reason))


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
