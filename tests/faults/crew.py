"""Plays scenarios and kills in as many processes as there are processors, each play in a sandbox and a database of its own."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import psycopg
from tests.faults.judge import Judgement
from tests.faults.kills import KILLS, play_kill
from tests.faults.playing import Played, play
from tests.faults.scenarios import SCENARIOS

from airbooks.runtime.postgres import Cluster, serving
from airbooks.staging.migrate import migrate

TEMPLATE = "template_faults"


@dataclass(frozen=True, slots=True)
class Task:
    """A scenario, or a kill, by its number, and the platform where it is played."""

    number: str
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a process says of a play: all but the scenario, which holds functions."""

    judgement: Judgement
    unexpected: tuple[str, ...]
    strikes: int
    seconds: float


@contextlib.contextmanager
def playing() -> Iterator[Callable[[Sequence[Task]], list[Played]]]:
    """Gives what plays tasks and returns what came of each, in their order."""
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="airbooks-faults-")), durable=False)
    cluster.home.chmod(0o711)
    try:
        with (
            serving(cluster),
            ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"), initializer=_quiet) as crew,
        ):
            cluster.ensure_database(TEMPLATE)
            migrate(cluster.url(TEMPLATE))
            yield lambda tasks: [_played(*pair) for pair in zip(tasks, crew.map(partial(_tell, cluster), tasks), strict=True)]
    finally:
        cluster.remove()


def _quiet() -> None:
    """Nothing is printed; what is logged goes to the stage that searches it."""
    logging.disable(logging.NOTSET)
    logging.getLogger().handlers[:] = [logging.NullHandler()]


def _tell(cluster: Cluster, task: Task) -> Told:
    with _database(cluster) as dsn:
        kill = next((each for each in KILLS if (each.scenario.number, each.slug) == (task.number, task.slug)), None)
        made = play_kill(kill, dsn) if kill else play(next(each for each in SCENARIOS if each.number == task.number), task.slug, dsn)
        return Told(judgement=made.judgement, unexpected=made.unexpected, strikes=made.strikes, seconds=made.seconds)


def _played(task: Task, told: Told) -> Played:
    scenarios = [*SCENARIOS, *(kill.scenario for kill in KILLS)]
    return Played(
        scenario=next(each for each in scenarios if each.number == task.number),
        slug=task.slug,
        judgement=told.judgement,
        unexpected=told.unexpected,
        strikes=told.strikes,
        seconds=told.seconds,
    )


@contextlib.contextmanager
def _database(cluster: Cluster) -> Iterator[str]:
    """A fresh migrated database for as long as it is used."""
    name = f"faults_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(cluster.url(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        yield cluster.url(name)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
