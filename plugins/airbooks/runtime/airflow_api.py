"""The few calls of Airflow's REST API (v2) that a local run needs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

import httpx

from airbooks.runtime.errors import SetupError

Row = dict[str, Any]
ENDED = ("success", "failed")


class AirflowApi:
    """Airflow at `url`, as one of its users. Raises SetupError with Airflow's own words when a call is refused or not answered."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)
        token = self.call("POST", "/auth/token", json={"username": user, "password": password})["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(self, method: str, path: str, **request: Any) -> Row:
        try:
            answer = self._http.request(method, path, **request)
        except httpx.TransportError as lost:
            raise SetupError(f"Airflow did not answer {method} {path} at {self.url}: {lost}") from lost
        if answer.is_error:
            raise SetupError(f"Airflow refused {method} {path}: {answer.status_code} {answer.text[:500]}")
        return dict(answer.json()) if answer.content else {}

    def put_connections(self, connections: Iterable[Row]) -> None:
        """Create the connections, or overwrite those that exist. Each has connection_id, conn_type, host, ...; `extra` may be a dict."""
        entities = [{**each, "extra": json.dumps(each.get("extra") or {})} for each in connections]
        action = {"action": "create", "entities": entities, "action_on_existence": "overwrite"}
        refused = self.call("PATCH", "/api/v2/connections", json={"actions": [action]}).get("create") or {}
        if refused.get("errors"):
            raise SetupError(f"Airflow refused a connection: {refused['errors']}")

    def dag_ids(self) -> set[str]:
        """The Dags that the Dag processor has read so far."""
        return {dag["dag_id"] for dag in self.call("GET", "/api/v2/dags", params={"limit": 100})["dags"]}

    def import_errors(self) -> list[str]:
        """What the Dag processor could not read, with the end of each stack trace."""
        found = self.call("GET", "/api/v2/importErrors", params={"limit": 10})["import_errors"]
        return [f"{each['filename']}: {each['stack_trace'][-800:]}" for each in found]

    def pause(self, dag_id: str, paused: bool = True) -> None:
        self.call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": paused})

    def unpause(self, dag_id: str) -> None:
        self.pause(dag_id, paused=False)

    def trigger(self, dag_id: str, run_id: str, conf: Row | None = None, run_after: datetime | None = None) -> str:
        """Start a run without a logical date; its run id. Of several waiting runs, Airflow starts the one with the earliest `run_after`."""
        body: Row = {"dag_run_id": run_id, "conf": conf or {}, "logical_date": None}
        if run_after is not None:
            body["run_after"] = run_after.isoformat()
        return str(self.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def fail_open_runs(self, dag_id: str) -> None:
        """End the runs that an earlier stop left open; they would keep new ones waiting."""
        found = self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns", params={"state": ["queued", "running"], "limit": 100})
        for run in found["dag_runs"]:
            self.call("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run['dag_run_id']}", json={"state": "failed"})

    def run_state(self, dag_id: str, run_id: str) -> str:
        """queued | running | success | failed."""
        return str(self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def tasks(self, dag_id: str, run_id: str) -> list[Row]:
        """The task instances of a run: task_id, map_index, state, try_number, start_date, duration, ..."""
        found = self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": 1000})
        return list(found["task_instances"])

    def log(self, dag_id: str, run_id: str, task: Row) -> str:
        """One try's task log as text."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
        content = self.call("GET", path, params={"map_index": task["map_index"]}, headers={"Accept": "application/json"})["content"]
        return "\n".join(_log_line(entry) for entry in content)


def _log_line(entry: Any) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    detail = entry.get("error_detail") or []
    errors = [f"{each.get('exc_type')}: {each.get('exc_value')}" for each in detail]
    return " ".join([str(entry.get("event", "")), *errors])
