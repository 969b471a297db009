"""What an answer means for a delivery: pure functions from what came back to an event, in words a person can act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from airbooks.canonical import CreditNote, DocumentStatus, Finding, Invoice, Payment, RemoteDocument, RemotePayment, Severity
from airbooks.delivery.echo import Difference, differences
from airbooks.delivery.states import Event
from airbooks.platforms.base import Sending
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.staging.outbox import Claimed

MAX_ATTEMPTS = 5
RETRY_SECONDS = 60.0
LONGEST_WAIT = 3600.0
# The halves of an update that replaces the document (`Claimed.step`).
VOIDING, REISSUING = "voiding", "reissuing"


class Tried(Protocol):
    """What was tried, of whatever kind: a claimed delivery and what it delivers."""

    @property
    def claimed(self) -> Claimed: ...
    @property
    def document(self) -> Invoice | CreditNote | Payment: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A claimed delivery that can be sent: its document (with overrides applied) and everything resolved."""

    claimed: Claimed
    document: Invoice | CreditNote
    sending: Sending
    wants_draft: bool = False  # the operator leaves the posting to somebody else

    @property
    def customer_id(self) -> str:
        return self.sending.references.customer

    @property
    def earlier_id(self) -> str:
        """What is there of an earlier revision, or of this one before it was voided; empty where nothing is."""
        claimed = self.claimed
        if claimed.operation == "create" or claimed.step == REISSUING:
            return ""
        return claimed.earlier_remote_id or claimed.remote_id

    @property
    def known_id(self) -> str:
        """The platform's id where we have it (an update, a void, a draft of ours); empty where only our number can find the document."""
        return self.claimed.remote_id or self.earlier_id

    def was_left_alone(self, remote: RemoteDocument) -> bool:
        """Whether what stands there is what we left there, what was last seen there, or (after an update without an answer) ours."""
        known = (self.claimed.earlier_total, self.claimed.remote_total, self.document.gross_total)
        return self.claimed.earlier_total is None or remote.total is None or remote.total in known

    @property
    def voids(self) -> bool:
        """A void; or the first half of an update that replaces."""
        return self.claimed.operation == "void" or self.claimed.step == VOIDING

    @property
    def creates(self) -> bool:
        """A create; or an update of something that never arrived there, or that was voided to be issued anew."""
        return self.claimed.operation != "void" and not self.earlier_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What happened to one delivery.

    `wait` is seconds until it may go on; `says` one line for the log and the row; `failed` counts the attempt against the document;
    `silent` means that the platform did not answer; `step` is where an update that replaces stands.
    """

    claimed: Claimed
    document: Invoice | CreditNote | Payment
    event: Event
    says: str
    remote: RemoteDocument | RemotePayment | None = None
    findings: tuple[Finding, ...] = ()
    wait: float = 0.0
    absences: int = 0
    ticket: str = ""  # what the platform calls the request that it took on and has not answered
    stops: bool = False  # the connection cannot go on until a person mends it
    pauses: bool = False  # the platform asks for less: leave the rest of the chunk for later
    failed: bool = False
    silent: bool = False
    step: str | None = None  # None: as claimed
    seconds: float = 0.0  # how long the platform took


@dataclass(frozen=True, slots=True)
class Place:
    """Where a verdict is spoken, for its words: the connection and the platform's name."""

    connection: str
    title: str
    settle_seconds: float
    poll_seconds: float = 10.0
    overdue_seconds: float = 3600.0
    probe_seconds: float = 30.0  # the first pause after which a platform that does not answer is tried again


_NAMES = {Invoice: "invoice", CreditNote: "credit note", Payment: "payment"}


def title_of(document: Invoice | CreditNote | Payment) -> str:
    """As a sentence begins with it."""
    name = name_of(document)
    return f"{name[0].upper()}{name[1:]}"


def name_of(document: Invoice | CreditNote | Payment) -> str:
    """As a sentence goes on with it."""
    return f"{_NAMES[type(document)]} {document.number}"


