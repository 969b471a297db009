"""Deliver one chunk of a connection's outbox: claim, resolve ambiguity, send, check the echo, record.

Whatever kills this process leaves each delivery either as it was (nothing was sent) or `sending`, which the next worker turns into
`unknown` and looks up. Nothing here knows a platform; the hook says what it can do.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from airbooks.canonical import DocumentKind
from airbooks.delivery import paying, verdicts
from airbooks.delivery.collecting import collect_answers
from airbooks.delivery.preparing import Workplace, prepare, unprepared
from airbooks.delivery.recording import claimed_event
from airbooks.delivery.resolving import ABSENCE_PAUSE, resolve_unknown
from airbooks.delivery.sending import Desk, Lane
from airbooks.delivery.verdicts import Ready, Verdict
from airbooks.platforms.base import PlatformHook, Preview
from airbooks.platforms.errors import AirbooksError, ConfigurationError, PlatformError
from airbooks.staging import audit, budget, circuit, outbox
from airbooks.staging.circuit import Position

log = logging.getLogger("airflow.task.airbooks.delivery")

SMALLEST_CLAIM = 25
USUAL_LANES = 4  # where the vendor does not say how many requests it takes at once


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
        return _deliver(run, span, cautious=found.position is Position.HALF_OPEN)


def _answers_again(run: Run) -> bool:
    """One question to a platform that was silent; a connection that is wrong has answered, too."""
    work = run.work
    with _lanes(run, 1):
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
    with _lanes(run, 1):
        tally += collect_answers(work, run.worker, run.run_id)
        tally += resolve_unknown(work, run.worker, run.run_id, run.absence_pause)
        tally += paying.apply_unknown_again(work, run.worker, run.run_id)
    for way, claims in _ways(run, span, cautious=cautious):
        desk = _send(run, claims, way)
        tally += desk.tally
        if desk.stopped:
            raise ConnectionStoppedError(f"{work.place.title} ({work.connection}) cannot be used: {desk.stopped}")
        if desk.paused:
            log.warning("%s: the rest waits for the next run: %s", work.connection, desk.paused)
            break
    return tally


def _ways(run: Run, span: tuple[int, int], *, cautious: bool) -> Iterator[tuple[Way, Sequence[outbox.Claimed]]]:
    """Documents first, then the payments that settle them, each claim with the way it goes."""
    for claims in _claims(run, span, cautious=cautious, payments=False):
        yield DOCUMENTS, claims
    for claims in _claims(run, span, cautious=False, payments=True):
        yield PAYMENTS, claims


def _claims(run: Run, span: tuple[int, int], *, cautious: bool, payments: bool) -> Iterator[Sequence[outbox.Claimed]]:
    """The healthy first, as many at once as keep all lanes busy; then the suspects, each alone. A cautious start is one document."""
    size = max(SMALLEST_CLAIM, run.work.hook.spec.limits.batch * most_lanes(run.work.hook))
    if cautious and (claims := _claim(run, span, 1, payments=payments)):
        yield claims
    for suspects in (False, True):
        while claims := _claim(run, span, 1 if suspects else size, suspects=suspects, payments=payments):
            yield claims


def _claim(run: Run, span: tuple[int, int], size: int, *, suspects: bool = False, payments: bool = False) -> list[outbox.Claimed]:
    """Taken, with the intent in the trail, before anything is sent."""
    work = run.work
    claims = outbox.claim(
        work.database, work.connection, span, size, run.worker, run.run_id, run.numbers, suspects=suspects, payments=payments
    )
    audit.append(work.database, [claimed_event(work, run.run_id, each) for each in claims])
    work.database.commit()
    return claims


def preview(run: Run, span: tuple[int, int], show: Callable[[Ready, Sequence[Preview]], None]) -> Counter[str]:
    """A dry run: prepare everything as `deliver` would, show the exact requests, send and keep nothing."""
    work = run.work
    claims = [
        claimed
        for suspects in (False, True)
        for claimed in outbox.claim(work.database, work.connection, span, 1_000_000, run.worker, run.run_id, run.numbers, suspects=suspects)
    ]
    work.database.rollback()
    ready, held = prepare(work, claims, dry_run=True)
    for each in ready:
        try:
            show(each, work.hook.preview([each.sending]))
        except PlatformError as error:
            held.append(verdicts.failed(each, error.as_not_happened(), work.place))
    for verdict in held:
        log.warning("%s | %s | would be held back: %s", verdict.document.number, work.connection, verdict.says)
    return Counter({"would be sent": len(claims) - len(held), "would be held back": len(held)})


# -- lanes: requests that are on their way at the same time -----------------------------------------------------------------------------


def most_lanes(hook: PlatformHook) -> int:
    """How many requests the platform takes from one connection at once."""
    return hook.spec.limits.concurrent or USUAL_LANES


@contextlib.contextmanager
def _lanes(run: Run, most: int) -> Iterator[Sequence[Workplace]]:
    """As many of the connection's places as are free now, at least one and at most `most`, each with a session of its own."""
    work = run.work
    with contextlib.ExitStack() as held:
        allowed = work.hook.spec.limits.concurrent
        owner = work.hook.counted_as("concurrent")
        places = held.enter_context(budget.places(work.aside, owner, allowed, most=most, urgency=work.urgency))
        siblings = [held.enter_context(work.hook.sibling()) for _ in range(places - 1)]
        yield [work, *(replace(work, hook=each) for each in siblings if each.has_room())]


