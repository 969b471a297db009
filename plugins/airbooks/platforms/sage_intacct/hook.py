"""Sage Intacct over its XML gateway (DTD 3.0); the vendor's REST twin is not built."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, ClassVar, NoReturn
from urllib.parse import urlsplit
from uuid import UUID, uuid4, uuid5

from lxml import etree

from airbooks.canonical import CreditNote, DocumentKind, DocumentStatus, Finding, Invoice, Party, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent
from airbooks.platforms.errors import UNREADABLE_ANSWER, Action, ErrorRule, Outcome, PlatformError, ReferenceMissing, before_sending
from airbooks.platforms.payments import Obstacle, rate_of_another_ledger
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.sage_intacct import customers, envelope, lists, mapping, reading, receipts
from airbooks.platforms.sage_intacct.envelope import Function, Result, element
from airbooks.platforms.sage_intacct.obstacles import obstacles
from airbooks.platforms.sage_intacct.queries import Query, equal, one_of
from airbooks.platforms.sage_intacct.rules import (
    CHANGED_THERE,
    LEFT_DRAFT,
    NOT_ANSWERED,
    NOT_EXPRESSIBLE,
    NOT_REVERSED,
    NUMBER_SPENT,
    READ_BACK,
)
from airbooks.platforms.sage_intacct.spec import DUPLICATES, GATEWAY, SCHEMA, SPEC
from airbooks.platforms.spec import PlatformSpec
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request

XML = {"Content-Type": "application/xml"}
VENDOR_DOMAIN = ".intacct.com"


class SessionEnded(Exception):  # noqa: N818 a signal between two functions, not an error that anyone sees
    """The session in a request's body is stale: the request must be written anew."""


