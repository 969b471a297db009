"""Acumatica behind the port: a session of its own for each hook, documents on hold, releases that may answer later.

Sessions count against the licence: a hook opens one with its first request and logs out when it is closed, also after a failure; where its
worker died, the next hook does. So no session is shared: another worker's log-out would end it in the middle of its work.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import ClassVar
from urllib.parse import urlencode

from airbooks.canonical import CreditNote, DocumentKind, DocumentStatus, Finding, Invoice, Party, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.acumatica import catalogue, customers, mapping, reading, receipts
from airbooks.platforms.acumatica.checking import checked
from airbooks.platforms.acumatica.client import INSERT_ONLY, UPDATE_ONLY, Site, problem, understood
from airbooks.platforms.acumatica.documents import Documents
from airbooks.platforms.acumatica.lines import Inexpressible
from airbooks.platforms.acumatica.refusals import refusals
from airbooks.platforms.acumatica.releases import RELEASE, VOID, Releases, Started, Ticket
from airbooks.platforms.acumatica.reversals import Reversals
from airbooks.platforms.acumatica.spec import (
    CHANGED_THERE,
    COOKIE,
    EXISTS,
    FIXED,
    IGNORED,
    LOGIN_LIMIT,
    LOGIN_LIMIT_TEXT,
    LOST,
    SPEC,
    UNFIT,
)
from airbooks.platforms.acumatica.wrapped import Body, Row, ignored, text
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent, ends_the_round, one_by_one, unsent
from airbooks.platforms.errors import AirbooksError, ConfigurationError, PlatformError, ReferenceMissing
from airbooks.platforms.licence import Licence, ended_already
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.spec import PlatformSpec
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, to_json

log = logging.getLogger(__name__)

_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
NEVER_GOOD = datetime.fromtimestamp(0, UTC)  # so ended what is stored for others, who take their own
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}


class AcumaticaHook(PlatformHook):
    """One company (tenant) of one Acumatica site; a document's remote id is its type and reference number (`Invoice/INV000146`)."""

    spec: ClassVar[PlatformSpec] = SPEC
    _calls_outside = 0  # until then no call of this hook had the session that its token stands for

    # -- sessions -------------------------------------------------------------------------------------------------------------

    @property
    def _uses_cookies(self) -> bool:
        return bool(self.setting("auth") == COOKIE)

    def authorisation(self) -> Mapping[str, str]:
        return self._credential(self.token())

    def _credential(self, session: Token) -> Mapping[str, str]:
        return {"Cookie": session.access} if self._uses_cookies else {"Authorization": f"Bearer {session.access}"}

    def token(self) -> Token:
        """This hook's own; before it ends, its session is given back."""
        if self._token is not None and not self._token.is_fresh():
            self.log_out()
        if self._token is None:
            self.renew_token()
        assert self._token is not None  # noqa: S101 renew_token sets it or raises
        return self._token

    def newer_token(self) -> Token:
        """A new token or session of this hook's own."""
        self._token = None
        return self.licence.claim(self._new_session)

    @cached_property
    def licence(self) -> Licence:
        allowed = str(self.setting("sessions") or "")
        return self.licence_for(self._end, int(allowed) if allowed.isdigit() else None)

    def has_room(self) -> bool:
        return self.licence.reserve()

    def _new_session(self) -> Token:
        """A token opens its session with the first call that is not refused; a log-in opens one at once."""
        rotates = not self._uses_cookies and self.setting("refresh_token")
        session = self._by_refresh_token() if rotates else self.issue(None)
        self._calls_outside = self.wire.calls
        return session

    def _by_refresh_token(self) -> Token:
        """Only the refresh token, which is good for one use, is shared with other workers through the store."""
        issued: list[Token] = []

        def issue(newest: Token | None) -> Token:
            issued.append(self.issue(newest))
            return replace(issued[0], access="", expires_at=NEVER_GOOD)

        stored = self.tokens.renew(self.conn_id, self.tokens.read(self.conn_id), issue, self.credentials())
        return issued[0] if issued else stored

    def issue_token(self, newest: Token | None) -> Token:
        return self._cookie_login() if self._uses_cookies else self._oauth_token(newest)

    def _cookie_login(self) -> Token:
        """A session cookie is good until it has not been used for some 20 minutes."""
        given = {
            "name": self.account.login,
            "password": self.account.password,
            "tenant": self.setting("tenant"),
            "branch": self.setting("branch"),
        }
        body = {name: value for name, value in given.items() if value}
        request = Request(method="POST", url=f"{self.root()}/entity/auth/login", headers=_JSON, content=to_json(body))
        reply = self.wire.send(request, dict, lambda: None)
        return understood(lambda: reading.cookie_token(reply))

    def _oauth_token(self, newest: Token | None) -> Token:
        """By the refresh token where the connection has one, else by user and password."""
        refresh = self.refresh_token(newest)
        form = {"client_id": self._required("client_id"), "client_secret": self._required("client_secret")}
        if refresh:
            form |= {"grant_type": "refresh_token", "refresh_token": refresh}
        else:
            form |= {"grant_type": "password", "username": self.account.login, "password": self.account.password}
            form["scope"] = str(self.setting("scope"))
        request = Request(method="POST", url=f"{self.root()}/identity/connect/token", headers=_FORM, content=urlencode(form).encode())
        reply = self.wire.send(request, dict, lambda: None)
        return understood(lambda: reading.oauth_token(reply.json()))

    def _required(self, name: str) -> str:
        value = self.setting(name)
        if not value:
            raise ConfigurationError(f"Connection {self.conn_id!r} ({SPEC.title}) has no {name!r}: set it in the connection's form.")
        return str(value)

    def log_out(self) -> None:
        """Give the session back, if there is one."""
        token, self._token = self._token, None
        if token is None or not (self._uses_cookies or self.wire.calls > self._calls_outside):
            self.licence.lapse()
        else:
            self.licence.give_back(token)

    def _end(self, session: Token) -> None:
        """The body of a log-out is empty; who has no session and gets none for it needs none."""
        request = Request(method="POST", url=f"{self.root()}/entity/auth/logout", headers=_JSON)
        with ended_already(LOGIN_LIMIT):
            self.wire.send(request, lambda: self._credential(session), lambda: None)

    def close(self) -> None:
        try:
            self.log_out()
        finally:
            super().close()

    # -- the connection -------------------------------------------------------------------------------------------------------

    def read_complaint(self, reply: Reply) -> Complaint | None:
        complaint = reading.complaint(reply)
        if complaint is not None and re.search(LOGIN_LIMIT_TEXT, complaint.message, re.IGNORECASE):
            self._calls_outside = self.wire.calls
        return complaint

    @cached_property
    def site(self) -> Site:
        return Site(self.call, str(self.setting("endpoint")), str(self.setting("version")), str(self.setting("branch") or ""))

    @cached_property
    def documents(self) -> Documents:
        return Documents(self.site, str(self.setting("invoice_entity")))

    @cached_property
    def releases(self) -> Releases:
        return Releases(self.site, self.documents)

    @cached_property
    def reversals(self) -> Reversals:
        return Reversals(self.site, self.documents, self.releases)

    def test_connection(self) -> tuple[bool, str]:
        """A session that was opened for it is logged out again."""
        opened = self._token is None
        try:
            return checked(self.site, self.settings())
        except AirbooksError as error:
            fix = f" {error.rule.fix}" if isinstance(error, PlatformError) and error.rule.fix else ""
            return False, f"{error}{fix}"
        finally:
            if opened:
                self.log_out()

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals(document, self.settings(), self.conn_id)

    def ensure_customer(self, party: Party, currency: str) -> str:
        return customers.ensure(self.site, party, party.currency or currency, self.settings())

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        return catalogue.entries(self.site, kind, self.settings())

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        return [item for item in catalogue.entries(self.site, kind, self.settings(), codes) if item.code in codes] if codes else []

    # -- documents ------------------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return self.find_invoices([(number, kind)])[number, kind]

    def find_invoices(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]:
        """Our number need not be unique there: all that carry it, each read singly."""
        return self.documents.by_our_numbers(wanted)

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:  # noqa: ARG002 the type is part of the id
        return self.documents.by_id(remote_id)

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Documents on hold, one request each; where one of this number is there already, that one is answered."""
        return one_by_one(batch, self._create)

    def _create(self, sending: Sending) -> RemoteDocument:
        document, body = sending.document, self._body(sending)
        where = self.documents.not_there(document.number, document.kind)
        try:
            row = self._put(body, INSERT_ONLY, where)
        except PlatformError as error:
            hits = self.find_invoice(document.number, document.kind) if error.rule.name == EXISTS else []
            if len(hits) != 1:
                raise
            return hits[0]
        remote = self.documents.read(row)
        self._require_taken_over(sending, body, row, lambda: self.site.delete(self.documents.entity, remote.remote_id))
        return remote

    def _put(self, body: Body, condition: Mapping[str, str], where: str = "") -> Row:
        documents = self.documents
        return self.site.put(documents.entity, body, condition, where=where, expand=documents.expand, custom=documents.custom)

    def _body(self, sending: Sending) -> Body:
        """Raises PlatformError for what its references do not allow."""
        return self._fitting(lambda: mapping.document_body(sending.document, sending.references, sending.options))

    @staticmethod
    def _fitting(make: Callable[[], Body]) -> Body:
        try:
            return make()
        except ReferenceMissing as missing:
            raise problem(UNFIT, str(missing), missing.kind) from None
        except Inexpressible as said:
            raise problem(UNFIT, str(said)) from None

    def _require_taken_over(self, sending: Sending, body: Body, row: Row, take_back: Callable[[], None]) -> None:
        """HTTP 200 does not say that every field was understood."""
        left = list(ignored(body, row))
        if not left:
            return
        says = f"{sending.document.number}: Acumatica ignored {', '.join(left)}"
        if not sending.options.get("strict", True):
            log.warning("%s: %s", self.conn_id, says)
            return
        take_back()
        raise problem(IGNORED, says, left[0])

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        path = self.site.path(self.documents.entity)
        return [Preview(method="PUT", path=path, body=to_json(self._body(sending)).decode()) for sending in batch]

    # -- releasing ------------------------------------------------------------------------------------------------------------

    def post_invoices(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        """Release documents; what Acumatica takes on is looked at once, after the last one, and else gets a ticket."""
        done: list[Sent] = []
        started: list[tuple[Sending, RemoteDocument, Started]] = []
        for position, (sending, remote) in enumerate(batch):
            try:
                release = self._start(sending, remote)
                if release is None:
                    done.append(self.releases.released(sending, remote))
                else:
                    started.append((sending, remote, release))
            except PlatformError as error:
                done.append(Sent(key=sending.key, remote=remote, error=error))
                if ends_the_round(error):
                    done += unsent([each for each, _ in batch[position + 1 :]], error)
                    break
        return done + [self._seen(*each) for each in started]

    def _start(self, sending: Sending, remote: RemoteDocument) -> Started | None:
        """None: it is released. Its state is read first, because releasing twice is an error."""
        row = self.documents.row(remote.remote_id)
        if row is None:
            raise problem(LOST, f"{remote.number} is not there any more")
        now = self.documents.read(row)
        if now.status is not DocumentStatus.DRAFT:
            return None
        self.releases.take_off_hold(sending, now, text(row, "Status"))
        return self.releases.start(RELEASE, remote.remote_id)

    def _seen(self, sending: Sending, remote: RemoteDocument, started: Started) -> Sent:
        try:
            if self.releases.look(started):
                return self.releases.released(sending, remote)
        except PlatformError as error:
            return Sent(key=sending.key, remote=remote, error=error)
        return Sent(key=sending.key, remote=remote, ticket=str(started.ticket))

    def collect_answers(self, taken_on: Sequence[tuple[Sending, str]]) -> list[Sent]:
        """Only the documents are read: the address at which an operation tells its state is good in another session only."""
        return [self._answer(sending, Ticket.read(ticket)) for sending, ticket in taken_on]

    def _answer(self, sending: Sending, ticket: Ticket) -> Sent:
        return self.reversals.answer(sending.key, ticket) if ticket.act == VOID else self.releases.answer(sending, ticket)

    # -- changing -------------------------------------------------------------------------------------------------------------

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """A document on hold (or balanced) is made equal to ours and released; a released one takes no change."""
        try:
            fresh = self._replaced(sending, remote)
        except PlatformError as error:
            return Sent(key=sending.key, error=error)
        if _is_equal(sending, fresh) and sending.options.get("post", True):
            return self.post_invoices([(sending, fresh)])[0]
        return Sent(key=sending.key, remote=fresh)

    def _replaced(self, sending: Sending, remote: RemoteDocument) -> RemoteDocument:
        row = self._unchanged(remote)
        body = self._fitting(lambda: mapping.update_body(sending.document, sending.references, sending.options, remote.remote_id, row))
        made = self._put(body, UPDATE_ONLY)
        left = list(ignored(body, made))
        if left:
            log.warning("%s: %s: Acumatica ignored %s", self.conn_id, sending.document.number, ", ".join(left))
        return self.documents.read(made)

    def _unchanged(self, remote: RemoteDocument) -> Row:
        """The document as it is, if it is as we know it. The contract has no version token: the time of the last change is compared."""
        row = self.documents.row(remote.remote_id)
        now = None if row is None else self.documents.read(row)
        if row is None or now is None:
            raise problem(CHANGED_THERE, f"{remote.number} is not there any more")
        if now.status is not DocumentStatus.DRAFT:
            raise problem(FIXED, f"{remote.number} is released in Acumatica")
        if now.version != remote.version:
            raise problem(CHANGED_THERE, f"{remote.number} was changed in Acumatica at {now.version}")
        return row

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:
        """A document on hold is deleted; a released invoice is reversed by a credit memo of the same rows that is applied to it."""
        try:
            return self.reversals.void(remote, on=on, reason=reason, key=key)
        except PlatformError as error:
            return Sent(key=key, error=error)

    # -- payments -------------------------------------------------------------------------------------------------------------

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        return receipts.changed_since(self.site, since)

    def receipts_account(self, currency: str) -> str:
        return receipts.cash_account(self.settings(), currency)

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002
        self.require_bookable(payment, references)
        return receipts.Receipts(self.site, self.settings()).book(payment, customer_id, references)


def _is_equal(sending: Sending, remote: RemoteDocument) -> bool:
    """Whether the platform reckons the document's amounts as we do."""
    document = sending.document
    return (document.net_total, document.tax_total, document.gross_total) == (remote.net, remote.tax, remote.total)