def booked(ready: Ready, remote: RemoteDocument, place: Place, note: str = "", event: Event = Event.BOOKED) -> Verdict:
    """The platform has it: `event` (booked or found) when it is ours to the cent and posted, else something for a person."""
    found = differences(ready.document, remote, ready.customer_id)
    if found:
        return differs(ready, remote, place, found)
    if remote.status is DocumentStatus.DRAFT and not ready.wants_draft:
        return left_draft(ready, remote, place)
    says = f"{event.value} as {remote.number or remote.remote_id}" + (f" ({note})" if note else "")
    return Verdict(claimed=ready.claimed, document=ready.document, event=event, says=says, remote=remote)


def differs(ready: Ready, remote: RemoteDocument, place: Place, found: tuple[Difference, ...]) -> Verdict:
    """What the platform holds under our number is not what we sent."""
    what = "; ".join(map(str, found))
    name = remote.number or remote.remote_id
    finding = Finding(
        code="AB-ECHO",
        severity=Severity.ERROR,
        field=found[0].field,
        value=found[0].theirs,
        says=f"{title_of(ready.document)} is on {place.title} ({place.connection}) as {name}, but differs: {what}.",
        fix="Correct the mapping or the document on one side, then answer Retry: it is looked up again and never sent twice.",
        connection=place.connection,
    )
    return Verdict(claimed=ready.claimed, document=ready.document, event=Event.DIFFERS, says=what, remote=remote, findings=(finding,))


def left_draft(ready: Ready, remote: RemoteDocument, place: Place) -> Verdict:
    """The platform took it (and answered the posting, where that is a step), and it is a draft: it is not in the books."""
    name = remote.number or remote.remote_id
    finding = Finding(
        code="AB-DRAFT",
        severity=Severity.ERROR,
        field="status",
        value=remote.status.value,
        says=f"{title_of(ready.document)} is on {place.title} ({place.connection}) as {name}, but as a draft, which is not in the books.",
        fix="See there what the posting waits for (an approval, a setting), then answer Retry: the draft is finished, never made again.",
        connection=place.connection,
    )
    says = "a draft, which is not in the books"
    return Verdict(claimed=ready.claimed, document=ready.document, event=Event.DIFFERS, says=says, remote=remote, findings=(finding,))


def found_twice(ready: Ready, hits: Sequence[RemoteDocument], place: Place) -> Verdict:
    """More than one live document carries our number: only a person can say which one is right."""
    names = ", ".join(hit.number or hit.remote_id for hit in hits)
    finding = Finding(
        code="AB-TWICE",
        severity=Severity.ERROR,
        field="number",
        value=ready.document.number,
        says=f"{title_of(ready.document)} exists {len(hits)} times on {place.title} ({place.connection}): {names}.",
        fix="Void the wrong ones there, then answer Retry.",
        connection=place.connection,
    )
    return Verdict(
        claimed=ready.claimed, document=ready.document, event=Event.DIFFERS, says=f"found {len(hits)} times: {names}", findings=(finding,)
    )


def lost(ready: Tried, says: str, place: Place, remote: RemoteDocument | None = None, *, silent: bool = False) -> Verdict:
    """No proof either way: to be looked up after the platform's settle time."""
    return Verdict(
        claimed=ready.claimed,
        document=ready.document,
        event=Event.LOST,
        says=says,
        remote=remote,
        wait=place.settle_seconds,
        failed=True,
        silent=silent,
    )


def taken_on(ready: Ready, ticket: str, place: Place, remote: RemoteDocument | None = None) -> Verdict:
    """The platform answers later; `remote` is the draft that it is working on, where there is one."""
    return Verdict(
        claimed=ready.claimed,
        document=ready.document,
        event=Event.TAKEN_ON,
        says=f"the platform works on it as {ticket}",
        remote=remote,
        ticket=ticket,
        wait=place.poll_seconds,
    )


