"""The stages of matching: each finds ways to apply one payment, with a confidence and a reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from airbooks.canonical.money import round_amount
from airbooks.payments.advice import Told, by_advice
from airbooks.payments.combine import chance, sums_to
from airbooks.payments.decision import ZERO, Candidate, Stage
from airbooks.payments.evidence import DOUBTFUL_PART, OTHER_CURRENCY, REVIEWED, Agreement, Case, of_reference
from airbooks.payments.frames import CREDIT_NOTE, PERCENT, to_minor
from airbooks.payments.terms import FULL, PARTS, Fit, Items, Kind, Paid, Part, discount_allowed, fits, known_fee, money, signed
from airbooks.payments.written import Grade, Mention

EXACT_AMOUNT = Decimal("0.96")
DISCOUNTED_AMOUNT = Decimal("0.955")
A_SUM = Decimal("0.952")
EVERYTHING = Decimal("0.958")
NETTED = Decimal("0.956")
NOT_ALL_NAMED = Decimal("0.86")
ELSEWHERE = Decimal("0.80")  # the amount fits, but the payer names something else
SEVERAL = Decimal("0.75")
UNSURE_PAYER = Decimal("0.70")
_OF_AN_AMOUNT = {Kind.EXACT: EXACT_AMOUNT, Kind.DISCOUNT: DISCOUNTED_AMOUNT, Kind.LATE_DISCOUNT: UNSURE_PAYER}


@dataclass(frozen=True, slots=True)
class _Named:
    """Documents that belong together by what was written, and how surely. `whole`: this is all that was named."""

    positions: tuple[int, ...]
    grade: Grade
    mentions: tuple[Mention, ...]
    whole: bool = False
    most: Decimal = Decimal(1)

    @property
    def structured(self) -> bool:
        return all(each.structured for each in self.mentions)


def candidates(case: Case, told: Told) -> list[Candidate]:
    """All ways that any stage finds, each by the stage that trusts it most."""
    found: dict[tuple[object, ...], Candidate] = {}
    for each in (*by_advice(case, told), *by_reference(case), *by_amount(case), *by_sum(case), *by_exclusion(case)):
        same = (each.on_account, *sorted((part.connection, part.document_id, part.amount, part.discount) for part in each.settled))
        if same not in found or each.confidence > found[same].confidence:
            found[same] = each
    return list(found.values())


# -- references ----------------------------------------------------------------------------------------------------------------------------


def by_reference(case: Case) -> Iterator[Candidate]:
    """What the payer names, as far as the amount allows."""
    ways = [
        (named, fit, paid)
        for named in _sets(case)
        for fit, paid in _ways(case, case.items(named.positions))
        if named.whole or fit.kind in FULL
    ]
    explained = any(fit.kind not in PARTS for _, fit, _ in ways)
    for named, fit, paid in ways:
        stage = Stage.REFERENCE if named.grade is Grade.CERTAIN else Stage.FUZZY
        most = DOUBTFUL_PART if explained and fit.kind in PARTS else named.most
        confidence = min(of_reference(case, fit, named.grade, structured=named.structured), most, _of_currency(fit, paid, case))
        yield case.candidate(stage, confidence, _names_words(case, named), fit, paid)


def _of_currency(fit: Fit, paid: Paid, case: Case) -> Decimal:
    return Decimal(1) if paid.currency == case.paid.currency or fit.kind is Kind.EXACT else OTHER_CURRENCY


def _sets(case: Case) -> Iterator[_Named]:
    mentions = case.reading.mentions
    singles = [(each, _narrowed(case, each)) for each in mentions]
    certain = tuple(dict.fromkeys(at[0] for each, at in singles if len(at) == 1 and each.grade is Grade.CERTAIN))
    likely = tuple(dict.fromkeys(at[0] for each, at in singles if len(at) == 1 and each.grade is Grade.LIKELY and at[0] not in certain))
    likely = tuple(each for each in likely if case.agreement([each]) is Agreement.AGREES) or likely
    foreign = frozenset(place for place in (*certain, *likely) if case.payer.sure and case.agreement([place]) is Agreement.CONFLICT)
    guesses = tuple(dict.fromkeys(place for each, at in singles if each.grade is Grade.GUESS for place in at if place not in certain))
    groups = tuple(dict.fromkeys(place for each, at in singles if len(at) > 1 and each.grade > Grade.GUESS for place in at))
    if certain or likely:
        yield _Named((*certain, *likely), Grade.LIKELY if likely else Grade.CERTAIN, mentions, whole=True)
    if certain and likely:
        yield _Named(certain, Grade.CERTAIN, mentions, whole=True)
    for span in case.reading.ranges:
        yield _Named(tuple(dict.fromkeys([*certain, *span])), Grade.LIKELY, mentions, whole=len(certain) + len(likely) < len(span))
        yield _Named(tuple(dict.fromkeys([*certain, *likely, *span])), Grade.LIKELY, mentions)
    if groups:
        yield _Named(tuple({*certain, *groups}), Grade.LIKELY, mentions, whole=not certain)
    yield from _chosen(case, certain, [*likely, *groups], mentions, Grade.LIKELY)
    yield from _chosen(case, (), certain, mentions, Grade.CERTAIN)
    yield from _chosen(case, certain, [*likely, *groups, *guesses], mentions, Grade.GUESS)
    yield from _guessed(tuple(each for each in (*certain, *likely) if each not in foreign), guesses, mentions)
    yield from _completed(case, (*certain, *likely), mentions)
    yield from _netted(case, (*certain, *likely), mentions, Grade.LIKELY if likely else Grade.CERTAIN)


def _narrowed(case: Case, mention: Mention) -> tuple[int, ...]:
    """Of the documents that a name may mean, the payer's own."""
    theirs = tuple(each for each in mention.positions if case.item(each).customer_code in case.payer.codes)
    return theirs or mention.positions


