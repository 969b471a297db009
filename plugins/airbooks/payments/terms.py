"""How an amount settles a set of documents: in full, with discount, within tolerance, in part, too much, or short for a known cause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate, combinations

from airbooks.canonical.money import minor_units, round_amount
from airbooks.payments.decision import ZERO, OpenItem, Settled
from airbooks.payments.frames import CREDIT_NOTE, PERCENT, discount_of
from airbooks.payments.tuning import Tuning

MOST_DISCOUNTED = 10  # of so many items each may be paid with or without its discount


class Kind(StrEnum):
    """How an amount compares with what is open."""

    EXACT = "exact"
    DISCOUNT = "discount"
    TOLERANCE = "tolerance"
    PART = "part"
    PART_OF_SEVERAL = "part of several"
    OVER = "over"
    LATE_DISCOUNT = "late discount"
    FEE = "fee"
    FEE_TOLD = "fee told"
    WITHHOLDING = "withholding"
    CONVERTED = "converted"


PARTS = frozenset({Kind.PART, Kind.PART_OF_SEVERAL})
FULL = frozenset({Kind.EXACT, Kind.DISCOUNT, Kind.TOLERANCE})


@dataclass(frozen=True, slots=True)
class Part:
    """What one document gets, in the paid currency; negative for a credit note. `settles` is told where the document has another one."""

    position: int
    amount: Decimal
    discount: Decimal = ZERO
    write_off: Decimal = ZERO
    settles: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """One way in which the paid amount settles documents; the parts' amounts and `on_account` sum to it. `words` tell it."""

    kind: Kind
    parts: tuple[Part, ...]
    on_account: Decimal
    words: str


@dataclass(frozen=True, slots=True)
class Paid:
    """An amount, its currency, and the day it counts from for discounts."""

    amount: Decimal
    currency: str
    on: date


Items = Sequence[tuple[int, OpenItem]]


def signed(item: OpenItem) -> Decimal:
    """What is open: negative for a credit note."""
    return -item.open_amount if item.kind == CREDIT_NOTE else item.open_amount


def money(amount: Decimal, currency: str) -> str:
    """An amount as people read it: 1,250.00 USD."""
    return f"{amount:,.{minor_units(currency)}f} {currency}"


def discount_allowed(item: OpenItem, on: date, tuning: Tuning) -> Decimal:
    """The early-payment discount that a payment of this day may still take."""
    if item.kind == CREDIT_NOTE or item.discount_until is None or on > item.discount_until + timedelta(days=tuning.discount_grace_days):
        return ZERO
    return discount_of(item)


def within_tolerance(difference: Decimal, total: Decimal, currency: str, tuning: Tuning) -> bool:
    """Whether a difference is too small to ask about."""
    size = abs(difference)
    return size.scaleb(minor_units(currency)) <= tuning.tolerance_minor and size * PERCENT <= total * tuning.tolerance_percent


def fits(items: Items, paid: Paid, tuning: Tuning) -> list[Fit]:
    """The ways in which `paid` settles `items` (all in its currency), best first; empty if credit notes leave nothing to pay."""
    total = sum((signed(item) for _, item in items), ZERO)
    if total <= ZERO or not items:
        return []
    full = _full(items, paid, total, tuning)
    if full:
        return [full]
    if paid.amount > total:
        return [
            _fit(Kind.OVER, items, paid, f"{money(paid.amount - total, paid.currency)} more than is open was paid and stays on account")
        ]
    return [*_short(items, paid, total - paid.amount, tuning), *_part(items, paid, total)]


def _full(items: Items, paid: Paid, total: Decimal, tuning: Tuning) -> Fit | None:
    gap = total - paid.amount
    if gap == ZERO:
        return _fit(Kind.EXACT, items, paid, _open_words(items))
    if within_tolerance(gap, total, paid.currency, tuning):
        return _tolerated(items, paid, gap)
    return _discounted(items, paid, gap, tuning)


