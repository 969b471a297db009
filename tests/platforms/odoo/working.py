"""The steps that the delivery engine takes, for tests that need a document that far."""

from __future__ import annotations

from datetime import date
from typing import Any

from airbooks.canonical import (
    Allocation,
    CreditNote,
    Invoice,
    Payment,
    RemoteDocument,
)
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.odoo import OdooHook
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, codes_used

from .documents import BUYER, D

TARGETS = {
    (ReferenceKind.ACCOUNT, "EQUIPMENT"): "4000",
    (ReferenceKind.ACCOUNT, "PARTS"): "4010",
    (ReferenceKind.ACCOUNT, "DISCOUNT"): "4800",
    (ReferenceKind.ACCOUNT, "FREIGHT"): "4900",
    (ReferenceKind.TAX_CODE, "AU-GST10"): "GST 10%",
    (ReferenceKind.TAX_CODE, "AU-FREE"): "GST Free",
    (ReferenceKind.TAX_CODE, "GB-S20"): "20% S",
    (ReferenceKind.DIMENSION, "department:WHOLESALE"): "WHOLESALE",
    (ReferenceKind.DIMENSION, "department:SERVICE"): "SERVICE",
    (ReferenceKind.DIMENSION, "warehouse:MAIN"): "MAIN",
    (ReferenceKind.UNIT, "C62"): "Units",
    (ReferenceKind.UNIT, "MTR"): "Units",
}


def resolved(hook: OdooHook, document: Invoice | CreditNote, customer: str | None = None) -> References:
    """The document's codes, looked up in the database as the engine does."""
    entries: dict[tuple[ReferenceKind, str], ReferenceItem] = {}
    for kind, code in set(codes_used(document)):
        if code and kind in hook.spec.reference_kinds:
            target = TARGETS.get((kind, code), code)
            [entries[kind, code]] = [each for each in hook.find_reference(kind, [target]) if each.code == target]
    return References(customer=customer or hook.ensure_customer(document.buyer, document.currency), entries=entries)


def sending(hook: OdooHook, document: Invoice | CreditNote, key: str = "", **options: Any) -> Sending:
    return Sending(key=key or f"key-{document.number}", document=document, references=resolved(hook, document), options=options)


def created(hook: OdooHook, item: Sending) -> RemoteDocument:
    [sent] = hook.create_invoices([item])
    assert sent.error is None, sent.error
    assert sent.remote is not None
    return sent.remote


def posted(hook: OdooHook, document: Invoice | CreditNote) -> RemoteDocument:
    item = sending(hook, document)
    [sent] = hook.post_invoices([(item, created(hook, item))])
    assert sent.error is None, sent.error
    assert sent.remote is not None
    return sent.remote


def calls_of(hook: OdooHook, method: str) -> dict[str, str]:
    """Which calls a transport fault strikes: JSON-2 names the method in the path, XML-RPC in the body."""
    return {"path": f"/{method}$"} if hook.setting("transport") == "json2" else {"body": f"<string>{method}</string>"}


def by_key(answers: list[Sent]) -> dict[str, Sent]:
    return {each.key: each for each in answers}


def receipt(amount: str, *allocations: tuple[RemoteDocument, str], reference: str = "WIRE-9", **more: Any) -> Payment:
    made = [Allocation(document_number=remote.our_number, remote_id=remote.remote_id, amount=D(part)) for remote, part in allocations]
    values = {
        "source": "bank",
        "source_id": "b-1",
        "customer_code": BUYER.code,
        "received_on": date(2026, 11, 21),
        "amount": D(amount),
        "currency": "AUD",
        "reference": reference,
        "allocations": tuple(made),
    }
    return Payment.model_validate({**values, **more})
