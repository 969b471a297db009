"""Asking for the answers that a platform owes: requests that it took on with a ticket. Nothing here sends anything."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain

from airbooks.canonical import DocumentStatus
from airbooks.delivery import verdicts
from airbooks.delivery.lanes import most_lanes, turns
from airbooks.delivery.preparing import Workplace, prepare, read_document
from airbooks.delivery.recording import record
from airbooks.delivery.states import Event, State
from airbooks.delivery.verdicts import REISSUING, VOIDING, Ready, Verdict
from airbooks.platforms.base import Sent
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.spec import Capability
from airbooks.staging import outbox

QUESTIONS = 100
MOST_FAILURES = 3  # in a row: then the platform is not asked any more this time


def collect_answers(work: Workplace, worker: str, run_id: str) -> Counter[str]:
    """Ask once about every accepted delivery of the connection whose turn it is, and record what the platform says.

    Several questions are on their way at once, as many as the platform takes. Raises NoSlotError when it takes none now.
    """
    tally: Counter[str] = Counter()
    due = outbox.questions_due(work.database, work.connection, State.ACCEPTED.value) if work.hook.spec.can(Capability.ANSWERS_LATER) else 0
    work.database.commit()
    if not due:
        return tally
    last = 0
    with closing(turns(work, min(due, most_lanes(work.hook)))) as places:
        for lanes in places:
            claims = _claim(work, worker, last)
            if not claims:
                break
            last, began = claims[-1].delivery_id, time.monotonic()
            done = _ask(lanes, claims)
            tally += record(work, worker, run_id, done, State.ACCEPTED, time.monotonic() - began)
    return tally


def has_answers(work: Workplace, span: tuple[int, int]) -> bool:
    """Whether the platform has answered at least one open ticket of a range of deliveries (or none is open); records nothing."""
    waiting = outbox.accepted(work.database, work.connection, span)
    ready, _ = prepare(work, waiting, dry_run=True) if waiting else ([], [])
    work.database.rollback()
    if not ready:
        return True
    return any(not _is_open(answer) for answer in _answers(work, ready[:QUESTIONS]).values())


def _claim(work: Workplace, worker: str, after: int) -> list[outbox.Claimed]:
    claims = outbox.claim_open(work.database, work.connection, State.ACCEPTED.value, QUESTIONS, worker, after)
    work.database.commit()
    return claims


def _ask(lanes: Sequence[Workplace], claims: Sequence[outbox.Claimed]) -> list[Verdict]:
    work = lanes[0]
    try:
        ready, held = prepare(work, claims, dry_run=True)
    except (PlatformError, ConfigurationError) as error:
        return [verdicts.still_open(each, read_document(each), str(error), work.place) for each in claims]
    done = [verdicts.still_open(each.claimed, each.document, each.says, work.place, each.findings) for each in held]
    with ThreadPoolExecutor(len(lanes), thread_name_prefix="lane") as pool:
        for told in pool.map(_ask_in_lane, lanes, _shares(ready, len(lanes))):
            done += told
    return done


def _shares(ready: Sequence[Ready], most: int) -> list[list[Ready]]:
    """Even, as far as whole tickets are: what one ticket stands for is asked for together."""
    by_ticket: dict[str, list[Ready]] = {}
    for each in ready:
        by_ticket.setdefault(each.claimed.ticket, []).append(each)
    tickets = list(by_ticket.values())
    return [list(chain.from_iterable(tickets[first::most])) for first in range(min(most, len(tickets)))]


def _ask_in_lane(lane: Workplace, ready: Sequence[Ready]) -> list[Verdict]:
    try:
        answers = _answers(lane, ready)
    except (PlatformError, ConfigurationError) as error:
        return [verdicts.still_open(each.claimed, each.document, str(error), lane.place) for each in ready]
    return [_verdict(lane, each, answers.get(each.sending.key)) for each in ready]


def _answers(work: Workplace, ready: Sequence[Ready]) -> Mapping[str, Sent]:
    """All at once; where that fails for one of them, each by itself, so that one answer that cannot be read keeps no other back."""
    try:
        return _asked(work, ready)
    except PlatformError:
        if len(ready) < 2:
            raise
    found: dict[str, Sent] = {}
    failures = 0
    for each in ready:
        try:
            found |= _asked(work, [each])
            failures = 0
        except PlatformError:
            failures += 1
            if failures == MOST_FAILURES and not found:
                raise
            if failures == MOST_FAILURES:
                break
    return found


def _asked(work: Workplace, ready: Sequence[Ready]) -> Mapping[str, Sent]:
    return {answer.key: answer for answer in work.hook.collect_answers([(each.sending, each.claimed.ticket) for each in ready])}


def _is_open(answer: Sent) -> bool:
    return bool(answer.ticket) or (answer.error is None and answer.remote is None)


def _verdict(work: Workplace, ready: Ready, answer: Sent | None) -> Verdict:
    if answer is None or (answer.error is None and answer.remote is None and not answer.ticket):
        return verdicts.still_open(ready.claimed, ready.document, "no answer yet", work.place)
    if answer.error is not None:
        return _failed(work, ready, answer.error)
    if answer.ticket:
        return _next_step(work, ready, answer)
    return _booked(work, ready, answer)


def _failed(work: Workplace, ready: Ready, error: PlatformError) -> Verdict:
    """The job failed. A number that the platform has already is looked up, like an outcome that it does not know itself."""
    if error.action is Action.LOOK_UP or error.outcome is Outcome.UNKNOWN:
        return verdicts.lost(ready, str(error), work.place)
    return verdicts.failed(ready, error, work.place)


def _next_step(work: Workplace, ready: Ready, answer: Sent) -> Verdict:
    verdict = verdicts.still_open(ready.claimed, ready.document, f"the platform works on it as {answer.ticket}", work.place)
    return verdicts.with_ticket(verdict, answer.ticket, answer.remote)


def _booked(work: Workplace, ready: Ready, answer: Sent) -> Verdict:
    remote = answer.remote
    assert remote is not None  # noqa: S101 the caller looked
    if ready.claimed.step == VOIDING:
        says = "the old document is void; the new one goes next"
        return Verdict(claimed=ready.claimed, document=ready.document, event=Event.NOT_SENT, says=says, step=REISSUING)
    if ready.claimed.operation == "void" and remote.status is DocumentStatus.VOID:
        says = answer.note or "done"
        return Verdict(claimed=ready.claimed, document=ready.document, event=Event.BOOKED, says=says, remote=remote)
    return verdicts.booked(ready, remote, work.place, note=answer.note)
