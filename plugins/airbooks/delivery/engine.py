"""Deliver one chunk of a connection's outbox: claim, resolve ambiguity, send, check the echo, record.

Whatever kills this process leaves each delivery either as it was (nothing was sent) or `sending`, which the next worker turns into
`unknown` and looks up. Nothing here knows a platform; the hook says what it can do.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from airbooks.canonical import DocumentStatus, RemoteDocument
from airbooks.delivery import verdicts
from airbooks.delivery.collecting import collect_answers
from airbooks.delivery.echo import differences
from airbooks.delivery.preparing import Workplace, prepare, unprepared
from airbooks.delivery.recording import record
from airbooks.delivery.resolving import ABSENCE_PAUSE, resolve_unknown
from airbooks.delivery.states import Event, State
from airbooks.delivery.verdicts import Ready, Verdict
from airbooks.platforms.base import Preview, Sent
from airbooks.platforms.errors import Action, AirbooksError, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.spec import Capability, Idempotency
from airbooks.staging import budget, outbox

log = logging.getLogger("airflow.task.airbooks.delivery")

SMALLEST_CLAIM = 25
# A claim is worked on for at most this share of its lease; what is left of it then goes back unsent.
LEASE_SHARE = 0.5


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

    Raises ConnectionStoppedError after recording everything, when the platform no longer lets the connection in.
    """
    work = run.work
    outbox.announce_worker(work.aside, run.worker)
    outbox.give_up_dead(work.database, work.connection, work.place.settle_seconds)
    work.database.commit()
    tally: Counter[str] = Counter()
    with budget.slot(work.aside, work.connection, work.hook.spec.limits.concurrent):
        tally += collect_answers(work, run.worker, run.run_id)
        tally += resolve_unknown(work, run.worker, run.run_id, run.absence_pause)
        for claims in _claims(run, span):
            round_of = _Round(run)
            round_of.deliver(claims)
            tally += round_of.tally
            if round_of.stopped:
                raise ConnectionStoppedError(f"{work.place.title} ({work.connection}) cannot be used: {round_of.stopped}")
            if round_of.paused:
                log.warning("%s: the platform asks for less; the rest waits for the next run: %s", work.connection, round_of.paused)
                break
    return tally


def _claims(run: Run, span: tuple[int, int]) -> Iterator[Sequence[outbox.Claimed]]:
    work = run.work
    size = max(SMALLEST_CLAIM, work.hook.spec.limits.batch)
    while claims := _claim(run, span, size):
        yield claims


def _claim(run: Run, span: tuple[int, int], size: int) -> list[outbox.Claimed]:
    claims = outbox.claim(run.work.database, run.work.connection, span, size, run.worker, run.run_id, run.numbers)
    run.work.database.commit()
    return claims


def preview(run: Run, span: tuple[int, int], show: Callable[[Ready, Sequence[Preview]], None]) -> Counter[str]:
    """A dry run: prepare everything as `deliver` would, show the exact requests, send and keep nothing."""
    work = run.work
    claims = outbox.claim(work.database, work.connection, span, 1_000_000, run.worker, run.run_id, run.numbers)
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


def _creates(ready: Ready) -> bool:
    """A create; or an update of something that never arrived there."""
    claimed = ready.claimed
    return claimed.operation == "create" or (claimed.operation == "update" and not (claimed.earlier_remote_id or claimed.remote_id))


