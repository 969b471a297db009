"""Money received, as MYOB customer payments: one for all the sales that a payment of ours settles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from airbooks.canonical import Payment, RemotePayment
from airbooks.platforms.myob import mapping, reading
from airbooks.platforms.myob.client import MyobClient, guid
from airbooks.platforms.myob.lists import Lists
from airbooks.platforms.references import ReferenceKind, References

PAYMENTS = "Sale/CustomerPayment"


class Receipts:
    """The customer payments of one company file."""

    def __init__(self, client: MyobClient, lists: Lists, settings: Mapping[str, str]) -> None:
        self._client, self._lists, self._settings = client, lists, settings

    def apply(self, payment: Payment, customer_id: str, references: References) -> RemotePayment:
        """Book a payment that is not there yet: it is known by the words in its memo. MYOB changes no payment."""
        found = self._booked(payment)
        if found is not None:
            return found
        body = mapping.payment_body(payment, references, customer_id, self._account(payment, references), self._currency(payment))
        return self._client.understood(self._client.write("POST", PAYMENTS, body), self._read)

    def changed_since(self, since: datetime) -> Iterator[RemotePayment]:
        """By change time or by date: whether the change time follows every change is UNVERIFIED."""
        moment = since.astimezone(UTC)
        changed = f"LastModified ge datetime'{moment:%Y-%m-%dT%H:%M:%S}'"
        dated = f"Date ge datetime'{moment:%Y-%m-%d}T00:00:00'"
        return self._client.rows(PAYMENTS, self._read, f"{changed} or {dated}", "Date desc")

    def _read(self, row: Any) -> RemotePayment:
        return reading.remote_payment(row, self._settings)

    def _booked(self, payment: Payment) -> RemotePayment | None:
        """The payment of ours among those of the first sale it settles."""
        marker = mapping.payment_marker(payment)
        where = f"Invoices/any(x: x/UID eq {guid(payment.allocations[0].remote_id)})"
        rows = self._client.rows(PAYMENTS, lambda row: (str(row.get("Memo") or ""), self._read(row)), where)
        return next((found for memo, found in rows if memo.endswith(marker)), None)

    def _account(self, payment: Payment, references: References) -> str:
        bank = ReferenceKind.ACCOUNT, payment.bank_account
        if references.has(*bank):
            return references.get(*bank).remote_id
        stored = self._settings.get("deposit_account", "")
        return self._lists.uid(ReferenceKind.ACCOUNT, stored) if stored else ""

    def _currency(self, payment: Payment) -> str:
        if payment.currency == self._settings.get("home_currency"):
            return ""
        return self._lists.uid(ReferenceKind.CURRENCY, payment.currency)
