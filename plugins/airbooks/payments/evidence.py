"""One payment with everything that speaks about it, and how much a way to apply it can be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from airbooks.canonical.incoming import IncomingPayment
from airbooks.payments.decision import Candidate, OpenItem, Stage
from airbooks.payments.frames import PERCENT, Book
from airbooks.payments.payers import Payer
from airbooks.payments.terms import FULL, Fit, Kind, Paid, money, settled, signed
from airbooks.payments.tuning import Tuning
from airbooks.payments.written import Grade, Mention, Reading


class Agreement(Enum):
    """Whether the payer is the customer of the documents in question."""

    AGREES = "agrees"
    RELATED = "related"
    UNKNOWN = "unknown"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A payment to be matched. `hits` are the payer's invoices that are open, or open less discount, at exactly the paid amount."""

    key: str
    movement: IncomingPayment
    paid: Paid
    payer: Payer
    reading: Reading
    hits: tuple[int, ...]
    book: Book
    tuning: Tuning

    def item(self, position: int) -> OpenItem:
        """The open item at a position."""
        return self.book.items[position]

    def items(self, positions: Iterable[int]) -> list[tuple[int, OpenItem]]:
        """Positions with their items, in the book's order."""
        return [(each, self.book.items[each]) for each in sorted(set(positions))]

    def newest(self, codes: Iterable[str]) -> list[int]:
        """The newest open items of these customers in the payment's currency, as many as sums are searched in."""
        theirs = [each for each in self.book.of_customers(codes) if self.item(each).currency == self.paid.currency]
        theirs.sort(key=lambda each: (self.item(each).issue_date, self.item(each).number, each), reverse=True)
        return theirs[: self.tuning.items_in_a_sum]

    def agreement(self, positions: Iterable[int]) -> Agreement:
        """Whether the payer may pay these."""
        if not self.payer.codes:
            return Agreement.UNKNOWN
        theirs = {self.item(each).customer_code for each in positions}
        if theirs <= self.payer.codes:
            return Agreement.AGREES
        return Agreement.RELATED if theirs <= self.payer.codes | self.payer.related else Agreement.CONFLICT

    def is_anothers_at_this_amount(self, mention: Mention) -> bool:
        """Whether what is named is no document of the payer's, and yet open at exactly the paid amount."""
        others = (self.item(each) for each in mention.positions if self.item(each).customer_code not in self.payer.codes)
        return any(each.open_amount == self.paid.amount for each in others)

    def candidate(self, stage: Stage, confidence: Decimal, why: str, fit: Fit, paid: Paid | None = None) -> Candidate:
        """A fit as a way to apply this payment. `paid` is given where the fit was found in another currency."""
        parts, on_account = settled(fit, paid or self.paid, self.movement.gross, self.movement.currency, self.item)
        return Candidate(
            stage=stage,
            confidence=confidence,
            reason="; ".join(each for each in (why, fit.words, self._fee_words(), self._payer_words(fit)) if each),
            settled=parts,
            on_account=on_account,
        )

    def _fee_words(self) -> str:
        fee = self.movement.fee
        return f"the fee of {money(fee, self.movement.currency)} that was kept counts as paid" if fee else ""

    def _payer_words(self, fit: Fit) -> str:
        agreement = self.agreement(each.position for each in fit.parts)
        if agreement in {Agreement.CONFLICT, Agreement.RELATED}:
            others = sorted({self.item(each.position).customer_code for each in fit.parts} - self.payer.codes)
            alike = "of the same name" if agreement is Agreement.RELATED else "and no other of that name"
            return f"but {self.payer.words}, and the documents are of {', '.join(others[:3])}, {alike}"
        return self.payer.words


_KINDS = (
    Kind.EXACT,
    Kind.DISCOUNT,
    Kind.TOLERANCE,
    Kind.PART,
    Kind.OVER,
    Kind.LATE_DISCOUNT,
    Kind.FEE,
    Kind.WITHHOLDING,
    Kind.FEE_TOLD,
    Kind.PART_OF_SEVERAL,
)


def _table(confidences: str) -> dict[Kind, Decimal]:
    return {kind: Decimal(value) for kind, value in zip(_KINDS, confidences.split(), strict=True)}


