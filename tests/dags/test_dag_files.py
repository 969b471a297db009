"""What the Dag processor and the trigger form see: Dags that import, cheaply, with one deliver task per connection and a form in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Param
from airflow.sdk.exceptions import ParamValidationError
from tests.in_airflow import ask

from airbooks.config import load_config
from airbooks.operators.form import form_params, read_form
from airbooks.paths import DAGS
from airbooks.platforms import registry
from airbooks.platforms.errors import ConfigurationError

FILES = sorted(path.stem for path in DAGS.glob("*.py"))
INVOICE_DAGS = ("daily_invoice_batch", "hourly_invoice_sync")
STRUCTURE = f"""
import json
from airflow.dag_processing.dagbag import DagBag
bag = DagBag({str(DAGS)!r})
def facts(task):
    kind = getattr(task, "operator_class", type(task))
    return {{"class": f"{{kind.__module__}}.{{kind.__name__}}", "mapped": task.is_mapped, "next": sorted(task.downstream_task_ids),
            "connection": task.partial_kwargs.get("connection_id") if task.is_mapped else None}}
print(json.dumps({{"errors": bag.import_errors, "dags": {{name: {{
    "tags": sorted(dag.tags), "doc": dag.doc_md, "runs": dag.max_active_runs,
    "params": {{key: dag.params.get_param(key).dump() for key in dag.params}},
    "tasks": {{task.task_id: facts(task) for task in dag.tasks}}}} for name, dag in bag.dags.items()}}}}))
"""
COST = f"""
import importlib.util, json, sys, time
started = time.process_time()
import airflow.sdk
from airflow.sdk import BaseOperator, Param, dag, get_current_context, task, task_group
imported = time.process_time()
for file in {[str(DAGS / f"{name}.py") for name in FILES]!r}:
    spec = importlib.util.spec_from_file_location("parsed", file)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
ended = time.process_time()
heavy = [name for name in ("pandas", "numpy", "lxml", "pyarrow", "fastapi", "authlib", "playwright") if name in sys.modules]
print(json.dumps({{"airflow": imported - started, "dags": ended - imported, "heavy": heavy}}))
"""


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The Dags as a fresh process reads them."""
    found: dict[str, Any] = ask(STRUCTURE, tmp_path_factory.mktemp("airflow"))
    return found


def test_every_dag_file_imports_and_holds_the_dag_it_is_named_after(parsed: dict[str, Any]) -> None:
    assert parsed["errors"] == {}
    assert sorted(parsed["dags"]) == FILES
    for dag in parsed["dags"].values():
        assert dag["tags"] == ["airbooks"]
        assert dag["doc"]


@pytest.mark.parametrize("dag", INVOICE_DAGS)
def test_each_configured_connection_has_one_mapped_deliver_task_of_its_own_platform(dag: str, parsed: dict[str, Any]) -> None:
    tasks = parsed["dags"][dag]["tasks"]
    deliver = {name: each for name, each in tasks.items() if name.startswith("deliver.deliver_")}
    connections = load_config().connections
    assert deliver == {
        f"deliver.deliver_{name}": {
            "class": registry.spec(each.platform).operator_path,
            "mapped": True,
            "next": ["confirm"],
            "connection": name,
        }
        for name, each in connections.items()
    }


@pytest.mark.parametrize("dag", INVOICE_DAGS)
def test_good_documents_and_exceptions_part_after_staging_and_meet_in_the_report(dag: str, parsed: dict[str, Any]) -> None:
    tasks = parsed["dags"][dag]["tasks"]
    chunks = [f"deliver.chunks_{name}" for name in load_config().connections]
    assert (tasks["extract"]["next"], tasks["stage"]["next"]) == (["stage"], ["choose_paths"])
    assert tasks["choose_paths"]["next"] == sorted([*chunks, "exception_review"])
    assert (tasks["exception_review"]["next"], tasks["confirm"]["next"], tasks["report"]["next"]) == (["report"], ["report"], [])
    assert not any(each["mapped"] for name, each in tasks.items() if not name.startswith("deliver.deliver_"))
    assert parsed["dags"][dag]["runs"] == 1


def test_reading_the_dags_costs_less_than_importing_airflow_and_loads_nothing_heavy(tmp_path: Path) -> None:
    costs = [ask(COST, tmp_path) for _ in range(2)]
    assert min(each["dags"] / each["airflow"] for each in costs) < 1  # processor time of one process: a ratio, whatever the machine
    assert costs[0]["heavy"] == []


# -- the form -----------------------------------------------------------------------------------------------------------------------------


def test_every_field_of_a_form_has_a_type_a_title_and_a_help_text(parsed: dict[str, Any]) -> None:
    for name, dag in parsed["dags"].items():
        for field, param in dag["params"].items():
            assert param["schema"].get("type"), (name, field)
            assert param["schema"].get("title"), (name, field)
            assert param["schema"].get("description_md") or param["description"] or param["schema"].get("description"), (name, field)


@pytest.mark.parametrize("dag", INVOICE_DAGS)
def test_an_unattended_run_fills_in_nothing(dag: str, parsed: dict[str, Any]) -> None:
    values = {field: param["value"] for field, param in parsed["dags"][dag]["params"].items()}
    assert {field: value for field, value in values.items() if value} == {}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("connections", "quickbooks_us"),
        ("documents", [""]),
        ("documents", [17]),
        ("posting_date", "31.12.2026"),
        ("force", "maybe"),
        ("dry_run", 1),
        ("reason", "x" * 501),
    ],
)
def test_what_cannot_be_meant_is_refused_before_the_run_starts(field: str, wrong: Any) -> None:
    param: Param = form_params(("quickbooks_us",), ("US",))[field]
    with pytest.raises(ParamValidationError):
        param.resolve(wrong)


@pytest.mark.parametrize(
    ("filled", "says"),
    [
        ({"connections": ["quickbooks_uk"]}, "There is no connection quickbooks_uk in routes.yaml. Known: quickbooks_us."),
        ({"posting_date": "2026-11-02"}, "A posting date override needs a reason: it goes into the audit trail. Fill in the field Reason."),
        ({"changed_since": "yesterday"}, "Changed since: 'yesterday' is no date and time. Write it like 2026-11-02T14:30:00Z."),
        (
            {"changed_since": "2026-11-03T00:00:00Z", "until": "2026-11-02T00:00:00Z"},
            "Nothing lies between 2026-11-03 00:00:00 and 2026-11-02 00:00:00: Changed since must be before Until.",
        ),
    ],
)
def test_what_only_the_run_can_check_is_refused_in_words(filled: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_form(filled, ("quickbooks_us",))
    assert str(refused.value) == says