class SageIntacctHook(PlatformHook):
    """The port to one company (and entity) of Sage Intacct.

    Each request carries the session in its body; it is renewed once when the gateway calls it stale. Creating requests are sent with
    `uniqueid`: the request's own control id is new each time (a proxy that doubles it is refused), each function's is its sending's key
    (a function that was completed once is refused in any later request).
    A document's remote id is its RECORDNO, a customer's its CUSTOMERID.
    """

    spec: ClassVar[PlatformSpec] = SPEC

    # -- requests -------------------------------------------------------------------------------------------------------------

    def authorisation(self) -> Mapping[str, str]:
        """No headers: the session stands in the body."""
        return {}

    def issue_token(self, newest: Token | None) -> Token:  # noqa: ARG002 a session needs no earlier one
        """A new session (getAPISession) and the end point that it is good at."""
        account = self.account
        entity = str(self.setting("entity_id") or "")
        who = envelope.login(account.login, str(self.setting("company_id")), account.password, entity)
        call = element("getAPISession", envelope.present("locationid", entity))
        content = envelope.body(self._sender(), who, [Function("session", call)], control_id=uuid4().hex, unique=False)
        request = Request(method="POST", url=f"{self.root()}{GATEWAY}", headers=XML, content=content, read=True)
        reply = self.wire.send(request, self.authorisation, self._sign_in_refused)
        response = envelope.parse(reply.content)
        api = self.good(envelope.results(response)[0], reply).data
        ends = response.findtext("operation/authentication/sessiontimeout")
        return Token(
            access=(api.findtext("api/sessionid") or "") if api is not None else "",
            expires_at=datetime.fromisoformat(ends).astimezone(UTC) if ends else None,
            extra={"endpoint": self._endpoint(api.findtext("api/endpoint") if api is not None else None)},
        )

    def _sign_in_refused(self) -> NoReturn:
        rule = next(each for each in SPEC.errors if each.name == "sign-in refused")
        raise PlatformError(f"{rule.says} {rule.fix}", platform=SPEC.slug, rule=rule, code="XL03000006")

    def _sender(self) -> envelope.Sender:
        return envelope.Sender(sender_id=str(self.setting("sender_id")), password=str(self.setting("sender_password")))

    def _endpoint(self, given: str | None) -> str:
        """The end point of the session, if it lies where credentials may go: on the connection's host, or at the vendor."""
        own = f"{self.root()}{GATEWAY}"
        there, here = urlsplit(given or own), urlsplit(own)
        at_vendor = there.scheme == "https" and (there.hostname or "").endswith(VENDOR_DOMAIN)
        if there.netloc == here.netloc or at_vendor:
            return given or own
        rule = ErrorRule(name="strange end point", action=Action.STOP, outcome=Outcome.DID_NOT_HAPPEN)
        raise PlatformError(f"the session points to {there.hostname}, which is not the vendor's", platform=SPEC.slug, rule=rule)

    def run(self, functions: Sequence[Function], *, unique: bool = False, read: bool = False) -> tuple[list[Result], Reply]:
        """One request; raises PlatformError when it failed as a whole. A stale session is renewed once."""
        try:
            reply = self._post(functions, self._session_ended, unique=unique, read=read)
        except SessionEnded:
            self.renew_token()
            reply = self._post(functions, self._sign_in_refused, unique=unique, read=read)
        return envelope.results(envelope.parse(reply.content)), reply

    def _post(self, functions: Sequence[Function], when_stale: Callable[[], None], *, unique: bool, read: bool) -> Reply:
        token = self.token()
        content = envelope.body(self._sender(), envelope.session(token.access), functions, control_id=uuid4().hex, unique=unique)
        request = Request(
            method="POST", url=token.extra.get("endpoint", f"{self.root()}{GATEWAY}"), headers=XML, content=content, read=read
        )
        return self.wire.send(request, self.authorisation, when_stale)

    def _session_ended(self) -> NoReturn:
        raise SessionEnded

    def read_complaint(self, reply: Reply) -> Complaint | None:
        """What is wrong with a request as a whole; functions that failed on their own are read from their results."""
        if reply.status >= 400 and b"<response" not in reply.content:
            return None
        return envelope.complaint_of(envelope.parse(reply.content))

    def request_id(self, reply: Reply) -> str:
        return envelope.support_id(reply.text)

    def _error(self, result: Result, reply: Reply) -> PlatformError:
        return self.wire.error(result.complaint or Complaint(), reply)

    def good(self, result: Result, reply: Reply) -> Result:
        if result.complaint is not None:
            raise self._error(result, reply)
        return result

    def read(self, result: Result, reply: Reply) -> Result:
        """A reading function leaves nothing in doubt, whatever its error says."""
        if result.complaint is not None:
            raise self._error(result, reply).as_not_happened()
        return result

    def rows(self, *wanted: Query) -> list[list[reading.Row]]:
        """All records of several queries, asked for together and page by page."""
        rows: list[list[reading.Row]] = [[] for _ in wanted]
        left = {str(position): query for position, query in enumerate(wanted)}
        while left:
            results, reply = self.run([Function(name, query.call()) for name, query in left.items()], read=True)
            found = {each.control_id: self.read(each, reply) for each in results}
            if not found.keys() >= left.keys():
                raise self.problem(UNREADABLE_ANSWER, "the answer has no result for a query")
            for name in left:
                rows[int(name)] += found[name].rows
            left = {name: query.next() for name, query in left.items() if found[name].remaining}
        return rows

    def query(self, name: str, fields: Sequence[str], *where: etree._Element) -> Query:
        private = not self.setting("entity_id")
        return Query(name=name, fields=tuple(fields), where=where, private=private)

    # -- the port -------------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        solution = str(self.setting("tax_solution_id") or "")
        wanted = (
            self.query("LOCATION", ("LOCATIONID", "NAME")),
            self.query("TAXSOLUTION", ("SOLUTIONID", "TAXMETHOD")),
            self.query("ARINVOICE", reading.document_fields(self.settings()), equal("RECORDNO", "0")),  # do all our fields exist?
        )
        try:
            self.renew_token()
            locations, solutions, _ = self.rows(*wanted)
        except PlatformError as error:
            return False, f"{error} {error.rule.says} {error.rule.fix}".strip()
        known = [row["SOLUTIONID"] for row in solutions]
        if solution and solution not in known:
            return False, f"The company has no tax solution {solution!r}; it has {', '.join(known) or 'none'}."
        entity = str(self.setting("entity_id") or "")
        name = next((row["NAME"] for row in locations if row["LOCATIONID"] == entity), "top level")
        return True, f"Company {self.setting('company_id')}, {f'entity {entity} ({name})' if entity else name}."

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return obstacles(document, self.settings())

    def ensure_customer(self, party: Party, currency: str) -> str:  # noqa: ARG002 a customer here takes every currency
        return customers.ensure(self, party)

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return [each for each in self._with_number(number, kind) if each.status is not DocumentStatus.VOID]

    def _with_number(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        """Documents that carry our number as their own or in the custom field, reversed ones included."""
        own = str(self.setting("custom_number_field") or "")
        return self._documents(kind, *(equal(field, number) for field in ("RECORDID", own) if field))

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        return next(iter(self._documents(kind, equal("RECORDNO", remote_id))), None)

    def _documents(self, kind: DocumentKind, *conditions: etree._Element) -> list[RemoteDocument]:
        """The documents that match any of the conditions, each once, with what their lines say."""
        settings = self.settings()
        fields = reading.document_fields(settings)
        found = self.rows(*(self.query(reading.OBJECTS[kind], fields, each) for each in conditions))
        with self.understanding():
            heads = {row["RECORDNO"]: row for rows in found for row in rows if not reading.is_reversal(row)}
        if not heads:
            return []
        [items] = self.rows(self.query(reading.items_of(kind), reading.ITEM_FIELDS, one_of("RECORDKEY", list(heads))))
        with self.understanding():
            lines = {key: [item for item in items if item["RECORDKEY"] == key] for key in heads}
            return [reading.remote_document(kind, row, lines[key], settings) for key, row in heads.items()]

    @contextmanager
    def understanding(self) -> Iterator[None]:
        """Records of another form than documented say nothing about what was booked."""
        try:
            yield
        except (LookupError, ValueError, ArithmeticError) as error:
            raise self.problem(UNREADABLE_ANSWER, f"a record lacks or misspells {error}") from None

    # -- documents ------------------------------------------------------------------------------------------------------------

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Create and (unless the option `draft` is set) post; one request, one result per document, each read back.

        A request whose XML is refused books nothing: it is halved until the document that the schema refuses stands alone.
        """
        sent: list[Sent] = []
        functions: dict[str, Function] = {}
        for each in batch:
            try:
                functions[each.key] = self._function(each)
            except ReferenceMissing as error:
                sent.append(Sent(key=each.key, error=self.problem(NOT_EXPRESSIBLE, str(error))))
        return sent + self._create([each for each in batch if each.key in functions], functions)

    def _function(self, sending: Sending) -> Function:
        return Function(sending.key, mapping.create_function(sending.document, sending.references, sending.options))

    def _create(self, batch: Sequence[Sending], functions: Mapping[str, Function]) -> list[Sent]:
        if not batch:
            return []
        try:
            results, reply = self.run([functions[each.key] for each in batch], unique=True)
        except PlatformError as error:
            if error.rule.name != SCHEMA:
                raise
            if len(batch) == 1:
                return [Sent(key=batch[0].key, error=error)]
            middle = len(batch) // 2
            return [*self._half(batch[:middle], functions), *self._half(batch[middle:], functions)]
        return self._sent(batch, {each.control_id: each for each in results}, reply)

    def _half(self, batch: Sequence[Sending], functions: Mapping[str, Function]) -> list[Sent]:
        """What fails one half as a whole says nothing about the other."""
        try:
            return self._create(batch, functions)
        except PlatformError as error:
            return [Sent(key=each.key, error=error) for each in batch]

    def _sent(self, batch: Sequence[Sending], results: Mapping[str, Result], reply: Reply) -> list[Sent]:
        answered = {each.key: results[each.key] for each in batch if each.key in results}
        booked = {each.key: each for each in batch if each.key in answered and answered[each.key].complaint is None}
        back = self._read_back([(booked[key].document.kind, answered[key].key) for key in booked])
        return [self._sent_one(each, answered.get(each.key), back, reply) for each in batch]

    def _sent_one(self, sending: Sending, result: Result | None, back: Mapping[str, RemoteDocument] | PlatformError, reply: Reply) -> Sent:
        if result is None:
            return Sent(key=sending.key, error=self.problem(NOT_ANSWERED, "the answer has no result for this document"))
        if result.complaint is not None:
            return self._refused(sending, self._error(result, reply))
        remote = None if isinstance(back, PlatformError) else back.get(result.key)
        if remote is None:
            return Sent(key=sending.key, error=self.problem(READ_BACK, f"record {result.key} was booked, but not read back"))
        return self._there(sending, remote)

    def _there(self, sending: Sending, remote: RemoteDocument, note: str = "") -> Sent:
        """A document that is there: booked, unless it is a draft that nobody asked for."""
        if remote.status is DocumentStatus.DRAFT and not sending.options.get("draft"):
            return Sent(key=sending.key, remote=remote, error=self.problem(LEFT_DRAFT, f"{remote.number} is a draft"))
        return Sent(key=sending.key, remote=remote, note=note)

    def problem(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)

    def _read_back(self, made: Sequence[tuple[DocumentKind, str]]) -> dict[str, RemoteDocument] | PlatformError:
        found: dict[str, RemoteDocument] = {}
        for kind in {kind for kind, _ in made}:
            keys = [key for each, key in made if each is kind]
            try:
                documents = self._documents(kind, one_of("RECORDNO", keys))
            except PlatformError as error:
                return error
            found |= {each.remote_id: each for each in documents}
        return found

    def _refused(self, sending: Sending, error: PlatformError) -> Sent:
        """A refusal; where the number is taken, whoever has it decides: a live document may be ours of an earlier attempt."""
        if error.rule.name not in DUPLICATES:
            return Sent(key=sending.key, error=error)
        try:
            holders = self._with_number(sending.document.number, DocumentKind(sending.document.kind))
        except PlatformError:
            return Sent(key=sending.key, error=error)
        live = [each for each in holders if each.status is not DocumentStatus.VOID]
        if len(live) == 1:
            return self._there(sending, live[0], "was there already")
        return Sent(key=sending.key, error=self.problem(NUMBER_SPENT, error.message) if holders and not live else error)

    def wants_draft(self, options: Mapping[str, Any]) -> bool:
        return bool(options.get("draft"))

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """Change it in place while it is unpaid. Lines can be replaced and added, not removed (the vendor has no function for it)."""
        try:
            return Sent(key=sending.key, remote=self._updated(sending, remote))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def _updated(self, sending: Sending, remote: RemoteDocument) -> RemoteDocument | None:
        with before_sending():
            now = self.get_invoice(remote.remote_id, remote.kind)
            there = self._line_count(remote)
        if now is None or (remote.version and now.version != remote.version):
            raise self.problem(CHANGED_THERE, f"{remote.kind.value} {remote.number} was changed in Sage Intacct at {now and now.version}")
        if len(mapping.entries(sending.document, sending.references)) < there:
            raise self.problem(NOT_EXPRESSIBLE, "Sage Intacct cannot remove lines from a document: reverse it and send a new one")
        call = mapping.update_function(sending.document, sending.references, remote.remote_id, there)
        # An id that was used before then says that this change was made to this version, and not only that it was tried.
        [result], reply = self.run([Function(str(uuid5(UUID(sending.key), remote.version)), call)], unique=True)
        self.good(result, reply)
        with self.reading_back(f"record {remote.remote_id}"):
            return self.get_invoice(remote.remote_id, remote.kind)

    @contextmanager
    def reading_back(self, what: str) -> Iterator[None]:
        """Whatever stops the reading after a change: the change was made, and is to be looked up."""
        try:
            yield
        except PlatformError as error:
            raise self.problem(READ_BACK, f"{what} was changed or booked, but not read back: {error.message}") from None

    def _line_count(self, remote: RemoteDocument) -> int:
        """How many lines the platform counts, document discounts and sales tax included."""
        [items] = self.rows(self.query(reading.items_of(remote.kind), reading.ITEM_FIELDS, equal("RECORDKEY", remote.remote_id)))
        return sum(1 for item in items if not item["PARENTENTRY"])

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:
        """Drafts and credit notes are deleted, posted invoices reversed (a second record with negative totals)."""
        try:
            now = self.get_invoice(remote.remote_id, remote.kind)
            if now is None or now.status is DocumentStatus.VOID:
                return Sent(key=key, remote=now or _voided(remote), note="was void already")
            return self._voided_now(now, on, reason, key)
        except PlatformError as error:
            return Sent(key=key, error=error)

    def _voided_now(self, remote: RemoteDocument, on: date, reason: str, key: str) -> Sent:
        deleted = remote.status is DocumentStatus.DRAFT or remote.kind is DocumentKind.CREDIT_NOTE
        call = mapping.delete_function(remote) if deleted else mapping.reverse_function(remote, on, reason)
        [result], reply = self.run([Function(key, call)], unique=True)
        self.good(result, reply)
        with self.reading_back(f"record {remote.remote_id}"):
            after = None if deleted else self.get_invoice(remote.remote_id, remote.kind)
        if after is not None and after.status is not DocumentStatus.VOID:
            raise self.problem(NOT_REVERSED, f"{after.number} is {after.status.value} after its reversal")
        return Sent(key=key, remote=after or _voided(remote), note="deleted" if deleted else f"reversed on {on}")

    # -- payments -------------------------------------------------------------------------------------------------------------

    def payment_obstacles(self, payment: Payment) -> Iterable[Obstacle]:
        return rate_of_another_ledger(payment, str(self.setting("base_currency")))

    def receipts_account(self, currency: str) -> str:  # noqa: ARG002 one for all of them
        return str(self.setting("bank_account_id") or self.setting("undeposited_account_no") or "")

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        return receipts.changed_since(self, since)

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:
        """Book it once: one that is there already (our mark, or the same number; day and amount) is given back instead."""
        self.require_bookable(payment, references)
        return receipts.apply(self, payment, customer_id, key, references)

    # -- lists ----------------------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        return lists.entries(self, kind, lambda _: ())

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        found = lists.entries(self, kind, lambda field: (one_of(field, sorted(codes)),))
        return [item for item in found if item.code in codes]

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        text = etree.tostring(envelope.content(map(self._function, batch)), encoding="unicode", pretty_print=True)
        return [Preview(method="POST", path=GATEWAY, body=text)]


def _voided(remote: RemoteDocument) -> RemoteDocument:
    return remote.model_copy(update={"status": DocumentStatus.VOID, "balance": None})
