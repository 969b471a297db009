"""The connection to one QuickBooks Online company: OAuth tokens, customers, sales documents, payments, reference lists.

The real API has no PUT: creates and updates are POSTs to /v3/company/{realmId}/invoice (or /creditmemo), updates with Id and SyncToken.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

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
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent
from airbooks.platforms.errors import UNREADABLE_ANSWER, Action, ErrorRule, PlatformError, ReferenceMissing, before_sending
from airbooks.platforms.payments import Obstacle
from airbooks.platforms.quickbooks import customers, lists, mapping, payments, queries, reading, receipts
from airbooks.platforms.quickbooks.refusals import refusals
from airbooks.platforms.quickbooks.spec import (
    CHANGED_THERE,
    DUPLICATE,
    INACTIVE_CUSTOMER,
    MINOR_VERSION,
    NO_MAPPING,
    PRODUCTION,
    SPEC,
)
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, base_url, to_json

Read = TypeVar("Read")

NUMBERS_PER_QUERY = 30


class QuickBooksHook(PlatformHook):
    """One company (realm) of QuickBooks Online (Accounting API v3, minor version 75)."""

    spec = SPEC
    page_size = 1000

    # -- authorisation ----------------------------------------------------------------------------------------------------

    def root(self) -> str:
        return super().root() if self.account.host else PRODUCTION

    def authorisation(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token().access}", "Accept": "application/json"}

    def issue_token(self, newest: Token | None) -> Token:
        """Refresh: an hour's access token, and the refresh token to use next time (it may be another one)."""
        credentials = b64encode(f"{self.account.login}:{self.account.password}".encode()).decode()
        request = Request(
            method="POST",
            url=base_url(str(self.setting("token_url")), "", None, allow_http=bool(self.account.extra.get("allow_http"))),
            headers={
                "Authorization": f"Basic {credentials}",
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            content=urlencode({"grant_type": "refresh_token", "refresh_token": self.refresh_token(newest)}).encode(),
        )
        return self.understood(self.wire.send(request, dict, lambda: None), reading.token)

    def read_complaint(self, reply: Reply) -> Complaint | None:
        return reading.complaint(reply.json())

    def request_id(self, reply: Reply) -> str:
        return reply.headers.get("intuit_tid", "")

    # -- calls ------------------------------------------------------------------------------------------------------------

    def path(self, resource: str) -> str:
        return f"/v3/company/{self.setting('realm_id')}/{resource}"

    def get(self, resource: str, **params: str) -> Reply:
        return self.call("GET", self.path(resource), params={**params, "minorversion": MINOR_VERSION}, read=True)

    def post(self, resource: str, body: Mapping[str, Any], *, scope: str = "call", **params: str) -> Reply:
        asked = {**{name: value for name, value in params.items() if value}, "minorversion": MINOR_VERSION}
        return self.call(
            "POST", self.path(resource), params=asked, headers={"Content-Type": "application/json"}, json=dict(body), scope=scope
        )

    def rows(self, entity: str, where: str = "", *, read: Callable[[Any], Read], order: str = "", start: int = 1) -> list[Read]:
        """One page of a SELECT, each row read by `read`; an empty QueryResponse is no rows."""
        asked = queries.select(entity, where, order=order, start=start, limit=self.page_size)
        return self.understood(self.get("query", query=asked), lambda body: list(map(read, body["QueryResponse"].get(entity, []))))

    def understood(self, reply: Reply, read: Callable[[Any], Read]) -> Read:
        """What `read` makes of an answer; a good status with another form than documented proves nothing."""
        try:
            return read(reply.json())
        except (KeyError, TypeError, ValueError, IndexError) as error:
            message = f"the answer does not have the documented form ({type(error).__name__}: {error})"
            request_id = self.request_id(reply)
            raise PlatformError(message, platform=SPEC.slug, rule=UNREADABLE_ANSWER, status=reply.status, request_id=request_id) from None

    def error(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)

    def _document(self, body: Any, kind: DocumentKind) -> RemoteDocument:
        return reading.remote_document(body[reading.ENTITY[kind]], kind, self.settings().get("charge_item_id", ""))

    # -- connection -------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Reads the company and its preferences and compares them with the connection's settings."""
        try:
            company = self.understood(self.get(f"companyinfo/{self.setting('realm_id')}"), lambda body: body["CompanyInfo"])
            (preferences,) = self.rows("Preferences", read=dict)
        except PlatformError as error:
            return False, str(error)
        wrong = list(reading.disagreements(company, preferences, self.settings()))
        reached = f"{company['CompanyName']} ({company['Country']})"
        return not wrong, f"{reached}: {'; '.join(wrong)}" if wrong else f"{reached} is reached and its preferences fit"

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals(document, self.settings(), self.conn_id)

    # -- customers --------------------------------------------------------------------------------------------------------

    def ensure_customer(self, party: Party, currency: str) -> str:
        """The id of a customer with this currency (QuickBooks fixes it for good): found, or created under name and code."""
        found = self._find_customer(party, currency)
        if found is None:
            found = self._create_customer(party, currency)
        if not found.get("Active", True):
            raise self.error(INACTIVE_CUSTOMER, f"customer {found['DisplayName']} (id {found['Id']}) is inactive")
        return str(found["Id"])

    def _find_customer(self, party: Party, currency: str) -> Mapping[str, Any] | None:
        home = self._home()
        coded = customers.with_our_code(self.rows("Customer", queries.customers_with_code(party), read=dict), party, currency, home)
        if coded is not None:
            return coded
        named = [row for where in queries.customers_named(party) for row in self.rows("Customer", where, read=dict)]
        found = customers.unambiguous(named, party, currency, home)
        return found if found is None or customers.is_marked(found, party) else self._adopt_customer(found, party)

    def _adopt_customer(self, row: Mapping[str, Any], party: Party) -> Mapping[str, Any]:
        notes = customers.marked_notes(row, party)
        self.post("customer", {"Id": row["Id"], "SyncToken": row["SyncToken"], "sparse": True, "Notes": notes})
        return row

    def _create_customer(self, party: Party, currency: str) -> Mapping[str, Any]:
        try:
            reply = self.post("customer", mapping.customer_body(party, currency, self.settings()))
        except PlatformError as error:
            if error.code != "6240":
                raise
            found = self._find_customer(party, currency)
            if found is None:
                raise
            return found
        created: Mapping[str, Any] = self.understood(reply, lambda body: body["Customer"])
        return created

    def _home(self) -> str:
        return str(self.setting("home_currency"))

    # -- sales documents --------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return self.find_invoices([(number, kind)])[number, kind]

    def find_invoices(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]:
        """The live documents with these numbers, one query for up to 30 of a kind."""
        found: dict[tuple[str, DocumentKind], list[RemoteDocument]] = {each: [] for each in wanted}
        for kind in DocumentKind:
            numbers = [number for number, of_kind in found if of_kind is kind]
            for start in range(0, len(numbers), NUMBERS_PER_QUERY):
                for remote in self._numbered(numbers[start : start + NUMBERS_PER_QUERY], kind):
                    found[remote.number, kind].append(remote)
        return found

    def _numbered(self, numbers: Sequence[str], kind: DocumentKind) -> list[RemoteDocument]:
        entity = reading.ENTITY[kind]
        documents = self.rows(entity, queries.is_one_of("DocNumber", numbers), read=lambda row: self._document({entity: row}, kind))
        return [each for each in documents if each.status is not DocumentStatus.VOID and each.number in numbers]

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        row = self._row(remote_id, kind)
        return None if row is None else self._document({reading.ENTITY[kind]: row}, kind)

    def _row(self, remote_id: str, kind: DocumentKind) -> dict[str, Any] | None:
        entity = reading.ENTITY[kind]
        try:
            row: dict[str, Any] = self.understood(self.get(f"{entity.lower()}/{remote_id}"), lambda body: body[entity])
        except PlatformError as error:
            if error.code == "610":
                return None
            raise
        return row

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Create documents: one by `POST /invoice`, several by `POST /batch`. Numbers are looked up first, because whether
        QuickBooks refuses a number twice is a setting of the company; each create carries a requestid as well."""
        with before_sending():
            taken = self.find_invoices([(each.document.number, each.document.kind) for each in batch])
        results, free = [], []
        for sending in batch:
            held = taken[sending.document.number, sending.document.kind]
            if held:
                message = f"number {sending.document.number} is that of id {held[0].remote_id}"
                results.append(Sent(key=sending.key, error=self.error(DUPLICATE, message)))
            else:
                free.append(sending)
        bodies = []
        for sending in free:
            try:
                bodies.append((sending, mapping.document_body(sending.document, sending.references, sending.options)))
            except ReferenceMissing as missing:
                results.append(Sent(key=sending.key, error=self.error(NO_MAPPING, str(missing))))
        if len(bodies) == 1:
            return [*results, self._create_one(*bodies[0])]
        return [*results, *(self._create_many(bodies) if bodies else [])]

    def _create_one(self, sending: Sending, body: Mapping[str, Any]) -> Sent:
        kind = sending.document.kind
        try:
            reply = self.post(reading.ENTITY[kind].lower(), body, requestid=sending.key)
            return Sent(key=sending.key, remote=self.understood(reply, lambda answer: self._document(answer, kind)))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def _create_many(self, bodies: Sequence[tuple[Sending, Mapping[str, Any]]]) -> list[Sent]:
        """One batch; its answers are matched by bId, and a document that no answer names gets no `Sent`."""
        reply = self.post("batch", _batch_body(bodies), scope="batch", requestid=_batch_key(bodies))
        answers = self.understood(reply, lambda body: {item["bId"]: item for item in body["BatchItemResponse"]})
        named = [(sending, answers[str(n)]) for n, (sending, _) in enumerate(bodies) if str(n) in answers]
        return [self._batch_answer(sending, answer, reply) for sending, answer in named]

    def _batch_answer(self, sending: Sending, answer: Mapping[str, Any], reply: Reply) -> Sent:
        if "Fault" in answer:
            return Sent(key=sending.key, error=self.wire.error(reading.fault_complaint(answer["Fault"]), reply))
        try:
            return Sent(key=sending.key, remote=self.understood(reply, lambda _: self._document(answer, sending.document.kind)))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """A full update: what our document no longer says is cleared. A stale SyncToken is re-read and tried once more, unless more
        than a payment has changed."""
        try:
            body = mapping.document_body(sending.document, sending.references, sending.options)
            updated = self._with_fresh_token(remote, lambda row: self._update(sending, mapping.with_line_ids(body, row)))
            return Sent(key=sending.key, remote=updated)
        except ReferenceMissing as missing:
            return Sent(key=sending.key, error=self.error(NO_MAPPING, str(missing)))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def _update(self, sending: Sending, body: Mapping[str, Any]) -> RemoteDocument:
        kind = sending.document.kind
        reply = self.post(reading.ENTITY[kind].lower(), body, requestid=sending.key)
        return self.understood(reply, lambda answer: self._document(answer, kind))

    def _with_fresh_token(self, remote: RemoteDocument, write: Callable[[Mapping[str, Any]], RemoteDocument]) -> RemoteDocument:
        for attempt in (1, 2):
            with before_sending():
                row = self._row(remote.remote_id, remote.kind)
            if row is None:
                raise self.error(CHANGED_THERE, f"id {remote.remote_id} was deleted")
            self._check_unchanged(remote, self._document({reading.ENTITY[remote.kind]: row}, remote.kind))
            try:
                return write(row)
            except PlatformError as error:
                if error.action is not Action.REREAD or attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def _check_unchanged(self, before: RemoteDocument, now: RemoteDocument, *more: str) -> None:
        for field in ("our_number", "customer_id", "currency", "total", "tax", "issue_date", *more):
            was, is_now = getattr(before, field), getattr(now, field)
            if was != is_now:
                raise self.error(CHANGED_THERE, f"{field} of id {now.remote_id} was {was} and is {is_now}")

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:  # noqa: ARG002 a void keeps its date
        """Void an invoice: amounts become zero, number and record stay. A credit memo has no void; it is deleted.

        A stale SyncToken is re-read and tried once more, unless a payment came or anything else changed.
        """
        try:
            return self._void(remote, key)
        except PlatformError as error:
            if error.action is not Action.REREAD and error.code != "610":
                return Sent(key=key, error=error)
        try:
            now = self.get_invoice(remote.remote_id, remote.kind)
            if now is None:
                return Sent(key=key, remote=_as_void(remote), note="was deleted already")
            if now.status is DocumentStatus.VOID:
                return Sent(key=key, remote=now, note="was void already")
            self._check_unchanged(remote, now, "balance")
            return self._void(now, key)
        except PlatformError as error:
            return Sent(key=key, error=error)

    def _void(self, remote: RemoteDocument, key: str) -> Sent:
        deletes = remote.kind is DocumentKind.CREDIT_NOTE
        entity = reading.ENTITY[remote.kind]
        body = {"Id": remote.remote_id, "SyncToken": remote.version}
        reply = self.post(entity.lower(), body, operation="delete" if deletes else "void", requestid=key)
        if deletes:
            gone = self.understood(reply, lambda answer: answer[entity]["status"] == "Deleted")
            return Sent(key=key, remote=_as_void(remote) if gone else None, note="deleted")
        voided = self.understood(reply, lambda answer: self._document(answer, remote.kind))
        if voided.status is not DocumentStatus.VOID:
            return Sent(key=key)  # an old answer, replayed for a key that was used before: it proves nothing
        was_paid = remote.balance != remote.total
        return Sent(key=key, remote=voided, note="what was paid on it is unapplied credit now" if was_paid else "")

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        bodies = [(each, mapping.document_body(each.document, each.references, each.options)) for each in batch]
        if len(bodies) == 1:
            ((sending, body),) = bodies
            resource = reading.ENTITY[sending.document.kind].lower()
            return [Preview(method="POST", path=f"{self.path(resource)}?minorversion={MINOR_VERSION}", body=to_json(body).decode())]
        whole = to_json(_batch_body(bodies)).decode()
        return [Preview(method="POST", path=f"{self.path('batch')}?minorversion={MINOR_VERSION}", body=whole)] if bodies else []

    # -- payments ---------------------------------------------------------------------------------------------------------

    def payment_obstacles(self, payment: Payment) -> Iterable[Obstacle]:
        return payments.obstacles(payment, self.settings())

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        """Payments changed since, oldest change first, then those deleted since. Deletions are known for 30 days only."""
        return receipts.changed_since(self, since)

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:
        """Book a receipt and apply it to its invoices. It is looked for first, by the words in its private note."""
        return receipts.apply(self, payment, customer_id, key, references)

    # -- reference lists --------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        return lists.all_entries(self, kind)

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        """Items are asked for by name (filtering by Sku is UNVERIFIED); the other lists are short and read whole."""
        return lists.items_named(self, codes) if kind is ReferenceKind.ITEM else super().find_reference(kind, codes)


def _batch_body(bodies: Sequence[tuple[Sending, Mapping[str, Any]]]) -> dict[str, Any]:
    items = [
        {"bId": str(n), "operation": "create", reading.ENTITY[sending.document.kind]: body} for n, (sending, body) in enumerate(bodies)
    ]
    return {"BatchItemRequest": items}


def _batch_key(bodies: Sequence[tuple[Sending, Mapping[str, Any]]]) -> str:
    """The requestid (36 characters) of exactly these documents in exactly these versions."""
    return str(uuid5(NAMESPACE_URL, " ".join(sending.key for sending, _ in bodies)))


def _as_void(remote: RemoteDocument) -> RemoteDocument:
    return remote.model_copy(update={"status": DocumentStatus.VOID})
