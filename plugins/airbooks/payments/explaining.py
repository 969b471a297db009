"""Why three sides of one document differ: each difference is taken apart into amounts with a cause; pure.

What no cause accounts for stays UNEXPLAINED. The parts of a document sum to its differences exactly, so the differences of a period sum
to those of its control totals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from airbooks.payments.decision import ZERO
from airbooks.payments.differences import NOWHERE, Cause, Holding, Leg, Measure, SalesRow, Setting, StagedRow, sign, total_measure

Reason = tuple[Cause, str]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a difference, with its cause."""

    leg: Leg
    cause: Cause
    amount: Decimal
    connection: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the three sides say of one document in one measure (None: the sales system does not say), and why they differ."""

    measure: Measure
    sales: Decimal | None
    staged: Decimal
    platform: Decimal
    counts: tuple[int, int, int]  # how many documents that is on each side
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A document in the sales system and in staging. `sold` and `kept` are the same where they count in the period, else None;
    `holdings` is where it is to be, or still is: at least one, so that a document that goes nowhere differs from the platform's nothing.
    """

    setting: Setting
    sales: SalesRow | None
    staged: StagedRow | None
    sold: SalesRow | None
    kept: StagedRow | None
    holdings: tuple[Holding, ...]

    @property
    def kind(self) -> str:
        row = self.sold or self.kept or self.staged
        return row.kind if row else ""

    @property
    def total(self) -> Decimal:
        return self.kept.total if self.kept else ZERO

    def is_small(self, amount: Decimal) -> bool:
        return abs(amount) <= self.setting.tolerance


def compare(setting: Setting, sales: SalesRow | None, staged: StagedRow | None) -> tuple[Amounts, ...]:
    """Every measure of one document; nothing where it counts on no side in this period."""
    sold = sales if sales and not sales.cancelled and setting.covers(sales.issue_date) else None
    kept = staged if staged and staged.counts and setting.covers(staged.issue_date) else None
    here = staged is not None and setting.covers(staged.issue_date)
    holdings = (staged.holdings if staged and here else ()) or (NOWHERE,)
    pair = Pair(setting=setting, sales=sales, staged=staged, sold=sold, kept=kept, holdings=holdings)
    if sold is None and kept is None and not any(each.held for each in pair.holdings):
        return ()
    return _totals(pair), _payments(pair), _open(pair)


# -- totals ----------------------------------------------------------------------------------------------------------------------------


def _totals(pair: Pair) -> Amounts:
    sold = pair.sold.total if pair.sold else ZERO
    held = sum((each.held for each in pair.holdings), ZERO)
    parts = (*_sold_parts(pair, sold - pair.total), *_held_parts(pair))
    counts = (int(pair.sold is not None), int(pair.kept is not None), sum(_is_held(pair, each) for each in pair.holdings))
    return Amounts(total_measure(pair.kind), sold, pair.total, held, counts, parts)


def _is_held(pair: Pair, holding: Holding) -> bool:
    return bool(holding.held) or (pair.kept is not None and not pair.total and holding.delivery == "delivered")


def _sold_parts(pair: Pair, off: Decimal) -> Iterator[Part]:
    if off:
        cause, says = _sales_reason(pair)
        yield Part(Leg.SALES, Cause.ROUNDING if not cause and pair.is_small(off) else cause, off, "", says)


def _sales_reason(pair: Pair) -> Reason:
    sales, staged = pair.sales, pair.staged
    if sales is None:
        return Cause.UNEXPLAINED, "the sales system does not have it"
    if pair.sold is None and not sales.cancelled:
        return Cause.CUT_OFF, f"dated {sales.issue_date} in the sales system"
    if pair.kept is None and staged is not None and staged.counts:
        return Cause.CUT_OFF, f"staged with the date {staged.issue_date}"
    if staged is not None and (staged.has_exception or staged.state == "exception"):
        return Cause.EXCEPTION, "waits for a person"
    if staged is not None and staged.state == "rejected":
        return Cause.REJECTED, "a person rejected it"
    if _may_wait(pair.setting, sales) or (staged is not None and staged.is_waiting):
        return Cause.NOT_STAGED, "it is read by the next run"
    return Cause.UNEXPLAINED, "it was read, but is not staged as the sales system has it"


def _may_wait(setting: Setting, sales: SalesRow) -> bool:
    return setting.read_until is None or sales.changed_at is None or sales.changed_at > setting.read_until


