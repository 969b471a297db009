"""What the tests of the connector do again and again."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from tests.platforms.kashflow.documents import line, sale
from tests.platforms.kashflow.setup import codes

from airbooks.canonical import CreditNote, DocumentKind, Invoice, RemoteDocument
from airbooks.platforms.base import Account, Sending
from airbooks.platforms.kashflow import KashFlowHook
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, required_codes
from airbooks.sandbox.server import Sandbox

INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


GOODS: dict[str, Any] = {"item_code": "CMP-RS-22"}


def account_of(sandbox: Sandbox, *, password: str = "", **extra: Any) -> Account:
    stored = sandbox.simulators["kashflow"].connection()
    return Account(host=stored["host"], login=stored["login"], password=password or stored["password"], extra={**stored["extra"], **extra})


def sold(number: str = "UK-SI-000042", **fields: Any) -> Invoice:
    return sale(line(**GOODS), number=number, purchase_order="PO-77812", **fields)


def sending(hook: KashFlowHook, document: Invoice | CreditNote, **options: Any) -> Sending:
    """A document as the engine hands it over: its codes resolved on the platform, its customer there."""
    entries: dict[tuple[ReferenceKind, str], ReferenceItem] = {}
    for kind, code in required_codes(document, hook.spec.reference_kinds):
        (entries[kind, code],) = hook.find_reference(kind, [codes(kind.value, code) or ""])
    customer = hook.ensure_customer(document.buyer, document.currency)
    references = References(customer=customer, entries=entries, settings=hook.settings())
    return Sending(key=str(uuid4()), document=document, references=references, options=options)


def booked(hook: KashFlowHook, document: Invoice | CreditNote | None = None) -> RemoteDocument:
    (sent,) = hook.create_invoices([sending(hook, document or sold())])
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return sent.remote


def void(hook: KashFlowHook, remote: RemoteDocument) -> Any:
    return hook.void_invoice(remote, on=date(2026, 3, 1), reason="Entered twice", key=str(uuid4()))


def documents(sandbox: Sandbox) -> list[Any]:
    return sandbox.books("kashflow").documents


def asked(sandbox: Sandbox, method: str, path: str) -> list[Any]:
    return [each for each in sandbox.requests("kashflow") if each.method == method and path in each.path]
