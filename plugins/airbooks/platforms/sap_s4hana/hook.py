"""The connection to one company code of SAP S/4HANA (Cloud Public Edition, private cloud, on-premise).

The blueprint's API_SALES_INVOICE_SRV has never existed. Invoices are posted by the SOAP service "Journal Entry - Post (Synchronous)" and
read back over OData V2 (API_OPLACCTGDOCITEMCUBE_SRV). The service knows no idempotency: a repeated message is booked twice, so that every
document is looked up by our number first. A posted document can only be reversed; the open-item service may show a posting a moment late,
and the document is then a ticket until it does. Sales orders, deliveries and billing documents of S/4HANA itself are not built, nor are
client certificates and OAuth; the Basic authentication of the communication user is used throughout.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property

from lxml import etree

from airbooks.canonical import CreditNote, DocumentKind, DocumentStatus, Finding, Invoice, Party, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent, in_turn
from airbooks.platforms.errors import Action, ConfigurationError, ErrorRule, Outcome, PlatformError, ReferenceMissing
from airbooks.platforms.payments import Obstacle
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.sap_s4hana import checks, lists, mapping, reading, settlements
from airbooks.platforms.sap_s4hana.client import Client
from airbooks.platforms.sap_s4hana.customers import Customers
from airbooks.platforms.sap_s4hana.documents import Documents, Wanted
from airbooks.platforms.sap_s4hana.receipts import Receipts
from airbooks.platforms.sap_s4hana.refusals import refusals
from airbooks.platforms.sap_s4hana.soap import message_id
from airbooks.platforms.sap_s4hana.spec import SPEC
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply

CUSTOMER_MAX = 10
LOOKS = (0.0, 0.2, 0.5)  # seconds before each look at what was just posted; after them it is a ticket

NO = Outcome.DID_NOT_HAPPEN
NOT_EXPRESSIBLE = ErrorRule(name="not expressible", action=Action.REVIEW, outcome=NO)
NOT_CHANGEABLE = ErrorRule(
    name="posted documents are fixed",
    action=Action.REVIEW,
    outcome=NO,
    says="A posted document cannot be changed in SAP S/4HANA.",
    fix="Void it (it is reversed there) and send it under a new number, or send a credit note.",
)
NOT_THERE = ErrorRule(name="not there", action=Action.REVIEW, outcome=NO, fix="Look for the document in SAP S/4HANA, then answer Retry.")
HAS_PAYMENTS = ErrorRule(
    name="payments applied",
    action=Action.REVIEW,
    outcome=NO,
    says="Payments are applied to the document, and a cleared document cannot be reversed.",
    fix="Reset the clearing in SAP S/4HANA first (FBRA), or send a credit note.",
)
BOOKED_TWICE = ErrorRule(name="booked more than once", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)


class SapS4HanaHook(PlatformHook):
    """One company code; a document's remote id is its number, company code and fiscal year, glued together as SAP does it."""

    spec = SPEC

    # -- authorisation --------------------------------------------------------------------------------------------------------

    def authorisation(self) -> Mapping[str, str]:
        return self.client.basic()

    def issue_token(self, newest: Token | None) -> Token:  # noqa: ARG002 the old one is of no use
        """A CSRF token and its cookies, which OData writes need beside the authorisation."""
        return self.client.fetch_csrf()

    def read_complaint(self, reply: Reply) -> Complaint | None:
        return reading.complaint(reply)

    def request_id(self, reply: Reply) -> str:
        return reply.headers.get("sap-message-id", "") or reply.headers.get("x-request-id", "")

    @cached_property
    def client(self) -> Client:
        return Client(self)

    @property
    def documents(self) -> Documents:
        return Documents(self.client)

    # -- connection -----------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Reads open items and accounts and fetches a CSRF token; posting itself is only tried by the first document."""
        try:
            return checks.examine(self.client)
        except (PlatformError, ConfigurationError) as error:
            fix = f" {error.rule.fix}" if isinstance(error, PlatformError) and error.rule.fix else ""
            return False, f"{error}{fix}"

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals(document, self.settings())

    def ensure_customer(self, party: Party, currency: str) -> str:  # noqa: ARG002 a customer's items may be in any currency
        return Customers(self.client).ensure(party)

    # -- reading --------------------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return self.find_invoices([(number, kind)])[number, kind]

    def find_invoices(self, wanted: Sequence[Wanted]) -> dict[Wanted, list[RemoteDocument]]:
        return self.documents.find(wanted)

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        remote = self.documents.get(remote_id)
        return remote if remote is not None and remote.kind is kind else None

    # -- creating -------------------------------------------------------------------------------------------------------------

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """One request each: whether one entry of several rolls the others back is not documented."""
        return in_turn(batch, self._create)

    def _create(self, sending: Sending) -> Sent:
        try:
            posted = self.client.post(self._entry(sending), message_id(sending.key))
        except PlatformError as error:
            return Sent(key=sending.key, error=error)
        return self._look_at(sending, posted.key, LOOKS)

    def _entry(self, sending: Sending) -> etree._Element:
        customer = sending.references.customer
        if len(customer) > CUSTOMER_MAX:
            raise self.client.error(NOT_EXPRESSIBLE, f"{customer!r} is no customer number of SAP S/4HANA: it has more than 10 characters")
        return self._mapped(sending)

    def _mapped(self, sending: Sending) -> etree._Element:
        try:
            return mapping.journal_entry(sending.document, sending.references, sending.options)
        except (ReferenceMissing, mapping.Inexpressible) as missing:
            raise self.client.error(NOT_EXPRESSIBLE, str(missing)) from None

    def collect_answers(self, taken_on: Sequence[tuple[Sending, str]]) -> list[Sent]:
        """Whether documents that were posted are shown by now; the ticket is the document's own key."""
        return [self._look_at(sending, ticket, (0.0,)) for sending, ticket in taken_on]

    def _look_at(self, sending: Sending, remote_id: str, pauses: Sequence[float]) -> Sent:
        """The document that was just posted, as the open items show it; a ticket where they do not yet."""
        for pause in pauses:
            time.sleep(pause)
            try:
                there = self.documents.numbered([sending.document.number])
            except PlatformError:
                break
            mine = [each for each in there if each.remote_id == remote_id]
            live = [each for each in there if each.kind is sending.document.kind and each.status is not DocumentStatus.VOID]
            if mine:
                return self._one_of(sending, live or mine)
        return Sent(key=sending.key, ticket=remote_id)

    def _one_of(self, sending: Sending, live: Sequence[RemoteDocument]) -> Sent:
        """A request that something on the way doubled is booked twice: a person must see both."""
        if len(live) == 1:
            return Sent(key=sending.key, remote=live[0])
        says = f"{sending.document.number} is booked {len(live)} times: {', '.join(each.remote_id for each in live)}"
        return Sent(key=sending.key, error=self.client.error(BOOKED_TWICE, says))

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        path = str(self.setting("je_post_path"))
        texts = (etree.tostring(self._mapped(each), encoding="unicode", pretty_print=True) for each in batch)
        return [Preview(method="POST", path=path, body=text) for text in texts]

    # -- changing -------------------------------------------------------------------------------------------------------------

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """Never: posted documents are fixed."""
        says = f"{remote.number} is posted; amounts and customer of a posted document cannot be changed"
        return Sent(key=sending.key, error=self.client.error(NOT_CHANGEABLE, says))

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:  # noqa: ARG002 reasons are codes there
        """Reverse it: a second document with the opposite signs, which also clears the pair."""
        try:
            now = self._before(remote)
            if now.status is DocumentStatus.VOID:
                return Sent(key=key, remote=now, note="was reversed already")
            return self._reverse(now, on, key)
        except PlatformError as error:
            if error.outcome is Outcome.HAPPENED:
                return Sent(key=key, remote=_void(remote), note="was reversed already")
            return Sent(key=key, error=error)

    def _before(self, remote: RemoteDocument) -> RemoteDocument:
        """The document as it is now; what fails here has changed nothing."""
        try:
            now = self.get_invoice(remote.remote_id, remote.kind)
        except PlatformError as error:
            raise error.as_not_happened() from None
        if now is None:
            raise self.client.error(NOT_THERE, f"document {remote.remote_id} is not among the open items")
        if now.status in {DocumentStatus.PAID, DocumentStatus.PARTIALLY_PAID}:
            raise self.client.error(HAS_PAYMENTS, f"{now.number} has {now.balance} of {now.total} left")
        return now

    def _reverse(self, now: RemoteDocument, on: date, key: str) -> Sent:
        settings = self.settings()
        kind = settings["doc_type_invoice"] if now.kind is DocumentKind.INVOICE else settings["doc_type_credit"]
        entry = mapping.reversal_entry(now.remote_id, kind, now.issue_date or on, on, settings)
        posted = self.client.post(entry, message_id(key, "AV-"))
        return Sent(key=key, remote=_void(now), note=f"reversed by {posted.number}")

    # -- payments -------------------------------------------------------------------------------------------------------------

    def payment_obstacles(self, payment: Payment) -> Iterable[Obstacle]:
        return settlements.obstacles(payment, self.settings())

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        return self._receipts.since(since)

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:
        """Book it on its mapped bank account or the connection's (methods of payment have no master there), and clear its invoices."""
        self.require_bookable(payment, references)
        account = ReferenceKind.ACCOUNT, payment.bank_account
        bank = references.get(*account).remote_id if references.has(*account) else ""
        return self._receipts.apply(payment, customer_id, key, bank)

    @property
    def _receipts(self) -> Receipts:
        return Receipts(self.client, self.documents)

    # -- lists ----------------------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        """Accounts of the chart; tax codes and account assignments are those that the connection names."""
        return lists.entries(self.client, kind)

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        """Accounts are asked for by number; a chart may have thousands."""
        return [item for item in lists.entries(self.client, kind, codes) if item.code in codes]


def _void(remote: RemoteDocument) -> RemoteDocument:
    return remote.model_copy(update={"status": DocumentStatus.VOID, "balance": None})
