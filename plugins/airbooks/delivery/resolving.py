"""Finding out what became of deliveries whose outcome is unknown: look up, adopt, or, absent twice with a pause between, send again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from airbooks.canonical import DocumentStatus, RemoteDocument
from airbooks.delivery import verdicts
from airbooks.delivery.lanes import turns
from airbooks.delivery.preparing import Workplace, prepare, unprepared
from airbooks.delivery.recording import record
from airbooks.delivery.states import Event, State
from airbooks.delivery.verdicts import MAX_ATTEMPTS, REISSUING, VOIDING, Ready, Verdict
from airbooks.platforms.errors import Action, ConfigurationError, PlatformError
from airbooks.platforms.spec import Capability
from airbooks.staging import outbox

ABSENCE_PAUSE = 60.0
LOOK_UPS = 50

Hits = Sequence[RemoteDocument] | PlatformError


def resolve_unknown(work: Workplace, worker: str, run_id: str, absence_pause: float) -> tuple[Counter[str], str]:
    """Look up every unknown delivery of the connection whose settle time has passed; ends early where the platform does not answer.

    Returns how many ended in which event, and what a person must mend before the connection can be used (empty: nothing). Raises
    NoSlotError when the platform takes no call more now.
    """
    tally: Counter[str] = Counter()
    due = outbox.questions_due(work.database, work.connection, State.UNKNOWN.value)
    work.database.commit()
    if not due:
        return tally, ""
    with closing(turns(work, 1)) as places:
        for _ in places:
            claims = _claim(work, worker)
            began = time.monotonic()
            done = _look_up(work, claims, absence_pause)
            tally += record(work, worker, run_id, done, State.UNKNOWN, time.monotonic() - began)
            stopped = next((verdict.says for verdict in done if verdict.stops), "")
            if not claims or stopped or any(verdict.silent or verdict.pauses for verdict in done):
                break
    return tally, stopped


def _claim(work: Workplace, worker: str) -> list[outbox.Claimed]:
    claims = outbox.claim_open(work.database, work.connection, State.UNKNOWN.value, LOOK_UPS, worker)
    work.database.commit()
    return claims


def _look_up(work: Workplace, claims: Sequence[outbox.Claimed], pause: float) -> list[Verdict]:
    try:
        ready, held = prepare(work, claims)
    except (PlatformError, ConfigurationError) as error:
        ready, held = [], unprepared(work, claims, error)
    by_number = _by_number(work, [each for each in ready if not each.known_id])
    done = [_later(each, pause) for each in held]
    broken: PlatformError | None = None
    for each in ready:
        hits = by_number[each.claimed.delivery_id] if not each.known_id else broken or _by_id(work, each)
        broken = hits if isinstance(hits, PlatformError) and hits.is_of_all else broken
        done.append(_still_unknown(work, each, hits, pause) if isinstance(hits, PlatformError) else _judge(work, each, hits, pause))
    return done


def _by_id(work: Workplace, ready: Ready) -> Hits:
    try:
        remote = work.hook.get_invoice(ready.known_id, ready.document.kind)
    except PlatformError as error:
        return error
    return [remote] if remote is not None else []


def _by_number(work: Workplace, wanted: Sequence[Ready]) -> Mapping[int, Hits]:
    """All at once where the platform can; where that fails for one of them, each by itself, so that none keeps the others back."""
    if not wanted:
        return {}
    try:
        found = work.hook.find_invoices([(each.document.number, each.document.kind) for each in wanted])
    except PlatformError as error:
        if error.is_of_all or len(wanted) == 1:
            return dict.fromkeys((each.claimed.delivery_id for each in wanted), error)
        return _one_by_one(work, wanted)
    return {each.claimed.delivery_id: found[each.document.number, each.document.kind] for each in wanted}


def _one_by_one(work: Workplace, wanted: Sequence[Ready]) -> Mapping[int, Hits]:
    found: dict[int, Hits] = {}
    broken: PlatformError | None = None
    for each in wanted:
        hits = {each.claimed.delivery_id: broken} if broken else _by_number(work, [each])
        found |= hits
        answer = found[each.claimed.delivery_id]
        broken = answer if isinstance(answer, PlatformError) and answer.is_of_all else broken
    return found


def _later(held: Verdict, pause: float) -> Verdict:
    """What cannot even be prepared now stays unknown: it may be on the platform."""
    return Verdict(
        claimed=held.claimed,
        document=held.document,
        event=Event.ABSENT,
        says=held.says,
        findings=held.findings,
        wait=pause,
        absences=held.claimed.absences,
        silent=held.silent,
        stops=held.stops,
        pauses=held.pauses,
    )


def _judge(work: Workplace, ready: Ready, hits: Sequence[RemoteDocument], pause: float) -> Verdict:
    if ready.claimed.step == VOIDING:
        return _after_voiding(work, ready, hits)
    if not hits and ready.claimed.operation == "void":
        return Verdict(claimed=ready.claimed, document=ready.document, event=Event.FOUND, says="found deleted")
    if not hits:
        return _absent(work, ready, pause)
    if len(hits) > 1:
        return verdicts.found_twice(ready, hits, work.place)
    return _found(work, ready, hits[0])


def _after_voiding(work: Workplace, ready: Ready, hits: Sequence[RemoteDocument]) -> Verdict:
    """An update that replaces, cut off while it voided the old document: the new one goes when the old one is void, and not before."""
    if not hits or hits[0].status is DocumentStatus.VOID:
        return _again(work, ready, None, "the old document is void", step=REISSUING)
    return _again(work, ready, None, "the old document is not void yet", step="")


def _found(work: Workplace, ready: Ready, remote: RemoteDocument) -> Verdict:
    if ready.claimed.operation == "void":
        return _voided(work, ready, remote)
    if remote.status is DocumentStatus.VOID:
        return verdicts.gone(ready, work.place)
    if ready.claimed.operation == "update" and ready.claimed.earlier_remote_id and ready.claimed.step != REISSUING:
        return _after_updating(work, ready, remote)
    if _unfinished(work, ready, remote):
        return _again(work, ready, remote, "a draft was made and not posted")
    return verdicts.booked(ready, remote, work.place, note="found by look-up", event=Event.FOUND)


def _after_updating(work: Workplace, ready: Ready, remote: RemoteDocument) -> Verdict:
    """An update without an answer is made again: what was there before may look the same but for what nobody compares.

    What was a draft and is posted now, on a platform that changes nothing that is posted, was posted by it.
    """
    is_draft = remote.status is DocumentStatus.DRAFT
    if not is_draft and not ready.was_left_alone(remote):
        return verdicts.changed_there(ready, work.place, remote)
    was_draft = ready.claimed.remote_status == DocumentStatus.DRAFT.value
    if was_draft and not is_draft and not work.hook.spec.can(Capability.UPDATE_POSTED):
        return verdicts.booked(ready, remote, work.place, note="found by look-up", event=Event.FOUND)
    return _again(work, ready, remote, "whether the update arrived cannot be seen")


def _unfinished(work: Workplace, ready: Ready, remote: RemoteDocument) -> bool:
    posts = work.hook.spec.can(Capability.POST_STEP) and not ready.wants_draft
    return posts and remote.status is DocumentStatus.DRAFT


def _voided(work: Workplace, ready: Ready, remote: RemoteDocument) -> Verdict:
    if remote.status is DocumentStatus.VOID:
        return Verdict(claimed=ready.claimed, document=ready.document, event=Event.FOUND, says="found void", remote=remote)
    return _again(work, ready, remote, "it is not void yet")


def _again(work: Workplace, ready: Ready, remote: RemoteDocument | None, says: str, step: str | None = None) -> Verdict:
    """The next attempt starts from what is there (it looks up first, and finishes instead of creating), unless it failed too often."""
    if ready.claimed.failures >= MAX_ATTEMPTS:
        return verdicts.worn_out(ready, says, work.place, remote)
    return Verdict(claimed=ready.claimed, document=ready.document, event=Event.ABSENT_TWICE, says=says, remote=remote, step=step)


def _absent(work: Workplace, ready: Ready, pause: float) -> Verdict:
    seen = ready.claimed.absences + 1
    if seen < 2:
        return _stays(ready, "not there (first look)", pause, seen)
    return _again(work, ready, None, "not there, twice: it was not booked")


def _still_unknown(work: Workplace, ready: Ready, error: PlatformError, pause: float) -> Verdict:
    """What cannot be looked at is looked for again; a document that cannot be read however often is seen to by a person."""
    if not error.is_of_all and ready.claimed.failures + 1 >= MAX_ATTEMPTS:
        return verdicts.worn_out(ready, f"whether it is there cannot be seen: {error}", work.place)
    stays = _stays(ready, str(error), verdicts.bounded(error.retry_after or pause), ready.claimed.absences)
    stops = error.action in {Action.STOP, Action.RENEW}
    pauses, failed = error.action is Action.WAIT, not error.is_of_all
    return replace(stays, silent=error.is_silence, pauses=pauses, stops=stops, failed=failed)


def _stays(ready: Ready, says: str, pause: float, absences: int) -> Verdict:
    return Verdict(
        claimed=ready.claimed,
        document=ready.document,
        event=Event.ABSENT,
        says=says,
        wait=pause,
        absences=absences,
    )
