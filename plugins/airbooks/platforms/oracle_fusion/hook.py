"""The connection to one business unit of Oracle Receivables: transactions, receipts, reference lists (REST 11.13.18.05).

Sales invoices are receivablesInvoices; the resource /invoices belongs to Payables and would book a debt. Every request names its REST
framework version: without it Oracle takes version 1, whose errors are bare text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, TypeVar

from airbooks.canonical import CreditNote, DocumentKind, DocumentStatus, Finding, Invoice, Party, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent, in_turn
from airbooks.platforms.errors import UNREADABLE_ANSWER, ConfigurationError, ErrorRule, PlatformError, ReferenceMissing
from airbooks.platforms.oracle_fusion import access, changing, mapping, queries, reading, receipts
from airbooks.platforms.oracle_fusion.refusals import refusals
from airbooks.platforms.oracle_fusion.settings import names, segments, table
from airbooks.platforms.oracle_fusion.spec import (
    ACCOUNT_NUMBER,
    BASIC,
    BY_NAME,
    BY_NUMBER,
    GONE,
    JWT,
    LEFT_INCOMPLETE,
    NO_ACCOUNT,
    NO_MAPPING,
    NOT_RENEWABLE,
    PAGE,
    RESOURCES,
    SPEC,
)
from airbooks.platforms.payments import Obstacle, rate_of_another_ledger
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, base_url, to_json

Row = Mapping[str, Any]
Read = TypeVar("Read")

ITEM, BATCH_TYPE, ACTION = (f"application/vnd.oracle.adf.{kind}+json" for kind in ("resourceitem", "batch", "action"))
ACTIVITIES = "receivablesCustomerAccountActivities"


class OracleFusionHook(PlatformHook):
    """One business unit of one pod, as one Fusion user."""

    spec = SPEC
    page_size = PAGE

    # -- authorisation ----------------------------------------------------------------------------------------------------

    def authorisation(self) -> Mapping[str, str]:
        if self.setting("auth") == BASIC:
            return {"Authorization": access.basic(self.account.login, self.account.password)}
        return {"Authorization": f"Bearer {self.token().access}"}

    def issue_token(self, newest: Token | None) -> Token:  # noqa: ARG002 nothing is refreshed: each token is a new one
        """An access token for the client credentials, or one signed by ourselves."""
        if self.setting("auth") == JWT:
            return self._signed()
        self._needed("token_url", "scope")
        url = base_url(str(self.setting("token_url")), "", None, allow_http=bool(self.account.extra.get("allow_http")))
        request = access.token_request(url, self.account.login, self.account.password, str(self.setting("scope")))
        reply = self.wire.send(request, dict, lambda: None)
        return self._understood(reply, lambda body: access.token(body, datetime.now(UTC)))

    def _needed(self, *fields: str) -> dict[str, str]:
        """The fields that this kind of authentication needs; raises ConfigurationError for empty ones."""
        told = {name: str(self.setting(name) or "") for name in fields}
        missing = [name for name, value in told.items() if not value]
        if missing:
            auth = self.setting("auth")
            raise ConfigurationError(f"Connection {self.conn_id!r} authenticates by {auth} and has no {', '.join(missing)}.")
        return told

    def _signed(self) -> Token:
        told = self._needed("jwt_issuer", "username", "jwt_private_key", "jwt_cert_thumbprint")
        try:
            return access.self_signed(
                issuer=told["jwt_issuer"],
                user=told["username"],
                private_key=told["jwt_private_key"],
                thumbprint=told["jwt_cert_thumbprint"],
            )
        except ValueError:
            # Its own text would quote the key.
            raise ConfigurationError(f"Connection {self.conn_id!r}: jwt_private_key is not an RSA private key in PEM.") from None

    def renew_token(self) -> None:
        if self.setting("auth") != BASIC:
            super().renew_token()

    def read_complaint(self, reply: Reply) -> Complaint | None:
        found = reading.complaint(reply.status, reply.content)
        if found is not None and reply.status == 401 and not found.code and self.setting("auth") == BASIC:
            return Complaint(code=NOT_RENEWABLE, message=found.message)
        return found

    def request_id(self, reply: Reply) -> str:
        return reply.headers.get("x-oracle-dms-ecid", "")

    # -- calls ------------------------------------------------------------------------------------------------------------

    def _call(self, method: str, path: str, kind: str = "", **more: Any) -> Reply:
        headers = {"REST-Framework-Version": str(self.setting("framework_version")), "Accept": "application/json"}
        headers |= {"Content-Type": kind} if kind else {}
        return self.call(method, f"{RESOURCES}/{path}".rstrip("/"), headers={**headers, **more.pop("headers", {})}, **more)

    def rows(self, path: str, read: Callable[[Row], Read], **asked: str) -> Iterator[Read]:
        """All rows of a collection, page by page, each read by `read`; `orderBy` keeps the pages apart."""
        offset = 0
        while True:
            params = {**asked, "limit": str(self.page_size), "offset": str(offset)}
            reply = self._call("GET", path, params={name: value for name, value in params.items() if value}, read=True)
            found, more = self._understood(reply, lambda body: (list(map(read, body["items"])), bool(body["hasMore"])))
            yield from found
            offset += len(found)
            if not more or not found:
                return

    def row(self, remote_id: str, kind: DocumentKind, also: str = "") -> Row | None:
        """A transaction with its lines, tax, instalments and the children `also`, or None where there is none."""
        path = f"{reading.RESOURCE[kind]}/{remote_id}"
        try:
            reply = self._call("GET", path, params={"expand": reading.expansion(kind) + also}, read=True)
        except PlatformError as error:
            if error.code == GONE:
                return None
            raise
        self._understood(reply, lambda row: (self.document(row, kind), reading.installments(row)))
        return self._understood(reply, _object)

    def post(self, path: str, body: Mapping[str, Any], read: Callable[[Row], Read]) -> Read:
        """Create, and what `read` makes of the answer."""
        return self._understood(self._call("POST", path, ITEM, json=dict(body)), read)

    def act(self, path: str, body: Mapping[str, Any]) -> None:
        """An action on a resource (the plain form of its body is UNVERIFIED for all framework versions)."""
        self._understood(self._call("POST", path, ACTION, json=dict(body)), lambda answer: answer["result"])

    def patch(self, remote_id: str, body: Mapping[str, Any], version: str) -> RemoteDocument:
        """Change an invoice, if nobody else has since `version`."""
        headers = {"If-Match": version} if version else {}
        reply = self._call("PATCH", f"{mapping.INVOICES}/{remote_id}", ITEM, headers=headers, json=dict(body))
        return self._understood(reply, lambda row: self.document(row, DocumentKind.INVOICE))

    def delete(self, remote_id: str, version: str) -> None:
        self._call("DELETE", f"{mapping.INVOICES}/{remote_id}", headers={"If-Match": version} if version else {})

    def _understood(self, reply: Reply, read: Callable[[Any], Read]) -> Read:
        """What `read` makes of an answer; a good status with another form than documented proves nothing."""
        try:
            return read(reply.json())
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError) as error:
            message = f"the answer does not have the documented form ({type(error).__name__}: {error})"
            raise PlatformError(message, platform=SPEC.slug, rule=UNREADABLE_ANSWER, status=reply.status) from None

    def problem(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)

    def document(self, row: Row, kind: DocumentKind) -> RemoteDocument:
        return reading.remote_document(row, kind, self.settings())

    # -- connection -------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Reads one row of each resource that the work needs. A user without data access to the business unit sees empty lists, which
        Oracle does not tell from a new business unit."""
        unit = ""
        try:
            unit = str(self.setting("business_unit"))
            for name in ("customer_accounts", "bill_to_sites"):
                table(self.settings(), name)
            segments(self.settings())
            for path in (mapping.CREDIT_MEMOS, mapping.RECEIPTS, ACTIVITIES):
                self._first(path)
            seen = self._first(mapping.INVOICES, q=queries.where(("BusinessUnit", "=", unit)))
        except PlatformError as error:
            return False, f"{error} {error.rule.fix}".strip()
        except ConfigurationError as error:
            return False, str(error)
        if seen:
            return True, f"business unit {unit!r} is reached"
        return True, f"Oracle answers, but shows no transaction of {unit!r}: it is new, or the user has no data access to it"

    def _first(self, path: str, **asked: str) -> list[Row]:
        reply = self._call("GET", path, params={**asked, "limit": "1", "onlyData": "true"}, read=True)
        return self._understood(reply, lambda body: list(body["items"]))

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals(document, self.settings(), self.conn_id)

    # -- customers --------------------------------------------------------------------------------------------------------

    def ensure_customer(self, party: Party, currency: str) -> str:  # noqa: ARG002 an account takes every currency
        """The account number of a customer: from the connection's table, else by the way it names. None is ever created: no REST call
        does that. A number cannot be verified beforehand, for accounts without activity may be missing from what REST shows."""
        known = table(self.settings(), "customer_accounts")
        if party.code in known:
            return known[party.code]
        way = self.setting("find_customers")
        if way == BY_NUMBER and len(party.code) <= ACCOUNT_NUMBER:
            return party.code
        found = self._accounts_named(party.name) if way == BY_NAME else []
        free = [number for number in found if number not in known.values()]
        if len(free) == 1:
            return free[0]
        why = {BY_NAME: f"{len(free)} accounts have this name", BY_NUMBER: f"an account number has at most {ACCOUNT_NUMBER} characters"}
        raise self.problem(NO_ACCOUNT, f"customer {party.code} ({party.name}): {why.get(way, 'customer_accounts does not name it')}")

    def _accounts_named(self, name: str) -> list[str]:
        asked = queries.where(("CustomerName", "=", name))
        found = self.rows(ACTIVITIES, reading.account, q=asked, onlyData="true", orderBy="AccountId")
        return [account.number for account in found if account.name == name]

    def account_id(self, number: str) -> str:
        """Oracle's own id of an account with activity, or empty."""
        asked = queries.where(("AccountNumber", "=", number))
        return next((each.remote_id for each in self.rows(ACTIVITIES, reading.account, q=asked, onlyData="true", orderBy="AccountId")), "")

    # -- sales documents --------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        asked = queries.by_number(reading.RESOURCE[kind], number, str(self.setting("business_unit")), str(self.setting("number_search")))
        found = self.rows(
            reading.RESOURCE[kind],
            lambda row: (row["TransactionSource"], self.document(row, kind)),
            **asked,
            expand=reading.expansion(kind),
            orderBy="CustomerTransactionId",
        )
        ours = [each for source, each in found if (each.number, source) == (number, self.setting("transaction_source"))]
        return [each for each in ours if each.status is not DocumentStatus.VOID]

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        row = self.row(remote_id, kind)
        return None if row is None else self.document(row, kind)

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """One POST for one document, one batch for several. A batch is all or nothing: when it is refused, nothing of it was booked, and
        each document goes alone, so that a bad one neither undoes nor delays the others."""
        results: list[Sent] = []
        bodies: list[tuple[Sending, mapping.Body]] = []
        for sending in batch:
            try:
                bodies.append((sending, mapping.document_body(sending.document, sending.references, sending.options)))
            except ReferenceMissing as missing:
                results.append(Sent(key=sending.key, error=self.problem(NO_MAPPING, str(missing))))
        if len(bodies) > 1:
            together = self._create_together(bodies)
            if together is not None:
                return [*results, *together]
        return [*results, *self._create_alone(bodies)]

    def _create_alone(self, bodies: Sequence[tuple[Sending, mapping.Body]]) -> list[Sent]:
        body_of = {sending.key: body for sending, body in bodies}
        return in_turn([sending for sending, _ in bodies], lambda sending: self._create(sending, body_of[sending.key]))

    def _create(self, sending: Sending, body: mapping.Body) -> Sent:
        kind = sending.document.kind
        try:
            return self._taken_in(sending, self.post(reading.RESOURCE[kind], body, lambda row: self.document(row, kind)))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)

    def _taken_in(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """A document that an approval holds incomplete is not booked."""
        is_held = remote.status is DocumentStatus.DRAFT and not sending.options.get("leave_incomplete")
        error = self.problem(LEFT_INCOMPLETE, f"transaction {remote.number} is incomplete") if is_held else None
        return Sent(key=sending.key, remote=remote, error=error)

    def _create_together(self, bodies: Sequence[tuple[Sending, mapping.Body]]) -> list[Sent] | None:
        """The documents of one batch by its answer, or None when Oracle refused the batch for one of its parts."""
        try:
            reply = self._call("POST", "", BATCH_TYPE, json=_batch_body(bodies), scope="batch")
        except PlatformError as error:
            if error.status == 400:
                return None
            raise
        answers = self._understood(reply, lambda body: {part["id"]: part["payload"] for part in body["parts"]})
        named = [(sending, answers[sending.key]) for sending, _ in bodies if sending.key in answers]
        return self._understood(
            reply, lambda _: [self._taken_in(sending, self.document(row, sending.document.kind)) for sending, row in named]
        )

    def wants_draft(self, options: Mapping[str, Any]) -> bool:
        return bool(options.get("leave_incomplete"))

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        return changing.update(self, sending, remote)

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:  # noqa: ARG002 nothing of it is kept
        return changing.void(self, remote, key)

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        bodies = [(each, mapping.document_body(each.document, each.references, each.options)) for each in batch]
        if len(bodies) == 1:
            ((sending, body),) = bodies
            path = f"{RESOURCES}/{mapping.resource_of(sending.document)}"
            return [Preview(method="POST", path=path, body=to_json(body).decode())]
        return [Preview(method="POST", path=RESOURCES, body=to_json(_batch_body(bodies)).decode())] if bodies else []

    # -- payments ---------------------------------------------------------------------------------------------------------

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        """Receipts changed since, oldest change first; each page begins at the last change seen, so that a receipt that changes
        meanwhile moves to the end and none is skipped."""
        attribute, unit = str(self.setting("receipts_changed_by")), str(self.setting("business_unit"))
        seen: set[tuple[str, str]] = set()
        moment, offset = since, 0
        while True:
            asked = {
                **queries.receipts_since(attribute, moment, unit),
                "limit": str(self.page_size),
                "offset": str(offset),
                "onlyData": "true",
            }
            reply = self._call("GET", mapping.RECEIPTS, params=asked, read=True)
            found, more = self._understood(reply, lambda body: ([reading.receipt(row) for row in body["items"]], bool(body["hasMore"])))
            for receipt in found:
                if (receipt.remote_id, receipt.changed) not in seen:
                    seen.add((receipt.remote_id, receipt.changed))
                    yield receipts.told(self, receipt)
            if not more or not found:
                return
            last = self._understood(reply, lambda body: datetime.fromisoformat(body["items"][-1][attribute]))
            moment, offset = (last, 0) if last > moment else (moment, offset + len(found))

    def payment_obstacles(self, payment: Payment) -> Iterable[Obstacle]:
        return rate_of_another_ledger(payment, str(self.setting("ledger_currency") or ""))

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002
        """Book a receipt and apply it; it is looked for first, by its number and the words in its comments."""
        self.require_bookable(payment, references)
        return receipts.book(self, payment, customer_id, references)

    # -- reference lists --------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        """Lists of the pod; payment terms and memo lines are those that the connection names, for no REST resource lists them."""
        settings = self.settings()
        if kind is ReferenceKind.TERMS:
            yield from (ReferenceItem(kind=kind, code=name, name=name, remote_id=name) for name in names(settings, "payment_terms"))
        elif kind is ReferenceKind.DIMENSION:
            yield from self._dimensions()
        elif kind in reading.LISTS:
            yield from self._entries(kind)
        if kind is ReferenceKind.ITEM:
            memos = names(settings, "memo_lines")
            yield from (ReferenceItem(kind=kind, code=f"{mapping.MEMO}{name}", name=name, remote_id=name) for name in memos)

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        """Items are asked for one by one: a pod may have hundreds of thousands."""
        if kind is not ReferenceKind.ITEM:
            return super().find_reference(kind, codes)
        memos = {f"{mapping.MEMO}{name}": name for name in names(self.settings(), "memo_lines")}
        found = [ReferenceItem(kind=kind, code=code, name=memos[code], remote_id=memos[code]) for code in codes if code in memos]
        for code in sorted(code for code in codes if not code.startswith(mapping.MEMO)):
            found += self._entries(kind, ("ItemNumber", "=", code))
        return found

    def _entries(self, kind: ReferenceKind, *conditions: tuple[str, str, str]) -> list[ReferenceItem]:
        collection, code, _ = reading.LISTS[kind]
        organization = str(self.setting("item_organization") or "") if kind is ReferenceKind.ITEM else ""
        wanted = (*conditions, *([("OrganizationCode", "=", organization)] if organization else []))
        found = self.rows(
            collection, lambda row: reading.reference_item(kind, row), q=queries.where(*wanted), onlyData="true", orderBy=code
        )
        return list({item.code: item for item in found}.values())

    def _dimensions(self) -> Iterator[ReferenceItem]:
        yield from self.rows("inventoryOrganizations", reading.warehouse, onlyData="true", orderBy="OrganizationCode")
        for each in segments(self.settings()).values():
            asked = queries.where(("ValueSetCode", "=", each.value_set))
            read = partial(reading.dimension_values, dimension=each.dimension, segment=each.name)
            for values in self.rows("valueSets", read, q=asked, expand="values", onlyData="true", orderBy="ValueSetCode"):
                yield from values


def _object(body: Any) -> Row:
    if not isinstance(body, dict):
        raise TypeError("not a JSON object")
    return body


def _batch_body(bodies: Sequence[tuple[Sending, mapping.Body]]) -> mapping.Body:
    """One create for each document, known again by its key."""
    return {
        "parts": [
            {"id": sending.key, "path": f"/{mapping.resource_of(sending.document)}", "operation": "create", "payload": body}
            for sending, body in bodies
        ]
    }