def _held_parts(pair: Pair) -> Iterator[Part]:
    for position, holding in enumerate(pair.holdings):
        if position and pair.total:
            yield Part(Leg.PLATFORM, Cause.FURTHER_COPY, -pair.total, holding.connection, "it goes to several company files")
        if off := pair.total - holding.held:
            cause, says = _platform_reason(pair, holding)
            small = cause is Cause.CHANGED_THERE and pair.is_small(off)
            yield Part(Leg.PLATFORM, Cause.ROUNDING if small else cause, off, holding.connection, says)


_OF_DELIVERY = {
    "": (Cause.IN_DELIVERY, "not planned yet"),
    "pending": (Cause.IN_DELIVERY, "waits to be sent"),
    "sending": (Cause.IN_DELIVERY, "is being sent"),
    "accepted": (Cause.IN_DELIVERY, "the platform took it on and has not answered"),
    "unknown": (Cause.UNKNOWN, "nobody knows whether it arrived; it is looked up"),
    "rejected": (Cause.REJECTED, "the platform or a person refused it"),
    "parked": (Cause.EXCEPTION, "waits for a person"),
}


def _platform_reason(pair: Pair, holding: Holding) -> Reason:
    staged = pair.staged
    if holding.gone:
        return Cause.DELETED_THERE, "the platform no longer has it"
    if staged is not None and (staged.has_exception or staged.state == "exception"):
        return Cause.EXCEPTION, "waits for a person"
    if staged is not None and staged.state == "rejected":
        return Cause.REJECTED, "a person rejected it"
    if holding.delivery in _OF_DELIVERY:
        return _OF_DELIVERY[holding.delivery]
    if holding.held and pair.kept is not None:
        return Cause.CHANGED_THERE, "what the platform holds is not what was sent"
    return Cause.UNEXPLAINED, "what was delivered is not what the platform holds"


# -- what was paid ---------------------------------------------------------------------------------------------------------------------


def _payments(pair: Pair) -> Amounts:
    ours = sum((each.ours for each in pair.holdings), ZERO)
    there = sum((each.paid_there for each in pair.holdings), ZERO)
    told = pair.sold.paid if pair.sold else ZERO
    parts = [part for holding in pair.holdings for part in _payment_parts(pair, holding)]
    if told is not None:
        parts += _told_parts(pair, told - ours)
    return Amounts(Measure.PAYMENTS, told, ours, there, (bool(told), bool(ours), bool(there)), tuple(parts))


def _payment_parts(pair: Pair, holding: Holding) -> Iterator[Part]:
    left = holding.expected_there - holding.paid_there
    if holding.theirs:
        yield Part(Leg.PLATFORM, Cause.BOOKED_THERE, -holding.theirs, holding.connection, "a person booked it on the platform")
    yield from _absent_parts(holding, 1)
    if left:
        yield Part(Leg.PLATFORM, *_payment_reason(pair, holding, left))


def _absent_parts(holding: Holding, direction: int) -> Iterator[Part]:
    if holding.not_applied:
        amount = direction * holding.not_applied
        yield Part(Leg.PLATFORM, Cause.NOT_APPLIED, amount, holding.connection, "not read back from the platform yet")
    if holding.missing:
        amount = direction * holding.missing
        yield Part(
            Leg.PLATFORM, Cause.DELETED_THERE, amount, holding.connection, "our payment was booked there, and is not listed any more"
        )


def _payment_reason(pair: Pair, holding: Holding, left: Decimal) -> tuple[Cause, Decimal, str, str]:
    if 0 < left <= holding.deducted:
        return Cause.DEDUCTION, left, holding.connection, "taken off, not part of the payment's amount there"
    if pair.is_small(left):
        return Cause.ROUNDING, left, holding.connection, ""
    if 0 < -left <= holding.taken_back:
        return Cause.REVERSED, left, holding.connection, "taken back here, and still booked there"
    if holding.expected_there > holding.theirs:
        return Cause.CHANGED_THERE, left, holding.connection, "the payment settles another amount there than ours"
    return Cause.UNEXPLAINED, left, holding.connection, "payments on the platform that are neither ours nor a person's"


def _told_parts(pair: Pair, off: Decimal) -> Iterator[Part]:
    theirs = sum((each.theirs for each in pair.holdings), ZERO)
    if theirs:
        yield Part(Leg.SALES, Cause.BOOKED_THERE, theirs, "", "a person booked it on the platform")
    if left := off - theirs:
        yield Part(Leg.SALES, _stale(pair, left, taken_back=left, told=0), left)


