"""The port: what the delivery engine asks of every platform, and the part of the answer that all platforms share."""

from __future__ import annotations

import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, ClassVar, Self

from airflow.sdk import BaseHook

from airbooks.canonical import CreditNote, DocumentKind, Finding, Invoice, Party, Payment, RemoteDocument, RemotePayment, Severity
from airbooks.platforms import payments
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.licence import Licence, NoSessions, SessionStore
from airbooks.platforms.log_ins import LogIns
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.spec import PlatformSpec
from airbooks.platforms.tokens import Credentials, MemoryTokens, Token, TokenStore, digest, grown_from
from airbooks.platforms.wire import Budget, Complaint, Reply, Request, Unlimited, Wire, base_url, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A platform connection as Airflow stores it; never printed."""

    host: str = ""
    schema: str = ""
    login: str = ""
    password: str = field(default="", repr=False)
    port: int | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One row of the outbox on its way to a platform.

    `key` (36 characters, a UUID) is the idempotency key: derived from the delivery, its generation and the content, so that the same
    attempt repeats it and a corrected document never does. `options` are the platform operator's own (approve, e-mail, ...).
    """

    key: str
    document: Invoice | CreditNote
    references: References
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of one Sending: a remote document, an error that says whether it happened, or a ticket.

    `ticket` is the platform's own name for a request that it took on and answers later (a job, an operation); at most 500 characters, no
    secret. It may come with the draft that the request is about, as `remote`. `note` records what a request became where the platform has
    no exact form of it ("deleted", "credit memo 1042").
    """

    key: str
    remote: RemoteDocument | None = None
    error: PlatformError | None = None
    note: str = ""
    ticket: str = ""

    @property
    def outcome(self) -> Outcome:
        if self.error is not None:
            return self.error.outcome
        return Outcome.HAPPENED if self.remote is not None and not self.ticket else Outcome.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A request that a dry run shows and does not send; `body` holds no credentials."""

    method: str
    path: str
    body: str


