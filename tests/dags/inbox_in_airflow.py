"""Airflow's own API server with airbooks in it: what is mounted, what is open to anybody, an event whose secret Airflow's database holds.

Run as a program in an environment of `airflow_process.settings`; the last line it prints is JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from airflow.api_fastapi.core_api.security import get_user
from airflow.api_fastapi.main import app  # tells Airflow that this process is an API server
from airflow.models import Connection
from airflow.utils.session import create_session
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount
from starlette.testclient import TestClient

from airbooks.sandbox.provider import Signer

BODY = b'{"type": "payment.received", "data": {"amount": 119.00}}'


def main(secret: str) -> dict[str, Any]:
    with create_session() as session:
        session.add(Connection(conn_id="webhook_acme", conn_type="generic", password=secret, extra=json.dumps({"previous_secret": ""})))
    client = TestClient(app)
    now = datetime.now(UTC)
    headers, forged = (Signer(secret=each).headers("evt_1", BODY, now) for each in (secret, secret.swapcase()))
    tries = [client.post("/airbooks/webhooks/acme", content=BODY, headers=each) for each in (headers, headers, forged, {})]
    return {
        "open": [route.path for route in our_routes() if not is_guarded(route)],
        "answers": [[each.status_code, each.json()["status"]] for each in tries],
        "elsewhere": {path: client.get(f"/airbooks{path}").status_code for path in ("/", "/docs", "/redoc", "/openapi.json")},
        "log_in": client.get("/api/v2/connections").status_code,
    }


def our_routes() -> Iterator[Any]:
    """Every route of ours, at any depth."""
    for mounted in app.routes:
        if isinstance(mounted, Mount) and isinstance(mounted.app, FastAPI) and mounted.path.startswith("/airbooks"):
            yield from below(mounted.app.routes)


def below(routes: list[BaseRoute]) -> Iterator[BaseRoute]:
    for route in routes:
        yield from below(list(route.routes)) if isinstance(route, Mount) else [route]


def is_guarded(route: BaseRoute) -> bool:
    """Whether a route asks Airflow for the user before it does anything."""
    return isinstance(route, APIRoute) and asks_for_user(route.dependant)


def asks_for_user(dependant: Dependant) -> bool:
    return any(each.call is get_user or asks_for_user(each) for each in dependant.dependencies)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
