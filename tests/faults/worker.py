"""A worker's process: turn after turn at the firms' outboxes until it is ended, or killed."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence

import psycopg
from tests.faults.firm import EVERYTHING, Firm
from tests.faults.hurry import hurried
from tests.faults.world import World

from airbooks.platforms.errors import AirbooksError
from airbooks.staging import budget, planning

LEASE_SECONDS = 20.0  # of a look-up whose worker died
CHUNK = 400
ROLES = ("hourly", "daily", "real-time", "manual")


def work(world: World, slugs: Sequence[str], role: str, seed: int, log_path: str) -> None:
    """Never returns: the storm ends its workers. Whatever a task in Airflow would end with and be tried again, ends only a turn here."""
    _log_to(log_path)
    dice = random.Random(seed)
    firms = [world.firm(slug) for slug in slugs]
    budget.LONGEST_WAIT = 0.3  # a worker that finds a connection busy goes on to another one
    with hurried(world.pace.scale, LEASE_SECONDS):
        while True:
            for firm in dice.sample(firms, len(firms)):
                try:
                    _turn(firm, role, dice)
                except (AirbooksError, psycopg.OperationalError, psycopg.errors.AdminShutdown) as error:
                    logging.getLogger("airbooks.faults").warning("%s %s: %s", role, firm.connection, error)
                    time.sleep(0.05)
            time.sleep(0.05)


def _log_to(path: str) -> None:
    """What a deliver task logs, and warnings of all others, into a file that the judge searches for secrets."""
    root = logging.getLogger()
    root.handlers[:] = [logging.FileHandler(path)]
    root.setLevel(logging.WARNING)
    for name in ("airflow", "airflow.task", "airflow.task.airbooks.delivery"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)
        logger.handlers[:], logger.propagate = [], True


def _turn(firm: Firm, role: str, dice: random.Random) -> None:
    """What the role does: hourly and daily work through chunks from both ends, the others take a few documents out of the middle."""
    with psycopg.connect(firm.dsn) as database:
        spans = planning.chunks(database, firm.connection, CHUNK)
        numbers = _some(database, firm.connection, 5 if role == "real-time" else 60) if role in {"real-time", "manual"} else []
    if not spans:
        return
    if numbers:
        firm.deliver(role, EVERYTHING, numbers)
    elif role == "hourly":
        firm.deliver(role, spans[0])
    elif role == "daily":
        firm.deliver(role, spans[-1])
    else:
        firm.deliver(role, dice.choice(spans))


def _some(database: psycopg.Connection, connection: str, wanted: int) -> list[str]:
    rows = database.execute(
        "SELECT number FROM airbooks.delivery JOIN airbooks.document USING (document_id)"
        " WHERE connection = %s AND delivery.state = 'pending' AND not_before <= now() ORDER BY random() LIMIT %s",
        (connection, wanted),
    ).fetchall()
    return [row[0] for row in rows]
