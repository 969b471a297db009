"""A part of a payment as the body of a client payment of the REST beta. Pure."""

from __future__ import annotations

from decimal import Decimal

from airbooks.canonical import Payment
from airbooks.platforms.payments import name_of
from airbooks.platforms.quickfile.mapping import Body, filled
from airbooks.platforms.quickfile.spec import PAYMENT_NAME
from airbooks.platforms.references import ReferenceKind, References


def payment_notes(payment: Payment) -> str:
    """There is no reference and no method: the notes name them."""
    facts = (payment.reference, payment.method, f"[{name_of(payment, PAYMENT_NAME)}]", payment.memo)
    return " ".join(fact for fact in facts if fact)


def payment_body(payment: Payment, invoice_id: str, amount: Decimal, customer_id: str, refs: References) -> Body:
    """The body of `POST /client_payments` (REST beta) for a part of a payment: on an invoice, or without one on the client's account."""
    account = ReferenceKind.ACCOUNT, payment.bank_account
    bank = refs.get(*account).remote_id if refs.has(*account) else refs.settings.get("bank_nominal_code", "1200")
    return filled(
        {
            "type": "payment" if invoice_id else "credit",
            "date": payment.received_on.isoformat(),
            "invoice_id": int(invoice_id) if invoice_id else None,
            "client_id": int(customer_id),
            "amount": amount,
            "currency": payment.currency,
            "nominal_code": int(bank),
            "notes": payment_notes(payment),
        }
    )
