"""Payments received: listed one by one with what they settle, booked once with their applications, and released."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from airbooks.canonical import Payment, RemotePayment
from airbooks.platforms.acumatica.client import INSERT_ONLY, UPDATE_ONLY, Site, is_only_the_look, problem, quoted, understood
from airbooks.platforms.acumatica.mapping import application_rows, key_fields, payment_body, payment_number, remote_id
from airbooks.platforms.acumatica.reading import CANCELLED, remote_payment
from airbooks.platforms.acumatica.spec import (
    EXISTS,
    IN_PROCESS,
    PAYMENT_DIFFERS,
    PAYMENT_NOT_APPLIED,
    PAYMENT_OPEN,
    PAYMENT_UNFIT,
    RELEASED_ALREADY,
)
from airbooks.platforms.acumatica.wrapped import Row, number, text
from airbooks.platforms.errors import ConfigurationError, PlatformError
from airbooks.platforms.references import ReferenceKind, References

ENTITY, ACTION = "Payment", "ReleasePayment"
TYPES = {"Payment", "Prepayment"}
RELEASED = {"Open", "Closed", "Reserved"}
APPLICATIONS = ("DocumentsToApply", "ApplicationHistory")  # in a list the second one is an error
_LISTED = "Type,ReferenceNbr,Status,LastModifiedDateTime"
LOOKS = (0.0, 0.05, 0.3, 1.0, 2.0)  # seconds before each look at a release that is usually done at once


def changed_since(site: Site, since: datetime) -> Iterator[RemotePayment]:
    """Payments that changed, each read singly with its released applications."""
    moment = since.astimezone(UTC).isoformat(timespec="seconds")
    for row in site.rows(ENTITY, f"LastModifiedDateTime gt datetimeoffset'{moment}'", select=_LISTED):
        record = understood(lambda row=row: _record(row))  # type: ignore[misc]
        if text(row, "Type") in TYPES and text(row, "Status") not in {"On Hold", "Balanced", "Pending Approval"}:
            payment = _one(site, record)
            if payment is not None:
                yield payment


def _one(site: Site, record: str) -> RemotePayment | None:
    row = site.record(ENTITY, record, expand=APPLICATIONS)
    return None if row is None else understood(lambda: remote_payment(row))


def cash_account(settings: Mapping[str, str], currency: str) -> str:
    """The cash account of a currency, which must be the payment's; empty where the connection names none."""
    named = settings.get("cash_account", "").split()
    by_currency = dict(each.split(":", 1) for each in named if ":" in each)
    single = next((each for each in named if ":" not in each), "")
    return by_currency.get(currency, single if not by_currency or currency == settings.get("home_currency") else "")


