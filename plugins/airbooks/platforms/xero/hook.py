"""The connection to one Xero organisation: OAuth tokens, contacts, invoices and credit notes, payments, reference lists.

Create is always PUT: a POST with a number that is taken edits the document that has it. Every PUT names `unitdp=4` (else prices lose
decimals) and `summarizeErrors=false` (else one bad document makes the answer a 400 although its neighbours are booked).
"""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode
from uuid import NAMESPACE_URL, uuid5

from airbooks.canonical import (
    CreditNote,
    DocumentKind,
    DocumentStatus,
    Finding,
    Invoice,
    Party,
    Payment,
    PaymentKind,
    RemoteDocument,
    RemotePayment,
)
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent
from airbooks.platforms.errors import UNREADABLE_ANSWER, ConfigurationError, ErrorRule, PlatformError, ReferenceMissing
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, base_url, to_json
from airbooks.platforms.xero import mapping, reading
from airbooks.platforms.xero.refusals import refusals
from airbooks.platforms.xero.spec import (
    API,
    ARCHIVED_CONTACT,
    AUTHORISED_APP,
    CHANGED_THERE,
    DUPLICATE,
    DUPLICATE_NAME,
    INEXPRESSIBLE,
    INEXPRESSIBLE_PAYMENT,
    NO_MAPPING,
    PRODUCTION,
    SPEC,
)

log = logging.getLogger(__name__)
Read = TypeVar("Read")
Row = Mapping[str, Any]
Element = tuple[Sending, dict[str, Any]]

LOOKED_UP = 40  # numbers in one look-up, so that its address stays short
WRITTEN = {"unitdp": "4", "summarizeErrors": "false"}


