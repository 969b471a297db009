"""`make demo` and `make up`: a whole business day on one machine, told while it happens and counted twice at the end."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import LiteralString

import httpx
import psycopg
from psycopg.rows import scalar_row

from airbooks.config import ConfigError, load_config
from airbooks.erp.generate import fill
from airbooks.runtime import report
from airbooks.runtime.airflow_api import ENDED, AirflowApi, Row
from airbooks.runtime.console import Console
from airbooks.runtime.control import Run, running
from airbooks.runtime.errors import SetupError
from airbooks.runtime.money import MoneyTally, booked, deposit
from airbooks.runtime.money import read as read_money
from airbooks.runtime.settings import ADMIN, ERP, STAGING, Stack
from airbooks.runtime.tally import Ledger, Recorded, Tally, source_documents, tally
from airbooks.staging.migrate import MigrationError, migrate

HOURLY, PAYMENTS, REVIEW = "hourly_invoice_sync", "payment_reconciliation", "exception_review"
SEED = 7
PARSE_LIMIT = 120.0  # seconds until Airflow must know the Dags
PROGRESS: LiteralString = """
    SELECT (SELECT count(*) FROM airbooks.document WHERE is_current AND kind <> 'payment'),
           count(*) FILTER (WHERE state = 'delivered'), count(*),
           (SELECT count(DISTINCT number) FROM airbooks.exception WHERE state = 'open' AND severity = 'error')
    FROM airbooks.delivery WHERE operation <> 'apply'
"""
MONEY: LiteralString = """
    SELECT count(*), count(*) FILTER (WHERE state IN ('matched', 'on_account', 'reversed')), count(*) FILTER (WHERE state = 'review'),
           (SELECT count(*) FROM airbooks.delivery WHERE operation = 'apply' AND state = 'delivered')
    FROM airbooks.incoming_payment
