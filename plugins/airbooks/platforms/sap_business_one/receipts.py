"""Payments received: booked as incoming payments by bank transfer, and found again by the day of their last change.

The entity tells no date of change, and its own date misses back-dated and cancelled payments: a stored SQL query on its table tells both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from airbooks.canonical import DocumentKind, Payment, RemotePayment
from airbooks.platforms.errors import UNREADABLE_ANSWER, Action, ConfigurationError, ErrorRule, Outcome, PlatformError, before_sending
from airbooks.platforms.payments import by_document
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.sap_business_one.catalogue import currency_items
from airbooks.platforms.sap_business_one.client import Client, Row, any_of, chunks, quoted
from airbooks.platforms.sap_business_one.mapping import OBJECT_TYPES, is_local, payment_body, payment_mark
from airbooks.platforms.sap_business_one.posting import problem
from airbooks.platforms.sap_business_one.reading import Currencies, payment
from airbooks.platforms.sap_business_one.spec import ENTRY_EXISTS, EXISTS, NOT_FOUND, SPEC

QUERY = "AIRBOOKS_PAYMENTS"
QUERY_TEXT = "SELECT T0.DocEntry FROM ORCT T0 WHERE T0.UpdateDate >= :since ORDER BY T0.DocEntry"  # pages need an order
CANNOT = ErrorRule(
    name="payment cannot be expressed",
    action=Action.REVIEW,
    outcome=Outcome.DID_NOT_HAPPEN,
    fix="Book it in Business One by hand.",
)
OTHERWISE = ErrorRule(
    name="payment is there otherwise",
    action=Action.REVIEW,
    outcome=Outcome.DID_NOT_HAPPEN,
    fix="Compare the payment in Business One with ours; correct one of them.",
)


class Receipts:
    """The incoming payments of one company."""

    def __init__(self, client: Client, currencies: Currencies, settings: Mapping[str, str]) -> None:
        self.client, self.currencies, self.settings = client, currencies, settings

    def _read(self, row: Row) -> RemotePayment:
        try:
            return payment(row, self.currencies)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            says = f"a payment does not have the documented form ({type(error).__name__}: {error})"
            raise PlatformError(says, platform=SPEC.slug, rule=UNREADABLE_ANSWER) from None

    # -- reading --------------------------------------------------------------------------------------------------------------

    def changed_since(self, first: date) -> Iterator[RemotePayment]:
        """Customers' payments that were booked or cancelled on that day of the server's or later."""
        keys = [str(row["DocEntry"]) for row in self._changed(f"{first:%Y%m%d}")]
        for chunk in chunks(list(dict.fromkeys(keys))):
            for row in self.client.rows("IncomingPayments", filter=any_of("DocEntry", chunk), orderby="DocEntry"):
                if row["DocType"] == "rCustomer":
                    yield self._read(row)

    def _changed(self, since: str) -> list[Row]:
        try:
            return list(self.client.stored_query(QUERY, since=since))
        except PlatformError as error:
            if error.rule.name != NOT_FOUND:
                raise
        try:
            self.client.create("SQLQueries", {"SqlCode": QUERY, "SqlName": "Changed payments (airbooks)", "SqlText": QUERY_TEXT})
        except PlatformError as error:
            if error.rule.name not in (EXISTS, ENTRY_EXISTS):
                raise
        return list(self.client.stored_query(QUERY, since=since))

    # -- booking --------------------------------------------------------------------------------------------------------------

    def book(self, received: Payment, customer: str, references: References) -> RemotePayment:
        """Book a payment once: the same one a second time is found by its mark and not booked again."""
        currency, account = self._currency(received.currency, references), self._account(received, references)
        with before_sending():
            self._require_expressible(received, currency)
            there = self._there(received, customer)
            if there is not None:
                return there
            self._require_documents(received, customer, currency)
        body = payment_body(received, customer, currency, {**self.settings, "transfer_account": account})
        return self._read(self.client.create("IncomingPayments", body))

    def _account(self, received: Payment, references: References) -> str:
        """The account code of the bank that the money came in on: what the payment's own is mapped to, or the connection's."""
        if references.has(ReferenceKind.ACCOUNT, received.bank_account):
            return references.get(ReferenceKind.ACCOUNT, received.bank_account).remote_id
        if not self.settings.get("transfer_account"):
            raise ConfigurationError(f"{SPEC.title}: payments need 'transfer_account' in the connection: the account code of the bank.")
        return self.settings["transfer_account"]

    def _currency(self, iso: str, references: References) -> ReferenceItem:
        if references.has(ReferenceKind.CURRENCY, iso):
            return references.get(ReferenceKind.CURRENCY, iso)
        found = [each for each in currency_items(self.currencies) if each.details["iso"] == iso]
        if not found:
            raise problem(CANNOT, f"the company has no currency {iso}")
        return found[0]

    def _require_expressible(self, received: Payment, currency: ReferenceItem) -> None:
        for obstacle in _obstacles(received, currency):
            raise problem(CANNOT, obstacle)

    def _there(self, received: Payment, customer: str) -> RemotePayment | None:
        mark = payment_mark(received)
        condition = f"CardCode eq {quoted(customer)} and startswith(Remarks,{quoted(mark)})"
        rows = self.client.rows("IncomingPayments", filter=condition, orderby="DocEntry")
        found = [self._read(row) for row in rows if str(row.get("Remarks") or "").split(" | ")[0] == mark]
        live = [each for each in found if not each.reversed]
        if found and (len(live) != 1 or not _is_equal(live[0], received)):
            says = ", ".join(f"{each.amount} {each.currency}{' (cancelled)' if each.reversed else ''}" for each in found)
            raise problem(OTHERWISE, f"payment {received.source_id} of {customer} is there with {says}; ours is {received.amount}")
        return live[0] if live else None

    def _require_documents(self, received: Payment, customer: str, currency: ReferenceItem) -> None:
        """The invoices must be the customer's, and in the payment's currency: sums in another one would be read as local."""
        keys = [each.remote_id.partition("-")[2] for each in received.allocations]
        rows: dict[str, Row] = {}
        for chunk in chunks(keys):
            select = "DocEntry,DocCurrency,CardCode"
            rows |= {str(row["DocEntry"]): row for row in self.client.rows("Invoices", filter=any_of("DocEntry", chunk), select=select)}
        for obstacle in _misfits(keys, rows, customer, currency):
            raise problem(CANNOT, obstacle)


def _is_equal(there: RemotePayment, received: Payment) -> bool:
    applied = {each.remote_id: each.amount for each in there.allocations}
    settles = {remote_id: amount for remote_id, amount in by_document(received).items() if amount}
    return (there.amount, there.currency, applied) == (received.amount, received.currency, settles)


def _obstacles(received: Payment, currency: ReferenceItem) -> Iterator[str]:
    """What the company's own currency decides, and which documents there are."""
    rate, local = received.exchange_rate, currency.details.get("local")
    if rate is not None and not is_local(currency) and rate.base != local:
        yield f"the payment's rate is in {rate.base}, the books are kept in {local}"
    for each in received.allocations:
        if not each.remote_id.startswith(f"{OBJECT_TYPES[DocumentKind.INVOICE]}-"):
            yield f"document {each.document_number} is no invoice that is known there"
        if each.discount and not is_local(currency):
            yield f"the discount on {each.document_number} is in a foreign currency"


def _misfits(keys: Sequence[str], rows: Mapping[str, Row], customer: str, currency: ReferenceItem) -> Iterator[str]:
    for key in keys:
        row = rows.get(key)
        if row is None:
            yield f"there is no invoice with the key {key}"
        elif row["CardCode"] != customer:
            yield f"the invoice with the key {key} is that of customer {row['CardCode']}"
        elif row["DocCurrency"] != currency.code:
            yield f"the invoice with the key {key} is in {row['DocCurrency']}, the payment in {currency.code}"


def first_day(since: datetime, zone: str) -> date:
    """The server's day of a moment; where its zone is not known, the day before in UTC, which no zone's day is before.

    Raises ConfigurationError for a name that is no zone.
    """
    if not zone:
        return since.astimezone(UTC).date() - timedelta(days=1)
    with suppress(KeyError, ValueError):
        return since.astimezone(ZoneInfo(zone)).date()
    raise ConfigurationError(f"{SPEC.title}: time_zone {zone!r} is no time zone. Give one as Europe/Berlin, or none.")
