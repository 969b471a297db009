"""NetSuite behind the port: log-in by signed assertion or signed requests, documents, void by credit memo, payments, lists.

The blueprint's `customerInvoice` is no record of NetSuite, neither in SOAP nor in REST: it is `invoice`. SOAP ends with release 2028.2, so
the connector speaks REST only.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import ClassVar
from urllib.parse import urlencode

from airbooks.canonical import (
    CreditNote,
    DocumentKind,
    Finding,
    Invoice,
    Party,
    Payment,
    RemoteDocument,
    RemotePayment,
)
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent, in_turn
from airbooks.platforms.errors import AirbooksError, ConfigurationError, PlatformError, ReferenceMissing
from airbooks.platforms.netsuite import batches, catalogue, customers, mapping, reading, receipts
from airbooks.platforms.netsuite.documents import Documents
from airbooks.platforms.netsuite.lines import Body
from airbooks.platforms.netsuite.records import Records, problem, record_path, understood
from airbooks.platforms.netsuite.refusals import refusals
from airbooks.platforms.netsuite.signing import assertion, tba_header, token_form
from airbooks.platforms.netsuite.spec import BUSY_LOGIN, DELETE, DUPLICATE, NO_MAPPING, SPEC, TBA, TOKEN_PATH
from airbooks.platforms.payments import Obstacle, rate_of_another_ledger
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.spec import PlatformSpec
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, to_json

Settles = Callable[[Sending], str]
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_ANSWERS = {400, 403, 404}  # refusals of somebody who was let in


class NetSuiteHook(PlatformHook):
    """One NetSuite account (and subsidiary) by REST: OAuth 2.0 client credentials, or token-based authentication.

    The concurrency limit of an account may answer like a refused log-in: a 401 to credentials that were accepted a moment ago (a token
    just issued, a call just answered) is therefore waited out, and only another one is a matter for people.
    """

    spec: ClassVar[PlatformSpec] = SPEC

    # -- the connection -------------------------------------------------------------------------------------------------------

    # Whether the credentials in use were accepted since the last refusal: a token just issued, or (TBA) a call just answered.
    _is_let_in = False

    @property
    def _is_tba(self) -> bool:
        return bool(self.setting("auth") == TBA)

    def _required(self, name: str) -> str:
        value = self.setting(name)
        if not value:
            raise ConfigurationError(f"Connection {self.conn_id!r} ({SPEC.title}) has no {name!r}: set it in the connection's form.")
        return str(value)

    @cached_property
    def records(self) -> Records:
        return Records(self.call)

    @cached_property
    def documents(self) -> Documents:
        kept = {str(self.setting(name)) for name in ("discount_item_id", "charge_item_id") if self.setting(name)}
        return Documents(self.records, self.currencies, frozenset(kept))

    @cached_property
    def currencies(self) -> dict[str, str]:
        """ISO codes by internal id; read before anything is written, so that a failure to read them leaves nothing open."""
        try:
            rows = list(self.records.query("id, symbol", "currency"))
            return understood(lambda: {row["id"]: row["symbol"] for row in rows})
        except PlatformError as error:
            raise error.as_not_happened() from None

    # -- authorisation --------------------------------------------------------------------------------------------------------

    def authorisation(self) -> Mapping[str, str]:
        """A bearer token; signed requests have a header of their own each (`authorise`)."""
        return {} if self._is_tba else {"Authorization": f"Bearer {self.token().access}"}

    def authorise(self, request: Request) -> Mapping[str, str]:
        if not self._is_tba:
            return self.authorisation()
        header = tba_header(
            method=request.method,
            url=request.url,
            params=request.params,
            realm=self._required("account_id"),
            consumer=(self.account.login, self.account.password),
            token=(self._required("token_id"), self._required("token_secret")),
            nonce=secrets.token_hex(10),
            timestamp=int(time.time()),
        )
        return {"Authorization": header}

    def renew_token(self) -> None:
        """Signed requests have nothing to renew: a refusal stays one."""
        if not self._is_tba:
            super().renew_token()

    def issue_token(self, newest: Token | None) -> Token:  # noqa: ARG002 a new assertion needs nothing of it
        """An hour's access token; there is no refresh token."""
        url = f"{self.root()}{TOKEN_PATH}"
        signed = assertion(
            client_id=self.account.login,
            certificate_id=self._required("certificate_id"),
            audience=url,
            algorithm=str(self.setting("jwt_alg")),
            pem=self.account.password,
        )
        request = Request(method="POST", url=url, headers=_FORM, content=urlencode(token_form(signed)).encode(), read=True)
        reply = self.wire.send(request, dict, lambda: None)
        answer = understood(reply.json)
        access, life = understood(lambda: (str(answer["access_token"]), timedelta(seconds=int(answer["expires_in"]))))
        self._is_let_in = True
        return Token(access=access, expires_at=datetime.now(UTC) + life)

    def read_complaint(self, reply: Reply) -> Complaint | None:
        """The vendor's error; a 401 to credentials that were just accepted is told apart from one that means what it says."""
        if reply.status < 400 or reply.status in _ANSWERS:
            self._is_let_in = self._is_tba
        complaint = reading.complaint(reply)
        if complaint is None or reply.status != 401:
            return complaint
        if self._is_let_in:
            return Complaint(code=BUSY_LOGIN, message=complaint.message)
        return complaint

    def request_id(self, reply: Reply) -> str:
        return reply.headers.get("x-n-operationid", "")

    def test_connection(self) -> tuple[bool, str]:
        """Reads the currencies (SuiteQL), the subsidiary and the account's own catalogue of the invoice's fields."""
        try:
            base = str(self._required("base_currency"))
            wrong = [] if base in self.currencies.values() else [f"the account has no currency {base}"]
            wrong += self._missing()
        except AirbooksError as error:
            return False, str(error)
        return not wrong, "; ".join(wrong) if wrong else f"The account is reached; its invoices take tax details, its books are in {base}."

    def _missing(self) -> Iterator[str]:
        if "taxDetailsOverride" not in self.records.fields_of("invoice"):
            yield "the invoice has no tax details: REST needs the SuiteTax feature (legacy tax is not supported by its REST services)"
        wanted = str(self.setting("subsidiary_id") or "")
        if wanted and not self._has_subsidiary(wanted):
            yield f"there is no subsidiary {wanted}"
        for name in ("discount_item_id", "charge_item_id"):
            item = str(self.setting(name) or "")
            if item and not list(self.records.query("id", "item", "id = ?", [item])):
                yield f"there is no item {item} ({name})"

    def _has_subsidiary(self, wanted: str) -> bool:
        """Roles that may not see subsidiaries can book in them all the same."""
        try:
            return self.records.get("subsidiary", wanted) is not None
        except PlatformError as error:
            if error.status != 403:
                raise
            return True

    # -- customers and lists --------------------------------------------------------------------------------------------------

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals(document, self.settings(), self.conn_id)

    def ensure_customer(self, party: Party, currency: str) -> str:
        """One customer for all currencies: a currency that it does not have yet is added to it."""
        wanted = next((key for key, symbol in self.currencies.items() if symbol == currency), "")
        if not wanted:
            raise problem(NO_MAPPING, f"the account has no currency {currency}", "currency")
        return customers.ensure(self.records, party, wanted, self.settings())

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        return catalogue.entries(self.records, kind)

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        return catalogue.named(self.records, kind, codes)

    # -- documents ------------------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        """By external id, which the record service knows at once; there is at most one."""
        return self.documents.live(number, kind)

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        return self.documents.by_id(remote_id, kind)

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Each document by a request of its own, answered at once, or all as a job that is answered later (option `mode`)."""
        ready, unfit = self._bodies(batch, self.documents.settled_by)
        if batch and batch[0].options.get("mode") == "batch":
            return unfit + batches.start(self.records, ready)
        body_of = {sending.key: body for sending, body in ready}
        return unfit + in_turn([sending for sending, _ in ready], lambda sending: self._create(sending, body_of[sending.key]))

    def _bodies(self, batch: Sequence[Sending], settles: Settles) -> tuple[list[tuple[Sending, Body]], list[Sent]]:
        """The body of each document, and an error for each that cannot be put into words there or prepared."""
        ready: list[tuple[Sending, Body]] = []
        unfit: list[Sent] = []
        for sending in batch:
            try:
                body = mapping.document_body(sending.document, sending.references, sending.options, settles(sending))
            except ReferenceMissing as missing:
                unfit.append(Sent(key=sending.key, error=problem(NO_MAPPING, str(missing), missing.kind)))
            except PlatformError as error:
                unfit.append(Sent(key=sending.key, error=error.as_not_happened()))
            else:
                ready.append((sending, body))
        return ready, unfit

    def _create(self, sending: Sending, body: Body) -> Sent:
        kind = sending.document.kind
        try:
            made = self.records.create(mapping.RECORDS[kind], body)
            return Sent(key=sending.key, remote=self.documents.just_written(made, kind))
        except PlatformError as error:
            there = self.documents.already_there(sending) if error.rule.name == DUPLICATE else None
            return Sent(key=sending.key, remote=there, note="was there already") if there else Sent(key=sending.key, error=error)

    def collect_answers(self, taken_on: Sequence[tuple[Sending, str]]) -> list[Sent]:
        return batches.collect(self.records, taken_on, self.documents.live)

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """A PATCH that replaces the lines; what somebody else changed meanwhile is not overwritten (there is no version token)."""
        kind = remote.kind
        try:
            body = mapping.update_body(sending.document, sending.references, sending.options, remote)
            self.documents.expect_unchanged(remote)
            self.records.change(mapping.RECORDS[kind], remote.remote_id, body, replace=mapping.SUBLISTS)
            return Sent(key=sending.key, remote=self.documents.just_written(remote.remote_id, kind))
        except ReferenceMissing as missing:
            return Sent(key=sending.key, error=problem(NO_MAPPING, str(missing), missing.kind))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:
        """An invoice is taken back by a credit memo over all of it, or deleted (the connection says which); a credit memo is deleted."""
        deletes = remote.kind is DocumentKind.CREDIT_NOTE or self.setting("void_with") == DELETE
        try:
            void, note = self.documents.delete(remote) if deletes else self.documents.credit(remote, on, reason)
        except PlatformError as error:
            return Sent(key=key, error=error)
        return Sent(key=key, remote=void, note=note)

    # -- payments -------------------------------------------------------------------------------------------------------------

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        return receipts.changed_since(self.records, since, str(self.setting("time_zone") or ""), self.currencies)

    def payment_obstacles(self, payment: Payment) -> Iterable[Obstacle]:
        return rate_of_another_ledger(payment, str(self.setting("base_currency") or ""))

    def apply_payment(
        self,
        payment: Payment,
        *,
        customer_id: str,
        key: str,  # noqa: ARG002 a payment is known by its source and id, under whatever key it comes
        references: References,
    ) -> RemotePayment:
        """Book one receipt on the connection's bank account; the same one a second time gives the payment of the first."""
        self.require_bookable(payment, references)
        return receipts.book(
            self.records, payment, customer_id, references, bank_account=self._required("bank_account_id"), currencies=self.currencies
        )

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        """The requests of `create_invoices`; the invoice that a credit note is applied to is looked up when it is sent."""
        ready, _ = self._bodies(batch, lambda _: "")
        if batch and batch[0].options.get("mode") == "batch":
            jobs = batches.by_kind(ready)
            shown = [(mapping.RECORDS[kind], {"items": [body for _, body in part]}) for kind, part in jobs.items()]
        else:
            shown = [(mapping.RECORDS[sending.document.kind], body) for sending, body in ready]
        return [Preview(method="POST", path=record_path(kind), body=to_json(body).decode()) for kind, body in shown]
