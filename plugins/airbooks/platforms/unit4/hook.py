"""The connection to one company of a Unit4 ERPx tenant: transaction batches, report jobs, customers, the ledger through the ObjectAPI.

Nothing is posted by a call: a batch is staged, GL07 posts it later, and only the ledger says that it did. So each create and void hands
out a ticket, and what became of it is read. Every call carries the tenant; the token comes from Unit4 Identity Services.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from airbooks.canonical import CreditNote, DocumentKind, DocumentStatus, Finding, Invoice, Party, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent, in_turn
from airbooks.platforms.errors import (
    UNREADABLE_ANSWER,
    ConfigurationError,
    ErrorRule,
    PlatformError,
    classify,
)
from airbooks.platforms.payments import Obstacle
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.tokens import Token
from airbooks.platforms.unit4 import answers, customers, mapping, reading, receipts, staging
from airbooks.platforms.unit4.reading import Json, Posted, Row
from airbooks.platforms.unit4.refusals import refusals
from airbooks.platforms.unit4.rules import GL07, GL07_FAILED, POSTED_IS_FINAL
from airbooks.platforms.unit4.settings import dimension_slots, is_on, lookup, names, table, whole
from airbooks.platforms.unit4.spec import PAGE, PAYMENT_METHOD, REVERSAL, SPEC
from airbooks.platforms.wire import Complaint, Reply, Request, base_url, to_json

Read = TypeVar("Read")
LOOKUPS = {
    ReferenceKind.ACCOUNT: "account_lookup",
    ReferenceKind.TAX_CODE: "tax_code_lookup",
    ReferenceKind.DIMENSION: "dimension_lookup",
}
DEFAULT_LIFE = 3600


class Unit4Hook(PlatformHook):
    """One company of one tenant, as one machine-to-machine client."""

    spec = SPEC
    page_size = PAGE

    # -- authorisation ----------------------------------------------------------------------------------------------------

    def authorisation(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token().access}"}

    def issue_token(self, newest: Token | None) -> Token:  # noqa: ARG002 there are no refresh tokens: each token is a new one
        """A token for the client credentials, from the identity service of the tenant's region."""
        url = base_url(str(self.setting("token_url")), "", None, allow_http=bool(self.account.extra.get("allow_http")))
        form = {
            "grant_type": "client_credentials",
            "client_id": self.account.login,
            "client_secret": self.account.password,
            "scope": str(self.setting("scope")),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        request = Request(method="POST", url=url, headers=headers, content=urlencode(form).encode(), read=True)
        return self.understood(self.wire.send(request, dict, lambda: None), _token)

    def read_complaint(self, reply: Reply) -> Complaint | None:
        return reading.complaint(reply.status, reply.content)

    # -- calls ------------------------------------------------------------------------------------------------------------

    @property
    def company(self) -> str:
        return str(self.setting("company_id"))

    def ask(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Reply:
        """One call; the tenant goes with each. Raises PlatformError."""
        headers = {"Accept": "application/json", **({"Content-Type": "application/json"} if "json" in more else {}), **(headers or {})}
        return self.call(method, path, params={"tenant": str(self.setting("tenant")), **(params or {})}, headers=headers, **more)

    def objects(
        self, name: str, where: Mapping[str, str], *, order: str, read: Callable[[Json], Read], also: str = "", limit: int | None = None
    ) -> Iterator[Read]:
        """The rows of an object of the company, page by page, each read by `read`; `where` are properties and their values, `also` one
        more condition. The order keeps the pages apart."""
        conditions = [f"{field} eq {quoted(value)}" for field, value in where.items()] + ([also] if also else [])
        asked = {"companyId": self.company, "orderBy": order, "limit": str(limit or self.page_size)}
        if conditions:
            asked["filter"] = " and ".join(conditions)
        offset = 0
        while True:
            reply = self.ask("GET", f"v1/objects/{name}", params={**asked, "offset": str(offset)}, read=True)
            rows = self.understood(reply, lambda body: [read(row) for row in _array(body)])
            yield from rows
            offset += len(rows)
            if limit or len(rows) < self.page_size:
                return

    def understood(self, reply: Reply, read: Callable[[Any], Read]) -> Read:
        """What an answer says; a good status with another form than the connection expects proves nothing."""
        try:
            return read(reply.json())
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError) as error:
            message = f"the answer does not have the form that the connection describes ({type(error).__name__}: {error})"
            raise PlatformError(message, platform=SPEC.slug, rule=UNREADABLE_ANSWER, status=reply.status) from None

    def problem(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)

    def rejection(self, job: reading.Job, batch_id: str) -> PlatformError:
        """What GL07's report says, sorted by the error table."""
        code = GL07 if job.errors else GL07_FAILED
        says = "; ".join(job.errors) or f"the report job of batch {batch_id} did not come to its end"
        return PlatformError(says, platform=SPEC.slug, rule=classify(SPEC.errors, None, code, says), code=code)

    # -- connection -------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Reads one row of each object that the work needs, so that a role, an object or a company that is missing is named."""
        try:
            settings = self.configured()
            for name, order in self._needed_objects():
                told = self._reached(name, order)
                if told:
                    return False, told
        except PlatformError as error:
            return False, f"{error} {error.rule.fix}".strip()
        except ConfigurationError as error:
            return False, str(error)
        way = "GL07 is ordered for each batch" if is_on(settings, "run_gl07") else "GL07 is left to the tenant's schedule"
        return True, f"company {self.company} of tenant {self.setting('tenant')} is reached; {way}"

    def configured(self) -> Mapping[str, str]:
        """The connection's settings, complete and well-formed; raises ConfigurationError."""
        for field in SPEC.form:
            self.setting(field.name)
        settings = self.settings()
        for name in ("status_fields", "ledger_fields", "gl07_parameters"):
            table(settings, name)
        for name in ("period_shift", "gl07_variant"):
            whole(settings, name, 0)
        dimension_slots(settings)
        for method in (settings.get("payment_method", ""), *names(settings, "payment_methods")):
            if len(method) > PAYMENT_METHOD:
                raise ConfigurationError(
                    f"Connection {self.conn_id!r}: payment method {method!r} has more than {PAYMENT_METHOD} characters."
                )
        if is_on(settings, "run_gl07") and not settings.get("gl07_user_id"):
            raise ConfigurationError(f"Connection {self.conn_id!r} orders GL07 and names no gl07_user_id (the ERPx user that orders it).")
        return settings

    def _needed_objects(self) -> Iterator[tuple[str, str]]:
        settings = self.settings()
        yield customers.OBJECT, "customerId"
        yield str(self.setting("status_object")), reading.status_fields(settings)["voucher"]
        if settings.get("ledger_object"):
            yield settings["ledger_object"], reading.ledger_fields(settings)["sequence"]
        for field in LOOKUPS.values():
            known = lookup(settings, field)
            if known is not None:
                yield known.name, known.properties[0]

    def _reached(self, name: str, order: str) -> str:
        try:
            list(self.objects(name, {}, order=order, read=dict, limit=1))
        except PlatformError as error:
            return f"object {name!r}: {error} {error.rule.fix}".strip()
        return ""

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals(document, self.configured(), self.conn_id)

    # -- the ledger -------------------------------------------------------------------------------------------------------

    def document_types(self) -> set[str]:
        """The voucher types of our documents: a payment's row bears the number of the invoice that it pays, and is none."""
        return {str(self.setting("voucher_type")), str(self.setting("credit_voucher_type"))}

    def transactions(self, where: Mapping[str, str], *, also: str = "") -> Iterator[Posted]:
        """Customer transactions; `where` in our words (reading.STATUS_FIELDS)."""
        fields = reading.status_fields(self.settings())
        asked = {fields[name]: value for name, value in where.items()}
        name = str(self.setting("status_object"))
        return self.objects(name, asked, order=fields["voucher"], read=lambda row: reading.posted(row, fields), also=also)

    def posted(self, voucher: str) -> Posted | None:
        """Our document behind a voucher number, or None."""
        rows = (each for each in self.transactions({"voucher": voucher}) if each.voucher_type in self.document_types())
        return next(rows, None)

    def voucher_rows(self, voucher: str) -> list[Row]:
        """All rows of a voucher, or none where the connection names no ledger object."""
        name = self.settings().get("ledger_object", "")
        if not name:
            return []
        fields = reading.ledger_fields(self.settings())
        asked = {fields["voucher"]: voucher}
        return list(self.objects(name, asked, order=fields["sequence"], read=lambda row: reading.ledger_row(row, fields)))

    def documents_numbered(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        """Every posted document of a kind with our number, void ones included."""
        found = [each for each in self._numbered(number) if each.kind is kind]
        if not found:
            return []
        void = reading.reversed_vouchers(found, self._numbered(f"{number}{REVERSAL}"))
        return [reading.remote_document(each, self.voucher_rows(each.voucher), is_void=each.voucher in void) for each in found]

    def _numbered(self, number: str) -> list[Posted]:
        return [each for each in self.transactions({"number": number}) if each.voucher_type in self.document_types()]

    def job(self, name: str) -> reading.Job | None:
        """A report job by the last part of its Location; None where there is none, or the tenant does not let it be read (UNVERIFIED)."""
        if not name or not is_on(self.settings(), "read_report_job"):
            return None
        try:
            reply = self.ask("GET", f"{staging.ORDERS}/{name}", read=True)
        except PlatformError as error:
            if error.status in (403, 404, 405):
                return None
            raise
        return self.understood(reply, reading.job)

    # -- customers --------------------------------------------------------------------------------------------------------

    def ensure_customer(self, party: Party, currency: str) -> str:
        return customers.ensure(self, party, currency)

    # -- sales documents --------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        """What the ledger has. A staged batch cannot be seen: where GL07 is not ordered by us, it may still be posted."""
        return [each for each in self.documents_numbered(number, kind) if each.status is not DocumentStatus.VOID]

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        found = self.posted(remote_id)
        if found is None or found.kind is not kind:
            return None
        return next((each for each in self.documents_numbered(found.number, kind) if each.remote_id == remote_id), None)

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Stage each document as a batch of its own and order GL07 for it; the answer is a ticket."""
        return in_turn(batch, lambda sending: answers.create(self, sending))

    def collect_answers(self, taken_on: Sequence[tuple[Sending, str]]) -> list[Sent]:
        return [answers.collect(self, sending, ticket) for sending, ticket in taken_on]

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """Never: what the ledger has is final."""
        return Sent(key=sending.key, error=self.problem(POSTED_IS_FINAL, f"voucher {remote.number} ({remote.our_number})"))

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:
        """Stage a reversing voucher and order GL07 for it; the answer is a ticket."""
        return answers.void(self, remote, on=on, reason=reason, key=key)

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        shown = (mapping.document_batch(each.document, each.references, each.options, answers.corrected(self, each)) for each in batch)
        path = f"/{staging.BATCHES}?tenant={self.setting('tenant')}"
        return [Preview(method="POST", path=path, body=to_json(each.rows).decode()) for each in shown]

    # -- payments ---------------------------------------------------------------------------------------------------------

    def payment_obstacles(self, payment: Payment) -> Iterable[Obstacle]:
        return receipts.obstacles(payment, self.settings())

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        return receipts.listed(self, since)

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002
        """Post a payment through GL07 and look for it a few times; it is found again by its source and source id."""
        self.require_bookable(payment, references)
        return receipts.book(self, payment, customer_id, references)

    # -- reference lists --------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        """Accounts, tax codes and dimension values by the objects that the connection names; payment methods are those it lists. There
        are no items, and the due date stands for the terms."""
        settings = self.settings()
        if kind is ReferenceKind.PAYMENT_METHOD:
            yield from (ReferenceItem(kind=kind, code=name, name=name, remote_id=name) for name in names(settings, "payment_methods"))
        elif kind in LOOKUPS:
            yield from self._looked_up(kind)

    def _looked_up(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        known = lookup(self.settings(), LOOKUPS[kind])
        if known is None:
            return
        wanted = {slot.attribute for slot in dimension_slots(self.settings()).values()}
        for item in self.objects(known.name, {}, order=known.properties[0], read=lambda row: reading.reference_item(kind, row, known)):
            if kind is not ReferenceKind.DIMENSION or item.details["attribute"] in wanted:
                yield item


def quoted(value: str) -> str:
    """A value in a filter; quotes within are doubled (UNVERIFIED)."""
    return "'" + value.replace("'", "''") + "'"


def _array(body: Any) -> list[Json]:
    if not isinstance(body, list):
        raise TypeError("not a JSON array")
    return body


def _token(body: Mapping[str, Any]) -> Token:
    life = timedelta(seconds=int(body.get("expires_in", DEFAULT_LIFE)))
    return Token(access=body["access_token"], expires_at=datetime.now(UTC) + life)
