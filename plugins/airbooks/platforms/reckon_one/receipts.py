"""Money received, as receipts of Reckon One, linked to the invoices they settle. (Its `/payments` is money paid to suppliers.)"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

from airbooks.canonical import DocumentKind, DocumentStatus, Payment, RemotePayment
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.payments import Obstacle, by_document
from airbooks.platforms.reckon_one import mapping, reading
from airbooks.platforms.reckon_one.client import ReckonOneClient, Row
from airbooks.platforms.reckon_one.spec import (
    BOOKED_OTHERWISE,
    CHANGED_THERE,
    INEXPRESSIBLE_PAYMENT,
    OVERPAYMENT,
    RECEIPT_NOTES,
    RECEIPT_REFERENCE,
    UNREAD,
)
from airbooks.platforms.references import References


class Receipts:
    """The receipts of one book, which is kept in `currency`."""

    def __init__(self, client: ReckonOneClient, currency: str) -> None:
        self._client, self._currency = client, currency

    def since(self, moment: datetime, lookback: timedelta) -> Iterator[RemotePayment]:
        """Receipts dated since then, less `lookback`. Nothing has changed after now."""
        if moment > datetime.now(UTC):
            return
        first = (moment - lookback).astimezone(UTC).date()
        for row in self._client.rows("receipts", filter=f'receiptDate ge "{first.isoformat()}"', orderby="receiptDate"):
            yield self._read(row)

    def _read(self, row: Row) -> RemotePayment:
        """A list may leave the links out: then the receipt is read alone."""
        whole = row if "transactionLinks" in row else self._client.one("receipts", str(row["id"])) or {**row, "transactionLinks": []}
        return self._client.sound(partial(reading.remote_payment, whole, self._currency))

    def apply(self, payment: Payment, refs: References, customer_id: str, customer: str) -> RemotePayment:
        """Book a receipt once: it is looked for by its reference first."""
        body = mapping.receipt_body(payment, refs, customer)
        held = self._held(payment, customer_id)
        if held is not None:
            return held
        numbers = {each.remote_id: each.document_number for each in payment.allocations}
        for remote_id, amount in by_document(payment).items():
            self._check_outstanding(remote_id, numbers[remote_id], amount, customer_id)
        made = self._client.create("receipts", body)
        try:
            row = self._client.one("receipts", made)
        except PlatformError as error:
            raise self._client.error(UNREAD, f"receipt {made}: {error.message}") from None
        if row is None:
            raise self._client.error(UNREAD, f"receipt {made} is not found")
        return self._read(row)

    def _held(self, payment: Payment, customer_id: str) -> RemotePayment | None:
        reference = mapping.receipt_reference(payment)
        literal = reading.literal(reference)
        asked = f"reference eq {literal}" if literal else f'receiptDate ge "{payment.received_on.isoformat()}"'
        for row in self._client.rows("receipts", filter=asked):
            if row.get("reference") == reference:
                return self._same(self._read(row), payment, customer_id)
        return None

    def _same(self, held: RemotePayment, payment: Payment, customer_id: str) -> RemotePayment:
        linked = {each.remote_id: each.amount for each in held.allocations}
        lacking = [remote_id for remote_id, amount in by_document(payment).items() if linked.get(remote_id) != amount]
        if (held.amount, held.customer_id) != (payment.amount, customer_id) or lacking:
            says = f"receipt {held.remote_id} with our reference is of {held.amount}, linked {linked}; ours is {payment.amount}"
            raise self._client.error(BOOKED_OTHERWISE, says)
        return held

    def _check_outstanding(self, remote_id: str, number: str, amount: Decimal, customer_id: str) -> None:
        row = self._client.one("invoices", remote_id)
        if row is None:
            raise self._client.error(CHANGED_THERE, f"invoice {number} (id {remote_id}) is not there any more")
        invoice = self._client.sound(lambda: reading.remote_document(row, DocumentKind.INVOICE, self._currency))
        if invoice.status is DocumentStatus.DRAFT or invoice.customer_id != customer_id:
            state = "is a draft" if invoice.status is DocumentStatus.DRAFT else "is another customer's"
            raise self._client.error(INEXPRESSIBLE_PAYMENT, f"invoice {number} (id {remote_id}) {state}")
        if invoice.balance is not None and invoice.balance < amount:
            raise self._client.error(OVERPAYMENT, f"{amount} is to be paid on invoice {number}, of which {invoice.balance} is outstanding")


def obstacles(payment: Payment, currency: str) -> Iterator[Obstacle]:
    """A receipt has no currency but the book's, and is known by its reference, which must not be cut."""
    if payment.currency != currency:
        says = f"The payment is in {payment.currency}, and the book is kept in {currency}."
        yield Obstacle("CURRENCY", "currency", payment.currency, says, "Book it in Reckon One by hand.")
    texts = {
        "reference": (mapping.receipt_reference(payment), RECEIPT_REFERENCE),
        "memo": (mapping.receipt_notes(payment), RECEIPT_NOTES),
    }
    for field, (text, limit) in texts.items():
        if len(text) > limit:
            says = f"Reckon One takes {limit} characters of it, and this would be {len(text)}."
            yield Obstacle(field.upper(), field, text, says, "Shorten it.")
