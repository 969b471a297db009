"""Payments: a receipt is booked at once, its clearing is asked for and happens later, unseen but for its effect on the items."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from lxml import etree

from airbooks.canonical import DocumentKind, DocumentStatus, Payment, RemoteDocument, RemotePayment
from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.sap_s4hana import reading, settlements
from airbooks.platforms.sap_s4hana.client import Client
from airbooks.platforms.sap_s4hana.documents import Documents, portions
from airbooks.platforms.sap_s4hana.odata import Row, either, equal, one_of, since, stripped
from airbooks.platforms.sap_s4hana.reading import DocumentKey
from airbooks.platforms.sap_s4hana.soap import message_id

T = TypeVar("T")
# Seconds before each look at an item that was just posted, and at one whose clearing was asked for.
SEEN_AFTER = (0.0, 0.2, 0.5, 1.0, 1.5)
CLEARED_AFTER = (0.0, 0.05, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0)
NOT_BOOKABLE = ErrorRule(name="not bookable", action=Action.REVIEW, outcome=Outcome.DID_NOT_HAPPEN)
NOT_SEEN = ErrorRule(
    name="payment booked, not readable yet",
    action=Action.LOOK_UP,
    outcome=Outcome.UNKNOWN,
    fix="Apply it again later: it is found by its reference and not booked twice.",
)
NOT_CLEARED = ErrorRule(
    name="payment booked, clearing not done yet",
    action=Action.LOOK_UP,
    outcome=Outcome.UNKNOWN,
    fix="Apply it again later; if it stays open, see the clearing's error in the Message Dashboard (AIF) of SAP S/4HANA.",
)

BOOKED_OTHERWISE = ErrorRule(
    name="payment booked otherwise",
    action=Action.REVIEW,
    outcome=Outcome.DID_NOT_HAPPEN,
    says="The payment is in SAP S/4HANA already, with another amount, customer or allocation.",
    fix="Compare the two; reset and reverse the wrong one in SAP S/4HANA.",
)


class Receipts:
    """The customer payments of one company code."""

    def __init__(self, client: Client, documents: Documents) -> None:
        self.client, self.documents = client, documents
        self.settings = client.hook.settings()

    # -- booking and applying ---------------------------------------------------------------------------------------------------

    def apply(self, payment: Payment, customer: str, key: str, bank: str) -> RemotePayment:
        """Book the receipt unless it is there, ask for the clearings that are missing, and wait a few looks for them.

        Raises PlatformError of unknown outcome where the clearing takes longer: the money is booked then, as a payment on account.
        """
        reference = settlements.mark(f"{payment.source}:{payment.source_id}")
        items = self._booked(reference)
        if items:
            self._check_same(items, payment, customer)
        else:
            self._check(payment, customer)
            items = self._book(payment, customer, reference, key, bank)
        return self._after_booking(lambda: self._payment(self._settled(payment, items, reference)))

    def _after_booking(self, act: Callable[[], T]) -> T:
        """The money is booked: whatever fails from here on, nothing says that it is not."""
        try:
            return act()
        except PlatformError as error:
            if error.outcome is Outcome.UNKNOWN:
                raise
            raise error.as_unknown("the payment is booked; then") from None

    def _check_same(self, items: Sequence[Row], payment: Payment, customer: str) -> None:
        """What bears the payment's reference is this payment, for the same invoices."""
        there = self.client.understood(lambda: _facts(items))
        if there != (payment.amount, payment.currency, stripped(customer)):
            raise self.client.error(BOOKED_OTHERWISE, f"payment {reading.key_of(items[0])} is {there[0]} {there[1]} of customer {there[2]}")
        for part in settlements.parts(payment):
            if _item_for(items, part) is None:
                raise self.client.error(BOOKED_OTHERWISE, f"payment {reading.key_of(items[0])} has no {part.amount} for {part.number}")

    def _booked(self, reference: str) -> list[Row]:
        """The customer items of the live payment with this reference of ours."""
        kind = equal("AccountingDocumentType", self.settings["doc_type_payment"])
        items = self._customer_items(equal("DocumentReferenceID", reference), kind, "IsReversal eq false")
        return [row for row in items if not row["IsReversed"]]

    def _customer_items(self, *conditions: str) -> list[Row]:
        return self.client.items(equal("FinancialAccountType", reading.CUSTOMER_ITEM), *conditions)

    def _check(self, payment: Payment, customer: str) -> None:
        """Nothing is booked when an invoice cannot take its part."""
        for part in settlements.parts(payment):
            remote = self.documents.get(part.remote_id)
            if reason := _unpayable(remote, part.amount, payment, customer):
                raise self.client.error(NOT_BOOKABLE, f"invoice {part.number}: {reason}")

    def _book(self, payment: Payment, customer: str, reference: str, key: str, bank: str) -> list[Row]:
        entry = settlements.receipt_entry(payment, customer, reference, self.settings, bank)
        posted = self.client.post(entry, message_id(key, "AP-"))
        for pause in SEEN_AFTER:
            time.sleep(pause)
            if items := self._after_booking(lambda: self._booked(reference)):
                return items
        raise self.client.error(NOT_SEEN, f"the payment is booked as {posted.key}, but the open items do not show it yet")

    def _settled(self, payment: Payment, items: list[Row], reference: str) -> list[Row]:
        parts = settlements.parts(payment)
        waiting = [part for part in parts if not _applied(items, part)]
        if not waiting:
            return items
        for part in waiting:
            self._ask_for_clearing(payment, part, items, reference)
        for pause in CLEARED_AFTER:
            time.sleep(pause)
            items = self._booked(reference)
            if items and all(_applied(items, part) for part in parts):
                return items
        says = ", ".join(part.number for part in waiting)
        raise self.client.error(NOT_CLEARED, f"the payment is booked, its clearing with {says} was asked for and is not done yet")

    def _ask_for_clearing(self, payment: Payment, part: settlements.Part, items: Sequence[Row], reference: str) -> None:
        """One request per invoice. The same request has the same id and is ignored over there; one for other items has another."""
        paying = _item_for(items, part)
        if paying is None:
            raise self.client.error(NOT_CLEARED, f"the payment shows no item for {part.number}")
        invoice, followers = self.documents.items_of(part.remote_id)
        rows = settlements.clearing_rows(reading.customer_items(invoice), followers, paying)
        entry = settlements.clearing_entry(rows, payment, self.settings)
        self.client.clear(entry, message_id(settlements.mark(f"{reference} {etree.tostring(entry, encoding='unicode')}"), "AC-"))

    # -- reading ----------------------------------------------------------------------------------------------------------------

    def since(self, moment: datetime) -> Iterator[RemotePayment]:
        """Payments created, cleared or changed on or after the day of `moment` in the system's time zone (days are all that it tells)."""
        day = moment.astimezone(self.client.zone()).date()
        changed = either(*(since(name, day) for name in ("AccountingDocumentCreationDate", "ClearingCreationDate", "LastChangeDate")))
        kind = equal("AccountingDocumentType", self.settings["doc_type_payment"])
        keys = list(dict.fromkeys(map(reading.key_of, self._customer_items(kind, "IsReversal eq false", changed))))
        for some in portions(keys):
            yield from self._payments(some)

    def _payments(self, keys: Sequence[DocumentKey]) -> Iterator[RemotePayment]:
        """A payment may have more items than the one that changed."""
        rows = self._customer_items(one_of("AccountingDocument", {key.number for key in keys}))
        found = reading.by_document(rows)
        groups = self._groups([row for key in keys for row in found.get(key, ())])
        for key in keys:
            if key in found:
                yield self.client.understood(lambda key=key: reading.remote_payment(found[key], groups, self.client.zone()))  # type: ignore[misc]

    def _payment(self, items: Sequence[Row]) -> RemotePayment:
        groups = self._groups(items)
        return self.client.understood(lambda: reading.remote_payment(items, groups, self.client.zone()))

    def _groups(self, items: Sequence[Row]) -> dict[DocumentKey, list[Row]]:
        """All items that were cleared together with one of these, and those that the clearing posted itself."""
        numbers = {key.number for row in items if (key := reading.clearing(row)) is not None}
        groups: dict[DocumentKey, list[Row]] = {}
        for some in portions(sorted(numbers)):
            for row in self._customer_items(one_of("ClearingAccountingDocument", some)):
                if (key := reading.clearing(row)) is not None:
                    groups.setdefault(key, []).append(row)
            for row in self._customer_items(one_of("AccountingDocument", some)):
                if reading.key_of(row) in groups:
                    groups[reading.key_of(row)].append(row)
        return groups


