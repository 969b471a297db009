"""The connection to one Zoho Books organisation: tokens, contacts, invoices, credit notes, payments, reference lists.

The blueprint's /salesinvoices does not exist: sales invoices are /invoices, and a status is a POST of its own (/status/sent, /status/void).
A document is created as a draft under our number. Where the organisation has a custom field that refuses duplicates it is created through
the upsert by that field; an upsert that meets an existing document overwrites it, so it is looked for first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
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
from airbooks.platforms.errors import (
    Action,
    ConfigurationError,
    ErrorRule,
    PlatformError,
    ReferenceMissing,
)
from airbooks.platforms.payments import Obstacle, rate_of_another_ledger
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, base_url, to_json
from airbooks.platforms.zoho_books import customers, lists, mapping, reading, receipts
from airbooks.platforms.zoho_books.reading import Read, Row, documented
from airbooks.platforms.zoho_books.refusals import refusals
from airbooks.platforms.zoho_books.spec import (
    CHANGED_THERE,
    DATA_CENTRES,
    DUPLICATE,
    INACTIVE_CUSTOMER,
    MARKED_UNSEEN,
    NO_MAPPING,
    NUMBER_OF_A_VOID,
    SPEC,
    STILL_DRAFT,
    UNKNOWN_CURRENCY,
)

PAGE = 200
SEARCHED_ONE_BY_ONE = 5  # more items than that are found quicker in the whole list
POSTED = {DocumentKind.INVOICE: "sent", DocumentKind.CREDIT_NOTE: "open"}
# A list of each scope that the connector needs.
SCOPED = ("contacts", "items", "settings/taxes", "invoices", "creditnotes", "customerpayments", "chartofaccounts", "bankaccounts")
OWN_NUMBER: dict[str, Any] = {"ignore_auto_number_generation": "true"}


class ZohoBooksHook(PlatformHook):
    """One organisation of Zoho Books (API v3) in one data centre."""

    spec = SPEC
    page_size = PAGE

    # -- authorisation ----------------------------------------------------------------------------------------------------

    def _data_centre(self) -> tuple[str, str]:
        chosen = str(self.setting("data_center"))
        if chosen not in DATA_CENTRES:
            known = ", ".join(DATA_CENTRES)
            raise ConfigurationError(f"Connection {self.conn_id!r} (Zoho Books): data_center is {chosen!r}; known are {known}.")
        return DATA_CENTRES[chosen]

    def root(self) -> str:
        """The API host, without the `/books/v3` that the vendor's documents add to it."""
        root = super().root() if self.account.host else self._data_centre()[0]
        return root.removesuffix(self._base())

    def _base(self) -> str:
        return f"/books/{self.setting('api_version')}"

    def authorisation(self) -> Mapping[str, str]:
        """The scheme is Zoho's own, although the token end point calls the token a Bearer."""
        return {"Authorization": f"Zoho-oauthtoken {self.token().access}"}

    def issue_token(self, newest: Token | None) -> Token:  # noqa: ARG002 the refresh token does not rotate
        """An hour's access token. At most about 10 in 10 minutes (from memory): it is shared by all workers."""
        accounts = str(self.setting("accounts_url") or self._data_centre()[1])
        form = {
            "grant_type": "refresh_token",
            "client_id": self.account.login,
            "client_secret": self.account.password,
            "refresh_token": str(self.setting("refresh_token")),
        }
        request = Request(
            method="POST",
            url=f"{base_url(accounts, '', None, allow_http=bool(self.account.extra.get('allow_http')))}/oauth/v2/token",
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            content=urlencode(form).encode(),
        )
        reply = self.wire.send(request, dict, lambda: None)
        return documented(lambda: reading.token(reply.json()))

    def read_complaint(self, reply: Reply) -> Complaint | None:
        return reading.complaint(reply.json())

    # -- calls ------------------------------------------------------------------------------------------------------------

    def _params(self, **params: str) -> dict[str, str]:
        return {"organization_id": str(self.setting("organization_id")), **params}

    def get(self, path: str, **params: str) -> Reply:
        return self.call("GET", f"{self._base()}/{path}", params=self._params(**params), read=True)

    def write(self, method: str, path: str, body: Row | None = None, headers: Mapping[str, str] | None = None, **params: str) -> Reply:
        more = {"Content-Type": "application/json", **(headers or {})}
        sent = dict(body) if body is not None else None
        return self.call(method, f"{self._base()}/{path}", params=self._params(**params), headers=more, json=sent)

    def pages(self, path: str, read: Callable[[Row], Read], **params: str) -> Iterator[Read]:
        """What `read` makes of each page. Filters that a list does not know are ignored without a word: callers compare for themselves."""
        page, more = 1, True
        while more:
            reply = self.get(path, page=str(page), per_page=str(self.page_size), **params)
            found, more = documented(partial(_page, reply, read))
            yield found
            page += 1

    def rows(self, path: str, key: str, **params: str) -> Iterator[Row]:
        for page in self.pages(path, lambda body: reading.rows(body, key), **params):
            yield from page

    def error(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)

    # -- connection -------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Reads the organisations that the token reaches, and a row of every list that a scope may close."""
        wanted = str(self.setting("organization_id"))
        try:
            reply = self.get("organizations")
            organisations: list[Row] = documented(lambda: list(reply.json()["organizations"]))
        except PlatformError as error:
            return False, str(error)
        reached = next((str(each["name"]) for each in organisations if str(each["organization_id"]) == wanted), "Zoho Books")
        wrong = list(reading.disagreements(organisations, wanted, self._home())) or self._closed()
        return not wrong, f"{reached}: {'; '.join(wrong)}" if wrong else f"{reached} ({wanted}) is reached"

    def _closed(self) -> list[str]:
        """The first list that the token may not read, in words; each try costs one of the few access tokens of ten minutes."""
        for path in SCOPED:
            try:
                self.get(path, per_page="1")
            except PlatformError as error:
                return [f"no access to {path}: {error}. {error.rule.fix}".strip()]
        return []

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals(document, self.settings(), self.conn_id)

    def _home(self) -> str:
        return str(self.setting("home_currency"))

    # -- customers --------------------------------------------------------------------------------------------------------

    def ensure_customer(self, party: Party, currency: str) -> str:
        """The id of a contact with this currency (it is that of all its documents): found, or created under name and code."""
        home = self._home()
        found = customers.find(self, party, currency, home) or customers.create(self, party, currency, self._currency_id(currency), home)
        if not customers.is_active(found):
            raise self.error(INACTIVE_CUSTOMER, f"contact {found['contact_name']} (id {found['contact_id']}) is inactive")
        return str(found["contact_id"])

    def _currency_id(self, currency: str) -> str:
        found = self.find_reference(ReferenceKind.CURRENCY, [currency])
        if not found:
            raise self.error(UNKNOWN_CURRENCY, f"the organisation has no currency {currency}")
        return found[0].remote_id

    # -- reading documents ------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        live = [row for row in self._numbered(number, kind) if row["status"] != "void"]
        read = (self.get_invoice(row[f"{reading.SINGLE[kind]}_id"], kind) for row in live)
        return [each for each in read if each is not None and each.status is not DocumentStatus.VOID]

    def _numbered(self, number: str, kind: DocumentKind) -> list[Row]:
        """The rows of the list with exactly this number, void ones included."""
        field, plural = mapping.NUMBER_FIELD[kind], reading.PLURAL[kind]
        return [row for row in self.rows(plural, plural, **{field: number}) if row[field] == number]

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        row = self._row(remote_id, kind)
        return None if row is None else _document(row, kind)

    def _row(self, remote_id: str, kind: DocumentKind) -> Row | None:
        try:
            reply = self.get(f"{reading.PLURAL[kind]}/{remote_id}")
        except PlatformError as error:
            if reading.is_absent(error):
                return None
            raise
        return _row_of(reply, kind)

    # -- create and post --------------------------------------------------------------------------------------------------

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Create drafts, one request each: Zoho Books has no batch."""
        return one_by_one(batch, self._create)

    def _create(self, sending: Sending) -> RemoteDocument:
        kind = sending.document.kind
        method, headers, body = self._creation(sending)
        if headers or kind is DocumentKind.CREDIT_NOTE:  # an upsert overwrites, and only invoice numbers are unique for certain
            self._check_free(sending)
        try:
            reply = self.write(method, reading.PLURAL[kind], body, headers, **OWN_NUMBER)
        except PlatformError as error:
            if error.rule is DUPLICATE:
                self._check_free(sending)
            raise
        return _document(_row_of(reply, kind), kind)

    def _creation(self, sending: Sending) -> tuple[str, dict[str, str], mapping.Body]:
        """Method, headers and body that create one document: an upsert by the unique custom field where the organisation has one."""
        field = str(self.setting("external_id_field") or "")
        try:
            body = mapping.document_body(sending.document, sending.references, sending.options, sending.key)
        except ReferenceMissing as missing:
            raise self.error(NO_MAPPING, str(missing)) from None
        return "PUT" if field else "POST", mapping.upsert_headers(field, sending.key), body

    def _check_free(self, sending: Sending) -> None:
        """Raises when our number is taken: by a live document (ours, perhaps) or by a void one, which keeps it."""
        document = sending.document
        try:
            rows = self._numbered(document.number, document.kind)
        except PlatformError as error:
            raise error.as_not_happened() from None
        for row in sorted(rows, key=lambda row: bool(row["status"] == "void")):
            rule = NUMBER_OF_A_VOID if row["status"] == "void" else DUPLICATE
            raise self.error(rule, f"number {document.number} is that of id {row[f'{reading.SINGLE[document.kind]}_id']}")

    def post_invoices(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        """Mark invoices as sent and credit notes as open; until then they are not in the ledger. Nothing is mailed."""
        drafts = {sending.key: remote for sending, remote in batch}
        return one_by_one([sending for sending, _ in batch], lambda sending: self._post(sending, drafts[sending.key]))

    def _answered(self, key: str, act: Callable[[], RemoteDocument]) -> Sent:
        try:
            return Sent(key=key, remote=act())
        except ReferenceMissing as missing:
            return Sent(key=key, error=self.error(NO_MAPPING, str(missing)))
        except PlatformError as error:
            return Sent(key=key, error=error)

    def _post(self, sending: Sending, remote: RemoteDocument) -> RemoteDocument:
        refused = self._mark(sending, remote) if remote.status is DocumentStatus.DRAFT else None
        try:
            now = self.get_invoice(remote.remote_id, remote.kind)
        except PlatformError as error:
            raise self.error(MARKED_UNSEEN, error.message) from None
        if now is None or now.status is DocumentStatus.VOID:
            raise self.error(CHANGED_THERE, f"id {remote.remote_id} was voided or deleted")
        if now.status is DocumentStatus.DRAFT:
            raise refused or self.error(STILL_DRAFT, f"id {remote.remote_id} is a draft still")
        return now

    def _mark(self, sending: Sending, remote: RemoteDocument) -> PlatformError | None:
        """Mark a draft as sent; what Zoho Books refuses is returned: one that is posted already may answer so, too."""
        self._place(sending, remote)
        try:
            self.write("POST", f"{reading.PLURAL[remote.kind]}/{remote.remote_id}/status/{POSTED[remote.kind]}")
        except PlatformError as error:
            if error.action is not Action.REVIEW:
                raise
            return error
        return None

    def _place(self, sending: Sending, remote: RemoteDocument) -> None:
        """Give the invoice its own shipping address; safe to repeat."""
        delivery = sending.document.delivery
        if delivery is not None and mapping.has_shipping_address(sending.document):
            path = f"{reading.PLURAL[remote.kind]}/{remote.remote_id}/address/shipping"
            self.write("PUT", path, mapping.shipping_address(delivery))

    # -- update and void --------------------------------------------------------------------------------------------------

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """Replace the whole content. Zoho Books has no version token and lets the last writer win, so the document is read first and
        left alone when it is not the one we know."""
        return self._answered(sending.key, partial(self._update, sending, remote))

    def _update(self, sending: Sending, remote: RemoteDocument) -> RemoteDocument:
        kind, document = remote.kind, sending.document
        body = mapping.document_body(document, sending.references, sending.options)
        row = self._unchanged_row(remote)
        self._place(sending, remote)  # first: once the amounts are written, nothing may be left that can be refused
        path = f"{reading.PLURAL[kind]}/{remote.remote_id}"
        reply = self.write("PUT", path, mapping.update_body(body, row, document.source), **OWN_NUMBER)
        return _document(_row_of(reply, kind), kind)

    def _unchanged_row(self, remote: RemoteDocument) -> Row:
        row = self._row(remote.remote_id, remote.kind)
        if row is None:
            raise self.error(CHANGED_THERE, f"id {remote.remote_id} was deleted")
        self._check_unchanged(remote, _document(row, remote.kind))
        return row

    def _check_unchanged(self, before: RemoteDocument, now: RemoteDocument, *more: str) -> None:
        """A payment changes balance and time of change, and is no edit; where the balance is the same, nobody may have written."""
        if now.status is DocumentStatus.VOID:
            raise self.error(CHANGED_THERE, f"id {now.remote_id} is void")
        fields = ["our_number", "customer_id", "currency", "total", "tax", "issue_date", "line_count", *more]
        if before.balance == now.balance:
            fields.append("version")
        for field in fields:
            was, is_now = getattr(before, field), getattr(now, field)
            if was not in (None, "") and was != is_now:
                raise self.error(CHANGED_THERE, f"{field} of id {now.remote_id} was {was} and is {is_now}")

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:  # noqa: ARG002 a void keeps its date
        """Void a posted document, delete a draft. A void one keeps its number. Payments that came since are for a person to see: they
        would be taken off the document and stay as the customer's credit."""
        try:
            now = self.get_invoice(remote.remote_id, remote.kind)
            if now is None:
                return Sent(key=key, remote=_as_void(remote), note="was deleted already")
            if now.status is DocumentStatus.VOID:
                return Sent(key=key, remote=now, note="was void already")
            self._check_unchanged(remote, now, "balance")
            return Sent(key=key, remote=_as_void(now), note=self._take_back(now))
        except PlatformError as error:
            return Sent(key=key, error=error)

    def _take_back(self, now: RemoteDocument) -> str:
        path = f"{reading.PLURAL[now.kind]}/{now.remote_id}"
        if now.status is DocumentStatus.DRAFT:
            self.write("DELETE", path)
            return "the draft was deleted"
        self.write("POST", f"{path}/status/void")
        return "" if now.balance == now.total else "what was paid on it is the customer's credit now"

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        previews = []
        for sending in batch:
            method, _, body = self._creation(sending)
            path = f"{self._base()}/{reading.PLURAL[sending.document.kind]}?{urlencode(self._params(**OWN_NUMBER))}"
            previews.append(Preview(method=method, path=path, body=to_json(body).decode()))
        return previews

    # -- payments ---------------------------------------------------------------------------------------------------------

    def payment_obstacles(self, payment: Payment) -> Iterable[Obstacle]:
        return rate_of_another_ledger(payment, str(self.setting("home_currency")))

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        """Payments changed since. Zoho Books lists a deleted one nowhere and keeps no trace of it: deleting it changes its invoices
        (`last_modified_time`), whose balances are read again."""
        return receipts.changed_since(self, since)

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:
        """Book a receipt and apply it to its invoices. It is looked for first, by the words in its description. A payment has no currency
        of its own in Zoho Books but its customer's: one in another currency is refused."""
        return receipts.apply(self, payment, customer_id, key, references)

    # -- reference lists --------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        return lists.entries(self, kind)

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        """A few items are searched for (no filter by SKU is documented, so the SKU is compared here); else the lists are read whole."""
        if kind is not ReferenceKind.ITEM or len(codes) > SEARCHED_ONE_BY_ONE:
            return super().find_reference(kind, codes)
        return lists.items(self, codes)


def _page(reply: Reply, read: Callable[[Row], Read]) -> tuple[Read, bool]:
    body = reply.json()
    return read(body), reading.has_more(body)


def _row_of(reply: Reply, kind: DocumentKind) -> Row:
    row: Row = documented(lambda: reply.json()[reading.SINGLE[kind]])
    return row


def _document(row: Row, kind: DocumentKind) -> RemoteDocument:
    return documented(lambda: reading.remote_document(row, kind))


def _as_void(remote: RemoteDocument) -> RemoteDocument:
    return remote.model_copy(update={"status": DocumentStatus.VOID})
