"""The connection to one Xero organisation: OAuth tokens, contacts, invoices and credit notes, payments, reference lists.

Create is always PUT: a POST with a number that is taken edits the document that has it. Every PUT names `unitdp=4` (else prices lose
decimals) and `summarizeErrors=false` (else one bad document makes the answer a 400 although its neighbours are booked).
"""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

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
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent, ends_the_round, unsent
from airbooks.platforms.errors import ConfigurationError, Outcome, PlatformError, ReferenceMissing
from airbooks.platforms.payments import Obstacle
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, base_url, to_json
from airbooks.platforms.xero import mapping, reading, receipts
from airbooks.platforms.xero.client import Row, XeroClient
from airbooks.platforms.xero.contacts import Contacts
from airbooks.platforms.xero.refusals import refusals
from airbooks.platforms.xero.spec import (
    API,
    AUTHORISED_APP,
    CHANGED_THERE,
    DUPLICATE,
    INEXPRESSIBLE,
    NO_MAPPING,
    PRODUCTION,
    SPEC,
)

log = logging.getLogger(__name__)
Element = tuple[Sending, dict[str, Any]]

SCOPED = ("Contacts", "Invoices", "Payments")  # each needs a scope of its own
LOOKED_UP = 40  # numbers in one look-up, so that its address stays short
WRITTEN = {"unitdp": "4", "summarizeErrors": "false"}


