"""From checked drafts to posted invoices, group by group, and back: cancellation by a credit memo.

A group is posted at once, or by a task of the task agent, which answers later: its ticket names the task and what it posts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Self

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.base import Sending, Sent, ends_the_round, unsent
from airbooks.platforms.epicor.client import INVOICES, Row, before_sending, quoted, refusal, unproven
from airbooks.platforms.epicor.drafting import Drafting
from airbooks.platforms.epicor.reading import head_of, is_unfinished
from airbooks.platforms.errors import Outcome, PlatformError

Due = list[tuple[Sending, Row]]
_TICKET = re.compile(r"task (?P<note>airbooks \S+ \d+) for (?P<number>\d+)(?:, which cancels (?P<cancels>\d+))?")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A posting that the task agent took on: the note of its task, the number it posts, and the invoice that a memo cancels."""

    note: str
    number: str
    cancels: str = ""

    def __str__(self) -> str:
        return f"task {self.note} for {self.number}" + (f", which cancels {self.cancels}" if self.cancels else "")

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The ticket that a text is, or None where it is none of ours."""
        found = _TICKET.fullmatch(text)
        return cls(found["note"], found["number"], found["cancels"] or "") if found else None

    @property
    def group(self) -> str:
        return self.note.split()[1]

    def is_done(self, ds: Row) -> bool:
        """Whether the invoice (the cancelled one, where a memo cancels it) shows that the task did its work."""
        head = head_of(ds)
        return bool(head["RefCancelledBy"] if self.cancels else head["Posted"])

    @property
    def done(self) -> str:
        return f"cancelled by credit memo {self.number}" if self.cancels else ""


class Posting:
    """Posts invoices of our groups. `complain` makes the error of the platform's words in an answer with HTTP 200."""

    def __init__(self, drafting: Drafting, complain: Callable[[str], PlatformError]) -> None:
        self.drafting, self._complain = drafting, complain
        self.documents, self.groups, self.company = drafting.documents, drafting.groups, drafting.company

    # -- posting --------------------------------------------------------------------------------------------------------------

    def post(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        """Release the drafts, post their groups, and read them again: that is the proof, whatever the answers were.

        What the task agent posts is answered with a ticket instead.
        """
        done, released = self._released(batch)
        for group_id in dict.fromkeys(head_of(ds)["GroupID"] for _, ds in released):
            failure = self._post_group(group_id, [(sending, ds) for sending, ds in released if head_of(ds)["GroupID"] == group_id], done)
            if failure is not None and ends_the_round(failure):
                return [*done.values(), *unsent([sending for sending, _ in released if sending.key not in done], failure)]
        return list(done.values())

    def leave(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        """Release the drafts for a person to post: what was not checked stays on hold, and no person can post it."""
        done, released = self._released(batch)
        for sending, ds in released:
            remote = self.documents.read(self.documents.expect(str(head_of(ds)["InvoiceNum"])))
            done[sending.key] = Sent(key=sending.key, remote=remote, note="left for a person to post: the connection's posting is none")
        return list(done.values())

    def _released(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> tuple[dict[str, Sent], Due]:
        """What is answered already, by key, and what is off hold now and to be posted."""
        with before_sending():
            live = self.documents.datasets([(sending.document.number, sending.document.kind) for sending, _ in batch])
        done: dict[str, Sent] = {}
        due: Due = []
        for sending, remote in batch:
            there = live[sending.document.number, sending.document.kind]
            self.drafting.remove_orphans(there)
            sent = self._not_due(sending, remote, [ds for ds in there if not is_unfinished(ds)])
            if isinstance(sent, Sent):
                done[sending.key] = sent
            else:
                due.append((sending, sent))
        return done, self._release(due, done)

    def _not_due(self, sending: Sending, remote: RemoteDocument, there: list[Row]) -> Sent | Row:
        """The dataset to post; or what became of it already."""
        if len(there) > 1:
            numbers = ", ".join(str(head_of(ds)["InvoiceNum"]) for ds in there)
            says = f"{sending.document.number} is there {len(there)} times: {numbers}"
            return Sent(key=sending.key, error=refusal("number used twice", says, fix="Delete or cancel the wrong ones.", field="number"))
        ds = next((each for each in there if str(head_of(each)["InvoiceNum"]) == remote.remote_id), None)
        if ds is None:
            says = f"invoice {remote.remote_id} is not there any more, or not complete"
            return Sent(key=sending.key, error=refusal("gone", says, fix="Answer Retry: it is entered anew."))
        return Sent(key=sending.key, remote=self.documents.read(ds)) if head_of(ds)["Posted"] else ds

    def _release(self, due: Due, done: dict[str, Sent]) -> Due:
        released: Due = []
        for position, (sending, ds) in enumerate(due):
            self.groups.touch(str(head_of(ds)["GroupID"]))
            try:
                self.drafting.release(ds, sending.document.ledger_date, held=False)
            except PlatformError as error:
                done[sending.key] = Sent(key=sending.key, remote=self.documents.read(ds), error=error.as_not_happened())
                if ends_the_round(error):
                    left = [each for each, _ in due[position + 1 :]] + [each for each, _ in released]
                    done.update((each.key, each) for each in unsent(left, error))
                    return []
            else:
                released.append((sending, ds))
        return released

    def _post_group(self, group_id: str, members: Due, done: dict[str, Sent]) -> PlatformError | None:
        """Post one group and tell what became of its members; answers what failed."""
        numbers = {sending.key: str(head_of(ds)["InvoiceNum"]) for sending, ds in members}
        says, note, failure = "", "", None
        try:
            with before_sending():
                self._hold_others(group_id, numbers.values())
            says, note = self._posted(group_id)
        except PlatformError as error:
            failure = error
        for sending, ds in members:
            number = numbers[sending.key]
            if note:
                done[sending.key] = Sent(key=sending.key, remote=self.documents.read(ds), ticket=str(Ticket(note, number)))
            else:
                done[sending.key] = self._outcome(sending, number, says, failure)
        return failure

    def _posted(self, group_id: str) -> tuple[str, str]:
        """What Epicor complains about after posting a group; or the note of the task that posts it later."""
        if self.groups.by_agent:
            return "", self.groups.submit(group_id)
        return self.groups.post(group_id), ""

    def _hold_others(self, group_id: str, due: Collection[str]) -> None:
        """Whatever else waits in the group stays there: what was refused earlier would be posted along, unasked."""
        where = f"GroupID eq {quoted(group_id)} and Posted eq false and InvoiceHeld eq false"
        for row in self.company.rows(f"{INVOICES}/ARInvoices", where=where, select="InvoiceNum,SysRevID", order="InvoiceNum"):
            if str(row["InvoiceNum"]) not in due:
                self.company.patch_invoice(str(row["InvoiceNum"]), {"InvoiceHeld": True, "SysRevID": row["SysRevID"]})

    def _outcome(self, sending: Sending, number: str, says: str, failure: PlatformError | None) -> Sent:
        try:
            ds = self.documents.dataset(number)
        except PlatformError as error:
            is_certain = failure is not None and failure.outcome is Outcome.DID_NOT_HAPPEN
            return Sent(key=sending.key, error=failure if is_certain else unproven("posting not seen", str(error)))
        remote = self.documents.read(ds) if ds is not None else None
        if ds is None or head_of(ds)["Posted"]:
            return Sent(key=sending.key, remote=remote)
        problem = failure or self._problem(number, says)
        if problem.outcome is Outcome.DID_NOT_HAPPEN:
            with suppress(PlatformError):  # or the next posting of the group would take it along, unasked
                self.drafting.release(ds, sending.document.ledger_date, held=True)
        return Sent(key=sending.key, remote=remote, error=problem)

    def _problem(self, number: str, says: str) -> PlatformError:
        return self._complain(_about(number, says)) if says else unproven("posting not seen", f"invoice {number} is not posted")

    # -- what the task agent answers later ------------------------------------------------------------------------------------

    def answers(self, taken_on: Sequence[tuple[Sending, str]]) -> list[Sent]:
        """What became of postings that the task agent took on. Only reads; a task that ended proves nothing, its invoice does.

        What it refused stays in its group, not on hold, until the next posting of the group or of the invoice finds it there.
        """
        tickets = [(sending.key, text, Ticket.read(text)) for sending, text in taken_on]
        tasks = self.groups.tasks({ticket.note for _, _, ticket in tickets if ticket})
        return [self._answer(key, ticket, tasks.get(ticket.note)) if ticket else _strange(key, text) for key, text, ticket in tickets]

    def _answer(self, key: str, ticket: Ticket, task: Row | None) -> Sent:
        ds = self.documents.dataset(ticket.cancels or ticket.number)
        if ds is not None and ticket.is_done(ds):
            return Sent(key=key, remote=self.documents.read(ds), note=ticket.done)
        if task is None:
            says = f"the system monitor does not know the {ticket}, and it is not posted"
            return Sent(key=key, error=unproven("posting not seen", says))
        if not task["EndedOn"]:
            return Sent(key=key, ticket=str(ticket))
        says = self.groups.complaint(task, ticket.group)
        left = f" (credit memo {ticket.number} waits unposted in group {ticket.group})" if says and ticket.cancels else ""
        return Sent(key=key, error=self._problem(ticket.number, says + left))

    # -- voiding --------------------------------------------------------------------------------------------------------------

    def delete(self, remote: RemoteDocument, key: str) -> Sent:
        """A draft is deleted, unless somebody changed or posted it meanwhile."""
        ds = self.documents.dataset(remote.remote_id)
        if ds is not None and (head_of(ds)["Posted"] or str(head_of(ds)["SysRevID"]) != remote.version):
            raise changed_meanwhile(remote)
        if ds is not None:
            self.groups.touch(str(head_of(ds)["GroupID"]))
        self.drafting.delete(remote.remote_id)
        return Sent(key=key, remote=remote.model_copy(update={"status": DocumentStatus.VOID}), note="draft deleted")

    def cancel(self, remote: RemoteDocument, on: date, key: str) -> Sent:
        """A posted invoice is cancelled by a credit memo of the platform's, which is posted in turn. Safe to repeat: one memo is made."""
        if remote.kind is DocumentKind.CREDIT_NOTE:
            says = f"credit memo {remote.number} is posted; cancellation is documented for invoices only"
            raise refusal("credit memo cannot be void", says, fix="Send an invoice instead, or reverse it in Epicor.")
        with before_sending():
            memo = self.documents.cancelling(remote.remote_id)
        memo = memo or self._make_memo(remote, on, key)
        number = str(memo["InvoiceNum"])
        if not memo["Posted"]:
            note = self._post_memo(number, str(memo["GroupID"]))
            if note:
                return Sent(key=key, remote=remote, ticket=str(Ticket(note, number, remote.remote_id)))
        now = self.documents.read(self.documents.expect(remote.remote_id))
        if now.status is not DocumentStatus.VOID:
            raise unproven("cancellation not seen", f"invoice {remote.number} is not cancelled yet")
        return Sent(key=key, remote=now, note=f"cancelled by credit memo {number}")

    def _make_memo(self, remote: RemoteDocument, on: date, key: str) -> Row:
        group = self.groups.for_dates(on, on, f"void {key}")
        body = {"groupID": group, "sourceInvoiceNum": int(remote.remote_id), "newInvoiceDate": on.isoformat(), "newDocType": ""}
        self.company.do(INVOICES, "GetCancellationInvoice", {**body, "recalculateTaxes": False})
        memo = self.documents.cancelling(remote.remote_id)
        if memo is None:
            raise unproven("cancellation not seen", f"the credit memo that cancels invoice {remote.number} is not there")
        return memo

    def _post_memo(self, number: str, group_id: str) -> str:
        """Post the memo, or let the task agent do it (the note of its task). A refusal takes it back, or it would be posted one day."""
        self.groups.touch(group_id)
        try:
            says, note = self._posted(group_id)
            if says and not head_of(self.documents.expect(number))["Posted"]:
                raise self._complain(_about(number, says))
        except PlatformError as error:
            if error.outcome is Outcome.DID_NOT_HAPPEN:
                self.drafting.delete(number)
            raise
        return note


def changed_meanwhile(remote: RemoteDocument) -> PlatformError:
    says = f"invoice {remote.remote_id} was changed or posted in Epicor meanwhile"
    return refusal("changed meanwhile", says, fix="Compare it with ours, then answer Retry.")


def _strange(key: str, text: str) -> Sent:
    return Sent(key=key, error=unproven("posting not seen", f"{text!r} names no posting task of this connection"))


def _about(number: str, says: str) -> str:
    """The part of an error log that names an invoice; the whole where none does."""
    parts = [part.strip() for part in says.split(";")]
    return next((part for part in parts if re.search(rf"\b{number}\b", part)), says)