def _chosen(case: Case, fixed: tuple[int, ...], optional: Sequence[int], mentions: tuple[Mention, ...], grade: Grade) -> Iterator[_Named]:
    """`fixed` and those of `optional` that make up the amount together: only one choice may do, and leaving out whole numbers is one."""
    others = (each for each in dict.fromkeys(optional) if each not in fixed and case.item(each).currency == case.paid.currency)
    usable = list(others)[: case.tuning.items_in_a_sum]
    values = _values(case, [*fixed, *usable])
    target = to_minor(case.paid.amount, case.paid.currency)
    if len(usable) < (1 if fixed else 2) or values is None or target is None:
        return
    some = values[len(fixed) :]
    ways = sums_to(some, target - sum(values[: len(fixed)]), most=len(some))
    most = REVIEWED if len(ways) > 1 or grade is Grade.CERTAIN else Decimal(1)
    for way in ways[: case.tuning.most_candidates]:
        yield _Named((*fixed, *(usable[each] for each in way)), min(grade, Grade.LIKELY), mentions, most=most)


def _values(case: Case, positions: Sequence[int]) -> list[int] | None:
    """What is open in minor units, negative for credit notes; None if not all are in the payment's currency."""
    values = [to_minor(signed(item), item.currency) for item in map(case.item, positions) if item.currency == case.paid.currency]
    return [each for each in values if each is not None] if len(values) == len(positions) and None not in values else None


def _guessed(named: tuple[int, ...], guesses: tuple[int, ...], mentions: tuple[Mention, ...]) -> Iterator[_Named]:
    if not guesses:
        return
    for each in guesses:
        yield _Named((*named, each), Grade.GUESS, mentions, whole=not named)
    if len(guesses) > 1:
        yield _Named((*named, *guesses), Grade.GUESS, mentions)


def _completed(case: Case, named: tuple[int, ...], mentions: tuple[Mention, ...]) -> Iterator[_Named]:
    """The named documents, and others of the same customer that make up the rest: banks cut texts short."""
    rest = case.paid.amount - sum((signed(case.item(each)) for each in named), ZERO)
    if not named or rest <= ZERO or not case.payer.codes:
        return
    others = [each for each in case.newest(case.payer.codes) if each not in named]
    values, target = _values(case, others), to_minor(rest, case.paid.currency)
    if values and target:
        for way in sums_to(values, target, most=case.tuning.most_in_a_sum)[:2]:
            yield _Named((*named, *(others[each] for each in way)), Grade.LIKELY, mentions, most=NOT_ALL_NAMED)