def _facts(items: Sequence[Row]) -> tuple[Decimal, str, str]:
    """Amount, currency and customer of a payment's items."""
    return -sum(map(reading.amount, items), Decimal(0)), items[0]["TransactionCurrency"], stripped(items[0]["Customer"])


def _item_for(items: Sequence[Row], part: settlements.Part) -> Row | None:
    """The item of a payment that is meant for an invoice."""
    number = settlements.assignment(part.number)
    return next((row for row in items if row["AssignmentReference"] == number and -reading.amount(row) == part.amount), None)


def _applied(items: Sequence[Row], part: settlements.Part) -> bool:
    item = _item_for(items, part)
    return item is not None and reading.is_applied(item)


def _unpayable(remote: RemoteDocument | None, amount: Decimal, payment: Payment, customer: str) -> str:
    """Why an invoice cannot take a part of a payment; empty when it can."""
    if remote is None or remote.status is DocumentStatus.VOID or remote.kind is not DocumentKind.INVOICE:
        return "there is no such invoice in SAP S/4HANA, or it was reversed"
    if remote.customer_id != customer:
        return f"it belongs to customer {remote.customer_id}, the payment to {customer}"
    if remote.currency != payment.currency:
        return f"it is in {remote.currency}, the payment in {payment.currency}"
    if remote.balance is None or remote.balance < amount:
        return f"{amount} {payment.currency} are more than the {remote.balance} that are open"
    return ""