def still_open(
    claimed: Claimed, document: Invoice | CreditNote | Payment, says: str, place: Place, findings: tuple[Finding, ...] = ()
) -> Verdict:
    """The platform has not answered yet; after the platform's usual time a person is told, and nothing is sent meanwhile either way."""
    if claimed.accepted_seconds > place.overdue_seconds:
        return _overdue(claimed, document, place)
    return Verdict(
        claimed=claimed,
        document=document,
        event=Event.STILL_OPEN,
        says=says,
        findings=findings,
        ticket=claimed.ticket,
        wait=place.poll_seconds,
    )


def with_ticket(verdict: Verdict, ticket: str, remote: RemoteDocument | None) -> Verdict:
    """The same verdict about the next step of the platform's work."""
    return replace(verdict, ticket=ticket, remote=remote)


def _overdue(claimed: Claimed, document: Invoice | CreditNote | Payment, place: Place) -> Verdict:
    finding = Finding(
        code="AB-OVERDUE",
        severity=Severity.ERROR,
        field="",
        value=claimed.ticket,
        says=(
            f"{place.title} ({place.connection}) took {name_of(document)} on as {claimed.ticket}"
            f" {claimed.accepted_seconds / 60:.0f} minutes ago and has not said what became of it."
        ),
        fix=(
            "See there whether the job waits or failed and let it run or end it, then answer Retry: it is asked again, and nothing is sent"
            " before it has answered. Answer Reject only when the job was deleted there."
        ),
        connection=place.connection,
    )
    return Verdict(
        claimed=claimed, document=document, event=Event.OVERDUE, says="no answer in time", findings=(finding,), ticket=claimed.ticket
    )


def failed(ready: Tried, error: PlatformError, place: Place, remote: RemoteDocument | None = None) -> Verdict:
    """What an error means. `remote` is a draft that was made before the failing step."""
    if error.outcome is not Outcome.DID_NOT_HAPPEN:
        return lost(ready, str(error), place, remote, silent=error.is_silence)
    if error.action in {Action.STOP, Action.RENEW}:  # a renewal that did not help needs a person, too
        return replace(_not_sent(ready, error, remote), stops=True, wait=bounded(error.retry_after or 0.0))
    if error.action is Action.REVIEW:
        return refused(ready, error, place, remote)
    if error.action is Action.WAIT:
        return replace(_not_sent(ready, error, remote), pauses=True)
    if error.is_silence:  # it is the platform's failure, not the document's
        return replace(_not_sent(ready, error, remote), silent=True)
    if ready.claimed.failures + 1 >= MAX_ATTEMPTS:
        return worn_out(ready, str(error), place, remote, subject=error.rule.name)
    return replace(_not_sent(ready, error, remote), failed=True)


def _not_sent(ready: Tried, error: PlatformError, remote: RemoteDocument | None) -> Verdict:
    wait = error.retry_after if error.retry_after is not None else RETRY_SECONDS * min(ready.claimed.attempt, MAX_ATTEMPTS)
    return Verdict(claimed=ready.claimed, document=ready.document, event=Event.NOT_SENT, says=str(error), remote=remote, wait=bounded(wait))


def bounded(seconds: float) -> float:
    """What a platform asks to be waited, at most LONGEST_WAIT: it is asked again then, and may say so again."""
    return min(max(seconds, 0.0), LONGEST_WAIT)


def refused(ready: Tried, error: PlatformError, place: Place, remote: RemoteDocument | None = None) -> Verdict:
    """The platform said no to this document."""
    finding = Finding(
        code=f"AB-REFUSED:{error.rule.name}",
        severity=Severity.ERROR,
        field=error.field,
        value=error.code,
        says=(f"{place.title} ({place.connection}) refused {name_of(ready.document)}: {_reason(error)}"),
        fix=error.rule.fix or "Correct what it complains about, then answer Retry.",
        connection=place.connection,
        subject=error.rule.name if error.rule.shared else "",
    )
    return Verdict(claimed=ready.claimed, document=ready.document, event=Event.REFUSED, says=str(error), remote=remote, findings=(finding,))


