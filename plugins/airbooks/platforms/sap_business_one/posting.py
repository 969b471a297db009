"""Documents on their way into the books: batches, the proof that they are booked, approval procedures, changes and cancellations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentStatus, RemoteDocument
from airbooks.platforms.base import Sending, Sent, ends_the_round
from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError, ReferenceMissing, before_sending
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.sap_business_one.client import Client, Row
from airbooks.platforms.sap_business_one.documents import Documents, Wanted, place
from airbooks.platforms.sap_business_one.lines import Body
from airbooks.platforms.sap_business_one.mapping import SETS, document_body, rate_to_send
from airbooks.platforms.sap_business_one.multipart import Part
from airbooks.platforms.sap_business_one.spec import NOT_FOUND, SPEC
from airbooks.platforms.wire import Reply, to_json

_NOT_BOOKED = Outcome.DID_NOT_HAPPEN
UNFIT = ErrorRule(name="code not usable", action=Action.REVIEW, outcome=_NOT_BOOKED)
OTHER_BASE = ErrorRule(
    name="rate of another currency",
    action=Action.REVIEW,
    outcome=_NOT_BOOKED,
    fix="Give the rate in the currency that the books are kept in.",
)
WAITS = ErrorRule(
    name="waits for approval",
    action=Action.REVIEW,
    outcome=_NOT_BOOKED,
    says="An approval procedure made a draft of it: it is not in the books.",
    fix="Approve the draft in Business One, then retry: the approved draft becomes the document, and no second one is made.",
)
REJECTED = ErrorRule(
    name="approval rejected",
    action=Action.REVIEW,
    outcome=_NOT_BOOKED,
    says="The approver rejected the draft of it: it is not in the books.",
    fix="Delete the draft in Business One and retry to send it anew, or reject it here too.",
)
OTHER_DRAFT = ErrorRule(
    name="approved draft differs",
    action=Action.REVIEW,
    outcome=_NOT_BOOKED,
    says="The draft that was approved is not the document as it is now; it is not in the books.",
    fix="Delete the draft in Business One, then retry: the document is sent anew.",
)
NOT_PROVED = ErrorRule(name="accepted, but not found", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)
NOT_ANSWERED = ErrorRule(name="no answer for this document", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)
TWICE = ErrorRule(name="number used twice", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)
FIXED = ErrorRule(
    name="posted document is fixed",
    action=Action.REVIEW,
    outcome=_NOT_BOOKED,
    fix="Void it and send a new one, or correct it by a credit note.",
)
IGNORED = ErrorRule(
    name="change ignored",
    action=Action.REVIEW,
    outcome=_NOT_BOOKED,
    fix="Change it in Business One by hand, or void it and send a new one.",
)
GONE = ErrorRule(name="gone", action=Action.REVIEW, outcome=_NOT_BOOKED, fix="Look for it in Business One.")
CHANGEABLE = frozenset({"Comments", "NumAtCard", "DocDueDate"})  # of a posted document
# An answer to a POST that may also mean: an approval procedure took the document away.
_AMBIGUOUS = frozenset({NOT_FOUND, "code unknown there"})

Outcomes = dict[str, PlatformError | None]


def problem(rule: ErrorRule, message: str, field: str = "") -> PlatformError:
    return PlatformError(message, platform=SPEC.slug, rule=rule, field=field)


def wanted(sending: Sending) -> Wanted:
    return sending.document.number, sending.document.kind


def parts_of(client: Client, batch: Sequence[Sending]) -> tuple[list[Part], list[Sent]]:
    """The request for each document, and a verdict for each that cannot be put into words there."""
    made: list[Part] = []
    unfit: list[Sent] = []
    for each in batch:
        try:
            body = _body(each)
        except PlatformError as error:
            unfit.append(Sent(key=each.key, error=error))
        else:
            made.append(client.part(each.key, SETS[each.document.kind], to_json(body)))
    return made, unfit


def _body(sending: Sending) -> Body:
    """The request's body; raises PlatformError for a code without an entry, or a rate of another ledger's currency."""
    document, refs = sending.document, sending.references
    try:
        body = document_body(document, refs, sending.options)
    except ReferenceMissing as missing:
        raise problem(UNFIT, str(missing), missing.kind) from None
    currency = refs.get(ReferenceKind.CURRENCY, document.currency)
    rate = rate_to_send(document, currency, sending.options)
    local = currency.details.get("local")
    if rate is not None and local != rate.base:
        raise problem(OTHER_BASE, f"the document's rate is in {rate.base}, the books are kept in {local}", "exchange_rate")
    return body


class Posting:
    """Books, changes and cancels the documents of one company. `error_of` reads the error in an answer inside a batch."""

    def __init__(self, client: Client, documents: Documents, error_of: Callable[[Reply], PlatformError | None]) -> None:
        self.client, self.documents, self._error_of = client, documents, error_of

    # -- creating -------------------------------------------------------------------------------------------------------------

    def create(self, batch: Sequence[Sending]) -> list[Sent]:
        """One `$batch`, and another for what stands behind a failed document; booked is what is found afterwards."""
        parts, sent = parts_of(self.client, batch)
        with before_sending():
            drafts = self.documents.under_approval([wanted(each) for each in batch])
        fit = {part.key for part in parts}
        drafted = [each for each in batch if each.key in fit and wanted(each) in drafts]
        outcomes: Outcomes = {each.key: self._released(each, drafts[wanted(each)]) for each in drafted}
        outcomes |= self._send([part for part in parts if part.key not in outcomes])
        return sent + self._proved([each for each in batch if each.key in outcomes], outcomes)

    def _released(self, sending: Sending, draft: Row) -> PlatformError | None:
        """A draft of an earlier try: made the document if it was approved as we have it now, else still not booked."""
        try:
            self._require_releasable(sending, draft)
            self.documents.release(draft)
        except PlatformError as error:
            return error
        return None

    def _require_releasable(self, sending: Sending, draft: Row) -> None:
        error = _held(draft)
        if error is not None:
            raise error
        with before_sending():
            row = self.client.row(f"Drafts({draft['DocEntry']})") or {}
        changed = differing(_body(sending), row) - CHANGEABLE
        if changed:
            raise problem(OTHER_DRAFT, f"draft {draft['DocNum']} was approved with other {', '.join(sorted(changed))}", min(changed))

    def _send(self, parts: Sequence[Part]) -> Outcomes:
        """What each part was answered. Processing stops at the first failure, so what stands behind it is sent again."""
        outcomes: Outcomes = {}
        left = list(parts)
        while left:
            try:
                answers = self.client.batch(left)
            except PlatformError as error:
                return outcomes | {part.key: error for part in left}
            errors = {key: self._error_of(reply) for key, reply in answers.items()}
            outcomes |= errors
            left = [part for part in left if part.key not in answers]
            failure = next((error for error in errors.values() if error is not None), None)
            if failure is None or ends_the_round(failure):
                break
        missing = problem(NOT_ANSWERED, "the answer of the batch ends before this document")
        rest = failure.as_not_happened() if parts and failure is not None else missing
        return outcomes | {part.key: rest for part in left}

    # -- proof ----------------------------------------------------------------------------------------------------------------

    def _proved(self, batch: Sequence[Sending], outcomes: Outcomes) -> list[Sent]:
        """A good answer may be that of a draft, and a -2028 may hide one: only what is found posted is booked."""
        good = [each for each in batch if outcomes[each.key] is None]
        try:
            found = self.documents.by_numbers([wanted(each) for each in good])
            lost = [wanted(each) for each in good if not found[wanted(each)]]
            lost += [wanted(each) for each in batch if _is_ambiguous(outcomes[each.key])]
            drafts = self.documents.under_approval(lost) if lost else {}
        except PlatformError as error:
            return [self._unproved(each, outcomes[each.key], error) for each in batch]
        return [_verdict(each, outcomes[each.key], found.get(wanted(each), []), drafts.get(wanted(each))) for each in batch]

    @staticmethod
    def _unproved(sending: Sending, outcome: PlatformError | None, why: PlatformError) -> Sent:
        if outcome is not None and not _is_ambiguous(outcome):
            return Sent(key=sending.key, error=outcome)
        return Sent(key=sending.key, error=problem(NOT_PROVED, f"it was answered, and reading it back failed: {why}"))

    # -- changing -------------------------------------------------------------------------------------------------------------

    def update(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """Texts, the customer's reference and the due date of a posted document can change, and nothing else."""
        try:
            return Sent(key=sending.key, remote=self._updated(sending, remote))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def _updated(self, sending: Sending, remote: RemoteDocument) -> RemoteDocument:
        body = _body(sending)
        with before_sending():
            row = self._row(remote)
        changed = differing(body, row)
        if changed - CHANGEABLE:
            says = f"{sending.document.number} is posted as {remote.number}; {', '.join(sorted(changed - CHANGEABLE))} cannot change"
            raise problem(FIXED, says, min(changed - CHANGEABLE))
        if changed:
            version = remote.version or str(row.get("@odata.etag") or row.get("odata.etag") or "")
            with before_sending():  # the same change a second time does no harm, and a look-up of amounts would not miss it
                self.client.change(place(remote.remote_id, remote.kind), {name: body[name] for name in changed}, version)
            row = self._row(remote)
        ignored = differing(body, row)
        if ignored:
            raise problem(IGNORED, f"the change of {', '.join(sorted(ignored))} was accepted and not kept", min(ignored))
        return self.documents.read(row, remote.kind)

    def _row(self, remote: RemoteDocument) -> Row:
        row = self.documents.row(remote.remote_id, remote.kind)
        if row is None:
            raise problem(GONE, f"document {remote.number or remote.remote_id} is gone")
        return row

    # -- cancelling -----------------------------------------------------------------------------------------------------------

    def void(self, remote: RemoteDocument, key: str) -> Sent:
        """Cancel it; Business One keeps the document and books a second one, the cancellation document, against it."""
        try:
            with before_sending():
                now = self.documents.read(self._row(remote), remote.kind)
            if now.status is DocumentStatus.VOID:
                return Sent(key=key, remote=now, note="was cancelled already")
            self._cancel(now)
        except PlatformError as error:
            return Sent(key=key, error=error)
        twin = ""
        with suppress(PlatformError):
            twin = self.documents.cancellation_number(now)
        void = now.model_copy(update={"status": DocumentStatus.VOID, "balance": Decimal(0), "version": ""})
        return Sent(key=key, remote=void, note=f"cancelled by cancellation document {twin}".strip())

    def _cancel(self, now: RemoteDocument) -> None:
        try:
            self.client.act(f"{place(now.remote_id, now.kind)}/Cancel")
        except PlatformError as error:
            if error.rule.name != "void already":
                raise


