"""The steps of sending, in one lane: look for what may be there, create, check, post, change, void; every answer becomes a verdict."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from airbooks.canonical import DocumentStatus, RemoteDocument
from airbooks.delivery import verdicts
from airbooks.delivery.correcting import Way, paid_already, way
from airbooks.delivery.echo import differences
from airbooks.delivery.preparing import Workplace, at_step
from airbooks.delivery.recording import GOOD, record
from airbooks.delivery.states import Event, State
from airbooks.delivery.verdicts import REISSUING, VOIDING, Ready, Verdict
from airbooks.platforms.base import Sent
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.spec import Capability, Idempotency
from airbooks.staging import circuit, outbox

log = logging.getLogger("airflow.task.airbooks.delivery")

# What is well waits at most so long, in so large a group, for others to be written with.
HOLDS_SECONDS, HOLDS_MOST = 0.5, 25


class Desk:
    """Where lanes hand in their verdicts, one at a time; it knows whether anything more may be sent."""

    def __init__(self, work: Workplace, worker: str, run_id: str) -> None:
        self._work, self._worker, self._run_id = work, worker, run_id
        self._held: list[Verdict] = []
        self._held_since = 0.0
        self.tally: Counter[str] = Counter()
        self.stopped = ""
        self.paused = ""

    def record(self, done: Sequence[Verdict], seconds: float) -> None:
        """Written at once, or, of documents that are well, together with what follows within a moment; `seconds` is how long it took.

        A worker that dies before that has left them to be looked up, as if their answers had been lost.
        """
        if not done:
            return
        with self._turn():
            self._held_since = self._held_since if self._held else time.monotonic()
            self._held += [replace(verdict, seconds=seconds) for verdict in done]
            for verdict in done:
                self.stopped = self.stopped or (verdict.says if verdict.stops else "")
                self.paused = self.paused or (verdict.says if verdict.pauses else "")
            late = time.monotonic() - self._held_since > HOLDS_SECONDS
            if late or len(self._held) >= HOLDS_MOST or any(verdict.event not in GOOD for verdict in done):
                self._write()

    def write(self) -> None:
        """Everything that was handed in is in the database."""
        with self._turn():
            self._write()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """The database for this lane alone; what fails leaves it usable for the others."""
        with self._work.transaction():
            yield

    def _write(self) -> None:
        held, self._held = self._held, []
        self.tally += record(self._work, self._worker, self._run_id, held, State.SENDING, 0.0)
        if any(verdict.silent for verdict in held) and circuit.is_open(self._work.aside, self._work.connection):
            self.paused = self.paused or "the platform does not answer"

    def remember(self, rows: Sequence[outbox.Record]) -> set[int]:
        """What is known of deliveries that go on: in the database before their next request, with a new lease.

        Returns the ids of those that are still this worker's; the others were taken over, and nothing more may be done about them here.
        """
        with self._work.transaction() as database:
            kept = outbox.record(database, self._worker, rows)
        for row in rows:
            if row.delivery_id not in kept:
                log.warning("%s | delivery %d was taken over by another worker", self._work.connection, row.delivery_id)
        return kept

    def why_not(self) -> str:
        """Why nothing more may be sent; empty while it may."""
        return self.stopped or self.paused


class Lane:
    """One session with the platform, and the steps that are taken in it. `until` (monotonic seconds) the step in hand may be begun."""

    def __init__(self, work: Workplace, desk: Desk) -> None:
        self.work, self.hook, self.desk = work, work.hook, desk
        self.until = math.inf

    def why_not(self) -> str:
        """Why the step in hand may not be begun any more; empty while it may."""
        late = "this worker's time was up" if time.monotonic() > self.until else ""
        return self.desk.why_not() or late

    # -- create ---------------------------------------------------------------------------------------------------------------

    def create(self, batch: Sequence[Ready]) -> None:
        """Create and post what is not there yet; what is there already is adopted."""
        if self._put_back(batch):
            return
        fresh = self._after_looking_up(batch)
        if not fresh or self._put_back(fresh):
            return
        began = time.monotonic()
        sent, failure = self._send(lambda: self.hook.create_invoices([each.sending for each in fresh]))
        seconds = time.monotonic() - began
        drafts: list[tuple[Ready, RemoteDocument]] = []
        done: list[Verdict] = []
        for ready in fresh:
            answer = sent.get(ready.sending.key)
            draft = self._draft(ready, answer)
            if draft is not None:
                drafts.append((ready, draft))
            else:
                done.append(self._judge(ready, answer, failure))
        self.desk.record(done, seconds)
        self._finish(drafts)

    def _after_looking_up(self, ready: Sequence[Ready]) -> list[Ready]:
        """What is really not there yet; the rest is adopted. A first attempt at a platform that refuses repeats itself needs no look-up."""
        trusted = self.hook.spec.idempotency is not Idempotency.NONE
        doubtful = [each for each in ready if not trusted or each.claimed.attempt > 1 or each.claimed.operation != "create"]
        if not doubtful:
            return list(ready)
        began = time.monotonic()
        try:
            hits = self.hook.find_invoices([(each.document.number, each.document.kind) for each in doubtful])
        except PlatformError as error:
            failed = [verdicts.failed(each, error.as_not_happened(), self.work.place) for each in doubtful]
            self.desk.record(failed, time.monotonic() - began)
            return [each for each in ready if each not in doubtful]
        there = {each.claimed.delivery_id: found for each in doubtful if (found := hits[each.document.number, each.document.kind])}
        found_ready = [each for each in doubtful if each.claimed.delivery_id in there]
        self._adopt([(each, there[each.claimed.delivery_id]) for each in found_ready], time.monotonic() - began)
        return [each for each in ready if each.claimed.delivery_id not in there]

    def _adopt(self, found: Sequence[tuple[Ready, Sequence[RemoteDocument]]], seconds: float) -> None:
        """Documents that are on the platform already: ours to the cent -> finish and record, else a person decides."""
        drafts: list[tuple[Ready, RemoteDocument]] = []
        done: list[Verdict] = []
        for ready, hits in found:
            if len(hits) > 1:
                done.append(verdicts.found_twice(ready, hits, self.work.place))
            elif self._is_unfinished(ready, hits[0]):
                drafts.append((ready, hits[0]))
            else:
                done.append(verdicts.booked(ready, hits[0], self.work.place, note="was there already"))
        self.desk.record(done, seconds)
        self._finish(drafts)

    def _is_unfinished(self, ready: Ready, remote: RemoteDocument) -> bool:
        posts = self.hook.spec.can(Capability.POST_STEP) and not ready.wants_draft
        return posts and remote.status is DocumentStatus.DRAFT

    def _draft(self, ready: Ready, answer: Sent | None) -> RemoteDocument | None:
        """The draft that a create or an update left, and that is still to be posted."""
        if answer is None or answer.remote is None or answer.error is not None or answer.ticket:
            return None
        return answer.remote if self._is_unfinished(ready, answer.remote) else None

    def _finish(self, drafts: list[tuple[Ready, RemoteDocument]]) -> None:
        """Post the drafts that are ours to the cent; the intent to post is in the database first, with the draft's id."""
        if not drafts:
            return
        ours = self.desk.remember([_remembered(ready, remote) for ready, remote in drafts])
        equal: list[tuple[Ready, RemoteDocument]] = []
        wrong: list[Verdict] = []
        for ready, remote in drafts:
            if ready.claimed.delivery_id not in ours:
                continue
            found = differences(ready.document, remote, ready.customer_id)
            if found:
                wrong.append(verdicts.differs(ready, remote, self.work.place, found))
            else:
                equal.append((ready, remote))
        self.desk.record(wrong, 0.0)
        if equal:
            self._post(equal)

    def _post(self, drafts: Sequence[tuple[Ready, RemoteDocument]]) -> None:
        began = time.monotonic()
        sent, failure = self._send(lambda: self.hook.post_invoices([(ready.sending, remote) for ready, remote in drafts]))
        done = [self._judge(ready, sent.get(ready.sending.key), failure, draft=remote) for ready, remote in drafts]
        self.desk.record(done, time.monotonic() - began)

    # -- update and void ------------------------------------------------------------------------------------------------------

    def change(self, ready: Ready) -> None:
        """Update or void one document that is there; the intent is in the database once more after the look at it."""
        if self._put_back([ready]):
            return
        began = time.monotonic()
        try:
            remote = self._there(ready)
        except PlatformError as error:
            self.desk.record([verdicts.failed(ready, error.as_not_happened(), self.work.place)], time.monotonic() - began)
            return
        if self._put_back([ready]) or not self._is_ours(ready, remote):
            return
        step = self._void if ready.claimed.operation == "void" else self._correct
        done = step(ready, remote)
        self.desk.record([done] if done else [], time.monotonic() - began)

    def _is_ours(self, ready: Ready, remote: RemoteDocument | None = None) -> bool:
        """The intent is in the database, with how `remote` was found; not where another worker took the delivery over."""
        return bool(self.desk.remember([replace(_intent(ready), remote_status=remote.status.value if remote else "")]))

    def _there(self, ready: Ready) -> RemoteDocument | None:
        """What is to be changed; by our number where an earlier outcome was never known."""
        if ready.earlier_id:
            return self.hook.get_invoice(ready.earlier_id, ready.document.kind)
        return next(iter(self.hook.find_invoice(ready.document.number, ready.document.kind)), None)

    def _void(self, ready: Ready, remote: RemoteDocument | None) -> Verdict | None:
        if remote is None or remote.status is DocumentStatus.VOID:
            return verdicts.was_void(ready, remote)
        return self._voided(ready, remote)

    def _correct(self, ready: Ready, remote: RemoteDocument | None) -> Verdict | None:
        """Make the platform's document say what ours says now; None where what follows has recorded it."""
        if remote is None or remote.status is DocumentStatus.VOID:
            if ready.claimed.step != VOIDING:
                return verdicts.gone(ready, self.work.place)
            self._reissue(ready)
            return None
        if not ready.was_left_alone(remote):
            return verdicts.changed_there(ready, self.work.place, remote)
        chosen = way(self.hook.spec, remote)
        if chosen is Way.REPLACE:
            return self._replace(ready, remote)
        if chosen is Way.ASK:
            return verdicts.asks(ready, paid_already(ready, remote, self.work.place))
        answer = self._try(ready, remote, lambda now: self.hook.update_invoice(ready.sending, now))
        if isinstance(answer, Verdict):
            return answer
        draft = self._draft(ready, answer)
        if draft is None:
            return self._judge(ready, answer, None)
        self._finish([(ready, draft)])
        return None

    def _replace(self, ready: Ready, remote: RemoteDocument) -> Verdict | None:
        """Void the old document and issue the new one. Each half is an intent of its own in the database before it is tried."""
        voiding = at_step(ready, VOIDING)
        if not self._is_ours(voiding):
            return None
        judged = self._voided(voiding, remote)
        if judged.event is not Event.BOOKED:
            return replace(judged, remote=None)
        self._reissue(ready)
        return None

    def _reissue(self, ready: Ready) -> None:
        reissuing = at_step(ready, REISSUING)
        if self._is_ours(reissuing):
            self.create([reissuing])

    def _voided(self, ready: Ready, remote: RemoteDocument) -> Verdict:
        answer = self._try(ready, remote, lambda now: self._void_there(ready, now))
        return answer if isinstance(answer, Verdict) else self._judge(ready, answer, None, checks_echo=False)

    def _void_there(self, ready: Ready, remote: RemoteDocument) -> Sent:
        return self.hook.void_invoice(
            remote,
            on=ready.document.ledger_date,
            reason=str(ready.claimed.options.get("reason", "cancelled in the sales system")),
            key=ready.sending.key,
        )

    def _try(self, ready: Ready, remote: RemoteDocument, act: Callable[[RemoteDocument], Sent]) -> Sent | Verdict:
        """The platform's answer to a change; a version token that has gone stale is read anew once, unless somebody changed amounts."""
        answer = _attempt(act, remote)
        if not _is_stale(answer):
            return answer if isinstance(answer, Sent) else verdicts.failed(ready, answer, self.work.place, remote)
        try:
            now = self.hook.get_invoice(remote.remote_id, ready.document.kind)
        except PlatformError as error:
            return verdicts.failed(ready, error.as_not_happened(), self.work.place, remote)
        if now is None or now.status is DocumentStatus.VOID or (now.total, now.customer_id) != (remote.total, remote.customer_id):
            live = now if now is not None and now.status is not DocumentStatus.VOID else None
            return verdicts.changed_there(ready, self.work.place, live)
        again = _attempt(act, now)
        return again if isinstance(again, Sent) else verdicts.failed(ready, again, self.work.place, now)

    # -- shared ---------------------------------------------------------------------------------------------------------------

    def _put_back(self, batch: Sequence[Ready]) -> bool:
        why = self.why_not()
        if why:
            self.desk.record([verdicts.put_back(each, why) for each in batch], 0.0)
        return bool(why)

    def _send(self, request: Callable[[], list[Sent]]) -> tuple[dict[str, Sent], PlatformError | None]:
        """The answers by key, and the error that took the whole request down, if one did."""
        try:
            return {answer.key: answer for answer in request()}, None
        except PlatformError as error:
            return {}, error

    def _judge(
        self,
        ready: Ready,
        answer: Sent | None,
        failure: PlatformError | None,
        *,
        draft: RemoteDocument | None = None,
        checks_echo: bool = True,
    ) -> Verdict:
        error = answer.error if answer is not None else failure
        if error is not None:
            remote = (answer.remote if answer is not None else None) or draft
            return self._judge_error(ready, error, remote)
        if answer is not None and answer.ticket:
            return verdicts.taken_on(ready, answer.ticket, self.work.place, answer.remote or draft)
        if answer is None or answer.remote is None:
            return verdicts.lost(ready, "the platform's answer does not mention this document", self.work.place, draft)
        if draft is not None and answer.remote.status is DocumentStatus.DRAFT:
            return verdicts.left_draft(ready, answer.remote, self.work.place)
        if not checks_echo:
            says = answer.note or "done"
            return Verdict(claimed=ready.claimed, document=ready.document, event=Event.BOOKED, says=says, remote=answer.remote)
        return verdicts.booked(ready, answer.remote, self.work.place, note=answer.note)

    def _judge_error(self, ready: Ready, error: PlatformError, remote: RemoteDocument | None) -> Verdict:
        if error.action is Action.LOOK_UP and error.outcome is not Outcome.UNKNOWN:
            return self._is_it_void(ready, error) if ready.voids else self._is_it_ours(ready, error, remote)
        return verdicts.failed(ready, error, self.work.place, remote)

    def _is_it_void(self, ready: Ready, error: PlatformError) -> Verdict:
        """The platform says that there is nothing to void: that is believed when the document is not live any more."""
        try:
            remote = self._there(ready)
        except PlatformError:
            return verdicts.lost(ready, str(error), self.work.place)
        if remote is None or remote.status is DocumentStatus.VOID:
            return verdicts.was_void(ready, remote)
        return verdicts.refused(ready, error, self.work.place)

    def _is_it_ours(self, ready: Ready, error: PlatformError, remote: RemoteDocument | None) -> Verdict:
        """The platform says that it has this number already: ours from an earlier try, or somebody else's."""
        try:
            hits = self.hook.find_invoice(ready.document.number, ready.document.kind)
        except PlatformError:
            return verdicts.lost(ready, str(error), self.work.place, remote)
        if len(hits) == 1 and self._is_unfinished(ready, hits[0]):
            return verdicts.lost(ready, "a draft of it is there already", self.work.place, hits[0])
        if len(hits) == 1 and not differences(ready.document, hits[0], ready.customer_id):
            return verdicts.booked(ready, hits[0], self.work.place, note="was there already")
        return verdicts.refused(ready, error, self.work.place)


def _attempt(act: Callable[[RemoteDocument], Sent], remote: RemoteDocument) -> Sent | PlatformError:
    try:
        return act(remote)
    except PlatformError as error:
        return error


def _is_stale(answer: Sent | PlatformError) -> bool:
    error = answer.error if isinstance(answer, Sent) else answer
    return error is not None and error.action is Action.REREAD and error.outcome is Outcome.DID_NOT_HAPPEN


def _remembered(ready: Ready, remote: RemoteDocument) -> outbox.Record:
    return replace(
        _intent(ready),
        remote_id=remote.remote_id,
        remote_number=remote.number,
        remote_status=remote.status.value,
        remote_version=remote.version,
    )


def _intent(ready: Ready) -> outbox.Record:
    """The delivery goes on, at its step."""
    claimed = ready.claimed
    return outbox.Record(delivery_id=claimed.delivery_id, attempt=claimed.attempt, state=State.SENDING.value, step=claimed.step)
