"""Payments against open items: for each payment one decision, with its reason. Pure: no database, no clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pandas as pd

from airbooks.canonical.incoming import IncomingPayment
from airbooks.canonical.payment import PaymentKind
from airbooks.payments.advice import understood
from airbooks.payments.decision import Candidate, Decision, OpenItem, Stage, Verdict
from airbooks.payments.evidence import Case
from airbooks.payments.frames import Book, book_of, to_minor
from airbooks.payments.mentions import read
from airbooks.payments.names import key_of
from airbooks.payments.payers import Payer, payers_of
from airbooks.payments.reversals import decide_reversal
from airbooks.payments.stages import candidates
from airbooks.payments.terms import Paid
from airbooks.payments.tuning import Known, Tuning
from airbooks.payments.written import Grade

AS_GOOD = Decimal("0.01")  # two ways whose confidence differs by less are not told apart
NOTHING_KNOWN = Known()
_STAGES = list(Stage)

Keyed = tuple[str, IncomingPayment]


def match(payments: Sequence[Keyed], items: Sequence[OpenItem], tuning: Tuning, known: Known = NOTHING_KNOWN) -> list[Decision]:
    """One decision for each payment (key, movement), in their order; payments that `known` has settled already have none.

    The decisions do not depend on the order of payments or items. All that is applied together never exceeds what is open: where two
    payments want the same document, the better evidence has it and the other is reviewed.
    """
    done = {each.key for each in known.settled_before}
    asked = [each for each in payments if each[0] not in done]
    once, repeated = _without_repetition(asked)
    settled = [each.number for earlier in known.settled_before for each in earlier.settled]
    book = book_of(items, [*known.closed, *settled], known.coming)
    decided = {case.key: _decide(case, known) for case in _cases(once, book, tuning, known)}
    decided |= _without_overdraft(decided, dict(once), book)
    decided |= repeated
    return [decided[key] for key, _ in asked]


def _without_repetition(payments: Sequence[Keyed]) -> tuple[list[Keyed], dict[str, Decision]]:
    """A movement that is told twice counts once."""
    first: dict[tuple[str, ...], str] = {}
    once, repeated = [], {}
    for key, movement in sorted(payments, key=lambda each: each[0]):
        names = [("source", movement.source, movement.source_id)]
        names += [("movement", movement.account, movement.fingerprint)] if movement.fingerprint else []
        same = next((first[each] for each in names if each in first), None)
        if same is None:
            once.append((key, movement))
            first.update(dict.fromkeys(names, key))
        else:
            repeated[key] = Decision(key=key, verdict=Verdict.REVIEW, best=None, reason=f"the same movement as {same}, told again")
    return once, repeated


# -- the cases -----------------------------------------------------------------------------------------------------------------------------


def _cases(payments: Sequence[Keyed], book: Book, tuning: Tuning, known: Known) -> Iterator[Case]:
    movements = [movement for _, movement in payments]
    payers = payers_of(movements, book, known, tuning)
    hits = _amount_hits(movements, payers, book)
    for number, (key, movement) in enumerate(payments):
        on = min(movement.booked_on, movement.value_on or movement.booked_on)
        yield Case(
            key=key,
            movement=movement,
            paid=Paid(movement.gross, movement.currency, on),
            payer=payers[number],
            reading=read(movement, payers[number], book, tuning),
            hits=hits.get(number, ()),
            book=book,
            tuning=tuning,
        )


def _amount_hits(movements: Sequence[IncomingPayment], payers: Sequence[Payer], book: Book) -> Mapping[int, tuple[int, ...]]:
    """Per payment, the payer's invoices whose open or discounted amount is the paid amount: one merge for all payments."""
    asked = pd.DataFrame(
        [
            (number, code, movement.currency, to_minor(movement.gross, movement.currency))
            for number, (movement, payer) in enumerate(zip(movements, payers, strict=True))
            for code in payer.codes
        ],
        columns=["payment", "customer", "currency", "paid"],
    ).astype({"paid": "Int64"})
    found: dict[int, set[int]] = defaultdict(set)
    for column in ("open", "discounted"):
        offered = book.frame.dropna(subset=[column])
        hits = asked.merge(offered, left_on=["customer", "currency", "paid"], right_on=["customer", "currency", column])
        for number, position in zip(hits["payment"].tolist(), hits["position"].tolist(), strict=True):
            found[number].add(position)
    return {number: tuple(sorted(positions)) for number, positions in found.items()}


# -- one payment ---------------------------------------------------------------------------------------------------------------------------


