"""The three-way reconciliation of a division and period: sales system, staging, platform; per currency and measure.

Pure: the same rows give the same result, in whatever order they come. `airbooks.payments.reconciling` reads and stores the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Protocol

from airbooks.payments.decision import ZERO
from airbooks.payments.differences import Cause, Difference, Leg, Measure, SalesRow, Setting, StagedRow
from airbooks.payments.explaining import Amounts, compare


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTotal:
    """How many documents one side counts in a measure, and their sum. Credit notes count below zero in OPEN, else above."""

    count: int = 0
    amount: Decimal = ZERO


class SalesLedger(Protocol):
    """The sales system as a ledger. `name` is the source (sources.yaml) whose ids the rows bear."""

    @property
    def name(self) -> str: ...

    def documents(self, setting: Setting) -> Iterable[SalesRow]:
        """The division's documents of the period, and those around it that may have been dated otherwise; cancelled ones too."""

    def totals(self, setting: Setting) -> Mapping[tuple[str, Measure], ControlTotal]:
        """Control totals by currency and measure, computed by the sales system itself; empty where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The control totals of one currency and measure; `sales` is None where the sales system does not say."""

    currency: str
    measure: Measure
    sales: ControlTotal | None
    staged: ControlTotal
    platform: ControlTotal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What was found. In every line, each side's total less the next one's is the sum of that leg's differences, exactly."""

    setting: Setting
    lines: tuple[Line, ...]
    differences: tuple[Difference, ...]

    @property
    def unreconciled(self) -> tuple[Difference, ...]:
        """The differences without a cause."""
        return tuple(each for each in self.differences if each.cause is Cause.UNEXPLAINED)


@dataclass(slots=True)
class _Tally:
    """A line while it is summed; `untold` counts documents of which the sales system does not say this measure."""

    counts: list[int] = field(default_factory=lambda: [0, 0, 0])
    amounts: list[Decimal] = field(default_factory=lambda: [ZERO, ZERO, ZERO])
    untold: int = 0
    differences: list[Difference] = field(default_factory=list)

    def add(self, row: SalesRow | StagedRow, amounts: Amounts) -> None:
        self.untold += amounts.sales is None
        for side, amount in enumerate((amounts.sales or ZERO, amounts.staged, amounts.platform)):
            self.counts[side] += amounts.counts[side]
            self.amounts[side] += amount
        self.differences += _differences(row, amounts)

    def total(self, side: int) -> ControlTotal:
        return ControlTotal(count=self.counts[side], amount=self.amounts[side])


def reconcile(
    setting: Setting,
    sales: Iterable[SalesRow] | None,
    staged: Iterable[StagedRow],
    totals: Mapping[tuple[str, Measure], ControlTotal] | None = None,
) -> Reconciliation:
    """Compare the sides, document by document. `sales` is None where no sales system is asked: then only staging and platform are compared.

    Raises ValueError when a side names a document twice.
    """
    tallies: dict[tuple[str, Measure], _Tally] = {}
    for row, amounts in _compared(setting, _by_id("the sales system", sales or ()), _by_id("staging", staged)):
        tallies.setdefault((row.currency, amounts.measure), _Tally()).add(row, amounts)
    if sales is None:
        for tally in tallies.values():
            tally.untold += 1
    for key in totals or {}:
        tallies.setdefault(key, _Tally())
    found = [_line(key, tally, (totals or {}).get(key)) for key, tally in sorted(tallies.items())]
    return Reconciliation(
        setting=setting,
        lines=tuple(line for line, _ in found),
        differences=tuple(sorted((each for _, differences in found for each in differences), key=_order)),
    )


Row = Any


def _by_id(side: str, rows: Iterable[Row]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in rows:
        if row.source_id in found:
            raise ValueError(f"{side} names document {row.source_id} ({row.number}) twice")
        found[row.source_id] = row
    return found


def _compared(
    setting: Setting, sales: Mapping[str, SalesRow], staged: Mapping[str, StagedRow]
) -> Iterator[tuple[SalesRow | StagedRow, Amounts]]:
    for source_id in {**sales, **staged}:
        for sold, kept in _comparable(sales.get(source_id), staged.get(source_id)):
            row = sold if kept is None else kept
            if row is not None:
                yield from ((row, amounts) for amounts in compare(setting, sold, kept))


def _comparable(sold: SalesRow | None, kept: StagedRow | None) -> tuple[tuple[SalesRow | None, StagedRow | None], ...]:
    """Amounts in two currencies, or of two kinds, have no difference: then each side stands alone."""
    if sold is None or kept is None or kept.state == "unread" or (sold.currency, sold.kind) == (kept.currency, kept.kind):
        return ((sold, replace(kept, currency=sold.currency) if sold and kept and kept.state == "unread" else kept),)
    return (sold, None), (replace(sold, cancelled=True), kept)


def _differences(row: SalesRow | StagedRow, amounts: Amounts) -> Iterator[Difference]:
    for part in amounts.parts:
        yield Difference(
            leg=part.leg,
            measure=amounts.measure,
            currency=row.currency,
            cause=part.cause,
            amount=part.amount,
            number=row.number,
            source_id=row.source_id,
            connection=part.connection,
            says=part.says,
        )


def _line(key: tuple[str, Measure], tally: _Tally, told: ControlTotal | None) -> tuple[Line, list[Difference]]:
    """The line, and its differences: without those to a sales system that does not say this measure of every document."""
    currency, measure = key
    differences = tally.differences
    if tally.untold:
        told = None
        differences = [each for each in differences if each.leg is not Leg.SALES]
    elif told is not None:
        differences = [*differences, *_own_difference(key, told, tally.total(0))]
    sales = None if tally.untold else told or tally.total(0)
    return Line(currency=currency, measure=measure, sales=sales, staged=tally.total(1), platform=tally.total(2)), differences


def _own_difference(key: tuple[str, Measure], told: ControlTotal, listed: ControlTotal) -> Iterator[Difference]:
    if told != listed:
        yield Difference(
            leg=Leg.SALES,
            measure=key[1],
            currency=key[0],
            cause=Cause.UNEXPLAINED,
            amount=told.amount - listed.amount,
            says=f"the sales system counts {told.count} documents, and lists {listed.count}",
        )


def _order(each: Difference) -> tuple[Any, ...]:
    return (each.leg, each.measure, each.currency, each.number, each.source_id, each.connection, each.cause, each.amount, each.says)
