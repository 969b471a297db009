"""A real Airflow with its own Postgres and sandbox, as `make up` starts it, for tests that need the scheduler."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from airbooks.config import load_config
from airbooks.runtime.airflow_api import ENDED, AirflowApi
from airbooks.runtime.control import Run, clean, running
from airbooks.runtime.demo import connections
from airbooks.runtime.settings import ADMIN, DEMO_TIME_SCALE, ERP, STAGING, Stack, free_port
from airbooks.staging.migrate import migrate


@dataclass(frozen=True)
class AirflowStack:
    """A running stack. `api` is Airflow's REST API as the administrator."""

    run: Run
    api: AirflowApi

    @property
    def stack(self) -> Stack:
        return self.run.stack

    @property
    def staging_url(self) -> str:
        return self.stack.cluster.url(STAGING)

    @property
    def erp_url(self) -> str:
        return self.stack.cluster.url(ERP)

    @property
    def sandbox_url(self) -> str:
        return self.stack.sandbox_url

    def wait_for_dag(self, dag_id: str) -> None:
        """Return once Airflow has read the Dag; fails with Airflow's import errors."""
        while dag_id not in self.api.dag_ids():
            self.run.check()
            assert not self.api.import_errors()
            time.sleep(0.3)

    def run_dag(self, dag_id: str, run_id: str, conf: dict[str, Any] | None = None) -> str:
        """Run a Dag (unpausing it) to its end, before any scheduled run; its state."""
        self.wait_for_dag(dag_id)
        self.api.trigger(dag_id, run_id, conf, run_after=datetime.now(UTC) - timedelta(days=1))  # Airflow starts the earliest first
        self.api.unpause(dag_id)
        while (state := self.api.run_state(dag_id, run_id)) not in ENDED:
            self.run.check()
            time.sleep(0.5)
        return state


@pytest.fixture(scope="module")
def airflow_stack() -> Iterator[AirflowStack]:
    """Everything up, staging migrated, connections created, Dags paused, the ERP's database empty."""
    platforms = {name: each.platform for name, each in load_config().connections.items()}
    folder = Path(tempfile.mkdtemp(prefix="airbooks-e2e-"))
    stack = Stack(state=folder, ui_port=free_port(), sandbox_port=free_port(), time_scale=DEMO_TIME_SCALE)
    try:
        with running(stack) as run:
            run.wait("databases", print)
            migrate(stack.cluster.url(STAGING))
            run.wait("ready", print)
            with AirflowApi(stack.ui_url, ADMIN, stack.secrets.admin_password) as api:
                api.put_connections(connections(stack, platforms))
                yield AirflowStack(run, api)
    finally:
        clean(stack)
