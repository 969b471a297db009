"""What many tests share: an embedded Postgres with a migrated database each, and the sandbox on a free port."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings

from airbooks.runtime.postgres import Cluster, serving
from airbooks.sandbox.server import Sandbox, running

# Properties are judged by what they find, not by how long the machine takes.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

StartSandbox = Callable[..., Sandbox]
_serial = count(1)


@pytest.fixture(scope="session", autouse=True)
def no_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test leaves this machine; reading all certificate authorities would be the dearest part of every HTTP client it makes."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("SSL_CERT_FILE", raising=False)
        environment.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("authorities")))
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Cluster]:
    """One embedded Postgres per test process, with nothing in it."""
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="airbooks-test-")), durable=False)
    try:
        with serving(cluster):
            yield cluster
    finally:
        cluster.remove()


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Cluster) -> str:
    """The name of a database with the whole airbooks schema; never written to."""
    from airbooks.staging.migrate import migrate

    postgres_server.ensure_database("template_airbooks")
    migrate(postgres_server.url("template_airbooks"))
    return "template_airbooks"


def _database(server: Cluster, template: str) -> Iterator[str]:
    name = f"test_{next(_serial)}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")  # quicker where nothing has to last
    yield server.url(name)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres_server: Cluster, migrated_template: str) -> Iterator[str]:
    """A fresh migrated database for one test."""
    yield from _database(postgres_server, migrated_template)


@pytest.fixture
def database(postgres_url: str) -> Iterator[psycopg.Connection]:
    """A connection to it, with a transaction that the test commits where it must."""
    with psycopg.connect(postgres_url) as connection:
        yield connection


@pytest.fixture(scope="module")
def module_postgres_url(postgres_server: Cluster, migrated_template: str) -> Iterator[str]:
    """A fresh migrated database shared by the tests of one module."""
    yield from _database(postgres_server, migrated_template)


@pytest.fixture
def empty_postgres_url(postgres_server: Cluster) -> Iterator[str]:
    """A fresh database without any schema."""
    yield from _database(postgres_server, "template0")


@pytest.fixture
def sandbox() -> Iterator[StartSandbox]:
    """Starts simulators in memory: `sandbox("quickbooks", time_scale=60)` gives a running `Sandbox` with `.url`, `.base_url(slug)`,
    `.simulators[slug]`, `.faults`, `.inject(slug, fault, ...)`, `.books(slug)` and `.requests(slug)`."""
    with ExitStack() as started:

        def start(*slugs: str, **options: Any) -> Sandbox:
            return started.enter_context(running(slugs, **options))

        yield start
