"""A day with the real scheduler: documents delivered, a question answered, its documents delivered once, and no secret anywhere."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from tests.e2e.conftest import AirflowStack
from tests.e2e.hunt import files, leaks, rows, secrets
from tests.main_business import MAIN

from airbooks.config import load_config
from airbooks.erp.generate import fill
from airbooks.runtime.airflow_api import ENDED
from airbooks.runtime.errors import SetupError
from airbooks.runtime.money import deposit
from airbooks.runtime.tally import Ledger
from airbooks.staging import audit

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

HOURLY, PAYMENTS, REVIEW = "hourly_invoice_sync", "payment_reconciliation", "exception_review"
PLATFORMS = {name: each.platform for name, each in load_config().connections.items()}
POSTED_DAMAGE = ("unmapped_tax_code", "missing_customer", "closed_period")
MAPPED = {"chosen_options": ["Map"], "params_input": {"map_to": "GST 15%", "reason": "the new rate", "deliver_now": True}}
HELD = {"chosen_options": ["Hold"]}
LOOKED_AT = {
    files: {"logs/tasks/", "logs/scheduler.log", "logs/api-server.log", "logs/sandbox.log"},
    rows: {
        *("airbooks.audit_event", "airbooks.raw_document", "airbooks.delivery", "airbooks.exception", "airbooks.token"),
        *("public.xcom", "public.rendered_task_instance_fields", "public.connection", "public.log", "public.hitl_detail"),
    },
}
Books = dict[str, Counter[tuple[str, Decimal, str]]]  # by connection: (number, total, currency)


@dataclass(frozen=True)
class Day:
    """What was seen at each point of the day."""

    first: str
    books: Books
    question: dict[str, Any]
    waiting: list[str]
    too_late: str
    released: dict[str, Any]
    books_after: Books
    again: str
    books_at_last: Books


@pytest.fixture(scope="module")
def day(airflow_stack: AirflowStack) -> Day:
    """Deliver, answer, deliver again."""
    api = airflow_stack.api
    open_business(airflow_stack.erp_url)
    airflow_stack.wait_for_dag(REVIEW)
    api.unpause(REVIEW)
    first = airflow_stack.run_dag(HOURLY, "e2e__1")
    settle(airflow_stack)
    books, question = read_books(airflow_stack), find_question(airflow_stack, "AU-GST15")
    waiting = waiting_for(airflow_stack, "tax_code:AU-GST15")
    answer(airflow_stack, question, MAPPED)
    with pytest.raises(SetupError) as too_late:
        answer(airflow_stack, question, HELD)
    released = released_run(airflow_stack, question)
    books_after = read_books(airflow_stack)
    again = airflow_stack.run_dag(HOURLY, "e2e__2")
    return Day(first, books, question, waiting, str(too_late.value), released, books_after, again, read_books(airflow_stack))


def open_business(erp: str) -> None:
    """60 documents, of whose damages a few kinds are posted: each cause costs Airflow a run of its own.

    Those with the unmapped tax code are wholesale, so that they go to Odoo whatever other routes the division has.
    """
    fill(erp, seed=7, documents=60)
    with psycopg.connect(erp) as database:
        database.execute(
            "UPDATE erp.sales_document SET status = 'draft' WHERE document_id IN"
            " (SELECT document_id FROM erp.planted_damage WHERE ends_in = 'exception' AND kind <> ALL (%s))",
            [list(POSTED_DAMAGE)],
        )
        database.execute(
            "UPDATE erp.customer SET class = 'WHOLESALE' WHERE customer_id IN (SELECT customer_id FROM erp.sales_document d"
            " JOIN erp.planted_damage p USING (document_id) WHERE p.kind = 'unmapped_tax_code')"
        )


def settle(stack: AirflowStack) -> None:
    """Wait until no run is open: unpausing starts a scheduled one."""
    while stack.api.call("GET", f"/api/v2/dags/{HOURLY}/dagRuns", params={"state": ["queued", "running"]})["total_entries"]:
        stack.run.check()
        time.sleep(0.3)


def read_books(stack: AirflowStack) -> Books:
    ledgers = {name: Ledger.read(stack.sandbox_url, slug) for name, slug in PLATFORMS.items()}
    return {
        name: Counter((row["our_number"], Decimal(row["total"]), row["currency"]) for row in ledger.documents.values())
        for name, ledger in ledgers.items()
    }


def find_question(stack: AirflowStack, word: str) -> dict[str, Any]:
    """The question under Required Actions that has this word in its subject."""
    while True:
        listed = stack.api.call("GET", "/api/v2/dags/~/dagRuns/~/hitlDetails", params={"state": "awaiting_input", "limit": 100})
        found: list[dict[str, Any]] = [each for each in listed["hitl_details"] if word in each["subject"]]
        if found:
            return found[0]
        stack.run.check()
        time.sleep(0.3)


def answer(stack: AirflowStack, question: dict[str, Any], body: dict[str, Any]) -> None:
    run = question["task_instance"]["dag_run_id"]
    stack.api.call("PATCH", f"/api/v2/dags/{REVIEW}/dagRuns/{run}/taskInstances/review/-1/hitlDetails", json=body)


def waiting_for(stack: AirflowStack, subject: str) -> list[str]:
    with psycopg.connect(stack.staging_url) as database:
        found = database.execute(
            "SELECT e.number FROM airbooks.exception e JOIN airbooks.exception_cause c USING (cause_id)"
            " WHERE c.subject = %s AND e.state = 'open' ORDER BY e.number",
            [subject],
        ).fetchall()
    return [number for (number,) in found]


def released_run(stack: AirflowStack, question: dict[str, Any]) -> dict[str, Any]:
    """The run that delivers what the answer let go, at its end."""
    run_id = question["task_instance"]["dag_run_id"].replace("exception__", "review__")
    while True:
        found = stack.api.call("GET", f"/api/v2/dags/{HOURLY}/dagRuns", params={"run_id_pattern": run_id})["dag_runs"]
        if found and found[0]["state"] in ENDED:
            return dict(found[0])
        stack.run.check()
        time.sleep(0.3)


def gained(before: Books, after: Books) -> Books:
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def test_a_run_on_the_real_scheduler_books_every_delivered_document_once(airflow_stack: AirflowStack, day: Day) -> None:
    assert day.first == "success"
    assert {name: len(booked) for name, booked in day.books.items()}.keys() == PLATFORMS.keys()
    with psycopg.connect(airflow_stack.staging_url) as database:
        recorded = database.execute(
            "SELECT d.connection, o.number, o.gross_total, o.currency FROM airbooks.delivery d JOIN airbooks.document o"
            " USING (document_id) WHERE d.state = 'delivered' AND d.confirmed_at IS NOT NULL AND d.operation <> 'apply'"
        ).fetchall()
    assert Counter(recorded) == Counter((name, *row) for name, booked in day.books_at_last.items() for row in booked.elements())


def test_the_question_stands_under_required_actions_with_the_platforms_own_codes(day: Day) -> None:
    assert day.question["subject"].startswith("Tax code AU-GST15 has no mapping for odoo_au: ")
    assert day.question["options"] == ["Map", "Retry", "Reject", "Hold"]
    offered = day.question["params"]["map_to"]["schema"]["enum"]
    assert set(offered) == {None, "GST 10%", "GST 15%", "GST Free", "GST Export 0%"}
    assert day.waiting
    assert all(number in day.question["body"] for number in day.waiting)


def test_an_answer_delivers_what_waited_for_it_once_and_nothing_else(day: Day) -> None:
    assert (day.released["state"], day.released["conf"]) == ("success", {"documents": day.waiting})
    (only,) = gained(day.books, day.books_after).items()
    assert only[0] == "odoo_au"
    assert sorted(number for number, _, _ in only[1].elements()) == day.waiting


def test_a_second_answer_comes_too_late_and_is_told(day: Day) -> None:
    assert "409" in day.too_late
    assert "already been updated" in day.too_late


def test_running_again_delivers_nothing(day: Day) -> None:
    assert (day.again, gained(day.books_after, day.books_at_last)) == ("success", {})


def test_who_decided_and_why_stands_in_an_unbroken_audit_trail(airflow_stack: AirflowStack, day: Day) -> None:
    with psycopg.connect(airflow_stack.staging_url) as database:
        assert audit.verify(database) == []
        decided = database.execute(
            "SELECT decided_by, answer, reason FROM airbooks.exception_cause WHERE answer <> '' AND code NOT LIKE 'AB-PAYMENT%'"
        ).fetchall()
    assert decided == [("admin", "map", "the new rate")]


# -- payments -----------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paid:
    """What was seen of the payments: the run's end, the question about one of them, and the run that its answer brought about."""

    run: str
    question: dict[str, Any]
    number: str
    released: dict[str, Any]


