"""The harness can fail: without one of the engine's guards, the judge finds what that guard prevents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from tests.faults import plays
from tests.faults.firm import Pace
from tests.faults.hurry import hurried
from tests.faults.playing import settled
from tests.faults.stage import Stage, set_up

from airbooks.delivery import engine, resolving, sending, verdicts
from airbooks.delivery.preparing import Workplace, read_document
from airbooks.delivery.sending import Lane
from airbooks.delivery.states import Event
from airbooks.delivery.verdicts import Ready, Verdict
from airbooks.platforms.tokens import Credentials, Token
from airbooks.staging import outbox, tokens

PACE = Pace()
StartStage = Callable[[str], Stage]


@pytest.fixture
def start(postgres_url: str) -> Iterator[StartStage]:
    """Sets a stage on a platform; at most one per test."""
    opened = []

    def on(slug: str) -> Stage:
        opened.append(set_up(slug, postgres_url, PACE))
        return opened[-1].__enter__()

    with hurried():
        yield on
    for each in opened:
        each.__exit__(None, None, None)


def test_with_all_guards_the_judge_is_content(start: StartStage) -> None:
    stage = start("quickbooks")
    plays.killed_after_the_call(stage)
    judgement = settled(stage)
    assert judgement.violations == []
    assert judgement.ends == {"delivered": plays.MIX}


def test_without_intent_first_two_workers_make_duplicates(start: StartStage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = start("sap_business_one")
    real = engine._claim
    first = iter([True])

    def claim(run: engine.Run, span: tuple[int, int], size: int, **which: bool) -> list[outbox.Claimed]:
        claims = real(run, span, size, **which)
        if next(first, False):
            stage.execute("UPDATE airbooks.delivery SET state = 'pending', attempt = 0")
        return claims

    monkeypatch.setattr(engine, "_claim", claim)
    plays.met_by_another(stage)
    assert settled(stage).duplicates


def test_without_the_look_up_a_lost_answer_leaves_duplicates(start: StartStage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = start("sap_business_one")
    stage.arm("reset_after_commit", body="PO-88213")

    def look_up(work: Workplace, claims: Sequence[outbox.Claimed], pause: float) -> list[Verdict]:
        return [Verdict(claimed=each, document=read_document(each), event=Event.ABSENT_TWICE, says="not asked") for each in claims]

    def trust(lane: Lane, ready: Sequence[Ready]) -> list[Ready]:
        return list(ready)

    monkeypatch.setattr(resolving, "_look_up", look_up)
    monkeypatch.setattr(Lane, "_after_looking_up", trust)
    plays.send(stage)
    assert settled(stage).duplicates


def test_without_the_echo_check_wrong_amounts_are_called_delivered(start: StartStage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = start("quickbooks")
    stage.arm("wrong_tax")
    for module in (sending, verdicts):
        monkeypatch.setattr(module, "differences", lambda *_: ())
    plays.send_invoices(stage)
    assert settled(stage).wrong


def test_without_the_token_lock_a_rotating_refresh_token_is_lost(start: StartStage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = start("quickbooks")
    stage.arm("rotate_refresh_token")

    def renew(
        store: tokens.StoredTokens,
        connection: str,
        stale: Token | None,
        issue: Callable[[Token | None], Token],
        credentials: Credentials,
    ) -> Token:
        return issue(stale or store.read(connection))

    monkeypatch.setattr(tokens.StoredTokens, "renew", renew)
    plays.ten_refresh(stage)
    assert any("stopped" in each for each in settled(stage).unproven)


def test_what_is_only_called_delivered_is_lost_and_unproven(start: StartStage) -> None:
    stage = start("quickbooks")
    stage.plant(stage.papers.sale(1))
    for state in ("sending", "delivered"):
        stage.execute("UPDATE airbooks.delivery SET state = %s", state)
    judgement = stage.judge()
    assert judgement.lost
    assert judgement.unproven


def test_what_has_no_delivery_at_all_is_lost(start: StartStage) -> None:
    stage = start("quickbooks")
    stage.plant(stage.papers.sale(1))
    stage.execute("DELETE FROM airbooks.delivery")
    assert stage.judge().lost


def test_a_delivery_that_nothing_moves_is_unresolved(start: StartStage) -> None:
    stage = start("quickbooks")
    stage.plant(stage.papers.sale(1))
    assert stage.judge().unresolved


def test_a_secret_in_any_row_is_a_leak(start: StartStage) -> None:
    stage = start("quickbooks")
    stage.plant(stage.papers.sale(1))
    stage.deliver()
    stage.execute("UPDATE airbooks.delivery SET last_error = 'refused ' || %s", max(stage.secrets()))
    assert stage.judge().leaks


def test_a_changed_audit_trail_is_found(start: StartStage) -> None:
    stage = start("quickbooks")
    stage.plant(stage.papers.sale(1))
    stage.deliver()
    stage.execute("ALTER TABLE airbooks.audit_event DISABLE TRIGGER USER")
    stage.execute("UPDATE airbooks.audit_event SET actor = 'somebody else' WHERE event_id = 1")
    assert stage.judge().unproven
