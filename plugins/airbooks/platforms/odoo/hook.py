"""Odoo through its own models: `account.move`, `res.partner`, `account.payment` (External JSON-2 API 19.0, or External RPC API).

Documents are imported as drafts with `load`, under external ids that make a repeated request the same document, and posted with
`action_post`. What Odoo does without an error and we do not want silently: it moves the accounting date out of a locked period (told in
`Sent.note`), and takes payments off a document that is cancelled (refused here).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar

from airbooks.canonical import CreditNote, DocumentKind, Finding, Invoice, Party, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent
from airbooks.platforms.errors import ConfigurationError, ErrorRule, PlatformError, ReferenceMissing, classify
from airbooks.platforms.odoo import changing, customers, lists, payments, refusals, sending
from airbooks.platforms.odoo.desk import Place, desk_of, read_place
from airbooks.platforms.odoo.mapping import MOVE_TYPES, ImportRows
from airbooks.platforms.odoo.reading import DOCUMENT_FIELDS, remote_document
from airbooks.platforms.odoo.spec import FIRST_JSON2, PAGE, SPEC
from airbooks.platforms.odoo.transport import Json2, Transport, XmlRpc
from airbooks.platforms.payments import Obstacle
from airbooks.platforms.redaction import redact
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.spec import PlatformSpec
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, base_url

NUMBERS = 100  # looked up at once


class OdooHook(PlatformHook):
    """One company of one Odoo database."""

    spec: ClassVar[PlatformSpec] = SPEC

    def __init__(self, conn_id: str = "", **keywords: Any) -> None:
        super().__init__(conn_id, **keywords)
        self._odoo: Transport | None = None
        self._place: Place | None = None
        self._ids: dict[tuple[ReferenceKind, str], int] = {}
        self.countries: dict[str, int | None] = {}

    # -- the connection -------------------------------------------------------------------------------------------------------

    def root(self) -> str:
        """The base URL; the connection's schema is the database, not part of it."""
        account = self.account
        return base_url(account.host, "", account.port, allow_http=bool(account.extra.get("allow_http")))

    @property
    def odoo(self) -> Transport:
        """The transport that the connection asks for, or that its version has."""
        if self._odoo is None:
            chosen = self.setting("transport") or ("json2" if self.version >= FIRST_JSON2 else "xmlrpc")
            self._odoo = Json2(self) if chosen == "json2" else XmlRpc(self)
        return self._odoo

    @property
    def company_id(self) -> int:
        return int(self.required("company_id"))

    @property
    def version(self) -> int:
        return int(self.required("version"))

    @property
    def module(self) -> str:
        return str(self.setting("xmlid_module"))

    def number_setting(self, name: str) -> int | None:
        value = self.setting(name)
        return int(value) if value not in (None, "") else None

    def required(self, name: str) -> str:
        """A setting that this call cannot do without; raises ConfigurationError."""
        value = self.setting(name)
        if value is None or value == "":
            raise ConfigurationError(f"Connection {self.conn_id!r} (Odoo) has no {name!r}. Set it in its form.")
        return str(value)

    def place(self) -> Place:
        if self._place is None:
            self._place = read_place(self)
        return self._place

    def bank_journal(self) -> Mapping[str, Any]:
        journal = self.place().bank_journal
        if journal is None:
            raise ConfigurationError(f"Connection {self.conn_id!r}: the company has no bank journal. Set bank_journal_id in its form.")
        return journal

    def authorisation(self) -> Mapping[str, str]:
        """JSON-2 takes the key as a bearer token; XML-RPC carries it in the body."""
        if isinstance(self.odoo, XmlRpc):
            return {}
        account = self.account
        return {"Authorization": f"bearer {account.password}", "X-Odoo-Database": account.schema}

    def issue_token(self, newest: Token | None) -> Token:
        """API keys are made by people and are not renewed through the API."""
        raise ConfigurationError(
            f"Connection {self.conn_id!r}: make a new API key in Odoo and store it as the password ({newest is None})."
        )

    def read_complaint(self, reply: Reply) -> Complaint | None:
        return self.odoo.complaint(reply)

    def refused(self, complaint: Complaint) -> PlatformError:
        """An error that came with HTTP 200, by the platform's table; what it does not know is for a person."""
        rule = classify(self.spec.errors, 200, complaint.code or "2", complaint.message)
        return self.failed(rule, complaint.message, code=complaint.code, field=complaint.field)

    def failed(self, rule: ErrorRule, message: str, *, code: str = "", field: str = "") -> PlatformError:
        return PlatformError(redact(message, self.secrets()), platform=self.spec.slug, rule=rule, code=code, field=field)

    # -- reading --------------------------------------------------------------------------------------------------------------

    def pages(self, model: str, domain: list[Any], fields: Sequence[str]) -> Iterator[dict[str, Any]]:
        """All records of a domain (archived ones too) by id, so that nothing is skipped or doubled while others are written."""
        last = 0
        while True:
            rows = self.odoo.run(
                model,
                "search_read",
                domain=[["id", ">", last], *domain],
                fields=list(fields),
                order="id",
                limit=PAGE,
                context={"active_test": False},
                read=True,
            )
            yield from rows
            if len(rows) < PAGE:
                return
            last = int(rows[-1]["id"])

    def by_external_id(self, name: str, model: str = "res.partner") -> int | None:
        """The record that carries an external id of ours."""
        try:
            found = self.odoo.run("ir.model.data", "check_object_reference", module=self.module, xml_id=name, read=True)
        except PlatformError as error:
            if error.rule.name == "external id unknown":
                return None
            raise
        return int(found[1]) if found[0] == model and found[1] else None

    def imported(self, model: str, records: Sequence[ImportRows]) -> list[int]:
        return sending.imported(self, model, records)

    def account_id(self, code: str) -> int:
        return self._id(ReferenceKind.ACCOUNT, code)

    def currency_id(self, code: str) -> int:
        return self._id(ReferenceKind.CURRENCY, code)

    def _id(self, kind: ReferenceKind, code: str) -> int:
        """The id of a code of the platform's own (from the connection or a currency); raises ConfigurationError when it has none."""
        if (kind, code) not in self._ids:
            found = [each for each in self.find_reference(kind, [code]) if each.active]
            if not found:
                raise ConfigurationError(f"Connection {self.conn_id!r}: Odoo has no active {kind.value} {code!r} in this company.")
            self._ids[kind, code] = int(found[0].remote_id)
        return self._ids[kind, code]

    def preceding(self, documents: Sequence[Invoice | CreditNote]) -> dict[str, int]:
        """The posted invoices that credit notes correct, by our number."""
        numbers = [
            each.preceding_invoices[0].number for each in documents if isinstance(each, CreditNote) and len(each.preceding_invoices) == 1
        ]
        rows = sending.live_documents(self, numbers, ["id", "ref", "move_type", "state"]) if numbers else []
        return {row["ref"]: row["id"] for row in rows if row["move_type"] == "out_invoice" and row["state"] == "posted"}

    # -- the port -------------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        try:
            version = self.odoo.server_version()
            place = self.place()
            self.odoo.run("account.move", "search_count", domain=[["company_id", "=", self.company_id]], read=True)
        except (PlatformError, ConfigurationError) as error:
            return False, str(error)
        if str(self.version) not in re.findall(r"\d+", version)[:1]:
            return False, f"The server is Odoo {version}, the connection says {self.version}. Correct version in its form."
        bank = place.bank_journal["name"] if place.bank_journal else "no bank journal: payments cannot be booked"
        return True, f"Odoo {version}, {place.company} ({place.currency}), journals: {place.sale_journal['name']}, {bank}"

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals.refusals(document, self.settings(), self.conn_id)

    def ensure_customer(self, party: Party, currency: str) -> str:  # noqa: ARG002  the port's signature
        """`currency` plays no part: an Odoo partner is invoiced in any."""
        return str(customers.ensure_customer(self, party))

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return self.find_invoices([(number, kind)])[number, kind]

    def find_invoices(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]:
        found: dict[tuple[str, DocumentKind], list[RemoteDocument]] = {each: [] for each in wanted}
        numbers = sorted({number for number, _ in wanted})
        for start in range(0, len(numbers), NUMBERS):
            for row in sending.live_documents(self, numbers[start : start + NUMBERS], DOCUMENT_FIELDS):
                remote = remote_document(row)
                found.get((remote.our_number, remote.kind), []).append(remote)
        return found

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        rows = sending.read_documents(self, [int(remote_id)])
        return remote_document(rows[0]) if rows and rows[0]["move_type"] == MOVE_TYPES[kind] else None

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        preceding = self.preceding([each.document for each in batch])
        items: list[sending.Outgoing] = []
        answers: list[Sent] = []
        for each in batch:
            try:
                error = self._unfit(each)
                items += [] if error else [sending.outgoing(each, desk_of(self, each.options, preceding))]
            except ReferenceMissing as missing:
                error = self.failed(sending.UNMAPPED, str(missing))
            answers += [Sent(key=each.key, error=error)] if error else []
        there = sending.already_there(self, items)
        return [*answers, *there.values(), *sending.create(self, [item for item in items if item.sending.key not in there])]

    def _unfit(self, item: Sending) -> PlatformError | None:
        """What only the place can tell: the route means another company, or the rate leads to another currency than the company's."""
        meant = item.options.get("company_id")
        if meant and int(meant) != self.company_id:
            message = (
                f"the route means company {meant}, connection {self.conn_id!r} works in company {self.company_id}: correct one of them"
            )
            return self.failed(sending.WRONG_PLACE, message)
        rate = item.document.exchange_rate
        if rate is not None and rate.base != self.place().currency:
            message = f"{item.document.number}: the exchange rate is to {rate.base}, the company's currency is {self.place().currency}"
            return self.failed(sending.WRONG_RATE, message)
        return None

    def post_invoices(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        return sending.post(self, batch)

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        try:
            unfit = self._unfit(sending)
            return Sent(key=sending.key, remote=remote, error=unfit) if unfit else changing.update(self, sending, remote)
        except PlatformError as error:
            return Sent(key=sending.key, remote=remote, error=error)

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:
        """Cancel, or reverse by a credit note where the connection says so; never while payments are applied."""
        try:
            done = changing.void(self, remote, on=on, reason=reason)
        except PlatformError as error:
            return Sent(key=key, remote=remote, error=error)
        return Sent(key=key, remote=done.remote, error=done.error, note=done.note)

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        return payments.list_payments(self, since)

    def payment_obstacles(self, payment: Payment) -> Iterable[Obstacle]:
        return payments.obstacles(payment, self.settings())

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002
        """`key` plays no part: an external id of the payment's source and id keeps it from being booked twice."""
        self.require_bookable(payment, references)
        return payments.apply_payment(self, payment, customer_id=customer_id, references=references)

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        return lists.list_entries(self, kind)

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        return list(lists.list_entries(self, kind, codes))

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        shown = []
        preceding = self.preceding([each.document for each in batch])
        for each in batch:
            item = sending.outgoing(each, desk_of(self, each.options, preceding))
            path, body = self.odoo.shown("account.move", "load", fields=list(item.rows.fields), data=item.rows.rows)
            shown.append(Preview(method="POST", path=path, body=body))
        return shown
