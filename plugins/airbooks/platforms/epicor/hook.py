"""Epicor Kinetic behind the port: log-in and sessions, invoices entered by conversation or by a function, groups posted, receipts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any, ClassVar

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
from airbooks.platforms.epicor import access, catalogue, customers, functions, mapping, receipts, refusals
from airbooks.platforms.epicor.client import INVOICES, Company, Row, before_sending, complaint_in, refusal
from airbooks.platforms.epicor.documents import Documents
from airbooks.platforms.epicor.drafting import Drafting
from airbooks.platforms.epicor.groups import POSTING, TASKS, Groups
from airbooks.platforms.epicor.posting import Posting, changed_meanwhile
from airbooks.platforms.epicor.reading import head_of, is_unfinished
from airbooks.platforms.epicor.spec import SPEC
from airbooks.platforms.errors import AirbooksError, ConfigurationError, PlatformError, ReferenceMissing
from airbooks.platforms.licence import Licence, ended_already
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.spec import PlatformSpec
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, base_url, to_json

_SERVICES = (f"{INVOICES}/ARInvoices", "Erp.BO.InvcGrpSvc/InvcGrps", customers.CUSTOMERS, "Erp.BO.CashRecSvc/CashRecs")
_SESSIONS = "Ice.Lib.SessionModSvc"
_ANSWERS = ("value", "returnObj", "parameters", "@odata.context", "AccessToken", "access_token", "invoiceNum", "errorMessage")


class EpicorHook(PlatformHook):
    """One company of one Kinetic instance.

    A customer's id is its CustID. Posted invoices take no change. With the posting mode agent, what is posted is answered later.
    """

    spec: ClassVar[PlatformSpec] = SPEC
    _session: Token | None = None

    # -- the connection -------------------------------------------------------------------------------------------------------

    @cached_property
    def company(self) -> Company:
        return Company(self.call, lambda: str(self.setting("company")))

    @cached_property
    def documents(self) -> Documents:
        return Documents(self.company)

    @cached_property
    def groups(self) -> Groups:
        return Groups(self.company, self.setting)

    @cached_property
    def drafting(self) -> Drafting:
        return Drafting(self.company, self.documents, self.groups, lambda: self.base_currency)

    @cached_property
    def posting(self) -> Posting:
        return Posting(self.drafting, self._complain)

    @cached_property
    def base_currency(self) -> str:
        return catalogue.base_currency(self.company)

    @cached_property
    def countries(self) -> dict[str, int]:
        return catalogue.country_numbers(self.company)

    def authorisation(self) -> Mapping[str, str]:
        """API key, log-in, and the session where one is kept (it is opened with the first call)."""
        if self.setting("keep_session") and not self._session:
            self._session = self.licence.claim(self._log_in)
        return self._headers(self._session)

    @cached_property
    def licence(self) -> Licence:
        return self.licence_for(self._end)

    def _headers(self, session: Token | None = None) -> dict[str, str]:
        fixed = access.call_headers(str(self.setting("api_key")), str(self.setting("company")), str(self.setting("plant") or ""))
        licence = access.licence_header(str(self.setting("license_guid") or ""), session.access if session else "")
        return {**fixed, **licence, "Authorization": self._credential()}

    def _credential(self) -> str:
        if self.setting("auth") == "basic":
            return f"Basic {access.basic(self.account.login, self.account.password)}"
        return f"Bearer {self.token().access}"

    def _log_in(self) -> Token:
        url = f"{self.root()}{self.company.path(f'{_SESSIONS}/Login')}"
        request = Request(method="POST", url=url, headers={"Content-Type": "application/json"}, content=b"{}", read=True)
        return Token(access=str(self.wire.send(request, self._headers, self._renew_log_in).json()["returnObj"]))

    def _log_out(self) -> None:
        """A session claims a licence until it is closed, also after a failure."""
        session, self._session = self._session, None
        if session is not None:
            self.licence.give_back(session)

    def _end(self, session: Token) -> None:
        url = f"{self.root()}{self.company.path(f'{_SESSIONS}/Logout')}"
        request = Request(method="POST", url=url, headers={"Content-Type": "application/json"}, content=b"{}", read=True)
        with ended_already():
            self.wire.send(request, lambda: self._headers(session), lambda: None)

    def close(self) -> None:
        try:
            self._log_out()
        finally:
            super().close()

    def renew_token(self) -> None:
        """A session that is gone is opened anew; a token is asked for again; a password has nothing to renew."""
        had_session, self._session = self._session is not None, None
        if self.setting("auth") != "basic":
            super().renew_token()
        elif not had_session:
            self._renew_log_in()

    def _renew_log_in(self) -> None:
        """What a refused log-in calls for: another token, where there are tokens."""
        if self.setting("auth") == "basic":
            raise PlatformError("user, password or API key is not accepted", platform=SPEC.slug, rule=access.LOGIN_REFUSED, status=401)
        super().renew_token()

    def issue_token(self, newest: Token | None) -> Token:  # noqa: ARG002 nothing of it is needed for a new one
        try:
            return access.token_in(self.wire.send(self._token_request(), dict, lambda: None).json())
        except PlatformError as error:
            if error.status in {400, 401, 403}:
                raise access.log_in_refused(error) from None
            raise

    def _token_request(self) -> Request:
        if self.setting("auth") == "token":
            return access.own_token_request(self.root(), self.account.login, self.account.password)
        url = str(self.setting("token_url") or "")
        if not url:
            raise ConfigurationError(
                f"Connection {self.conn_id!r} ({SPEC.title}) has no 'token_url', which the authentication oauth needs."
            )
        base_url(url, "", None, allow_http=bool(self.account.extra.get("allow_http")))
        scope = str(self.setting("scope") or "")
        return access.oauth_request(url, str(self.setting("client_id") or ""), str(self.setting("client_secret") or ""), scope)

    def secrets(self) -> tuple[str, ...]:
        pair = access.basic(self.account.login, self.account.password)
        session = self._session.access if self._session else ""
        return tuple(secret for secret in (*super().secrets(), pair, session) if secret)

    def read_complaint(self, reply: Reply) -> Complaint | None:
        """`{"ErrorMessage", "ErrorType", "ErrorDetails"}`; and what an answer with HTTP 200 says went wrong."""
        if reply.status >= 300:
            body = reply.json()
            if isinstance(body.get("error"), str):  # of an OAuth server
                return Complaint(code=body["error"], message=str(body.get("error_description", "")))
            details = body.get("ErrorDetails") or [{}]
            return Complaint(code=body.get("ErrorType") or "", message=body["ErrorMessage"], field=details[0].get("Field", ""))
        if reply.status == 204:
            return None
        answer = reply.json()
        if not any(name in answer for name in _ANSWERS):
            raise ValueError("neither a method's answer nor a list")
        return complaint_in(answer)

    def request_id(self, reply: Reply) -> str:
        try:
            return str(reply.json().get("CorrelationId", ""))
        except (ValueError, AttributeError):
            return ""

    def _complain(self, says: str) -> PlatformError:
        """The error of what the platform says in an answer with HTTP 200."""
        return self.wire.error(Complaint(code="errorMessage", message=says), Reply(200, {}, b""))

    def test_connection(self) -> tuple[bool, str]:
        """Reaches every service that deliveries need, so that a gap in the API key's access scope shows here."""
        opened = self._session is None
        try:
            for place in (*_SERVICES, *((f"{TASKS}/SysTasks",) if self.groups.by_agent else ())):
                self.call("GET", self.company.path(place), params={"$top": "1"}, read=True)
            if self.groups.by_agent:
                self.company.ask(POSTING, "GetNewParameters", {})
            base = self.base_currency
        except AirbooksError as error:
            return False, str(error)
        finally:
            if opened:
                self._log_out()
        how = f"function {self.setting('efx_library')}/{self.setting('efx_function')}" if self._has_function else "conversation"
        works = f"Company {self.company.name}, books in {base}; invoices by {how}, posting {self.setting('post_mode')}."
        return True, " ".join([works, *self._gaps()])

    def _gaps(self) -> Iterator[str]:
        """What this connection cannot do until a field is filled."""
        if not all(self.setting(name) for name in customers.NEEDED):
            yield f"It cannot create customers without {', '.join(customers.NEEDED)}."
        if not self.setting("bank_acct_id"):
            yield "It cannot book payments without a bank account."
        if not self.setting("freight_misc_code"):
            yield "It cannot book charges without a miscellaneous charge."

    # -- customers and lists --------------------------------------------------------------------------------------------------

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals.refusals(document, self.settings(), self.conn_id)

    def ensure_customer(self, party: Party, currency: str) -> str:
        """The customer's CustID."""
        return customers.ensure(self.company, party, party.currency or currency, self.settings(), lambda code: self.countries.get(code))

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        return catalogue.entries(self.company, kind, self.settings())

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        return catalogue.named(self.company, kind, codes, self.settings())

    # -- documents ------------------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return self.find_invoices([(number, kind)])[number, kind]

    def find_invoices(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]:
        """Posted and unposted ones; not those whose entering broke off, which the next create completes."""
        return self.documents.by_our_numbers(wanted)

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        ds = self.documents.dataset(remote_id)
        remote = self.documents.read(ds) if ds is not None else None
        return remote if remote is not None and remote.kind is kind else None

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Enter each document, on hold, in a group for its dates; what an earlier try left is completed, never doubled."""
        try:
            return one_by_one(batch, lambda sending: self._create(sending, batch[0].key))
        finally:
            self.groups.leave()

    def _create(self, sending: Sending, seed: str) -> RemoteDocument:
        with before_sending():
            plan = self._plan(sending)
        if self._has_function:
            return self.documents.read(self._by_function(plan, seed))
        return self.documents.read(self.drafting.enter(plan, _base_of(sending), seed))

    def _plan(self, sending: Sending) -> mapping.Plan:
        """The document in Epicor's words; a code without a counterpart is an error of this document alone."""
        countries = self.countries if mapping.place_of(sending.document) else {}
        try:
            return mapping.plan(sending.document, sending.references, sending.options, countries)
        except ReferenceMissing as missing:
            raise refusal("code not usable", str(missing), field=missing.kind) from None

    @property
    def _has_function(self) -> bool:
        return bool(self.setting("efx_library") and self.setting("efx_function"))

    def _by_function(self, plan: mapping.Plan, seed: str) -> Row:
        """One server transaction of the site's own; a head without lines that it finds is completed by conversation."""
        group = self.groups.first_candidate(plan.issue_date, plan.ledger_date, seed)
        place = (str(self.setting("efx_library")), str(self.setting("efx_function")))
        ds = self.documents.expect(functions.enter(self.company, *place, plan, group, self._complain))
        return self.drafting.complete(ds, plan) if is_unfinished(ds) else ds

    def post_invoices(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        """Release from hold what was checked, post its groups, and read it again; everything else stays on hold."""
        try:
            return self.posting.leave(batch) if self.setting("post_mode") == "none" else self.posting.post(batch)
        finally:
            self.groups.leave()

    def collect_answers(self, taken_on: Sequence[tuple[Sending, str]]) -> list[Sent]:
        """What became of postings that the task agent took on. Raises PlatformError where it cannot be asked now."""
        return self.posting.answers(taken_on)

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """An unposted invoice is replaced in one save and posted; a posted one is refused."""
        try:
            fresh = self._replaced(sending, remote)
        except PlatformError as error:
            return Sent(key=sending.key, error=error)
        finally:
            self.groups.leave()
        if sending.options.get("post", True) and _is_equal(sending, fresh):
            return self.post_invoices([(sending, fresh)])[0]
        return Sent(key=sending.key, remote=fresh)

    def _replaced(self, sending: Sending, remote: RemoteDocument) -> RemoteDocument:
        with before_sending():
            plan = self._plan(sending)
            ds = self.documents.expect(remote.remote_id)
        if str(head_of(ds)["SysRevID"]) != remote.version:
            raise changed_meanwhile(remote)
        if head_of(ds)["Posted"]:
            says = f"{sending.document.number} is posted as {remote.number}; posted invoices take no change"
            raise refusal("posted already", says, fix="Void it and send a new one, or correct it by a credit note.")
        return self.documents.read(self.drafting.replace(ds, plan, _base_of(sending)))

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:  # noqa: ARG002 the API takes no words
        """A draft is deleted; a posted invoice is cancelled by a credit memo, which is posted."""
        try:
            if remote.status is DocumentStatus.DRAFT:
                return self.posting.delete(remote, key)
            if self.setting("post_mode") == "none":
                raise refusal("posting is a person's", "the cancelling credit memo would have to be posted", fix="Cancel it in Epicor.")
            return self.posting.cancel(remote, on, key)
        except PlatformError as error:
            return Sent(key=key, error=error)
        finally:
            self.groups.leave()

    # -- payments -------------------------------------------------------------------------------------------------------------

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        """Posted receipts that changed on the day of `since` or later: change dates have no time."""
        return receipts.changed_since(self.company, since, str(self.setting("time_zone") or ""))

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002
        """Book one receipt in a cash group of its own and post it; the same payment again is found and finished."""
        self.require_bookable(payment, references)
        desk = receipts.Desk(self.groups.prefix, str(self.setting("bank_acct_id") or ""), self._complain)
        return receipts.Receipts(self.company, desk).book(payment, customer_id, references)

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        """The first request of each conversation, and our part of the last save, to which Epicor's defaults come in between."""
        found: list[Preview] = []
        for sending in batch:
            try:
                plan = self._plan(sending)
            except PlatformError:
                continue
            group = self.groups.first_candidate(plan.issue_date, plan.ledger_date, batch[0].key)
            found += self._previews(plan, group)
        return found

    def _previews(self, plan: mapping.Plan, group: str) -> list[Preview]:
        body = mapping.function_body(plan, group)
        if self._has_function:
            path = self.company.function_path(str(self.setting("efx_library")), str(self.setting("efx_function")))
            return [_post(path, body)]
        first = self.drafting.new_head_request(plan, group)
        save = {"ds": body["ds"]}
        return [
            _post(self.company.path(f"{INVOICES}/{method}"), each) for method, each in (("GetNewInvcHeadType", first), ("Update", save))
        ]


def _post(path: str, body: Any) -> Preview:
    return Preview(method="POST", path=path, body=to_json(body).decode())


def _base_of(sending: Sending) -> str:
    rate = sending.document.exchange_rate
    return rate.base if rate is not None else ""


def _is_equal(sending: Sending, remote: RemoteDocument) -> bool:
    """Whether Epicor computes the document's amounts as we do."""
    document = sending.document
    return (document.net_total, document.tax_total, document.gross_total) == (remote.net, remote.tax, remote.total)
