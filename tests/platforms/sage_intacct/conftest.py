"""The connector and the simulated company that it talks to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from airbooks.canonical import CreditNote, Invoice, Party
from airbooks.platforms.base import Account, Sending
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, required_codes
from airbooks.platforms.sage_intacct.hook import SageIntacctHook
from airbooks.platforms.sage_intacct.spec import SPEC
from airbooks.sandbox.server import Sandbox

SLUG = "sage_intacct"
NAMES = {
    (ReferenceKind.ACCOUNT, "EQUIPMENT"): "4000",
    (ReferenceKind.ACCOUNT, "PARTS"): "4010",
    (ReferenceKind.ACCOUNT, "FREIGHT"): "4900",
    (ReferenceKind.ACCOUNT, "DISCOUNT"): "4800",
    (ReferenceKind.TAX_CODE, "GB-S20"): "UK Sales Standard",
    (ReferenceKind.TAX_CODE, "GB-S5"): "UK Sales Reduced",
    (ReferenceKind.TAX_CODE, "GB-Z0"): "UK Sales Zero",
    (ReferenceKind.PAYMENT_METHOD, "Wire"): "EFT",
}
BUYER = Party.model_validate(
    {
        "code": "C-UK-0042",
        "name": "Northside Fabrication Ltd",
        "vat_id": "GB123456789",
        "address": {"line1": "12 Mill Rd", "city": "Leeds", "postal_code": "LS1 4AP", "country": "GB"},
        "contact": {"email": "ap@northside.example", "phone": "+44 113 496 0000"},
    }
)


def references(document: Invoice | CreditNote, settings: dict[str, str], customer: str = "C-UK-0042") -> References:
    """Every code of the document with its entry in the company; codes without another name are called the same there."""
    codes = required_codes(document, SPEC.reference_kinds) | {(ReferenceKind.PAYMENT_METHOD, "Wire")}
    entries = {(kind, code): _entry(kind, NAMES.get((kind, code), code.partition(":")[2] or code)) for kind, code in codes}
    return References(customer=customer, entries=entries, settings=settings)


def _entry(kind: ReferenceKind, name: str) -> ReferenceItem:
    return ReferenceItem(kind=kind, code=name, name=name, remote_id=name)


@dataclass
class House:
    """A hook, the sandbox that it talks to, and what a user of both wants to do in one line."""

    sandbox: Sandbox
    hook: SageIntacctHook

    def sending(self, document: Invoice | CreditNote, **options: Any) -> Sending:
        found = references(document, dict(self.hook.settings()))
        return Sending(key=str(uuid4()), document=document, references=found, options=options)

    def inject(self, fault: str, **parameters: Any) -> None:
        self.sandbox.inject(SLUG, fault, **parameters)

    def books(self) -> Any:
        return self.sandbox.books(SLUG)

    def calls(self) -> list[str]:
        return [each.body for each in self.sandbox.requests(SLUG)]


def account(sandbox: Sandbox, **extra: Any) -> Account:
    """The connection of the simulated company, with other settings where they are given."""
    stored = sandbox.simulators[SLUG].connection()
    return Account(host=stored["host"], login=stored["login"], password=stored["password"], extra={**stored["extra"], **extra})


@pytest.fixture
def house(sandbox: Any) -> Iterator[House]:
    started = sandbox(SLUG, time_scale=60)
    with SageIntacctHook("sage_intacct_uk", account=account(started)) as hook:
        hook.ensure_customer(BUYER, "GBP")
        yield House(started, hook)
