"""Payments received: entered in SLArpmts and SLArpmtds, posted as the connection says, read back from SLArtrans (type P).

A payment's check number and reference are computed from its source and id there, so that the same payment is found instead of entered
again: unposted by its keys, posted by its reference (that Ref reaches SLArtrans is UNVERIFIED).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from airbooks.canonical import Allocation, Payment, RemoteAllocation, RemotePayment, round_amount
from airbooks.platforms.errors import ErrorRule, PlatformError
from airbooks.platforms.infor_syteline import reading
from airbooks.platforms.infor_syteline.documents import Documents
from airbooks.platforms.infor_syteline.ido import INSERT, Change, Idos, Row, any_of, chunks, padded, text, timestamp
from airbooks.platforms.infor_syteline.mapping import ZERO, amount, exchange_rate, plain
from airbooks.platforms.infor_syteline.posting import Posting
from airbooks.platforms.infor_syteline.spec import (
    CUST_NUM,
    DESCRIPTION,
    INV_NUM,
    NOT_POSTED,
    NOT_SEEN,
    PAYMENT_DIFFERS,
    PAYMENT_UNFIT,
    SPEC,
)
from airbooks.platforms.payments import Obstacle, by_document

FIELDS = (
    *("CustNum", "InvNum", "ApplyToInvNum", "CheckSeq", "Type", "Amount", "DiscAmt", "ExchRate", "BankCode", "PayType", "InvDate"),
    *("Ref", "Description", "RecordDate"),
)
HEAD = ("BankCode", "CustNum", "Type", "CheckNum", "ForCheckAmt", "Ref")
_CHECK_NUMBERS = 1_000_000_000
_OPEN_MONEY = "0"  # the invoice of money that is applied to none (from memory)
_WIRE = "W"
# The clocks of a server that keeps local time go back once a year.
_CLOCK_CHANGE = timedelta(hours=1)


def identity(payment: Payment) -> str:
    """What makes a payment the same one, whichever request brings it."""
    return f"{payment.source}|{payment.source_id}"


def check_number(key: str) -> int:
    """A number of at most nine digits, the same for the same key."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % _CHECK_NUMBERS


def reference(key: str) -> str:
    return f"AB{check_number(key):09d}"


