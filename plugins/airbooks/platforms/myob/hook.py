"""The connection to one MYOB company file: OAuth tokens, customer cards, sales, payments, reference lists.

A sale is booked by one POST and its answer; there are neither batches nor an idempotency key, so that sales are looked up by number.
"""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
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
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent
from airbooks.platforms.errors import Action, ConfigurationError, ErrorRule, PlatformError, ReferenceMissing
from airbooks.platforms.myob import mapping, reading
from airbooks.platforms.myob.checking import checked
from airbooks.platforms.myob.client import MyobClient, Row, either
from airbooks.platforms.myob.customers import Customers
from airbooks.platforms.myob.lines import Inexpressible
from airbooks.platforms.myob.lists import Lists
from airbooks.platforms.myob.pricing import charges
from airbooks.platforms.myob.receipts import Receipts
from airbooks.platforms.myob.refusals import refusals
from airbooks.platforms.myob.reversals import Reversals, reversal_number
from airbooks.platforms.myob.spec import (
    ABSENT,
    CHANGED_THERE,
    DAY_IS_FULL,
    INEXPRESSIBLE,
    ITEM,
    LAYOUTS,
    MUST_BE_REVERSED,
    NO_MAPPING,
    PRODUCTION,
    SPEC,
    WRONG_LAYOUT,
)
from airbooks.platforms.payments import Obstacle, rate_of_another_ledger
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, base_url, to_json

log = logging.getLogger(__name__)

NUMBERS_AT_ONCE = 20
STRICT = "warningsAsErrors"


