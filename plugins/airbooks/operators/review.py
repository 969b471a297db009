"""Asking people about exceptions: one run of the Dag `exception_review` per cause, each with one question under Required Actions."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import get_current_context, task
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowSkipException, ParamValidationError

from airbooks.operators.question import Question, ask, read_answer
from airbooks.staging.causes import AnswerKind
from airbooks.staging.database import STAGING, attempts, connect

if TYPE_CHECKING:
    import psycopg
    from airflow.sdk import Context

    from airbooks.staging.answers import Answer, AnswerOutcome
    from airbooks.staging.causes import Cause, CauseView

REVIEW_DAG = "exception_review"
INVOICE_DAG = "hourly_invoice_sync"
PAYMENT_DAG = "payment_reconciliation"
MOST_QUESTIONS = 100  # per run that opens questions; the rest is asked about by the next runs
MOST_NUMBERS = 200  # a run for more documents than this may as well look at everything

log = logging.getLogger("airflow.task.airbooks.review")


class ExceptionReviewOperator(HITLOperator):
    """Asks a person about one cause of exceptions and does what they answer; waits without a worker slot.

    The cause and its round come from the Dag run's params. Subject, text, options and form are made when the task runs, from what waits
    then. The first answer counts, wherever it is given: if another one (or a correction) was quicker, the task says so and
    succeeds, at the latest when it looks again. An answer that lacks something is refused in the log and the question stays open.
    Returns ids and counts.

    :param staging_conn_id: the Postgres connection that holds the staging schema.
    :param look_again: how often a question that nobody answered checks whether it is settled elsewhere; it waits on otherwise.
    """

    template_fields = ()

    def __init__(self, *, staging_conn_id: str = STAGING, look_again: timedelta = timedelta(hours=6), **kwargs: Any) -> None:
        super().__init__(subject="Exception", options=[kind.title() for kind in AnswerKind], response_timeout=look_again, **kwargs)
        self.staging_conn_id = staging_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Ask, unless it is settled already; raises TaskAwaitingInput (Airflow's way of waiting)."""
        from airbooks.operators.choices import learn_choices
        from airbooks.staging.answers import AlreadyAnswered, refuse_late

        view = self._view(context)
        try:
            refuse_late(view.cause, self._round(context))
        except AlreadyAnswered as settled:
            log.info("There is nothing to ask any more. %s", settled)
            return _nothing_done(view.cause)
        learn_choices(view.cause, self.staging_conn_id)
        return self._wait(context, ask(self._view(context)))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Do what the person answered, or tell them why not."""
        from airbooks.staging.answers import AlreadyAnswered, InvalidAnswerError, refuse_late

        if event.get("error_type") == "timeout":
            return self.execute(context)
        if "error" in event:
            self.process_trigger_event_error(event)
        view = self._view(context)
        question = ask(view)
        try:
            refuse_late(view.cause, self._round(context))
            given, deliver_now = read_answer(question, event, self._round(context))
            outcome = decide(self.staging_conn_id, view.cause.cause_id, given)
        except AlreadyAnswered as late:
            log.warning("Thank you. %s", late)
            return _nothing_done(view.cause)
        except (InvalidAnswerError, ParamValidationError) as incomplete:
            log.error("%s Please answer once more under Required Actions.", incomplete)  # noqa: TRY400 a person's slip, no traceback
            return self._wait(context, question)
        log.info("%s answered %s: %s", given.by, given.kind, in_words(outcome))
        return _done(outcome, deliver_now=deliver_now, takes_in_again=_takes_in_again(view.cause, outcome.kind))

    def _wait(self, context: Context, question: Question) -> dict[str, Any]:
        self.subject, self.body = question.subject, question.body
        self.options, self.params = list(question.options), ParamsDict(dict(question.form))
        waiting: dict[str, Any] = super().execute(context)
        return waiting

    def _view(self, context: Context) -> CauseView:
        from airbooks.staging.causes import describe

        with connect(self.staging_conn_id) as database:
            return describe(database, context["params"]["cause_id"])

    @staticmethod
    def _round(context: Context) -> int:
        return int(context["params"]["round"])


def decide(conn_id: str, cause_id: str, given: Answer) -> AnswerOutcome:
    """Apply an answer in a transaction of its own; repeated when another transaction stood in its way."""
    from airbooks.payments.settings import load_payments_config
    from airbooks.staging.answers import answer
    from airbooks.staging.decisions import unknown_account

    account = load_payments_config().bank_account if given.kind is AnswerKind.APPLY else unknown_account
    for attempt in attempts():
        with attempt, connect(conn_id) as database:
            outcome = answer(database, cause_id, given, account)
    return outcome


def in_words(outcome: AnswerOutcome) -> str:
    """What an answer did: `14 documents will be checked again, 2 deliveries go out again`."""
    if outcome.kind is AnswerKind.HOLD:
        return "it is held; the question comes back tomorrow"
    documents, deliveries = (
        ("documents rejected", "deliveries rejected")
        if outcome.kind is AnswerKind.REJECT
        else ("documents will be checked again", "deliveries go out again")
    )
    return f"{outcome.documents} {documents}, {outcome.deliveries} {deliveries}"


def _nothing_done(cause: Cause) -> dict[str, Any]:
    return {"cause_id": cause.cause_id, "round": cause.round, "answered": False, "sync": None}


def _takes_in_again(cause: Cause, kind: AnswerKind) -> bool:
    """Whether only the payment DAG goes on: it alone matches payments, and reads statements. What a person applied, any run delivers."""
    from airbooks.staging.statement_files import ENTRY

    return cause.code == ENTRY or (cause.is_of_payment and kind is AnswerKind.RETRY)


def _done(outcome: AnswerOutcome, *, deliver_now: bool, takes_in_again: bool) -> dict[str, Any]:
    freed = outcome.kind is not AnswerKind.REJECT and outcome.documents + outcome.deliveries > 0
    few = len(outcome.numbers) <= MOST_NUMBERS and not takes_in_again  # the payment DAG's form has no document numbers
    done: dict[str, Any] = {
        "cause_id": outcome.cause_id,
        "round": outcome.round,
        "answered": True,
        "answer": outcome.kind.value,
        "documents": outcome.documents,
        "deliveries": outcome.deliveries,
        "sync": ({"documents": list(outcome.numbers)} if few else {}) if deliver_now and freed else None,
    }
    return done | ({"dag": PAYMENT_DAG} if takes_in_again else {})


@task
def deliver_now(reviewed: Any) -> str:
    """Start a run for what the answer let go, if the person asked for it: of the payment DAG where only that goes on, else of the invoice
    DAG. Returns its run id."""
    if reviewed["sync"] is None:
        raise AirflowSkipException("The documents go with the next run.")
    run_id = f"review__{reviewed['cause_id']}__{reviewed['round']}"
    trigger(reviewed.get("dag", INVOICE_DAG), run_id, reviewed["sync"])
    return run_id


# -- opening reviews from an invoice or payment Dag -------------------------------------------------------------------------------------


@task(task_id="exception_review")
def open_reviews(staging_conn_id: str = STAGING) -> list[dict[str, Any]]:
    """Say in words what this run held back, and open one review per new cause; returns the reviews opened.

    One task opens all of them, at one call each. A review's run id names cause and round, so that it exists once however often this
    is repeated; the cause is marked only after Airflow has the run, so that a lost call is made up for by the next run.
    """
    context = get_current_context()
    with connect(staging_conn_id) as database:
        tell(database, str(context["run_id"]))
        return [_open(database, cause) for cause in _to_review(database)]


def tell(database: psycopg.Connection, run_id: str) -> None:
    """Log every exception that a run opened, cause by cause."""
    from airbooks.staging.causes import describe, open_exceptions_of

    for cause_id, found in groupby(open_exceptions_of(database, run_id), attrgetter("cause_id")):
        log.warning("%s", describe(database, cause_id, documents=0).headline)
        for each in found:
            log.warning("    %s: %s", each.number or "without a number", each.message)


def _to_review(database: psycopg.Connection) -> list[Cause]:
    from airbooks.staging.causes import causes_to_review

    causes = causes_to_review(database)
    if len(causes) > MOST_QUESTIONS:
        log.warning(
            "%d causes are new: %d are asked about now, the rest by the next runs.",
            *(len(causes), MOST_QUESTIONS),
        )
    return causes[:MOST_QUESTIONS]


def _open(database: psycopg.Connection, cause: Cause) -> dict[str, Any]:
    from airbooks.staging.causes import mark_review

    trigger(REVIEW_DAG, cause.review_run, {"cause_id": cause.cause_id, "round": cause.round}, note=cause.says)
    mark_review(database, cause)
    database.commit()
    log.info("A person is asked under Required Actions (%s): %s", cause.review_run, cause.says)
    return {"cause_id": cause.cause_id, "round": cause.round, "run_id": cause.review_run}


def trigger(dag_id: str, run_id: str, conf: Mapping[str, Any], note: str = "") -> bool:
    """Start a Dag run from within a task, without a logical date; whether it is new (False: it was there already).

    Raises AirflowRuntimeError when Airflow refuses, for example because there is no such Dag. TriggerDagRunOperator sends the same
    message, but ends its task with it: one task per run.
    """
    from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse, TriggerDagRun
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    reply = SUPERVISOR_COMMS.send(TriggerDagRun(dag_id=dag_id, run_id=run_id, conf=dict(conf), note=note[:1000] or None))
    if not isinstance(reply, ErrorResponse):
        return True
    if reply.error is ErrorType.DAGRUN_ALREADY_EXISTS:
        return False
    raise AirflowRuntimeError(reply)
