"""What the tests of the connector do again and again."""

from __future__ import annotations

import itertools
from typing import Any

from tests.platforms.quickbooks.documents import document

from airbooks.canonical import CreditNote, DocumentKind, Invoice
from airbooks.platforms.base import Account, Sending
from airbooks.platforms.quickbooks import QuickBooksHook
from airbooks.platforms.quickbooks.sandbox.seed import US_REALM
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, required_codes
from airbooks.sandbox.server import Sandbox

# Our codes and what the two companies call them.
CALLED = {
    "US-TX": "Texas",
    "US-CA": "California",
    "US-EX": "NON",
    "GB-S20": "20.0% S",
    "GB-R5": "5.0% R",
    "department:WHOLESALE": "WHOLESALE",
    "warehouse:MAIN": "MAIN",
}


INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


def account_of(sandbox: Sandbox, realm: str = US_REALM, **extra: Any) -> Account:
    connection = sandbox.simulators["quickbooks"].connection(realm)  # type: ignore[call-arg]
    return Account(
        host=connection["host"], login=connection["login"], password=connection["password"], extra={**connection["extra"], **extra}
    )


_keys = itertools.count(1)


def key() -> str:
    return f"00000000-0000-4000-8000-{next(_keys):012d}"


def sending(hook: QuickBooksHook, sales: Invoice | CreditNote, **options: Any) -> Sending:
    """A document as the engine hands it over: its codes resolved on the platform, its customer there."""
    entries: dict[tuple[ReferenceKind, str], ReferenceItem] = {}
    for kind, code in required_codes(sales, hook.spec.reference_kinds):
        (entries[kind, code],) = hook.find_reference(kind, [CALLED.get(code, code)])
    customer = hook.ensure_customer(sales.buyer, sales.currency)
    return Sending(
        key=key(), document=sales, references=References(customer=customer, entries=entries, settings=hook.settings()), options=options
    )


def booked(hook: QuickBooksHook, sales: Invoice | CreditNote | None = None) -> tuple[Sending, Any]:
    """A document created alone; fails the test when it was refused."""
    sent = sending(hook, sales or document())
    (result,) = hook.create_invoices([sent])
    assert result.error is None, result.error
    return sent, result.remote


def numbers(sandbox: Sandbox) -> list[str]:
    return [each.number for each in sandbox.books("quickbooks").documents]


def asked(sandbox: Sandbox, method: str, path: str) -> list[Any]:
    return [each for each in sandbox.requests("quickbooks") if each.method == method and each.path.split("?")[0].endswith(path)]
