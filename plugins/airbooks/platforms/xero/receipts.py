"""Money received, as Xero payments: one for each invoice that a payment of ours settles."""

from __future__ import annotations

from typing import Any

from airbooks.canonical import Payment, PaymentKind, RemotePayment
from airbooks.platforms.errors import ConfigurationError
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.xero import mapping, reading
from airbooks.platforms.xero.client import XeroClient
from airbooks.platforms.xero.spec import INEXPRESSIBLE_PAYMENT


class Receipts:
    """The customer payments of one organisation."""

    def __init__(self, client: XeroClient) -> None:
        self._client = client

    def apply(self, payment: Payment, key: str, references: References) -> RemotePayment:
        """Book what is not on the invoices yet: a payment is known there by the words in its reference."""
        self._check_expressible(payment, references)
        marker = mapping.payment_marker(payment)
        found: list[RemotePayment] = []
        missing: list[dict[str, Any]] = []
        for body in mapping.payment_bodies(payment, references):
            held = self._payment_on(body["Invoice"]["InvoiceID"], marker)
            if held is None:
                missing.append(body)
            else:
                found.append(held)
        return reading.together([*found, *(self._put_payments(missing, key) if missing else [])])

    def _check_expressible(self, payment: Payment, references: References) -> None:
        plain = payment.kind is PaymentKind.RECEIPT and not any(each.discount or each.write_off for each in payment.allocations)
        if not plain or payment.unapplied or not payment.allocations:
            raise self._client.error(
                INEXPRESSIBLE_PAYMENT, f"payment {payment.source_id} ({payment.kind.value}, {payment.unapplied} unapplied)"
            )
        if not references.has(ReferenceKind.ACCOUNT, payment.bank_account) and not references.settings.get("payment_account_code"):
            raise ConfigurationError("The Xero connection has no payment_account_code: set the account of payments.")

    def _payment_on(self, invoice_id: str, marker: str) -> RemotePayment | None:
        """A payment of ours that an invoice has already."""
        return self._client.one("Invoices", invoice_id, lambda invoice: reading.payment_on(invoice, marker))

    def _put_payments(self, bodies: list[dict[str, Any]], key: str) -> list[RemotePayment]:
        """Those that were booked; raises the first refusal, after which a repeat books only what is missing."""
        reply = self._client.write("PUT", "Payments", {"Payments": bodies}, key, summarizeErrors="false")
        for complaint in self._client.listed("Payments", reply, reading.element_complaint):
            if complaint is not None:
                raise self._client.refused(complaint, reply)
        return self._client.listed("Payments", reply, reading.remote_payment)