def _send(run: Run, claims: Sequence[outbox.Claimed], way: Way) -> Desk:
    """One claim's way through the steps, in as many lanes as there are places and requests."""
    desk = Desk(run.work, run.worker, run.run_id)
    try:
        steps, held = way.steps(run.work, claims)
    except (PlatformError, ConfigurationError) as error:
        desk.record(way.unprepared(run.work, claims, error), 0.0)
        desk.write()
        return desk
    desk.record(held, 0.0)
    try:
        with _lanes(run, 1 if way.one_lane else min(len(steps), most_lanes(run.work.hook))) as lanes:
            _work_off(desk, lanes, steps)
    finally:
        desk.write()
    return desk


Step = Callable[[Lane], None]


@dataclass(frozen=True, slots=True)
class Way:
    """How claims become steps: those that can go with a verdict for each that cannot, or verdicts for all when nothing can be prepared.

    `one_lane`: one step after the other.
    """

    steps: Callable[[Workplace, Sequence[outbox.Claimed]], tuple[list[Step], list[Verdict]]]
    unprepared: Callable[[Workplace, Sequence[outbox.Claimed], PlatformError | ConfigurationError], list[Verdict]]
    one_lane: bool = False


def _document_steps(work: Workplace, claims: Sequence[outbox.Claimed]) -> tuple[list[Step], list[Verdict]]:
    """The requests that do not depend on each other: batches of what is new, and each change of its own."""
    ready, held = prepare(work, claims)
    size = work.hook.spec.limits.batch
    fresh = [each for each in ready if each.creates]
    batches = [fresh[start : start + size] for start in range(0, len(fresh), size)]
    changes = [each for each in ready if not each.creates]
    return [*(_create(batch) for batch in batches), *(_change(each) for each in changes)], held


def _payment_steps(work: Workplace, claims: Sequence[outbox.Claimed]) -> tuple[list[Step], list[Verdict]]:
    """Each payment on its own."""
    ready, held = paying.prepare(work, claims)
    return [paying.apply(each) for each in ready], held


DOCUMENTS = Way(_document_steps, unprepared)
# Many platforms book receipts through a journal or a batch that is one for all.
PAYMENTS = Way(_payment_steps, paying.unprepared, one_lane=True)


def _create(batch: Sequence[Ready]) -> Step:
    return lambda lane: lane.create(batch)


def _change(ready: Ready) -> Step:
    return lambda lane: lane.change(ready)


def _work_off(desk: Desk, lanes: Sequence[Workplace], steps: Sequence[Step]) -> None:
    """Every lane takes the next step as soon as it is free; what one of them raises is raised when all have ended."""
    if len(lanes) == 1:
        _take_steps(Lane(lanes[0], desk), _queue(steps), threading.Event())
        return
    waiting, broken = _queue(steps), threading.Event()
    with ThreadPoolExecutor(len(lanes), thread_name_prefix="lane") as pool:
        for ended in [pool.submit(_take_steps, Lane(work, desk), waiting, broken) for work in lanes]:
            ended.result()


def _queue(steps: Sequence[Step]) -> queue.SimpleQueue[Step]:
    waiting: queue.SimpleQueue[Step] = queue.SimpleQueue()
    for step in steps:
        waiting.put(step)
    return waiting


def _take_steps(lane: Lane, waiting: queue.SimpleQueue[Step], broken: threading.Event) -> None:
    try:
        while not broken.is_set():
            waiting.get_nowait()(lane)
    except queue.Empty:
        return
    except BaseException:
        broken.set()  # the other lanes end with what they have in hand
        raise
