"""A platform's simulated company and the ways in which tests book in it: one shared example, resolved and sent as the engine would."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from tests.documents import credit_note, invoice, line, rounded
from tests.platforms.setting import setting

from airbooks.canonical import (
    Address,
    Allocation,
    AllowanceCharge,
    Contact,
    CreditNote,
    DocumentReference,
    ExchangeRate,
    Invoice,
    Line,
    LineKind,
    Party,
    Payment,
    PaymentTerms,
    RemoteDocument,
    RemotePayment,
    TaxCategory,
)
from airbooks.delivery.echo import differences
from airbooks.platforms import registry
from airbooks.platforms.base import Account, PlatformHook, Sending, Sent
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, payment_codes, required_codes
from airbooks.platforms.spec import Capability
from airbooks.platforms.tokens import MemoryTokens
from airbooks.sandbox.kit import Booked, BookedPayment
from airbooks.sandbox.server import Sandbox

PER_USD = {"USD": Decimal(1), "GBP": Decimal("0.79"), "AUD": Decimal("1.52"), "EUR": Decimal("0.92")}
Document = Invoice | CreditNote
ASKED_AT_MOST = 500


class Company:
    """One simulated company on one platform; numbers and customers are new each time they are asked for."""

    def __init__(self, slug: str, sandbox: Sandbox) -> None:
        self.slug, self.sandbox = slug, sandbox
        self.spec, self.setting = registry.spec(slug), setting(slug)
        self.tokens = MemoryTokens()
        self._serial = count(1)

    # -- the connection -------------------------------------------------------------------------------------------------------

    def connection(self) -> dict[str, Any]:
        return self.sandbox.simulators[self.slug].connection()

    def hook(self, *, tokens: MemoryTokens | None = None, extra: dict[str, Any] | None = None, **changes: Any) -> PlatformHook:
        """A hook on the company's connection; `changes` and `extra` are what the connection has instead."""
        stored = {**self.connection(), **changes}
        account = Account(
            host=stored["host"] or "",
            schema=stored.get("schema") or "",
            login=stored.get("login") or "",
            password=stored.get("password") or "",
            port=stored.get("port"),
            extra={**stored.get("extra", {}), **(extra or {})},
        )
        return registry.hook_class(self.slug)(f"{self.slug}_test", account=account, tokens=tokens or self.tokens)

    def options(self) -> dict[str, Any]:
        """What the platform's operator hands to its hook."""
        operator = registry.operator_class(self.slug)(task_id="deliver", connection_id=f"{self.slug}_test", **self.setting.options)
        return dict(operator.platform_options())

    # -- documents ------------------------------------------------------------------------------------------------------------

    def number(self, series: str = "SI") -> str:
        return f"{self.setting.division}-{series}-{next(self._serial):06d}"

    def party(self, **fields: Any) -> Party:
        number = next(self._serial)
        address = Address(line1="18 Chapel Street", city="Harbour", postal_code="20457", country=self.setting.country)
        made = {
            "code": f"C-{self.setting.division}-{number:04d}",
            "name": f"Harbour Foundry {number}",
            "address": address,
            "contact": Contact(name="Accounts", email=f"accounts-{number}@harbour.example"),
        }
        return Party(**{**made, **fields})

    def line(self, number: int, item: str = "FLT-PRE-30", **fields: Any) -> Line:
        """A line of the catalogue's item, taxed at the setting's rate."""
        known = {
            "item_code": item,
            "tax_code": self.setting.tax_code,
            "account_code": "PARTS",
            "dimensions": {"department": "WHOLESALE"} if self.spec.can(Capability.DIMENSIONS) else {},
            "warehouse": "MAIN" if self.spec.can(Capability.DIMENSIONS) else "",
        }
        return line(number, rate=self.setting.tax_rate, **{**known, **fields})

    def example_lines(self) -> tuple[Line, ...]:
        """Goods with and without a discount, a service and freight."""
        goods = self.line(1, "CMP-RS-22", quantity="2", price="9875.00", name="Rotary screw compressor 22 kW", account_code="EQUIPMENT")
        hose = self.line(
            2, "HOS-38-15", quantity="40", price="3.465", name="Rubber hose 3/8 in per metre", unit="MTR", **self._discount("138.60")
        )
        visit = self.line(
            3,
            "SRV-MNT-A",
            quantity="1",
            price="395.00",
            name="Maintenance visit A",
            account_code="SERVICE",
            kind=LineKind.SERVICE,
            warehouse="",
        )
        freight = self.line(
            4,
            "FRT-STD",
            quantity="1",
            price="320.00",
            name="Freight standard pallet",
            account_code="FREIGHT",
            kind=LineKind.FREIGHT,
            warehouse="",
        )
        return goods, hose, visit, freight

    def _discount(self, base: str) -> dict[str, Any]:
        if not self.spec.can(Capability.LINE_DISCOUNT):
            return {}
        off = AllowanceCharge(amount=rounded(Decimal(base) / 10), base_amount=Decimal(base), percent=Decimal(10), reason="Line discount")
        return {"allowances_charges": (off,)}

    def volume_discount(self, lines: Iterable[Line]) -> tuple[AllowanceCharge, ...]:
        """2 % of the lines, off the whole document, where the platform can express that."""
        if not self.spec.can(Capability.DOCUMENT_DISCOUNT):
            return ()
        base = sum((each.net_amount for each in lines), Decimal(0))
        return (
            AllowanceCharge(
                amount=rounded(base * 2 / 100),
                base_amount=base,
                percent=Decimal(2),
                reason="Volume discount",
                tax_category=TaxCategory.STANDARD,
                tax_rate=Decimal(self.setting.tax_rate),
                tax_code=self.setting.tax_code,
                account_code="DISCOUNT",
            ),
        )

    def _head(self, fields: dict[str, Any]) -> dict[str, Any]:
        issued = today()
        head = {
            "division": self.setting.division,
            "number": self.number("CN" if "reason" in fields else "SI"),
            "source_id": str(next(self._serial)),
            "issue_date": issued,
            "due_date": issued + timedelta(days=30),
            "currency": self.setting.currency,
            "seller": None,
            "buyer": self.party(),
            "terms": PaymentTerms(code="Net 30", text="Net 30", net_days=30),
            "purchase_order": "PO-88213",
        }
        return {**head, **fields}

    def invoice(self, *lines: Line, **fields: Any) -> Invoice:
        """The shared example, or an invoice over these lines."""
        return invoice(*(lines or self.example_lines()), **self._head(fields))

    def small_invoice(self, **fields: Any) -> Invoice:
        """One line of 100.00 and its tax."""
        return self.invoice(self.line(1), **fields)

    def credit_note(self, *lines: Line, corrects: Invoice, **fields: Any) -> CreditNote:
        """A credit note for part of an invoice that was booked."""
        preceding = (DocumentReference(number=corrects.number, issue_date=corrects.issue_date),)
        given = {
            "reason": "Returned goods",
            "preceding_invoices": preceding,
            "buyer": corrects.buyer,
            "currency": corrects.currency,
            **fields,
        }
        return credit_note(*(lines or (self.line(1, quantity="1", price="100"),)), **self._head(given))

    def exchange_rate(self) -> ExchangeRate:
        """What one unit of the setting's foreign currency is worth in the books."""
        rate = (PER_USD[self.setting.currency] / PER_USD[self.setting.foreign]).quantize(Decimal("0.000001"))
        return ExchangeRate(base=self.setting.currency, rate=rate, rate_date=today(), source="test")

    # -- sending --------------------------------------------------------------------------------------------------------------

    def entries(self, hook: PlatformHook, document: Document) -> dict[tuple[ReferenceKind, str], ReferenceItem]:
        """The platform's entry for every code that the document needs; fails when a mapping of the configuration leads nowhere."""
        found: dict[tuple[ReferenceKind, str], ReferenceItem] = {}
        for kind, code in required_codes(document, hook.spec.reference_kinds):
            target = self.setting.codes(kind.value, code)
            assert target, f"no mapping for {kind.value} {code}"
            entries = [each for each in hook.find_reference(kind, [target]) if each.code == target]
            assert entries, f"{kind.value} {code} is mapped to {target!r}, which the platform does not have"
            assert entries[-1].active, f"{kind.value} {code} is mapped to {target!r}, which is switched off"
            found[kind, code] = entries[-1]
        return found

    def sending(self, hook: PlatformHook, document: Document, customer: str = "") -> Sending:
        customer = customer or hook.ensure_customer(document.buyer, document.currency)
        references = References(customer=customer, entries=self.entries(hook, document), settings=hook.settings())
        return Sending(key=str(uuid4()), document=document, references=references, options=self.options())

    def create(self, hook: PlatformHook, *sendings: Sending) -> dict[str, Sent]:
        """Create in batches as large as the platform takes; what became of each by its key."""
        size = hook.spec.limits.batch
        found: dict[str, Sent] = {}
        for start in range(0, len(sendings), size):
            part = {each.key: each for each in sendings[start : start + size]}
            found |= {each.key: self.final(hook, part[each.key], each) for each in hook.create_invoices(list(part.values()))}
        return found

    @staticmethod
    def final(hook: PlatformHook, sending: Sending, answer: Sent) -> Sent:
        """The platform's last word: at once, or, where it answers later, as soon as it does."""
        for _ in range(ASKED_AT_MOST):
            if answer.error is not None or not answer.ticket:
                return answer
            time.sleep(0.01)
            with contextlib.suppress(PlatformError):  # what cannot be asked now is asked again
                answer = next(iter(hook.collect_answers([(sending, answer.ticket)])), answer)
        raise AssertionError(f"{sending.document.number}: no answer about {answer.ticket}")

    def update(self, hook: PlatformHook, sending: Sending, remote: RemoteDocument) -> Sent:
        return self.final(hook, sending, hook.update_invoice(sending, remote))

    def void(self, hook: PlatformHook, sending: Sending, remote: RemoteDocument, key: str = "") -> Sent:
        """Void a document that was sent as `sending`, as one that was entered twice."""
        again = replace(sending, key=key or str(uuid4()))
        return self.final(hook, again, hook.void_invoice(remote, on=today(), reason="Entered twice", key=again.key))

    def book(self, hook: PlatformHook, document: Document) -> RemoteDocument:
        """Create, and post where that is a step; every echo is equal to the cent."""
        sending = self.sending(hook, document)
        sent = self.create(hook, sending)[sending.key]
        assert sent.error is None, str(sent.error)
        assert sent.remote is not None
        self.assert_echo(sending, sent.remote)
        return self.post(hook, sending, sent.remote)

    def post(self, hook: PlatformHook, sending: Sending, remote: RemoteDocument) -> RemoteDocument:
        if not self.spec.can(Capability.POST_STEP):
            return remote
        posted = self.final(hook, sending, hook.post_invoices([(sending, remote)])[0])
        assert posted.error is None, str(posted.error)
        assert posted.remote is not None
        self.assert_echo(sending, posted.remote)
        return posted.remote

    @staticmethod
    def assert_echo(sending: Sending, remote: RemoteDocument) -> None:
        document = sending.document
        assert differences(document, remote, sending.references.customer) == ()
        assert remote.our_number == document.number
        assert remote.total == document.gross_total

    # -- what is booked -------------------------------------------------------------------------------------------------------

    def booked(self, number: str) -> list[Booked]:
        """What the platform's own books hold under our number and is not void."""
        return [each for each in self.sandbox.books(self.slug).documents if each.our_number == number and each.status != "void"]

    def payment(self, document: Document, remote: RemoteDocument, amount: Decimal, **fields: Any) -> Payment:
        made = {
            "source": "bank",
            "source_id": f"pay-{next(self._serial)}",
            "customer_code": document.buyer.code,
            "received_on": today(),
            "amount": amount,
            "currency": document.currency,
            "method": "Wire",
            "reference": f"REF-{next(self._serial)}",
            "allocations": (Allocation(document_number=document.number, remote_id=remote.remote_id, amount=amount),),
        }
        return Payment(**{**made, **fields})

    def payment_references(self, hook: PlatformHook, payment: Payment, customer: str) -> References:
        """The payment's own codes, as far as the platform lists them."""
        entries: dict[tuple[ReferenceKind, str], ReferenceItem] = {}
        for kind, code in payment_codes(payment):
            target = self.setting.codes(kind.value, code)
            for each in hook.find_reference(kind, [target]) if target else []:
                entries[kind, code] = each
        return References(customer=customer, entries=entries, settings=hook.settings())

    def reverse_payment(self, payment: RemotePayment) -> None:
        """Take a payment back as a person at the vendor's screen would."""
        self.setting.reverse_payment(self, payment)

    def paid(self, *documents: RemoteDocument) -> list[BookedPayment]:
        """The payments that settle any of these documents in the platform's own books and are not void."""
        named = {each.remote_id for each in documents}
        return [each for each in self.sandbox.books(self.slug).payments if named & each.applied.keys() and each.status != "void"]


def spoilt(sending: Sending, absent_id: str) -> Sending:
    """The same sending with every item pointing at one that the platform does not have; the customer, where lines are free text."""
    entries = {
        (kind, code): replace(item, code="NO-SUCH", remote_id=absent_id) if kind is ReferenceKind.ITEM else item
        for (kind, code), item in sending.references.entries.items()
    }
    names_items = any(kind is ReferenceKind.ITEM for kind, _ in entries)
    customer = sending.references.customer if names_items else absent_id
    return replace(sending, references=replace(sending.references, customer=customer, entries=entries))


def today() -> date:
    return datetime.now(UTC).date()
