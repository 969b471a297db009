"""What happens in the scenarios that are more than a fault on the wire: overlapping workers, kills, outages."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from tests.faults.stage import KilledError, Stage
from tests.platforms.company import today

from airbooks.platforms import registry
from airbooks.platforms.base import PlatformHook, Sending, Sent
from airbooks.staging import budget, tokens

Play = Callable[[Stage], None]
MIX = 6
LONGEST_WAIT = 3600.0  # seconds that a platform's Retry-After may keep a document waiting


def send(stage: Stage) -> None:
    """A mix of documents, delivered until nothing moves any more."""
    stage.plant_mix(MIX)
    stage.deliver()


def send_and_look_twice(stage: Stage) -> None:
    """What is not there at the first look is looked for once more."""
    send(stage)
    looked = "SELECT count(*) FROM airbooks.audit_event WHERE action = 'delivery absent' AND starts_with(detail ->> 'says', 'not there')"
    if not stage.one(looked):
        stage.complaints.append("no look-up found anything absent")


def send_many(stage: Stage) -> None:
    """More than a batch."""
    stage.plant_mix(max(MIX, stage.spec.limits.batch + 3))
    stage.deliver()


def wait_at_most_an_hour(stage: Stage) -> None:
    """The platform asks for a very long pause, and gets a bounded one."""
    stage.plant_mix(MIX)
    _send_with_bounded_waits(stage)


def many_wait_at_most_an_hour(stage: Stage) -> None:
    """The same in the middle of more than a batch."""
    stage.plant_mix(max(MIX, stage.spec.limits.batch + 3))
    _send_with_bounded_waits(stage)


def _send_with_bounded_waits(stage: Stage) -> None:
    stage.turn()
    waits = stage.one("SELECT extract(epoch FROM max(not_before) - now())::float8 FROM airbooks.delivery WHERE state = 'pending'")
    if waits is not None and waits > LONGEST_WAIT:
        stage.complaints.append(f"a document waits for {waits / 3600:.1f} hours")
    stage.deliver()


def as_jobs(stage: Stage) -> None:
    """From now on NetSuite is sent jobs, which it answers later."""
    stage.papers.setting = replace(stage.papers.setting, options={"mode": "batch"})


def job_with_a_bad_one(stage: Stage) -> None:
    """A job of which one document falls into a closed month: that one is refused, whatever the order of the job's tasks."""
    as_jobs(stage)
    last = today().replace(day=1) - timedelta(days=1)
    stage.arm("lock_period", through=f"{last}")
    old = stage.papers.sale(1, issue_date=last, due_date=last + timedelta(days=30))
    stage.plant(*stage.papers.documents(MIX), old)
    stage.deliver()
    refused = stage.one("SELECT string_agg(number, ' ') FROM airbooks.exception WHERE state = 'open'")
    if refused != old.number:
        stage.complaints.append(f"{old.number} is bad, and refused was {refused}")


def send_while_keys_are_remembered(stage: Stage) -> None:
    """What the platform remembers of a key is over when its settle time is: seven minutes pass there after the first turn."""
    stage.plant_mix(MIX)
    stage.turn()
    stage.ledger.move_clock(stage.slug, 420)
    stage.deliver()


def send_invoices(stage: Stage) -> None:
    """Invoices only, in the home currency."""
    stage.plant(*(stage.papers.sale(1) for _ in range(3)))
    stage.deliver()


# -- workers that die or meet -----------------------------------------------------------------------------------------------------------


def nothing() -> None:
    """Nothing happens."""


@contextlib.contextmanager
def at_first_create(stage: Stage, *, before: Callable[[], None] = nothing, after: Callable[[], None] = nothing) -> Iterator[None]:
    """Something happens just before the first create is called, or when the platform has answered it and nothing is recorded yet."""
    kind = registry.hook_class(stage.slug)
    real = kind.create_invoices
    first = iter([True])

    def create(hook: PlatformHook, batch: Sequence[Sending]) -> list[Sent]:
        is_first = next(first, False)
        if is_first:
            before()
        told = real(hook, batch)
        if is_first:
            after()
        return told

    with patch.object(kind, "create_invoices", create):
        yield
    if next(first, False):
        stage.complaints.append("no create was called while something was to happen to it")


def die() -> None:
    raise KilledError


def killed_after_the_call(stage: Stage) -> None:
    """The platform has booked, and the worker is dead before it can write."""
    stage.plant_mix(MIX)
    with at_first_create(stage, after=die):
        stage.killed_turn()
    stage.deliver()


def killed_before_the_call(stage: Stage) -> None:
    """The intent is written, and the worker is dead before it can call."""
    stage.plant_mix(MIX)
    with at_first_create(stage, before=die):
        stage.killed_turn()
    stage.deliver()


def database_lost(stage: Stage) -> None:
    """Every session of Postgres ends between the platform's answer and the commit."""
    stage.plant_mix(MIX)
    with at_first_create(stage, after=stage.cut_sessions):
        stage.turn()
    stage.deliver()


