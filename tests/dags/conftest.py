"""Metadata databases for Airflow: migrated once per test process, cloned for each use."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import psycopg
import pytest
from tests.dags.airflow_process import run_module, settings

from airbooks.runtime.postgres import Cluster

_serial = count(1)


@pytest.fixture(scope="session")
def metadata_template(postgres_server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a migrated Airflow metadata database; never written to."""
    postgres_server.ensure_database("template_airflow")
    home = tmp_path_factory.mktemp("migration")
    run_module(settings(home, postgres_server.url("template_airflow"), home / "no-dags"), "airflow", "db", "migrate")
    return "template_airflow"


@pytest.fixture(scope="session")
def make_metadata(postgres_server: Cluster, metadata_template: str) -> Callable[[], str]:
    """Makes a fresh metadata database; returns its address. All go with the server."""

    def make() -> str:
        name = f"airflow_{next(_serial)}"
        with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {metadata_template}")
        return postgres_server.url(name)

    return make
