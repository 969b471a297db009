"""The matcher as it is used: run after run, each knowing what the earlier ones settled, and no document before its date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from airbooks.canonical.incoming import IncomingPayment
from airbooks.payments.decision import Candidate, Decision, OpenItem, Verdict
from airbooks.payments.matching import match
from airbooks.payments.tuning import Earlier, Known, Tuning

DAYS = 5  # in one run
FIRST_DAY = date(2026, 1, 1)

Keyed = tuple[str, IncomingPayment]


def in_runs(payments: Sequence[Keyed], items: Sequence[OpenItem]) -> list[Decision]:
    """The decision about each payment in the run of its days; what is applied is gone for the next run."""
    ledger = Ledger({each.document_id: each for each in items})
    return [decision for until, some in _runs(payments) for decision in ledger.decide(some, until)]


def _runs(payments: Iterable[Keyed]) -> Iterator[tuple[date, list[Keyed]]]:
    """The payments of `DAYS` days each, with the last of these days."""

    def run(keyed: Keyed) -> int:
        return (keyed[1].booked_on - FIRST_DAY).days // DAYS

    for number, some in groupby(sorted(payments, key=run), key=run):
        yield FIRST_DAY + timedelta(days=(number + 1) * DAYS - 1), list(some)


@dataclass
class Ledger:
    """What is open, what was settled by whom, what is closed."""

    items: dict[int, OpenItem]
    settled_before: list[Earlier] = field(default_factory=list)
    tuning: Tuning = field(default_factory=Tuning)

    def decide(self, payments: Sequence[Keyed], until: date) -> list[Decision]:
        """One run: its decisions, applied where they apply by themselves."""
        there = [each for each in self.items.values() if each.open_amount and each.issue_date <= until]
        closed = frozenset(each.number for each in self.items.values() if not each.open_amount)
        known = Known(today=until, settled_before=tuple(self.settled_before), closed=closed)
        decisions = match(payments, there, self.tuning, known)
        by_key = dict(payments)
        for each in decisions:
            if each.verdict is Verdict.APPLY and each.best:
                self._apply(each.key, by_key[each.key], each.best)
        return decisions

    def _apply(self, key: str, payment: IncomingPayment, best: Candidate) -> None:
        sign = 1 if best.takes_back else -1
        for each in best.settled:
            self._change(each.document_id, sign * abs(each.settled))
        if not best.takes_back:
            self.settled_before.append(
                Earlier(
                    key=key,
                    source=payment.source,
                    source_id=payment.source_id,
                    currency=payment.currency,
                    gross=payment.gross,
                    settled=best.settled,
                    on_account=best.on_account,
                )
            )

    def _change(self, document_id: int, by: Decimal) -> None:
        """ValueError where more would be applied than is open, whatever the matcher says."""
        item = self.items[document_id]
        if item.open_amount + by < 0:
            raise ValueError(f"{item.number} has {item.open_amount} open, and {-by} would be applied")
        self.items[document_id] = replace(item, open_amount=item.open_amount + by)
