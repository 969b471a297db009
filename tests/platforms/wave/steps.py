"""What the tests of the connector do again and again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.platforms.wave.conftest import Client
from tests.platforms.wave.documents import sale, sold
from tests.platforms.wave.setup import called

from airbooks.canonical import (
    DocumentKind,
    Invoice,
    RemoteDocument,
)
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, required_codes
from airbooks.platforms.wave import WaveHook

INVOICE = DocumentKind.INVOICE


REFUSED = (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def pre_filter(number: int = 1, **fields: Any) -> Any:
    """A line of the catalogue's item: two at 50.00, taxed in Texas."""
    return sold(number, "FLT-PRE-30", **{"quantity": "2", "price": "50.00", "name": "Pre-filter 3 micron", **fields})


def small(**fields: Any) -> Invoice:
    """100.00 and 8.25 % tax."""
    today = datetime.now(UTC).date()
    return sale(pre_filter(), **{"issue_date": today, "due_date": today + timedelta(days=30), **fields})


def entries(hook: WaveHook, document: Invoice) -> dict[tuple[ReferenceKind, str], ReferenceItem]:
    found = {}
    for kind, code in required_codes(document, hook.spec.reference_kinds):
        target = called(kind.value, code)
        assert target is not None
        (found[kind, code],) = hook.find_reference(kind, [target])
    return found


def sending(hook: WaveHook, document: Invoice, **options: Any) -> Sending:
    customer = hook.ensure_customer(document.buyer, document.currency)
    references = References(customer=customer, entries=entries(hook, document), settings=hook.settings())
    return Sending(key=str(uuid4()), document=document, references=references, options=options)


def created(hook: WaveHook, document: Invoice | None = None, **options: Any) -> tuple[Sending, RemoteDocument]:
    made = sending(hook, document or small(), **options)
    (sent,) = hook.create_invoices([made])
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return made, sent.remote


def booked(hook: WaveHook, document: Invoice | None = None, **options: Any) -> RemoteDocument:
    """Created and approved."""
    return remote_of(hook.post_invoices([created(hook, document, **options)])[0])


def remote_of(sent: Sent) -> RemoteDocument:
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return sent.remote


def error_of(sent: Sent) -> PlatformError:
    assert sent.error is not None
    return sent.error


def meant(error: PlatformError) -> tuple[Action, Outcome]:
    return error.action, error.outcome


def documents_sent(client: Client, name: str) -> list[dict[str, Any]]:
    """The variables of every document with this operation name that reached the sandbox."""
    bodies = [json.loads(each.body) for each in client.sandbox.requests("wave") if each.path.endswith("/graphql/public")]
    return [each["variables"] for each in bodies if each.get("operationName") == name]
