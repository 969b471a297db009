"""Runs the review DAGs against a real Airflow metadata database and answers through the REST API; prints what happened as JSON.

A program of its own, because Airflow reads its settings once per process. Arguments: the JSON of a list of answers (bodies of the
PATCH request), given one after the other to whatever question is open.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

from airflow.api_fastapi.app import create_app
from airflow.dag_processing.dagbag import DagBag
from airflow.settings import DAGS_FOLDER
from fastapi.testclient import TestClient
from tests.dags.airflow_process import PASSWORD, USER

OPENING, REVIEW = "hourly_invoice_sync", "exception_review"


def signed_in() -> TestClient:
    """The REST API as the user of the password file sees it."""
    client = TestClient(create_app(apps="core"), base_url="http://localhost")
    token = client.post("/auth/token", json={"username": USER, "password": PASSWORD}).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def open_question(client: TestClient) -> dict[str, Any] | None:
    answer = client.get(f"/api/v2/dags/{REVIEW}/dagRuns/~/hitlDetails", params={"response_received": False, "state": "awaiting_input"})
    found: list[dict[str, Any]] = answer.json()["hitl_details"]
    return found[0] if found else None


def give_answers(client: TestClient, answers: list[dict[str, Any]], seen: list[dict[str, Any]]) -> None:
    for body in answers:
        while (question := open_question(client)) is None:
            time.sleep(0.2)
        run = question["task_instance"]["dag_run_id"]
        patched = client.patch(f"/api/v2/dags/{REVIEW}/dagRuns/{run}/taskInstances/review/-1/hitlDetails", json=body)
        seen.append({"question": question, "status": patched.status_code, "reply": patched.json()})


def runs_of(client: TestClient, dag_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/api/v2/dags/{dag_id}/dagRuns").json()["dag_runs"]
    return [{key: run[key] for key in ("dag_run_id", "conf", "state", "logical_date", "note")} for run in found]


def result_of(client: TestClient, dag_id: str, run: str, task: str) -> Any:
    found = client.get(f"/api/v2/dags/{dag_id}/dagRuns/{run}/taskInstances/{task}/xcomEntries/return_value")
    return found.json().get("value")


def main(answers: list[dict[str, Any]]) -> dict[str, Any]:
    bag = DagBag(DAGS_FOLDER)
    if bag.import_errors:
        return {"import_errors": bag.import_errors}
    client = signed_in()
    opening = bag.dags[OPENING].test(logical_date=None)
    reviews = result_of(client, OPENING, opening.run_id, "exception_review")
    opened_runs = runs_of(client, REVIEW)  # read now: Dag.test() replaces a run that has no logical date either
    seen: list[dict[str, Any]] = []
    person = threading.Thread(target=give_answers, args=(client, answers, seen), daemon=True)
    person.start()
    first = reviews[0]
    review = bag.dags[REVIEW].test(logical_date=None, run_conf={"cause_id": first["cause_id"], "round": first["round"]})
    person.join(timeout=10)
    states = client.get(f"/api/v2/dags/{REVIEW}/dagRuns/{review.run_id}/taskInstances").json()["task_instances"]
    return {
        "import_errors": {},
        "opened": reviews,
        "opened_runs": opened_runs,
        "started": [run for run in runs_of(client, OPENING) if run["conf"]],
        "answered": seen,
        "states": {each["task_id"]: each["state"] for each in states},
        "review": result_of(client, REVIEW, review.run_id, "review"),
        "opened_again": result_of(client, OPENING, bag.dags[OPENING].test(logical_date=None).run_id, "exception_review"),
    }


if __name__ == "__main__":
    outcome = main(json.loads(sys.argv[1]))
    print(f"\nOUTCOME {json.dumps(outcome)}")