class PlatformHook(BaseHook, ABC):
    """One connection to one platform; use it as a context manager, or close it.

    Methods that handle several documents never raise for one of them: they return one `Sent` per key, in any order. They raise
    PlatformError when the whole request failed; the engine then applies it to every item that has no `Sent`.
    """

    spec: ClassVar[PlatformSpec]
    conn_name_attr: ClassVar[str] = "conn_id"
    default_conn_name: ClassVar[str]
    conn_type: ClassVar[str]
    hook_name: ClassVar[str]

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.default_conn_name = f"{cls.spec.slug}_default"
        cls.conn_type = cls.spec.connection_type
        cls.hook_name = cls.spec.title
        if "spec" in vars(cls) and cls.spec.unverified:  # said where the connector's users look, from where it is kept
            cls.__doc__ = "\n".join([cls.__doc__ or "", "", "UNVERIFIED:", *(f"- {point}" for point in cls.spec.unverified)])

    def __init__(
        self,
        conn_id: str = "",
        *,
        account: Account | None = None,
        tokens: TokenStore | None = None,
        sessions: SessionStore | None = None,
        budget: Budget | None = None,
        read_timeout: float | None = None,
    ) -> None:
        super().__init__()
        self.conn_id = conn_id or self.default_conn_name
        self._account = account
        self.tokens = tokens or MemoryTokens()
        self.sessions = sessions or NoSessions()
        self.budget = budget or Unlimited()
        self._read_timeout = read_timeout or self.spec.read_timeout_seconds
        self._wire: Wire | None = None
        self._token: Token | None = None
        self._log_ins = LogIns(self.spec.slug)
        self.refusal: PlatformError | None = None  # of the log-in, by the platform

    # -- the connection -------------------------------------------------------------------------------------------------------

    @property
    def account(self) -> Account:
        """The connection, read from Airflow once; its secrets are registered with Airflow's log masker."""
        if self._account is None:
            self._account = self._read_account()
        return self._account

    def _read_account(self) -> Account:
        from airflow.sdk.log import mask_secret

        stored = self.get_connection(self.conn_id)
        account = Account(
            host=stored.host or "",
            schema=stored.schema or "",
            login=stored.login or "",
            password=stored.password or "",
            port=stored.port,
            extra=stored.extra_dejson,
        )
        for secret in self._secrets_of(account):
            mask_secret(secret)
        return account

    def _secrets_of(self, account: Account) -> tuple[str, ...]:
        hidden = [str(account.extra[each.name]) for each in self.spec.form if each.secret and account.extra.get(each.name)]
        return (*([account.password] if account.password else []), *hidden)

    def secrets(self) -> tuple[str, ...]:
        """Everything that must not appear in a message: stored secrets and the current token."""
        token = self._token
        return (*self._secrets_of(self.account), *((token.access, token.refresh, *token.extra.values()) if token else ()))

    def setting(self, name: str) -> Any:
        """A field of the connection's extra, or the default its form declares; raises ConfigurationError when a required one is empty."""
        declared = {each.name: each for each in self.spec.form}[name]
        value = self.account.extra.get(name)
        if value is None or value == "":
            value = declared.default
        if (value is None or value == "") and declared.required:
            raise ConfigurationError(
                f"Connection {self.conn_id!r} ({self.spec.title}) has no {declared.label!r}. "
                f"Set the field {name!r} in its form. {declared.help}".strip()
            )
        return value

    def settings(self) -> Mapping[str, str]:
        """The non-secret part of the connection's extra, with defaults, as text: what pure mappings may know of the connection."""
        return self._settings

    @cached_property
    def _settings(self) -> Mapping[str, str]:
        values = {each.name: self.account.extra.get(each.name, each.default) for each in self.spec.form if not each.secret}
        return MappingProxyType({name: str(value) for name, value in values.items() if value is not None and value != ""})

    def root(self) -> str:
        """The connection's base URL, without a trailing slash."""
        account = self.account
        return base_url(account.host, account.schema, account.port, allow_http=bool(account.extra.get("allow_http")))

    def counted_as(self, limit: str) -> str:
        """Who the vendor counts against one of its limits: this connection, or a digest of what names the app, account or tenant."""
        limits = self.spec.limits
        if limit not in limits.per_app:
            return self.conn_id
        fields = {"host": self.account.host, "login": self.account.login, **self.account.extra}
        named = "\n".join([self.spec.slug, *(str(fields.get(name) or "") for name in limits.app_named_by)])
        return f"app {blake2b(named.encode(), digest_size=12, salt=b'airbooks budget').hexdigest()}"

    @property
    def wire(self) -> Wire:
        if self._wire is None:
            self._wire = Wire(
                platform=self.spec.slug,
                rules=self.spec.errors,
                budget=self.budget,
                read_timeout=self._read_timeout,
                throttle_seconds=self.spec.limits.throttle_seconds,
                secrets=self.secrets,
                read_complaint=self.read_complaint,
                request_id=self.request_id,
                tls=self.tls(),
            )
        return self._wire

    def tls(self) -> ssl.SSLContext | bool:
        """How the server's certificate is checked; platforms that firms run themselves may have authorities of their own."""
        return True

    def get_conn(self) -> Wire:
        return self.wire

    def sibling(self) -> Self:
        """Another HTTP session on the same connection, with the same tokens and the same budget, to work next to this one."""
        return type(self)(
            self.conn_id,
            account=self.account,
            tokens=self.tokens,
            sessions=self.sessions,
            budget=self.budget.sibling(),
            read_timeout=self._read_timeout,
        )

    def has_room(self) -> bool:
        """Whether it can work now, for a sibling that nobody waits for; platforms whose sessions cost a licence know."""
        return True

    def licence_for(self, log_out: Callable[[Token], None], allowed: int | None = None) -> Licence:
        """The claim on the licence of a platform whose sessions cost one; `log_out` raises PlatformError."""
        return Licence(
            store=self.sessions,
            platform=self.spec.slug,
            connection=self.conn_id,
            counted_as=self.counted_as("concurrent"),
            account=self.credentials().account,
            log_out=log_out,
            allowed=allowed,
        )

    def close(self) -> None:
        """Close the HTTP session; platforms with licence-bound sessions log out first."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- authorisation --------------------------------------------------------------------------------------------------------

    @abstractmethod
    def authorisation(self) -> Mapping[str, str]:
        """The headers that authorise a request; platforms that authorise in the body return none and do it there."""

    def authorise(self, request: Request) -> Mapping[str, str]:  # noqa: ARG002 only signatures depend on it
        """The headers that authorise this very request; platforms that sign each request say which here."""
        return self.authorisation()

    @abstractmethod
    def issue_token(self, newest: Token | None) -> Token:
        """A new token or session from the platform, with the refresh token of `newest` or the connection's own (`refresh_token`).

        Called under the store's lock; must not use `call` (which would authorise itself). `newest` is None when a person has put another
        refresh token into the connection. Raises PlatformError as the platform answered: what it means for the document that waits for the
        token is said by `renew_token`.
        """

    def refresh_token(self, newest: Token | None) -> str:
        """The refresh token to hand in: the one of the last reply, else the connection's own; raises ConfigurationError without either."""
        return (newest.refresh if newest is not None else "") or str(self.setting("refresh_token") or "")

    def credentials(self) -> Credentials:
        """What the connection holds to be let in, as digests."""
        account = self.account
        refresh = str(account.extra.get("refresh_token") or "")
        own = digest(refresh) if refresh else digest(account.login, *self._secrets_of(account))
        whole = digest(account.host, account.schema, account.port, account.login, account.password, dict(account.extra))
        return Credentials(seed=own, account=whole, rotates=bool(refresh))

    def token(self) -> Token:
        """A token that is good for at least a minute."""
        if self._token is None:
            self._token = grown_from(self.tokens.read(self.conn_id), self.credentials())
        if self._token is None or not self._token.is_fresh():
            self.renew_token()
        assert self._token is not None  # noqa: S101 renew_token sets it or raises
        return self._token

    def renew_token(self) -> None:
        """Replace the current token by a newer one, another worker's or a new one.

        Whatever fails here, nothing was sent of the document that needs the token. What the platform refused is not asked for again by this
        hook: the connection is for a person.
        """
        if self.refusal is not None:
            raise self.refusal
        try:
            self._token = self.newer_token()
        except PlatformError as error:
            failure = error.as_not_happened()
            self.refusal = failure if failure.action is Action.STOP else None
            raise failure from None
        self._mask(self._token)

    def newer_token(self) -> Token:
        """Another worker's token or a new one, through the store; platforms whose sessions serve one hook alone say so here."""
        return self.tokens.renew(self.conn_id, self._token, self.issue, self.credentials())

    def issue(self, newest: Token | None) -> Token:
        """A new token of this connection. Raises PlatformError; a refusal is one of the connection, not of a document."""
        self._log_ins.begin(self.wire.calls)
        try:
            token = self.issue_token(newest)
        except PlatformError as error:
            raise error.as_refused_log_in() from None
        self._log_ins.end(self.wire.calls)
        return replace(token, seed=self.credentials().seed)

    @staticmethod
    def _mask(token: Token) -> None:
        from airflow.sdk.log import mask_secret

        for secret in (token.access, token.refresh):
            if secret:
                mask_secret(secret)

    # -- calls ----------------------------------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        read: bool = False,
        scope: str = "call",
    ) -> Reply:
        """One authorised call; `path` is appended to the base URL, or is a full URL on the same host. Raises PlatformError."""
        url = path if path.startswith(f"{self.root()}/") else f"{self.root()}/{path.lstrip('/')}"
        body = to_json(json) if json is not None else content
        request = Request(method=method, url=url, params=params, headers=headers, content=body, read=read, scope=scope)
        if self.refusal is not None:
            raise self.refusal
        try:
            return self.wire.send(request, lambda: self.authorise(request), self.renew_token)
        except PlatformError as error:
            if error.action is Action.RENEW or (error.action is Action.STOP and error.status == 401):  # no other token helps
                self.refusal = error.as_refused_log_in()
            raise

    @abstractmethod
    def read_complaint(self, reply: Reply) -> Complaint | None:
        """The platform's own error in an answer, or None for a good one. Raising ValueError or KeyError means: not the documented form."""

    def request_id(self, reply: Reply) -> str:
        """The platform's trace id of an answer, for its support; empty where it has none."""
        return reply.headers.get("x-request-id", "")

    # -- the port -------------------------------------------------------------------------------------------------------------

    @abstractmethod
    def test_connection(self) -> tuple[bool, str]:
        """Whether the connection works, and in words what it reaches or what is missing (scope, company, preference switched off)."""

    @abstractmethod
    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        """What this document needs that the platform cannot express; empty when it can be sent. Nothing is ever dropped silently."""

    @abstractmethod
    def ensure_customer(self, party: Party, currency: str) -> str:
        """The platform's id of a customer: found by our code, else by name and e-mail where that is unambiguous, else created.

        `currency` matters where the platform fixes a customer's currency (`spec.customer_per_currency`). The engine holds a lock per
        connection and customer code. Safe to repeat after an unknown outcome: it looks before it creates.
        """

    @abstractmethod
    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        """The live (not void) documents that carry our number, at most a few; more than one is for a person to resolve."""

    def find_invoices(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]:
        """`find_invoice` for several (number, kind); platforms that can ask for many at once do so."""
        return {each: self.find_invoice(*each) for each in dict.fromkeys(wanted)}

    @abstractmethod
    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        """The document as the platform holds it now, or None when it is gone."""

    @abstractmethod
    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Create invoices and credit notes (at most `spec.limits.batch`); where posting is a step of its own they are drafts afterwards."""

    def post_invoices(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        """Post drafts that were created (and echo-checked). Posting one that is already posted succeeds. Only with Capability.POST_STEP."""
        raise ConfigurationError(f"{self.spec.title} has no posting step ({len(batch)} documents)")

    def collect_answers(self, taken_on: Sequence[tuple[Sending, str]]) -> list[Sent]:
        """What became of requests that the platform took on, by their tickets. Only reads, never creates. Only with ANSWERS_LATER.

        A `Sent` with a remote document or an error is the platform's final answer; one with a ticket (the same, or the next of several
        steps), or none at all, means that it is still at it. A ticket that the platform no longer knows is an error of unknown outcome.
        """
        raise ConfigurationError(f"{self.spec.title} answers at once ({len(taken_on)} documents)")

    def wants_draft(self, options: Mapping[str, Any]) -> bool:
        """Whether the operator's options leave documents as drafts on purpose; a draft is something wrong otherwise."""
        return not options.get("post", True)

    @abstractmethod
    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """Make the platform's document equal to ours, by its version token; a state that forbids it comes back as a REVIEW error."""

    @abstractmethod
    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:
        """Void, or the platform's nearest (delete of a draft, reversal, corrective credit note), which `Sent.note` names."""

    def payment_refusals(self, payment: Payment, references: References) -> tuple[Finding, ...]:
        """What this payment holds that cannot be booked here; empty when it can. Asked before anything is sent, and sends nothing.

        The spec says most of it, `payment_obstacles` the rest. What only the platform's own documents can tell (another currency, less
        open than is paid) is refused by `apply_payment`.
        """
        own = self.receipts_account(payment.currency)
        found = (*payments.obstacles(payment, references, self.spec, own), *self.payment_obstacles(payment))
        return tuple(payments.finding(each, self.conn_id) for each in found)

    def payment_obstacles(self, payment: Payment) -> Iterable[payments.Obstacle]:  # noqa: ARG002 most platforms have none
        """What of this payment the platform cannot book with this connection, besides what the spec says."""
        return ()

    def receipts_account(self, currency: str) -> str:  # noqa: ARG002 some connections name one account for each
        """The account on which the connection books receipts in a currency; empty where it names none."""
        return self.settings().get(self.spec.receipts_on, "")

    def require_bookable(self, payment: Payment, references: References) -> None:
        """Raises PlatformError (REVIEW, DID_NOT_HAPPEN) with all that `payment_refusals` says against a payment."""
        found = self.payment_refusals(payment, references)
        against = [each.message for each in found if each.severity is Severity.ERROR]
        if against:
            raise PlatformError(" ".join(against), platform=self.spec.slug, rule=payments.INEXPRESSIBLE)

    @abstractmethod
    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        """Customer payments that changed since, whoever booked them; may repeat some (the caller keeps an overlap).

        One that was taken back is `reversed` with PaymentFeature.REVERSALS_TOLD; without that it is not listed any more, and shows only
        in the balance of its documents.
        """

    @abstractmethod
    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:
        """Book one payment and apply its allocations (each names the `remote_id` of its document). Raises PlatformError, and
        ReferenceMissing, before anything is sent, for a code without which it cannot be booked.

        Begins with `require_bookable`. A payment is the same one by its source and id, under whatever key it comes. Where the platform
        keeps one payment per document, the answer's `remote_id` holds their ids, joined by commas, and `list_payments` lists each.
        """

    @abstractmethod
    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        """The platform's own list of a kind (active entries first is not promised)."""

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        """The entries with these platform codes; platforms with long lists ask only for them."""
        return [item for item in self.list_reference(kind) if item.code in codes]

    @abstractmethod
    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        """The exact requests that `create_invoices` would send first, without sending anything."""