def _held(draft: Row) -> PlatformError | None:
    """Why a draft of an approval procedure cannot become the document yet."""
    number = draft["DocNum"]
    if draft["AuthorizationStatus"] == "dasPending":
        return problem(WAITS, f"it is draft {number}, which waits for approval; it is not booked")
    if draft["AuthorizationStatus"] == "dasRejected":
        return problem(REJECTED, f"the approval of its draft {number} was rejected; it is not booked")
    return None


def _is_ambiguous(error: PlatformError | None) -> bool:
    return error is not None and error.rule.name in _AMBIGUOUS


def _verdict(sending: Sending, error: PlatformError | None, found: Sequence[RemoteDocument], draft: Row | None) -> Sent:
    if draft is not None and not found:
        waiting = _held(draft) or problem(replace(WAITS, name="approved in the meantime"), f"draft {draft['DocNum']} is approved: retry")
        return Sent(key=sending.key, error=waiting)
    if error is not None:
        return Sent(key=sending.key, error=error)
    if len(found) == 1:
        return Sent(key=sending.key, remote=found[0])
    if found:
        numbers = ", ".join(each.number for each in found)
        return Sent(key=sending.key, error=problem(TWICE, f"{sending.document.number} is there {len(found)} times: {numbers}", "number"))
    return Sent(key=sending.key, error=problem(NOT_PROVED, "it was accepted, but is neither among the documents nor among the drafts"))


def differing(body: Body, row: Mapping[str, Any]) -> set[str]:
    """The properties of ours that the platform's document has otherwise."""
    return {name for name, value in body.items() if not _same(value, row.get(name))}


def _same(ours: Any, theirs: Any) -> bool:
    """Dates bear a time there; of objects and rows only what we send is compared."""
    if isinstance(ours, list):
        return len(ours) == len(theirs or []) and all(_same(one, other) for one, other in zip(ours, theirs, strict=True))
    if isinstance(ours, dict):
        return all(_same(value, (theirs or {}).get(name)) for name, value in ours.items())
    if isinstance(ours, Decimal | int):
        return theirs is not None and ours == Decimal(theirs)
    return ours in (theirs, str(theirs)[:10])