class Receipts:
    """Books payments; `settings` are the connection's."""

    def __init__(self, site: Site, settings: Mapping[str, str]) -> None:
        self.site, self.settings = site, settings

    def book(self, payment: Payment, customer: str, references: References) -> RemotePayment:
        """Book a payment once: what is there under its number already is finished and answered."""
        ours = payment_number(payment)
        there = self._there(payment, ours) or self._made(payment, customer, ours, references)
        record = understood(lambda: _record(there))
        if text(there, "Status") not in RELEASED:
            self._require_applied(payment, self._applied(payment, there, record), record)
            self._release(record)
        return self._booked(record)

    def _booked(self, record: str) -> RemotePayment:
        """The payment as it is after its release; one that is not released is not in the books."""
        row = self.site.record(ENTITY, record, expand=APPLICATIONS)
        if row is None or text(row, "Status") not in RELEASED:
            raise problem(PAYMENT_OPEN, f"{record} was released and is not seen released")
        return understood(lambda: remote_payment(row))

    def _there(self, payment: Payment, ours: str) -> Row | None:
        rows = self.site.rows(ENTITY, f"ExternalRef eq {quoted(ours)}")
        live = [row for row in rows if text(row, "Status") not in CANCELLED]
        for row in live:
            amount = understood(lambda row=row: number(row, "PaymentAmount"))  # type: ignore[misc]
            if amount != payment.amount or text(row, "CurrencyID") != payment.currency:
                says = f"{ours} is there as {text(row, 'ReferenceNbr')} with {amount} {text(row, 'CurrencyID')}, ours is {payment.amount}"
                raise problem(PAYMENT_DIFFERS, says)
        return live[0] if live else None

    def _made(self, payment: Payment, customer: str, ours: str, references: References) -> Row:
        branch = self.settings.get("branch", "")
        account = self._account(payment.currency)
        body = payment_body(payment, customer, self._method(payment, references), account, ours, branch)
        where = f"ExternalRef eq {quoted(ours)} and Status ne 'Voided'"
        try:
            return self.site.put(ENTITY, body, INSERT_ONLY, where=where, expand=APPLICATIONS[:1])
        except PlatformError as error:
            found = self._there(payment, ours) if error.rule.name == EXISTS else None
            if found is None:
                raise
            return found

    def _method(self, payment: Payment, references: References) -> str:
        kind = (ReferenceKind.PAYMENT_METHOD, payment.method)
        if references.has(*kind):
            return references.get(*kind).code
        return self._setting("payment_method", "Payment method")

    def _account(self, currency: str) -> str:
        self._setting("cash_account", "Cash account")
        found = cash_account(self.settings, currency)
        if not found:
            raise problem(PAYMENT_UNFIT, f"cash_account of the connection names no account for {currency}")
        return found

    def _setting(self, name: str, label: str) -> str:
        found = self.settings.get(name, "")
        if not found:
            raise ConfigurationError(f"Payments need the field {label!r} ({name}) of the Acumatica connection.")
        return found

    def _applied(self, payment: Payment, row: Row, record: str) -> Row:
        """A payment whose applications were not taken gets them once more."""
        if _is_applied(payment, row) or not payment.allocations:
            return row
        body = {**key_fields(record), "DocumentsToApply": application_rows(payment)}
        return self.site.put(ENTITY, body, UPDATE_ONLY, expand=APPLICATIONS[:1])

    def _require_applied(self, payment: Payment, row: Row, record: str) -> None:
        if not _is_applied(payment, row):
            self.site.delete(ENTITY, record)
            raise problem(PAYMENT_NOT_APPLIED, f"{text(row, 'AppliedToDocuments') or 0} of {record} was applied, not {_wanted(payment)}")

    def _release(self, record: str) -> None:
        """Release, and look a few times: what is not done then is unknown, and found by its number the next time."""
        try:
            status = self.site.act(ENTITY, ACTION, key_fields(record))
        except PlatformError as error:
            if error.rule.name == RELEASED_ALREADY:  # since its state was read
                return
            if error.rule.name != IN_PROCESS:
                raise
            status = ""
        else:
            if not status:
                return
        for pause in LOOKS:
            time.sleep(pause)
            if self._is_released(status, record):
                return
        raise problem(PAYMENT_OPEN, f"the release of {record} is not done yet")

    def _is_released(self, status: str, record: str) -> bool:
        if status:
            try:
                return self.site.is_done(status)
            except PlatformError as error:
                if not is_only_the_look(error):
                    raise
        try:
            row = self.site.record(ENTITY, record)
        except PlatformError as error:
            raise error.as_unknown(f"the release of {record} was begun, and the payment was not read again") from None
        return row is not None and text(row, "Status") in RELEASED


def _record(row: Row) -> str:
    kind, reference = text(row, "Type"), text(row, "ReferenceNbr")
    if not (kind and reference):
        raise KeyError("ReferenceNbr")
    return remote_id(kind, reference)


def _wanted(payment: Payment) -> Decimal:
    return sum((each.amount for each in payment.allocations), Decimal(0))


def _is_applied(payment: Payment, row: Row) -> bool:
    """AppliedToDocuments tells; rows with wrong field names are ignored over there without a word."""
    return Decimal(text(row, "AppliedToDocuments") or 0) == _wanted(payment)