def _reason(error: PlatformError) -> str:
    """What we know of the rule, and the platform's own words; what the connector itself refused was never there."""
    if error.status is None:
        return " ".join(filter(None, [error.rule.says, error.message]))
    return f"{error.rule.says or error.message} (the platform's words: {error.message})"


def worn_out(ready: Tried, says: str, place: Place, remote: RemoteDocument | None = None, subject: str = "") -> Verdict:
    """It failed too often: a person sees to it, and it delays nobody any more."""
    finding = Finding(
        code="AB-ATTEMPTS",
        severity=Severity.ERROR,
        field="",
        value=str(ready.claimed.attempt),
        says=(
            f"{title_of(ready.document)} could not be sent to {place.title} ({place.connection})"
            f" in {ready.claimed.attempt} attempts; the last one said: {says}."
        ),
        fix="When the cause is gone, answer Retry.",
        connection=place.connection,
        subject=subject,
    )
    return Verdict(
        claimed=ready.claimed,
        document=ready.document,
        event=Event.HELD_BACK,
        says=says,
        remote=remote,
        findings=(finding,),
        failed=True,
    )


def put_back(ready: Tried, why: str) -> Verdict:
    """Claimed, and not sent after all: nothing happened to it."""
    return Verdict(claimed=ready.claimed, document=ready.document, event=Event.NOT_SENT, says=f"not sent: {why}")


def asks(ready: Ready, finding: Finding) -> Verdict:
    """Nothing was done, because only a person can say what should be."""
    return Verdict(claimed=ready.claimed, document=ready.document, event=Event.REFUSED, says=finding.says, findings=(finding,))


def changed_there(ready: Ready, place: Place, remote: RemoteDocument | None = None) -> Verdict:
    """Somebody changed the document on the platform, perhaps while ours was on its way: that is not overwritten.

    `remote` is what the person who is asked sees there: answered with Retry, it may be overwritten if it still is the same.
    """
    finding = Finding(
        code="AB-CHANGED",
        severity=Severity.ERROR,
        field="",
        value=ready.earlier_id,
        says=f"{title_of(ready.document)} was changed or voided on {place.title} ({place.connection}) before its newest revision came.",
        fix="Look at it there; answer Retry to put ours over it, or Reject to leave theirs.",
        connection=place.connection,
    )
    return replace(asks(ready, finding), remote=remote)


def held_back(claimed: Claimed, document: Invoice | CreditNote | Payment, findings: tuple[Finding, ...]) -> Verdict:
    """Nothing was sent: a code has no counterpart, or the platform cannot express the document."""
    return Verdict(
        claimed=claimed, document=document, event=Event.HELD_BACK, says="; ".join(each.says for each in findings), findings=findings
    )


def gone(ready: Ready, place: Place) -> Verdict:
    """A document we had delivered is no longer there; it is never made again by itself."""
    finding = Finding(
        code="AB-GONE",
        severity=Severity.ERROR,
        field="",
        value=ready.claimed.earlier_remote_id or ready.claimed.remote_id,
        says=f"{title_of(ready.document)} is not on {place.title} ({place.connection}) any more: somebody voided or deleted it there.",
        fix="Restore it there and answer Retry, or answer Reject.",
        connection=place.connection,
    )
    return Verdict(claimed=ready.claimed, document=ready.document, event=Event.REFUSED, says="gone on the platform", findings=(finding,))


def was_void(ready: Ready, remote: RemoteDocument | None) -> Verdict:
    """What is to be void is void or deleted there: by an earlier try whose answer was lost, or by somebody."""
    return Verdict(claimed=ready.claimed, document=ready.document, event=Event.BOOKED, says="was void or deleted already", remote=remote)
