"""Business One behind the port: Service Layer sessions, batches, and what the books say afterwards."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import ClassVar
from urllib.parse import urlsplit

from airbooks.canonical import CreditNote, DocumentKind, Finding, Invoice, Party, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent
from airbooks.platforms.errors import AirbooksError, ConfigurationError, PlatformError, before_sending
from airbooks.platforms.licence import Licence, ended_already
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.sap_business_one import catalogue, customers, multipart, receipts, refusals
from airbooks.platforms.sap_business_one.client import JSON, Client, quoted
from airbooks.platforms.sap_business_one.documents import Documents
from airbooks.platforms.sap_business_one.mapping import number_field
from airbooks.platforms.sap_business_one.posting import Posting, parts_of
from airbooks.platforms.sap_business_one.reading import Currencies, complaint
from airbooks.platforms.sap_business_one.spec import OLDEST_VERSION, SPEC
from airbooks.platforms.spec import PlatformSpec
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, to_json

log = logging.getLogger(__name__)
_COOKIE = re.compile(r"\b(B1SESSION|ROUTEID)=([^;,\s]+)")


class SapBusinessOneHook(PlatformHook):
    """One company database of Business One.

    A session takes a licence while it lives: it is this hook's alone, and is logged out when the hook is closed, also after a failure,
    or by the next hook when its worker died. B1SESSION says which session, ROUTEID which node knows it; both go with every call.
    """

    spec: ClassVar[PlatformSpec] = SPEC

    # -- the session ----------------------------------------------------------------------------------------------------------

    def root(self) -> str:
        return f"{super().root()}/b1s/{self.setting('api_version')}"

    def tls(self) -> ssl.SSLContext | bool:
        """The server's certificate is often the firm's own: it is checked against the connection's CA bundle."""
        file = str(self.setting("ca_file") or "")
        try:
            return ssl.create_default_context(cafile=file) if file else True
        except (OSError, ssl.SSLError) as error:
            says = f"Connection {self.conn_id!r} ({SPEC.title}): ca_file {file!r} cannot be read as certificates ({error})."
            raise ConfigurationError(f"{says} Give the path of a PEM file.") from None

    def token(self) -> Token:
        """The session; its idle time-out is the server's business, which says so (401, code 301)."""
        if self._token is None:
            self.renew_token()
        assert self._token is not None  # noqa: S101 renew_token sets it or raises
        return self._token

    def newer_token(self) -> Token:
        """A new session; the old one is gone."""
        self._token = None
        return self.licence.claim(lambda: self.issue(None))

    @cached_property
    def licence(self) -> Licence:
        return self.licence_for(self._end)

    def issue_token(self, newest: Token | None) -> Token:  # noqa: ARG002 a session cannot be renewed, only opened anew
        """`POST Login`."""
        self._check_numbers()
        body = {"CompanyDB": self.setting("company_db"), "UserName": self.account.login, "Password": self.account.password}
        body["Language"] = int(self.setting("language"))
        request = Request(method="POST", url=f"{self.root()}/Login", headers=JSON, content=to_json(body))
        try:
            reply = self.wire.send(request, dict, lambda: None)
        except PlatformError as error:
            error.body = ""  # it may hold a session that nobody knows to hide yet
            raise
        cookies = dict(_COOKIE.findall(reply.headers.get("set-cookie", "")))
        answer = reply.json()
        extra = {"route": cookies.get("ROUTEID", ""), "version": str(answer.get("Version", ""))}
        return Token(access=cookies.get("B1SESSION") or str(answer["SessionId"]), extra=extra)

    def _check_numbers(self) -> None:
        """Raises ConfigurationError where a whole number is wanted and something else stands in the connection."""
        for name in (each.name for each in SPEC.form if each.kind == "integer"):
            value = self.setting(name)
            if value not in (None, "") and not str(value).isdigit():
                raise ConfigurationError(f"Connection {self.conn_id!r} ({SPEC.title}): {name} is {value!r}. Set it to a whole number.")

    def authorisation(self) -> Mapping[str, str]:
        return _cookies(self.token())

    def secrets(self) -> tuple[str, ...]:
        """The session is one; node and version are not."""
        return (*self._secrets_of(self.account), *((self._token.access,) if self._token else ()))

    def close(self) -> None:
        """Log out, whatever happened before, then close the connection."""
        try:
            self._log_out()
        finally:
            super().close()

    def _log_out(self) -> None:
        token, self._token = self._token, None
        if token is not None:
            self.licence.give_back(token)

    def _end(self, session: Token) -> None:
        """`POST Logout`."""
        request = Request(method="POST", url=f"{self.root()}/Logout", headers=JSON)
        with ended_already():
            self.wire.send(request, lambda: _cookies(session), lambda: None)

    def read_complaint(self, reply: Reply) -> Complaint | None:
        """The error in an answer; good ones must have their form: 204 has no body, a batch is multipart, all else is JSON."""
        if reply.status >= 300:
            return complaint(reply)
        if reply.status == 204:
            return None
        if reply.headers.get("content-type", "").startswith("multipart/"):
            if not multipart.is_whole(reply):
                raise ValueError("a batch without answers")
        elif not isinstance(reply.json(), dict | str):
            raise ValueError("neither an entity nor a page")
        return None

    def _error_of(self, reply: Reply) -> PlatformError | None:
        """The error in an answer inside a batch."""
        try:
            found = self.read_complaint(reply)
        except (ValueError, KeyError, TypeError):
            found = Complaint(message="the answer does not have the documented form")
        return self.wire.error(found, reply) if found is not None else None

    # -- the parts ------------------------------------------------------------------------------------------------------------

    @cached_property
    def client(self) -> Client:
        return Client(self.call, self.root(), urlsplit(self.root()).path)

    @cached_property
    def documents(self) -> Documents:
        return Documents(self.client, number_field(self.settings()), lambda: self.currencies)

    @cached_property
    def posting(self) -> Posting:
        return Posting(self.client, self.documents, self._error_of)

    @cached_property
    def currencies(self) -> Currencies:
        """Read once: which amounts of a document count depends on them."""
        return catalogue.currencies(self.client)

    def test_connection(self) -> tuple[bool, str]:
        """Logs in and looks for what the company must have; a session that was opened for it is logged out again."""
        opened = self._token is None
        try:
            return self._tested()
        except AirbooksError as error:
            fix = f" {error.rule.says} {error.rule.fix}" if isinstance(error, PlatformError) else ""
            return False, f"{error}{fix}".strip()
        finally:
            if opened:
                self._log_out()

    def _tested(self) -> tuple[bool, str]:
        company, version = self.setting("company_db"), self.token().extra["version"]
        if version.isdigit() and int(version) < OLDEST_VERSION:
            return False, f"{company} runs version {version}; this connection needs Business One 10.0 or newer."
        field = self.documents.field
        try:
            list(self.client.rows("Invoices", select=f"DocEntry,{field}", top="1"))
        except PlatformError as error:
            if error.rule.name != "property refused":
                raise
            how = f"Make the user-defined field {field.removeprefix('U_')} (alphanumeric, 50) of marketing documents, then log in anew."
            return False, f"{company} has no field {field} for our numbers. {how}"
        account = str(self.setting("transfer_account") or "")
        if account and self.client.row(f"ChartOfAccounts({quoted(account)})", select="Code") is None:
            return False, f"{company} has no account {account!r} (transfer_account)."
        return True, f"{company}, version {version or 'unknown'}, books in {self.currencies.iso_of(self.currencies.local)}."

    # -- customers and lists --------------------------------------------------------------------------------------------------

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        self._check_numbers()
        return refusals.refusals(document, self.settings(), self.conn_id)

    def ensure_customer(self, party: Party, currency: str) -> str:  # noqa: ARG002 a customer here takes every currency
        """The customer's CardCode."""
        return customers.ensure(self.client, party)

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        if kind is ReferenceKind.CURRENCY:
            return iter(catalogue.currency_items(self.currencies))
        return catalogue.entries(self.client, kind, str(self.setting("tax_field")))

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        if kind is ReferenceKind.CURRENCY:
            return [each for each in self.list_reference(kind) if each.code in codes]
        found = catalogue.entries(self.client, kind, str(self.setting("tax_field")), codes)
        return [each for each in found if each.code in codes]

    # -- documents ------------------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return self.find_invoices([(number, kind)])[number, kind]

    def find_invoices(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]:
        """Posted ones; Business One lets a number be used again. Drafts of approval procedures are not booked and not found."""
        return self.documents.by_numbers(wanted)

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        return self.documents.by_id(remote_id, kind)

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Each document in a change set of its own; what an approval procedure made a draft of comes back as not booked."""
        with before_sending():
            _ = self.currencies  # what is booked must be readable
        return self.posting.create(batch)

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        return self.posting.update(sending, remote)

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:  # noqa: ARG002 Cancel takes neither
        return self.posting.void(remote, key)

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        """The batch, as it is sent if no draft of these documents waits for approval."""
        parts, _ = parts_of(self.client, batch)
        path = f"{urlsplit(self.root()).path}/$batch"
        return [Preview(method="POST", path=path, body=multipart.request(parts).decode())] if parts else []

    # -- payments -------------------------------------------------------------------------------------------------------------

    @cached_property
    def _receipts(self) -> receipts.Receipts:
        return receipts.Receipts(self.client, self.currencies, self.settings())

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        return self._receipts.changed_since(receipts.first_day(since, str(self.setting("time_zone") or "")))

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002
        """Book it as a bank transfer; our mark in its remarks, not the key, tells it when it is sent again."""
        self.require_bookable(payment, references)
        return self._receipts.book(payment, customer_id, references)


def _cookies(token: Token) -> dict[str, str]:
    route = token.extra.get("route")
    return {"Cookie": f"B1SESSION={token.access}" + (f"; ROUTEID={route}" if route else "")}
