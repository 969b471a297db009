"""Remittance advice: the payer's own list of what he pays, taken line by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from airbooks.payments.decision import ZERO, Candidate, OpenItem, Stage
from airbooks.payments.evidence import CONFLICTING, REVIEWED, Agreement, Case
from airbooks.payments.frames import CREDIT_NOTE
from airbooks.payments.mentions import read_number
from airbooks.payments.terms import Fit, Kind, Part, discount_allowed, money, within_tolerance
from airbooks.payments.written import Grade, Reading

LINE_BY_LINE = Decimal("0.98")
INCOMPLETE_NUMBERS = Decimal("0.96")
DIFFERENT = Decimal("0.85")


@dataclass(frozen=True, slots=True)
class _Line:
    """What the lines for one document say together, and how surely they mean it."""

    position: int
    amount: Decimal
    discount: Decimal
    grade: Grade


@dataclass(frozen=True, slots=True)
class Told:
    """An advice as far as it is understood. `unknown`: numbers of ours that are not open; `unclear`: what could be anything."""

    lines: tuple[_Line, ...] = ()
    unknown: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()


def understood(case: Case) -> Told:
    """The lines by document; several lines for one document count together."""
    sums: dict[int, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    grades: dict[int, Grade] = {}
    unknown: list[str] = []
    unclear: list[str] = []
    for line in case.movement.advice:
        reading = read_number(line.document_number, case.payer, case.book, case.tuning)
        position, grade = _document(case, reading, abs(line.amount) + line.discount)
        if position is None:
            (unknown if reading.unknown else unclear).append(line.document_number)
            continue
        sums[position][0] += line.amount
        sums[position][1] += line.discount
        grades[position] = min(grade, grades.get(position, grade))
    lines = tuple(_Line(position, amount, discount, grades[position]) for position, (amount, discount) in sorted(sums.items()))
    return Told(lines, tuple(unknown), tuple(unclear))


def _document(case: Case, reading: Reading, amount: Decimal) -> tuple[int | None, Grade]:
    """The one document that a line means; where its number leaves a choice, the line's amount must decide."""
    for mention in sorted(reading.mentions, key=lambda each: -each.grade):
        theirs = [each for each in mention.positions if case.item(each).customer_code in case.payer.codes] or list(mention.positions)
        exact = [each for each in theirs if case.item(each).open_amount == amount]
        if len(theirs) == 1 and mention.grade > Grade.GUESS:
            return theirs[0], mention.grade
        if len(exact) == 1:
            return exact[0], min(mention.grade, Grade.LIKELY)
    return None, Grade.GUESS


def by_advice(case: Case, told: Told) -> Iterator[Candidate]:
    """The advice applied line by line. Whatever does not agree with the books lowers it to a review, in words."""
    lines = told.lines
    if not lines or any(case.item(each.position).currency != case.paid.currency for each in lines):
        return
    parts, remarks = [], []
    for line in lines:
        part, remark = _part(case, line)
        parts.append(part)
        remarks += [remark] if remark else []
    rest = case.paid.amount - sum((each.amount for each in parts), ZERO)
    if rest < ZERO:
        return
    remarks += [f"{', '.join(told.unknown + told.unclear)} is not open"] if told.unknown or told.unclear else []
    tolerated = within_tolerance(rest, case.paid.amount, case.paid.currency, case.tuning)
    remarks += [] if tolerated else [f"{money(rest, case.paid.currency)} is not on the advice, and stays on account"]
    words = "; ".join(remarks) or "every line agrees with what is open"
    yield case.candidate(Stage.ADVICE, _confidence(case, lines, remarks), _names(case, lines), Fit(Kind.EXACT, tuple(parts), rest, words))


def _names(case: Case, lines: tuple[_Line, ...]) -> str:
    numbers = [case.item(each.position).number for each in lines]
    shown = ", ".join(numbers[:6]) + (f" and {len(numbers) - 6} more" if len(numbers) > 6 else "")
    return f"the remittance advice lists {shown}"


def _confidence(case: Case, lines: tuple[_Line, ...], remarks: list[str]) -> Decimal:
    agreement = case.agreement(each.position for each in lines)
    if agreement is Agreement.CONFLICT:
        return CONFLICTING
    if remarks:
        return DIFFERENT
    if all(each.grade is Grade.CERTAIN for each in lines):
        return LINE_BY_LINE
    return INCOMPLETE_NUMBERS if agreement is Agreement.AGREES else REVIEWED


def _part(case: Case, line: _Line) -> tuple[Part, str]:
    """What a line settles, never more than is open, and what a person should know about it."""
    item = case.item(line.position)
    if item.kind == CREDIT_NOTE:
        return _credit(item, line)
    if line.amount <= ZERO:
        return Part(line.position, ZERO), f"the line for {item.number} is not an amount to pay"
    amount, discount = min(line.amount, item.open_amount), max(line.discount, ZERO)
    gap = item.open_amount - amount - discount
    if line.amount > item.open_amount or gap < ZERO:
        return Part(line.position, amount, min(discount, item.open_amount - amount)), f"{item.number} is paid with more than is open"
    allowed = discount_allowed(item, case.paid.on, case.tuning)
    if discount == ZERO and gap == allowed:
        return Part(line.position, amount, gap), ""
    remark = (
        ""
        if _is_allowed(case, discount, allowed)
        else f"the discount of {money(discount, item.currency)} on {item.number} is not by its terms"
    )
    if within_tolerance(gap, item.open_amount, item.currency, case.tuning):
        return Part(line.position, amount, discount, gap), remark
    certain = line.grade is Grade.CERTAIN and case.agreement([line.position]) is Agreement.AGREES
    part_remark = "" if certain else f"{item.number} is paid in part"
    return Part(line.position, amount, discount), remark or part_remark


def _is_allowed(case: Case, discount: Decimal, allowed: Decimal) -> bool:
    over = discount - allowed
    return over <= ZERO or (allowed > ZERO and within_tolerance(over, case.paid.amount, case.paid.currency, case.tuning))


def _credit(item: OpenItem, line: _Line) -> tuple[Part, str]:
    taken = min(abs(line.amount), item.open_amount)
    remark = (
        ""
        if line.amount < ZERO and abs(line.amount) <= item.open_amount
        else f"the line for credit note {item.number} is not what is open on it"
    )
    return Part(line.position, -taken), remark
