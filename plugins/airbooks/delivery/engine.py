"""Deliver one chunk of a connection's outbox: claim, resolve ambiguity, send, check the echo, record.

Whatever kills this process leaves each delivery either as it was (nothing was sent) or `sending`, which the next worker turns into
`unknown` and looks up. Nothing here knows a platform; the hook says what it can do.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from airbooks.canonical import DocumentKind
from airbooks.delivery import paying
from airbooks.delivery.collecting import collect_answers
from airbooks.delivery.lanes import Act, Supply, Way, most_lanes, open_lanes, taken, work_off
from airbooks.delivery.preparing import Workplace, prepare, unprepared
from airbooks.delivery.recording import claimed_event
from airbooks.delivery.resolving import ABSENCE_PAUSE, resolve_unknown
from airbooks.delivery.sending import Desk
from airbooks.delivery.verdicts import Ready, Verdict
from airbooks.platforms.errors import AirbooksError, PlatformError
from airbooks.staging import audit, budget, circuit, outbox
from airbooks.staging.circuit import Position

log = logging.getLogger("airflow.task.airbooks.delivery")

SMALLEST_CLAIM = 25


class ConnectionStoppedError(AirbooksError):
    """A connection cannot work until a person mends it (authorisation revoked, company unreachable); nothing more was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One worker's turn at one connection.

    `worker` is unique; `absence_pause` is seconds between the two look-ups that prove absence; `numbers` are the only documents to send,
    or empty for all.
    """

    work: Workplace
    worker: str
    run_id: str
    absence_pause: float = ABSENCE_PAUSE
    numbers: tuple[str, ...] = ()


def deliver(run: Run, span: tuple[int, int]) -> Counter[str]:
    """Work through the pending deliveries of a range of ids; returns how many ended in which event.

    A platform that does not answer is left alone (`airbooks.staging.circuit`): what is left goes with a later run, and nothing counts
    against it. Raises ConnectionStoppedError after recording everything, when the platform no longer lets the connection in.
    """
    work = run.work
    outbox.announce_worker(work.aside, run.worker)
    outbox.give_up_dead(work.database, work.connection, work.place.settle_seconds, run.run_id)
    work.database.commit()
    with circuit.passage(work.aside, work.connection) as found:
        if found.position is Position.OPEN:
            log.warning(
                "%s does not answer and is tried again at %s UTC; until then all waits: %s", work.connection, found.until, found.says
            )
            return Counter()
        if found.position is Position.HALF_OPEN and not _answers_again(run):
            return Counter()
        tally = _deliver(run, span, cautious=found.position is Position.HALF_OPEN)
    if work.hook.refusal is not None:  # there was nothing to send, only something to look up
        raise _stopped(work, str(work.hook.refusal))
    return tally


def _stopped(work: Workplace, says: str) -> ConnectionStoppedError:
    return ConnectionStoppedError(f"{work.place.title} ({work.connection}) cannot be used: {says}")


def _answers_again(run: Run) -> bool:
    """One question to a platform that was silent; a connection that is wrong has answered, too."""
    work = run.work
    with open_lanes(work, 1):
        try:
            work.hook.find_invoice("AIRBOOKS", DocumentKind.INVOICE)
        except PlatformError as error:
            if error.is_silence:
                circuit.silent(work.aside, work.connection, str(error), work.place.probe_seconds)
                log.warning("%s still does not answer: %s", work.connection, error)
                return False
    return True


def _deliver(run: Run, span: tuple[int, int], *, cautious: bool) -> Counter[str]:
    work = run.work
    tally: Counter[str] = Counter()
    tally += collect_answers(work, run.worker, run.run_id)
    resolved, stopped = resolve_unknown(work, run.worker, run.run_id, run.absence_pause)
    if stopped:
        raise _stopped(work, stopped)
    tally += resolved
    tally += paying.apply_unknown_again(work, run.worker, run.run_id)
    for each in _passes(run, cautious=cautious):
        desk = Desk(work, run.worker, run.run_id)
        while _round(run, span, each, desk) and not (desk.why_not() or each.once):
            pass
        tally += desk.tally
        if desk.stopped:
            raise _stopped(work, desk.stopped)
        if desk.paused:
            log.warning("%s: the rest waits for the next run: %s", work.connection, desk.paused)
            break
    return tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What is claimed together: `size` at a time, the healthy or the suspects, documents or payments.

    `alone`: only one claim per round; `once`: only one round.
    """

    way: Way
    size: int
    suspects: bool = False
    alone: bool = False
    once: bool = False

    @property
    def payments(self) -> bool:
        return self.way is PAYMENTS


