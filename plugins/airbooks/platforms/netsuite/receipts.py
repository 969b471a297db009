"""Customer payments: booked under an external id of ours, listed by what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from airbooks.canonical import Payment, RemotePayment
from airbooks.platforms.errors import UNREADABLE_ANSWER, ConfigurationError, PlatformError
from airbooks.platforms.netsuite.mapping import payment_body, payment_id
from airbooks.platforms.netsuite.reading import remote_payment
from airbooks.platforms.netsuite.records import Records, Row, problem, unread
from airbooks.platforms.netsuite.spec import DUPLICATE, OTHER_PAYMENT
from airbooks.platforms.references import References

RECORD = "customerPayment"
WESTERNMOST = timedelta(hours=12)


def changed_since(records: Records, since: datetime, zone: str, currencies: Mapping[str, str]) -> Iterator[RemotePayment]:
    """Payments that changed since. SuiteQL names them, in a time zone that is not documented: without one in the connection all that may
    fit are read, and judged by the record's own time."""
    local = since.astimezone(_zone(zone)) if zone else since.astimezone(UTC) - WESTERNMOST
    where = "type = 'CustPymt' AND lastmodifieddate >= TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS')"
    for row in records.query("id", "transaction", where, [local.strftime("%Y-%m-%d %H:%M:%S")]):
        record = records.get(RECORD, row["id"])
        payment = _read(record, currencies) if record is not None else None
        if payment is not None and payment.modified_at is not None and payment.modified_at >= since.replace(microsecond=0):
            yield payment


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigurationError(f"time_zone {name!r} of the connection is no IANA time zone, for example America/Los_Angeles.") from None


def book(
    records: Records,
    payment: Payment,
    customer: str,
    references: References,
    *,
    bank_account: str,
    currencies: Mapping[str, str],
) -> RemotePayment:
    """Book a payment once: NetSuite refuses its external id a second time, and then the first one is answered."""
    body = payment_body(payment, customer, references, bank_account)
    try:
        made = records.create(RECORD, body)
    except PlatformError as error:
        there = records.by_external_id(RECORD, payment_id(payment)) if error.rule.name == DUPLICATE else None
        if there is None:
            raise
        return _same(_read(there, currencies), payment, customer)
    return _just_made(records, made, currencies)


def _just_made(records: Records, made: str, currencies: Mapping[str, str]) -> RemotePayment:
    try:
        row = records.get(RECORD, made)
    except PlatformError as error:
        raise unread(error) from None
    if row is None:
        raise problem(UNREADABLE_ANSWER, f"payment {made} was made and is not there")
    return _read(row, currencies)


def _read(row: Row, currencies: Mapping[str, str]) -> RemotePayment:
    try:
        return remote_payment(row, currencies)
    except (KeyError, ValueError, TypeError, ArithmeticError) as error:
        raise problem(UNREADABLE_ANSWER, f"payment {row.get('id')} lacks or misspells {error}") from None


def _same(there: RemotePayment, payment: Payment, customer: str) -> RemotePayment:
    if (there.amount, there.currency, there.customer_id) != (payment.amount, payment.currency, customer):
        theirs = f"{there.amount} {there.currency} of customer {there.customer_id}"
        ours = f"{payment.amount} {payment.currency} of customer {customer}"
        raise problem(OTHER_PAYMENT, f"id {there.remote_id} has {theirs}, ours is {ours}")
    return there
