"""Payments as journal entries: the receipt on the customer's account, and the clearing that ties it to its invoices.

A receipt has one customer item per invoice that it pays and one for what is left over, so that each pair can be cleared on its own. The
order of elements in the clearing request, and the sign of its partial amounts, are UNVERIFIED.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lxml import etree

from airbooks.canonical import Payment
from airbooks.platforms.payments import Obstacle, rate_of_another_ledger
from airbooks.platforms.sap_s4hana import reading
from airbooks.platforms.sap_s4hana.mapping import (
    ASSIGNMENT_MAX,
    HEADER_MAX,
    REFERENCE_MAX,
    TEXT_MAX,
    ZERO,
    money,
    origin,
    padded,
    posted_by,
    rate_text,
    side,
)
from airbooks.platforms.sap_s4hana.odata import Row
from airbooks.platforms.sap_s4hana.soap import clean, element, present


@dataclass(frozen=True, slots=True)
class Part:
    """How much of a payment goes to one invoice."""

    remote_id: str
    number: str
    amount: Decimal


def mark(key: str) -> str:
    """A payment's DocumentReferenceID (at most 16 characters): the same for the same key, by which it is found again."""
    return f"P{hashlib.sha256(key.encode()).hexdigest()[:15].upper()}"


def parts(payment: Payment) -> list[Part]:
    """The payment's allocations, one per invoice."""
    found: dict[str, Part] = {}
    for each in payment.allocations:
        known = found.get(each.remote_id, Part(each.remote_id, each.document_number, ZERO))
        found[each.remote_id] = Part(known.remote_id, known.number, known.amount + each.amount)
    return [each for each in found.values() if each.amount]


