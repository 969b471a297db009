"""What a company may tune in matching, and what is known besides the payment and the open items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from airbooks.payments.decision import ZERO, Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """The knobs of matching. Percents and likeness are of 100; `tolerance_minor` counts minor units (cents, fils, yen).

    A candidate applies by itself from `apply_from`. `tolerance_minor` is written off (or left on account) without asking, as long as it is
    no more than `tolerance_percent` of what is settled. An early-payment discount counts `discount_grace_days` beyond its last day. Sums of
    invoices that nobody named are searched among the newest `items_in_a_sum` items of the payer, sets of at most `most_in_a_sum`, and apply
    by themselves only where so few sets exist that one fits by accident with a chance of at most `chance_of_a_sum`.
    """

    apply_from: Decimal = Decimal("0.95")
    most_candidates: int = 5
    tolerance_minor: int = 5
    tolerance_percent: Decimal = Decimal(1)
    discount_grace_days: int = 3
    wait_days: int = 5
    most_in_a_sum: int = 6
    items_in_a_sum: int = 24
    chance_of_a_sum: Decimal = Decimal("0.001")
    most_in_a_range: int = 60
    name_alike: int = 88  # of 100: from here on a payer's name may be that customer's
    name_certain: int = 95  # of 100: from here on it is, if no other customer's name is nearly as like
    typical_fees: tuple[Decimal, ...] = tuple(Decimal(each) / 2 for each in (10, 15, 20, 24, 25, 30, 36, 40, 50, 60, 70, 80, 90, 100))
    largest_fee: Decimal = Decimal(50)
    deduction_percent: Decimal = Decimal(10)  # who leaves no more than this open has deducted something
    withholding_percents: tuple[Decimal, ...] = tuple(Decimal(each) for each in (5, 10, 15, 20, 30))
    withholding_customers: frozenset[str] = frozenset()  # customers who withhold tax by agreement: theirs applies by itself
    fx_tolerance_percent: Decimal = Decimal(3)
    number_shapes: tuple[str, ...] = (r"[A-Z]{2}(?:SI|CN)\d{6}", r"PO\d{4,}")  # of numbers without blanks and signs, in capitals


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A payment that is settled already: its key, the names its source gave it, and what it settled (in its own `currency`)."""

    key: str
    source: str = ""
    source_id: str
    currency: str
    gross: Decimal
    settled: tuple[Settled, ...] = ()
    on_account: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What earlier runs know. `today` decides how long a payment has waited; without it, none has waited too long.

    `payer_accounts` are customers' codes by their bank accounts; `closed` are numbers of documents that are settled or void, `coming` of
    those that a person still has to decide about; `over` are the names of payments that were taken back, or left out, already.
    """

    today: date | None = None
    settled_before: tuple[Earlier, ...] = ()
    payer_accounts: Mapping[str, str] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    coming: frozenset[str] = frozenset()
    over: frozenset[str] = frozenset()