def obstacles(payment: Payment, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    """A discount needs an account of its own."""
    if any(each.discount for each in payment.allocations) and not settings.get("discount_account"):
        says, fix = "The connection names no account for early-payment discounts.", "Fill the field discount_account of the connection."
        yield Obstacle("DISCOUNT", "allocations[].discount", "", says, fix)


def since_condition(since: datetime, zone: tzinfo) -> str:
    """Posted payments whose RecordDate, the server's local time, is later; an hour earlier, because local hours repeat in autumn."""
    local = (since - _CLOCK_CHANGE).astimezone(UTC).astimezone(zone)
    return f"Type = N'P' AND RecordDate > '{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d}'"


class Receipts:
    """The customer payments of one site."""

    def __init__(self, documents: Documents, posting: Posting, settings: Mapping[str, str]) -> None:
        self.documents, self.posting, self.settings = documents, posting, settings
        self.idos: Idos = documents.idos

    # -- reading --------------------------------------------------------------------------------------------------------------

    def changed_since(self, since: datetime) -> Iterator[RemotePayment]:
        """Payments with a row that changed; the other rows of their checks are read as well, so that each amount is whole."""
        changed = list(self.idos.rows("SLArtrans", FIELDS, since_condition(since, self.documents.zone)))
        references = sorted({row["Ref"] for row in changed if row["Ref"]})
        touched = {reading.receipt_id(row) for row in changed}
        rows = [row for row in changed if not row["Ref"]]
        for chunk in chunks(references):
            rows += self.idos.rows("SLArtrans", FIELDS, f"Type = N'P' AND {any_of('Ref', chunk)}")
        yield from self._read([row for row in rows if reading.receipt_id(row) in touched])

    def _read(self, rows: list[Row]) -> list[RemotePayment]:
        customers = {row["CustNum"].strip() for row in rows}
        currencies = {customer: self.documents.currency(customer) or "" for customer in sorted(customers)}
        return reading.receipts(rows, currencies, self.documents.zone)

    def _posted(self, customer: str, key: str) -> RemotePayment | None:
        condition = f"Type = N'P' AND CustNum = {text(padded(customer, CUST_NUM))} AND Ref = {text(reference(key))}"
        return next(iter(self._read(list(self.idos.rows("SLArtrans", FIELDS, condition)))), None)

    # -- booking --------------------------------------------------------------------------------------------------------------

    def book(self, payment: Payment, customer: str, kind: str = "") -> RemotePayment:
        """Book one payment once; `kind` is the platform's payment type. Raises PlatformError."""
        key = identity(payment)
        self._require_expressible(payment, customer)
        there = self._posted(customer, key)
        if there is None:
            self._require_payable(payment, customer)
            keys = self._keys(customer, key, kind or _WIRE)
            self._enter_head(keys, payment, key)
            with _after_the_head(key):
                self._distribute(keys, payment, customer)
                there = self._post(keys, customer, key)
        if there is None:
            return self._entered(payment, customer, key)
        if there.amount != payment.amount:
            raise _error(PAYMENT_DIFFERS, f"payment {reference(key)} of customer {customer} is {there.amount} there, ours {payment.amount}")
        return there

    def _require_expressible(self, payment: Payment, customer: str) -> None:
        currency = self.documents.currency(customer)
        obstacles = {
            "the connection names no bank_code": not self.settings.get("bank_code"),
            "the connection names no site": not self.settings.get("site"),
            f"customer {customer} pays in {currency}, this payment is in {payment.currency}": currency != payment.currency,
            f"a payment in {payment.currency} needs a rate to {self._home}": payment.currency != self._home and not self._has_rate(payment),
        }
        for says, is_so in obstacles.items():
            if is_so:
                raise _error(PAYMENT_UNFIT, says)

    def _require_payable(self, payment: Payment, customer: str) -> None:
        """Only the customer's own posted documents can be paid, and what is open of them; asked before anything is entered."""
        shares, off = by_document(payment), by_document(payment, "discount")
        for each in payment.allocations:
            if each.remote_id.partition("|")[0] != customer:
                raise _error(PAYMENT_UNFIT, f"document {each.document_number} is none of customer {customer}")
            row = self.documents.posted_row(each.remote_id)
            if row is None:
                raise _error(PAYMENT_UNFIT, f"document {each.document_number} is not posted in SyteLine")
            left = self.documents.posted(row).balance
            closed = shares[each.remote_id] + off[each.remote_id]
            if left is not None and closed > left:
                raise _error(PAYMENT_UNFIT, f"{closed} of {each.document_number} is to be settled, of which {left} is open")

    @property
    def _home(self) -> str:
        return self.settings.get("home_currency", "USD")

    def _has_rate(self, payment: Payment) -> bool:
        return payment.exchange_rate is not None and payment.exchange_rate.base == self._home

    def _keys(self, customer: str, key: str, kind: str) -> dict[str, str]:
        return {
            "BankCode": self.settings["bank_code"],
            "CustNum": padded(customer, CUST_NUM),
            "Type": kind,
            "CheckNum": str(check_number(key)),
        }

    def _distribute(self, keys: Mapping[str, str], payment: Payment, customer: str) -> None:
        """The distributions that are missing."""
        condition = " AND ".join(f"{name} = {text(value) if name != 'CheckNum' else value}" for name, value in keys.items())
        there = {(row["InvNum"] or "").strip() for row in self.idos.rows("SLArpmtds", ("InvNum",), condition)}
        for row in self._distributions(payment, customer):
            if row["InvNum"].strip() not in there:
                self.idos.change(Change(ido="SLArpmtds", action=INSERT, values={**keys, **row}))

    def _enter_head(self, keys: Mapping[str, str], payment: Payment, key: str) -> None:
        condition = " AND ".join(f"{name} = {text(value) if name != 'CheckNum' else value}" for name, value in keys.items())
        found = self.idos.first("SLArpmts", HEAD, condition)
        if found is None:
            self.idos.change(Change(ido="SLArpmts", action=INSERT, values={**keys, **self._head(payment, key)}))
        elif (reading.cents(found["ForCheckAmt"]), (found["Ref"] or "").strip()) != (payment.amount, reference(key)):
            theirs = f"{reading.cents(found['ForCheckAmt'])} ({found['Ref']})"
            says = f"check {keys['CheckNum']} of customer {keys['CustNum'].strip()} is {theirs}, ours {payment.amount} ({reference(key)})"
            raise _error(PAYMENT_DIFFERS, says)

    def _head(self, payment: Payment, key: str) -> dict[str, str]:
        received = timestamp(payment.received_on)
        return {
            "RecptDate": received,
            "DueDate": received,
            "DepositDate": received,
            "ForCheckAmt": amount(payment.amount),
            "DomCheckAmt": amount(self._domestic(payment, payment.amount)),
            "ExchRate": exchange_rate(self._rate(payment), self.settings),
            "Description": plain(payment.reference or payment.memo or payment.source_id)[:DESCRIPTION].rstrip(),
            "Ref": reference(key),
            "TransferCash": "0",
        }

    def _rate(self, payment: Payment) -> Decimal:
        return payment.exchange_rate.rate if payment.currency != self._home and payment.exchange_rate else Decimal(1)

    def _domestic(self, payment: Payment, value: Decimal) -> Decimal:
        return round_amount(value * self._rate(payment), self._home)

    def _distributions(self, payment: Payment, customer: str) -> Iterator[dict[str, str]]:
        """One row per document, and one for money that is applied to none: their sum is the check's amount, or posting is cancelled."""
        for number in dict.fromkeys(map(_invoice_number, payment.allocations)):
            parts = [each for each in payment.allocations if _invoice_number(each) == number]
            applied, discount = (sum((getattr(each, name) for each in parts), ZERO) for name in ("amount", "discount"))
            if applied or discount:
                yield self._distribution(payment, customer, number, applied, discount)
        if payment.unapplied:
            yield self._distribution(payment, customer, _OPEN_MONEY, payment.unapplied, ZERO)

    def _distribution(self, payment: Payment, customer: str, number: str, applied: Decimal, discount: Decimal) -> dict[str, str]:
        account = {"DiscAcct": self.settings["discount_account"]} if discount else {}
        return {
            "ApplyCustNum": padded(customer, CUST_NUM),
            "InvNum": padded(number, INV_NUM),
            "Site": self.settings["site"],
            "ForAmtApplied": amount(applied),
            "DomAmtApplied": amount(self._domestic(payment, applied)),
            "ForDiscAmt": amount(discount),
            "DomDiscAmt": amount(self._domestic(payment, discount)),
            **account,
        }

    def _post(self, keys: Mapping[str, str], customer: str, key: str) -> RemotePayment | None:
        """The posted payment, or None where posting is left to the finance team."""
        if not self.posting.is_ours:
            return None
        self.posting.ask({name: value.strip() for name, value in keys.items()})
        there = self._posted(customer, key)
        if there is None:
            condition = f"CustNum = {text(keys['CustNum'])} AND CheckNum = {keys['CheckNum']}"
            unposted = self.idos.first("SLArpmts", HEAD, condition)
            raise _error(NOT_POSTED if unposted else NOT_SEEN, f"payment {reference(key)} of customer {customer} was not posted")
        return there

    def _entered(self, payment: Payment, customer: str, key: str) -> RemotePayment:
        """A payment that waits for the posting task."""
        return RemotePayment(
            remote_id=f"{customer}|{self.settings['bank_code']}|{reference(key)}",
            customer_id=customer,
            received_on=payment.received_on,
            amount=payment.amount,
            currency=payment.currency,
            reference=plain(payment.reference or payment.memo or payment.source_id)[:DESCRIPTION].rstrip(),
            allocations=tuple(
                RemoteAllocation(remote_id=each.remote_id, amount=each.amount) for each in payment.allocations if each.amount
            ),
        )


@contextmanager
def _after_the_head(key: str) -> Iterator[None]:
    """What fails in here must not say that nothing happened: somebody may post what is entered."""
    try:
        yield
    except PlatformError as error:
        raise error.as_unknown(f"payment {reference(key)} is entered and not posted") from None


def _invoice_number(allocation: Allocation) -> str:
    keys = reading.keys_of(allocation.remote_id)
    if keys is None:
        raise _error(PAYMENT_UNFIT, f"{allocation.remote_id!r} is no document of SyteLine")
    return keys["InvNum"].strip()


def _error(rule: ErrorRule, message: str) -> PlatformError:
    return PlatformError(message, platform=SPEC.slug, rule=rule)