def _decide(case: Case, known: Known) -> Decision:
    if case.movement.kind is not PaymentKind.RECEIPT:
        return decide_reversal(case, known)
    told = understood(case)
    ways = _ranked(candidates(case, told))
    if ways and ways[0].confidence >= case.tuning.apply_from:
        rival = next((each for each in ways[1:] if ways[0].confidence - each.confidence < AS_GOOD), None)
        return _applied(case, ways) if rival is None else _for_review(case, ways, "more than one way fits as well")
    unknown = tuple(dict.fromkeys((*told.unknown, *case.reading.unknown)))
    if not unknown:
        return _for_review(case, ways, "" if ways else _nothing(case))
    return _not_open(case, ways, unknown, known)


def _ranked(ways: list[Candidate]) -> list[Candidate]:
    return sorted(ways, key=lambda each: (-each.confidence, _STAGES.index(each.stage), each.on_account, each.reason))


def _applied(case: Case, ways: list[Candidate]) -> Decision:
    others = tuple(ways[1 : case.tuning.most_candidates + 1])
    return Decision(key=case.key, verdict=Verdict.APPLY, best=ways[0], others=others, reason=ways[0].reason)


def _for_review(case: Case, ways: list[Candidate], why: str) -> Decision:
    shown = ways[: case.tuning.most_candidates + 1]
    reason = "; ".join(each for each in (shown[0].reason if shown else "", why) if each)
    return Decision(key=case.key, verdict=Verdict.REVIEW, best=shown[0] if shown else None, others=tuple(shown[1:]), reason=reason)


def _nothing(case: Case) -> str:
    return (
        f"it names no open document; {case.payer.words}, of whom nothing open fits"
        if case.payer.codes
        else "it names no open document, and the payer is not known"
    )


def _not_open(case: Case, ways: list[Candidate], unknown: tuple[str, ...], known: Known) -> Decision:
    """The payer names numbers that look like ours: settled already, or not known yet."""
    numbers = ", ".join(unknown)
    if any(key_of(each) in case.book.closed for each in unknown):
        return _for_review(case, ways, f"{numbers} is settled already: paid twice?")
    nearly = any(each.grade is Grade.GUESS for each in case.reading.mentions)
    last_day = case.movement.booked_on + timedelta(days=case.tuning.wait_days)
    if nearly or (known.today or case.movement.booked_on) > last_day:
        return _for_review(case, ways, f"{numbers} is not open")
    waits = f"{numbers} is not known yet: waits until {last_day} for the document"
    return Decision(key=case.key, verdict=Verdict.WAIT, best=None, others=tuple(ways[: case.tuning.most_candidates]), reason=waits)


# -- all payments together -----------------------------------------------------------------------------------------------------------------


def _without_overdraft(decided: Mapping[str, Decision], movements: Mapping[str, IncomingPayment], book: Book) -> dict[str, Decision]:
    """The decisions that change because a better one has taken what they want."""
    left = {(each.connection, each.document_id): each.open_amount for each in book.items}
    winner: dict[tuple[str, int], str] = {}
    taken_back: dict[str, str] = {}
    changed = {}
    for decision, best in _by_precedence(decided, movements):
        wanted = [((each.connection, each.document_id), each.settled) for each in best.settled]
        short = next((place for place, amount in wanted if amount > left[place]), None) if not best.takes_back else None
        if best.takes_back in taken_back:
            changed[decision.key] = _lost(decision, f"{taken_back[best.takes_back]} takes the same payment back")
        elif best.takes_back:
            taken_back[best.takes_back] = decision.key
        elif short is not None:
            changed[decision.key] = _lost(decision, f"payment {winner[short]} settles the same document in this run: paid twice?")
        else:
            winner |= {place: winner.get(place, decision.key) for place, _ in wanted}
            left |= {place: left[place] - amount for place, amount in wanted}
    return changed


def _by_precedence(decided: Mapping[str, Decision], movements: Mapping[str, IncomingPayment]) -> list[tuple[Decision, Candidate]]:
    """What would apply by itself: the best evidence first, then the earliest."""
    applied = [(each, each.best) for each in decided.values() if each.verdict is Verdict.APPLY and each.best]
    return sorted(applied, key=lambda pair: (-pair[1].confidence, movements[pair[0].key].booked_on, pair[0].key))


def _lost(decision: Decision, why: str) -> Decision:
    return replace(decision, verdict=Verdict.REVIEW, reason=f"{decision.reason}; {why}")
