"""kill -9 at every way between two states: just before its commit, and just after it. Then another worker, and the judge."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

import psycopg
from tests.faults import oddities, people, plays
from tests.faults.firm import Pace
from tests.faults.hurry import hurried
from tests.faults.playing import Played, arm, settled
from tests.faults.scenarios import BRISK, CREATE, EITHER, Scenario, Strike, at_create, on
from tests.faults.stage import Stage, set_up

from airbooks.delivery import collecting, recording, resolving, sending
from airbooks.delivery.states import Event, State
from airbooks.delivery.verdicts import MAX_ATTEMPTS, Verdict
from airbooks.staging import outbox

LONGEST = 60.0
ENDED = -signal.SIGKILL
TURNS = 4
LONGEST_STREAK = 60  # turns, of which an open circuit lets many pass


@dataclass(frozen=True, kw_only=True)
class Kill:
    """A way between two states, what makes a delivery take it on the platform `slug`, and on which side of the commit the process dies."""

    state: State
    event: Event
    slug: str
    strikes: tuple[Strike, ...] = ()
    own: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    plant: Callable[[Stage], object] = lambda stage: stage.plant_mix(plays.MIX)
    pace: Pace = BRISK
    before: bool = True

    @property
    def scenario(self) -> Scenario:
        side = "before" if self.before else "after"
        name = f"killed {side} {self.state} -> {self.event} is committed"
        return Scenario(
            number=f"K {self.state} {self.event} {side}", name=name, strikes=self.strikes, own=self.own, ends=EITHER, pace=self.pace
        )


def _unmap(stage: Stage) -> None:
    stage.firm.codes["tax_code", stage.papers.setting.tax_code] = None
    stage.plant_mix(plays.MIX)


def _plant_wrong(stage: Stage) -> None:
    stage.plant(oddities.a_cent_off(stage))


def _plant_correction(stage: Stage) -> None:
    """A booked invoice is changed at the source."""
    document = stage.papers.sale(1)
    stage.plant(document)
    stage.deliver()
    stage.plant(people.changed(stage, document))


def _plant_voided_correction(stage: Stage) -> None:
    """The answer to a correction is lost, and a person voids the document there before it is looked up."""
    document = stage.papers.sale(1)
    stage.plant(document)
    stage.deliver()
    stage.arm("reset_after_commit", body=CREATE)
    stage.plant(people.changed(stage, document))
    stage.turn()
    stage.void_there(document)


def _plant_worn_out(stage: Stage) -> None:
    """An invoice whose creates were lost as often as one may be, and that is to be looked up once more."""
    stage.plant(stage.papers.sale(1))
    for _ in range(LONGEST_STREAK):
        stage.turn()
        if stage.one("SELECT max(failures) FROM airbooks.delivery") >= MAX_ATTEMPTS:
            return
        stage.firm.hurry()


def _plant_jobs(stage: Stage) -> None:
    """Documents that go as jobs, which the platform answers later."""
    plays.as_jobs(stage)
    stage.plant_mix(plays.MIX)


def _plant_forgotten_jobs(stage: Stage) -> None:
    """The platform forgets the jobs that it has just taken on."""
    _plant_jobs(stage)
    stage.turn()
    stage.arm("forget_jobs", times=1)


LOST = (at_create("reset_after_commit"),)
NEVER_ARRIVED = (at_create("reset_before_commit"),)
NEVER_ARRIVES = (at_create("reset_before_commit", times=None),)
IMPATIENT = Pace(read_timeout=3.0, overdue=0.02)
S, E = State, Event
_WAYS = (
    Kill(state=S.PENDING, event=E.CLAIMED, slug="quickbooks"),
    Kill(state=S.SENDING, event=E.BOOKED, slug="quickbooks"),
    Kill(state=S.SENDING, event=E.BOOKED, slug="odoo"),  # drafts first, then posted
    Kill(state=S.SENDING, event=E.REFUSED, slug="quickbooks", own=on("quickbooks", fault="lock_period", until="2999-12-31")),
    Kill(state=S.SENDING, event=E.HELD_BACK, slug="quickbooks", plant=_unmap),
    Kill(state=S.SENDING, event=E.DIFFERS, slug="quickbooks", plant=_plant_wrong),
    Kill(state=S.SENDING, event=E.NOT_SENT, slug="quickbooks", strikes=(at_create("rate_limited", retry_after="7200"),)),
    Kill(state=S.SENDING, event=E.LOST, slug="quickbooks", strikes=LOST),
    Kill(state=S.SENDING, event=E.TAKEN_ON, slug="unit4"),
    Kill(state=S.ACCEPTED, event=E.BOOKED, slug="unit4"),
    Kill(state=S.ACCEPTED, event=E.STILL_OPEN, slug="unit4", own=on("unit4", fault="job_waits", seconds=1.0)),
    Kill(state=S.ACCEPTED, event=E.REFUSED, slug="unit4", own=on("unit4", fault="job_fails", times=1)),
    Kill(state=S.ACCEPTED, event=E.OVERDUE, slug="unit4", own=on("unit4", fault="job_waits", seconds=1.0), pace=IMPATIENT),
    Kill(state=S.ACCEPTED, event=E.DIFFERS, slug="netsuite", own=on("netsuite", fault="approval"), plant=_plant_jobs),
    # A correction that replaces: the old document is void, and the new one goes next.
    Kill(
        state=S.ACCEPTED,
        event=E.NOT_SENT,
        slug="acumatica",
        own=on("acumatica", fault="release_slow", seconds=0.1),
        plant=_plant_correction,
    ),
    Kill(state=S.ACCEPTED, event=E.LOST, slug="netsuite", plant=_plant_forgotten_jobs),
    Kill(state=S.UNKNOWN, event=E.FOUND, slug="quickbooks", strikes=LOST),
    Kill(state=S.UNKNOWN, event=E.FOUND, slug="sage_intacct", strikes=LOST),
    Kill(state=S.UNKNOWN, event=E.ABSENT, slug="quickbooks", strikes=NEVER_ARRIVED),
    Kill(state=S.UNKNOWN, event=E.ABSENT_TWICE, slug="quickbooks", strikes=NEVER_ARRIVED),
    Kill(state=S.UNKNOWN, event=E.ABSENT_TWICE, slug="xero", strikes=NEVER_ARRIVED),
    Kill(state=S.UNKNOWN, event=E.DIFFERS, slug="quickbooks", strikes=LOST, plant=_plant_wrong),
    Kill(state=S.UNKNOWN, event=E.REFUSED, slug="quickbooks", plant=_plant_voided_correction),
    Kill(state=S.UNKNOWN, event=E.HELD_BACK, slug="quickbooks", strikes=NEVER_ARRIVES, plant=_plant_worn_out),
)
# What a worker can do, and no scenario makes it do.
NOT_PLAYED: Mapping[tuple[State, Event], str] = {
    (S.ACCEPTED, E.HELD_BACK): "no platform's answer to a ticket asks for another try: it is booked, refused, or to be looked up",
    (S.UNKNOWN, E.APPLIED_AGAIN): "only payments take it, and the harness plants documents",
}
KILLS = tuple(replace(way, before=before) for way in _WAYS for before in (True, False))


def play_kill(kill: Kill, dsn: str) -> Played:
    """Let a worker run into the kill, then let another one finish; judged like any scenario."""
    with hurried(lease=0.2), set_up(kill.slug, dsn, kill.scenario.pace) as stage:
        arm(stage, kill.scenario)
        kill.plant(stage)
        died = _run_into(stage, kill)
        stage.firm.codes.clear()
        judgement = settled(stage)
        unexpected = () if died else (f"no worker came to {kill.state} -> {kill.event}",)
        return Played(
            scenario=kill.scenario, slug=kill.slug, judgement=judgement, unexpected=unexpected, strikes=stage.strikes, seconds=0.0
        )


def _run_into(stage: Stage, kill: Kill) -> bool:
    """Worker after worker until one has died where it should; whether one did."""
    fork = multiprocessing.get_context("fork")
    for _ in range(TURNS):
        worker = fork.Process(target=_work, args=(stage, kill))
        worker.start()
        worker.join(LONGEST)
        worker.kill()
        worker.join()
        if worker.exitcode == ENDED:
            return True
        stage.firm.hurry()
    return False


def _work(stage: Stage, kill: Kill) -> None:
    with _deadly(kill):
        stage.turn()
    os._exit(0)


@contextlib.contextmanager
def _deadly(kill: Kill) -> Iterator[None]:
    """The next commit after the way is taken is the last thing that this process sees."""
    trap = _Trap(kill.before)
    record = recording.record

    def recorded(work: Any, worker: str, run_id: str, verdicts: Sequence[Verdict], started: State, seconds: float) -> Any:
        trap.armed = started is kill.state and any(each.event is kill.event for each in verdicts)
        return record(work, worker, run_id, verdicts, started, seconds)

    with contextlib.ExitStack() as stack:
        for module in (sending, resolving, collecting):
            stack.enter_context(patch.object(module, "record", recorded))
        stack.enter_context(patch.object(psycopg.Connection, "commit", trap.commit()))
        if kill.event is Event.CLAIMED:
            stack.enter_context(patch.object(outbox, "claim", trap.arming(outbox.claim)))
        yield


class _Trap:
    """Ends the process at a commit once it is armed."""

    def __init__(self, before: bool) -> None:
        self.armed, self._before = False, before

    def commit(self) -> Callable[[psycopg.Connection], None]:
        real = psycopg.Connection.commit

        def deadly(database: psycopg.Connection) -> None:
            if self.armed and self._before:
                self._die()
            real(database)
            if self.armed:
                self._die()

        return deadly

    def arming(self, real: Callable[..., list[outbox.Claimed]]) -> Callable[..., list[outbox.Claimed]]:
        def claimed(*arguments: Any, **keywords: Any) -> list[outbox.Claimed]:
            claims = real(*arguments, **keywords)
            self.armed = bool(claims)
            return claims

        return claimed

    @staticmethod
    def _die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)
