"""Releasing: an action that is done at once, or taken on and done later; how it ended, the document itself tells every session.

The status address of an action is good only in the session that started it. So a ticket names the document and since when it is waited
for: whoever asks later, from another process and session, reads the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from airbooks.canonical import DocumentStatus, RemoteDocument
from airbooks.platforms.acumatica.client import UPDATE_ONLY, Site, is_only_the_look, problem
from airbooks.platforms.acumatica.documents import Documents
from airbooks.platforms.acumatica.mapping import key_fields, off_hold_body
from airbooks.platforms.acumatica.spec import (
    GIVE_UP_SECONDS,
    IN_PROCESS,
    LOST,
    NEVER_RELEASED,
    NOT_BALANCED,
    RELEASED_ALREADY,
    SALES_INVOICE,
)
from airbooks.platforms.acumatica.wrapped import text
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.errors import PlatformError

RELEASED = frozenset({"Open", "Closed"})
RELEASE, VOID = "release of", "void by"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a request that was taken on is about: the record, what is done, since when, and the server's own name of the operation."""

    act: str
    record: str
    since: datetime
    operation: str = ""

    def __str__(self) -> str:
        named = f" [{self.operation}]" if self.operation else ""
        return f"{self.act} {self.record} since {self.since.isoformat(timespec='seconds')}{named}"

    @classmethod
    def read(cls, ticket: str) -> Ticket:
        """The ticket of its text; raises ValueError."""
        act = next((each for each in (RELEASE, VOID) if ticket.startswith(f"{each} ")), "")
        record, _, rest = ticket.removeprefix(f"{act} ").partition(" since ")
        moment, _, operation = rest.partition(" [")
        if not act or "/" not in record:
            raise ValueError(f"not a ticket of ours: {ticket!r}")
        return cls(act=act, record=record, since=datetime.fromisoformat(moment), operation=operation.rstrip("]"))

    def is_overdue(self, now: datetime) -> bool:
        return (now - self.since).total_seconds() > GIVE_UP_SECONDS


@dataclass(frozen=True, slots=True)
class Started:
    """A release that was taken on: its status address (empty where another request started it), and its ticket."""

    status: str
    ticket: Ticket


class Releases:
    """Releases documents of one entity."""

    def __init__(self, site: Site, documents: Documents) -> None:
        self.site, self.documents, self.entity = site, documents, documents.entity
        self.action = "ReleaseSalesInvoice" if self.entity == SALES_INVOICE else "ReleaseInvoice"

    def take_off_hold(self, sending: Sending, remote: RemoteDocument, status: str) -> None:
        """A document that is balanced and of the right date is left alone. Raises PlatformError for one that something holds back."""
        body = off_hold_body(sending.document, remote)
        if status != "Balanced" or "Date" in body:
            status = text(self.site.put(self.entity, body, UPDATE_ONLY), "Status")
        self.require_balanced(status, remote.number)

    @staticmethod
    def require_balanced(status: str, number: str) -> None:
        if status not in RELEASED | {"Balanced"}:
            raise problem(NOT_BALANCED, f"{number} is {status} in Acumatica, and only a balanced document is released")

    def start(self, act: str, record: str) -> Started | None:
        """Start the release of a balanced document; None when it is done."""
        since = datetime.now(UTC)
        try:
            status = self.site.act(self.entity, self.action, key_fields(record))
        except PlatformError as error:
            if error.rule.name == RELEASED_ALREADY:  # since its state was read
                return None
            if error.rule.name != IN_PROCESS:
                raise
            return Started("", Ticket(act=act, record=record, since=since))
        if not status:
            return None
        return Started(status, Ticket(act=act, record=record, since=since, operation=status.rpartition("/")[2]))

    def look(self, started: Started) -> bool:
        """One look, in the session that started it, whether a release is done; raises PlatformError when it failed."""
        if not started.status:
            return False
        try:
            return self.site.is_done(started.status)
        except PlatformError as error:
            if is_only_the_look(error):
                return False
            raise

    def released(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """What the document says after a release that is done."""
        try:
            now = self.documents.by_id(remote.remote_id)
        except PlatformError as error:
            raise error.as_unknown("it is released, and was not read back") from None
        if now is None or now.status in {DocumentStatus.DRAFT, DocumentStatus.VOID}:
            raise problem(LOST, f"{remote.number} was released and is not seen released")
        return Sent(key=sending.key, remote=now)

    def answer(self, sending: Sending, ticket: Ticket) -> Sent:
        """What became of a release that another session may have started."""
        now = self.documents.by_id(ticket.record)
        if now is None:
            return Sent(key=sending.key, error=problem(LOST, f"{ticket.record} is not there any more"))
        if now.status is not DocumentStatus.DRAFT:
            return Sent(key=sending.key, remote=now)
        if ticket.is_overdue(datetime.now(UTC)):
            return Sent(key=sending.key, remote=now, error=_never(ticket))
        return Sent(key=sending.key, ticket=str(ticket))


def _never(ticket: Ticket) -> PlatformError:
    return problem(NEVER_RELEASED, f"{ticket.record} was to be released since {ticket.since:%Y-%m-%d %H:%M} UTC and is still Balanced")
