"""What every platform's error table must be: complete in its tests, without dead rules, and in words where a person must act.

The rows stand in each room's own test_errors.py, which runs them.
"""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import pytest
from tests.platforms.error_table import Row

from airbooks.platforms import registry
from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.spec import PlatformSpec

ALL = pytest.mark.parametrize("spec", [registry.spec(slug) for slug in registry.slugs()], ids=registry.slugs())
SENDS_AGAIN = frozenset({Action.RETRY, Action.WAIT, Action.RENEW, Action.REREAD})
FOR_A_PERSON = frozenset({Action.REVIEW, Action.STOP})


def rows_of(spec: PlatformSpec) -> tuple[Row, ...]:
    found: tuple[Row, ...] = import_module(f"tests.platforms.{spec.slug}.test_errors").ROWS
    return found


@ALL
def test_every_rule_is_proven_by_an_answer_of_the_vendor(spec: PlatformSpec) -> None:
    assert {rule.name for rule in spec.errors} - {row.rule for row in rows_of(spec)} == set()


@ALL
def test_no_two_rules_have_one_name(spec: PlatformSpec) -> None:
    assert [name for name, times in Counter(rule.name for rule in spec.errors).items() if times > 1] == []


@ALL
def test_no_rule_is_dead_because_an_earlier_one_takes_its_answers(spec: PlatformSpec) -> None:
    dead = [
        (rule.name, code)
        for position, rule in enumerate(spec.errors)
        for code in rule.codes or (None,)
        if all(any(_takes(each, status, code, rule.text) for each in spec.errors[:position]) for status in rule.status or (None,))
    ]
    assert dead == []


def _takes(earlier: ErrorRule, status: int | None, code: str | None, text: str) -> bool:
    return (
        (not earlier.status or status in earlier.status)
        and (not earlier.codes or code in earlier.codes)
        and (not earlier.text or earlier.text == text)
    )


@ALL
def test_who_must_act_is_told_what_happened_and_what_to_do(spec: PlatformSpec) -> None:
    assert [rule.name for rule in spec.errors if rule.action in FOR_A_PERSON and not (rule.says and rule.fix)] == []


@ALL
def test_nothing_is_sent_again_that_may_have_happened(spec: PlatformSpec) -> None:
    assert [rule.name for rule in spec.errors if rule.action in SENDS_AGAIN and rule.outcome is not Outcome.DID_NOT_HAPPEN] == []


@ALL
def test_a_closed_period_is_one_decision_for_all_documents_it_hits(spec: PlatformSpec) -> None:
    for rule in spec.errors:
        if rule.name == PERIOD_CLOSED:
            assert (rule.action, rule.outcome, rule.shared) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, True)