def _stale(pair: Pair, off: Decimal, *, taken_back: Decimal, told: int) -> Cause:
    """Why the sales system lags behind. `taken_back` is the difference as a reversal would make it, `told` which of what was written."""
    if pair.is_small(off):
        return Cause.ROUNDING
    if pair.sold is None or pair.staged is None:
        return _sales_reason(pair)[0]
    if 0 < taken_back <= sum((each.taken_back for each in pair.holdings), ZERO):
        return Cause.REVERSED
    stands = (pair.sold.paid, pair.sold.open_amount)[told]
    nothing_yet = (ZERO, pair.sold.total)[told]
    return Cause.NOT_WRITTEN_BACK if stands == (pair.staged.written[told] if pair.staged.written else nothing_yet) else Cause.UNEXPLAINED


# -- what is open ----------------------------------------------------------------------------------------------------------------------


def _open(pair: Pair) -> Amounts:
    direction = sign(pair.kind)
    staged = _own_open(pair, pair.holdings[0])
    there = sum((each.open_there for each in pair.holdings), ZERO)
    told = pair.sold.open_amount if pair.sold else ZERO
    parts = [part for position, each in enumerate(pair.holdings) for part in _open_parts(pair, each, is_further=position > 0)]
    if told is not None:
        parts += _told_open_parts(pair, told - staged)
    signed = tuple(Part(each.leg, each.cause, each.amount * direction, each.connection, each.says) for each in parts)
    counts = (bool(told), bool(staged), bool(there))
    return Amounts(Measure.OPEN, None if told is None else told * direction, staged * direction, there * direction, counts, signed)


def _own_open(pair: Pair, holding: Holding) -> Decimal:
    return holding.open_of(pair.total) if pair.kept else ZERO


def _open_parts(pair: Pair, holding: Holding, *, is_further: bool) -> Iterator[Part]:
    own = _own_open(pair, holding)
    if is_further and own:
        yield Part(Leg.PLATFORM, Cause.FURTHER_COPY, -own, holding.connection, "it goes to several company files")
    off = own - holding.open_there
    if not off:
        return
    if pair.kept is None or not holding.held:
        cause, says = _platform_reason(pair, holding)
        yield Part(Leg.PLATFORM, cause, off, holding.connection, says)
        return
    yield from _both_open_parts(pair, holding, off)


def _both_open_parts(pair: Pair, holding: Holding, off: Decimal) -> Iterator[Part]:
    """The document is on both sides; first what is known of its total and its payments, then the rest."""
    left = off
    if changed := pair.total - holding.held:
        cause, says = _platform_reason(pair, holding)
        left -= changed
        yield Part(Leg.PLATFORM, Cause.ROUNDING if pair.is_small(changed) else cause, changed, holding.connection, says)
    left += holding.not_applied + holding.missing
    yield from _absent_parts(holding, -1)
    if left:
        cause, says = _open_reason(pair, holding, left)
        yield Part(Leg.PLATFORM, cause, left, holding.connection, says)


def _open_reason(pair: Pair, holding: Holding, left: Decimal) -> Reason:
    more = holding.settled_there - holding.expected_there
    uncredited = holding.credited - holding.credited_there
    if pair.is_small(left):
        return Cause.ROUNDING, ""
    if uncredited and left == -uncredited:
        return Cause.IN_DELIVERY, "the credit note is not there yet"
    if 0 < -left <= holding.credited:
        return Cause.CREDIT_NOT_ALLOCATED, "the credit note stands open there"
    if left == more and 0 < more <= holding.taken_back:
        return Cause.REVERSED, "taken back here, and still booked there"
    if left == more and holding.expected_there > holding.theirs:
        return Cause.CHANGED_THERE, "the payment settles another amount there than ours"
    return Cause.UNEXPLAINED, "its balance there does not follow from the payments that were read"


def _told_open_parts(pair: Pair, off: Decimal) -> Iterator[Part]:
    left = off
    changed = (pair.sold.total if pair.sold else ZERO) - pair.total
    for part in _sold_parts(pair, changed):
        left -= part.amount
        yield part
    if left:
        yield Part(Leg.SALES, _stale(pair, left, taken_back=-left, told=1), left)