# A chain is as strong as its weakest link: a confidence is the least of what the reference, the amount and the payer deserve together.
# By kind of fit: exact, discount, tolerance, part, over, late discount, fee, withholding, fee told, part of several.
_CERTAIN = _table("0.99 0.985 0.98 0.96 0.85 0.88 0.87 0.89 0.96 0.82")
_LIKELY = _table("0.97 0.965 0.955 0.80 0.75 0.82 0.81 0.83 0.84 0.78")
_GUESS = _table("0.955 0.952 0.85 0.60 0.55 0.65 0.64 0.66 0.67 0.58")
_BY_GRADE = {Grade.CERTAIN: _CERTAIN, Grade.LIKELY: _LIKELY, Grade.GUESS: _GUESS}
STRUCTURED = Decimal("0.005")
AGREED_TAX = Decimal("0.955")
UNKNOWN_PAYER = Decimal("0.97")
EXCLUDED = Decimal("0.84")  # "all but" a document: it may be the one that is not paid
DOUBTFUL_PART = Decimal("0.80")
REVIEWED = Decimal("0.90")  # the most that a way deserves which a person must see
CONFLICTING = Decimal("0.60")
OTHER_CURRENCY = Decimal("0.88")


def of_reference(case: Case, fit: Fit, grade: Grade, *, structured: bool) -> Decimal:
    """What a way by references deserves."""
    positions = [each.position for each in fit.parts]
    worth = _BY_GRADE[grade].get(fit.kind, OTHER_CURRENCY)
    if structured and grade is Grade.CERTAIN and fit.kind in FULL:
        worth += STRUCTURED
    if fit.kind is Kind.WITHHOLDING and grade is Grade.CERTAIN and _withholds_by_agreement(case, positions):
        worth = AGREED_TAX
    return min(worth, _of_payer(case, fit, grade, positions), _of_what_else_is_said(case, fit, grade))


def _withholds_by_agreement(case: Case, positions: list[int]) -> bool:
    return {case.item(each).customer_code for each in positions} <= case.tuning.withholding_customers


def _of_payer(case: Case, fit: Fit, grade: Grade, positions: list[int]) -> Decimal:
    agreement = case.agreement(positions)
    if agreement is Agreement.CONFLICT:
        return CONFLICTING
    if agreement is Agreement.AGREES:
        return Decimal(1)
    return UNKNOWN_PAYER if grade is Grade.CERTAIN and fit.kind in FULL else REVIEWED


def _of_what_else_is_said(case: Case, fit: Fit, grade: Grade) -> Decimal:
    """A part, or a slip of the pen, is only believed where nothing else explains the amount or the number."""
    if fit.kind is Kind.PART and _is_no_plain_part(case, fit):
        return DOUBTFUL_PART
    if case.reading.excludes:
        return EXCLUDED
    return REVIEWED if grade is Grade.GUESS and _may_be_another_document(case) else Decimal(1)


def _is_no_plain_part(case: Case, fit: Fit) -> bool:
    says_more = bool(case.hits or case.reading.unknown) or len(case.reading.mentions) > 1
    return says_more or _is_rather_a_deduction(case, fit) or _pays_all_the_others(case, fit)


def _pays_all_the_others(case: Case, fit: Fit) -> bool:
    """Whether the amount is all that the customer owes besides: in some language the text may say "all but" the document it names."""
    named = {each.position for each in fit.parts}
    customers = {case.item(each).customer_code for each in named}
    items = [case.item(each) for each in case.book.of_customers(customers) if each not in named]
    others = [signed(each) for each in items if each.currency == case.movement.currency]
    return len(others) > 1 and sum(others, Decimal(0)) == case.movement.gross


def _may_be_another_document(case: Case) -> bool:
    """Whether a slip of the pen may mean something else: one to come, another of this amount, or somebody else's of this amount."""
    elsewhere = any(case.is_anothers_at_this_amount(each) for each in case.reading.mentions)
    return len(case.hits) > 1 or bool(case.reading.unknown) or elsewhere


def _is_rather_a_deduction(case: Case, fit: Fit) -> bool:
    """Whether so little is missing that the payer hardly meant to pay a part."""
    total = sum((case.item(each.position).open_amount for each in fit.parts), Decimal(0))
    missing = total - sum((each.amount for each in fit.parts), Decimal(0))
    return missing * PERCENT <= total * case.tuning.deduction_percent
