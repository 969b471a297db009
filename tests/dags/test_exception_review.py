"""A person is asked once per cause, under Required Actions, and their answer does what it says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse, OKResponse, TriggerDagRun
from airflow.sdk.execution_time.context import set_current_context
from tests.dags.airflow_process import postgres_connection, run_module, settings
from tests.staging.rows import add_document, finding, of_document, one, unmapped

from airbooks.operators.review import ExceptionReviewOperator, open_reviews
from airbooks.paths import DAGS
from airbooks.staging.exceptions import open_exceptions

INVOICE_DAG = """
from airflow.sdk import Param, dag
from airbooks.operators.review import open_reviews

@dag(schedule=None, params={"documents": Param(None, type=["null", "array"])})
def hourly_invoice_sync():
    open_reviews()

hourly_invoice_sync()
"""

# What a caller sends to PATCH /api/v2/dags/exception_review/dagRuns/{run}/taskInstances/review/-1/hitlDetails
REJECTED_WITHOUT_REASON = {"chosen_options": ["Reject"]}
MAPPED = {"chosen_options": ["Map"], "params_input": {"map_to": "7", "reason": "as in the old system", "deliver_now": True}}


def _environment(home: Path, metadata: str, staging: str) -> dict[str, str]:
    dags = home / "dags"
    dags.mkdir()
    shutil.copy(DAGS / "exception_review.py", dags)
    (dags / "hourly_invoice_sync.py").write_text(INVOICE_DAG)
    return settings(home, metadata, dags, airbooks_staging=postgres_connection(staging))


@pytest.fixture
def waiting(postgres_url: str) -> str:
    """A staging database where two invoices wait for the same mapping."""
    with psycopg.connect(postgres_url) as database:
        rows = [add_document(database, f"AU-SI-{n}", "100.00") for n in (1, 2)]
        open_exceptions(database, [of_document(row, unmapped(number=row.number)) for row in rows])
        database.execute(
            "INSERT INTO airbooks.platform_reference (connection, kind, code, name) VALUES ('odoo_au', 'tax_code', '7', 'GST 10%')"
        )
    return postgres_url


@pytest.mark.airflow
def test_in_airflow_a_cause_is_asked_about_once_and_the_answer_lets_its_documents_go(
    waiting: str, make_metadata: Callable[[], str], tmp_path: Path
) -> None:
    environment = _environment(tmp_path, make_metadata(), waiting)
    printed = run_module(environment, "tests.dags.review_in_airflow", json.dumps([REJECTED_WITHOUT_REASON, MAPPED]))
    outcome: dict[str, Any] = json.loads(printed.rpartition("OUTCOME ")[2])
    assert outcome["import_errors"] == {}

    (opened,) = outcome["opened"]
    assert opened["run_id"] == f"exception__{opened['cause_id']}__1"
    (asked,) = outcome["opened_runs"]
    assert asked["dag_run_id"] == opened["run_id"]
    assert (asked["conf"], asked["logical_date"]) == ({"cause_id": opened["cause_id"], "round": 1}, None)
    assert asked["note"] == "tax code AU-GST10 has no mapping for odoo_au."
    assert outcome["opened_again"] == []

    refused, accepted = outcome["answered"]
    assert refused["question"]["subject"] == "tax code AU-GST10 has no mapping for odoo_au: 2 invoices, 200.00 AUD"
    assert refused["question"]["options"] == ["Map", "Retry", "Reject", "Hold"]
    assert list(refused["question"]["params"]) == ["map_to", "reason", "deliver_now"]
    assert (refused["status"], accepted["status"]) == (200, 200)
    assert accepted["question"]["task_instance"]["try_number"] == 1  # asked again, not failed and retried

    assert outcome["states"] == {"review": "success", "deliver_now": "success"}
    assert outcome["review"] == {
        "cause_id": opened["cause_id"],
        "round": 1,
        "answered": True,
        "answer": "map",
        "documents": 2,
        "deliveries": 0,
        "sync": {"documents": ["AU-SI-1", "AU-SI-2"]},
    }
    (started,) = outcome["started"]
    assert started["dag_run_id"] == f"review__{opened['cause_id']}__1"
    assert started["conf"] == {"documents": ["AU-SI-1", "AU-SI-2"]}
    with psycopg.connect(waiting) as database:
        assert one(database, "SELECT target || ' ' || decided_by FROM airbooks.reference_map") == "7 ines"
        assert one(database, "SELECT reason FROM airbooks.exception_cause") == "as in the old system"
        assert one(database, "SELECT count(*) FROM airbooks.raw_document WHERE staged_at IS NULL") == 2


# -- the operator by itself ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def operator(waiting: str, monkeypatch: pytest.MonkeyPatch) -> ExceptionReviewOperator:
    monkeypatch.setenv("AIRFLOW_CONN_AIRBOOKS_STAGING", postgres_connection(waiting))
    return ExceptionReviewOperator(task_id="review")


def _context(url: str, round_number: int = 1) -> Any:
    with psycopg.connect(url) as database:
        return {"params": {"cause_id": one(database, "SELECT cause_id FROM airbooks.exception_cause"), "round": round_number}}


def _event(option: str = "Map", **filled: Any) -> dict[str, Any]:
    """What Airflow resumes the task with."""
    return {
        "chosen_options": [option],
        "params_input": filled,
        "responded_by_user": {"id": "2", "name": "tom"},
        "responded_at": datetime.now(UTC),
        "timedout": False,
    }


def test_whoever_answers_second_is_thanked_and_told_and_the_task_succeeds(
    waiting: str, operator: ExceptionReviewOperator, caplog: pytest.LogCaptureFixture
) -> None:
    context = _context(waiting)
    first = operator.execute_complete(context, _event(map_to="7"))
    second = operator.execute_complete(context, _event("Reject", reason="not ours"))
    assert (first["answered"], second["answered"]) == (True, False)
    assert "Thank you. tom has already answered it (map)" in caplog.text
    with psycopg.connect(waiting) as database:
        assert one(database, "SELECT answer FROM airbooks.exception_cause") == "map"


def test_a_question_that_was_settled_before_it_was_asked_asks_nobody(waiting: str, operator: ExceptionReviewOperator) -> None:
    context = _context(waiting)
    operator.execute_complete(context, _event("Retry"))
    assert operator.execute(context)["answered"] is False


def test_a_question_that_was_settled_elsewhere_goes_away_when_it_looks_again(waiting: str, operator: ExceptionReviewOperator) -> None:
    context = _context(waiting)
    operator.execute_complete(context, _event("Hold"))
    timed_out = {"error": "The Human-in-the-loop response timeout has passed without a response.", "error_type": "timeout"}
    assert operator.execute_complete(context, timed_out)["answered"] is False


def test_only_ids_and_counts_are_returned(waiting: str, operator: ExceptionReviewOperator) -> None:
    result = operator.execute_complete(_context(waiting), _event("Reject", reason="entered twice", deliver_now=True))
    assert {key: value for key, value in result.items() if key != "cause_id"} == {
        "round": 1,
        "answered": True,
        "answer": "reject",
        "documents": 2,
        "deliveries": 0,
        "sync": None,  # nothing was let go
    }


# -- opening reviews ----------------------------------------------------------------------------------------------------------------------


class _Airflow:
    """The supervisor's end of a task's line: keeps the runs asked for, or breaks after the first few."""

    def __init__(self, breaks_after: int | None = None) -> None:
        self.runs: list[tuple[str, str]] = []
        self.breaks_after = breaks_after

    def send(self, message: TriggerDagRun) -> OKResponse | ErrorResponse:
        if self.breaks_after is not None and len(self.runs) >= self.breaks_after:
            raise ConnectionError("the API server is gone")
        if (message.dag_id, message.run_id) in self.runs:
            return ErrorResponse(error=ErrorType.DAGRUN_ALREADY_EXISTS)
        self.runs.append((message.dag_id, message.run_id))
        return OKResponse(ok=True)


def _open(monkeypatch: pytest.MonkeyPatch, airflow: _Airflow) -> Any:
    monkeypatch.setattr("airflow.sdk.execution_time.task_runner.SUPERVISOR_COMMS", airflow, raising=False)
    with set_current_context({"run_id": "run-1"}):
        return open_reviews.function()


@pytest.fixture
def three_causes(waiting: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AIRFLOW_CONN_AIRBOOKS_STAGING", postgres_connection(waiting))
    with psycopg.connect(waiting) as database:
        open_exceptions(database, [of_document(add_document(database, f"AU-SI-{n}"), finding()) for n in (8, 9)])
    return waiting


def test_every_exception_of_the_run_is_logged_in_words(
    three_causes: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _open(monkeypatch, _Airflow())
    assert "tax code AU-GST10 has no mapping for odoo_au: 2 invoices, 200.00 AUD" in caplog.messages
    for number in ("AU-SI-1", "AU-SI-2"):
        assert f"    {number}: Invoice {number}: tax code AU-GST10 has no mapping for odoo_au. Map it under Exceptions." in caplog.messages
    assert "    AU-SI-8: Invoice AU-SI-1: the total does not add up. Correct the total." in caplog.messages


def test_each_new_cause_gets_one_review_and_the_next_run_opens_none(three_causes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    airflow = _Airflow()
    assert len(_open(monkeypatch, airflow)) == 3
    assert _open(monkeypatch, airflow) == []
    assert len(airflow.runs) == 3


def test_a_review_that_could_not_be_opened_is_opened_by_the_next_run(three_causes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConnectionError):
        _open(monkeypatch, _Airflow(breaks_after=1))
    assert len(_open(monkeypatch, _Airflow())) == 2


def test_a_review_whose_run_exists_already_is_not_an_error(three_causes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    airflow = _Airflow()
    _open(monkeypatch, airflow)
    with psycopg.connect(three_causes) as database:
        database.execute("UPDATE airbooks.exception_cause SET review_run_id = ''")  # died between Airflow's answer and our commit
    assert len(_open(monkeypatch, airflow)) == 3
    assert len(airflow.runs) == 3
