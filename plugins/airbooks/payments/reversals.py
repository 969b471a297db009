"""Refunds and charge-backs: which earlier payment they take back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from airbooks.canonical.incoming import IncomingPayment
from airbooks.payments.decision import ZERO, Candidate, Decision, Settled, Stage, Verdict
from airbooks.payments.evidence import Case
from airbooks.payments.frames import CREDIT_NOTE
from airbooks.payments.terms import money
from airbooks.payments.tuning import Earlier, Known
from airbooks.payments.written import Grade

NAMED = Decimal("0.99")
PARTLY = Decimal("0.85")
ALIKE = Decimal("0.70")
PAID_OUT = Decimal("0.80")


def decide_reversal(case: Case, known: Known) -> Decision:
    """What a refund or charge-back undoes. Only one that names exactly one earlier payment, and all of it, applies by itself.

    One that names a payment that nobody has told yet, or decided about, waits for it: they may come in any order.
    """
    movement = case.movement
    named = [each for each in known.settled_before if _is_named(each, movement)]
    last_day = movement.booked_on + timedelta(days=case.tuning.wait_days)
    if movement.reverses and not named and movement.reverses not in known.over and known.today is not None and known.today <= last_day:
        waits = f"a {_kind(movement)}: the payment that it takes back is not known, or not decided, yet: waits for it until {last_day}"
        return Decision(key=case.key, verdict=Verdict.WAIT, best=None, reason=waits)
    found = [way_to_take_back(each, movement, NAMED, "names the payment that it takes back") for each in named]
    if not named:
        found = [
            *_paid_out(case),
            *(way_to_take_back(each, movement, ALIKE, "is as much as an earlier payment") for each in _alike(case, known)),
        ]
    ways = sorted((each for each in found if each), key=lambda each: (-each.confidence, each.takes_back, each.reason))
    if not ways:
        return Decision(key=case.key, verdict=Verdict.REVIEW, best=None, reason=f"a {_kind(movement)}: {_unknown(movement, known)}")
    best = ways[0]
    verdict = Verdict.APPLY if len(named) == 1 and best.confidence >= case.tuning.apply_from else Verdict.REVIEW
    return Decision(key=case.key, verdict=verdict, best=best, others=tuple(ways[1 : case.tuning.most_candidates + 1]), reason=best.reason)


def _unknown(movement: IncomingPayment, known: Known) -> str:
    if not movement.reverses:
        return "it names no payment that it takes back"
    if movement.reverses in known.over:
        return "the payment that it takes back was taken back, or left out, before"
    return f"{movement.reverses} is not a payment that we know"


def _kind(movement: IncomingPayment) -> str:
    return movement.kind.value.replace("_", "-")


def _is_named(earlier: Earlier, movement: IncomingPayment) -> bool:
    same_source = not earlier.source or earlier.source == movement.source
    return bool(movement.reverses) and movement.reverses == earlier.source_id and same_source and earlier.currency == movement.currency


def _alike(case: Case, known: Known) -> list[Earlier]:
    """Earlier payments of the same amount, in the same currency."""
    same = [each for each in known.settled_before if each.gross == case.movement.gross and each.currency == case.movement.currency]
    return sorted(same, key=lambda each: each.key)[: case.tuning.most_candidates]


def way_to_take_back(earlier: Earlier, movement: IncomingPayment, confidence: Decimal, why: str) -> Candidate | None:
    """All of the earlier payment, or what it left on account; None where neither is the amount (whose part it is, a person says)."""
    words = f"a {_kind(movement)}: {why}, {earlier.source_id} of {money(earlier.gross, earlier.currency)}"
    if movement.gross == earlier.gross:
        return _undoing(earlier, earlier.settled, earlier.on_account, confidence, words)
    if movement.gross <= earlier.on_account:
        return _undoing(earlier, (), movement.gross, confidence, f"{words}; only what was on account goes back")
    if movement.gross > earlier.gross:
        more = money(movement.gross - earlier.gross, movement.currency)
        rest = movement.gross - earlier.gross + earlier.on_account
        return _undoing(earlier, earlier.settled, rest, min(confidence, PARTLY), f"{words}; {more} more than it was")
    single = earlier.settled[0] if len(earlier.settled) == 1 and earlier.on_account == ZERO else None
    if single is None or single.amount != single.settled:
        return None
    part = Settled(
        document_id=single.document_id, connection=single.connection, number=single.number, amount=movement.gross, settled=movement.gross
    )
    return _undoing(earlier, (part,), ZERO, min(confidence, PARTLY), f"{words}; a part of it")


def _undoing(earlier: Earlier, settled: tuple[Settled, ...], on_account: Decimal, confidence: Decimal, words: str) -> Candidate:
    return Candidate(
        stage=Stage.REFERENCE, confidence=confidence, reason=words, settled=settled, on_account=on_account, takes_back=earlier.key
    )


def _paid_out(case: Case) -> list[Candidate]:
    """A refund may pay out a credit note that it names, or one of the same amount."""
    gross = case.movement.gross
    named = {each for mention in case.reading.mentions if mention.grade > Grade.GUESS for each in mention.positions}
    theirs = {each for each in case.book.of_customers(case.payer.codes) if case.item(each).open_amount == gross}
    notes = [case.item(each) for each in sorted(named | theirs) if case.item(each).kind == CREDIT_NOTE]
    return [
        Candidate(
            stage=Stage.REFERENCE,
            confidence=PAID_OUT,
            reason=f"a {_kind(case.movement)} that pays out credit note {note.number}",
            settled=(Settled(document_id=note.document_id, connection=note.connection, number=note.number, amount=gross, settled=gross),),
        )
        for note in notes
        if note.currency == case.movement.currency and gross <= note.open_amount
    ]
