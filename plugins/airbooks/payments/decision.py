"""Open items, and what is decided about a payment: plain frozen data between matching, people and delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)


class Stage(StrEnum):
    """How a payment was matched, in the order in which it is tried."""

    REFERENCE = "structured reference"
    FUZZY = "reference as people type it"
    AMOUNT = "exact amount of one invoice"
    SUM = "several invoices that sum to the amount"
    ADVICE = "remittance advice"
    PERSON = "a person"
    NONE = "nothing"


class Verdict(StrEnum):
    """APPLY goes to the platform by itself, REVIEW asks a person, WAIT is tried again when more documents are known."""

    APPLY = "apply"
    REVIEW = "review"
    WAIT = "wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """A document that is not settled yet, as one connection holds it. `open_amount` is positive also for a credit note, in `currency`.

    `discount_percent` may be taken of `open_amount` until `discount_until` (2/10 net 30). `names` are all the other names that a payer may
    write: the platform's number, the purchase order, the sales order. `rate` is the document's units of home currency per unit of
    `currency`, where it has one.
    """

    document_id: int
    connection: str
    division: str
    kind: str  # invoice | credit_note
    number: str
    customer_code: str
    customer_name: str
    currency: str
    total: Decimal
    open_amount: Decimal
    issue_date: date
    due_date: date | None = None
    discount_percent: Decimal = ZERO
    discount_until: date | None = None
    names: tuple[str, ...] = ()
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A part of a payment on one document.

    `amount` (of the payment's gross), `discount` and `write_off` are in the payment's currency, and negative for a credit note that is
    netted; `settled` is what the document's open amount falls by, in its own currency: positive for both kinds, never more than is
    open. In one currency, amount + discount + write_off = settled for an invoice, -settled for a credit note.
    """

    document_id: int
    connection: str
    number: str
    amount: Decimal
    settled: Decimal
    discount: Decimal = ZERO
    write_off: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to apply a payment: `settled` and what is left over; `reason` is a sentence for a finance person.

    A refund or charge-back has `takes_back`, the key of the earlier payment: `settled` are then its allocations that are undone (their
    documents are open again by `settled`), and `on_account` is what is taken from the money it left on account.
    """

    stage: Stage
    confidence: Decimal  # 0 to 1
    reason: str
    settled: tuple[Settled, ...]
    on_account: Decimal = ZERO
    takes_back: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What matching says of one payment (by its key). `best` is what APPLY applies; `others` are what a person may choose from instead.

    Conservation: the amounts of a candidate and its `on_account` sum to the payment's gross, always.
    """

    key: str
    verdict: Verdict
    best: Candidate | None
    others: tuple[Candidate, ...] = ()
    reason: str = ""
