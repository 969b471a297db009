"""The connection to one Brightpearl account: tokens, contacts, sales orders that become invoices, credits, payments, reference lists.

The blueprint's /invoice-service/invoices does not exist: an invoice is a state of a sales order. An order is created with its rows in one
request (external reference and installed integration instance are its key), compared with ours, and closed, which invoices it a moment
later under a number of Brightpearl's own. Private apps send a token that does not expire, OAuth apps one of a week.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from airbooks.canonical import CreditNote, DocumentKind, Finding, Invoice, Party, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.base import PlatformHook, Preview, Sending, Sent
from airbooks.platforms.brightpearl import changing, closing, creating, customers, reading, receipts
from airbooks.platforms.brightpearl.client import BrightpearlClient
from airbooks.platforms.brightpearl.orders import Orders
from airbooks.platforms.brightpearl.reading import documented
from airbooks.platforms.brightpearl.refusals import refusals
from airbooks.platforms.brightpearl.spec import ACCOUNT_TOKEN, OAUTH, SPEC, STAFF_TOKEN, TOKEN_IS_FIXED
from airbooks.platforms.errors import ConfigurationError, PlatformError
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint, Reply, Request, base_url, to_json

TOKEN_HEADERS = {ACCOUNT_TOKEN: "brightpearl-account-token", STAFF_TOKEN: "brightpearl-staff-token"}
SEARCHED_ONE_BY_ONE = 5  # more products than that are found quicker in the whole list
# The lists that make dimensions: what they are called here, the field of an order's head, the address.
DIMENSIONS = (
    ("Warehouse", "warehouseId", "warehouse-service/warehouse"),
    ("Channel", "channelId", "product-service/channel"),
    ("Lead source", "leadSourceId", "contact-service/lead-source"),
)


class BrightpearlHook(PlatformHook):
    """One account of Brightpearl; the account code is part of every address."""

    spec = SPEC

    @cached_property
    def client(self) -> BrightpearlClient:
        return BrightpearlClient(self)

    @cached_property
    def orders(self) -> Orders:
        return Orders(self)

    # -- authorisation ----------------------------------------------------------------------------------------------------

    def _auth(self) -> str:
        chosen = str(self.setting("auth"))
        if chosen not in (ACCOUNT_TOKEN, STAFF_TOKEN, OAUTH):
            raise ConfigurationError(
                f"Connection {self.conn_id!r} (Brightpearl): auth is {chosen!r}, not {ACCOUNT_TOKEN}, {STAFF_TOKEN} or {OAUTH}."
            )
        return chosen

    def secrets(self) -> tuple[str, ...]:
        """The domain that comes with a token is an address and no secret."""
        domain = self._token.extra.get("api_domain", "") if self._token else ""
        return tuple(each for each in super().secrets() if each != domain)

    def root(self) -> str:
        """The connection's host; without one an OAuth connection calls the api_domain that came with its token."""
        if self.account.host:
            return super().root()
        if self._auth() != OAUTH:
            raise ConfigurationError(f"Connection {self.conn_id!r} (Brightpearl) has no host, such as https://euw1.brightpearlconnect.com.")
        return base_url(self.token().extra["api_domain"], self.account.schema, None, allow_http=bool(self.account.extra.get("allow_http")))

    def address(self, path: str) -> str:
        """`service/resource` below the account."""
        if not self.account.login:
            raise ConfigurationError(f"Connection {self.conn_id!r} (Brightpearl) has no account code: set it as login.")
        return f"public-api/{self.account.login}/{path}"

    def authorisation(self) -> Mapping[str, str]:
        auth, app = self._auth(), {"brightpearl-app-ref": str(self.setting("app_ref"))}
        if auth != OAUTH:
            return {**app, TOKEN_HEADERS[auth]: self.account.password}
        developer = str(self.setting("dev_ref") or "")
        return {**app, **({"brightpearl-dev-ref": developer} if developer else {}), "Authorization": f"Bearer {self.token().access}"}

    def issue_token(self, newest: Token | None) -> Token:
        """A week's access token. The refresh token of the last reply is used; the connection's own at first, and when it is another one."""
        if self._auth() != OAUTH:
            raise PlatformError("the token of the connection is refused", platform=SPEC.slug, rule=TOKEN_IS_FIXED)
        refresh = self.refresh_token(newest)
        if not refresh:
            raise ConfigurationError(f"Connection {self.conn_id!r} (Brightpearl) has no refresh_token, which OAuth needs.")
        form = {"grant_type": "refresh_token", "client_id": str(self.setting("client_id") or ""), "refresh_token": refresh}
        form |= {"client_secret": self.account.password} if self.account.password else {}
        url = str(self.setting("token_url")).replace("{account}", self.account.login)
        request = Request(
            method="POST",
            url=base_url(url, "", None, allow_http=bool(self.account.extra.get("allow_http"))),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            content=urlencode(form).encode(),
        )
        reply = self.wire.send(request, dict, lambda: None)
        return documented(lambda: reading.token(reply.json(), refresh))

    def read_complaint(self, reply: Reply) -> Complaint | None:
        return reading.complaint(reply)

    def request_id(self, reply: Reply) -> str:
        return reply.headers.get("ruid", "")

    # -- connection -------------------------------------------------------------------------------------------------------

    def test_connection(self) -> tuple[bool, str]:
        """Reads the currencies, compares base currency, time zone and instance id with the connection, and sees that orders are open."""
        try:
            bases = [each for each in self.list_reference(ReferenceKind.CURRENCY) if each.details["base"] == "True"]
            instance = self.client.installed_instance("order-service/order-status")
            wrong = list(self._disagreements(bases, instance))
        except (PlatformError, ConfigurationError) as error:
            return False, str(error)
        if wrong:
            return False, f"account {self.account.login}: {'; '.join(wrong)}"
        return True, f"account {self.account.login} is reached{self._advice(instance)}"

    def _disagreements(self, bases: list[ReferenceItem], instance: str) -> Iterator[str]:
        home, stored = ", ".join(each.code for each in bases), str(self.setting("home_currency"))
        if home != stored:
            yield f"the base currency is {home or 'not told'}, the connection says {stored}"
        given = str(self.setting("instance_id") or "")
        if given and instance and given != instance:
            yield f"the app is installed as instance {instance}, the connection says {given}"
        try:
            ZoneInfo(str(self.setting("time_zone")))
        except (ZoneInfoNotFoundError, ValueError):
            yield f"time_zone {self.setting('time_zone')!r} is no zone such as Europe/London"

    def _advice(self, instance: str) -> str:
        """What the connection could say more, and what is not done without it."""
        found = instance if instance else "the id of the installed app"
        advice = {
            "instance_id": f"instance_id is empty: we look before we create (set it to {found})",
            "cancelled_status_id": "cancelled_status_id is empty: orders not yet invoiced are not taken back",
            "payment_method_code": "payment_method_code is empty: only payments whose method is mapped are booked",
        }
        return "".join(f"; {says}" for name, says in advice.items() if not self.setting(name))

    def refusals(self, document: Invoice | CreditNote) -> tuple[Finding, ...]:
        return refusals(document, self.settings(), self.conn_id)

    # -- customers --------------------------------------------------------------------------------------------------------

    def ensure_customer(self, party: Party, currency: str) -> str:
        """The contact's id; a contact's currency is a default only, so that one contact serves them all."""
        return customers.find(self, party) or customers.create(self, party, currency)

    # -- documents --------------------------------------------------------------------------------------------------------

    def find_invoice(self, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return self.orders.live([(number, kind)])[number, kind]

    def find_invoices(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]:
        return self.orders.live(wanted)

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        return self.orders.one(remote_id, kind)

    def create_invoices(self, batch: Sequence[Sending]) -> list[Sent]:
        """Create orders and credits that are not invoiced yet, up to ten in one request."""
        return creating.create(self, batch)

    def post_invoices(self, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
        """Close them, which invoices them and gives them their number."""
        return documented(lambda: closing.close(self, batch))

    def update_invoice(self, sending: Sending, remote: RemoteDocument) -> Sent:
        """Change an order that is not invoiced; one that is comes back as a REVIEW error."""
        return _answered(sending.key, lambda: changing.update(self, sending, remote))

    def void_invoice(self, remote: RemoteDocument, *, on: date, reason: str, key: str) -> Sent:
        """Cancel an order that is not invoiced; take an invoiced one back by a sales credit dated `on`. A closed credit stays."""
        return _answered(key, lambda: changing.void(self, remote, on, reason, key))

    def preview(self, batch: Sequence[Sending]) -> list[Preview]:
        """Each document on its own; several go as messages of one request."""
        messages = [creating.message(self, sending) for sending in batch]
        return [Preview(method=each.method, path=f"/{self.address(each.path)}", body=to_json(each.body).decode()) for each in messages]

    # -- payments ---------------------------------------------------------------------------------------------------------

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        return receipts.created_since(self, since)

    def apply_payment(self, payment: Payment, *, customer_id: str, key: str, references: References) -> RemotePayment:  # noqa: ARG002
        """Book a receipt on each of its orders; it is known again by the payment's own source and id."""
        self.require_bookable(payment, references)
        return receipts.apply(self, payment, customer_id, references)

    # -- reference lists --------------------------------------------------------------------------------------------------

    def list_reference(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        """The lists behind a kind. Terms belong to contacts, units to nothing; projects and teams have no list that is documented."""
        if kind is ReferenceKind.ITEM:
            yield from self._products(())
        elif kind is ReferenceKind.CURRENCY:
            yield from self._read(self.client.search("accounting-service/currency-search"), reading.currency)
        elif kind is ReferenceKind.ACCOUNT:
            yield from self._read(self.client.get("accounting-service/nominal-code"), reading.nominal_code)
        elif kind is ReferenceKind.TAX_CODE:
            yield from self._read(self.client.get("accounting-service/tax-code"), reading.tax_code)
        elif kind is ReferenceKind.PAYMENT_METHOD:
            yield from self._read(self.client.get("accounting-service/payment-method"), reading.payment_method)
        elif kind is ReferenceKind.DIMENSION:
            for label, field, path in DIMENSIONS:
                rows = self.client.get(path)
                yield from documented(lambda rows=rows, label=label, field=field: [reading.dimension(label, field, row) for row in rows])  # type: ignore[misc]

    @staticmethod
    def _read(rows: Any, read: Callable[[reading.Row], ReferenceItem]) -> list[ReferenceItem]:
        return documented(lambda: [read(row) for row in rows])

    def _products(self, codes: Collection[str]) -> Iterator[ReferenceItem]:
        """The products with these SKUs, or all that have one (rows of free text belong to a product without)."""
        for filters in [{"SKU": code} for code in codes] or [{}]:
            found = self._read(self.client.search("product-service/product-search", **filters), reading.product)
            yield from (item for item in found if item.code)

    def find_reference(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        """A few products are searched for by SKU; else the lists are read whole."""
        if kind is not ReferenceKind.ITEM or not 0 < len(codes) <= SEARCHED_ONE_BY_ONE:
            return super().find_reference(kind, codes)
        return [item for item in self._products(codes) if item.code in codes]


def _answered(key: str, act: Callable[[], Sent]) -> Sent:
    try:
        return documented(act)
    except PlatformError as error:
        return Sent(key=key, error=error)
