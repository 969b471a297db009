"""The score itself: a matcher that knows everything gets everything, one that guesses is found out."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from tests.payments.labelled.generate import LabelledSet, generate
from tests.payments.labelled.report import failures, markdown, percent
from tests.payments.labelled.score import End, Match, Tally, overall, score
from tests.payments.labelled.truth import Labelled

from airbooks.canonical.incoming import IncomingPayment
from airbooks.payments.decision import Candidate, Decision, OpenItem, Settled, Stage, Verdict


@pytest.fixture(scope="module")
def made() -> LabelledSet:
    return generate(300, seed=2)


def truth_as_candidate(made: LabelledSet, each: Labelled) -> Candidate | None:
    if not each.truth.right:
        return None
    parts = tuple(
        Settled(
            document_id=share.document_id, connection="", number="", amount=share.amount, settled=share.settled, discount=share.discount
        )
        for share in each.truth.right[0]
    )
    back = next((other.key for other in made.labelled if other.payment.source_id == each.truth.takes_back), "")
    rest = each.payment.gross - sum((part.amount for part in parts), Decimal(0))
    return Candidate(stage=Stage.PERSON, confidence=Decimal(1), reason="", settled=parts, on_account=rest, takes_back=back)


def knowing(made: LabelledSet, applies: Verdict) -> Match:
    """A matcher that was told the truth."""

    def match(_payments: Sequence[tuple[str, IncomingPayment]], _items: Sequence[OpenItem]) -> list[Decision]:
        pairs = [(each, truth_as_candidate(made, each)) for each in made.labelled]
        return [Decision(key=each.key, verdict=applies if best else Verdict.REVIEW, best=best) for each, best in pairs]

    return match


def rates(whole: Tally) -> list[str]:
    return [str(each) for each in (whole.precision, whole.recall, whole.recall_at_candidates)]


def nearest(payments: Sequence[tuple[str, IncomingPayment]], items: Sequence[OpenItem]) -> list[Decision]:
    """A matcher that always applies, to whatever is nearest to the amount."""
    return [_nearest(key, payment, items) for key, payment in payments]


def _nearest(key: str, payment: IncomingPayment, items: Sequence[OpenItem]) -> Decision:
    item = min(items, key=lambda each: abs(each.open_amount - payment.gross))
    part = Settled(document_id=item.document_id, connection="", number="", amount=payment.gross, settled=item.open_amount)
    return Decision(key=key, verdict=Verdict.APPLY, best=Candidate(stage=Stage.AMOUNT, confidence=Decimal(1), reason="", settled=(part,)))


def test_a_matcher_that_knows_the_truth_is_never_wrong(made: LabelledSet) -> None:
    whole = overall(score(made, knowing(made, Verdict.APPLY)))
    assert rates(whole) == ["1", "1", "1"]
    assert whole.ends[End.WRONG] == whole.ends[End.WITHOUT] == 0


def test_a_matcher_that_always_asks_has_the_truth_among_its_candidates_and_recalls_nothing(made: LabelledSet) -> None:
    whole = overall(score(made, knowing(made, Verdict.REVIEW)))
    assert rates(whole) == ["None", "0", "1"]


def test_a_matcher_that_guesses_is_found_out(made: LabelledSet) -> None:
    judged = score(made, nearest)
    whole = overall(judged)
    assert whole.precision is not None
    assert whole.precision < Decimal("0.9")
    assert all(each.end is End.WRONG for each in judged if not each.labelled.truth.right)
    assert len(failures(judged)) == whole.ends[End.WRONG]


def test_an_amount_off_by_a_cent_or_money_that_vanishes_is_wrong(made: LabelledSet) -> None:
    each = next(each for each in made.labelled if each.kind == "exact number")
    best = truth_as_candidate(made, each)
    assert best is not None
    (part,) = best.settled
    cent = Decimal("0.01")
    less = Settled(document_id=part.document_id, connection="", number="", amount=part.amount - cent, settled=part.settled - cent)
    alone = LabelledSet((each,), made.items)
    for on_account in (cent, Decimal(0)):
        wrong = Candidate(stage=Stage.REFERENCE, confidence=Decimal(1), reason="", settled=(less,), on_account=on_account)
        (judged,) = score(alone, lambda _payments, _items, best=wrong: [Decision(key=each.key, verdict=Verdict.APPLY, best=best)])  # type: ignore[misc]
        assert judged.end is End.WRONG


def test_a_payment_without_a_decision_stops_the_scoring(made: LabelledSet) -> None:
    with pytest.raises(ValueError, match="once about each payment"):
        score(made, lambda _payments, _items: [])


def test_the_report_names_every_kind_and_rounds_no_loss_away(made: LabelledSet) -> None:
    text = markdown(made, score(made, knowing(made, Verdict.APPLY)), "python -m tests.payments.labelled", 2)
    assert all(f"| {each.kind} |" in text for each in made.labelled)
    assert percent(Decimal("0.99999"), 2) == "99.99 %"
