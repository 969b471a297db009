"""The connection to one QuickFile account: clients, sales documents and lists by API v1.2, payments and balances by the REST beta.

`/invoice/create` is the blueprint's end point and real; in API v1.2 it stands as POST /1_2/invoice/create, one invoice at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import uuid4

from airbooks.canonical import (
    CreditNote,
    DocumentKind,
    DocumentStatus,
    Finding,
    Invoice,
    Party,
    Payment,
    RemoteDocument,
    RemotePayment,
)
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent, one_by_one
from airbooks.platforms.errors import UNREADABLE_ANSWER, ErrorRule, PlatformError, ReferenceMissing
from airbooks.platforms.payments import Obstacle
from airbooks.platforms.quickfile import customers, lists, mapping, reading
from airbooks.platforms.quickfile.beta import Beta, obstacles
from airbooks.platforms.quickfile.envelope import Body, Credentials, SigningWire, Submission, envelope, path_of
from airbooks.platforms.quickfile.refusals import refusals
from airbooks.platforms.quickfile.spec import (
    CHANGED_THERE,
    CODES_DISAGREE,
    CREDITED_ALREADY,
    DAILY_LIMIT,
    DAILY_PAUSE,
    DUPLICATE,
    NO_MAPPING,
    NOT_FOUND,
    NOT_SENT,
    NUMBER,
    ONE_OFF,
    PAGE,
    PARENT_MISSING,
    PRODUCTION,
    SPEC,
    TEST_MODE,
)
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Wire, to_json

Read = TypeVar("Read")
Row = Mapping[str, Any]


class QuickFileHook(PlatformHook):
    """One account of QuickFile (API v1.2), and with a token the payments of its REST beta."""

    spec = SPEC

    # -- authorisation ----------------------------------------------------------------------------------------------------

    def root(self) -> str:
        return super().root() if self.account.host else PRODUCTION

    def authorisation(self) -> Mapping[str, str]:
        """None: v1.2 signs each body."""
        return {}

    def issue_token(self, newest: Token | None) -> Token:
        """There is nothing to issue: v1.2 signs with the API key, the beta's personal token is made by a person."""
        return newest or Token(access=str(self.setting("rest_token") or ""))

    @property
    def wire(self) -> Wire:
        if self._wire is None:
            self._wire = SigningWire(
                self.signed,
                platform=SPEC.slug,
                rules=SPEC.errors,
                budget=self.budget,
                read_timeout=self._read_timeout,
                throttle_seconds=SPEC.limits.throttle_seconds,
                secrets=self.secrets,
                read_complaint=self.read_complaint,
                request_id=self.request_id,
            )
        return self._wire

    def signed(self, body: Body | None) -> dict[str, Any]:
        """The envelope of one attempt, with a submission number of its own."""
        credentials = Credentials(
            account=self.account.login,
            api_key=self.account.password,
            application_id=str(self.setting("application_id")),
            test_mode=self._is_test_mode(),
        )
        return envelope(credentials, f"AB-{uuid4().hex}", body)

    def _is_test_mode(self) -> bool:
        return str(self.setting("test_mode")).lower() == "true"

    @property
    def beta(self) -> Beta:
        """The REST beta, its token tried once per hook: one that has expired is told at once, not when a payment comes."""
        if self._beta is None:
            beta = Beta(self)
            beta.probe()
            self._beta = beta
        return self._beta

    _beta: Beta | None = None

    def read_complaint(self, reply: Reply) -> Complaint | None:
        """What QuickFile says went wrong; at the day's limit it does not say how long to leave it alone."""
        told = reading.complaint(reply.json())
        if told is None or not re.search(DAILY_LIMIT, told.message, re.IGNORECASE):
            return told
        return replace(told, retry_after=DAILY_PAUSE)

    # -- calls ------------------------------------------------------------------------------------------------------------

    def rpc(self, method: str, body: Body | None, read_answer: Callable[[Any], Read], *, read: bool = False) -> Read:
        """The Body of a method's answer, as `read_answer` reads it; `method` as the vendor writes it (Invoice_Create)."""
        if self.setting("rest_token"):
            self.beta  # noqa: B018 a wrong token stops the connection as a wrong key does
        request = Submission(
            method="POST", url=f"{self.root()}{path_of(method)}", headers={"Content-Type": "application/json"}, read=read, body=body
        )
        reply = self.wire.send(request, self.authorisation, lambda: None)
        return self.understood(reply, lambda answer: read_answer(answer[method]["Body"]))

    def understood(self, reply: Reply, read: Callable[[Any], Read]) -> Read:
        """What `read` makes of an answer; a good status with another form than documented proves nothing."""
        return self.sound(lambda: read(reply.json()), reply.status)

    def sound(self, read: Callable[[], Read], status: int | None = None) -> Read:
        try:
            return read()
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError) as error:
            message = f"the answer does not have the documented form ({type(error).__name__}: {error})"
            raise PlatformError(message, platform=SPEC.slug, rule=UNREADABLE_ANSWER, status=status) from None

    def require_live(self, what: str) -> None:
        """Raises PlatformError in test mode: which methods honour it is UNVERIFIED, so only creates of invoices are sent in it."""
        if self._is_test_mode():
            raise self.error(TEST_MODE, f"{what} was not sent")

    def error(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)

    def records(self, method: str, parameters: Row) -> Iterator[Row]:
        """Every record of a search, page by page."""
        offset = 0
        while True:
            asked = {"SearchParameters": {"ReturnCount": PAGE, "Offset": offset, **parameters}}
            rows, total = self.rpc(
                method, asked, lambda body: (reading.entries(body.get("Record")), int(body["RecordsetCount"])), read=True
            )
            yield from rows
            offset += len(rows)
            if not rows or offset >= total:
                return

    # -- connection -------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Reads the account and compares its currency with the connection's; tries the REST token where there is one."""
        asked = {"AccountNumber": self.account.login, "ReturnVariables": {"Variable": ["BaseCurrency", "CompanyName"]}}
        try:
            details = self.rpc("System_GetAccountDetails", {"AccountDetails": asked}, lambda body: dict(body["AccountDetails"]), read=True)
        except PlatformError as error:
            return False, str(error)
        wrong = []
        if details.get("BaseCurrency") not in (None, self.setting("currency")):
            wrong.append(f"the home currency is {details['BaseCurrency']}, the connection says {self.setting('currency')}")
        if self._is_test_mode():
            wrong.append("test mode is on: QuickFile checks documents and books none")
        payments = "" if self.setting("rest_token") else "; without a REST token payments stay out"
        reached = f"{details.get('CompanyName', self.account.login)} is reached{payments}"
        return not wrong, f"{reached}: {'; '.join(wrong)}" if wrong else reached

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals(document, self.settings(), self.conn_id)

    # -- customers --------------------------------------------------------------------------------------------------------

    def ensure_customer(self, party: Party, currency: str) -> str:
        return customers.ensure(self, party, currency)

    # -- sales documents --------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        """Found by number, compared exactly (the filter matches parts), and read one by one: a record does not tell the kind."""
        found = [self.get_invoice(str(each), kind) for each in self._ids_of(number)]
        return [each for each in found if each is not None and each.kind is kind and each.status is not DocumentStatus.VOID]

    def _ids_of(self, number: str) -> list[int]:
        order = {"OrderResultsBy": "InvoiceNumber", "OrderDirection": "ASC", "InvoiceType": "INVOICE"}
        rows = list(self.records("Invoice_Search", {**order, "ShowDeleted": False, "InvoiceNumber": number}))
        return self.sound(lambda: [int(row["InvoiceID"]) for row in rows if str(row["InvoiceNumber"]) == number])

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:  # noqa: ARG002 both kinds have one list of ids
        details = self._details(remote_id)
        return None if details is None else self._remote(details)

    def _details(self, remote_id: str) -> Row | None:
        try:
            return self.rpc("Invoice_Get", {"InvoiceID": int(remote_id)}, lambda body: dict(body["InvoiceDetails"]), read=True)
        except PlatformError as error:
            if error.rule.name == NOT_FOUND and "invoice" in error.message.casefold():  # another thing may be missing
                return None
            raise

    def _remote(self, details: Row) -> RemoteDocument:
        """The document as read; the balance of a partly paid one is the beta's to tell."""
        remote = self.sound(lambda: reading.remote_document(details))
        if remote.status is DocumentStatus.PARTIALLY_PAID and self.setting("rest_token"):
            return remote.model_copy(update={"balance": self.beta.balance(remote.remote_id)})
        return remote

    def _read_back(self, number: int) -> RemoteDocument:
        details = self._details(str(number))
        if details is None:
            raise self.error(UNREADABLE_ANSWER, f"QuickFile says it booked id {number}, and does not find it")
        return self._remote(details)

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Create drafts, one by one. Numbers are looked up first: whether QuickFile refuses one twice is not documented."""
        return one_by_one(batch, self._create)

    def _create(self, sending: Sending) -> RemoteDocument:
        document = sending.document
        taken = self._ids_of(document.number)
        if taken and self.find_invoice(document.number, document.kind):
            raise self.error(DUPLICATE, f"number {document.number} is that of id {taken[0]}")
        body = self._body(sending, parent=self._parent(document))
        number = self.rpc("Invoice_Create", body, lambda answer: int(answer["InvoiceID"]))
        if self._is_test_mode() and not self._ids_of(document.number):
            raise self.error(TEST_MODE, f"{document.number} was checked and not booked")
        return self._proven(lambda: self._read_back(number))

    def _proven(self, read: Callable[[], Read]) -> Read:
        """A reading after something was booked: where it fails, what was booked is to be looked up, and nothing is sent again."""
        try:
            return read()
        except PlatformError as error:
            raise self.error(UNREADABLE_ANSWER, f"booked, but not read back: {error}") from error

    def _parent(self, document: Invoice | CreditNote) -> int | None:
        """The id of the invoice that a credit note corrects (the first of several)."""
        if not isinstance(document, CreditNote) or not document.preceding_invoices:
            return None
        number = document.preceding_invoices[0].number
        found = self.find_invoice(number, DocumentKind.INVOICE)
        if len(found) != 1:
            raise self.error(PARENT_MISSING, f"{len(found)} invoices have the number {number}")
        return int(found[0].remote_id)

    def _body(self, sending: Sending, **ids: int | None) -> dict[str, Any]:
        try:
            return mapping.document_body(sending.document, sending.references, **ids)
        except ReferenceMissing as missing:
            raise self.error(NO_MAPPING, str(missing)) from None
        except mapping.CodesDisagreeError as wrong:
            raise self.error(CODES_DISAGREE, str(wrong)) from None

    def post_invoices(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        """Mark drafts as sent, and mail or print them where the operator's options say so. A credit note is no draft."""
        drafts = {sending.key: remote for sending, remote in batch}
        return one_by_one([sending for sending, _ in batch], lambda sending: self._post(sending, drafts[sending.key]))

    def _post(self, sending: Sending, remote: RemoteDocument) -> RemoteDocument:
        if remote.status is not DocumentStatus.DRAFT:
            return remote
        self.require_live(remote.number)
        item = {
            "InvoiceID": int(remote.remote_id),
            "SendByEmail": bool(sending.options.get("send_by_email") and sending.document.buyer.contact.email),
            "SendBySnailMail": bool(sending.options.get("send_by_post")),
        }
        self.rpc("Invoice_Send", {"SendItem": [item]}, lambda body: body)
        now = self._proven(lambda: self._read_back(int(remote.remote_id)))
        if now.status is DocumentStatus.DRAFT:
            raise self.error(NOT_SENT, f"{now.number} (id {now.remote_id})")
        return now

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """Send the whole document again under its id. There is no version token: it is read and compared before."""
        return one_by_one([sending], lambda each: self._update(each, remote))[0]

    def _update(self, sending: Sending, remote: RemoteDocument) -> RemoteDocument:
        self.require_live(remote.number)
        self._check_unchanged(remote)
        body = self._body(sending, parent=self._parent(sending.document), invoice_id=int(remote.remote_id))
        number = self.rpc("Invoice_Create", body, lambda answer: int(answer["InvoiceID"]))
        return self._proven(lambda: self._read_back(number))

    def _check_unchanged(self, before: RemoteDocument) -> Row:
        """What is there now, if it is still as we know it and nobody paid or credited it."""
        details = self._details(before.remote_id)
        if details is None:
            raise self.error(CHANGED_THERE, f"id {before.remote_id} was deleted")
        now = self._remote(details)
        if now.status not in (DocumentStatus.DRAFT, DocumentStatus.OPEN):
            raise self.error(CHANGED_THERE, f"id {now.remote_id} is {now.status.value.replace('_', ' ')}")
        for field in ("our_number", "customer_id", "currency", "total", "issue_date"):
            was, is_now = getattr(before, field), getattr(now, field)
            if was is not None and was != is_now:
                raise self.error(CHANGED_THERE, f"{field} of id {now.remote_id} was {was} and is {is_now}")
        return details

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:
        """Credit a sent invoice in full (CreditNoteType VOID keeps the audit trail); delete a draft or a credit note."""
        try:
            now = self.get_invoice(remote.remote_id, remote.kind)
            if now is None:
                return Sent(key=key, remote=reading.as_void(remote), note="was deleted already")
            if now.status is DocumentStatus.VOID:
                return Sent(key=key, remote=now, note="was credited already")
            self.require_live(remote.number)
            details = self._check_unchanged(remote)
            if now.status is DocumentStatus.DRAFT or now.kind is DocumentKind.CREDIT_NOTE:
                return self._delete(now, key)
            return self._credit(now, details, on, reason, key)
        except PlatformError as error:
            return Sent(key=key, error=error)

    def _delete(self, remote: RemoteDocument, key: str) -> Sent:
        """Delete, without the payments on it (QuickFile's own default would take them along)."""
        asked = {"DeleteAssociatedPayments": False, "InvoiceIDs": {"InvoiceID": [int(remote.remote_id)]}}
        self.rpc("Invoice_Delete", {"InvoiceDetails": asked}, lambda body: body)
        gone = self._proven(lambda: self._details(remote.remote_id)) is None
        return Sent(key=key, remote=reading.as_void(remote) if gone else None, note="deleted")

    def _credit(self, remote: RemoteDocument, details: Row, on: date, reason: str, key: str) -> Sent:
        lines = [*reading.item_rows(details)]
        if reading.task_rows(details) or details.get("Discount"):
            raise self.error(CHANGED_THERE, f"id {remote.remote_id} has task lines or a discount of its own")
        number = f"{remote.number}-V" if len(remote.number) + 2 <= NUMBER else ""
        if number and self._is_taken_back(remote, number):
            raise self.error(CREDITED_ALREADY, f"credit note {number} takes id {remote.remote_id} back")
        body = mapping.reversal_body(details, lines, number=number, on=on.isoformat(), reason=reason)
        credit = self.rpc("Invoice_Create", body, lambda answer: answer["InvoiceNumber"])
        now = self._proven(lambda: self._read_back(int(remote.remote_id)))
        return Sent(key=key, remote=now if now.status is DocumentStatus.VOID else None, note=f"credit note {credit}")

    def _is_taken_back(self, remote: RemoteDocument, number: str) -> bool:
        """Whether a credit note of this number is for this very invoice, whose status may tell it later."""
        held = [self._details(str(each)) for each in self._ids_of(number)]
        says = mapping.takes_back(remote.number, remote.remote_id)
        return any(says in str(each.get("Notes") or "") for each in held if each is not None)

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        """The Body of each create. A credit note's ParentInvoiceID is looked up only when it is sent; here it is left out."""
        path = path_of("Invoice_Create")
        return [Preview(method="POST", path=path, body=to_json(self._body(each)).decode()) for each in batch]

    # -- payments ---------------------------------------------------------------------------------------------------------

    def payment_obstacles(self, payment: Payment) -> Iterable[Obstacle]:
        return obstacles(payment)

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        """Payments by payment date, some days further back than `since`: QuickFile keeps no time of change. It lists no deleted ones
        either; who keeps what was listed finds them missing on days that are listed again, and their invoices open."""
        return self.beta.payments(since)

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002
        """Book a receipt on its invoices, the rest on the client's account; looked for first, for there is no idempotency key."""
        self.require_bookable(payment, references)
        return self.beta.apply(payment, customer_id, references)

    # -- reference lists --------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        return lists.entries(self, kind)

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        if kind is ReferenceKind.ITEM and set(codes) == {ONE_OFF}:
            return [reading.one_off()]  # no call: calls are counted by the day
        return super().find_reference(kind, codes)
