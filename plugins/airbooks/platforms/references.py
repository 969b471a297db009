"""Codes of ours and what they are on a platform: items, accounts, tax codes, terms, dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from airbooks.canonical import Document, Line, Payment
from airbooks.platforms.errors import ReferenceMissing


class ReferenceKind(StrEnum):
    """What a code names. A dimension's code is `name:value`, for example `department:WHOLESALE` or `warehouse:MAIN`."""

    ITEM = "item"
    ACCOUNT = "account"
    TAX_CODE = "tax_code"
    TERMS = "terms"
    CURRENCY = "currency"
    DIMENSION = "dimension"
    UNIT = "unit"
    PAYMENT_METHOD = "payment_method"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceItem:
    """One entry of a platform's list: `code` is what people call it there, `remote_id` what the API wants (often the same)."""

    kind: ReferenceKind
    code: str
    name: str = ""
    remote_id: str = ""
    active: bool = True
    details: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What one document needs, resolved: the customer's id on the platform, and each code of ours with its entry there.

    `settings` are the connection's own (default accounts, journals): the non-secret part of its `extra`.
    """

    customer: str = ""
    entries: Mapping[tuple[ReferenceKind, str], ReferenceItem] = field(default_factory=lambda: MappingProxyType({}))
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def get(self, kind: ReferenceKind, code: str) -> ReferenceItem:
        """The platform's entry for our `code`; raises ReferenceMissing."""
        entry = self.entries.get((kind, code))
        if entry is None:
            raise ReferenceMissing(kind, code)
        return entry

    def has(self, kind: ReferenceKind, code: str) -> bool:
        return (kind, code) in self.entries


def dimension_codes(document: Document, line: Line | None = None) -> list[str]:
    """The dimension codes of a line (or of the document's head), a warehouse being the dimension `warehouse`."""
    holder = line if line is not None else document
    codes = [f"{name}:{value}" for name, value in holder.dimensions.items() if value]
    if line is not None and line.warehouse:
        codes.append(f"warehouse:{line.warehouse}")
    return codes


def _line_codes(document: Document, line: Line) -> Iterable[tuple[ReferenceKind, str]]:
    yield ReferenceKind.ITEM, line.item_code
    yield ReferenceKind.ACCOUNT, line.account_code
    yield ReferenceKind.TAX_CODE, line.tax_code
    yield ReferenceKind.UNIT, line.unit
    for code in dimension_codes(document, line):
        yield ReferenceKind.DIMENSION, code
    for each in line.allowances_charges:
        yield ReferenceKind.ACCOUNT, each.account_code
        yield ReferenceKind.TAX_CODE, each.tax_code


def codes_used(document: Document) -> Iterable[tuple[ReferenceKind, str]]:
    """Every code of ours that occurs in a document, with its kind; empty codes and duplicates included."""
    yield ReferenceKind.CURRENCY, document.currency
    yield ReferenceKind.TERMS, document.terms.code
    for code in dimension_codes(document):
        yield ReferenceKind.DIMENSION, code
    for each in document.allowances_charges:
        yield ReferenceKind.ACCOUNT, each.account_code
        yield ReferenceKind.TAX_CODE, each.tax_code
    for line in document.amount_lines:
        yield from _line_codes(document, line)


def required_codes(document: Document, kinds: Iterable[ReferenceKind]) -> frozenset[tuple[ReferenceKind, str]]:
    """The codes of the given kinds that must resolve before this document can be sent."""
    wanted = frozenset(kinds)
    return frozenset((kind, code) for kind, code in codes_used(document) if code and kind in wanted)


def payment_codes(payment: Payment) -> frozenset[tuple[ReferenceKind, str]]:
    """The codes of ours in a payment. None must resolve: `PlatformHook.payment_refusals` says which one it cannot do without."""
    used = (
        (ReferenceKind.PAYMENT_METHOD, payment.method),
        (ReferenceKind.CURRENCY, payment.currency),
        (ReferenceKind.ACCOUNT, payment.bank_account),
    )
    return frozenset((kind, code) for kind, code in used if code)
