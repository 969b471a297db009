"""What a matcher's decisions are worth against the truth: by kind of noise, by stage, and over all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from tests.payments.labelled.generate import LabelledSet
from tests.payments.labelled.truth import Labelled, Outcome, Share

from airbooks.canonical.incoming import IncomingPayment
from airbooks.canonical.payment import PaymentKind
from airbooks.payments.decision import Candidate, Decision, OpenItem, Settled, Verdict

Match = Callable[[Sequence[tuple[str, IncomingPayment]], Sequence[OpenItem]], Sequence[Decision]]


class End(StrEnum):
    """What became of a payment."""

    RIGHT = "applied right"
    WRONG = "applied wrong"
    FIRST = "review, truth first"
    AMONG = "review, truth among"
    WITHOUT = "review without"
    ASKED = "review, nobody could know"
    WAITS = "waits"


@dataclass(frozen=True, slots=True)
class Context:
    """What a comparison needs of the whole set: every document's currency, and the key of every payment by its source id."""

    currencies: Mapping[int, str]
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """A payment, what was decided, and what that is worth."""

    labelled: Labelled
    decision: Decision
    end: End

    @property
    def stage(self) -> str:
        return str(self.decision.best.stage) if self.decision.best else "nothing"

    @property
    def truth_offered(self) -> bool:
        return self.end in {End.RIGHT, End.FIRST, End.AMONG}


@dataclass(slots=True)
class Tally:
    """Payments added up. The rates are None where there is nothing to divide by."""

    payments: int = 0
    knowable: int = 0
    knowable_applied: int = 0
    answerable: int = 0
    offered: int = 0
    ends: dict[End, int] = field(default_factory=lambda: dict.fromkeys(End, 0))

    def add(self, each: Judged) -> None:
        truth = each.labelled.truth
        self.payments += 1
        self.ends[each.end] += 1
        self.knowable += truth.knowable
        self.knowable_applied += truth.knowable and each.end is End.RIGHT
        self.answerable += bool(truth.right)
        self.offered += bool(truth.right) and each.truth_offered

    @property
    def precision(self) -> Decimal | None:
        """Right ones among all automatic applications."""
        return _ratio(self.ends[End.RIGHT], self.ends[End.RIGHT] + self.ends[End.WRONG])

    @property
    def recall(self) -> Decimal | None:
        """Rightly applied by themselves, among those that a careful bookkeeper applies without asking."""
        return _ratio(self.knowable_applied, self.knowable)

    @property
    def recall_at_candidates(self) -> Decimal | None:
        """The truth applied, or among what a person may choose from, among those that have one."""
        return _ratio(self.offered, self.answerable)


def _ratio(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / whole if whole else None


def score(labelled: LabelledSet, asked: Match) -> list[Judged]:
    """Every payment judged. ValueError where decisions are missing, doubled, or of payments that nobody asked about."""
    decisions = asked([(each.key, each.payment) for each in labelled.labelled], labelled.items)
    by_key = {each.key: each for each in decisions}
    if len(by_key) != len(decisions) or set(by_key) != {each.key for each in labelled.labelled}:
        raise ValueError("matching must decide once about each payment")
    context = Context(
        currencies={item.document_id: item.currency for item in labelled.items},
        keys={each.payment.source_id: each.key for each in labelled.labelled},
    )
    return [Judged(each, by_key[each.key], _end(each, by_key[each.key], context)) for each in labelled.labelled]


def _end(labelled: Labelled, decision: Decision, context: Context) -> End:
    truth = labelled.truth
    undone = context.keys.get(truth.takes_back, "")

    def right(candidate: Candidate | None) -> bool:
        if candidate is None or candidate.takes_back != undone:
            return False
        return any(same(each, candidate, labelled.payment, context.currencies) for each in truth.right)

    if decision.verdict is Verdict.APPLY:
        return End.RIGHT if right(decision.best) else End.WRONG
    if right(decision.best):
        return End.FIRST
    if any(right(each) for each in decision.others):
        return End.AMONG
    if decision.verdict is Verdict.WAIT:
        return End.WAITS
    return End.WITHOUT if truth.right else End.ASKED


def same(outcome: Outcome, candidate: Candidate, payment: IncomingPayment, currencies: Mapping[int, str]) -> bool:
    """Whether the candidate settles the same documents with the same amounts, and keeps the payment's money together.

    Across currencies only what is settled is compared, and the sum of the amounts: how its cents are spread over the documents is open.
    """
    told = _parts(candidate.settled)
    if len(told) != len(candidate.settled) or {each.document_id for each in outcome} != set(told):
        return False
    if not conserved(candidate, payment):
        return False
    return all(_agrees(each, told[each.document_id], payment, currencies) for each in outcome)


def _parts(settled: Iterable[Settled]) -> dict[int, Settled]:
    return {each.document_id: each for each in settled}


def _agrees(share: Share, told: Settled, payment: IncomingPayment, currencies: Mapping[int, str]) -> bool:
    if abs(told.settled) != share.settled:
        return False
    if currencies[share.document_id] != payment.currency:
        return True
    taken_back = payment.kind is not PaymentKind.RECEIPT
    amounts_agree = abs(told.amount) == abs(share.amount) if taken_back else told.amount == share.amount
    return amounts_agree and abs(told.discount) == share.discount


def conserved(candidate: Candidate, payment: IncomingPayment) -> bool:
    """The amounts and what stays on account are the payment's gross. Money out may be told with either sign."""
    whole = sum((each.amount for each in candidate.settled), candidate.on_account)
    return whole == payment.gross or (payment.kind is not PaymentKind.RECEIPT and abs(whole) == payment.gross)


def tally(judged: Iterable[Judged], by: Callable[[Judged], str]) -> dict[str, Tally]:
    sums: dict[str, Tally] = defaultdict(Tally)
    for each in judged:
        sums[by(each)].add(each)
    return dict(sums)


def overall(judged: Iterable[Judged]) -> Tally:
    """All payments in one tally."""
    return tally(judged, lambda each: "all").get("all", Tally())
