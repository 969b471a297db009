"""Money received, as Xero payments: one for each invoice that a payment of ours settles."""

from __future__ import annotations

from typing import Any

from airbooks.canonical import Payment, PaymentKind, RemotePayment
from airbooks.platforms.errors import UNREADABLE_ANSWER, ConfigurationError, PlatformError
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.xero import mapping, reading
from airbooks.platforms.xero.client import Row, XeroClient
from airbooks.platforms.xero.spec import INEXPRESSIBLE_PAYMENT, REFERENCE


class Receipts:
    """The customer payments of one organisation."""

    def __init__(self, client: XeroClient) -> None:
        self._client = client

    def apply(self, payment: Payment, key: str, references: References) -> RemotePayment:
        """Book what is not on the invoices yet: a payment is known there by the words in its reference."""
        self._check_expressible(payment, references)
        found: list[RemotePayment] = []
        missing: list[dict[str, Any]] = []
        for body in mapping.payment_bodies(payment, references):
            held = self._held(body["Invoice"]["InvoiceID"], payment)
            if held is None:
                missing.append(body)
            else:
                found.append(held)
        return reading.together([*found, *(self._put_payments(missing, key) if missing else [])])

    def _check_expressible(self, payment: Payment, references: References) -> None:
        plain = payment.kind is PaymentKind.RECEIPT and not any(each.discount or each.write_off for each in payment.allocations)
        if not plain or payment.unapplied or not payment.allocations:
            raise self._inexpressible(payment, f"{payment.kind.value}, {payment.unapplied} unapplied")
        length = len(mapping.payment_reference(payment))
        if length > REFERENCE:
            raise self._inexpressible(payment, f"its reference and memo make {length} characters, and Xero takes {REFERENCE}: shorten them")
        if not references.has(ReferenceKind.ACCOUNT, payment.bank_account) and not references.settings.get("payment_account_code"):
            raise ConfigurationError("The Xero connection has no payment_account_code: set the account of payments.")

    def _held(self, invoice_id: str, payment: Payment) -> RemotePayment | None:
        """The payment, if the invoice has it already; the amount of another currency would be taken for one in the invoice's own."""

        def read(invoice: Row) -> tuple[str, str, RemotePayment | None]:
            return invoice["InvoiceNumber"], invoice["CurrencyCode"], reading.payment_on(invoice, mapping.payment_marker(payment))

        found = self._client.one("Invoices", invoice_id, read)
        if found is None:
            raise self._inexpressible(payment, f"Xero does not have its invoice with the id {invoice_id}")
        number, currency, held = found
        if currency != payment.currency:
            raise self._inexpressible(payment, f"{payment.currency} for invoice {number} in {currency}")
        return held

    def _put_payments(self, bodies: list[dict[str, Any]], key: str) -> list[RemotePayment]:
        """Those that were booked; raises the first refusal, after which a repeat books only what is missing."""
        reply = self._client.write("PUT", "Payments", {"Payments": bodies}, key, summarizeErrors="false")
        for complaint in self._client.listed("Payments", reply, reading.element_complaint):
            if complaint is not None:
                raise self._client.refused(complaint, reply)
        booked = self._client.listed("Payments", reply, reading.remote_payment)
        told = {allocation.remote_id: allocation.amount for each in booked for allocation in each.allocations}
        if told != {body["Invoice"]["InvoiceID"]: body["Amount"] for body in bodies}:
            raise self._client.error(UNREADABLE_ANSWER, f"{len(bodies)} payments were sent, and the answer tells of other ones: {told}")
        return booked

    def _inexpressible(self, payment: Payment, what: str) -> PlatformError:
        return self._client.error(INEXPRESSIBLE_PAYMENT, f"payment {payment.source_id}: {what}")
