"""SyteLine's hook: two doors (ION gateway, direct), IDO calls, and the look-ups in both tables that posting moves documents between."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent, in_turn, one_by_one
from airbooks.platforms.errors import UNREADABLE_ANSWER, AirbooksError, ConfigurationError, PlatformError
from airbooks.platforms.infor_syteline import catalogue, customers, mapping, reading, refusals
from airbooks.platforms.infor_syteline.checking import check
from airbooks.platforms.infor_syteline.documents import Documents
from airbooks.platforms.infor_syteline.entering import Entering, before_sending, broken_off, error_of, planned
from airbooks.platforms.infor_syteline.ido import Idos, Row, Values, text, timestamp, update_body
from airbooks.platforms.infor_syteline.posting import Posting
from airbooks.platforms.infor_syteline.receipts import Receipts, obstacles
from airbooks.platforms.infor_syteline.spec import (
    CREDIT_STAYS,
    DIRECT,
    FIXED,
    GONE,
    ION,
    LOGIN_REFUSED,
    NO_CUSTOMER,
    NO_REVENUE_ACCOUNT,
    NOT_BEGUN,
    NOT_POSTED,
    NUMBER_TAKEN,
    NUMBERING_LOCKED,
    NUMBERING_PAUSE,
    SETTLED,
    SPEC,
    TOKEN_SECONDS,
)
from airbooks.platforms.payments import Obstacle
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.spec import PlatformSpec
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, base_url, to_json

log = logging.getLogger(__name__)

SERVICE = "/IDORequestService/ido"


class InforSyteLineHook(PlatformHook):
    """One configuration (application database and site) of SyteLine.

    The blueprint named an IDO `SLInvoice`, which does not exist: A/R documents that are decided elsewhere go to SLArinvs, with their
    distributions in SLArinvds, and are posted by a method or event that the connection names. A document's id here is
    `CustNum|InvNum|InvSeq`: its row pointer is another one after posting.
    """

    spec: ClassVar[PlatformSpec] = SPEC

    # -- the service ----------------------------------------------------------------------------------------------------------

    @property
    def _is_direct(self) -> bool:
        return str(self.setting("mode")) == DIRECT

    def _required(self, name: str) -> str:
        value = self.setting(name)
        if not value:
            raise ConfigurationError(f"Connection {self.conn_id!r} ({SPEC.title}) has no {name!r}, which its mode {ION!r} needs.")
        return str(value)

    @cached_property
    def idos(self) -> Idos:
        prefix = SERVICE if self._is_direct else f"/{quote(self._required('tenant'))}/{quote(self._required('suite'))}{SERVICE}"
        return Idos(self.call, prefix)

    @cached_property
    def documents(self) -> Documents:
        return Documents(self.idos, self.settings(), self._zone)

    @property
    def _zone(self) -> ZoneInfo:
        name = str(self.setting("time_zone"))
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigurationError(f"Connection {self.conn_id!r}: time_zone {name!r} is no IANA name such as America/Chicago.") from None

    @cached_property
    def entering(self) -> Entering:
        return Entering(self.documents, self.settings())

    @cached_property
    def posting(self) -> Posting:
        return Posting(self.idos, "SLArinvs", self.settings(), name_field="post_method", parameters_field="post_method_params")

    @cached_property
    def receipts(self) -> Receipts:
        fields = {"name_field": "payment_post_method", "parameters_field": "payment_post_params"}
        return Receipts(self.documents, Posting(self.idos, "SLArpmts", self.settings(), **fields), self.settings())

    def authorisation(self) -> Mapping[str, str]:
        """The direct token stands alone, without the word Bearer; the configuration is named at both doors."""
        token = self.token().access
        config = {"X-Infor-MongooseConfig": str(self.setting("config"))}
        return {"Authorization": token if self._is_direct else f"Bearer {token}", **config}

    def issue_token(self, newest: Token | None) -> Token:  # noqa: ARG002 neither door exchanges an old token
        return self._direct_token() if self._is_direct else self._gateway_token()

    def _gateway_token(self) -> Token:
        """Resource-owner grant with the service account of the .ionapi file."""
        form = {
            "grant_type": "password",
            "username": self.account.login,
            "password": self.account.password,
            "client_id": self._required("client_id"),
            "client_secret": self._required("client_secret"),
        }
        url = self._required("token_url")
        base_url(url, "", None, allow_http=bool(self.account.extra.get("allow_http")))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        request = Request(method="POST", url=url, headers=headers, content=urlencode(form).encode(), read=True)
        answer = self._told(request)
        try:
            return Token(access=answer["access_token"], expires_at=_in_seconds(int(answer["expires_in"])))
        except (KeyError, TypeError, ValueError) as error:
            raise error_of(NOT_BEGUN, f"the token end point's answer lacks or misspells {error}") from None

    def _direct_token(self) -> Token:
        """User and password travel in headers; the variant with both in the path would put them into logs."""
        url = f"{self.root()}{SERVICE}/token/{quote(str(self.setting('config')), safe='')}"
        headers = {"username": self.account.login, "password": self.account.password}
        try:
            answer = self._told(Request(method="GET", url=url, headers=headers, read=True))
        except PlatformError as error:
            if error.status != 200 or error.rule.name == UNREADABLE_ANSWER.name:
                raise
            raise error_of(LOGIN_REFUSED, error.message) from None
        if not answer.get("Token"):
            raise error_of(NOT_BEGUN, "the log-in's answer has no Token")
        return Token(access=answer["Token"], expires_at=_in_seconds(TOKEN_SECONDS))

    def _told(self, request: Request) -> Row:
        """The answer to a log-in."""
        answer: Row = self.wire.send(request, dict, lambda: None).json()
        return answer

    def read_complaint(self, reply: Reply) -> Complaint | None:
        """`Success` false inside HTTP 200, a method's `ReturnValue` other than 0 in spite of `Success`, or the gateway's own errors."""
        if reply.status >= 300:
            return _gateway_complaint(reply)
        body = reply.json()
        if "access_token" in body:
            return None
        if body["Success"] is not True:
            return _refusal(str(body.get("Message") or "no reason given"))
        if str(body.get("ReturnValue") or "0").strip() != "0":
            return Complaint(code="ReturnValue", message=_infobar(body))
        return None

    def test_connection(self) -> tuple[bool, str]:
        try:
            return check(self.idos, self.settings(), [self.posting, self.receipts.posting])
        except AirbooksError as error:
            return False, str(error)

    # -- customers and lists --------------------------------------------------------------------------------------------------

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals.refusals(document, self.settings(), self.conn_id)

    def ensure_customer(self, party: Party, currency: str) -> str:
        """The customer's number; a second currency of a customer is a second number."""
        return customers.ensure(self.idos, party, currency, self.settings())

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        return catalogue.entries(self.idos, kind)

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        return [item for item in catalogue.entries(self.idos, kind, codes) if item.code in codes] if codes else []

    # -- documents ------------------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return self.find_invoices([(number, kind)])[number, kind]

    def find_invoices(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]:
        """Unposted and posted ones: posting moves the row from SLArinvs to SLArtrans."""
        return self.documents.by_our_numbers(wanted)

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        return self.documents.by_id(remote_id, kind)

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Enter unposted documents, one after the other."""
        return one_by_one(batch, self._create)

    def _create(self, sending: Sending) -> RemoteDocument:
        with before_sending():
            self._require_fit(sending)
            head, rows = self._planned(sending)
        row = self.entering.enter(head, rows)
        try:
            return self.documents.draft(row, self.documents.distributions(row))
        except PlatformError as error:
            raise broken_off(error) from None

    def _planned(self, sending: Sending) -> tuple[Values, list[dict[str, str]]]:
        return planned(sending.document, sending.references, sending.options, self.documents.applies_to(sending))

    def _require_fit(self, sending: Sending) -> None:
        """The customer is there and billed in the document's currency; order invoicing has not used the number."""
        customer, document = sending.references.customer, sending.document
        currency = self.documents.currency(customer)
        if currency is None:
            raise error_of(NO_CUSTOMER, f"there is no customer {customer}", "buyer.code")
        if currency != document.currency:
            raise error_of(NO_CUSTOMER, f"customer {customer} is billed in {currency}, the document is in {document.currency}", "currency")
        number = mapping.number_fields(document, self.settings()).get("InvNum")
        if number and self.idos.first("SLInvHdrs", ("InvNum", "CustNum", "CoNum"), f"InvNum = {text(number)}"):
            raise error_of(NUMBER_TAKEN, f"SLInvHdrs has an invoice {document.number}", "number")

    def post_invoices(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        """Complete and post, where the connection posts; the table in which a document is then found is the proof."""
        drafts = {sending.key: remote for sending, remote in batch}
        return in_turn([sending for sending, _ in batch], lambda sending: self._posted(sending, drafts[sending.key]))

    def _posted(self, sending: Sending, remote: RemoteDocument) -> Sent:
        asks = self.posting.is_ours and bool(sending.options.get("posting", True))
        failure: PlatformError | None = None
        try:
            row = self._completed(sending, remote)
            if row is not None and asks:
                failure = self._ask(row)
            found = self.documents.by_id(remote.remote_id, remote.kind)
        except PlatformError as error:
            return Sent(key=sending.key, error=error)
        if found is None:
            return Sent(key=sending.key, error=failure or error_of(GONE, f"{remote.number} is in neither table"))
        if found.status is not DocumentStatus.DRAFT:
            return Sent(key=sending.key, remote=found)
        if asks:
            return Sent(key=sending.key, remote=found, error=failure or error_of(NOT_POSTED, f"{remote.number} is still in SLArinvs"))
        return Sent(key=sending.key, remote=found, note="left to the posting task")

    def _completed(self, sending: Sending, remote: RemoteDocument) -> Row | None:
        """The unposted row with all its distributions and the document's date, or None when it is posted already."""
        keys = reading.keys_of(remote.remote_id)
        row = self.documents.unposted_row(keys) if keys else None
        if row is None:
            return None
        head, rows = self._planned(sending)
        self.entering.redate(row, head)
        self.entering.complete(row, rows)
        return {**row, "InvDate": head["InvDate"]}

    def _ask(self, row: Row) -> PlatformError | None:
        """Ask for posting; whatever is answered, the tables tell. Only an answer that is missing is an error of its own."""
        day = row["InvDate"]
        values = {name: str(row[name]).strip() for name in ("CustNum", "InvNum", "InvSeq", "Type")}
        try:
            self.posting.ask({**values, "InvDate": day})
        except PlatformError as error:
            return error
        return None

    def wants_draft(self, options: Mapping[str, Any]) -> bool:
        return not options.get("posting", True)

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """An unposted document is changed and then posted; a posted one is fixed."""
        try:
            with before_sending():
                row = self._unposted(remote)
                head, rows = self._planned(sending)
                if head["CustNum"] != row["CustNum"]:
                    raise error_of(FIXED, f"{remote.number} belongs to customer {remote.customer_id}, which is part of its key")
            self.entering.change(row, remote.version, head, rows)
            fresh = self.documents.by_id(remote.remote_id, remote.kind)
        except PlatformError as error:
            return Sent(key=sending.key, error=error)
        if fresh is None:
            return Sent(key=sending.key)
        is_equal = (fresh.net, fresh.tax, fresh.total) == (
            sending.document.net_total,
            sending.document.tax_total,
            sending.document.gross_total,
        )
        return self._posted(sending, fresh) if is_equal else Sent(key=sending.key, remote=fresh)

    def _unposted(self, remote: RemoteDocument) -> Row:
        keys = reading.keys_of(remote.remote_id)
        row = self.documents.unposted_row(keys) if keys else None
        if row is None:
            is_posted = self.documents.posted_row(remote.remote_id) is not None
            raise error_of(FIXED if is_posted else GONE, f"{remote.number} is {'posted' if is_posted else 'in neither table'}")
        return row

    # -- void -----------------------------------------------------------------------------------------------------------------

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:
        """An unposted document is deleted; a posted invoice is taken back by a credit memo of its number with the next sequence."""
        try:
            row = self.documents.posted_row(remote.remote_id)
            if row is not None:
                return self._reversed(remote, row, on, reason, key)
            unposted = self._unposted(remote)
            self.entering.delete(remote.version or unposted["_ItemId"])
        except PlatformError as error:
            return Sent(key=key, error=error)
        return Sent(key=key, remote=remote.model_copy(update={"status": DocumentStatus.VOID}), note="unposted document deleted")

    def _reversed(self, remote: RemoteDocument, row: Row, on: date, reason: str, key: str) -> Sent:
        now = self.documents.by_id(remote.remote_id, remote.kind)
        if now is None or now.status is DocumentStatus.VOID:
            return Sent(key=key, remote=now, note="was void already")
        if remote.kind is DocumentKind.CREDIT_NOTE:
            raise error_of(CREDIT_STAYS, f"credit memo {remote.number} is posted")
        if now.balance != now.total:
            raise error_of(SETTLED, f"of {now.total} only {now.balance} are open")
        settings = self.settings()
        if not settings.get("revenue_account"):
            raise error_of(NO_REVENUE_ACCOUNT, f"{remote.number} was not voided")
        memo = self._reversal(row, timestamp(on), reason, settings)
        failure = self._ask(memo) if self.posting.is_ours else None
        found = self.documents.by_id(remote.remote_id, remote.kind)
        note = f"credit memo {now.number}, sequence {reading.REVERSAL_SEQ}"
        if found is not None and found.status is DocumentStatus.VOID:
            return Sent(key=key, remote=found, note=note)
        if self.posting.is_ours:
            raise failure or error_of(NOT_POSTED, f"{note} is still unposted")
        return Sent(key=key, remote=found, note=f"{note}, takes effect when it is posted")

    def _reversal(self, row: Row, day: str, reason: str, settings: Mapping[str, str]) -> Row:
        """The unposted credit memo, entered now or by an earlier try."""
        head = mapping.reversal_values(row, str(reading.REVERSAL_SEQ), day, reason)
        return self.entering.enter(head, mapping.reversal_rows(row, settings))

    # -- payments -------------------------------------------------------------------------------------------------------------

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        return self.receipts.changed_since(since)

    def payment_obstacles(self, payment: Payment) -> Iterable[Obstacle]:
        return obstacles(payment, self.settings())

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002
        """Enter and post one receipt; the same payment a second time, under whatever key, is found and not entered again."""
        self.require_bookable(payment, references)
        method = (ReferenceKind.PAYMENT_METHOD, payment.method)
        kind = references.get(*method).remote_id if references.has(*method) else ""
        return self.receipts.book(payment, customer_id, kind)

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        """The head and, where they are requests of their own, the distributions; what a credit note reduces is looked up later."""
        return [each for sending in batch for each in self._previews(sending)]

    def _previews(self, sending: Sending) -> Iterator[Preview]:
        head, rows = planned(sending.document, sending.references, sending.options, "")
        for change in self.entering.requests(head, rows):
            path = urlsplit(f"{self.root()}{self.idos.path('update', change.ido)}?refresh=true")
            yield Preview(method="POST", path=f"{path.path}?{path.query}", body=to_json(update_body(change)).decode())


def _in_seconds(seconds: int) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _infobar(body: Mapping[str, Any]) -> str:
    """The message of a method: the last of its parameters that says something."""
    said = [str(each) for each in body.get("Parameters") or [] if each not in (None, "")]
    return said[-1] if said else f"return value {body['ReturnValue']}"


def _refusal(message: str) -> Complaint:
    """A refusal inside HTTP 200; where another task holds the number sequence, the pause that the vendor advises."""
    is_busy = re.search(NUMBERING_LOCKED, message, re.IGNORECASE) is not None
    return Complaint(message=message, retry_after=NUMBERING_PAUSE if is_busy else None)


def _gateway_complaint(reply: Reply) -> Complaint:
    try:
        body = reply.json()
        return Complaint(
            code=str(body.get("error", "")), message=str(body.get("error_description") or body.get("Message") or reply.text[:500])
        )
    except (ValueError, AttributeError):
        return Complaint(message=reply.text[:500])