def _passes(run: Run, *, cautious: bool) -> Iterator[Pass]:
    """Documents first, then the payments that settle them; of each the healthy, then the suspects, each alone.

    A claim keeps all lanes busy. A cautious start is one document.
    """
    size = max(SMALLEST_CLAIM, run.work.hook.spec.limits.batch * most_lanes(run.work.hook))
    for way in (DOCUMENTS, PAYMENTS):
        if cautious and way is DOCUMENTS:
            yield Pass(way=way, size=1, alone=True, once=True)
        yield Pass(way=way, size=size)
        yield Pass(way=way, size=1, suspects=True, alone=True)


def _claim(run: Run, span: tuple[int, int], size: int, *, suspects: bool, payments: bool) -> list[outbox.Claimed]:
    """Taken, with the intent in the trail, before anything is sent."""
    work = run.work
    with work.transaction() as database:
        claims = outbox.claim(
            database, work.connection, span, size, run.worker, run.run_id, run.numbers, suspects=suspects, payments=payments
        )
        audit.append(database, [claimed_event(work, run.run_id, each) for each in claims])
    return claims


def _round(run: Run, span: tuple[int, int], each: Pass, desk: Desk) -> bool:
    """Claim and send until there is nothing more, or somebody else wants a place; False when there was nothing at all."""
    work, way = run.work, each.way
    owner = work.hook.counted_as("concurrent")

    def claim() -> list[outbox.Claimed]:
        return _claim(run, span, each.size, suspects=each.suspects, payments=each.payments)

    def claim_more() -> list[outbox.Claimed]:
        ends = each.alone or desk.why_not() or budget.somebody_waits(work.aside, owner)
        return [] if ends else claim()

    first = taken(claim())
    if not first.claims:
        return False
    try:
        with open_lanes(work, min(way.width(work, first.claims), most_lanes(work.hook))) as lanes:
            work_off(desk, lanes, Supply(desk, way, first, claim_more, len(lanes)))
    except budget.NoSlotError as error:
        desk.record(way.unprepared(work, first.claims, PlatformError(str(error), platform=work.hook.spec.slug, rule=budget.SPENT)), 0.0)
        raise
    finally:
        desk.write()
    return True


def _document_steps(work: Workplace, claims: Sequence[outbox.Claimed]) -> tuple[list[Act], list[Verdict]]:
    """The requests that do not depend on each other: batches of what is new, and each change of its own."""
    ready, held = prepare(work, claims)
    size = work.hook.spec.limits.batch
    fresh = [each for each in ready if each.creates]
    batches = [fresh[start : start + size] for start in range(0, len(fresh), size)]
    changes = [each for each in ready if not each.creates]
    return [*(_create(batch) for batch in batches), *(_change(each) for each in changes)], held


def _payment_steps(work: Workplace, claims: Sequence[outbox.Claimed]) -> tuple[list[Act], list[Verdict]]:
    """Each payment on its own."""
    ready, held = paying.prepare(work, claims)
    return [paying.apply(each) for each in ready], held


def _document_width(work: Workplace, claims: Sequence[outbox.Claimed]) -> int:
    fresh = sum(1 for each in claims if each.operation == "create")
    return math.ceil(fresh / work.hook.spec.limits.batch) + len(claims) - fresh


def _one_at_a_time(_: Workplace, claims: Sequence[outbox.Claimed]) -> int:
    return min(1, len(claims))


DOCUMENTS = Way(_document_steps, unprepared, _document_width)
# Many platforms book receipts through a journal or a batch that is one for all.
PAYMENTS = Way(_payment_steps, paying.unprepared, _one_at_a_time)


def _create(batch: Sequence[Ready]) -> Act:
    return lambda lane: lane.create(batch)


def _change(ready: Ready) -> Act:
    return lambda lane: lane.change(ready)
