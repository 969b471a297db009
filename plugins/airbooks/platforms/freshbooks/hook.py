"""The connection to one FreshBooks account: single-use refresh tokens, clients, invoices, credit notes, payments, reference lists.

The blueprint's bare /invoices belongs to the retired FreshBooks Classic; the real path is
/accounting/account/{accountId}/invoices/invoices. FreshBooks has no void: ours becomes the soft delete (`vis_state` 1), which a person can
undo, and is refused while a document has payments. It has neither idempotency keys nor version tokens: a document is looked up by its
number before each create, and read and compared before each update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

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
from airbooks.platforms.errors import UNREADABLE_ANSWER, Action, ErrorRule, PlatformError, ReferenceMissing
from airbooks.platforms.freshbooks import mapping, reading, receipts
from airbooks.platforms.freshbooks.refusals import refusals
from airbooks.platforms.freshbooks.spec import (
    CHANGED_THERE,
    DUPLICATE,
    ERRORS,
    HAS_PAYMENTS,
    INACTIVE_CUSTOMER,
    NO_MAPPING,
    NO_TAX,
    NOTHING_BOOKED,
    NUMBER_COLLISION,
    NUMBER_NOT_TAKEN,
    NUMBER_OF_DELETED,
    NUMBER_REFUSED,
    PAYMENT_TYPES,
    PRODUCTION,
    REFUSE,
    SPEC,
    STILL_DRAFT,
    VOID_REFUSED,
)
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, to_json

Read = TypeVar("Read")
Row = Mapping[str, Any]

WITHDRAWN = next(rule for rule in ERRORS if "invalid_grant" in rule.codes)
GONE = {"1011", "1012"}
RESOURCE = {DocumentKind.INVOICE: "invoices/invoices", DocumentKind.CREDIT_NOTE: "credit_notes/credit_notes"}
NUMBER_FIELD = {DocumentKind.INVOICE: "invoice_number", DocumentKind.CREDIT_NOTE: "credit_number"}
LINES = {"include[]": "lines"}
SCOPED = ("users/clients", "invoices/invoices", "credit_notes/credit_notes", "payments/payments", "taxes/taxes")
PER_PAGE = 100  # more is cut to this without a word


class FreshBooksHook(PlatformHook):
    """One account (business) of FreshBooks."""

    spec = SPEC

    # -- authorisation ----------------------------------------------------------------------------------------------------

    def root(self) -> str:
        return super().root() if self.account.host else PRODUCTION

    def authorisation(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token().access}", "Accept": "application/json"}

    def issue_token(self, newest: Token | None) -> Token:
        """Refresh: an access token for 12 hours, and the only refresh token that works from now on; the one used is dead."""
        body = {
            "grant_type": "refresh_token",
            "client_id": self.account.login,
            "client_secret": self.account.password,
            "refresh_token": self.refresh_token(newest),
            "redirect_uri": str(self.setting("redirect_uri")),
        }
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        request = Request(method="POST", url=f"{self.root()}/auth/oauth/token", headers=headers, content=to_json(body))
        try:
            reply = self.wire.send(request, dict, lambda: None)
        except PlatformError as error:
            if error.status in (400, 401) and error.action is not Action.STOP:
                raise self.error(WITHDRAWN, error.message) from None
            raise
        return self.understood(reply, reading.token)

    def read_complaint(self, reply: Reply) -> Complaint | None:
        return reading.complaint(reply.json())

    # -- calls ------------------------------------------------------------------------------------------------------------

    def path(self, resource: str) -> str:
        return f"/accounting/account/{self.setting('account_id')}/{resource}"

    def get(self, resource: str, **params: str) -> Reply:
        return self.call("GET", self.path(resource), params=params, read=True)

    def write(self, method: str, resource: str, body: Mapping[str, Any], **params: str) -> Reply:
        headers = {"Content-Type": "application/json"}
        return self.call(method, self.path(resource), params=params, headers=headers, json=dict(body))

    def rows(self, resource: str, key: str, **params: str) -> Iterator[Row]:
        """All rows of a list, page by page. What FreshBooks does not know as a filter it ignores: callers match again."""
        page, pages = 1, 1
        while page <= pages:
            reply = self.get(resource, **params, page=str(page), per_page=str(PER_PAGE))
            found, pages = self.understood(reply, lambda body: (list(reading.result(body)[key]), int(reading.result(body)["pages"])))
            yield from found
            page += 1

    def understood(self, reply: Reply, read: Callable[[Any], Read]) -> Read:
        return self.sound(lambda: read(reply.json()))

    def sound(self, read: Callable[[], Read]) -> Read:
        """What `read` makes of an answer; a good status with another form than documented proves nothing."""
        try:
            return read()
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            message = f"the answer does not have the documented form ({type(error).__name__}: {error})"
            raise self.error(UNREADABLE_ANSWER, message) from None

    def error(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)

    def _document(self, row: Row, kind: DocumentKind) -> RemoteDocument:
        return self.sound(lambda: reading.remote_document(row, kind))

    def _written(self, reply: Reply, kind: DocumentKind) -> RemoteDocument:
        return self._document(self.understood(reply, lambda body: reading.wrapped(body, kind)), kind)

    # -- connection -------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Asks who we are, looks for the account among the businesses, and reads a row of each list that the connector needs."""
        wanted = str(self.setting("account_id"))
        try:
            reply = self.call("GET", "/auth/api/v1/users/me", read=True)
            memberships = self.understood(reply, lambda body: [each["business"] for each in body["response"]["business_memberships"]])
        except PlatformError as error:
            return False, str(error)
        names = {str(each.get("account_id")): str(each.get("name")) for each in memberships}
        if wanted not in names:
            return False, f"the account {wanted} is not among those of this user: {', '.join(sorted(names)) or 'none'}"
        closed = self._closed()
        return not closed, f"{names[wanted]} (account {wanted}): {closed}" if closed else f"{names[wanted]} (account {wanted}) is reached"

    def _closed(self) -> str:
        """The first list that a missing scope closes, in words, or nothing."""
        for resource in SCOPED:
            try:
                self.get(resource, per_page="1")
            except PlatformError as error:
                return f"no access to {resource}: {error}. {error.rule.fix}".strip()
        return ""

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals(document, self.conn_id)

    # -- clients ----------------------------------------------------------------------------------------------------------

    def ensure_customer(self, party: Party, currency: str) -> str:
        """The id of the client with our code in its note, else the only one of this name without a code and with no other e-mail
        address (which gets our code, so that it is nobody else's), else a new one."""
        found = self._client_with_code(party) or self._adopted(party)
        if found is None:
            reply = self.write("POST", "users/clients", mapping.client_body(party, currency))
            return self.understood(reply, lambda body: str(reading.result(body)["client"]["id"]))
        if not reading.is_active(found):
            raise self.error(INACTIVE_CUSTOMER, f"client {found.get('organization')} (id {found['id']})")
        return str(found["id"])

    def _client_with_code(self, party: Party) -> Row | None:
        token = mapping.client_token(party)
        rows = self.rows("users/clients", "clients", **{"search[note_like]": token})
        found = [row for row in rows if token in (row.get("note") or "")]
        return next(filter(reading.is_active, found), found[0] if found else None)

    def _adopted(self, party: Party) -> Row | None:
        found = self._client_named(party)
        if found is not None:
            note = "\n".join(part for part in (found.get("note"), mapping.client_token(party)) if part)
            self.write("PUT", f"users/clients/{found['id']}", {"client": {"note": note}})
        return found

    def _client_named(self, party: Party) -> Row | None:
        rows = self.rows("users/clients", "clients", **{"search[organization_like]": party.name})
        fitting = {row["id"]: row for row in rows if reading.is_unclaimed(row, party)}
        return next(iter(fitting.values())) if len(fitting) == 1 else None

    # -- sales documents --------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return [self._document(row, kind) for row in self._numbered(number, kind) if reading.is_live(row)]

    def _numbered(self, number: str, kind: DocumentKind) -> list[Row]:
        """Every document with exactly this number, deleted ones too."""
        field = NUMBER_FIELD[kind]
        rows = list(self.rows(RESOURCE[kind], f"{mapping.WRAPPER[kind]}s", **{f"search[{field}]": number}, **LINES))
        return self.sound(lambda: [row for row in rows if row[field] == number])

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        try:
            return self._written(self.get(f"{RESOURCE[kind]}/{remote_id}", **LINES), kind)
        except PlatformError as error:
            if error.code in GONE:
                return None
            raise

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """One POST each. An invoice is a draft afterwards; a credit note counts at once."""
        return one_by_one(batch, self._create)

    def _create(self, sending: Sending) -> RemoteDocument:
        document = sending.document
        body = self._body(mapping.create_body, sending)
        try:
            held = self.find_invoice(document.number, document.kind)
        except PlatformError as error:
            raise error.as_not_happened() from None
        if held:
            raise self.error(DUPLICATE, f"number {document.number} is that of id {held[0].remote_id}")
        try:
            return self._written(self.write("POST", RESOURCE[document.kind], body, **LINES), document.kind)
        except PlatformError as error:
            if error.rule not in (NUMBER_REFUSED, NUMBER_COLLISION):
                raise
            raise self._number_refused(sending, error) from None

    def _body(self, made: Callable[[Invoice | CreditNote, References], Mapping[str, Any]], sending: Sending) -> Mapping[str, Any]:
        try:
            return made(sending.document, sending.references)
        except (ReferenceMissing, mapping.TaxDiffersError) as error:
            raise self.error(NO_MAPPING, str(error)) from None

    def _number_refused(self, sending: Sending, refusal: PlatformError) -> PlatformError:
        """What a refused number means: FreshBooks has no code for a taken one, so the number is looked up."""
        number, kind = sending.document.number, sending.document.kind
        holders = self._numbered(number, kind)
        live = [row for row in holders if reading.is_live(row)]
        if live:
            return self.error(DUPLICATE, f"number {number} is that of id {live[0]['id']}")
        if holders:
            return self.error(NUMBER_OF_DELETED, f"number {number} is that of id {holders[0]['id']}, which was deleted")
        rule = NOTHING_BOOKED if refusal.rule is NUMBER_COLLISION else NUMBER_NOT_TAKEN
        return self.error(rule, refusal.message)

    def post_invoices(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        """Mark drafts as sent, or have FreshBooks mail them. What is no draft any more is left alone."""
        drafts = {sending.key: remote for sending, remote in batch}
        return one_by_one([sending for sending, _ in batch], lambda sending: self._post(sending, drafts[sending.key]))

    def _post(self, sending: Sending, remote: RemoteDocument) -> RemoteDocument:
        now = self._still_there(remote)
        if now.status is not DocumentStatus.DRAFT:
            return now
        email = sending.document.buyer.contact.email if sending.options.get("send_email") else ""
        action: dict[str, Any] = {"action_mark_as_sent": True}
        if email:
            with_pdf = bool(sending.options.get("include_pdf", True))
            action = {"action_email": True, "email_recipients": [email], "email_include_pdf": with_pdf}
        posted = self._change(now, action)
        return self._marked(posted) if posted.status is DocumentStatus.DRAFT else posted

    def _marked(self, remote: RemoteDocument) -> RemoteDocument:
        """Read again what was marked and came back as a draft: the answer may be older than what it did."""
        try:
            now = self.get_invoice(remote.remote_id, remote.kind)
        except PlatformError as error:
            raise self.error(UNREADABLE_ANSWER, f"whether id {remote.remote_id} was marked as sent: {error.message}") from None
        if now is None or now.status is DocumentStatus.DRAFT:
            raise self.error(STILL_DRAFT, f"id {remote.remote_id} is a draft still, or gone")
        return now

    def _change(self, remote: RemoteDocument, fields: Mapping[str, Any]) -> RemoteDocument:
        body = {mapping.WRAPPER[remote.kind]: dict(fields)}
        return self._written(self.write("PUT", f"{RESOURCE[remote.kind]}/{remote.remote_id}", body, **LINES), remote.kind)

    def _still_there(self, remote: RemoteDocument) -> RemoteDocument:
        """The document as it is now; raises when it is gone, or could not be read (then nothing was changed either)."""
        try:
            now = self.get_invoice(remote.remote_id, remote.kind)
        except PlatformError as error:
            raise error.as_not_happened() from None
        if now is None or now.status is DocumentStatus.VOID:
            raise self.error(CHANGED_THERE, f"id {remote.remote_id} was deleted")
        return now

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """Every field and every line anew. There is no version token: what somebody changed since `remote` was read is looked for first."""
        try:
            body = self._body(mapping.update_body, sending)
            self._check_unchanged(remote, self._still_there(remote))
            reply = self.write("PUT", f"{RESOURCE[remote.kind]}/{remote.remote_id}", body, **LINES)
            return Sent(key=sending.key, remote=self._written(reply, remote.kind))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def _check_unchanged(self, before: RemoteDocument, now: RemoteDocument) -> None:
        """`updated` moves with payments and views too: alone it tells of an edit only where status and balance stayed as they were."""
        fields = ["our_number", "customer_id", "currency", "total", "net", "line_count", "issue_date"]
        if (before.status, before.balance) == (now.status, now.balance):
            fields.append("version")
        for field in fields:
            was, is_now = getattr(before, field), getattr(now, field)
            if was != is_now:
                raise self.error(CHANGED_THERE, f"{field} of id {now.remote_id} was {was} and is {is_now}")

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:  # noqa: ARG002 a delete has neither
        """Soft delete: the document counts no more and a person can restore it. Refused while it has payments."""
        try:
            return self._void(remote, key)
        except PlatformError as error:
            return Sent(key=key, error=error)

    def _void(self, remote: RemoteDocument, key: str) -> Sent:
        if self.setting("void_mode") == REFUSE:
            raise self.error(VOID_REFUSED, f"id {remote.remote_id} stays")
        try:
            now = self.get_invoice(remote.remote_id, remote.kind)
        except PlatformError as error:
            raise error.as_not_happened() from None
        if now is None or now.status is DocumentStatus.VOID:
            return Sent(key=key, remote=_as_void(now or remote), note="was deleted already")
        self._check_unchanged(remote, now)
        if now.status in (DocumentStatus.PARTIALLY_PAID, DocumentStatus.PAID) and now.balance != now.total:
            raise self.error(HAS_PAYMENTS, f"id {remote.remote_id} has {now.balance} of {now.total} {now.currency} left to pay")
        gone = self._change(now, {"vis_state": reading.DELETED})
        return Sent(key=key, remote=gone if gone.status is DocumentStatus.VOID else None, note="deleted (vis_state 1)")

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        return [
            Preview(
                method="POST",
                path=f"{self.path(RESOURCE[each.document.kind])}?include[]=lines",
                body=to_json(self._body(mapping.create_body, each)).decode(),
            )
            for each in batch
        ]

    # -- payments ---------------------------------------------------------------------------------------------------------

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        """Payments changed since, deleted ones as reversed."""
        return receipts.changed_since(self, since)

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002
        """Book a receipt, one FreshBooks payment for each invoice; each is looked for first, by the words in its note."""
        self.require_bookable(payment, references)
        return receipts.apply(self, payment, references)

    # -- reference lists --------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        """Taxes (and the entry for no tax), items, types of payment; FreshBooks has no lists of the other kinds."""
        if kind is ReferenceKind.TAX_CODE:
            yield ReferenceItem(kind=kind, code=NO_TAX, name="A line without tax", details={"percent": "0"})
            yield from map(reading.tax_item, self.rows("taxes/taxes", "taxes"))
        elif kind is ReferenceKind.ITEM:
            yield from map(reading.item, self.rows("items/items", "items"))
        elif kind is ReferenceKind.PAYMENT_METHOD:
            yield from (ReferenceItem(kind=kind, code=name, name=name, remote_id=name) for name in PAYMENT_TYPES)


def _as_void(remote: RemoteDocument) -> RemoteDocument:
    return remote.model_copy(update={"status": DocumentStatus.VOID})
