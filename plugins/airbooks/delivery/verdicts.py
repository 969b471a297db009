"""What an answer means for a delivery: pure functions from what came back to an event, in words a person can act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from airbooks.canonical import CreditNote, Finding, Invoice, RemoteDocument, Severity
from airbooks.delivery.echo import Difference, differences
from airbooks.delivery.states import Event
from airbooks.platforms.base import Sending
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.staging.outbox import Claimed

MAX_ATTEMPTS = 5
RETRY_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A claimed delivery that can be sent: its document (with overrides applied) and everything resolved."""

    claimed: Claimed
    document: Invoice | CreditNote
    sending: Sending

    @property
    def customer_id(self) -> str:
        return self.sending.references.customer


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What happened to one delivery. `wait` is seconds until it may go on; `says` one line for the log and the row."""

    claimed: Claimed
    document: Invoice | CreditNote
    event: Event
    says: str
    remote: RemoteDocument | None = None
    findings: tuple[Finding, ...] = ()
    wait: float = 0.0
    absences: int = 0
    ticket: str = ""  # what the platform calls the request that it took on and has not answered
    stops: bool = False  # the connection cannot go on until a person mends it
    pauses: bool = False  # the platform asks for less: leave the rest of the chunk for later


@dataclass(frozen=True, slots=True)
class Place:
    """Where a verdict is spoken, for its words: the connection and the platform's name."""

    connection: str
    title: str
    settle_seconds: float
    poll_seconds: float = 10.0
    overdue_seconds: float = 3600.0


def title_of(document: Invoice | CreditNote) -> str:
    """As a sentence begins with it."""
    return f"{'Invoice' if isinstance(document, Invoice) else 'Credit note'} {document.number}"


def name_of(document: Invoice | CreditNote) -> str:
    """As a sentence goes on with it."""
    return f"{'invoice' if isinstance(document, Invoice) else 'credit note'} {document.number}"


def booked(ready: Ready, remote: RemoteDocument, place: Place, note: str = "", event: Event = Event.BOOKED) -> Verdict:
    """The platform has it: `event` (booked or found) when it is ours to the cent, else a difference for a person."""
    found = differences(ready.document, remote, ready.customer_id)
    if found:
        return differs(ready, remote, place, found)
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


def lost(ready: Ready, says: str, place: Place, remote: RemoteDocument | None = None) -> Verdict:
    """No proof either way: to be looked up after the platform's settle time."""
    return Verdict(claimed=ready.claimed, document=ready.document, event=Event.LOST, says=says, remote=remote, wait=place.settle_seconds)


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


def still_open(claimed: Claimed, document: Invoice | CreditNote, says: str, place: Place, findings: tuple[Finding, ...] = ()) -> Verdict:
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


def _overdue(claimed: Claimed, document: Invoice | CreditNote, place: Place) -> Verdict:
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


def failed(ready: Ready, error: PlatformError, place: Place, remote: RemoteDocument | None = None) -> Verdict:
    """What an error means. `remote` is a draft that was made before the failing step."""
    if error.outcome is not Outcome.DID_NOT_HAPPEN:
        return lost(ready, str(error), place, remote)
    if error.action in {Action.STOP, Action.RENEW}:  # a renewal that did not help needs a person, too
        return _not_sent(ready, error, remote, stops=True)
    if error.action is Action.REVIEW:
        return refused(ready, error, place, remote)
    if ready.claimed.attempt >= MAX_ATTEMPTS:
        return _worn_out(ready, error, place, remote)
    return _not_sent(ready, error, remote, pauses=error.action is Action.WAIT)


def _not_sent(ready: Ready, error: PlatformError, remote: RemoteDocument | None, *, stops: bool = False, pauses: bool = False) -> Verdict:
    wait = error.retry_after if error.retry_after is not None else 0.0 if stops else RETRY_SECONDS * ready.claimed.attempt
    return Verdict(
        claimed=ready.claimed,
        document=ready.document,
        event=Event.NOT_SENT,
        says=str(error),
        remote=remote,
        wait=wait,
        stops=stops,
        pauses=pauses,
    )


def refused(ready: Ready, error: PlatformError, place: Place, remote: RemoteDocument | None = None) -> Verdict:
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


def _worn_out(ready: Ready, error: PlatformError, place: Place, remote: RemoteDocument | None) -> Verdict:
    finding = Finding(
        code="AB-ATTEMPTS",
        severity=Severity.ERROR,
        field="",
        value=str(ready.claimed.attempt),
        says=(
            f"{title_of(ready.document)} could not be sent to {place.title} ({place.connection})"
            f" in {ready.claimed.attempt} attempts; the last one said: {error}."
        ),
        fix="When the cause is gone, answer Retry.",
        connection=place.connection,
        subject=error.rule.name,
    )
    return Verdict(
        claimed=ready.claimed, document=ready.document, event=Event.HELD_BACK, says=str(error), remote=remote, findings=(finding,)
    )


def held_back(claimed: Claimed, document: Invoice | CreditNote, findings: tuple[Finding, ...]) -> Verdict:
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
        says=f"{title_of(ready.document)} was changed here, but on {place.title} ({place.connection}) somebody voided or deleted it.",
        fix="Restore it there and answer Retry, or answer Reject.",
        connection=place.connection,
    )
    return Verdict(claimed=ready.claimed, document=ready.document, event=Event.REFUSED, says="gone on the platform", findings=(finding,))