def _open_words(items: Items) -> str:
    if len(items) == 1:
        return "the amount is what is open"
    netted = ", credit notes deducted" if any(item.kind == CREDIT_NOTE for _, item in items) else ""
    return f"the amount is what is open on these {len(items)} together{netted}"


def _tolerated(items: Items, paid: Paid, gap: Decimal) -> Fit:
    difference = money(abs(gap), paid.currency)
    if gap < ZERO:
        return _fit(Kind.TOLERANCE, items, paid, f"{difference} too much stays on account, within the tolerance")
    return _with_write_off(_fit(Kind.TOLERANCE, items, paid, f"{difference} too little is written off, within the tolerance"), gap)


def _discounted(items: Items, paid: Paid, gap: Decimal, tuning: Tuning) -> Fit | None:
    allowed = {position: discount_allowed(item, paid.on, tuning) for position, item in items}
    discounts = {position: each for position, each in allowed.items() if each > ZERO}
    everything = sum(discounts.values(), ZERO)
    if not discounts or gap < ZERO:
        return None
    rest = gap - everything
    if rest == ZERO or (rest > ZERO and within_tolerance(rest, paid.amount, paid.currency, tuning)):
        fit = _fit(Kind.DISCOUNT, items, paid, _discount_words(items, discounts), discounts)
        return _with_write_off(fit, rest) if rest else fit
    if rest < ZERO and within_tolerance(rest, paid.amount, paid.currency, tuning):
        largest = max(discounts, key=lambda position: (discounts[position], -position))
        discounts[largest] += rest
        return _fit(Kind.DISCOUNT, items, paid, _discount_words(items, discounts), discounts) if discounts[largest] > ZERO else None
    taken = _some_that_sum(discounts, gap)
    return _fit(Kind.DISCOUNT, items, paid, _discount_words(items, taken), taken) if taken else None


def _some_that_sum(discounts: dict[int, Decimal], gap: Decimal) -> dict[int, Decimal]:
    """The one choice of discounts that is `gap`; nothing if none or several are."""
    if len(discounts) > MOST_DISCOUNTED:
        return {}
    found = [
        some
        for size in range(1, len(discounts))
        for some in combinations(discounts, size)
        if sum((discounts[each] for each in some), ZERO) == gap
    ]
    return {each: discounts[each] for each in found[0]} if len(found) == 1 else {}


def _discount_words(items: Items, discounts: dict[int, Decimal]) -> str:
    taken = [item for position, item in items if position in discounts]
    terms = sorted({f"{item.discount_percent:f} % discount allowed until {item.discount_until}" for item in taken})
    shown = " and ".join(terms) if len(terms) <= 2 else f"early-payment discounts on {len(taken)} of them"
    return f"the amount is what is open, less {shown}"


def _short(items: Items, paid: Paid, gap: Decimal, tuning: Tuning) -> list[Fit]:
    """Known causes of a shortfall. Each is only a guess until a person, or an agreement with the customer, says so."""
    late = {position: discount_of(item) for position, item in items if item.kind != CREDIT_NOTE and item.discount_percent}
    found = []
    if late and sum(late.values(), ZERO) == gap:
        found.append(_fit(Kind.LATE_DISCOUNT, items, paid, "the discount was taken after its last day", late))
    total = paid.amount + gap
    for percent in tuning.withholding_percents:
        if round_amount(total * percent / PERCENT, paid.currency) == gap:
            words = f"{money(gap, paid.currency)} is missing, {percent:f} % of what is open: tax withheld"
            found.append(_with_write_off(_fit(Kind.WITHHOLDING, items, paid, words), gap))
    if gap in tuning.typical_fees and gap * PERCENT <= total * tuning.deduction_percent:
        found.append(
            _with_write_off(_fit(Kind.FEE, items, paid, f"{money(gap, paid.currency)} is missing, as if a bank had kept a fee"), gap)
        )
    return [each for each in found if all(part.amount > ZERO for part in each.parts if part.write_off)]