def one_by_one(batch: Sequence[Sending], send: Callable[[Sending], RemoteDocument]) -> list[Sent]:
    """For platforms without batches: each document on its own; after an error that stops or pauses the connection the rest is not sent."""
    return in_turn(batch, lambda sending: _sent(sending, send))


def _sent(sending: Sending, send: Callable[[Sending], RemoteDocument]) -> Sent:
    try:
        return Sent(key=sending.key, remote=send(sending))
    except PlatformError as error:
        return Sent(key=sending.key, error=error)


def in_turn(batch: Sequence[Sending], send: Callable[[Sending], Sent]) -> list[Sent]:
    """`one_by_one` for senders that tell their errors themselves."""
    results: list[Sent] = []
    for position, sending in enumerate(batch):
        sent = send(sending)
        results.append(sent)
        if sent.error is not None and ends_the_round(sent.error):
            return [*results, *unsent(batch[position + 1 :], sent.error)]
    return results


def ends_the_round(error: PlatformError) -> bool:
    """Whether what stopped one document stops the next ones as well; so does an authorisation that was renewed in vain."""
    return error.action in {Action.STOP, Action.WAIT, Action.RENEW}


def unsent(rest: Iterable[Sending], error: PlatformError) -> list[Sent]:
    """What became of documents that were never sent because of another one's error: certainly nothing."""
    return [Sent(key=sending.key, error=error.as_not_happened()) for sending in rest]
