"""The route for webhooks as Airflow's API server serves it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.dags.airflow_process import postgres_connection, run_module, settings
from tests.in_airflow import PLUGINS, ask
from tests.staging.rows import one

SECRET = base64.b64encode(b"a secret in Airflow's own database").decode()
PROCESSES_WITHOUT_PAGES = """
import json, sys
from airflow import plugins_manager
from airflow.sdk import plugins_manager as of_tasks
plugins_manager.ensure_plugins_loaded()
of_tasks.integrate_macros_plugins()
ours = sorted(name for name in sys.modules if name.startswith("airbooks"))
print(json.dumps({"ours": ours, "errors": plugins_manager.get_import_errors()}))
"""


@pytest.fixture(scope="module")
def seen(make_metadata: Callable[[], str], module_postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an API server with airbooks in it says of itself, and to a sender."""
    home = tmp_path_factory.mktemp("api-server")
    environment = settings(home, make_metadata(), home / "no-dags", airbooks_staging=postgres_connection(module_postgres_url))
    environment["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(PLUGINS)
    printed = run_module(environment, "tests.dags.inbox_in_airflow", SECRET)
    assert SECRET not in printed
    found: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
    return found


@pytest.mark.airflow
def test_a_secret_in_airflows_own_database_lets_its_sender_in_and_nobody_else(seen: dict[str, Any], module_postgres_url: str) -> None:
    assert seen["answers"] == [[200, "accepted"], [200, "duplicate"], [401, "refused"], [401, "refused"]]
    with psycopg.connect(module_postgres_url) as database:
        assert one(database, "SELECT source || ' ' || event_id FROM airbooks.inbox_event") == "acme evt_1"


@pytest.mark.airflow
def test_nothing_but_the_route_for_webhooks_is_open_without_a_log_in(seen: dict[str, Any]) -> None:
    assert seen["open"] == ["/webhooks/{source}"]
    assert seen["elsewhere"] == {"/": 404, "/docs": 404, "/redoc": 404, "/openapi.json": 404}
    assert seen["log_in"] == 401


@pytest.mark.parametrize("installed", [False, True], ids=["as a folder", "installed"])
def test_only_the_api_server_pays_for_the_pages(tmp_path: Path, installed: bool) -> None:
    seen = ask(PROCESSES_WITHOUT_PAGES, tmp_path, installed=installed)
    assert seen["errors"] == {}
    assert "airbooks.plugin" in seen["ours"]
    assert [name for name in seen["ours"] if name.startswith(("airbooks.ui", "airbooks.staging"))] == []