@pytest.fixture(scope="module")
def paid(airflow_stack: AirflowStack, day: Day) -> Paid:
    deposit(airflow_stack.erp_url, airflow_stack.stack.state / "bank")
    run = airflow_stack.run_dag(PAYMENTS, "e2e__paid", {"connections": list(MAIN)})
    question = find_payment(airflow_stack)
    number = next(word for word in question["subject"].split() if word.startswith("PAY-"))
    body = {"chosen_options": ["Apply"], "params_input": {"apply_to": "1", "reason": "as the customer told us", "deliver_now": True}}
    answer(airflow_stack, question, body)
    return Paid(run, question, number, released_run(airflow_stack, question))


def find_payment(stack: AirflowStack) -> dict[str, Any]:
    """A question about a payment that offers something to apply it to."""
    while True:
        listed = stack.api.call("GET", "/api/v2/dags/~/dagRuns/~/hitlDetails", params={"state": "awaiting_input", "limit": 100})
        for each in listed["hitl_details"]:
            if len(each["params"].get("apply_to", {}).get("schema", {}).get("enum", [])) > 1:
                found: dict[str, Any] = each
                return found
        stack.run.check()
        time.sleep(0.3)


def test_payments_of_every_main_book_are_applied_and_everything_is_explained(airflow_stack: AirflowStack, paid: Paid) -> None:
    assert paid.run == "success"
    with psycopg.connect(airflow_stack.staging_url) as database:
        applied = database.execute("SELECT DISTINCT connection FROM airbooks.delivery WHERE operation = 'apply' AND state = 'delivered'")
        assert {name for (name,) in applied} >= set(MAIN)
        assert database.execute("SELECT division FROM airbooks.reconciliation WHERE unexplained > 0").fetchall() == []


