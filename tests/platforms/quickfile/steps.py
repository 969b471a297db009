"""What the tests of the connector do again and again."""

from __future__ import annotations

import json
from typing import Any

from tests.platforms.company import Company

from airbooks.canonical import (
    CreditNote,
    DocumentKind,
    Invoice,
    RemoteDocument,
)
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.quickfile import QuickFileHook

INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


def drafted(company: Company, hook: QuickFileHook, document: Invoice | CreditNote) -> RemoteDocument:
    sending = company.sending(hook, document)
    (sent,) = hook.create_invoices([sending])
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return sent.remote


def refused(company: Company, hook: QuickFileHook, document: Invoice | CreditNote) -> PlatformError:
    (sent,) = hook.create_invoices([company.sending(hook, document)])
    assert sent.error is not None
    return sent.error


def calls(company: Company, path: str) -> list[dict[str, Any]]:
    """The bodies of the calls of a method, as the account got them."""
    asked = [each for each in company.sandbox.requests("quickfile") if each.path.endswith(path)]
    return [json.loads(each.body)["payload"].get("Body", {}) for each in asked]
