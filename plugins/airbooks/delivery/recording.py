"""Verdicts into the database, the audit trail and the log: one transaction for a whole batch."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import psycopg

from airbooks.canonical import CreditNote, Invoice, Payment, RemoteDocument, RemotePayment
from airbooks.delivery.preparing import Workplace
from airbooks.delivery.states import Event, State, after
from airbooks.delivery.verdicts import Verdict
from airbooks.staging import audit, circuit, exceptions, outbox

log = logging.getLogger("airflow.task.airbooks.delivery")

GOOD = frozenset({Event.BOOKED, Event.FOUND, Event.TAKEN_ON, Event.STILL_OPEN})


def record(work: Workplace, worker: str, run_id: str, verdicts: Sequence[Verdict], started: State, seconds: float) -> Counter[str]:
    """Write the verdicts and commit; returns how many of each event. `seconds` is how long the platform took where no verdict says it."""
    if not verdicts:
        return Counter()
    kept = outbox.record(work.database, worker, [_row(verdict, started) for verdict in verdicts])
    written = [verdict for verdict in verdicts if verdict.claimed.delivery_id in kept]
    _exceptions(work.database, written, run_id)
    audit.append(work.database, [_event(work, run_id, verdict) for verdict in written])
    work.database.commit()
    _note_circuit(work, verdicts)
    for verdict in verdicts:
        _log(work.connection, verdict, verdict.seconds or seconds, taken_over=verdict.claimed.delivery_id not in kept)
    return Counter(verdict.event.value for verdict in written)


def _row(verdict: Verdict, started: State) -> outbox.Record:
    there = _there(verdict.remote)
    state = after(started, verdict.event)
    return outbox.Record(
        delivery_id=verdict.claimed.delivery_id,
        attempt=verdict.claimed.attempt,
        state=state.value,
        **there,
        confirmed=state is State.DELIVERED and there.get("remote_total") is not None,
        absences=verdict.absences,
        not_before=verdict.wait,
        last_error="" if state is State.DELIVERED else audit.storable(verdict.says[:2000]),
        ticket=audit.storable(verdict.ticket),
        failed=verdict.failed,
        step=verdict.claimed.step if verdict.step is None else verdict.step,
    )


def _there(remote: RemoteDocument | RemotePayment | None) -> dict[str, Any]:
    """What is kept of the platform's answer."""
    if remote is None:
        return {}
    words = {"remote_id": remote.remote_id, "remote_version": remote.version, "remote_currency": remote.currency}
    if isinstance(remote, RemotePayment):
        words |= {"remote_number": remote.reference, "remote_status": "reversed" if remote.reversed else "booked"}
        return {**audit.storable(words), "remote_total": remote.amount}
    words |= {"remote_number": remote.number, "remote_status": remote.status.value}
    return {**audit.storable(words), "remote_total": remote.total, "remote_tax": remote.tax}


def _value(document: Invoice | CreditNote | Payment) -> Decimal:
    return document.amount if isinstance(document, Payment) else document.gross_total


ANSWERS = frozenset({Event.BOOKED, Event.FOUND, Event.REFUSED, Event.DIFFERS, Event.TAKEN_ON})


def _note_circuit(work: Workplace, verdicts: Sequence[Verdict]) -> None:
    silent = next((verdict for verdict in verdicts if verdict.silent), None)
    if silent is not None:
        circuit.silent(work.aside, work.connection, silent.says, work.place.probe_seconds)
    elif any(verdict.event in ANSWERS for verdict in verdicts):
        circuit.answered(work.aside, work.connection)


def _exceptions(database: psycopg.Connection, verdicts: Sequence[Verdict], run_id: str) -> None:
    found = [
        exceptions.Found(
            finding=finding,
            document_id=verdict.claimed.document_id,
            delivery_id=verdict.claimed.delivery_id,
            number=verdict.document.number,
            amount=_value(verdict.document),
            currency=verdict.document.currency,
            run_id=run_id,
        )
        for verdict in verdicts
        for finding in verdict.findings
    ]
    exceptions.open_exceptions(database, found)
    settled = [verdict.claimed.delivery_id for verdict in verdicts if verdict.event in {Event.BOOKED, Event.FOUND}]
    exceptions.close_for(database, delivery_ids=settled, by=run_id)


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def claimed_event(work: Workplace, run_id: str, claimed: outbox.Claimed) -> audit.Event:
    """The intent to send, as the trail keeps it: written before the wire is touched."""
    return audit.Event(
        actor=run_id,
        action=f"delivery {Event.CLAIMED.value}",
        document_id=claimed.document_id,
        delivery_id=claimed.delivery_id,
        number=claimed.number,
        connection=work.connection,
        detail={
            "operation": claimed.operation,
            "attempt": claimed.attempt,
            "generation": claimed.generation,
            "key": claimed.idempotency_key,
            "content_hash": claimed.content_hash,
        },
    )


def _event(work: Workplace, run_id: str, verdict: Verdict) -> audit.Event:
    claimed, there = verdict.claimed, _there(verdict.remote)
    return audit.Event(
        actor=run_id,
        action=f"delivery {verdict.event.value}",
        document_id=claimed.document_id,
        delivery_id=claimed.delivery_id,
        number=verdict.document.number,
        connection=work.connection,
        detail={
            "operation": claimed.operation,
            "attempt": claimed.attempt,
            "generation": claimed.generation,
            "key": claimed.idempotency_key,
            "content_hash": claimed.content_hash,
            "says": verdict.says[:2000],
            "remote_id": there.get("remote_id", claimed.remote_id),
            **({"ticket": verdict.ticket} if verdict.ticket else {}),
            "remote_number": there.get("remote_number", ""),
            "remote_total": _text(there.get("remote_total")),
            "overrides": dict(claimed.options),
        },
    )


def _log(connection: str, verdict: Verdict, seconds: float, *, taken_over: bool) -> None:
    document, remote = verdict.document, verdict.remote
    happened = "taken over by another worker, not recorded here" if taken_over else verdict.event.value
    words = "" if verdict.event in {Event.BOOKED, Event.FOUND} else f": {verdict.says}"
    level = logging.INFO if verdict.event in GOOD else logging.WARNING
    log.log(
        level,
        "%s | %s %s | %s %s | %s | %s%s | platform id %s | %.2f s",
        document.number,
        verdict.claimed.customer_code,
        "" if isinstance(document, Payment) else document.buyer.name,
        f"{_value(document):,}",
        document.currency,
        connection,
        happened,
        words,
        remote.remote_id if remote else verdict.claimed.remote_id or "none",
        seconds,
    )