def obstacles(payment: Payment, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    """What the connection's accounts and the journal's fields do not allow."""
    yield from rate_of_another_ledger(payment, settings["home_currency"])
    if not settings.get("bank_gl"):
        says = "The connection has no bank account for payments (bank_gl)."
        yield Obstacle("ACCOUNT", "bank_account", payment.bank_account, says, "Set bank_gl of the connection.")
    if payment.bank_fee and not settings.get("bank_fee_gl"):
        says = "The connection has no account for bank fees (bank_fee_gl)."
        yield Obstacle("FEE", "bank_fee", str(payment.bank_fee), says, "Set bank_fee_gl of the connection.")
    for at, each in enumerate(payment.allocations):
        if each.remote_id and reading.DocumentKey.of(each.remote_id) is None:
            says = f"The allocation to {each.document_number} does not say which document that is in SAP S/4HANA."
            yield Obstacle("DOCUMENT", f"allocations[{at}].remote_id", each.remote_id, says, "Deliver the document before its payment.")
    names = [assignment(each.number) for each in parts(payment)]
    if len(names) != len(set(names)):
        says = f"Two documents of the payment have the same number in the {ASSIGNMENT_MAX} characters by which its items are told apart."
        yield Obstacle("DOCUMENTS", "allocations", ", ".join(names), says, "Give each document a payment of its own.")


def assignment(number: str) -> str:
    """A document's number as an item of a payment bears it."""
    return clean(number)[:ASSIGNMENT_MAX].strip()


def receipt_entry(payment: Payment, customer: str, reference: str, settings: Mapping[str, str], bank: str = "") -> etree._Element:
    """The receipt (DZ): the bank is debited (`bank`, or the connection's own) and what it kept, the customer credited."""
    allocated = parts(payment)
    left = payment.amount - sum((each.amount for each in allocated), ZERO)
    owed = [*allocated, *([Part("", "", left)] if left else ())]
    items = [_customer_item(each, number, payment, customer) for number, each in enumerate(owed, start=1)]
    head = [
        *origin(settings["doc_type_payment"]),
        element("DocumentReferenceID", reference),
        *present("DocumentHeaderText", payment.memo or payment.reference, HEADER_MAX),
        *posted_by(settings),
        element("DocumentDate", payment.received_on.isoformat()),
        element("PostingDate", payment.received_on.isoformat()),
        *_rate(payment, settings),
        *present("Reference1InDocumentHeader", payment.source_id, REFERENCE_MAX),
    ]
    return element("JournalEntry", [*head, *_bank_items(payment, len(owed) + 1, settings, bank or settings["bank_gl"]), *items])


def _rate(payment: Payment, settings: Mapping[str, str]) -> list[etree._Element]:
    rate = payment.exchange_rate
    if rate is None or payment.currency == settings["home_currency"]:
        return []
    return [element("ExchangeRate", rate_text(rate.rate))]


def _bank_items(payment: Payment, number: int, settings: Mapping[str, str], bank: str) -> Iterator[etree._Element]:
    """What the bank credited, on its account, and what it kept, on that of its fees; the text names the method, which has no field."""
    text = " ".join(word for word in (payment.reference, payment.method) if word)
    own = bank == settings["bank_gl"]
    content = [
        element("ReferenceDocumentItem", str(number)),
        element("GLAccount", padded(bank)),
        money("AmountInTransactionCurrency", payment.amount - payment.bank_fee, payment.currency),
        side(payment.amount - payment.bank_fee, zero="S"),
        *present("DocumentItemText", text, TEXT_MAX),
        *present("AssignmentReference", payment.reference, ASSIGNMENT_MAX),
        element("ValueDate", payment.received_on.isoformat()),
        *present("HouseBank", settings.get("house_bank", "") if own else "", 5),
        *present("HouseBankAccount", settings.get("house_bank_account", "") if own else "", 5),
    ]
    yield element("Item", content)
    if payment.bank_fee:
        fee = [
            element("ReferenceDocumentItem", str(number + 1)),
            element("GLAccount", padded(settings["bank_fee_gl"])),
            money("AmountInTransactionCurrency", payment.bank_fee, payment.currency),
            side(payment.bank_fee, zero="S"),
            *present("DocumentItemText", f"Bank fee {payment.reference}", TEXT_MAX),
        ]
        yield element("Item", fee)


def _customer_item(part: Part, number: int, payment: Payment, customer: str) -> etree._Element:
    content = [
        element("ReferenceDocumentItem", str(number)),
        element("Debtor", padded(customer)),
        money("AmountInTransactionCurrency", -part.amount, payment.currency),
        side(-part.amount, zero="H"),
        *present("DocumentItemText", payment.reference or payment.source_id, TEXT_MAX),
        *present("AssignmentReference", part.number, ASSIGNMENT_MAX),
    ]
    return element("DebtorItem", content)


@dataclass(frozen=True, slots=True)
class Cleared:
    """One row of a clearing: an open item, and the part of it that is meant (None: all of it)."""

    item: Row
    partial: Decimal | None = None


def clearing_rows(invoice: Sequence[Row], followers: Sequence[Row], payment_item: Row) -> list[Cleared]:
    """What is cleared together: the whole invoice with its earlier partial payments, or a part of it with this payment alone."""
    earlier = [row for row in followers if not (row["IsCleared"] or row["IsReversed"] or row["IsReversal"])]
    paid = -reading.amount(payment_item)
    balance = sum(map(reading.amount, (*invoice, *earlier)), ZERO)
    if paid == balance:
        return [Cleared(row) for row in (*invoice, *earlier, payment_item)]
    return [*(Cleared(row, paid) for row in invoice[:1]), Cleared(payment_item)]


def clearing_entry(rows: Sequence[Cleared], payment: Payment, settings: Mapping[str, str]) -> etree._Element:
    """The `JournalEntry` of a clearing request (AB)."""
    head = [
        element("CompanyCode", settings["company_code"]),
        element("AccountingDocumentType", settings["doc_type_clearing"]),
        element("DocumentDate", payment.received_on.isoformat()),
        element("PostingDate", payment.received_on.isoformat()),
        element("CurrencyCode", payment.currency),
        *present("DocumentHeaderText", payment.reference, HEADER_MAX),
        element("CreatedByUser", settings["created_by_user"][:12]),
    ]
    items = [_apar_item(each, number, payment.currency) for number, each in enumerate(rows, start=1)]
    return element("JournalEntry", [*head, *items])


def _apar_item(each: Cleared, number: int, currency: str) -> etree._Element:
    key = reading.key_of(each.item)
    content = [
        element("ReferenceDocumentItem", str(number)),
        element("AccountType", reading.CUSTOMER_ITEM),
        element("APARAccount", padded(each.item["Customer"])),
        element("FiscalYear", key.fiscal_year),
        element("AccountingDocument", key.number),
        element("AccountingDocumentItem", str(int(each.item["AccountingDocumentItem"]))),
        *([money("PartialPaymentAmtInDspCrcy", each.partial, currency)] if each.partial is not None else ()),
    ]
    return element("APARItems", content)