def known_fee(items: Items, paid: Paid, fee: Decimal) -> Fit:
    """All of `items`, where banks on the way kept `fee` of what the payer ordered."""
    words = f"the payer ordered what is open; {money(fee, paid.currency)} was kept by banks on the way"
    return _with_write_off(_fit(Kind.FEE_TOLD, items, paid, words), fee)


def _part(items: Items, paid: Paid, total: Decimal) -> list[Fit]:
    """The oldest debt first; credit notes count in full."""
    words = f"a part: {money(total - paid.amount, paid.currency)} stays open"
    notes = [(position, item) for position, item in items if item.kind == CREDIT_NOTE]
    rest = paid.amount - sum((signed(item) for _, item in notes), ZERO)
    parts = [Part(position, signed(item)) for position, item in notes]
    for position, item in sorted((each for each in items if each[1].kind != CREDIT_NOTE), key=_by_age):
        amount = min(rest, item.open_amount)
        rest -= amount
        if amount > ZERO:
            parts.append(Part(position, amount))
    return [Fit(Kind.PART if len(items) == 1 else Kind.PART_OF_SEVERAL, tuple(parts), rest, words)]


def _by_age(each: tuple[int, OpenItem]) -> tuple[date, str, int]:
    return each[1].due_date or each[1].issue_date, each[1].number, each[0]


def _fit(kind: Kind, items: Items, paid: Paid, words: str, discounts: dict[int, Decimal] | None = None) -> Fit:
    """All items in full, less discounts; what is left over stays on account (negative: what a write-off must still explain)."""
    taken = discounts or {}
    parts = tuple(Part(position, signed(item) - taken.get(position, ZERO), taken.get(position, ZERO)) for position, item in items)
    return Fit(kind, parts, paid.amount - sum((each.amount for each in parts), ZERO), words)


def _with_write_off(fit: Fit, gap: Decimal) -> Fit:
    """The same with `gap` written off on its largest document."""
    largest = max(fit.parts, key=lambda each: (each.amount, -each.position))
    lowered = replace(largest, amount=largest.amount - gap, write_off=gap)
    return replace(fit, parts=tuple(lowered if each is largest else each for each in fit.parts), on_account=fit.on_account + gap)


def settled(fit: Fit, paid: Paid, gross: Decimal, currency: str, item_at: Callable[[int], OpenItem]) -> tuple[tuple[Settled, ...], Decimal]:
    """The parts of a fit as allocations of a payment of `gross` in `currency`, and what stays on account: they sum to `gross` exactly.

    Where the fit was found in another currency (`paid`), amounts are shared out at the rate of the payment itself, cumulatively rounded.
    """
    sums = list(accumulate(each.amount for each in fit.parts))
    shares = [_converted(each, paid, gross, currency) for each in sums]
    amounts = [share - before for share, before in zip(shares, [ZERO, *shares[:-1]], strict=True)]
    made = tuple(
        _settled(part, amount, paid, gross, currency, item_at(part.position)) for part, amount in zip(fit.parts, amounts, strict=True)
    )
    return made, gross - sum(amounts, ZERO)


def _converted(amount: Decimal, paid: Paid, gross: Decimal, currency: str) -> Decimal:
    """`amount` of what was paid, as a share of the gross."""
    return amount if gross == paid.amount and currency == paid.currency else round_amount(amount * gross / paid.amount, currency)


def _settled(part: Part, amount: Decimal, paid: Paid, gross: Decimal, currency: str, item: OpenItem) -> Settled:
    return Settled(
        document_id=item.document_id,
        connection=item.connection,
        number=item.number,
        amount=amount,
        settled=abs(part.amount + part.discount + part.write_off) if part.settles is None else part.settles,
        discount=_converted(part.discount, paid, gross, currency),
        write_off=_converted(part.write_off, paid, gross, currency),
    )