"""


def demo(stack: Stack, documents: int) -> int:
    """Run the hourly Dag over the demo business, then the payment Dag; account for every document and payment; the exit code."""
    return guarded("demo", lambda console: _day(stack, documents, console))


def up(stack: Stack, documents: int) -> int:
    """Start everything, fill it, and leave it running; the exit code."""
    return guarded("up", lambda console: _open_house(stack, documents, console))


def guarded(name: str, work: Callable[[Console], int]) -> int:
    console = Console()
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _interrupt)
    try:
        return work(console)
    except KeyboardInterrupt:
        console.plain(f"{name}: interrupted; everything that was started is stopped")
        return 130
    except (SetupError, ConfigError, MigrationError, OSError, psycopg.Error) as problem:
        console.plain(f"{problem}\n{name}: failed")
        return 1


def _day(stack: Stack, documents: int, console: Console) -> int:
    platforms = _platforms()
    with running(stack) as run:
        _prepare(run, console, documents, platforms)
        before, since = _ledgers(stack, platforms), database_time(stack)
        with AirflowApi(stack.ui_url, ADMIN, stack.secrets.admin_password) as airflow:
            state = _run_through(run, airflow, HOURLY, console)
            recorded = Recorded.read(stack.cluster.url(STAGING), since)
            result = tally(source_documents(stack.cluster.url(ERP)), before, _ledgers(stack, platforms), recorded)
            console.say(f"Customers pay: the banks wrote {deposit(stack.cluster.url(ERP), stack.state / 'bank')} statements")
            paid = _run_through(run, airflow, PAYMENTS, console)
        money = read_money(stack.cluster.url(STAGING), booked(stack.sandbox_url, platforms))
        console.say("Stopping")
    _print(stack, console, recorded, result, money)
    ran = state == paid == "success"
    console.plain(report.last_line(result, money, console.seconds, ran=ran))
    return 0 if result.right and money.right and ran else 1


def _run_through(run: Run, airflow: AirflowApi, dag_id: str, console: Console) -> str:
    """Trigger a Dag, follow it, say what failed; the state in which it ended."""
    run_id = trigger(airflow, dag_id, console)
    state = follow(run, airflow, dag_id, run_id, console)
    if state == "failed":
        console.plain(failures(airflow, dag_id, run_id))
    return state


def _open_house(stack: Stack, documents: int, console: Console) -> int:
    platforms = _platforms()
    with running(stack) as run:
        _prepare(run, console, documents, platforms)
        with AirflowApi(stack.ui_url, ADMIN, stack.secrets.admin_password) as airflow:
            airflow.unpause(REVIEW)
        run.detach()
    console.plain(f"Airflow   {stack.ui_url}   user {ADMIN}   password {stack.secrets.admin_password}")
    console.plain(f"Sandbox   {stack.sandbox_url}/__sandbox__/connections")
    console.plain(f"Postgres  {stack.cluster.url(STAGING)}")
    console.plain(f"Trigger the Dag {HOURLY} to deliver the demo's documents. `make down` stops everything.")
    return 0


def _print(stack: Stack, console: Console, recorded: Recorded, result: Tally, money: MoneyTally) -> None:
    if result.delivered == 0 and result.right:
        console.plain("\nNothing new: every document stands in the books already, or waits for a person.")
    for part in (report.connection_table(recorded.rows), report.cause_list(recorded.causes), report.where_next(stack)):
        console.plain(f"\n{part}")
    console.plain("")
    for disagreement in (*result.disagreements, *money.disagreements):
        console.plain(f"WRONG: {disagreement}")


def _platforms() -> dict[str, str]:
    """The platform of each configured connection."""
    return {name: each.platform for name, each in load_config().connections.items()}


def _prepare(run: Run, console: Console, documents: int, platforms: Mapping[str, str]) -> None:
    """Migrate and fill the databases while Airflow starts, create the connections, wait for the Dags."""
    stack = run.stack
    run.wait("databases", console.show)
    applied = migrate(stack.cluster.url(STAGING))
    console.say(f"Staging database: {f'{len(applied)} migrations applied' if applied else 'up to date'}")
    filled = fill(stack.cluster.url(ERP), seed=SEED, documents=documents)
    console.say(f"Sales ERP: {filled['documents']} documents of {filled['customers']} customers")
    run.wait("ready", console.show)
    with AirflowApi(stack.ui_url, ADMIN, stack.secrets.admin_password) as airflow:
        airflow.put_connections(connections(stack, platforms))
        console.say(f"Airflow is up; connections: {', '.join(['airbooks_staging', 'sales_erp', *platforms])}")
        wait_for_dags(run, airflow, console)


def trigger(airflow: AirflowApi, dag_id: str, console: Console) -> str:
    """Start a Dag, before the scheduled run that unpausing it brings about. Questions to people wait for `make up`."""
    airflow.fail_open_runs(dag_id)
    now = datetime.now(UTC)
    run_id = airflow.trigger(dag_id, f"demo__{now:%Y-%m-%dT%H:%M:%S}", run_after=now - timedelta(days=1))
    airflow.pause(REVIEW)
    airflow.unpause(dag_id)
    console.say(f"Triggered {dag_id}")
    return run_id


def connections(stack: Stack, platforms: Mapping[str, str]) -> list[Row]:
    simulated = httpx.get(f"{stack.sandbox_url}/__sandbox__/connections", timeout=30, trust_env=False).raise_for_status().json()
    missing = sorted(set(platforms.values()) - set(simulated))
    if missing:
        raise SetupError(f"routes.yaml names platforms that have no simulator: {', '.join(missing)}")
    return [
        _database_connection(stack, "airbooks_staging", STAGING),
        _database_connection(stack, "sales_erp", ERP),
        *({**simulated[slug], "connection_id": name} for name, slug in platforms.items()),
    ]


def _database_connection(stack: Stack, name: str, database: str) -> Row:
    return {
        "connection_id": name,
        "conn_type": "postgres",
        "host": str(stack.cluster.socket_dir),
        "schema": database,
        "login": "postgres",
    }


def wait_for_dags(run: Run, airflow: AirflowApi, console: Console) -> None:
    deadline = time.monotonic() + PARSE_LIMIT
    while missing := {HOURLY, PAYMENTS, REVIEW} - airflow.dag_ids():
        console.show(f"Waiting for Airflow to read {', '.join(sorted(missing))}")
        run.check()
        errors = airflow.import_errors()
        if errors or time.monotonic() > deadline:
            raise SetupError("\n".join([f"Airflow does not know {', '.join(sorted(missing))}.", *errors]))
        time.sleep(0.3)


def follow(run: Run, airflow: AirflowApi, dag_id: str, run_id: str, console: Console) -> str:
    """Show the run's progress until it ends; its state."""
    with psycopg.connect(run.stack.cluster.url(STAGING), autocommit=True) as database:
        while (state := airflow.run_state(dag_id, run_id)) not in ENDED:
            run.check()
            console.show(f"{_progress(database, dag_id)} | {_running_tasks(airflow, dag_id, run_id)}")
            time.sleep(1.0)
    console.say(f"Run ended: {state}")
    return state


def _progress(database: psycopg.Connection, dag_id: str) -> str:
    statement, words = {
        PAYMENTS: (MONEY, "payments {} | matched {} | reviews {} | applied {}"),
    }.get(dag_id, (PROGRESS, "staged {} | delivered {} of {} | exceptions {}"))
    return words.format(*(database.execute(statement).fetchone() or (0, 0, 0, 0)))


def _running_tasks(airflow: AirflowApi, dag_id: str, run_id: str) -> str:
    tasks = airflow.tasks(dag_id, run_id)
    active = dict.fromkeys(task["task_id"] for task in tasks if task["state"] in ("queued", "running", "up_for_retry"))
    return ", ".join(active) or "scheduling"


def failures(airflow: AirflowApi, dag_id: str, run_id: str) -> str:
    failed = [task for task in airflow.tasks(dag_id, run_id) if task["state"] == "failed"]
    return "\n".join(
        f"Task {task['task_id']} [{task['map_index']}] failed:\n{airflow.log(dag_id, run_id, task)[-1500:]}" for task in failed
    )


def _ledgers(stack: Stack, platforms: Mapping[str, str]) -> dict[str, Ledger]:
    return {name: Ledger.read(stack.sandbox_url, slug) for name, slug in platforms.items()}


def database_time(stack: Stack) -> datetime:
    with psycopg.connect(stack.cluster.url(STAGING), row_factory=scalar_row) as database:
        now: datetime = database.execute("SELECT clock_timestamp()").fetchall()[0]
    return now


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
