"""An asset that watches the inbox, in Airflow's own Dag processor and triggerer: what comes in asks for a run of the Dag."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.dags.airflow_process import postgres_connection, run_module, settings

from airbooks.staging.inbox import Arrival, put

DAG_FILE = """
from airflow.sdk import DAG, Asset, AssetWatcher
from airbooks.operators.inbox_trigger import InboxTrigger

events = Asset("inbox_of_acme", watchers=[AssetWatcher(name="acme", trigger=InboxTrigger(sources=["acme"]))])
on_events = DAG("on_events", schedule=[events])
"""
LISTENS = "SELECT 1 FROM pg_stat_activity WHERE state = 'idle' AND query LIKE '%inbox_event%' AND datname = current_database()"
QUEUED = "SELECT q.target_dag_id, e.extra -> 'payload' -> 'newest' FROM asset_dag_run_queue q JOIN asset_event e USING (asset_id)"


@contextmanager
def triggerer(environment: dict[str, str], home: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (home / "triggerer.log").open("wb") as log:
        command = [sys.executable, "-m", "airflow", "triggerer", "--skip-serve-logs"]
        running = subprocess.Popen(command, env=environment, cwd=home, stdout=log, stderr=log, start_new_session=True)
    try:
        yield running
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def awaited(found: Callable[[], Any], running: subprocess.Popen[bytes]) -> Any:
    """What is found at last; the test's time limit ends a wait in vain, and so does the end of the process."""
    while not (row := found()):
        assert running.poll() is None
        time.sleep(0.1)
    return row


@pytest.mark.airflow
def test_events_ask_for_a_run_of_the_dag_that_watches_them(make_metadata: Callable[[], str], postgres_url: str, tmp_path: Path) -> None:
    dags, metadata = tmp_path / "dags", make_metadata()
    dags.mkdir()
    (dags / "on_events.py").write_text(DAG_FILE)
    environment = settings(tmp_path, metadata, dags, airbooks_staging=postgres_connection(postgres_url))
    environment["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] = "False"
    run_module(environment, "airflow", "dag-processor", "--num-runs", "1")
    with (
        psycopg.connect(postgres_url, autocommit=True) as staging,
        psycopg.connect(metadata, autocommit=True) as airflow,
        triggerer(environment, tmp_path) as running,
    ):
        awaited(lambda: staging.execute(LISTENS).fetchone(), running)
        with staging.transaction():
            for number in range(30):
                put(staging, Arrival(source="acme", event_id=f"evt_{number}", signed_at=datetime.now(UTC), body=b"{}"))
        assert awaited(lambda: airflow.execute(QUEUED).fetchone(), running) == ("on_events", 30)