def _no_places_needed() -> contextlib.AbstractContextManager[object]:
    """Two workers at once, whatever the platform's concurrency: what keeps them apart here must not be its places."""
    return patch.object(budget, "places", lambda *_, **__: contextlib.nullcontext(1))


def lease_expired(stage: Stage) -> None:
    """A worker hangs in its call until its lease is over, and another one takes over before it wakes up."""
    stage.plant_mix(MIX)

    def taken_over() -> None:
        stage.execute("UPDATE airbooks.delivery SET lease_until = now() - interval '1 second' WHERE state = 'sending'")
        stage.deliver()

    with at_first_create(stage, after=taken_over), _no_places_needed():
        stage.turn("the slow one")
    stage.deliver()


def met_by_another(stage: Stage) -> None:
    """Another worker comes along between the look-up and the create."""
    stage.plant_mix(MIX)
    with at_first_create(stage, before=lambda: stage.turn("the other one")), _no_places_needed():
        stage.turn("the slow one")
    stage.deliver()


def cleared_while_running(stage: Stage) -> None:
    """A person clears a run that is at work: the same run works twice."""
    stage.plant_mix(2 * MIX)
    stage.turns_at_once(lambda: stage.turn("hourly 1"), lambda: stage.turn("hourly 1"))
    stage.deliver()


def overlapping(stage: Stage) -> None:
    """Hourly, daily, real-time and by hand, all in the same second."""
    made = stage.plant_mix(2 * MIX)
    numbers = [each.number for each in made[:4]]
    stage.turns_at_once(
        lambda: stage.turn("hourly"),
        lambda: stage.turn("daily"),
        lambda: stage.turn("manual", numbers),
        lambda: stage.turn("real-time", numbers[:1]),
    )
    stage.deliver()


def the_same_second(stage: Stage) -> None:
    """A real-time event and the hourly poll deliver one invoice at once."""
    (made,) = stage.plant_mix(1)
    stage.turns_at_once(lambda: stage.turn("real-time", [made.number]), lambda: stage.turn("hourly"))
    stage.deliver()


def restarted_together(stage: Stage) -> None:
    """Six workers begin in the same second."""
    stage.plant_mix(3 * MIX)
    stage.turns_at_once(*(lambda number=number: stage.turn(f"worker {number}") for number in range(6)))
    stage.deliver()


def clocks_differ(stage: Stage) -> None:
    """The platform's clock is five minutes behind, then ahead."""
    for seconds in (-300, 300):  # never back: a limit's window would stand in the future
        stage.ledger.move_clock(stage.slug, seconds)
        stage.plant_mix(MIX)
        stage.deliver()


# -- the connection ---------------------------------------------------------------------------------------------------------------------


def unreachable(stage: Stage) -> None:
    """Connections are refused for many turns: nothing was sent, and no document is given up."""
    stage.plant_mix(MIX)
    for _ in range(8):
        stage.turn(firm=stage.unreachable())
        stage.firm.hurry()
    stage.deliver()


def tokens_expire(stage: Stage) -> None:
    """Every token ends between two turns."""
    stage.plant_mix(MIX)
    stage.deliver()
    stage.ledger.move_clock(stage.slug, 9 * 3600)
    stage.plant_mix(MIX)
    stage.deliver()


def in_the_middle(fault: str) -> Play:
    """A fault of the platform's own that strikes once: when the log-in is done and the first create is about to go."""

    def play(stage: Stage) -> None:
        stage.plant_mix(MIX)
        with at_first_create(stage, before=lambda: stage.arm(fault, times=1)):
            stage.turn()
        stage.deliver()

    return play


def ten_refresh(stage: Stage) -> None:
    """Ten workers find their tokens expired in the same second."""
    stage.plant_mix(1)
    stage.deliver()
    stage.ledger.move_clock(stage.slug, 9 * 3600)
    made = stage.plant_mix(10)
    stage.turns_at_once(*(lambda number=each.number: stage.turn("event", [number]) for each in made))
    stage.deliver()
    stage.complaints += [f"the connection was stopped: {each}" for each in stage.stopped]


def killed_before_saving_a_token(stage: Stage) -> None:
    """The platform has issued a new token, and the worker dies before it is stored; where the old one is void, a person is asked."""
    stage.plant_mix(MIX)
    with patch.object(tokens, "pack", side_effect=KilledError) as pack:
        stage.killed_turn()
    if not pack.called:
        stage.complaints.append("nobody died: no token was to be stored")
    stage.deliver()
    if stage.stopped:
        stage.authorise_again()
        stage.deliver()


def refused_for_ever(stage: Stage) -> None:
    """401 to every call: the connection stops after a few, and says so once a turn."""
    stage.plant_mix(MIX)
    stage.arm("error_before_commit", status=401, times=None)
    stage.turn()
    asked = len(stage.ledger.requests(stage.slug))
    if asked > 20:
        stage.complaints.append(f"{asked} calls were made with a refused authorisation")
    if not stage.stopped:
        stage.complaints.append("the connection was not stopped")
    stage.calm()
    stage.deliver()
