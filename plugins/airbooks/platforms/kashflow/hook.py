"""The connection to one KashFlow company: session, customers, invoices and credit notes, reference lists (REST API v2).

One log-in is one company. A session ends after an hour without use and is shared by all workers, so nobody logs out: it costs no
licence, and its token would have to stand in the address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from airbooks.canonical import CreditNote, DocumentKind, DocumentStatus, Finding, Invoice, Party, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent, one_by_one
from airbooks.platforms.errors import UNREADABLE_ANSWER, ConfigurationError, ErrorRule, Outcome, PlatformError, ReferenceMissing
from airbooks.platforms.kashflow import customers, mapping, reading, receipts, session
from airbooks.platforms.kashflow.refusals import refusals
from airbooks.platforms.kashflow.spec import (
    BASE_PATH,
    CHANGED_THERE,
    DUPLICATE,
    NO_MAPPING,
    NUMBER_TAKEN,
    PRODUCTION,
    RENUMBERED,
    SPEC,
    WRONG_RATE,
)
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, to_json

Read = TypeVar("Read")
Row = Mapping[str, Any]

JSON = {"Accept": "application/json", "Content-Type": "application/json"}
PER_PAGE = 100
WHOLE_NUMBERS = tuple(each.name for each in SPEC.form if each.kind == "integer")
# What a person's change between our look and our write shows in.
WATCHED = ("our_number", "customer_id", "currency", "total", "tax", "issue_date")


class KashFlowHook(PlatformHook):
    """One company of KashFlow. It has no version tokens: what is there is compared with what we knew before it is changed."""

    spec = SPEC

    # -- authorisation ----------------------------------------------------------------------------------------------------

    def root(self) -> str:
        base = super().root() if self.account.host else PRODUCTION
        path = str(self.setting("base_path") or BASE_PATH).strip("/")
        return f"{base}/{path}"

    def authorisation(self) -> Mapping[str, str]:
        return {"Authorization": f"KfToken {self.token().access}"}

    def issue_token(self, newest: Token | None) -> Token:  # noqa: ARG002 a session cannot be renewed, only opened anew
        """A new session: two requests. A refused log-in is not repeated by the hook or, for a while, by another: the fifth or so locks the
        user."""
        word = str(self.setting("memorable_word"))
        begun = self._understood(self._session_step("POST", session.credentials(self.account.login, self.account.password)), dict)
        session.check_begun(begun)
        body = self.understood(lambda: session.completion(begun, word))
        opened = self._session_step("PUT", body)
        return self._understood(opened, lambda answer: Token(access=str(answer["SessionToken"])))

    def _session_step(self, method: str, body: Mapping[str, Any]) -> Reply:
        request = Request(method=method, url=f"{self.root()}/sessiontoken", headers=JSON, content=to_json(body))
        try:
            return self.wire.send(request, dict, lambda: None)
        except PlatformError as error:
            error.body = ""  # it may hold a token that nobody knows to hide yet
            raise

    def read_complaint(self, reply: Reply) -> Complaint | None:
        return reading.complaint(reply.json()) if reply.content else None

    # -- calls ------------------------------------------------------------------------------------------------------------

    def get(self, path: str, **params: str) -> Reply:
        return self.call("GET", path, params=params or None, headers=JSON, read=True)

    def get_or_none(self, path: str) -> Row | None:
        """One object, or None where KashFlow says that there is none; a 404 without its error body is a gateway's and says nothing."""
        try:
            return self._understood(self.get(path), dict)
        except PlatformError as error:
            if error.status != 404:
                raise
            if not error.code:
                raise self.fault(UNREADABLE_ANSWER, f"HTTP 404 for {path} without an error of KashFlow's own") from None
            return None

    def write(self, method: str, path: str, body: Any = None) -> Reply:
        return self.call(method, path, headers=JSON, json=body)

    def listed(self, path: str, **params: str) -> Iterator[Row]:
        """All rows of a list; the next page is asked for until as many came as there are."""
        seen, page = 0, 1
        while True:
            reply = self.get(path, **params, page=str(page), perpage=str(PER_PAGE))
            rows, total = self._understood(reply, lambda body: (reading.rows_of(body), reading.total_rows(body)))
            yield from rows
            seen, page = seen + len(rows), page + 1
            if not rows or seen >= total:
                return

    def _understood(self, reply: Reply, read: Callable[[Any], Read]) -> Read:
        """What `read` makes of an answer; a good status with another form than documented proves nothing."""
        return self.understood(lambda: read(reply.json()), reply.status)

    def understood(self, read: Callable[[], Read], status: int | None = None) -> Read:
        try:
            return read()
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError) as error:
            message = f"the answer does not have the documented form ({type(error).__name__}: {error})"
            raise PlatformError(message, platform=SPEC.slug, rule=UNREADABLE_ANSWER, status=status) from None

    def afterwards(self, look: Callable[[], Read]) -> Read:
        """What is read after something was written: a failure leaves open what became of it."""
        try:
            return look()
        except PlatformError as error:
            raise self.fault(UNREADABLE_ANSWER, f"written, but not read back: {error}") from error

    def fault(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)

    # -- connection -------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Logs in and compares the connection's currency, nominal codes and bank account with the company's lists."""
        try:
            wrong = list(self._disagreements())
        except PlatformError as error:
            return False, f"{error}. {error.rule.fix}".strip()
        reached = f"KashFlow is reached as {self.account.login}"
        return not wrong, f"{reached}: {'; '.join(wrong)}" if wrong else f"{reached}, and its lists fit the connection"

    def _disagreements(self) -> Iterator[str]:
        nominals = {item.remote_id for item in self.list_reference(ReferenceKind.ACCOUNT)}
        for name in ("default_nominal_code", "carriage_nominal_code", "discount_nominal_code"):
            value = self.setting(name)
            if value not in (None, "") and str(value) not in nominals:
                yield f"there is no nominal code {value} ({name})"
        if self.setting("home_currency") not in {item.code for item in self.list_reference(ReferenceKind.CURRENCY)}:
            yield f"the home currency {self.setting('home_currency')} is not in the account's list"
        banks = self.bank_accounts()
        if self.setting("bank_account_id") and str(self.setting("bank_account_id")) not in banks:
            yield f"there is no bank account with id {self.setting('bank_account_id')}"

    def bank_accounts(self) -> list[str]:
        """The ids of the company's bank accounts."""
        rows = list(self.listed("/bankaccounts"))
        return self.understood(lambda: [str(row["Id"]) for row in rows])

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals(document, self.settings(), self.conn_id)

    def _check_settings(self, options: Mapping[str, Any]) -> None:
        """Raises ConfigurationError where a number is wanted and something else stands in the connection or the operator."""
        self.setting("default_nominal_code")
        given = {name: self.setting(name) for name in WHOLE_NUMBERS} | {"project_number": options.get("project_number")}
        for name, value in given.items():
            if value not in (None, "") and not str(value).isdigit():
                raise ConfigurationError(f"Connection {self.conn_id!r} (KashFlow): {name} is {value!r}. Set it to a whole number.")

    # -- customers --------------------------------------------------------------------------------------------------------

    def ensure_customer(self, party: Party, currency: str) -> str:
        """The customer's code: ours, or that of the one customer entered by hand under this name and e-mail address."""
        found = self._customer_code(party.code) or self._customer_entered_by_hand(party)
        if found:
            return found
        try:
            reply = self.write("POST", "/customers", mapping.customer_body(party, currency, self.settings()))
        except PlatformError as error:
            # Refused with words that are not published: if our code is there now, somebody else was quicker.
            found = self._customer_code(party.code) if error.status == 400 and error.outcome is Outcome.DID_NOT_HAPPEN else ""
            if not found:
                raise
            return found
        return self._understood(reply, lambda body: str(body["Code"])) if reply.content else party.code

    def _customer_code(self, code: str) -> str:
        row = self.get_or_none(f"/customers/{quote(code, safe='')}")
        return self.understood(lambda: str(row["Code"])) if row else ""

    def _customer_entered_by_hand(self, party: Party) -> str:
        if not party.contact.email:
            return ""
        listed = list(self.listed("/customers", searchtext=party.name))
        codes = self.understood(lambda: customers.same_name(listed, party))
        rows = [row for code in codes if (row := self.get_or_none(f"/customers/{quote(code, safe='')}")) is not None]
        fitting = self.understood(lambda: [row for row in rows if customers.fits(row, party)])
        ours = [row for row in fitting if row.get("CustomerKey")] or fitting
        return self._claimed(ours[0], party) if len(ours) == 1 else ""

    def _claimed(self, row: Row, party: Party) -> str:
        """The customer's code, once our code is its CustomerKey: nobody else of this name and address takes it then."""
        code = self.understood(lambda: str(row["Code"]))
        if not row.get("CustomerKey"):
            self.write("PUT", f"/customers/{quote(code, safe='')}", {**row, "CustomerKey": party.code})
        return code

    # -- documents --------------------------------------------------------------------------------------------------------

    def invoice_row(self, remote_id: str) -> Row | None:
        """The invoice as KashFlow holds it, or None when it is gone, also when its number now belongs to another one."""
        row = self.get_or_none(f"/invoices/{reading.number_in(remote_id)}")
        return row if row is not None and self.understood(lambda: reading.is_same(row, remote_id)) else None

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:  # noqa: ARG002 both kinds share the numbers
        row = self.invoice_row(remote_id)
        return None if row is None else self._remote(row)

    def _remote(self, row: Row) -> RemoteDocument:
        return self.understood(lambda: reading.remote_document(row))

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        """By the reference, of which the search finds parts: only an equal one counts. Archived invoices stand in a list of their own."""
        rows = [row for archived in ({}, {"archived": "true"}) for row in self.listed("/invoices", searchtext=number, **archived)]
        ids = self.understood(lambda: [reading.remote_id(row) for row in rows if reading.our_number(row) == number])
        found = [self.get_invoice(remote_id, kind) for remote_id in dict.fromkeys(ids)]
        return [remote for remote in found if remote is not None and remote.kind is kind]

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """One by one: KashFlow takes no batches. There is no key for repeated requests, so the reference is looked up first."""
        return one_by_one(batch, self._create)

    def _body(self, sending: Sending) -> dict[str, Any]:
        self._check_settings(sending.options)
        try:
            wrong = mapping.wrong_rates(sending.document, sending.references)
            if wrong:
                raise self.fault(WRONG_RATE, "; ".join(wrong))
            return mapping.document_body(sending.document, sending.references, sending.options)
        except ReferenceMissing as missing:
            raise self.fault(NO_MAPPING, str(missing)) from None

    def _create(self, sending: Sending) -> RemoteDocument:
        document, body = sending.document, self._body(sending)
        held = _beforehand(lambda: self.find_invoice(document.number, document.kind))
        if held:
            raise self.fault(DUPLICATE, f"reference {document.number} is that of invoice {held[0].number}")
        try:
            reply = self.write("POST", "/invoices", body)
        except PlatformError as error:
            raise self._about_number(error, sending, body.get("Number")) from None
        return self._created(reply, sending, body.get("Number"))

    def _about_number(self, error: PlatformError, sending: Sending, wanted: int | None) -> PlatformError:
        """A refusal may mean that the number is taken, in words that are not published: then it is looked up who has it."""
        if wanted is None or error.status != 400 or error.outcome is not Outcome.DID_NOT_HAPPEN:
            return error
        row = self.get_or_none(f"/invoices/{wanted}")
        if row is None:
            return error
        ours = reading.our_number(row) == sending.document.number
        return self.fault(DUPLICATE if ours else NUMBER_TAKEN, f"number {wanted} is that of {row.get('CustomerReference')!r}")

    def _created(self, reply: Reply, sending: Sending, wanted: int | None) -> RemoteDocument:
        """The document in the answer; an answer without one (200 and nothing) is looked up."""
        row = self._understood(reply, dict) if reply.content else {}
        if not row:
            found = self.afterwards(lambda: self.find_invoice(sending.document.number, sending.document.kind))
            if len(found) != 1:
                raise self.fault(UNREADABLE_ANSWER, f"the answer is empty, and {len(found)} documents have the reference")
            return found[0]
        remote = self._remote(row)
        if wanted is not None and remote.number != str(wanted):
            raise self.fault(RENUMBERED, f"number {wanted} was asked for, {remote.number} was given")
        return remote

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """Read, change, put back: the whole invoice with its payments, unless somebody changed it meanwhile."""
        try:
            body = self._body(sending)
            row = _beforehand(lambda: self._unchanged(remote))
            reply = self.write("PUT", f"/invoices/{row['Number']}", mapping.updated_body(row, body))
            if reply.content:
                return Sent(key=sending.key, remote=self._understood(reply, reading.remote_document))
            return Sent(key=sending.key, remote=self.afterwards(lambda: self.get_invoice(remote.remote_id, remote.kind)))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def _unchanged(self, remote: RemoteDocument, *more: str) -> Row:
        """The invoice, if it is as we knew it. Raises PlatformError (REVIEW) if it is not, or gone."""
        row = self.invoice_row(remote.remote_id)
        if row is None:
            raise self.fault(CHANGED_THERE, f"invoice {remote.number or remote.remote_id} is gone")
        now = self._remote(row)
        for field in ("kind", *WATCHED, *more):
            was, is_now = getattr(remote, field), getattr(now, field)
            if was is not None and was != is_now:
                raise self.fault(CHANGED_THERE, f"{field} of invoice {now.number} was {was} and is {is_now}")
        return row

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:  # noqa: ARG002 a deletion has no date
        """Delete it: KashFlow has no void. It refuses what is paid or part of a VAT return; that takes a credit note."""
        gone = remote.model_copy(update={"status": DocumentStatus.VOID})
        try:
            if _beforehand(lambda: self.invoice_row(remote.remote_id)) is None:
                return Sent(key=key, remote=gone, note="was deleted already")
            row = _beforehand(lambda: self._unchanged(remote, "balance"))
            self.write("DELETE", f"/invoices/{row['Number']}")
            return Sent(key=key, remote=gone, note="deleted")
        except PlatformError as error:
            return Sent(key=key, error=error)

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        bodies = [mapping.document_body(each.document, each.references, each.options) for each in batch]
        return [Preview(method="POST", path="/invoices", body=to_json(body).decode()) for body in bodies]

    # -- payments ---------------------------------------------------------------------------------------------------------

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        """Payments dated since then (less the connection's `payment_lookback_days`); KashFlow tells neither changes nor deletions."""
        yield from receipts.since(self, since)

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002
        """Put a payment line on each invoice it settles; one that carries our marker already is left as it is."""
        self.require_bookable(payment, references)
        self._check_settings({})
        return receipts.apply(self, payment, references)

    # -- reference lists --------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        path = reading.LISTS.get(kind)
        if path is not None:
            rows = list(self.listed(path))
            yield from self.understood(lambda: reading.reference_items(kind, rows))


def _beforehand(look: Callable[[], Read]) -> Read:
    """What is read before anything is written: a failure leaves nothing open about the document."""
    try:
        return look()
    except PlatformError as error:
        raise error.as_not_happened() from None
