"""A hook on a running simulator, and our codes resolved through it as the engine does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.business_central.documents import theirs

from airbooks.canonical import CreditNote, Invoice, RemoteDocument
from airbooks.platforms.base import Account, Sending, Sent
from airbooks.platforms.business_central import BusinessCentralHook
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, required_codes
from airbooks.sandbox.server import Sandbox

SLUG = "business_central"


class Desk:
    """What the engine does around the hook, in one place for tests."""

    def __init__(self, sandbox: Sandbox, **extra: Any) -> None:
        self.sandbox = sandbox
        self.hook = self.another(**extra)

    def another(self, **extra: Any) -> BusinessCentralHook:
        """One more hook on the same company, as another worker has it."""
        stored = self.sandbox.simulators[SLUG].connection()
        account = Account(
            host=stored["host"], login=stored["login"], password=stored["password"], extra=MappingProxyType({**stored["extra"], **extra})
        )
        return BusinessCentralHook("business_central_eu", account=account, read_timeout=5.0)

    def inject(self, fault: str, **parameters: Any) -> None:
        self.sandbox.inject(SLUG, fault, **parameters)

    def sending(self, document: Invoice | CreditNote, **options: Any) -> Sending:
        hook = self.hook
        codes = required_codes(document, hook.spec.reference_kinds)
        entries: dict[tuple[ReferenceKind, str], ReferenceItem] = {}
        for kind in hook.spec.reference_kinds:
            wanted = {theirs(kind, code): (kind, code) for each, code in codes if each is kind}
            found = {item.code: item for item in hook.find_reference(kind, set(wanted))} if wanted else {}
            entries |= {wanted[code]: item for code, item in found.items() if item.active}
        assert codes == entries.keys()
        customer = hook.ensure_customer(document.buyer, document.currency)
        refs = References(customer=customer, entries=entries, settings=hook.settings())
        return Sending(key=str(uuid4()), document=document, references=refs, options=options)

    def created(self, document: Invoice | CreditNote, **options: Any) -> tuple[Sending, RemoteDocument]:
        sending = self.sending(document, **options)
        return sending, good(self.hook.create_invoices([sending])[0])

    def booked(self, document: Invoice | CreditNote) -> tuple[Sending, RemoteDocument]:
        sending, draft = self.created(document)
        return sending, good(self.hook.post_invoices([(sending, draft)])[0])

    def asked(self, text: str) -> list[Any]:
        """The requests so far whose path contains `text`."""
        return [each for each in self.sandbox.requests(SLUG) if text in each.path]


def good(sent: Sent) -> RemoteDocument:
    assert sent.error is None, sent.error
    assert sent.remote is not None
    return sent.remote


@pytest.fixture
def desk(sandbox: Callable[..., Sandbox]) -> Iterator[Desk]:
    found = Desk(sandbox(SLUG, time_scale=60))
    yield found
    found.hook.close()
