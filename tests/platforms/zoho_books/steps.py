"""What the tests of the connector do again and again."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from tests.platforms.zoho_books.conftest import Desk

from airbooks.canonical import (
    Allocation,
    DocumentKind,
    Invoice,
    Payment,
    RemoteDocument,
)
from airbooks.platforms.base import Sent
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.references import References

INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


def refused(sent: Sent) -> PlatformError:
    assert sent.error is not None
    assert sent.remote is None
    return sent.error


def void(desk: Desk, remote: RemoteDocument) -> Sent:
    return desk.hook.void_invoice(remote, on=date(2026, 3, 3), reason="Entered twice", key=str(uuid4()))


def payment(document: Invoice, remote: RemoteDocument, amount: str = "40.00", **fields: Any) -> Payment:
    made = {
        "source": "bank",
        "source_id": "77",
        "customer_code": document.buyer.code,
        "received_on": date(2026, 3, 20),
        "amount": Decimal(amount),
        "currency": document.currency,
        "reference": "WIRE-9",
        "allocations": (Allocation(document_number=document.number, remote_id=remote.remote_id, amount=Decimal(amount)),),
    }
    return Payment(**{**made, **fields})


def pay(desk: Desk, money: Payment, customer: str, key: str = "") -> Any:
    references = References(customer=customer, settings=desk.hook.settings())
    return desk.hook.apply_payment(money, customer_id=customer, key=key or str(uuid4()), references=references)
