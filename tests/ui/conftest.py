"""The pages and routes of airbooks on a loopback port, with a staging database of their own."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from psycopg.conninfo import conninfo_to_dict

from airbooks.ui.app import create_app

Connect = Callable[..., None]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Stores an Airflow connection where Airflow finds it: `connect("webhook_acme", password=..., extra={...})`."""

    def store(conn_id: str, **fields: Any) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({"conn_type": "generic", **fields}))

    return store


@pytest.fixture
def staging(connect: Connect, postgres_url: str) -> str:
    """The address of a staging database that Airflow knows as `airbooks_staging`."""
    found = conninfo_to_dict(postgres_url)
    connect("airbooks_staging", conn_type="postgres", host=found["host"], login=found["user"], schema=found["dbname"])
    return postgres_url


@pytest.fixture
def site(staging: str) -> Iterator[str]:
    """The URL of the running application."""
    with serving() as url:
        yield url


@contextmanager
def serving() -> Iterator[str]:
    config = uvicorn.Config(create_app(), log_level="warning", access_log=False, lifespan="on", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            thread.join(0.01)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