class XeroHook(PlatformHook):
    """One organisation (tenant) of Xero (Accounting API 2.0)."""

    spec = SPEC
    page_size = 100

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
        """Half an hour's access token. An app's refresh token works once: the one of the reply is the next one to use.

        The connection's own refresh token is used first, and again when a person has put another one there.
        """
        seed = str(self.setting("refresh_token") or "")
        if self._is_app():
            refresh = newest.refresh if newest is not None and newest.extra.get("seed") == seed else seed
            if not refresh:
                raise ConfigurationError(f"Connection {self.conn_id!r} (Xero) has no refresh_token. Set it, or use a Custom Connection.")
            form = {"grant_type": AUTHORISED_APP, "refresh_token": refresh}
        else:
            form = {"grant_type": "client_credentials", "scope": str(self.setting("scopes"))}
        reply = self.wire.send(self._token_request(form), dict, lambda: None)
        return self._understood(reply, lambda body: reading.token(body, seed))

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
        )

    def read_complaint(self, reply: Reply) -> Complaint | None:
        return reading.complaint(reply)

    def request_id(self, reply: Reply) -> str:
        return reply.headers.get("xero-correlation-id", "")

    # -- calls ------------------------------------------------------------------------------------------------------------

    def get(self, resource: str, headers: Mapping[str, str] | None = None, **params: str) -> Reply:
        return self.call("GET", f"{API}/{resource}", params=params, headers=headers, read=True)

    def write(self, method: str, resource: str, body: Any, *keys: str, **params: str) -> Reply:
        """A PUT or POST with an Idempotency-Key of its own: of our keys, the address and the very content, so that the same key never
        goes with another request."""
        content = to_json(body)
        key = str(uuid5(NAMESPACE_URL, "\n".join((*keys, method, resource, urlencode(params), content.decode()))))
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if keys else {})}
        return self.call(method, f"{API}/{resource}", params=params, headers=headers, content=content)

    def _listed(self, name: str, reply: Reply, read: Callable[[Any], Read]) -> list[Read]:
        return self._understood(reply, lambda body: [read(row) for row in body[name]])

    def pages(
        self, name: str, read: Callable[[Any], Read], headers: Mapping[str, str] | None = None, **params: str
    ) -> Iterator[list[Read]]:
        """All pages of a list; only with a page are documents given with their lines."""
        page = 1
        while True:
            reply = self.get(name, headers, page=str(page), pageSize=str(self.page_size), **params)
            rows = self._listed(name, reply, read)
            yield rows
            if len(rows) < self.page_size:
                return
            page += 1

    def _understood(self, reply: Reply, read: Callable[[Any], Read]) -> Read:
        """What `read` makes of an answer; a good status with another form than documented proves nothing."""
        try:
            return read(reply.json())
        except (KeyError, TypeError, ValueError, IndexError, ArithmeticError) as error:
            message = f"the answer does not have the documented form ({type(error).__name__}: {error})"
            request_id = self.request_id(reply)
            raise PlatformError(message, platform=SPEC.slug, rule=UNREADABLE_ANSWER, status=reply.status, request_id=request_id) from None

    def _error(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)

    def _document(self, row: Any, kind: DocumentKind) -> RemoteDocument:
        return reading.remote_document(row, kind, self.settings().get("charge_item_code", ""))

    # -- connection -------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Reads the organisation and compares its base currency with the connection's."""
        try:
            (organisation,) = self._listed("Organisations", self.get("Organisation"), dict)
            reached = f"{organisation['Name']} ({organisation['CountryCode']})"
            home, stored = organisation["BaseCurrency"], self.setting("home_currency")
        except (PlatformError, ConfigurationError) as error:
            return False, str(error)
        except (KeyError, ValueError):
            return False, "Xero's answer names no organisation"
        if home != stored:
            return False, f"{reached}: the base currency is {home}, the connection says {stored}"
        return True, f"{reached} is reached; its books are in {home}"

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals(document, self.settings(), self.conn_id)

    # -- contacts ---------------------------------------------------------------------------------------------------------

    def ensure_customer(self, party: Party, currency: str) -> str:
        """The ContactID: by our code (ContactNumber), else the one contact of this name that nobody claimed, which then gets our code,
        else a new one. A contact's currency is a default only."""
        contact = self._find_contact(party) or self._create_contact(party, currency)
        if contact["ContactStatus"] != "ACTIVE":
            raise self._error(ARCHIVED_CONTACT, f"contact {contact['Name']} is {str(contact['ContactStatus']).lower()}")
        return str(contact["ContactID"])

    def _find_contact(self, party: Party) -> Row | None:
        coded = reading.with_our_code(self._contacts("ContactNumber", party.code), party)
        if coded is not None:
            return self._merged_to(coded)
        named = reading.adoptable(self._contacts("Name", mapping.contact_name(party)), party)
        return self._adopt(named, party) if named is not None else None

    def _contacts(self, field: str, value: str) -> list[Row]:
        """Contacts, archived ones too; a value that the language of `where` cannot quote is searched for instead."""
        awkward = '"' in value or "\\" in value
        asked = {"searchTerm": value} if awkward else {"where": f'{field}=="{value}"'}
        return [row for page in self.pages("Contacts", dict, {"includeArchived": "true", **asked}) for row in page]

    def _merged_to(self, contact: Row) -> Row:
        """A merged contact is archived and names the one that goes on."""
        target = contact.get("MergedToContactID")
        if contact["ContactStatus"] == "ACTIVE" or not target:
            return contact
        (found,) = self._listed("Contacts", self.get(f"Contacts/{target}"), dict)
        return found

    def _adopt(self, contact: Row, party: Party) -> Row:
        body = {"Contacts": [{"ContactID": contact["ContactID"], "ContactNumber": party.code}]}
        (found,) = self._listed("Contacts", self.write("POST", f"Contacts/{contact['ContactID']}", body), dict)
        return found

    def _create_contact(self, party: Party, currency: str) -> Row:
        taken = reading.name_is_taken(self._contacts("Name", mapping.contact_name(party)), party)
        try:
            return self._put_contact(mapping.contact_body(party, currency, coded=taken), party)
        except PlatformError as error:
            if error.rule.name != DUPLICATE_NAME:
                raise
        found = self._find_contact(party)  # somebody was quicker
        return found if found is not None else self._put_contact(mapping.contact_body(party, currency, coded=True), party)

    def _put_contact(self, body: Mapping[str, Any], party: Party) -> Row:
        reply = self.write("PUT", "Contacts", {"Contacts": [body]}, party.code, summarizeErrors="false")
        (contact,) = self._listed("Contacts", reply, dict)
        complaint = reading.element_complaint(contact)
        if complaint is not None:
            raise self.wire.error(complaint, reply)
        return contact

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
        rows = [row for page in self.pages(reading.LIST[kind], dict, asked) for row in page if row["Type"] == reading.TYPE[kind]]
        documents = [self._document(row, kind) for row in rows]
        return [each for each in documents if each.status is not DocumentStatus.VOID and each.number in numbers]

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        row = self._row(remote_id, kind)
        return None if row is None else self._document(row, kind)

    def _row(self, remote_id: str, kind: DocumentKind) -> Row | None:
        try:
            reply = self.get(f"{reading.LIST[kind]}/{quote(remote_id, safe='')}")
        except PlatformError as error:
            if error.status == 404:
                return None
            raise
        (row,) = self._listed(reading.LIST[kind], reply, dict)
        return row

    # -- sales documents: creating ----------------------------------------------------------------------------------------

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Create documents, all of a kind in one PUT (as many as its size allows). Invoice numbers are unique at Xero; whether those of
        credit notes are is UNVERIFIED, so that they are looked up first."""
        elements, results = self._elements(batch)
        for kind in DocumentKind:
            of_kind = [element for element in elements if element[0].document.kind is kind]
            if kind is DocumentKind.CREDIT_NOTE:
                of_kind, taken = self._free(of_kind)
                results += taken
            for portion in _portions(of_kind):
                results += self._create(portion, kind)
        return results

    def _elements(self, batch: Sequence[Sending]) -> tuple[list[Element], list[Sent]]:
        """What can be sent, and an error for each document that its references do not allow."""
        elements: list[Element] = []
        refused: list[Sent] = []
        for sending in batch:
            try:
                elements.append((sending, mapping.document_body(sending.document, sending.references, sending.options)))
            except ReferenceMissing as missing:
                refused.append(Sent(key=sending.key, error=self._error(NO_MAPPING, str(missing))))
            except mapping.Inexpressible as said:
                refused.append(Sent(key=sending.key, error=self._error(INEXPRESSIBLE, str(said))))
        return elements, refused

    def _free(self, elements: list[Element]) -> tuple[list[Element], list[Sent]]:
        """The credit notes whose numbers nobody has."""
        try:
            held = self.find_invoices([(sending.document.number, sending.document.kind) for sending, _ in elements]) if elements else {}
        except PlatformError as error:
            return [], [Sent(key=sending.key, error=error.as_not_happened()) for sending, _ in elements]
        free = [(sending, body) for sending, body in elements if not held[sending.document.number, sending.document.kind]]
        taken = [sending for sending, _ in elements if held[sending.document.number, sending.document.kind]]
        return free, [Sent(key=each.key, error=self._error(DUPLICATE, f"number {each.document.number} is in use")) for each in taken]

    def _create(self, elements: Sequence[Element], kind: DocumentKind) -> list[Sent]:
        """One PUT; its answers are matched by number, and a document that no answer names gets no `Sent`."""
        name = reading.LIST[kind]
        try:
            reply = self.write("PUT", name, {name: [body for _, body in elements]}, *(sending.key for sending, _ in elements), **WRITTEN)
            answers = self._understood(reply, lambda body: {row.get(reading.NUMBER[kind]): row for row in body[name]})
        except PlatformError as error:
            return [Sent(key=sending.key, error=error) for sending, _ in elements]
        named = [(sending, answers[sending.document.number]) for sending, _ in elements if sending.document.number in answers]
        return [self._created(sending, row, reply) for sending, row in named]

    def _created(self, sending: Sending, row: Row, reply: Reply) -> Sent:
        try:
            complaint = self._understood(reply, lambda _: reading.element_complaint(row))
            if complaint is not None:
                raise self.wire.error(complaint, reply)
            remote = self._understood(reply, lambda _: self._document(row, sending.document.kind))
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
                self.write("PUT", f"{path}/History", record, sending.key)
        except PlatformError as error:
            notes.append(f"its internal note could not be added ({error})")
        try:
            if sending.options.get("send_email") and remote.kind is DocumentKind.INVOICE:
                self.write("POST", f"{path}/Email", {}, sending.key)
        except PlatformError as error:
            notes.append(
                f"it was not mailed, or perhaps was ({error})" if error.outcome.value == "unknown" else f"it was not mailed ({error})"
            )
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

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """Make the document equal to ours. Xero has no version token and the last write wins, so it is read and compared just before."""
        try:
            current = self._unchanged(remote)
            body = mapping.update_body(sending.document, sending.references, sending.options, current)
            return Sent(key=sending.key, remote=self._change(remote, body, sending.key))
        except ReferenceMissing as missing:
            return Sent(key=sending.key, error=self._error(NO_MAPPING, str(missing)))
        except mapping.Inexpressible as said:
            return Sent(key=sending.key, error=self._error(INEXPRESSIBLE, str(said)))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def _unchanged(self, remote: RemoteDocument) -> Row:
        current = self._row_before(remote)
        if current is None:
            raise self._error(CHANGED_THERE, f"{remote.remote_id} is not there any more")
        if current["UpdatedDateUTC"] != remote.version:
            was, now = reading.moment(remote.version), reading.moment(current["UpdatedDateUTC"])
            raise self._error(CHANGED_THERE, f"{remote.number} was changed at {now:%Y-%m-%d %H:%M:%S} UTC, after {was:%Y-%m-%d %H:%M:%S}")
        return current

    def _row_before(self, remote: RemoteDocument) -> Row | None:
        """Reading before a write: what fails here has changed nothing."""
        try:
            return self._row(remote.remote_id, remote.kind)
        except PlatformError as error:
            raise error.as_not_happened() from None

    def _change(self, remote: RemoteDocument, body: Mapping[str, Any], key: str) -> RemoteDocument:
        name = reading.LIST[remote.kind]
        reply = self.write("POST", f"{name}/{remote.remote_id}", {name: [body]}, key, unitdp="4")
        (changed,) = self._listed(name, reply, lambda row: self._document(row, remote.kind))
        return changed

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:  # noqa: ARG002 a void keeps its date
        """Void an approved document, delete a draft; both are final, and the number stays taken. A paid one is refused by Xero."""
        try:
            current = self._row_before(remote)
            if current is None:
                return Sent(key=key, remote=_as_void(remote), note="was deleted already")
            now = self._document(current, remote.kind)
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
                raise self._error(CHANGED_THERE, f"{field} of {now.number} was {was} and is {is_now}")

    # -- payments ---------------------------------------------------------------------------------------------------------

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        """Receipts on invoices changed since, deleted ones too. Credit notes, prepayments and overpayments are no payments at Xero: what
        they settle shows in the invoices' balances only."""
        headers = {"If-Modified-Since": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")}
        try:
            for page in self.pages("Payments", reading.remote_payment, {"where": 'PaymentType=="ACCRECPAYMENT"'}, headers):
                yield from page
        except PlatformError as error:
            if error.status != 304:
                raise

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002 the invoice names it
        """Book a receipt: one Xero payment for each invoice it settles, looked for on the invoice first, by the words in its reference."""
        self._check_expressible(payment, references)
        marker = mapping.payment_marker(payment)
        found: list[RemotePayment] = []
        missing: list[dict[str, Any]] = []
        for body in mapping.payment_bodies(payment, references):
            held = self._payment_on(body["Invoice"]["InvoiceID"], marker)
            if held is None:
                missing.append(body)
            else:
                found.append(held)
        return reading.together([*found, *(self._put_payments(missing, key) if missing else [])])

    def _check_expressible(self, payment: Payment, references: References) -> None:
        plain = payment.kind is PaymentKind.RECEIPT and not any(each.discount or each.write_off for each in payment.allocations)
        if not plain or payment.unapplied or not payment.allocations:
            raise self._error(INEXPRESSIBLE_PAYMENT, f"payment {payment.source_id} ({payment.kind.value}, {payment.unapplied} unapplied)")
        if not references.has(ReferenceKind.ACCOUNT, payment.bank_account) and not references.settings.get("payment_account_code"):
            raise ConfigurationError(f"Connection {self.conn_id!r} (Xero) has no payment_account_code: set the account of payments.")

    def _payment_on(self, invoice_id: str, marker: str) -> RemotePayment | None:
        """A payment of ours that an invoice has already."""
        invoice = self._row(invoice_id, DocumentKind.INVOICE)
        for payment in (invoice or {}).get("Payments") or []:
            if marker in (payment.get("Reference") or ""):
                return reading.remote_payment({"Status": "AUTHORISED", **payment, "Invoice": invoice})
        return None

    def _put_payments(self, bodies: list[dict[str, Any]], key: str) -> list[RemotePayment]:
        """Those that were booked; raises the first refusal, after which a repeat books only what is missing."""
        reply = self.write("PUT", "Payments", {"Payments": bodies}, key, summarizeErrors="false")
        rows = self._listed("Payments", reply, dict)
        for row in rows:
            complaint = reading.element_complaint(row)
            if complaint is not None:
                raise self.wire.error(complaint, reply)
        return self._listed("Payments", reply, reading.remote_payment)

    # -- reference lists --------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        if kind not in reading.LISTS:
            return
        name = reading.LISTS[kind]
        for entries in self._listed(name, self.get(name), lambda row: list(reading.reference_items(kind, row))):
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