class XeroHook(PlatformHook):
    """One organisation (tenant) of Xero (Accounting API 2.0)."""

    spec = SPEC

    # -- authorisation ----------------------------------------------------------------------------------------------------

    def root(self) -> str:
        return super().root() if self.account.host else PRODUCTION

    def authorisation(self) -> Mapping[str, str]:
        tenant = str(self.setting("tenant_id") or "")
        if not tenant and self._is_app():
            raise ConfigurationError(
                f"Connection {self.conn_id!r} (Xero) has no tenant_id, which an app that a user authorised needs: "
                "take tenantId from GET https://api.xero.com/connections."
            )
        headers = {"Authorization": f"Bearer {self.token().access}", "Accept": "application/json"}
        return {**headers, "Xero-Tenant-Id": tenant} if tenant else headers

    def _is_app(self) -> bool:
        return str(self.setting("grant")) == AUTHORISED_APP

    def issue_token(self, newest: Token | None) -> Token:
        """Half an hour's access token. An app's refresh token works once: the one of the reply is the next one to use."""
        if self._is_app():
            refresh = self.refresh_token(newest)
            if not refresh:
                raise ConfigurationError(f"Connection {self.conn_id!r} (Xero) has no refresh_token. Set it, or use a Custom Connection.")
            form = {"grant_type": AUTHORISED_APP, "refresh_token": refresh}
        else:
            form = {"grant_type": "client_credentials", "scope": str(self.setting("scopes"))}
        return self.client.understood(self.wire.send(self._token_request(form), dict, lambda: None), reading.token)

    def _token_request(self, form: Mapping[str, str]) -> Request:
        credentials = b64encode(f"{self.account.login}:{self.account.password}".encode()).decode()
        return Request(
            method="POST",
            url=base_url(str(self.setting("token_url")), "", None, allow_http=bool(self.account.extra.get("allow_http"))),
            headers={
                "Authorization": f"Basic {credentials}",
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            content=urlencode(form).encode(),
            read=True,  # may be repeated when the reply was lost: the token just used is taken for about half an hour more
        )

    def read_complaint(self, reply: Reply) -> Complaint | None:
        return reading.complaint(reply)

    def request_id(self, reply: Reply) -> str:
        return reply.headers.get("xero-correlation-id", "")

    @property
    def client(self) -> XeroClient:
        return XeroClient(self)

    def _document(self, row: Any, kind: DocumentKind) -> RemoteDocument:
        return reading.remote_document(row, kind, self.settings().get("charge_item_code", ""))

    # -- connection -------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Reads the organisation and one row of each list with a scope of its own; compares the base currency with the connection's."""
        try:
            reached, home = self.client.single("Organisations", self.client.get("Organisation"), reading.organisation)
            stored = self.setting("home_currency")
        except (PlatformError, ConfigurationError) as error:
            return False, str(error)
        wrong = [] if home == stored else [f"the base currency is {home}, the connection says {stored}"]
        wrong += [f"{name} cannot be read: {why}" for name in SCOPED if (why := self._closed(name))]
        return not wrong, f"{reached}: {'; '.join(wrong)}" if wrong else f"{reached} is reached; its books are in {home}"

    def _closed(self, name: str) -> str:
        """Why a list cannot be read; empty when it can."""
        try:
            self.client.get(name, page="1", pageSize="1")
        except PlatformError as error:
            return str(error)
        return ""

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        """What Xero cannot express. Raises ConfigurationError where the connection does not say the base currency: rates depend on it."""
        return refusals(document, {**self.settings(), "home_currency": str(self.setting("home_currency"))}, self.conn_id)

    # -- contacts ---------------------------------------------------------------------------------------------------------

    def ensure_customer(self, party: Party, currency: str) -> str:
        """The ContactID; a contact's currency is a default only, so that one contact serves them all."""
        return Contacts(self.client).ensure(party, currency)

    # -- sales documents: reading -----------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return self.find_invoices([(number, kind)])[number, kind]

    def find_invoices(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]:
        """The live documents with these numbers: voided and deleted ones keep theirs, and bills may have the same."""
        found: dict[tuple[str, DocumentKind], list[RemoteDocument]] = {each: [] for each in wanted}
        for kind in DocumentKind:
            numbers = [number for number, of_kind in found if of_kind is kind]
            for start in range(0, len(numbers), LOOKED_UP):
                for remote in self._numbered(numbers[start : start + LOOKED_UP], kind):
                    found[remote.number, kind].append(remote)
        return found

    def _numbered(self, numbers: Sequence[str], kind: DocumentKind) -> list[RemoteDocument]:
        if kind is DocumentKind.INVOICE:
            asked = {"InvoiceNumbers": ",".join(numbers)}
        else:  # this list has no filter by numbers
            asked = {"where": " OR ".join(f'CreditNoteNumber=="{number}"' for number in numbers)}

        def ours(row: Any) -> RemoteDocument | None:
            return self._document(row, kind) if row["Type"] == reading.TYPE[kind] else None

        documents = [each for page in self.client.pages(reading.LIST[kind], ours, asked) for each in page if each is not None]
        return [each for each in documents if each.status is not DocumentStatus.VOID and each.number in numbers]

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        return self.client.one(reading.LIST[kind], remote_id, lambda row: self._document(row, kind))

    # -- sales documents: creating ----------------------------------------------------------------------------------------

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Create documents, all of a kind in one PUT (as many as its size allows). Invoice numbers are unique at Xero; whether those of
        credit notes are is UNVERIFIED, so that they are looked up first."""
        elements, results = self._elements(batch)
        stop: PlatformError | None = None
        for kind in DocumentKind:
            of_kind = [element for element in elements if element[0].document.kind is kind]
            if kind is DocumentKind.CREDIT_NOTE:
                of_kind, taken = self._free(of_kind)
                results += taken
            for portion in _portions(of_kind):
                results += self._create(portion, kind) if stop is None else unsent((sending for sending, _ in portion), stop)
                stop = stop or next((each.error for each in results if each.error is not None and ends_the_round(each.error)), None)
        return results

    def _elements(self, batch: Sequence[Sending]) -> tuple[list[Element], list[Sent]]:
        """What can be sent, and an error for each document that its references do not allow."""
        elements: list[Element] = []
        refused: list[Sent] = []
        for sending in batch:
            try:
                elements.append((sending, mapping.document_body(sending.document, sending.references, sending.options)))
            except ReferenceMissing as missing:
                refused.append(Sent(key=sending.key, error=self.client.error(NO_MAPPING, str(missing))))
            except mapping.Inexpressible as said:
                refused.append(Sent(key=sending.key, error=self.client.error(INEXPRESSIBLE, str(said))))
        return elements, refused

    def _free(self, elements: list[Element]) -> tuple[list[Element], list[Sent]]:
        """The credit notes whose numbers nobody has."""
        try:
            held = self.find_invoices([(sending.document.number, sending.document.kind) for sending, _ in elements]) if elements else {}
        except PlatformError as error:
            return [], [Sent(key=sending.key, error=error.as_not_happened()) for sending, _ in elements]
        free = [(sending, body) for sending, body in elements if not held[sending.document.number, sending.document.kind]]
        taken = [sending for sending, _ in elements if held[sending.document.number, sending.document.kind]]
        return free, [Sent(key=each.key, error=self.client.error(DUPLICATE, f"number {each.document.number} is in use")) for each in taken]

    def _create(self, elements: Sequence[Element], kind: DocumentKind) -> list[Sent]:
        """One PUT; its answers are matched by number, and a document that no answer names gets no `Sent`."""
        name = reading.LIST[kind]
        try:
            keys = [sending.key for sending, _ in elements]
            reply = self.client.write("PUT", name, {name: [body for _, body in elements]}, *keys, **WRITTEN)
            answers = self.client.understood(reply, lambda body: {row.get(reading.NUMBER[kind]): row for row in body[name]})
        except PlatformError as error:
            return [Sent(key=sending.key, error=error) for sending, _ in elements]
        named = [(sending, answers[sending.document.number]) for sending, _ in elements if sending.document.number in answers]
        return [self._created(sending, row, reply) for sending, row in named]

    def _created(self, sending: Sending, row: Row, reply: Reply) -> Sent:
        try:
            complaint = self.client.understood(reply, lambda _: reading.element_complaint(row))
            if complaint is not None:
                raise self.client.refused(complaint, reply)
            remote = self.client.understood(reply, lambda _: self._document(row, sending.document.kind))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)
        return Sent(key=sending.key, remote=remote, note=self._followed_up(sending, remote))

    def _followed_up(self, sending: Sending, remote: RemoteDocument) -> str:
        """The internal note into the document's history, and the e-mail; the document is booked whatever becomes of them."""
        document, path = sending.document, f"{reading.LIST[remote.kind]}/{remote.remote_id}"
        notes = []
        try:
            if document.internal_note:
                record = {"HistoryRecords": [{"Details": mapping.clean(document.internal_note)}]}
                self.client.write("PUT", f"{path}/History", record, sending.key)
        except PlatformError as error:
            notes.append(f"its internal note could not be added ({error})")
        try:
            if sending.options.get("send_email") and remote.kind is DocumentKind.INVOICE:
                self.client.write("POST", f"{path}/Email", {}, sending.key)
        except PlatformError as error:
            notes.append(f"its e-mail {'may not have been' if error.outcome is Outcome.UNKNOWN else 'was not'} sent ({error})")
        for each in notes:
            log.warning("%s: %s is booked, but %s", self.conn_id, document.number, each)
        return "; ".join(notes)

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        bodies = [(each, mapping.document_body(each.document, each.references, each.options)) for each in batch]
        previews = []
        for kind in DocumentKind:
            name = reading.LIST[kind]
            for portion in _portions([element for element in bodies if element[0].document.kind is kind]):
                body = to_json({name: [element for _, element in portion]}).decode()
                previews.append(Preview(method="PUT", path=f"{API}/{name}?{urlencode(WRITTEN)}", body=body))
        return previews

    # -- sales documents: changing ----------------------------------------------------------------------------------------

    def wants_draft(self, options: Mapping[str, Any]) -> bool:
        return not options.get("approve", True)

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """Make the document equal to ours. Xero has no version token and the last write wins, so it is read and compared just before."""
        try:
            line_ids = self._unchanged(remote)
            body = mapping.update_body(sending.document, sending.references, sending.options, remote.remote_id, line_ids)
            return Sent(key=sending.key, remote=self._change(remote, body, sending.key))
        except ReferenceMissing as missing:
            return Sent(key=sending.key, error=self.client.error(NO_MAPPING, str(missing)))
        except mapping.Inexpressible as said:
            return Sent(key=sending.key, error=self.client.error(INEXPRESSIBLE, str(said)))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def _unchanged(self, remote: RemoteDocument) -> list[str]:
        """The line ids of a document that is as we know it."""
        found = self._now(remote)
        if found is None:
            raise self.client.error(CHANGED_THERE, f"{remote.remote_id} is not there any more")
        now, line_ids = found
        if now.version != remote.version:
            raise self.client.error(CHANGED_THERE, f"{remote.number} was changed at {now.modified_at}, after {remote.modified_at}")
        return line_ids

    def _now(self, remote: RemoteDocument) -> tuple[RemoteDocument, list[str]] | None:
        """Reading before a write: what fails here has changed nothing."""
        try:
            return self.client.one(
                reading.LIST[remote.kind], remote.remote_id, lambda row: (self._document(row, remote.kind), reading.line_ids(row))
            )
        except PlatformError as error:
            raise error.as_not_happened() from None

    def _change(self, remote: RemoteDocument, body: Mapping[str, Any], key: str) -> RemoteDocument:
        """One POST; its key is of the version as well, so that the answer to an earlier change is never replayed for this one."""
        name = reading.LIST[remote.kind]
        reply = self.client.write("POST", f"{name}/{remote.remote_id}", {name: [body]}, key, remote.version, unitdp="4")
        return self.client.saved(name, reply, lambda row: self._document(row, remote.kind))

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:  # noqa: ARG002 a void keeps its date
        """Void an approved document, delete a draft; both are final, and the number stays taken. A paid one is refused by Xero."""
        try:
            found = self._now(remote)
            if found is None:
                return Sent(key=key, remote=_as_void(remote), note="was deleted already")
            now, _ = found
            if now.status is DocumentStatus.VOID:
                return Sent(key=key, remote=now, note="was void already")
            self._check_same(remote, now)
            status = "DELETED" if now.status is DocumentStatus.DRAFT else "VOIDED"
            voided = self._change(remote, {reading.ID[remote.kind]: remote.remote_id, "Status": status}, key)
        except PlatformError as error:
            return Sent(key=key, error=error)
        if voided.status is not DocumentStatus.VOID:
            return Sent(key=key)  # the answer proves nothing
        return Sent(key=key, remote=voided, note="deleted" if status == "DELETED" else "")

    def _check_same(self, before: RemoteDocument, now: RemoteDocument) -> None:
        for field in ("our_number", "customer_id", "currency", "total", "tax", "balance", "issue_date"):
            was, is_now = getattr(before, field), getattr(now, field)
            if was != is_now:
                raise self.client.error(CHANGED_THERE, f"{field} of {now.number} was {was} and is {is_now}")

    # -- payments ---------------------------------------------------------------------------------------------------------

    def payment_obstacles(self, payment: Payment) -> Iterable[Obstacle]:
        return receipts.obstacles(payment, str(self.setting("home_currency")))

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        """Receipts on invoices changed since, deleted ones too. Credit notes, prepayments and overpayments are no payments at Xero: what
        they settle shows in the invoices' balances only."""
        headers = {"If-Modified-Since": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")}
        try:
            for page in self.client.pages("Payments", reading.remote_payment, {"where": 'PaymentType=="ACCRECPAYMENT"'}, headers):
                yield from page
        except PlatformError as error:
            if error.status != 304:
                raise

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:
        """Book a receipt: one Xero payment for each invoice it settles (the invoice names the customer), none of them twice."""
        self.require_bookable(payment, references)
        return receipts.Receipts(self.client).apply(payment, customer_id, key, references)

    # -- reference lists --------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        if kind not in reading.LISTS:
            return
        name = reading.LISTS[kind]
        for entries in self.client.listed(name, self.client.get(name), lambda row: list(reading.reference_items(kind, row))):
            yield from entries


def _portions(elements: Sequence[Element]) -> Iterator[list[Element]]:
    """The elements in their order, in lists whose bodies stay below the size that Xero recommends."""
    most = (SPEC.limits.batch_bytes or 0) - 1000
    portion: list[Element] = []
    size = 0
    for element in elements:
        weight = len(to_json(element[1])) + 1
        if portion and size + weight > most:
            yield portion
            portion, size = [], 0
        portion.append(element)
        size += weight
    if portion:
        yield portion


def _as_void(remote: RemoteDocument) -> RemoteDocument:
    return remote.model_copy(update={"status": DocumentStatus.VOID})
