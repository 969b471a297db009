"""From checked drafts to posted invoices, group by group, and back: cancellation by a credit memo."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.epicor.client import INVOICES, Row, before_sending, refusal, unproven
from airbooks.platforms.epicor.drafting import Drafting
from airbooks.platforms.epicor.reading import head_of, is_unfinished
from airbooks.platforms.errors import Outcome, PlatformError

Due = list[tuple[Sending, Row]]


class Posting:
    """Posts invoices of our groups. `complain` makes the error of the platform's words in an answer with HTTP 200."""

    def __init__(self, drafting: Drafting, complain: Callable[[str], PlatformError]) -> None:
        self.drafting, self._complain = drafting, complain
        self.documents, self.groups, self.company = drafting.documents, drafting.groups, drafting.company

    # -- posting --------------------------------------------------------------------------------------------------------------

    def post(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        """Release the drafts, post their groups, and read them again: that is the proof, whatever the answers were."""
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
        released = self._release(due, done)
        for group_id in dict.fromkeys(head_of(ds)["GroupID"] for _, ds in released):
            self._post_group(group_id, [(sending, ds) for sending, ds in released if head_of(ds)["GroupID"] == group_id], done)
        return list(done.values())

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
        for sending, ds in due:
            self.groups.touch(str(head_of(ds)["GroupID"]))
            try:
                self.drafting.release(ds, sending.document.ledger_date, held=False)
            except PlatformError as error:
                done[sending.key] = Sent(key=sending.key, remote=self.documents.read(ds), error=error.as_not_happened())
            else:
                released.append((sending, ds))
        return released

    def _post_group(self, group_id: str, members: Due, done: dict[str, Sent]) -> None:
        says, failure = "", None
        try:
            says = self.groups.post(group_id)
        except PlatformError as error:
            failure = error
        for sending, ds in members:
            done[sending.key] = self._outcome(sending, str(head_of(ds)["InvoiceNum"]), says, failure)

    def _outcome(self, sending: Sending, number: str, says: str, failure: PlatformError | None) -> Sent:
        try:
            ds = self.documents.dataset(number)
        except PlatformError as error:
            return Sent(key=sending.key, error=unproven("posting not seen", str(error)))
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
            self._post_memo(number, str(memo["GroupID"]))
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

    def _post_memo(self, number: str, group_id: str) -> None:
        """Post the memo; a refusal takes it back, or it would be posted one day with others of its group."""
        self.groups.touch(group_id)
        try:
            says = self.groups.post(group_id)
            if says and not head_of(self.documents.expect(number))["Posted"]:
                raise self._complain(_about(number, says))
        except PlatformError as error:
            if error.outcome is Outcome.DID_NOT_HAPPEN:
                self.drafting.delete(number)
            raise


def changed_meanwhile(remote: RemoteDocument) -> PlatformError:
    says = f"invoice {remote.remote_id} was changed or posted in Epicor meanwhile"
    return refusal("changed meanwhile", says, fix="Compare it with ours, then answer Retry.")


def _about(number: str, says: str) -> str:
    """The part of an error log that names an invoice; the whole where none does."""
    parts = [part.strip() for part in says.split(";")]
    return next((part for part in parts if re.search(rf"\b{number}\b", part)), says)
