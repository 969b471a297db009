"""The words of a reconciliation: what is compared on which side, and the closed list of causes for a difference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from airbooks.payments.decision import ZERO


class Measure(StrEnum):
    """What is compared: totals of documents, what was paid on them, and what is open (credit notes count below zero in OPEN)."""

    INVOICES = "invoices"
    CREDIT_NOTES = "credit notes"
    PAYMENTS = "payments"
    OPEN = "open"


class Leg(StrEnum):
    """Which two sides are compared; a difference is the left one less the right one."""

    SALES = "sales - staging"
    PLATFORM = "staging - platform"


class Cause(StrEnum):
    """The closed list. UNEXPLAINED is no cause: a difference that bears it is unreconciled."""

    NOT_STAGED = "not yet staged"
    EXCEPTION = "exception open"
    IN_DELIVERY = "in delivery"
    UNKNOWN = "outcome of the delivery unknown"
    REJECTED = "rejected"
    CHANGED_THERE = "changed on the platform"
    DELETED_THERE = "deleted on the platform"
    BOOKED_THERE = "payment booked there by a person"
    NOT_APPLIED = "payment not yet applied"
    REVERSED = "payment reversed"
    DEDUCTION = "discount or write-off, booked on an account of its own"
    CREDIT_NOT_ALLOCATED = "credit note not allocated there"
    NOT_WRITTEN_BACK = "not yet written back to the sales system"
    FURTHER_COPY = "held by a further company file too"
    ROUNDING = "rounding or exchange difference"
    CUT_OFF = "dated outside the period"
    UNEXPLAINED = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesRow:
    """A document as the sales system has it now. `paid` and `open_amount` are None where it does not say; `open_amount` is positive.

    A cancelled document counts nothing. `changed_at` (None: not told) shows whether reading has passed it.
    """

    source_id: str
    number: str
    kind: str  # invoice | credit_note
    currency: str
    issue_date: date
    total: Decimal
    paid: Decimal | None = None
    open_amount: Decimal | None = None
    cancelled: bool = False
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A document on one connection; amounts are in the document's currency.

    Ours: `delivery` is the state of its newest delivery, `has_exception` whether a person is asked, `ours` what our allocations settle,
    of which `not_applied` has not been read back from the platform yet, `missing` was booked there and is not listed any more, and
    `deducted` is discount and write-off; `theirs` is what people's
    payments settle, `credited` what credit notes do, `taken_back` what cancelled allocations settled.
    There: `held` is the total of what the platform booked (0: nothing, or void), `paid_there` what its payments settle, `credited_there`
    what credit notes credit that it holds as well, `balance` what it says is open (None: it was not asked), `gone` that it was found to
    have been deleted or voided there.
    """

    connection: str
    remote_id: str = ""
    delivery: str = ""
    has_exception: bool = False
    ours: Decimal = ZERO
    not_applied: Decimal = ZERO
    missing: Decimal = ZERO
    deducted: Decimal = ZERO
    theirs: Decimal = ZERO
    credited: Decimal = ZERO
    taken_back: Decimal = ZERO
    held: Decimal = ZERO
    paid_there: Decimal = ZERO
    credited_there: Decimal = ZERO
    balance: Decimal | None = None
    gone: bool = False

    @property
    def expected_there(self) -> Decimal:
        """What payments should settle there."""
        return self.ours - self.not_applied - self.missing + self.theirs

    @property
    def settled_there(self) -> Decimal:
        """What payments settle there, with the discount of ours that the platform keeps apart from them."""
        return max(self.paid_there, min(self.expected_there, self.paid_there + self.deducted))

    @property
    def open_there(self) -> Decimal:
        """What is open there: as the platform says, or by what was read of its documents and payments."""
        return self.balance if self.balance is not None else self.held - self.settled_there - self.credited_there

    def open_of(self, total: Decimal) -> Decimal:
        """What is open of a document of ours with this total."""
        return total - self.ours - self.theirs - self.credited


NOWHERE = Holding(connection="")


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedRow:
    """A document as staging has it: the current revision, or a raw document that could not be read (`state` unread).

    `state` is valid, exception, rejected, cancelled, or unread; `is_waiting`: what the sales system told last is not staged yet. Its
    holdings are in the order of its route. `written` is what
    the sales system was told last: paid, and open (None: nothing yet).
    """

    source_id: str
    number: str
    kind: str
    currency: str
    issue_date: date | None
    total: Decimal
    state: str
    has_exception: bool = False
    is_waiting: bool = False
    written: tuple[Decimal, Decimal] | None = None
    holdings: tuple[Holding, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it is part of the staged totals: rejected documents are, because the sales system still has them."""
        return self.state in {"valid", "exception", "rejected"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is reconciled: a division's documents dated from `starts_on` to `ends_on`; differences up to `tolerance` are rounding.

    `read_until`: what the sales system changed before has been read (None: nobody knows), so it must be staged.
    """

    division: str
    starts_on: date
    ends_on: date
    tolerance: Decimal = Decimal("0.01")
    read_until: datetime | None = None

    def covers(self, day: date | None) -> bool:
        return day is not None and self.starts_on <= day <= self.ends_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A part of the difference between two sides: `amount` is the left side less the right one, in `currency`."""

    leg: Leg
    measure: Measure
    currency: str
    cause: Cause
    amount: Decimal
    number: str = ""
    source_id: str = ""
    connection: str = ""
    says: str = ""


def sign(kind: str) -> int:
    """Which way an amount of this kind counts among what is open."""
    return -1 if kind == "credit_note" else 1


def total_measure(kind: str) -> Measure:
    return Measure.CREDIT_NOTES if kind == "credit_note" else Measure.INVOICES
