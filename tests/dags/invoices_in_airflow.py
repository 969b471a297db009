"""Runs the invoice DAGs one after the other with `dag.test()` on a real metadata database; prints what became of each run as JSON.

A program of its own, because Airflow reads its settings once per process. Arguments: the JSON of a list of {name, dag, conf}.
What the tasks log goes to the output, after a line `RUN name`.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from airflow.settings import DAGS_FOLDER
from airflow.utils.session import create_session


def returned(run_id: str) -> dict[str, Any]:
    """What the tasks of a run returned, by task; mapped ones by `task[index]`."""
    with create_session() as session:
        rows = session.query(XComModel).filter(XComModel.run_id == run_id, XComModel.key == "return_value").all()
        return {_name(row.task_id, row.map_index): XComModel.deserialize_value(row) for row in rows}


def outcome(run: DagRun, started: datetime) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "state": str(run.state),
        "started": started.isoformat(),
        "ended": datetime.now(UTC).isoformat(),
        "tasks": {_name(task.task_id, task.map_index): task.state and str(task.state) for task in run.get_task_instances()},
        "returned": returned(run.run_id),
    }


def _name(task_id: str, map_index: int) -> str:
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"


def main(steps: list[dict[str, Any]]) -> dict[str, Any]:
    outcomes = {}
    for step in steps:
        print(f"\nRUN {step['name']}", flush=True)
        started = datetime.now(UTC)
        dag = DagBag(DAGS_FOLDER).dags[step["dag"]]  # read anew: Dag.test() leaves its run's form in the Dag
        outcomes[step["name"]] = outcome(dag.test(logical_date=None, run_conf=step.get("conf") or {}), started)
    return outcomes


if __name__ == "__main__":
    found = main(json.loads(sys.argv[1]))
    print(f"\nOUTCOME {json.dumps(found)}")