class _Round:
    """One claim's way through the steps; verdicts are recorded as soon as a request has been answered."""

    def __init__(self, run: Run) -> None:
        self.run, self.work, self.hook = run, run.work, run.work.hook
        self.tally: Counter[str] = Counter()
        self.stopped = ""
        self.paused = ""
        self._deadline = time.monotonic() + outbox.LEASE_SECONDS * LEASE_SHARE

    def deliver(self, claims: Sequence[outbox.Claimed]) -> None:
        try:
            ready, held = prepare(self.work, claims)
        except (PlatformError, ConfigurationError) as error:
            self._record(unprepared(self.work, claims, error), 0.0)
            return
        self._record(held, 0.0)
        fresh = self._after_looking_up([each for each in ready if _creates(each)])
        size = self.hook.spec.limits.batch
        for start in range(0, len(fresh), size):
            self._create(fresh[start : start + size])
        for each in ready:
            if not _creates(each):
                self._one(each, self._void if each.claimed.operation == "void" else self._update)

    # -- create ---------------------------------------------------------------------------------------------------------------

    def _after_looking_up(self, ready: list[Ready]) -> list[Ready]:
        """What is really not there yet; the rest is adopted. A first attempt at a platform that refuses repeats itself needs no look-up."""
        trusted = self.hook.spec.idempotency is not Idempotency.NONE
        doubtful = [each for each in ready if not trusted or each.claimed.attempt > 1 or each.claimed.operation != "create"]
        if not doubtful or self._over():
            return ready
        began = time.monotonic()
        try:
            hits = self.hook.find_invoices([(each.document.number, each.document.kind) for each in doubtful])
        except PlatformError as error:
            self._record([verdicts.failed(each, error.as_not_happened(), self.work.place) for each in doubtful], time.monotonic() - began)
            return [each for each in ready if each not in doubtful]
        there = {each.claimed.delivery_id: found for each in doubtful if (found := hits[each.document.number, each.document.kind])}
        found_ready = [each for each in doubtful if each.claimed.delivery_id in there]
        self._adopt([(each, there[each.claimed.delivery_id]) for each in found_ready], time.monotonic() - began)
        return [each for each in ready if each.claimed.delivery_id not in there]

    def _adopt(self, found: Sequence[tuple[Ready, list[RemoteDocument]]], seconds: float) -> None:
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
        self._record(done, seconds)
        self._finish(drafts)

    def _is_unfinished(self, ready: Ready, remote: RemoteDocument) -> bool:
        posts = self.hook.spec.can(Capability.POST_STEP) and ready.sending.options.get("post", True)
        return bool(posts) and remote.status is DocumentStatus.DRAFT

    def _draft(self, ready: Ready, answer: Sent | None) -> RemoteDocument | None:
        """The draft that a create or an update left, and that is still to be posted."""
        if answer is None or answer.remote is None or answer.error is not None or answer.ticket:
            return None
        return answer.remote if self._is_unfinished(ready, answer.remote) else None

    def _create(self, batch: Sequence[Ready]) -> None:
        if self._over():
            self._put_back(batch)
            return
        began = time.monotonic()
        sent, failure = self._send(lambda: self.hook.create_invoices([each.sending for each in batch]))
        seconds = time.monotonic() - began
        drafts: list[tuple[Ready, RemoteDocument]] = []
        done: list[Verdict] = []
        for ready in batch:
            answer = sent.get(ready.sending.key)
            draft = self._draft(ready, answer)
            if draft is not None:
                drafts.append((ready, draft))
            else:
                done.append(self._judge(ready, answer, failure))
        self._record(done, seconds)
        self._finish(drafts)

    def _finish(self, drafts: list[tuple[Ready, RemoteDocument]]) -> None:
        """Post the drafts that are ours to the cent; the intent to post is in the database first, with the draft's id."""
        if not drafts:
            return
        self._remember_drafts(drafts)
        equal: list[tuple[Ready, RemoteDocument]] = []
        wrong: list[Verdict] = []
        for ready, remote in drafts:
            found = differences(ready.document, remote, ready.customer_id)
            if found:
                wrong.append(verdicts.differs(ready, remote, self.work.place, found))
            else:
                equal.append((ready, remote))
        self._record(wrong, 0.0)
        if equal:
            self._post(equal)

    def _remember_drafts(self, drafts: Sequence[tuple[Ready, RemoteDocument]]) -> None:
        rows = [
            outbox.Record(
                delivery_id=ready.claimed.delivery_id,
                attempt=ready.claimed.attempt,
                state=State.SENDING.value,
                remote_id=remote.remote_id,
                remote_number=remote.number,
                remote_status=remote.status.value,
                remote_version=remote.version,
            )
            for ready, remote in drafts
        ]
        outbox.record(self.work.database, self.run.worker, rows)
        self.work.database.commit()

    def _post(self, drafts: Sequence[tuple[Ready, RemoteDocument]]) -> None:
        began = time.monotonic()
        sent, failure = self._send(lambda: self.hook.post_invoices([(ready.sending, remote) for ready, remote in drafts]))
        done = [self._judge(ready, sent.get(ready.sending.key), failure, draft=remote) for ready, remote in drafts]
        self._record(done, time.monotonic() - began)

    # -- update and void ------------------------------------------------------------------------------------------------------

    def _one(self, ready: Ready, act: Callable[[Ready, RemoteDocument], Sent]) -> None:
        if self._over():
            self._put_back([ready])
            return
        began = time.monotonic()
        done = self._act(ready, act)
        if isinstance(done, Verdict):
            self._record([done], time.monotonic() - began)
        else:
            self._finish([(ready, done)])

    def _act(self, ready: Ready, act: Callable[[Ready, RemoteDocument], Sent]) -> Verdict | RemoteDocument:
        """What came of it; or the draft that an update has made right, and that is still to be posted."""
        remote_id = ready.claimed.earlier_remote_id or ready.claimed.remote_id
        try:
            remote = self.hook.get_invoice(remote_id, ready.document.kind) if remote_id else None
        except PlatformError as error:
            return verdicts.failed(ready, error.as_not_happened(), self.work.place)
        if remote is None or remote.status is DocumentStatus.VOID:
            voids = ready.claimed.operation == "void" and bool(remote_id)
            return verdicts.was_void(ready, remote) if voids else verdicts.gone(ready, self.work.place)
        try:
            answer = act(ready, remote)
        except PlatformError as error:
            return verdicts.failed(ready, error, self.work.place, remote)
        updates = ready.claimed.operation == "update"
        draft = self._draft(ready, answer) if updates else None
        return draft or self._judge(ready, answer, None, checks_echo=updates)

    def _update(self, ready: Ready, remote: RemoteDocument) -> Sent:
        return self.hook.update_invoice(ready.sending, remote)

    def _void(self, ready: Ready, remote: RemoteDocument) -> Sent:
        return self.hook.void_invoice(
            remote,
            on=ready.document.ledger_date,
            reason=str(ready.claimed.options.get("reason", "cancelled in the sales system")),
            key=ready.sending.key,
        )

    # -- shared ---------------------------------------------------------------------------------------------------------------

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
            return self._is_it_ours(ready, error, remote)
        return verdicts.failed(ready, error, self.work.place, remote)

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

    def _over(self) -> bool:
        return bool(self.stopped or self.paused) or time.monotonic() > self._deadline

    def _put_back(self, batch: Sequence[Ready]) -> None:
        why = self.stopped or self.paused or "this worker's time was up"
        self._record(
            [Verdict(claimed=each.claimed, document=each.document, event=Event.NOT_SENT, says=f"not sent: {why}") for each in batch], 0.0
        )

    def _record(self, done: Sequence[Verdict], seconds: float) -> None:
        self.tally += record(self.work, self.run.worker, self.run.run_id, done, State.SENDING, seconds)
        for verdict in done:
            self.stopped = self.stopped or (verdict.says if verdict.stops else "")
            self.paused = self.paused or (verdict.says if verdict.pauses else "")