class MyobHook(PlatformHook):
    """One company file (business) of MYOB (Business API v2)."""

    spec = SPEC

    # -- authorisation ----------------------------------------------------------------------------------------------------

    def root(self) -> str:
        return super().root() if self.account.host else PRODUCTION

    def authorisation(self) -> Mapping[str, str]:
        headers = {
            "Authorization": f"Bearer {self.token().access}",
            "x-myobapi-key": self.account.login,
            "x-myobapi-version": "v2",
            "Accept": "application/json",
        }
        user = str(self.setting("cf_username") or "")
        if user:  # users who are not linked to the file log in to it as well
            password = str(self.setting("cf_password") or "")
            headers["x-myobapi-cftoken"] = b64encode(f"{user}:{password}".encode()).decode()
        return headers

    def secrets(self) -> tuple[str, ...]:
        """The company file's log-in as it travels, too."""
        user, password = self.account.extra.get("cf_username"), self.account.extra.get("cf_password")
        own = (b64encode(f"{user}:{password}".encode()).decode(),) if user and password else ()
        return (*super().secrets(), *own)

    def issue_token(self, newest: Token | None) -> Token:
        """Twenty minutes' access token. Each refresh token works once: the one of the reply is the next one to use."""
        form = {
            "client_id": self.account.login,
            "client_secret": self.account.password,
            "grant_type": "refresh_token",
            "refresh_token": self.refresh_token(newest),
        }
        request = Request(
            method="POST",
            url=base_url(str(self.setting("token_url")), "", None, allow_http=bool(self.account.extra.get("allow_http"))),
            headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
            content=urlencode(form).encode(),
        )
        return self.client.understood(self.wire.send(request, dict, lambda: None), reading.token)

    def read_complaint(self, reply: Reply) -> Complaint | None:
        """What MYOB says went wrong; what a day's limit refuses waits for the next day."""
        told = reading.complaint(reply)
        if told is None or not re.search(DAY_IS_FULL, told.message, re.IGNORECASE):
            return told
        return replace(told, retry_after=_until_tomorrow(datetime.now(UTC)))

    def request_id(self, reply: Reply) -> str:
        return reply.headers.get("x-myobapi-requestid", "")

    @cached_property
    def client(self) -> MyobClient:
        return MyobClient(self)

    @cached_property
    def lists(self) -> Lists:
        return Lists(self.client)

    def _error(self, rule: ErrorRule, message: str) -> PlatformError:
        return self.client.error(rule, message)

    def _home(self) -> str:
        return str(self.setting("home_currency"))

    def _tax_codes(self) -> tuple[str, str]:
        """Those of the connection for goods and for freight."""
        goods = str(self.setting("default_tax_code"))
        return goods, str(self.setting("freight_tax_code") or goods)

    # -- connection -------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        try:
            self.setting("business_id")
            return checked(self.client, self.lists, self.settings())
        except (PlatformError, ConfigurationError) as error:
            fix = f" {error.rule.fix}" if isinstance(error, PlatformError) and error.rule.fix else ""
            return False, f"{error}{fix}"

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals(document, self.settings(), self.conn_id)

    # -- customers --------------------------------------------------------------------------------------------------------

    def ensure_customer(self, party: Party, currency: str) -> str:
        """The UID of the customer's card for this currency: found, or created under our code (`CODE-USD` for a foreign one)."""
        return Customers(self.client, self.lists, self._home(), self._tax_codes()).ensure(party, currency)

    # -- sales: reading ---------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return self.find_invoices([(number, kind)])[number, kind]

    def find_invoices(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]:
        """Sales of every layout with these numbers, which need not be unique; each hit is then read with its lines."""
        found: dict[tuple[str, DocumentKind], list[RemoteDocument]] = {each: [] for each in wanted}
        numbers = list(dict.fromkeys(number for number, _ in wanted))
        for start in range(0, len(numbers), NUMBERS_AT_ONCE):
            for remote in self._numbered(numbers[start : start + NUMBERS_AT_ONCE]):
                if (remote.number, remote.kind) in found:
                    found[remote.number, remote.kind].append(remote)
        return found

    def _numbered(self, numbers: Sequence[str]) -> Iterator[RemoteDocument]:
        settings = self.settings()
        heads = self.client.rows(
            "Sale/Invoice", lambda row: (*reading.as_found(row), reading.remote_document(row, settings)), either("Number", numbers)
        )
        for uid, layout, head in list(heads):
            if layout not in LAYOUTS:
                yield head
                continue
            row = self.client.one(f"Sale/Invoice/{layout}/{uid}", dict)
            if row is not None and (full := self._standing(row, layout)).status is not DocumentStatus.VOID:
                yield full

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:  # noqa: ARG002 both kinds are sales
        found = self._row(remote_id)
        return None if found is None else self._standing(*found)

    def _standing(self, row: Row, layout: str) -> RemoteDocument:
        """A sale and what it counts for: one that was reversed, where nothing may be deleted, looks paid, and is void."""
        remote = self._document(row, layout)
        looks_paid = remote.status is DocumentStatus.PAID and remote.total
        return _as_void(remote) if looks_paid and Reversals(self.client, self.settings()).is_reversed(row, layout) else remote

    def _document(self, row: Row, layout: str) -> RemoteDocument:
        remote = self.client.sound(lambda: reading.remote_document(row, self.settings(), layout))
        if row["Status"] == "Credit" and remote.kind is DocumentKind.INVOICE:
            log.warning("%s: %s has more paid than it is: MYOB shows it as a credit", self.conn_id, remote.number)
        return remote

    def _row(self, remote_id: str) -> tuple[dict[str, Any], str] | None:
        """A sale and its layout, which the path must name; gone is what no layout has."""
        elsewhere: PlatformError | None = None
        for layout in LAYOUTS:
            try:
                row = self.client.one(f"Sale/Invoice/{layout}/{remote_id}", dict)
            except PlatformError as error:
                if error.rule.name != WRONG_LAYOUT:
                    raise
                elsewhere = error
            else:
                if row is not None:
                    return row, layout
        if elsewhere is not None:
            raise elsewhere
        return None

    # -- sales: creating --------------------------------------------------------------------------------------------------

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """One POST for each; an error that stops the connection leaves the rest unsent. Numbers need not be unique at MYOB: the caller
        has looked them up."""
        results: list[Sent] = []
        for sending in batch:
            sent = self._create(sending)
            results.append(sent)
            if sent.error is not None and sent.error.action in {Action.STOP, Action.WAIT}:
                break
        return results

    def _create(self, sending: Sending) -> Sent:
        layout = str(sending.options.get("layout", ITEM))
        try:
            reply = self.client.write("POST", f"Sale/Invoice/{layout}", self._body(sending), **_flags(sending))
            return self._sent(sending, reply, layout)
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def _sent(self, sending: Sending, reply: Reply, layout: str) -> Sent:
        """The sale of a good answer, and what MYOB warns of in it."""
        remote, warned = self.client.understood(reply, lambda row: (self._document(row, layout), "; ".join(reading.warnings(row))))
        if warned:
            log.warning("%s: %s is booked with a warning: %s", self.conn_id, sending.document.number, warned)
        return Sent(key=sending.key, remote=remote, note=warned)

    def _body(self, sending: Sending, layout: str = "") -> mapping.Body:
        """The body of a sale; raises PlatformError for what its references do not allow."""
        try:
            return mapping.document_body(sending.document, sending.references, sending.options, self._own_codes(sending.document), layout)
        except ReferenceMissing as missing:
            raise self._error(NO_MAPPING, str(missing)) from None
        except Inexpressible as said:
            raise self._error(INEXPRESSIBLE, str(said)) from None

    def _own_codes(self, document: Invoice | CreditNote) -> mapping.OwnCodes:
        adjustment = str(self.setting("adjustment_item") or "")
        return mapping.OwnCodes(
            freight_tax=self.lists.uid(ReferenceKind.TAX_CODE, self._tax_codes()[1]),
            adjustment_item=self.lists.uid(ReferenceKind.ITEM, adjustment) if adjustment and charges(document) else "",
            currency="" if document.currency == self._home() else self.lists.uid(ReferenceKind.CURRENCY, document.currency),
        )

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        previews = []
        for sending in batch:
            path = self.client.path(f"Sale/Invoice/{sending.options.get('layout', ITEM)}", {"returnBody": "true", **_flags(sending)})
            previews.append(Preview(method="POST", path=path, body=to_json(self._body(sending)).decode()))
        return previews

    # -- sales: changing --------------------------------------------------------------------------------------------------

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """PUT the whole sale in the layout it has. A stale RowVersion is re-read and tried once more, unless more than a payment has
        changed."""
        try:
            return self._update(sending, remote)
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def _update(self, sending: Sending, remote: RemoteDocument) -> Sent:
        for attempt in (1, 2):
            row, layout = self._unchanged(remote)
            body = mapping.update_body(self._body(sending, layout), row)
            try:
                reply = self.client.write("PUT", f"Sale/Invoice/{layout}/{remote.remote_id}", body)
            except PlatformError as error:
                if error.action is not Action.REREAD or attempt == 2:
                    raise
            else:
                return self._sent(sending, reply, layout)
        raise AssertionError("unreachable")

    def _unchanged(self, remote: RemoteDocument, *more: str) -> tuple[dict[str, Any], str]:
        """The sale as it is, if it is as we know it; reading before a write has changed nothing, whatever fails."""
        try:
            found = self._row(remote.remote_id)
            now = self._document(*found) if found else None
        except PlatformError as error:
            raise error.as_not_happened() from None
        if found is None or now is None:
            raise self._error(CHANGED_THERE, f"{remote.number} was deleted")
        for field in ("our_number", "customer_id", "currency", "total", "tax", "issue_date", *more):
            was, is_now = getattr(remote, field), getattr(now, field)
            if was != is_now:
                raise self._error(CHANGED_THERE, f"{field} of {remote.number} was {was} and is {is_now}")
        if now.version != remote.version and now.balance == remote.balance:  # no payment explains it
            raise self._error(CHANGED_THERE, f"{remote.number} was changed at {now.modified_at}")
        return found

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:
        """Delete the sale: MYOB has no void. Where the file's preference forbids that, the opposite sale is booked and settled with it."""
        try:
            found = self._row(remote.remote_id)
            now = self._standing(*found) if found else None
        except PlatformError as error:
            return Sent(key=key, error=error.as_not_happened())
        if found is None or now is None:
            return Sent(key=key, remote=_as_void(remote), note="was deleted already")
        if now.status is DocumentStatus.VOID:
            return Sent(key=key, remote=now, note=f"was reversed already by {reversal_number(remote.remote_id)}")
        try:
            self._check_same_money(remote, now)
            note = self._delete(remote, found[1]) or self._reverse(remote, *found, on, reason)
        except PlatformError as error:
            return Sent(key=key, error=error)
        return Sent(key=key, remote=_as_void(remote), note=note)

    def _delete(self, remote: RemoteDocument, layout: str) -> str:
        """What became of it; empty where the file lets nothing be deleted."""
        try:
            self.client.delete(f"Sale/Invoice/{layout}/{remote.remote_id}")
        except PlatformError as error:
            if error.rule.name == ABSENT:
                return "was deleted already"
            if error.rule.name == MUST_BE_REVERSED:
                return ""
            raise
        return "deleted"

    def _reverse(self, remote: RemoteDocument, row: Row, layout: str, on: date, reason: str) -> str:
        if remote.currency != self._home():
            raise self._error(INEXPRESSIBLE, f"{remote.number} must be reversed, and a reversal in {remote.currency} is for a person")
        return f"reversed by {Reversals(self.client, self.settings()).reverse(row, layout, on, reason)}"

    def _check_same_money(self, before: RemoteDocument, now: RemoteDocument) -> None:
        for field in ("our_number", "customer_id", "currency", "total", "tax", "balance"):
            was, is_now = getattr(before, field), getattr(now, field)
            if was != is_now:
                raise self._error(CHANGED_THERE, f"{field} of {before.number} was {was} and is {is_now}")

    # -- payments ---------------------------------------------------------------------------------------------------------

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        """Customer payments changed or dated since. A deleted payment is in no list: it shows in its sales' balances only."""
        return Receipts(self.client, self.lists, self.settings()).changed_since(since)

    def payment_obstacles(self, payment: Payment) -> Iterable[Obstacle]:
        return rate_of_another_ledger(payment, str(self.setting("home_currency") or ""))

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002
        """Book a receipt and apply it; it is looked for first, by the words in its memo."""
        self.require_bookable(payment, references)
        return Receipts(self.client, self.lists, self.settings()).apply(payment, customer_id, references)

    # -- reference lists --------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        return self.lists.all(kind)

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        return self.lists.chosen(kind, codes)


def _flags(sending: Sending) -> dict[str, str]:
    return {STRICT: "true"} if sending.options.get("warnings_as_errors") else {}


def _as_void(remote: RemoteDocument) -> RemoteDocument:
    return remote.model_copy(update={"status": DocumentStatus.VOID})


def _until_tomorrow(now: datetime) -> float:
    tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (tomorrow - now).total_seconds()