def _netted(case: Case, named: tuple[int, ...], mentions: tuple[Mention, ...], grade: Grade) -> Iterator[_Named]:
    """The named invoices less the one credit note of the same customer that makes up the difference."""
    customers = {case.item(each).customer_code for each in named}
    notes = [each for each in case.book.of_customers(customers) if case.item(each).kind == CREDIT_NOTE and each not in named]
    gap = sum((signed(case.item(each)) for each in named), ZERO) - case.paid.amount
    fitting = [each for each in notes if case.item(each).open_amount == gap and case.item(each).currency == case.paid.currency]
    for each in fitting:
        yield _Named((*named, each), grade, mentions, most=NETTED if len(fitting) == 1 else REVIEWED)


def _ways(case: Case, items: Items) -> Iterator[tuple[Fit, Paid]]:
    """How the payment settles these documents, in whichever currency they are."""
    if not items:
        return
    currencies = {item.currency for _, item in items}
    if currencies == {case.paid.currency}:
        yield from ((fit, case.paid) for fit in _own_currency(case, items))
    elif currencies == {case.movement.instructed_currency} and case.movement.instructed_amount:
        paid = replace(case.paid, amount=case.movement.instructed_amount, currency=case.movement.instructed_currency)
        words = f"{money(paid.amount, paid.currency)} was ordered, and came as {money(case.paid.amount, case.paid.currency)}"
        yield from ((replace(fit, words=f"{words}: {fit.words}"), paid) for fit in fits(items, paid, case.tuning))
    else:
        yield from ((fit, case.paid) for fit in _converted(case, items))


def _own_currency(case: Case, items: Items) -> list[Fit]:
    found = fits(items, case.paid, case.tuning)
    fee = _fee_on_the_way(case)
    if fee and sum((signed(item) for _, item in items), ZERO) == case.paid.amount + fee:
        return [known_fee(items, case.paid, fee), *(each for each in found if each.kind is not Kind.FEE)]
    return found


def _fee_on_the_way(case: Case) -> Decimal:
    """What banks kept of the ordered amount, where the payer's bank says what was ordered."""
    ordered = case.movement.instructed_amount
    if ordered is None or case.movement.instructed_currency not in {"", case.paid.currency}:
        return ZERO
    return ordered - case.paid.amount if ZERO < ordered - case.paid.amount <= case.tuning.largest_fee else ZERO


def _converted(case: Case, items: Items) -> Iterator[Fit]:
    """Documents of other currencies at the rates of their books, where the difference is no more than rates move."""
    worths = [_worth(case, position) for position, _ in items]
    known = [each for each in worths if each is not None]
    expected = sum(known, ZERO)
    gap = case.paid.amount - expected
    if len(known) < len(items) or expected <= ZERO or abs(gap) * PERCENT > expected * case.tuning.fx_tolerance_percent:
        return
    foreign = [position for position, item in items if item.currency != case.paid.currency and item.kind != CREDIT_NOTE]
    if not foreign:
        return
    parts = [Part(position, worth, settles=item.open_amount) for (position, item), worth in zip(items, known, strict=True)]
    absorbing = max((each for each in parts if each.position in foreign), key=lambda each: (each.amount, -each.position))
    shifted = tuple(replace(each, amount=each.amount + gap) if each is absorbing else each for each in parts)
    rate = f"the rest ({money(gap, case.paid.currency)}) is the exchange rate's"
    words = f"{money(expected, case.paid.currency)} at the rates of the documents; {rate}"
    yield Fit(Kind.CONVERTED, shifted, ZERO, words)


def _worth(case: Case, position: int) -> Decimal | None:
    """What is open, in the payment's currency, at the rates of the document's connection."""
    item = case.item(position)
    if item.currency == case.paid.currency:
        return signed(item)
    theirs = item.rate or case.book.rates.get((item.connection, item.currency))
    ours = case.book.rates.get((item.connection, case.paid.currency))
    return round_amount(signed(item) * theirs / ours, case.paid.currency) if theirs and ours else None


def _names_words(case: Case, named: _Named) -> str:
    numbers = [case.item(each).number for each in named.positions]
    shown = ", ".join(numbers[:6]) + (f" and {len(numbers) - 6} more" if len(numbers) > 6 else "")
    where = "in its reference" if named.structured else "in its text"
    if named.grade is Grade.CERTAIN:
        return f"names {shown} {where}"
    written = ", ".join(dict.fromkeys(each.written for each in named.mentions))
    return f'"{written}" {where} is read as {shown}' if named.grade is Grade.LIKELY else f'"{written}" {where} is nearly {shown}'


