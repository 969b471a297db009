"""What the matcher promises on a labelled bank account: what it applies by itself is right, and it applies most of what can be known."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.payments.labelled.generate import generate
from tests.payments.labelled.report import failures
from tests.payments.labelled.runs import in_runs
from tests.payments.labelled.score import Judged, overall, score

PAYMENTS = 2000
SEED = 20261121
PRECISION = Decimal("0.999")
RECALL = Decimal("0.97")
RECALL_AT_CANDIDATES = Decimal("0.96")


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    return score(generate(PAYMENTS, SEED), in_runs)


def test_what_is_applied_automatically_is_right(judged: list[Judged]) -> None:
    precision = overall(judged).precision
    assert precision is not None
    assert precision >= PRECISION, "\n".join(each for each in failures(judged) if each.startswith("applied wrong"))


def test_most_of_what_can_be_known_is_applied_automatically(judged: list[Judged]) -> None:
    recall = overall(judged).recall
    assert recall is not None
    assert recall >= RECALL


def test_who_is_asked_finds_the_truth_among_the_candidates(judged: list[Judged]) -> None:
    recall = overall(judged).recall_at_candidates
    assert recall is not None
    assert recall >= RECALL_AT_CANDIDATES
