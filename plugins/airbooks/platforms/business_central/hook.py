"""Business Central behind the port: Entra client credentials, drafts in batches, posting, and what the books say afterwards."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import ClassVar
from urllib.parse import urlencode, urlsplit

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
from airbooks.platforms.business_central import catalogue, drafts, mapping, receipts, refusals
from airbooks.platforms.business_central.client import Company
from airbooks.platforms.business_central.customers import ensure
from airbooks.platforms.business_central.documents import Documents
from airbooks.platforms.business_central.reading import correlation_id, plain_message
from airbooks.platforms.business_central.spec import HOST, SCOPE, SPEC, TOKEN_URL
from airbooks.platforms.errors import UNREADABLE_LOG_IN, AirbooksError, ConfigurationError, PlatformError
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.spec import PlatformSpec
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, base_url, to_json

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class BusinessCentralHook(PlatformHook):
    """One company of Business Central, online (Entra client credentials) or on-premises (Basic).

    A customer's id is its number here: ledger entries know nothing else. Posted documents take no change but of the due date.
    """

    spec: ClassVar[PlatformSpec] = SPEC

    # -- the connection -------------------------------------------------------------------------------------------------------

    def root(self) -> str:
        account = self.account
        return base_url(account.host or HOST, account.schema, account.port, allow_http=bool(account.extra.get("allow_http")))

    @property
    def _is_basic(self) -> bool:
        return bool(self.setting("auth") == "basic")

    def _required(self, name: str) -> str:
        value = self.setting(name)
        if not value:
            raise ConfigurationError(f"Connection {self.conn_id!r} ({SPEC.title}) has no {name!r}: set it in the connection's form.")
        return str(value)

    @cached_property
    def company(self) -> Company:
        """The company's URLs; on-premises the host names the server instance already."""
        prefix = "" if self._is_basic else f"/v2.0/{self._required('tenant_id')}/{self._required('environment')}"
        return Company(self.call, prefix, lambda: self._required("company_id"))

    @cached_property
    def documents(self) -> Documents:
        return Documents(self.company)

    @cached_property
    def home_currency(self) -> str:
        """The company's own currency, which its ledger leaves blank."""
        return str(next(self.company.rows("companyInformation"))["currencyCode"])

    def authorisation(self) -> Mapping[str, str]:
        if self._is_basic:
            pair = f"{self.account.login}:{self.account.password}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return {"Authorization": f"Bearer {self.token().access}"}

    def secrets(self) -> tuple[str, ...]:
        pair = base64.b64encode(f"{self.account.login}:{self.account.password}".encode()).decode()
        return (*super().secrets(), pair)

    def renew_token(self) -> None:
        """Basic authentication has nothing to renew: a refusal stays one."""
        if not self._is_basic:
            super().renew_token()

    def issue_token(self, newest: Token | None) -> Token:  # noqa: ARG002 nothing of it is needed for a new one
        """Client-credentials grant; there is no refresh token in it."""
        form = {"grant_type": "client_credentials", "client_id": self.account.login, "client_secret": self.account.password, "scope": SCOPE}
        url = str(self.setting("token_url") or TOKEN_URL.format(tenant=self._required("tenant_id")))
        base_url(url, "", None, allow_http=bool(self.account.extra.get("allow_http")))
        request = Request(method="POST", url=url, headers=_FORM, content=urlencode(form).encode(), read=True)
        answer = self.wire.send(request, dict, lambda: None).json()
        try:
            return Token(access=answer["access_token"], expires_at=datetime.now(UTC) + timedelta(seconds=int(answer["expires_in"])))
        except (KeyError, ValueError, TypeError) as error:
            raise PlatformError(f"the token lacks or misspells {error}", platform=SPEC.slug, rule=UNREADABLE_LOG_IN) from None

    def read_complaint(self, reply: Reply) -> Complaint | None:
        """`{"error": {"code", "message"}}` of the API, `{"error", "error_description"}` of Entra; good answers must have their form."""
        if reply.status < 300:
            return self._check_form(reply)
        error = reply.json()["error"]
        if isinstance(error, str):
            return Complaint(code=error, message=str(reply.json().get("error_description", "")))
        return Complaint(code=error["code"], message=plain_message(error["message"]))

    @staticmethod
    def _check_form(reply: Reply) -> None:
        """204 has no body; every other good answer is an object that says what it is."""
        if reply.status == 204:
            return
        body = reply.json()
        if not any(name in body for name in ("@odata.context", "responses", "access_token")):
            raise ValueError("neither an entity, nor a page, nor a batch")

    def request_id(self, reply: Reply) -> str:
        return correlation_id(reply.text)

    def test_connection(self) -> tuple[bool, str]:
        try:
            wanted = self._required("company_id").lower()
            found = {row["id"]: row["displayName"] or row["name"] for row in self.company.companies()}
            if wanted not in found:
                return (
                    False,
                    f"The environment has no company {wanted}; it has {', '.join(f'{name} ({key})' for key, name in found.items())}.",
                )
            return True, f"{found[wanted]} ({self.setting('environment')}), books in {self.home_currency}."
        except AirbooksError as error:
            return False, str(error)

    # -- customers and lists --------------------------------------------------------------------------------------------------

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals.refusals(document, self.settings(), self.conn_id)

    def ensure_customer(self, party: Party, currency: str) -> str:
        """The customer's number."""
        return ensure(self.company, party, party.currency or currency)

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        return catalogue.entries(self.company, kind, home_currency=lambda: self.home_currency)

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        return catalogue.named(self.company, kind, codes, home_currency=lambda: self.home_currency)

    # -- documents ------------------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return self.find_invoices([(number, kind)])[number, kind]

    def find_invoices(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]:
        """Drafts and posted ones together; the platform allows several with one number."""
        return self.documents.by_our_numbers(wanted)

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        return self.documents.by_id(remote_id, kind)

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """One `$batch` of drafts, each a transaction of its own; they are neither numbered for good nor posted yet."""
        with _before_sending():
            corrected = self.documents.corrected_by(batch)
        parts, unfit = drafts.parts(batch, corrected)
        answers = self.company.batch(parts) if parts else {}
        made = [self._made(sending, answers[sending.key]) for sending in batch if sending.key in answers]
        return unfit + self._finished(batch, made)

    def _finished(self, batch: Sequence[Sending], made: list[Sent]) -> list[Sent]:
        """Drafts that a person will post get the dimensions of their lines now; the others get them before they are posted."""
        by_key = {sending.key: sending for sending in batch if not sending.options.get("post", True)}
        pairs = [(by_key[sent.key], sent.remote) for sent in made if sent.key in by_key and sent.remote is not None and sent.error is None]
        try:
            failed = drafts.set_dimensions(self.company, pairs, self._good)
        except PlatformError as error:
            failed = {sending.key: error for sending, _ in pairs}
        bare = {key: drafts.without_dimensions(error) for key, error in failed.items()}
        return [Sent(key=sent.key, remote=sent.remote, error=bare.get(sent.key, sent.error)) for sent in made]

    def _made(self, sending: Sending, reply: Reply) -> Sent:
        """What one part of the batch says; a draft whose customer card reckons prices otherwise is taken back at once."""
        kind = sending.document.kind
        try:
            row = self._good(reply).json()
            remote = self.documents.read(row, kind, is_posted=False)
        except PlatformError as error:
            return Sent(key=sending.key, error=error)
        if row.get("pricesIncludeTax", sending.document.prices_include_tax) is sending.document.prices_include_tax:
            return Sent(key=sending.key, remote=remote)
        try:
            self.company.delete(f"{mapping.SETS[kind]}({remote.remote_id})", remote.version)
        except PlatformError as error:
            return Sent(key=sending.key, remote=remote, error=error)
        return Sent(key=sending.key, error=drafts.other_prices(row))

    def _good(self, reply: Reply) -> Reply:
        """An answer inside a batch, or the error that it is."""
        try:
            complaint = self.read_complaint(reply)
        except (ValueError, KeyError, TypeError):
            complaint = Complaint(message="the answer does not have the documented form")
        if complaint is not None:
            raise self.wire.error(complaint, reply)
        return reply

    def post_invoices(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        """Post drafts, each in a transaction of its own, and read them again: the posted number is another one.

        A number that is there twice is posted neither time: a person must say which one is right.
        """
        with _before_sending():
            live = self.documents.by_our_numbers([(sending.document.number, sending.document.kind) for sending, _ in batch])
        twice = [(sending, remote) for sending, remote in batch if len(live[sending.document.number, sending.document.kind]) > 1]
        posted = {each.remote_id for hits in live.values() for each in hits if each.status is not DocumentStatus.DRAFT}
        single = [pair for pair in batch if pair not in twice]
        due = [(sending, remote) for sending, remote in single if remote.remote_id not in posted]
        with _before_sending():
            failed = self._redate(due) | drafts.set_dimensions(self.company, due, self._good)
        due = [(sending, remote) for sending, remote in due if sending.key not in failed]
        answers = self.company.batch([drafts.posting_part(sending, remote) for sending, remote in due]) if due else {}
        errors = failed | self._errors(answers)
        found, silence = self._read_again(single)
        done = [drafts.posted(sending, found.get(remote.remote_id), errors.get(sending.key, silence)) for sending, remote in single]
        return [drafts.is_twice(sending, live[sending.document.number, sending.document.kind]) for sending, _ in twice] + done

    def _read_again(self, sent: Sequence[tuple[Sending, RemoteDocument]]) -> tuple[dict[str, RemoteDocument], PlatformError | None]:
        """The documents after posting, or why it stays open what became of them: they may be posted, whatever stopped the reading."""
        try:
            return self.documents.by_ids([(remote.remote_id, remote.kind) for _, remote in sent]), None
        except PlatformError as error:
            return {}, drafts.not_read_back(error)

    def _redate(self, due: Sequence[tuple[Sending, RemoteDocument]]) -> dict[str, PlatformError]:
        parts = drafts.redated_parts(due)
        if not parts:
            return {}
        return {key: error.as_not_happened() for key, error in self._errors(self.company.batch(parts)).items()}

    def _errors(self, answers: Mapping[str, Reply]) -> dict[str, PlatformError]:
        errors: dict[str, PlatformError] = {}
        for key, reply in answers.items():
            try:
                self._good(reply)
            except PlatformError as error:
                errors[key] = error
        return errors

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """A draft is replaced in one transaction and posted; a posted document takes a new due date and nothing else."""
        try:
            if remote.status is not DocumentStatus.DRAFT:
                return Sent(key=sending.key, remote=self._update_posted(sending, remote))
            fresh = self._replace_draft(sending, remote)
        except PlatformError as error:
            return Sent(key=sending.key, error=error)
        if drafts.is_equal(sending.document, fresh) and sending.options.get("post", True):
            return self.post_invoices([(sending, fresh)])[0]
        return Sent(key=sending.key, remote=fresh)

    def _replace_draft(self, sending: Sending, remote: RemoteDocument) -> RemoteDocument:
        with _before_sending():
            row = self.documents.row(remote.remote_id, remote.kind)
        parts = drafts.replacing_parts(sending, remote, row)
        answers = self.company.batch(parts, in_one_transaction=True)
        for reply in answers.values():  # one failed part: nothing was kept, whatever the others say
            self._good(reply)
        return self.documents.expect(remote.remote_id, remote.kind)

    def _update_posted(self, sending: Sending, remote: RemoteDocument) -> RemoteDocument:
        with _before_sending():
            row = self.documents.row(remote.remote_id, remote.kind)
        changed = drafts.changes(sending, row)
        if changed - {"dueDate"}:
            raise drafts.is_fixed(sending, remote, changed)
        if changed and sending.document.due_date:
            body = {"dueDate": sending.document.due_date.isoformat()}
            self.company.change(f"{mapping.SETS[remote.kind]}({remote.remote_id})", body, remote.version)
        return self.documents.expect(remote.remote_id, remote.kind)

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:  # noqa: ARG002 the API takes neither
        """A draft is deleted; a posted, unpaid invoice is cancelled by a corrective credit memo of the platform's own date and words."""
        place = f"{mapping.SETS[remote.kind]}({remote.remote_id})"
        try:
            if remote.status is DocumentStatus.DRAFT:
                self.company.delete(place, remote.version)
                return Sent(key=key, remote=remote.model_copy(update={"status": DocumentStatus.VOID}), note="draft deleted")
            self.company.act(f"{place}/Microsoft.NAV.cancel")
        except PlatformError as error:
            return drafts.voided(key, self._void_now(remote, error), error)
        void = remote.model_copy(update={"status": DocumentStatus.VOID, "balance": Decimal(0), "version": ""})
        return Sent(key=key, remote=void, note="cancelled by a corrective credit memo")

    def _void_now(self, remote: RemoteDocument, error: PlatformError) -> RemoteDocument | None:
        """The document, if the platform says that it has been void before."""
        found = self.documents.by_id(remote.remote_id, remote.kind) if error.rule.name == "void already" else None
        return found if found is not None and found.status is DocumentStatus.VOID else None

    # -- payments -------------------------------------------------------------------------------------------------------------

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        """Payments whose ledger entries changed; to which documents they are applied the ledger API does not tell."""
        return receipts.changed_since(self.company, since, self.home_currency)

    def apply_payment(
        self,
        payment: Payment,
        *,
        customer_id: str,
        key: str,
        references: References,
    ) -> RemotePayment:
        """Book one receipt through the payment journal; the same payment a second time is found in the ledger and not booked again."""
        self.require_bookable(payment, references)
        journal = receipts.Journal(str(self.setting("payment_journal_code")), str(self.setting("balancing_account_id") or ""))
        return receipts.Receipts(self.company, journal, self.home_currency, self._good).book(payment, customer_id, key)

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        """The batch of drafts; the invoice that a credit note corrects is looked up when it is sent."""
        parts, _ = drafts.parts(batch, {})
        body = to_json(self.company.batch_body(parts)).decode()
        return [Preview(method="POST", path=urlsplit(self.company.batch_path()).path, body=body)] if parts else []


@contextmanager
def _before_sending() -> Iterator[None]:
    """What fails in here fails before anything was sent: the documents' outcome is certain."""
    try:
        yield
    except PlatformError as error:
        raise error.as_not_happened() from None