# -- amounts -------------------------------------------------------------------------------------------------------------------------------


def by_amount(case: Case) -> Iterator[Candidate]:
    """The payer's invoices that are open, or open less discount, at exactly this amount."""
    for position in case.hits:
        for fit in fits(case.items([position]), case.paid, case.tuning):
            if fit.kind not in _OF_AN_AMOUNT:
                continue
            alone = "only " if len(case.hits) == 1 else f"one of {len(case.hits)} of this customer, "
            why = f"{alone}{case.item(position).number} fits the amount"
            yield case.candidate(Stage.AMOUNT, min(_OF_AN_AMOUNT[fit.kind], _of_search(case, len(case.hits))), why, fit)


def _of_search(case: Case, ways: int) -> Decimal:
    """The most that a way deserves which was found without a reference."""
    if case.reading.unknown or any(_speaks_of_something_else(case, each) for each in case.reading.mentions):
        return ELSEWHERE
    if not case.payer.sure:
        return UNSURE_PAYER
    return SEVERAL if ways > 1 else Decimal(1)


def _speaks_of_something_else(case: Case, mention: Mention) -> bool:
    """Whether a number in the text is a document at all: digits that would only do for others, at other amounts, are a telephone's."""
    if mention.grade is Grade.CERTAIN or not case.payer.sure or case.agreement(mention.positions) is Agreement.AGREES:
        return True
    return case.is_anothers_at_this_amount(mention)


def by_sum(case: Case) -> Iterator[Candidate]:
    """Several documents of the payer that sum to the amount, none of which he names."""
    if not case.payer.codes or case.hits or any(each.grade is Grade.CERTAIN for each in case.reading.mentions):
        return
    every = [each for each in case.book.of_customers(case.payer.codes) if case.item(each).currency == case.paid.currency]
    if len(every) < 2:
        return
    yield from _everything(case, every)
    newest = case.newest(case.payer.codes)
    for discounted in (False, True):
        yield from _summed(case, newest, discounted=discounted)


def by_exclusion(case: Case) -> Iterator[Candidate]:
    """All that is open of the payer but what he names, where he says so."""
    named = {each for mention in case.reading.mentions for each in mention.positions}
    rest = [
        each for each in case.book.of_customers(case.payer.codes) if case.item(each).currency == case.paid.currency and each not in named
    ]
    if not case.reading.excludes or not named:
        return
    for fit in fits(case.items(rest), case.paid, case.tuning):
        if fit.kind in {Kind.EXACT, Kind.DISCOUNT}:
            numbers = ", ".join(case.item(each).number for each in sorted(named)[:6])
            confidence = EVERYTHING if case.payer.sure else UNSURE_PAYER
            yield case.candidate(Stage.SUM, confidence, f"pays everything that is open of this customer but {numbers}", fit)


def _everything(case: Case, every: Sequence[int]) -> Iterator[Candidate]:
    for fit in fits(case.items(every), case.paid, case.tuning):
        if fit.kind in {Kind.EXACT, Kind.DISCOUNT}:
            why = "pays everything that is open of this customer"
            yield case.candidate(Stage.SUM, min(EVERYTHING, _of_search(case, 1)), why, fit)


def _summed(case: Case, newest: Sequence[int], *, discounted: bool) -> Iterator[Candidate]:
    values = [_value(case, each, discounted=discounted) for each in newest]
    target = to_minor(case.paid.amount, case.paid.currency)
    if target is None or (discounted and values == [_value(case, each, discounted=False) for each in newest]):
        return
    ways = sums_to(values, target, most=case.tuning.most_in_a_sum, least=2)
    for way in ways[: case.tuning.most_candidates]:
        rare = chance(values, len(way)) <= case.tuning.chance_of_a_sum
        most = A_SUM if rare and len(ways) == 1 else SEVERAL
        why = f"these {len(way)} sum to the amount" + ("" if len(ways) == 1 else f", as do {len(ways) - 1} other sets")
        for fit in fits(case.items(newest[each] for each in way), case.paid, case.tuning)[:1]:
            yield case.candidate(Stage.SUM, min(most, _of_search(case, len(ways))), why, fit)


def _value(case: Case, position: int, *, discounted: bool) -> int:
    item = case.item(position)
    taken = discount_allowed(item, case.paid.on, case.tuning) if discounted else ZERO
    return to_minor(signed(item) - taken, item.currency) or 0
