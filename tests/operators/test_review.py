"""*Deliver now* starts the run that goes on with what the answer let go: the payment DAG where only that can, else the invoice DAG."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.comms import OKResponse, TriggerDagRun
from tests.dags.airflow_process import postgres_connection
from tests.staging.rows import add_document, finding, of_document, one
from tests.staging.settling import CONNECTION, Books

from airbooks.canonical import IncomingPayment
from airbooks.operators.question import ask
from airbooks.operators.review import INVOICE_DAG, PAYMENT_DAG, ExceptionReviewOperator, deliver_now
from airbooks.payments.decision import Candidate, Decision, Settled, Stage, Verdict
from airbooks.sources.bank.movement import BadMovement
from airbooks.staging import decisions, incoming, statement_files
from airbooks.staging.causes import describe
from airbooks.staging.exceptions import open_exceptions

AMOUNT = Decimal("100.00")


class Airflow:
    """The supervisor's end of a task's line: keeps what it is asked to start."""

    def __init__(self) -> None:
        self.started: list[tuple[str, dict[str, Any] | None]] = []

    def send(self, message: TriggerDagRun) -> OKResponse:
        self.started.append((message.dag_id, message.conf))
        return OKResponse(ok=True)


@pytest.fixture
def airflow(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Airflow:
    made = Airflow()
    monkeypatch.setenv("AIRFLOW_CONN_AIRBOOKS_STAGING", postgres_connection(postgres_url))
    monkeypatch.setattr("airflow.sdk.execution_time.task_runner.SUPERVISOR_COMMS", made, raising=False)
    return made


def answered(database: psycopg.Connection, option: str, **filled: Any) -> Any:
    """The only question that is open is answered; then comes the task behind it."""
    params = {"cause_id": one(database, "SELECT cause_id FROM airbooks.exception_cause"), "round": 1}
    database.commit()
    person = {"id": "2", "name": "tom"}
    event = {"chosen_options": [option], "params_input": filled, "responded_by_user": person, "responded_at": datetime.now(UTC)}
    context: Any = {"params": params}
    return deliver_now.function(ExceptionReviewOperator(task_id="review").execute_complete(context, event))


def ask_about_a_payment(database: psycopg.Connection) -> None:
    sold = Books(database).sell("AU-SI-000001")
    movement = IncomingPayment(
        source="bank",
        source_id="1",
        account="au_operating",
        fingerprint="1",
        booked_on=date(2026, 3, 20),
        amount=AMOUNT,
        currency="AUD",
    )
    (incoming_id,) = incoming.store(database, [movement], "run").new_ids
    paid = Settled(document_id=sold.document_id, number=sold.number, connection=CONNECTION, amount=AMOUNT, settled=AMOUNT)
    best = Candidate(stage=Stage.AMOUNT, confidence=Decimal("0.8"), reason="the amount is that of AU-SI-000001", settled=(paid,))
    decision = Decision(key=str(incoming_id), verdict=Verdict.REVIEW, best=best, reason="two invoices fit")
    decisions.write(database, [decisions.Decided(incoming_id=incoming_id, movement=movement, decision=decision)], {}, "run")


def test_a_payment_that_is_matched_again_starts_the_payment_dag(database: psycopg.Connection, airflow: Airflow) -> None:
    ask_about_a_payment(database)
    answered(database, "Retry", deliver_now=True)
    assert airflow.started == [(PAYMENT_DAG, {})]
    assert one(database, "SELECT state FROM airbooks.incoming_payment") == "new"


def test_a_payment_that_a_person_applies_is_delivered_by_the_invoice_dag(database: psycopg.Connection, airflow: Airflow) -> None:
    ask_about_a_payment(database)
    answered(database, "Apply", apply_to="1", deliver_now=True)
    assert airflow.started == [(INVOICE_DAG, {"documents": ["PAY-000001"]})]
    assert one(database, "SELECT state FROM airbooks.incoming_payment") == "matched"


def test_a_payment_that_is_rejected_starts_nothing(database: psycopg.Connection, airflow: Airflow) -> None:
    ask_about_a_payment(database)
    with pytest.raises(AirflowSkipException):
        answered(database, "Reject", reason="not ours", deliver_now=True)
    assert airflow.started == []


def test_a_statement_that_is_read_again_starts_the_payment_dag(database: psycopg.Connection, airflow: Airflow) -> None:
    bad = BadMovement(file="bank.csv", entry="line 3", field="Date", value="31.02.", rule="it is no date", fix="Correct it.")
    statement_files.note_bad(database, bad.file, [bad], "run")
    answered(database, "Retry", deliver_now=True)
    assert airflow.started == [(PAYMENT_DAG, {})]


def test_documents_start_the_invoice_dag_for_themselves_alone(database: psycopg.Connection, airflow: Airflow) -> None:
    open_exceptions(database, [of_document(add_document(database, "AU-SI-8"), finding())])
    answered(database, "Retry", deliver_now=True)
    assert airflow.started == [(INVOICE_DAG, {"documents": ["AU-SI-8"]})]


def test_the_form_says_what_deliver_now_does_with_a_payment(database: psycopg.Connection) -> None:
    ask_about_a_payment(database)
    question = ask(describe(database, one(database, "SELECT cause_id FROM airbooks.exception_cause")))
    assert "matches it again (Retry)" in str(question.form["deliver_now"].description)
