"""Finding out what became of deliveries whose outcome is unknown: look up, adopt, or, absent twice with a pause between, send again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from airbooks.canonical import DocumentStatus, RemoteDocument
from airbooks.delivery import verdicts
from airbooks.delivery.echo import differences
from airbooks.delivery.preparing import Workplace, prepare, unprepared
from airbooks.delivery.recording import record
from airbooks.delivery.states import Event, State
from airbooks.delivery.verdicts import Ready, Verdict
from airbooks.platforms.errors import ConfigurationError, PlatformError
from airbooks.platforms.spec import Capability
from airbooks.staging import outbox

ABSENCE_PAUSE = 60.0
LOOK_UPS = 50


def resolve_unknown(work: Workplace, worker: str, run_id: str, absence_pause: float) -> Counter[str]:
    """Look up every unknown delivery of the connection whose settle time has passed."""
    tally: Counter[str] = Counter()
    while claims := _claim(work, worker):
        began = time.monotonic()
        try:
            ready, held = prepare(work, claims)
        except (PlatformError, ConfigurationError) as error:
            ready, held = [], unprepared(work, claims, error)
        done = [_look_up(work, each, absence_pause) for each in ready] + [_later(each, absence_pause) for each in held]
        tally += record(work, worker, run_id, done, State.UNKNOWN, time.monotonic() - began)
    return tally


def _claim(work: Workplace, worker: str) -> list[outbox.Claimed]:
    claims = outbox.claim_open(work.database, work.connection, State.UNKNOWN.value, LOOK_UPS, worker)
    work.database.commit()
    return claims


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
    )


def _look_up(work: Workplace, ready: Ready, pause: float) -> Verdict:
    try:
        hits = _hits(work, ready)
        if not hits and ready.claimed.operation == "void":
            return Verdict(claimed=ready.claimed, document=ready.document, event=Event.FOUND, says="found deleted")
        if not hits:
            return _absent(ready, pause)
        if len(hits) > 1:
            return verdicts.found_twice(ready, hits, work.place)
        return _found(work, ready, hits[0])
    except PlatformError as error:
        return _still_unknown(ready, str(error), pause)


def _hits(work: Workplace, ready: Ready) -> Sequence[RemoteDocument]:
    """By the platform's id where we have it (an update, a void, a draft of ours), else by our number."""
    claimed = ready.claimed
    known = claimed.remote_id or (claimed.earlier_remote_id if claimed.operation != "create" else "")
    if known:
        remote = work.hook.get_invoice(known, ready.document.kind)
        return [remote] if remote is not None else []
    return work.hook.find_invoice(ready.document.number, ready.document.kind)


def _found(work: Workplace, ready: Ready, remote: RemoteDocument) -> Verdict:
    if ready.claimed.operation == "void":
        return _voided(ready, remote)
    if remote.status is DocumentStatus.VOID:
        return verdicts.gone(ready, work.place)
    if ready.claimed.operation == "update" and differences(ready.document, remote, ready.customer_id):
        return _again(ready, remote, "the update did not arrive")
    if _unfinished(work, ready, remote):
        return _again(ready, remote, "a draft was made and not posted")
    return verdicts.booked(ready, remote, work.place, note="found by look-up", event=Event.FOUND)


def _unfinished(work: Workplace, ready: Ready, remote: RemoteDocument) -> bool:
    posts = work.hook.spec.can(Capability.POST_STEP) and ready.sending.options.get("post", True)
    return bool(posts) and remote.status is DocumentStatus.DRAFT


def _voided(ready: Ready, remote: RemoteDocument) -> Verdict:
    if remote.status is DocumentStatus.VOID:
        return Verdict(claimed=ready.claimed, document=ready.document, event=Event.FOUND, says="found void", remote=remote)
    return _again(ready, remote, "it is not void yet")


def _again(ready: Ready, remote: RemoteDocument, says: str) -> Verdict:
    """The next attempt starts from what is there: it looks up first, and finishes instead of creating."""
    return Verdict(claimed=ready.claimed, document=ready.document, event=Event.ABSENT_TWICE, says=says, remote=remote)


def _absent(ready: Ready, pause: float) -> Verdict:
    seen = ready.claimed.absences + 1
    if seen < 2:
        return Verdict(
            claimed=ready.claimed, document=ready.document, event=Event.ABSENT, says="not there (first look)", wait=pause, absences=seen
        )
    return Verdict(claimed=ready.claimed, document=ready.document, event=Event.ABSENT_TWICE, says="not there, twice: it was not booked")


def _still_unknown(ready: Ready, says: str, pause: float) -> Verdict:
    return Verdict(
        claimed=ready.claimed, document=ready.document, event=Event.ABSENT, says=says, wait=pause, absences=ready.claimed.absences
    )
