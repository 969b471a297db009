"""What a payment truly pays: the label that a generated payment carries, and what counts as the same application."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from airbooks.canonical.incoming import IncomingPayment
from airbooks.payments.decision import OpenItem

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a payment on one document, as in `airbooks.payments.decision.Settled`; `amount` is negative for a netted credit note.

    `settled` is positive always: what the document's open amount falls by, in the document's currency.
    """

    document_id: int
    amount: Decimal
    settled: Decimal
    discount: Decimal = ZERO


Outcome = frozenset[Share]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Which applications are right.

    `right` empty: nobody could know, so any automatic application is wrong. `knowable`: a careful bookkeeper applies it without asking
    anybody (counts for recall). Some outcomes in `right`, but not `knowable`: applying so is right, and asking is as right.
    `by_amount`: nothing but the payer and the amount tells it. `takes_back`: the source id of the earlier payment that this one undoes.
    """

    right: tuple[Outcome, ...] = ()
    knowable: bool = False
    by_amount: bool = False
    takes_back: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One payment of one kind, with its truth."""

    kind: str
    payment: IncomingPayment
    truth: Truth
    key: str = ""


def full(items: Iterable[OpenItem]) -> Outcome:
    """Every document paid as it stands; credit notes netted."""
    return frozenset(share(each) for each in items)


def share(item: OpenItem, amount: Decimal | None = None, *, settled: Decimal | None = None, discount: Decimal = ZERO) -> Share:
    """A share of `amount` (default: all that is open) that settles `settled` (default: `amount` and the discount)."""
    paid = item.open_amount - discount if amount is None else amount
    falls = paid + discount if settled is None else settled
    return Share(item.document_id, -paid if item.kind == "credit_note" else paid, falls, discount)


def total(items: Iterable[OpenItem]) -> Decimal:
    """What all of them take, credit notes netted."""
    return sum((each.amount for each in full(items)), ZERO)


def known(*right: Outcome, by_amount: bool = False, why: str = "") -> Truth:
    return Truth(right=right, knowable=True, by_amount=by_amount, why=why)


def either(*right: Outcome, by_amount: bool = False, why: str = "") -> Truth:
    """Applying like this is right, asking is as right."""
    return Truth(right=right, by_amount=by_amount, why=why)


def ask(why: str) -> Truth:
    return Truth(why=why)
