"""The steps of the invoice DAGs, as tasks. Each imports what it needs when it runs, so that DAG files stay cheap to parse."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task, task_group

from airbooks.config import Config, ConnectionConfig, load_config
from airbooks.platforms import registry
from airbooks.platforms.spec import Urgency
from airbooks.staging.database import STAGING

if TYPE_CHECKING:
    import psycopg

    from airbooks.operators.form import RunForm

log = logging.getLogger("airflow.task.airbooks")

CHUNK = 250
EXCEPTIONS = "exception_review"


@contextlib.contextmanager
def staging() -> Iterator[psycopg.Connection]:
    """The staging database, for as long as a task needs it."""
    from airbooks.staging.database import connect

    with contextlib.closing(connect(STAGING)) as database:
        yield database


def _form(config: Config) -> RunForm:
    """The form of this run. What is wrong with it stays wrong however often it is read: that fails at once."""
    from airflow.sdk.exceptions import AirflowFailException

    from airbooks.operators.form import read_form
    from airbooks.platforms.errors import ConfigurationError

    try:
        return read_form(get_current_context()["params"], tuple(config.connections))
    except ConfigurationError as wrong:
        raise AirflowFailException(str(wrong)) from None


def run_id() -> str:
    """The Dag run that this task belongs to."""
    return str(get_current_context()["run_id"])


@task
def extract(look_back_days: int = 0) -> dict[str, int]:
    """Read what changed in the sales systems since the last run (and in the last `look_back_days`) into raw_document."""
    from collections import Counter

    from airbooks.operators import intake
    from airbooks.sources import open_source

    config = load_config()
    form = _form(config)
    tally: Counter[str] = Counter()
    with staging() as database:
        for source in config.sources.values():
            tally += intake.extract(database, open_source(source), form, run_id(), look_back_days)
    return dict(tally)


@task
def stage() -> dict[str, int]:
    """Make canonical revisions of what was read, validate them, and open an exception for each that is not right."""
    from airbooks.operators import intake

    config = load_config()
    with staging() as database:
        tally = intake.stage(database, config, _form(config), run_id())
    log.info("staged: %s", ", ".join(f"{count} {name}" for name, count in sorted(tally.items())) or "nothing new")
    return dict(tally)


@task.branch
def choose_paths() -> list[str]:
    """Plan the deliveries; go on with every connection that has work, and with the exceptions if any are open."""
    from airbooks.operators.stopping import usable
    from airbooks.staging import planning, report

    config = load_config()
    form = _form(config)
    wanted = form.connections or tuple(config.connections)
    with staging() as database:
        if form.force and form.documents:
            planning.release(database, form.documents, run_id())
        planned = planning.plan(database, {name: each.platform for name, each in config.connections.items()}, run_id())
        work = planning.open_work(database, wanted, form.documents)
        database.commit()  # nobody shall wait for the audit trail, or for a connection's state, while these are looked at
        tried = usable(database, config, work, run_id())
        waiting = bool(report.cause_lines(database))
        database.commit()
    log.info("%d new deliveries planned; open work: %s", planned, work or "none")
    return [*(f"deliver.chunks_{name}" for name in tried), *([EXCEPTIONS] if waiting else [])]


def _chunks(connection: ConnectionConfig) -> Any:
    @task(task_id=f"chunks_{connection.conn_id}")
    def chunks() -> list[list[int]]:
        """Cut the connection's open work into chunks, one mapped task each."""
        from airbooks.staging import planning

        form = _form(load_config())
        with staging() as database:
            return [[first, last] for first, last in planning.chunks(database, connection.conn_id, CHUNK, form.documents)]

    return chunks()


@task_group(group_id="deliver")
def deliver_everywhere(config: Config, urgency: str = Urgency.HOURLY) -> None:
    """One deliver task per configured connection, with that platform's own operator, mapped over its chunks.

    `urgency` (realtime, hourly, daily) says who goes first where a platform's limits make calls wait.
    """
    for connection in config.connections.values():
        operator = registry.operator_class(connection.platform)
        operator.partial(
            task_id=f"deliver_{connection.conn_id}",
            connection_id=connection.conn_id,
            urgency=urgency,
            retries=2,
            max_active_tis_per_dagrun=1,  # it works in as many lanes as the platform allows
            **connection.options,
        ).expand(chunk=_chunks(connection))


@task(trigger_rule="all_done")
def confirm(reread_days: int = 0) -> dict[str, int]:
    """Compare what was delivered without totals in the answer, or in the last `reread_days`, with what the platform holds now."""
    from airbooks.operators.confirming import confirm_connection

    config = load_config()
    form = _form(config)
    if form.dry_run:
        return {}
    tally: dict[str, int] = {}
    for name, connection in config.connections.items():
        if not form.connections or name in form.connections:
            found = confirm_connection(config, connection, STAGING, run_id(), reread_days)
            tally |= {f"{name} {what}": count for what, count in found.items()}
    return tally


@task(trigger_rule="all_done")
def report() -> dict[str, int]:
    """Say what the run did, per connection and per cause.

    Fails when another task failed or a connection needs a person: it is the last task, so its end is the run's.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from airbooks.operators.reporting import log_report
    from airbooks.staging import stops

    with staging() as database:
        counts = log_report(database, run_id())
        stopped = stops.stopped_connections(database)
    wrong = [f"{name} waits for a person: {says}" for name, says in sorted(stopped.items())]
    wrong += [f"the task {name} failed, see its log" for name in _failed_tasks()]
    if wrong:
        raise AirflowFailException("; ".join(wrong))
    return counts


def _failed_tasks() -> list[str]:
    task = get_current_context()["ti"]
    states = task.get_task_states(task.dag_id, run_ids=[task.run_id])
    return sorted(name for name, state in states.get(task.run_id, {}).items() if state == "failed")
