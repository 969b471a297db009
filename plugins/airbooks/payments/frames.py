"""Open items as look-up tables, built once for all payments of a run."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

import pandas as pd

from airbooks.canonical.money import minor_units, round_amount
from airbooks.payments.decision import ZERO, OpenItem
from airbooks.payments.names import company, is_strong, key_of, lookalike, series_of

CREDIT_NOTE = "credit_note"
FEW = 5
PERCENT = Decimal(100)
K = TypeVar("K", str, int, tuple[str, int])


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers that share a prefix: the shortest and the longest run of digits, and the highest number."""

    width: int
    widest: int
    highest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """All open items. A position is an index into `items`, which are in an order of their own: the same whatever order they came in."""

    items: tuple[OpenItem, ...]
    frame: pd.DataFrame  # position, customer, currency, open and discounted (minor units); invoices only
    by_key: Mapping[str, tuple[int, ...]]
    by_lookalike: Mapping[str, tuple[int, ...]]
    by_series: Mapping[tuple[str, int], tuple[int, ...]]
    by_serial: Mapping[int, tuple[int, ...]]
    by_customer: Mapping[str, tuple[int, ...]]
    series: Mapping[str, Series]
    company_names: tuple[str, ...]  # full names, sorted
    companies: Mapping[str, frozenset[str]]  # full name -> customer codes
    bare_companies: Mapping[str, frozenset[str]]  # name without legal form -> customer codes
    connections: Mapping[str, frozenset[str]]  # customer code -> connections
    codes: Mapping[str, str]  # customer code as it may stand in a text (a key) -> customer code
    closed: frozenset[str]  # keys of numbers that are settled or void
    coming: frozenset[str]  # keys of numbers that are known, and not open yet
    rates: Mapping[tuple[str, str], Decimal]  # (connection, currency) -> home currency per unit

    def serial_of(self, position: int) -> tuple[str, int]:
        """Prefix and serial of the item's own number."""
        prefix, digits = series_of(self.items[position].number)
        return prefix, int(digits or 0)

    def theirs(self, positions: Iterable[int], codes: frozenset[str]) -> bool:
        """Whether any of these is a document of these customers."""
        return any(self.items[each].customer_code in codes for each in positions)

    def begun(self, name: str) -> tuple[str, ...]:
        """Full names of companies that begin with `name`, the first few."""
        start = bisect_left(self.company_names, name)
        return tuple(each for each in self.company_names[start : start + FEW] if each.startswith(name))

    def of_customers(self, codes: Iterable[str]) -> tuple[int, ...]:
        """Positions of all open items of these customers."""
        return tuple(sorted(position for code in codes for position in self.by_customer.get(code, ())))


def to_minor(amount: Decimal, currency: str) -> int | None:
    """`amount` in minor units; None if it is finer than the currency knows."""
    scaled = amount.scaleb(minor_units(currency))
    return int(scaled) if scaled == scaled.to_integral_value() else None


def discount_of(item: OpenItem) -> Decimal:
    """The early-payment discount on what is open, whenever it is paid."""
    return round_amount(item.open_amount * item.discount_percent / PERCENT, item.currency)


def book_of(items: Sequence[OpenItem], closed: Iterable[str] = (), coming: Iterable[str] = ()) -> Book:
    """The look-up tables of all items that have something open; `closed` are numbers of documents that have not, `coming` of those that a
    person still has to decide about."""
    ordered = tuple(
        sorted((each for each in items if each.open_amount > ZERO), key=lambda each: (each.connection, each.document_id, each.number))
    )
    keys, serials = _names(ordered)
    is_open = {key for key, _ in keys}
    return Book(
        items=ordered,
        frame=_frame(ordered),
        by_key=_grouped(keys),
        by_lookalike=_grouped((lookalike(key), position) for key, position in keys if is_strong(key)),
        by_series=_grouped(((prefix, int(digits)), position) for prefix, digits, position in serials if prefix),
        by_serial=_grouped((int(digits), position) for _, digits, position in serials),
        by_customer=_grouped((each.customer_code, position) for position, each in enumerate(ordered)),
        series=_series(serials),
        company_names=tuple(sorted({company(each.customer_name)[0] for each in ordered} - {""})),
        companies=_sets((company(each.customer_name)[0], each.customer_code) for each in ordered),
        bare_companies=_sets((company(each.customer_name)[1], each.customer_code) for each in ordered),
        connections=_sets((each.customer_code, each.connection) for each in ordered),
        codes={key_of(each.customer_code): each.customer_code for each in ordered if is_strong(key_of(each.customer_code))},
        closed=frozenset(map(key_of, closed)) - is_open,
        coming=frozenset(map(key_of, coming)) - is_open,
        rates=_rates(ordered),
    )


def _names(items: tuple[OpenItem, ...]) -> tuple[list[tuple[str, int]], list[tuple[str, str, int]]]:
    keys, serials = [], []
    for position, item in enumerate(items):
        for name in dict.fromkeys((item.number, *item.names)):
            if key := key_of(name):
                keys.append((key, position))
            prefix, digits = series_of(name)
            if digits and len(digits) <= 12:
                serials.append((prefix, digits, position))
    return keys, serials


def _frame(items: tuple[OpenItem, ...]) -> pd.DataFrame:
    rows = [
        (
            position,
            each.customer_code,
            each.currency,
            to_minor(each.open_amount, each.currency),
            to_minor(each.open_amount - discount_of(each), each.currency) if each.discount_percent else None,
        )
        for position, each in enumerate(items)
        if each.kind != CREDIT_NOTE
    ]
    frame = pd.DataFrame(rows, columns=["position", "customer", "currency", "open", "discounted"])
    return frame.astype({"position": "int64", "open": "Int64", "discounted": "Int64"})


def _grouped(pairs: Iterable[tuple[K, int]]) -> dict[K, tuple[int, ...]]:
    found: dict[K, list[int]] = defaultdict(list)
    for key, position in pairs:
        found[key].append(position)
    return {key: tuple(dict.fromkeys(positions)) for key, positions in found.items()}


def _sets(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for key, value in pairs:
        if key:
            found[key].add(value)
    return {key: frozenset(values) for key, values in found.items()}


def _series(serials: list[tuple[str, str, int]]) -> dict[str, Series]:
    found: dict[str, Series] = {}
    for prefix, digits, _ in serials:
        known = found.get(prefix, Series(len(digits), 0, 0))
        found[prefix] = Series(min(known.width, len(digits)), max(known.widest, len(digits)), max(known.highest, int(digits)))
    return {prefix: series for prefix, series in found.items() if len(prefix) > 1}


def _rates(items: tuple[OpenItem, ...]) -> dict[tuple[str, str], Decimal]:
    """Rates as the newest documents have them; a currency without a rate is its connection's own."""
    rates: dict[tuple[str, str], Decimal] = {}
    for item in sorted(items, key=lambda each: (each.issue_date, each.connection, each.document_id)):
        rates[item.connection, item.currency] = item.rate or Decimal(1)
    return rates
