"""The connection to one book of Reckon One: rotating refresh tokens, customers, invoices, credit notes, receipts, reference lists.

The blueprint's bare /invoices never existed: every path holds the book's id. The book numbers its documents itself, so that our number is
the document's reference, which is not unique: it is looked up before each create. There is no idempotency key, no version token and no time
of change; a document is read and compared before each change, and a void is the deletion of the document.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
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
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent, one_by_one
from airbooks.platforms.errors import Action, ConfigurationError, PlatformError, ReferenceMissing
from airbooks.platforms.payments import Obstacle
from airbooks.platforms.reckon_one import checks, mapping, reading
from airbooks.platforms.reckon_one.client import ReckonOneClient, Row
from airbooks.platforms.reckon_one.customers import Customers
from airbooks.platforms.reckon_one.receipts import Receipts, obstacles
from airbooks.platforms.reckon_one.refusals import refusals
from airbooks.platforms.reckon_one.spec import (
    CHANGED_THERE,
    DUPLICATE,
    HAS_PAYMENTS,
    INEXPRESSIBLE,
    NO_MAPPING,
    NOT_APPROVED,
    PRODUCTION,
    SPEC,
    UNREAD,
    WITHDRAWN,
)
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, base_url, to_json

RESOURCE = {DocumentKind.INVOICE: "invoices", DocumentKind.CREDIT_NOTE: "creditNotes"}
LOOKED_UP = 20  # references in one look-up, so that its address stays short
PAID = (DocumentStatus.PARTIALLY_PAID, DocumentStatus.PAID)
COMPARED = ("our_number", "customer_id", "total", "tax", "line_count", "issue_date")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class ReckonOneHook(PlatformHook):
    """One book of Reckon One (API v2)."""

    spec = SPEC

    # -- authorisation ----------------------------------------------------------------------------------------------------

    def root(self) -> str:
        return super().root() if self.account.host else PRODUCTION

    def authorisation(self) -> Mapping[str, str]:
        return {
            "Authorization": f"Bearer {self.token().access}",
            "Ocp-Apim-Subscription-Key": str(self.setting("subscription_key")),
            "Accept": "application/json",
        }

    def issue_token(self, newest: Token | None) -> Token:
        """Three hours' access token. The reply may hold a new refresh token, which is the one to use from then on."""
        used = self.refresh_token(newest)
        form = {"grant_type": "refresh_token", "refresh_token": used, "redirect_uri": str(self.setting("redirect_uri"))}
        try:
            reply = self.wire.send(self._token_request(form), dict, lambda: None)
        except PlatformError as error:
            if error.status in (400, 401) and error.action is not Action.STOP:
                raise self.client.error(WITHDRAWN, error.message) from None
            raise
        return self.client.understood(reply, lambda body: reading.token(body, used))

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

    @property
    def client(self) -> ReckonOneClient:
        return ReckonOneClient(self)

    @cached_property
    def customers(self) -> Customers:
        return Customers(self.client)

    @property
    def receipts(self) -> Receipts:
        return Receipts(self.client, self._currency())

    def _currency(self) -> str:
        return str(self.setting("home_currency"))

    # -- connection -------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Looks for the book among those of the user, and compares its currency and tax settings with the connection's."""
        try:
            return checks.examine(self)
        except (PlatformError, ConfigurationError) as error:
            fix = f" {error.rule.fix}" if isinstance(error, PlatformError) and error.rule.fix else ""
            return False, f"{error}{fix}"

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals(document, self.settings(), self.conn_id)

    def ensure_customer(self, party: Party, currency: str) -> str:  # noqa: ARG002 a book has one currency
        return self.customers.ensure(party)

    # -- sales documents: reading -----------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return self.find_invoices([(number, kind)])[number, kind]

    def find_invoices(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]:
        found: dict[tuple[str, DocumentKind], list[RemoteDocument]] = {each: [] for each in wanted}
        for kind in DocumentKind:
            numbers = [number for number, of_kind in found if of_kind is kind]
            for start in range(0, len(numbers), LOOKED_UP):
                for number, remote_id in self._referring(numbers[start : start + LOOKED_UP], kind):
                    remote = self.get_invoice(remote_id, kind)
                    found[number, kind] += [remote] if remote is not None else []
        return found

    def _referring(self, numbers: Sequence[str], kind: DocumentKind) -> list[tuple[str, str]]:
        """Reference and id of the documents that have one of our numbers as their reference, exactly."""
        listed = reading.literals(numbers)
        rows = self.client.rows(RESOURCE[kind], filter=f"reference in ({listed})", select="id,reference") if listed else ()
        return self.client.sound(lambda: [(row["reference"], str(row["id"])) for row in rows if row["reference"] in numbers])

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        row = self.client.one(RESOURCE[kind], remote_id)
        return None if row is None else self._document(row, kind)

    def _document(self, row: Row, kind: DocumentKind) -> RemoteDocument:
        return self.client.sound(lambda: reading.remote_document(row, kind, self._currency()))

    def _before(self, remote: RemoteDocument) -> RemoteDocument | None:
        """Reading before a write: what fails here has changed nothing."""
        try:
            return self.get_invoice(remote.remote_id, remote.kind)
        except PlatformError as error:
            raise error.as_not_happened() from None

    def _after(self, remote_id: str, kind: DocumentKind) -> RemoteDocument:
        """Reading after a write, whose answer says nothing: what fails here leaves open only how the document looks."""
        try:
            remote = self.get_invoice(remote_id, kind)
        except PlatformError as error:
            raise self.client.error(UNREAD, f"id {remote_id}: {error.message}") from None
        if remote is None:
            raise self.client.error(UNREAD, f"id {remote_id} is not found")
        return remote

    # -- sales documents: creating and approving --------------------------------------------------------------------------

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """One POST each, after a look whether the number is there: a reference is not unique."""
        return one_by_one(batch, self._create)

    def _create(self, sending: Sending) -> RemoteDocument:
        document = sending.document
        try:
            body = self._body(sending)
            held = self._referring([document.number], document.kind)
        except PlatformError as error:
            raise error.as_not_happened() from None
        if held:
            raise self.client.error(DUPLICATE, f"reference {document.number} is that of id {held[0][1]}")
        return self._after(self.client.create(RESOURCE[document.kind], body), document.kind)

    def _body(self, sending: Sending) -> Mapping[str, Any]:
        customer = self._customer_name(sending)
        try:
            return mapping.document_body(sending.document, sending.references, sending.options, customer)
        except ReferenceMissing as missing:
            raise self.client.error(NO_MAPPING, str(missing)) from None
        except mapping.Inexpressible as said:
            raise self.client.error(INEXPRESSIBLE, str(said)) from None

    def _customer_name(self, sending: Sending) -> str:
        """The name of the customer there; ours where it is still to be found or created (in a dry run)."""
        customer = sending.references.customer
        return self.customers.name(customer) if _GUID.fullmatch(customer) else mapping.customer_name(sending.document.buyer)

    def post_invoices(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        """Approve drafts. What is no draft any more, or never was one (in a book without approval), is left alone."""
        drafts = {sending.key: remote for sending, remote in batch}
        return one_by_one([sending for sending, _ in batch], lambda sending: self._approve(drafts[sending.key]))

    def _approve(self, remote: RemoteDocument) -> RemoteDocument:
        now = self._before(remote)
        if now is None:
            raise self.client.error(CHANGED_THERE, f"id {remote.remote_id} was deleted")
        if now.status is not DocumentStatus.DRAFT:
            return now
        self.client.change(f"{RESOURCE[remote.kind]}/{remote.remote_id}", {"status": "Approved"})
        approved = self._after(remote.remote_id, remote.kind)
        if approved.status is DocumentStatus.DRAFT:
            raise self.client.error(NOT_APPROVED, f"{approved.number} is still a draft")
        return approved

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        return [
            Preview(method="POST", path=self.client.path(RESOURCE[each.document.kind]), body=to_json(self._body(each)).decode())
            for each in batch
        ]

    # -- sales documents: changing ----------------------------------------------------------------------------------------

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """The whole document anew. The last write wins at Reckon One: what somebody changed since `remote` was read is looked for first."""
        try:
            now = self._unchanged(remote)
            if now is None:
                raise self.client.error(CHANGED_THERE, f"id {remote.remote_id} was deleted")
            try:
                body = self._body(sending)
            except PlatformError as error:
                raise error.as_not_happened() from None
            self.client.replace(f"{RESOURCE[remote.kind]}/{remote.remote_id}", body)
            return Sent(key=sending.key, remote=self._finished(sending, now))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def _finished(self, sending: Sending, before: RemoteDocument) -> RemoteDocument:
        """The document after a PUT; a draft that is ours to the cent is approved where that is wished, or where it was approved before."""
        after = self._after(before.remote_id, before.kind)
        wanted = before.status is not DocumentStatus.DRAFT or sending.options.get("post", True)
        is_ours = (after.total, after.tax) == (sending.document.gross_total, sending.document.tax_total)
        return self._approve(after) if wanted and is_ours and after.status is DocumentStatus.DRAFT else after

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:  # noqa: ARG002 a delete has neither
        """Delete the document: Reckon One has no void. Refused while receipts or credit notes are linked to it."""
        try:
            if self._unchanged(remote) is None:
                return Sent(key=key, remote=_as_void(remote), note="was deleted already")
            self.client.delete(f"{RESOURCE[remote.kind]}/{remote.remote_id}")
        except PlatformError as error:
            return Sent(key=key, error=error)
        return Sent(key=key, remote=_as_void(remote), note="deleted")

    def _unchanged(self, remote: RemoteDocument) -> RemoteDocument | None:
        """The document as it is now, which must be as we know it and without links; None when it is gone."""
        now = self._before(remote)
        if now is None:
            return None
        if now.status in PAID:
            raise self.client.error(HAS_PAYMENTS, f"{now.number} has {now.balance} of {now.total} left")
        for field in COMPARED:
            was, is_now = getattr(remote, field), getattr(now, field)
            if was != is_now:
                raise self.client.error(CHANGED_THERE, f"{field} of {now.number} was {was} and is {is_now}")
        return now

    # -- receipts ---------------------------------------------------------------------------------------------------------

    def payment_obstacles(self, payment: Payment) -> Iterable[Obstacle]:
        return obstacles(payment, self._currency())

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        """Receipts by their date, some days further back than `since`: they have no time of change. Deleted ones are not told: who keeps
        what was listed finds them missing on days that are listed again, and their invoices open."""
        return self.receipts.since(since, timedelta(days=int(self.setting("payment_lookback_days"))))

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002
        """One receipt for the whole payment; what it does not allocate stays the customer's credit."""
        self.require_bookable(payment, references)
        return self.receipts.apply(payment, references, customer_id, self.customers.name(customer_id))

    # -- reference lists --------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        for resource, read in reading.LISTS.get(kind, ()):
            rows = list(self.client.rows(resource.format(today=datetime.now(UTC).date().isoformat())))
            yield from self.client.sound(lambda rows=rows, read=read: [read(row) for row in rows])  # type: ignore[misc]

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        """Of the items, only those with these codes or full names; the other lists are short."""
        if kind is not ReferenceKind.ITEM:
            return super().find_reference(kind, codes)
        wanted = sorted(codes)
        found: list[ReferenceItem] = []
        for start in range(0, len(wanted), LOOKED_UP):
            listed = reading.literals(wanted[start : start + LOOKED_UP])
            rows = list(self.client.rows("items", filter=f"itemCode in ({listed}) or fullName in ({listed})")) if listed else []
            found += self.client.sound(lambda rows=rows: [reading.item(row) for row in rows])  # type: ignore[misc]
        return [item for item in found if item.code in codes]


def _as_void(remote: RemoteDocument) -> RemoteDocument:
    return remote.model_copy(update={"status": DocumentStatus.VOID})
