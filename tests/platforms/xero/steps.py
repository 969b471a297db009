"""What the tests of the connector do again and again."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

from tests.platforms.xero.documents import bill
from tests.platforms.xero.setup import codes

from airbooks.canonical import (
    CreditNote,
    DocumentKind,
    Invoice,
    RemoteDocument,
)
from airbooks.platforms.base import Account, Sending
from airbooks.platforms.errors import Action, Outcome
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, required_codes
from airbooks.platforms.xero import XeroHook
from airbooks.sandbox.server import Sandbox

D = Decimal


INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


REFUSED = (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


_keys = itertools.count(1)


def key() -> str:
    return f"00000000-0000-4000-8000-{next(_keys):012d}"


def account_of(sandbox: Sandbox, *, custom: bool = False, **extra: Any) -> Account:
    stored = sandbox.simulators["xero"].connection(custom=custom)  # type: ignore[call-arg]
    return Account(host=stored["host"], login=stored["login"], password=stored["password"], extra={**stored["extra"], **extra})


def sending(hook: XeroHook, document: Invoice | CreditNote, **options: Any) -> Sending:
    """A document as the engine hands it over: its codes resolved on the platform, its customer there."""
    entries: dict[tuple[ReferenceKind, str], ReferenceItem] = {}
    for kind, code in required_codes(document, hook.spec.reference_kinds):
        (entries[kind, code],) = hook.find_reference(kind, [codes(kind.value, code) or ""])
    customer = hook.ensure_customer(document.buyer, document.currency)
    found = References(customer=customer, entries=entries, settings=hook.settings())
    return Sending(key=key(), document=document, references=found, options=options)


def booked(hook: XeroHook, document: Invoice | CreditNote | None = None, **options: Any) -> tuple[Sending, RemoteDocument]:
    sent = sending(hook, document or bill(), **options)
    (result,) = hook.create_invoices([sent])
    assert result.error is None, result.error
    assert result.remote is not None
    return sent, result.remote


def asked(sandbox: Sandbox, method: str, path: str) -> list[Any]:
    return [each for each in sandbox.requests("xero") if each.method == method and each.path.split("?")[0].endswith(path)]


def numbers(sandbox: Sandbox) -> list[str]:
    return [each.number for each in sandbox.books("xero").documents]