def test_a_person_says_what_a_payment_pays_and_it_is_booked_once(airflow_stack: AirflowStack, paid: Paid) -> None:
    assert paid.question["options"] == ["Apply", "Retry", "Reject", "Hold"]
    assert (paid.released["state"], paid.released["conf"]) == ("success", {"documents": [paid.number]})
    with psycopg.connect(airflow_stack.staging_url) as database:
        booked = database.execute(
            "SELECT d.state, d.attempt, i.stage, i.decided_by FROM airbooks.delivery d JOIN airbooks.document p USING (document_id)"
            " JOIN airbooks.incoming_payment i ON p.number = 'PAY-' || lpad(i.incoming_id::text, 6, '0') WHERE p.number = %s",
            [paid.number],
        ).fetchall()
        assert audit.verify(database) == []
    assert booked == [("delivered", 1, "a person", "admin")]


@pytest.mark.parametrize("where", [files, rows], ids=["files and logs", "database rows"])
def test_no_secret_stands_anywhere_but_where_it_belongs(where: Any, airflow_stack: AirflowStack, paid: Paid) -> None:
    known = secrets(airflow_stack.stack)
    origins = {origin.partition(":")[0] for origin in known.values()}
    assert origins >= {*PLATFORMS.values(), "fernet_key of the stack"}
    looked_at = list(where(airflow_stack.stack))
    assert where is rows or str(airflow_stack.stack.cluster.log) in dict(looked_at)
    assert {each for each in LOOKED_AT[where] if any(each in place and text for place, text in looked_at)} == LOOKED_AT[where]
    assert leaks(looked_at, known) == []
