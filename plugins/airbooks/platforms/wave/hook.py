"""The connection to one Wave business: OAuth or full access token, customers, invoices, payments, reference lists.

Everything is a POST of one GraphQL document to one end point; there is no REST path for invoices and no batch mutation.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from airbooks.canonical import CreditNote, DocumentKind, DocumentStatus, Finding, Invoice, Party, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent, one_by_one
from airbooks.platforms.errors import UNREADABLE_ANSWER, ConfigurationError, ErrorRule, PlatformError, ReferenceMissing
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.tokens import Token
from airbooks.platforms.wave import changing, mapping, payments, queries, reading
from airbooks.platforms.wave.customers import Directory, with_our_code
from airbooks.platforms.wave.queries import PAGE_SIZE, Query
from airbooks.platforms.wave.refusals import refusals
from airbooks.platforms.wave.spec import (
    ARCHIVED_CUSTOMER,
    DUPLICATE,
    ENDPOINT,
    NO_MAPPING,
    NO_TAX,
    NUMBER_TAKEN,
    PAYMENT_METHODS,
    PRODUCTION,
    SPEC,
    TOKEN_REFUSED,
)
from airbooks.platforms.wire import Complaint, Reply, Request, base_url, to_json

log = logging.getLogger(__name__)
Read = TypeVar("Read")
Row = Mapping[str, Any]

LISTS: Mapping[ReferenceKind, tuple[Query, str, Callable[[Row], ReferenceItem]]] = {
    ReferenceKind.ITEM: (queries.PRODUCTS, "products", reading.product),
    ReferenceKind.TAX_CODE: (queries.SALES_TAXES, "salesTaxes", reading.sales_tax),
    ReferenceKind.ACCOUNT: (queries.ACCOUNTS, "accounts", reading.account),
}
NUMBERED_PAGE = 50
RESTARTS = 3


class WaveHook(PlatformHook):
    """One business of Wave (public GraphQL API)."""

    spec = SPEC
    page_size = PAGE_SIZE

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._directory = Directory()
        self.account_currencies: dict[str, str] = {}

    # -- authorisation ------------------------------------------------------------------------------------------------------

    def root(self) -> str:
        """The host's URL without the end point, which is part of each call."""
        return (super().root() if self.account.host else PRODUCTION).removesuffix(ENDPOINT)

    def authorisation(self) -> Mapping[str, str]:
        if not self.account.password and not self.setting("refresh_token"):
            raise ConfigurationError(
                f"Connection {self.conn_id!r} (Wave) has neither a refresh token nor a full access token. "
                "Fill in the password, or login, client_secret and refresh_token."
            )
        access = self.account.password or self.token().access
        return {"Authorization": f"Bearer {access}", "Accept": "application/json"}

    def newer_token(self) -> Token:
        """A full access token cannot be renewed; where one is given it is used, whatever else the connection has."""
        if self.account.password:
            raise self.error(TOKEN_REFUSED, "the full access token was refused")
        return super().newer_token()

    def issue_token(self, newest: Token | None) -> Token:
        """Refresh: an access token, and the refresh token to use next time (each is good for one use)."""
        refresh = self.refresh_token(newest)
        form = {
            "client_id": self.account.login,
            "client_secret": str(self.setting("client_secret") or ""),
            "grant_type": "refresh_token",
            "refresh_token": refresh,
            "redirect_uri": str(self.setting("redirect_uri") or ""),
        }
        address = base_url(str(self.setting("token_url")), "", None, allow_http=bool(self.account.extra.get("allow_http")))
        request = Request(
            method="POST",
            url=f"{address}/",  # without the slash at its end the address is another one
            headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
            content=urlencode({name: value for name, value in form.items() if value}).encode(),
        )
        reply = self.wire.send(request, dict, lambda: None)
        return self._understood(reply, lambda body: reading.token(body, refresh))

    def read_complaint(self, reply: Reply) -> Complaint | None:
        return reading.complaint(reply.json())

    def request_id(self, reply: Reply) -> str:
        try:
            return reading.support_reference(reply.json())
        except ValueError:
            return ""

    # -- calls --------------------------------------------------------------------------------------------------------------

    def ask(self, query: Query, read: Callable[[Any], Read], **variables: Any) -> Read:
        """One document; `read` takes what is needed out of its `data`."""
        body = self._body(query, variables)
        headers = {"Content-Type": "application/json"}
        reply = self.call("POST", ENDPOINT, headers=headers, json=body, read=query.is_read)
        return self._understood(reply, lambda answer: read(answer["data"]))

    def in_business(self, query: Query, read: Callable[[Any], Read], **variables: Any) -> Read:
        """A query below `business(id)`."""
        return self.ask(query, lambda data: read(data["business"]), b=self.business_id, **variables)

    def change(self, query: Query, change: Row, read: Callable[[Any], Read]) -> Read:
        """A mutation; `read` takes what is needed out of its answer."""
        return self.ask(query, lambda data: read(next(iter(data.values()))), input=dict(change))

    def _body(self, query: Query, variables: Row) -> dict[str, Any]:
        return {"operationName": query.name, "query": query.text, "variables": dict(variables)}

    def pages(self, query: Query, field: str, *, size: int = 0, **variables: Any) -> list[Row]:
        """All rows of a list. Pages are offsets: when rows were removed meanwhile, one could be skipped, so the list is read again."""
        for _ in range(RESTARTS):
            rows, counts = self._read_pages(query, field, size or self.page_size, variables)
            if counts == sorted(counts):
                return rows
        return rows

    def _read_pages(self, query: Query, field: str, size: int, variables: Row) -> tuple[list[Row], list[int]]:
        rows: dict[str, Row] = {}
        counts: list[int] = []
        page, last = 1, 1
        while page <= last:
            found = self.in_business(query, lambda business: business[field], page=page, size=size, **variables)
            rows |= {each["node"]["id"]: each["node"] for each in found["edges"]}
            last = found["pageInfo"]["totalPages"] or 1
            counts.append(found["pageInfo"]["totalCount"] or 0)
            page += 1
        return list(rows.values()), counts

    def _understood(self, reply: Reply, read: Callable[[Any], Read]) -> Read:
        """What `read` makes of an answer; a good status with another form than documented proves nothing."""
        try:
            return read(reply.json())
        except (KeyError, TypeError, ValueError, IndexError, ArithmeticError, StopIteration) as error:
            message = f"the answer does not have the documented form ({type(error).__name__}: {error})"
            raise PlatformError(message, platform=SPEC.slug, rule=UNREADABLE_ANSWER, status=reply.status) from None

    def error(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)

    @property
    def business_id(self) -> str:
        return str(self.setting("business_id"))

    def document(self, row: Row) -> RemoteDocument:
        if row["status"] == reading.OVERPAID:
            log.warning("%s: invoice %s is overpaid", self.conn_id, row["invoiceNumber"])
        return reading.remote_document(row, self.settings().get("freight_product_id", ""))

    # -- connection ---------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Reads the business and one page of each list (which needs the scopes), and compares it with the connection's settings."""
        try:
            business = self.in_business(queries.BUSINESS, dict)
            stored = str(self.setting("home_currency"))
        except (PlatformError, ConfigurationError) as error:
            return False, str(error)
        wrong = list(reading.disagreements(business, stored))
        reached = f"{business['name']} ({business['currency']['code']})"
        return not wrong, f"{reached}: {'; '.join(wrong)}" if wrong else f"{reached} is reached and its settings fit"

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        """What Wave cannot express. Raises ConfigurationError where the connection does not say the home currency: rates depend on it."""
        return refusals(document, {**self.settings(), "home_currency": str(self.setting("home_currency"))}, self.conn_id)

    # -- customers ----------------------------------------------------------------------------------------------------------

    def ensure_customer(self, party: Party, currency: str) -> str:
        """The id of a customer: found by our code, first among those with its e-mail address, else among all; or created.

        One that people entered gets our code, so that nobody else's invoices go to it. A customer of any currency will do: the currency is
        a default, and each invoice has its own.
        """
        found = self._find_customer(party)
        if found is None:
            change = mapping.customer_input(party, currency, self.business_id)
            found = self._kept(queries.CUSTOMER_CREATE, change)
        elif not found.get("displayId"):
            found = self._kept(queries.CUSTOMER_PATCH, {"id": found["id"], "displayId": party.code})
        if found.get("isArchived"):
            raise self.error(ARCHIVED_CUSTOMER, f"customer {found['name']} ({found.get('displayId')}) is archived")
        return str(found["id"])

    def _kept(self, query: Query, change: Row) -> Row:
        found = self.change(query, change, lambda answer: dict(answer["customer"]))
        self._directory.learn([found])
        return found

    def _find_customer(self, party: Party) -> Row | None:
        if party.contact.email:
            near = self.pages(queries.CUSTOMERS_WITH_EMAIL, "customers", size=NUMBERED_PAGE, email=party.contact.email)
            coded = with_our_code(near, party)
            if coded is not None:
                return coded
        since = self._directory.since
        self._directory.learn(self.pages(queries.CUSTOMERS, "customers", after=mapping.moment(since) if since else None))
        return self._directory.find(party)

    # -- invoices -----------------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        """The invoices with exactly this number: Wave's filter finds every number that contains it. There are no credit notes."""
        if kind is DocumentKind.CREDIT_NOTE:
            return []
        rows = self.pages(queries.INVOICES_NUMBERED, "invoices", size=NUMBERED_PAGE, number=number)
        return [self.read_document(row) for row in rows if row["invoiceNumber"] == number]

    def read_document(self, row: Row) -> RemoteDocument:
        """`document`, with the error of an answer that has another form than documented."""
        try:
            return self.document(row)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            message = f"the answer does not have the documented form ({type(error).__name__}: {error})"
            raise self.error(UNREADABLE_ANSWER, message) from None

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        row = None if kind is DocumentKind.CREDIT_NOTE else self.invoice_row(remote_id)
        return None if row is None else self.read_document(row)

    def invoice_row(self, remote_id: str) -> Row | None:
        """One invoice with its payments, or None when it is gone (null, or NOT_FOUND on the invoice itself)."""
        try:
            return self.in_business(queries.INVOICE, lambda business: business["invoice"], id=remote_id)  # type: ignore[no-any-return]
        except PlatformError as error:
            if error.code == "NOT_FOUND" and error.field == "business.invoice":
                return None
            raise

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Create drafts, one request each. Wave has no idempotency and may take a number twice, so that numbers are looked up first."""
        return one_by_one(batch, self._create)

    def _create(self, sending: Sending) -> RemoteDocument:
        change = self._input(sending)
        self._check_free(sending.document.number, DUPLICATE)
        return self.change(queries.INVOICE_CREATE, change, lambda answer: self.document(answer["invoice"]))

    def _check_free(self, number: str, taken: ErrorRule) -> None:
        """Wave may take a number twice; nothing has been sent yet."""
        try:
            held = self.find_invoice(number, DocumentKind.INVOICE)
        except PlatformError as error:
            raise error.as_not_happened() from None
        if held:
            raise self.error(taken, f"number {number} is that of id {held[0].remote_id}")

    def _input(self, sending: Sending) -> dict[str, Any]:
        try:
            return mapping.invoice_input(_invoice(sending.document), sending.references, sending.options)
        except ReferenceMissing as missing:
            raise self.error(NO_MAPPING, str(missing)) from None

    def post_invoices(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        """Approve drafts, then mark them as sent or have Wave mail them where the operator says so."""
        return [changing.post(self, sending, remote) for sending, remote in batch]

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """A patch of everything we own; the items replace all lines. What somebody else changed meanwhile is not overwritten."""
        try:
            change = mapping.patch_input(_invoice(sending.document), sending.references, sending.options, remote.remote_id)
            if sending.document.number != remote.number:
                self._check_free(sending.document.number, NUMBER_TAKEN)
            return Sent(key=sending.key, remote=changing.update(self, change, remote))
        except ReferenceMissing as missing:
            return Sent(key=sending.key, error=self.error(NO_MAPPING, str(missing)))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:  # noqa: ARG002 nothing is kept of it
        """Wave has no void: the invoice is deleted, one with payments only where the connection says so. The audit trail keeps our copy."""
        try:
            note = changing.delete(self, remote)
        except PlatformError as error:
            return Sent(key=key, error=error)
        return Sent(key=key, remote=remote.model_copy(update={"status": DocumentStatus.VOID}), note=note)

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        return [Preview(method="POST", path=ENDPOINT, body=to_json(self._preview_body(each)).decode()) for each in batch]

    def _preview_body(self, sending: Sending) -> dict[str, Any]:
        return self._body(queries.INVOICE_CREATE, {"input": self._input(sending)})

    # -- payments -----------------------------------------------------------------------------------------------------------

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        return payments.list_payments(self, since)

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002
        """One manual payment for each invoice that the payment settles, looked for first by the words in its memo."""
        self.require_bookable(payment, references)
        return payments.apply(self, payment, customer_id, references)

    # -- reference lists ----------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        if kind is ReferenceKind.CURRENCY:
            yield from self.ask(queries.CURRENCIES, lambda data: [_plain(kind, each["code"], each["name"]) for each in data["currencies"]])
        elif kind is ReferenceKind.PAYMENT_METHOD:
            yield from (_plain(kind, each, each.replace("_", " ").capitalize()) for each in PAYMENT_METHODS)
        elif kind in LISTS:
            query, field, read = LISTS[kind]
            yield from _told_apart([read(row) for row in self.pages(query, field)])
        if kind is ReferenceKind.TAX_CODE:
            yield _plain(kind, NO_TAX, "No sales tax")


def _invoice(document: Invoice | CreditNote) -> Invoice:
    assert isinstance(document, Invoice)  # noqa: S101 credit notes are refused before anything is sent
    return document


def _plain(kind: ReferenceKind, code: str, name: str) -> ReferenceItem:
    return ReferenceItem(kind=kind, code=code, name=name, remote_id=code)


def _told_apart(items: Sequence[ReferenceItem]) -> Iterator[ReferenceItem]:
    """Names need not be unique in Wave: an entry whose name others have as well is called `name [id]`."""
    seen = Counter(item.code for item in items if item.active)
    for item in items:
        yield replace(item, code=f"{item.code} [{item.remote_id}]") if seen[item.code] > 1 else item
