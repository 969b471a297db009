"""Money received, as Xero payments: one for each invoice that a payment of ours settles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from airbooks.canonical import Payment, RemotePayment
from airbooks.platforms.errors import UNREADABLE_ANSWER, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.payments import Obstacle, rate_of_another_ledger, together
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.xero import mapping, reading
from airbooks.platforms.xero.client import Row, XeroClient
from airbooks.platforms.xero.spec import BOOKED_OTHERWISE, INEXPRESSIBLE_PAYMENT, PAYS_TOO_MUCH, REFERENCE


def obstacles(payment: Payment, home: str) -> Iterator[Obstacle]:
    """What a Xero payment has no room for: a payment is known by the end of its reference, which must not be cut."""
    length = len(mapping.payment_reference(payment))
    if length > REFERENCE:
        says = f"Its reference and memo make {length} characters, and Xero takes {REFERENCE}."
        yield Obstacle("REFERENCE", "reference", payment.reference, says, "Shorten the memo or the reference.")
    yield from rate_of_another_ledger(payment, home)


class Invoiced(NamedTuple):
    """What an invoice at Xero says of a part that is to be paid on it."""

    number: str
    contact: str
    currency: str
    due: Decimal
    held: RemotePayment | None


class Receipts:
    """The customer payments of one organisation."""

    def __init__(self, client: XeroClient) -> None:
        self._client = client

    def apply(self, payment: Payment, customer_id: str, key: str, references: References) -> RemotePayment:
        """Book what is not on the invoices yet: a payment is known there by the words in its reference.

        All invoices are looked at before the first part is sent. Raises PlatformError, of unknown outcome where a part is booked.
        """
        if not references.has(ReferenceKind.ACCOUNT, payment.bank_account) and not references.settings.get("payment_account_code"):
            raise ConfigurationError("The Xero connection has no payment_account_code: set the account of payments.")
        found: list[RemotePayment] = []
        missing: list[tuple[mapping.Body, Invoiced]] = []
        for body in mapping.payment_bodies(payment, references):
            invoice = self._invoiced(body, payment, customer_id)
            if invoice.held is None:
                missing.append((body, invoice))
            else:
                found.append(invoice.held)
        return together([*found, *(self._booked(missing, payment, key, len(found)) if missing else [])])

    def _invoiced(self, body: Mapping[str, Any], payment: Payment, customer_id: str) -> Invoiced:
        """The invoice of a part. A Xero payment names no customer, and an amount of another currency would be taken for one in the
        invoice's own."""
        invoice_id, amount = body["Invoice"]["InvoiceID"], body["Amount"]

        def read(row: Row) -> Invoiced:
            held = reading.payment_on(row, mapping.payment_marker(payment))
            return Invoiced(row["InvoiceNumber"], row["Contact"]["ContactID"], row["CurrencyCode"], reading.amount(row["AmountDue"]), held)

        found = self._client.one("Invoices", invoice_id, read)
        if found is None:
            raise self._inexpressible(payment, f"Xero does not have its invoice with the id {invoice_id}")
        if customer_id and found.contact != customer_id:
            raise self._inexpressible(payment, f"invoice {found.number} is another contact's ({found.contact})")
        if found.currency != payment.currency:
            raise self._inexpressible(payment, f"{payment.currency} for invoice {found.number} in {found.currency}")
        if found.held is not None and found.held.amount != amount:
            says = f"payment {payment.source_id} is on invoice {found.number} with {found.held.amount} instead of {amount}"
            raise self._client.error(BOOKED_OTHERWISE, says)
        return found

    def _booked(self, missing: Sequence[tuple[mapping.Body, Invoiced]], payment: Payment, key: str, before: int) -> list[RemotePayment]:
        """The parts that are sent now; where others were booked before, no refusal says that nothing happened."""
        try:
            for body, invoice in missing:
                if body["Amount"] > invoice.due:
                    says = f"{body['Amount']} {payment.currency} for invoice {invoice.number}, on which {invoice.due} is due"
                    raise self._client.error(PAYS_TOO_MUCH, says)
            return self._put_payments([body for body, _ in missing], key)
        except PlatformError as error:
            if before and error.outcome is Outcome.DID_NOT_HAPPEN:
                raise error.as_unknown(f"{before} of its parts are booked, not the other {len(missing)}") from None
            raise

    def _put_payments(self, bodies: list[dict[str, Any]], key: str) -> list[RemotePayment]:
        """Those that were booked; raises the first refusal, after which a repeat books only what is missing."""
        reply = self._client.write("PUT", "Payments", {"Payments": bodies}, key, summarizeErrors="false")
        complaints = self._client.listed("Payments", reply, reading.element_complaint)
        refused = [each for each in complaints if each is not None]
        if refused:
            error, booked = self._client.refused(refused[0], reply), len(complaints) - len(refused)
            raise error.as_unknown(f"{booked} of its {len(complaints)} parts are booked") if booked else error
        done = self._client.listed("Payments", reply, reading.remote_payment)
        told = {allocation.remote_id: allocation.amount for each in done for allocation in each.allocations}
        if told != {body["Invoice"]["InvoiceID"]: body["Amount"] for body in bodies}:
            raise self._client.error(UNREADABLE_ANSWER, f"{len(bodies)} payments were sent, and the answer tells of other ones: {told}")
        return done

    def _inexpressible(self, payment: Payment, what: str) -> PlatformError:
        return self._client.error(INEXPRESSIBLE_PAYMENT, f"payment {payment.source_id}: {what}")
