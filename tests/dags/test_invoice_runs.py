"""The invoice DAGs, run by Airflow over the demo business: every good document once on every platform, and what the form changes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, LiteralString

import psycopg
import pytest
from tests.dags.airflow_process import FERNET_KEY, postgres_connection, run_module, settings
from tests.main_business import MAIN, main_business

from airbooks.config import load_config
from airbooks.erp.generate import fill
from airbooks.paths import DAGS
from airbooks.runtime.money import deposit
from airbooks.runtime.postgres import Cluster
from airbooks.sandbox.requests import Asked, secrets_of
from airbooks.sandbox.server import Sandbox, running
from airbooks.staging import audit

HOURLY, DAILY, PAYMENTS = "hourly_invoice_sync", "daily_invoice_batch", "payment_reconciliation"
PLATFORMS = {name: load_config().connections[name].platform for name in MAIN}
Amounts = dict[str, tuple[Decimal, str]]  # by document number


@dataclass(frozen=True)
class Business:
    """The demo's ERP: all document numbers, and where each planted damage should end."""

    numbers: Counter[str]
    damaged: dict[str, str]  # kind of damage: number of the first document that has it
    good: Counter[str]

    @classmethod
    def read(cls, url: str) -> Business:
        with psycopg.connect(url) as database:
            numbers = Counter(row[0] for row in database.execute("SELECT document_number FROM erp.sales_document"))
            planted = database.execute("SELECT kind, document_number, ends_in FROM erp.planted_damage ORDER BY document_id").fetchall()
        bad = Counter(number for _, number, ends_in in planted if ends_in == "exception")
        return cls(numbers, {kind: number for kind, number, _ in reversed(planted)}, numbers - bad)


@dataclass(frozen=True)
class Story:
    """The runs, one after the other, and the world that they left."""

    business: Business
    runs: dict[str, Any]
    printed: str
    sandbox: Sandbox
    staging: str
    chosen: list[str]
    erp: str

    def log(self, run: str) -> str:
        """What the tasks of a run logged."""
        return re.split(r"\n(?:RUN|OUTCOME) ", self.printed.partition(f"\nRUN {run}\n")[2])[0]

    def asked(self, run: str) -> dict[str, list[Asked]]:
        """What the platforms were asked during a run, by connection; log-ins left out."""
        begin, end = (datetime.fromisoformat(self.runs[run][edge]) for edge in ("started", "ended"))
        return {
            name: [each for each in self.sandbox.requests(slug) if begin <= each.at <= end and "token" not in each.path]
            for name, slug in PLATFORMS.items()
        }

    def delivered(self, run: str) -> int:
        return int(self.runs[run]["returned"]["report"]["delivered"])

    def rows(self, query: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.staging) as database:
            return database.execute(query, values).fetchall()


@pytest.fixture(scope="module")
def story(
    postgres_server: Cluster, module_postgres_url: str, make_metadata: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    postgres_server.ensure_database("dag_runs_erp")
    erp, home = postgres_server.url("dag_runs_erp"), tmp_path_factory.mktemp("airflow")
    fill(erp, seed=7, documents=60)
    business = Business.read(erp)
    with running(sorted(set(PLATFORMS.values())), time_scale=60) as sandbox:
        simulated = {name: json.dumps(sandbox.simulators[slug].connection()) for name, slug in PLATFORMS.items()}
        connections = {"airbooks_staging": postgres_connection(module_postgres_url), "sales_erp": postgres_connection(erp), **simulated}
        environment = settings(home, make_metadata(), DAGS, **connections) | {
            "AIRBOOKS_TIME_SCALE": "60",
            "AIRBOOKS_CONFIG": str(main_business(home / "config")),
            "AIRBOOKS_STATE": str(home / "state"),
        }
        first = run_module(environment, "tests.dags.invoices_in_airflow", json.dumps(UNSENT))
        chosen = waiting(module_postgres_url, "quickbooks_us")[:2]
        elsewhere = waiting(module_postgres_url, "odoo_au")[:1]  # chosen, but its connection is not
        later = steps(chosen, elsewhere, business.damaged["closed_period"])
        printed = first + run_module(environment, "tests.dags.invoices_in_airflow", json.dumps(later))
        assert deposit(erp, home / "state" / "bank") == 4
        printed += run_module(environment, "tests.dags.invoices_in_airflow", json.dumps(PAID))
        runs = {name: run for part in re.findall("^OUTCOME (.*)$", printed, re.MULTILINE) for name, run in json.loads(part).items()}
        yield Story(business, runs, printed, sandbox, module_postgres_url, chosen, erp)


def waiting(staging: str, connection: str) -> list[str]:
    """The invoices that wait for this connection."""
    with psycopg.connect(staging) as database:
        found = database.execute(
            "SELECT number FROM airbooks.document WHERE state = 'valid' AND kind = 'invoice' AND %s = ANY (route) ORDER BY number",
            [connection],
        ).fetchall()
    return [number for (number,) in found]


UNSENT: list[dict[str, Any]] = [
    {"name": "wrong form", "dag": HOURLY, "conf": {"posting_date": "2026-01-02"}},
    {"name": "dry run", "dag": HOURLY, "conf": {"dry_run": True}},
]


JANUARY = {"ends_on": "2026-01-31", "starts_on": "2026-01-01", "lock": True, "reason": "January"}
PAID: list[dict[str, Any]] = [
    {"name": "payments dry run", "dag": PAYMENTS, "conf": {**JANUARY, "dry_run": True}},
    {"name": "payments", "dag": PAYMENTS},
    {"name": "payments again", "dag": PAYMENTS, "conf": JANUARY},
]


def steps(chosen: list[str], elsewhere: list[str], closed: str) -> list[dict[str, Any]]:
    late = {"documents": [closed], "posting_date": "2026-01-02", "reason": "typed too late, agreed with the auditor"}
    return [
        {"name": "chosen", "dag": HOURLY, "conf": {"connections": ["quickbooks_us"], "documents": [*chosen, *elsewhere]}},
        {"name": "first", "dag": HOURLY},
        {"name": "second", "dag": HOURLY},
        {"name": "forced", "dag": HOURLY, "conf": {"documents": chosen, "force": True}},
        {"name": "posting date", "dag": HOURLY, "conf": late},
        {"name": "daily", "dag": DAILY},
    ]


def booked(story: Story, connection: str) -> list[tuple[str, Decimal, str]]:
    books = story.sandbox.books(PLATFORMS[connection]).documents
    return sorted((each.our_number, each.total, each.currency) for each in books)


def writes(asked: dict[str, list[Asked]]) -> list[str]:
    """The requests that change something (Sage Intacct and Odoo read with POST, too)."""
    reading = re.compile(
        r"<(query|read|readByQuery|readByName|getAPISession|lookup)\b|/(search|search_read|read|search_count|fields_get)\b"
    )
    return [
        f"{name}: {each.method} {each.path} {each.body[:300]}"
        for name, requests in asked.items()
        for each in requests
        if each.method != "GET" and not reading.search(f"{each.path} {each.body}")
    ]


# -- exactly once -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.airflow
def test_every_good_document_is_in_the_books_of_its_platform_exactly_once_and_nothing_else_is(story: Story) -> None:
    found = Counter(number for name in PLATFORMS for number, _, _ in booked(story, name))
    assert found == story.business.good + Counter([story.business.damaged["closed_period"]])


@pytest.mark.airflow
@pytest.mark.parametrize("connection", PLATFORMS)
def test_the_books_agree_with_the_staging_database_to_the_cent(connection: str, story: Story) -> None:
    recorded = story.rows(
        "SELECT o.number, o.gross_total, o.currency FROM airbooks.delivery d JOIN airbooks.document o USING (document_id)"
        " WHERE d.connection = %s AND d.state = 'delivered' AND d.confirmed_at IS NOT NULL AND d.operation <> 'apply' ORDER BY 1",
        connection,
    )
    assert booked(story, connection) == recorded


@pytest.mark.airflow
def test_a_connection_that_documents_are_routed_to_gets_them(story: Story) -> None:
    routed = story.rows("SELECT DISTINCT unnest(route) FROM airbooks.document WHERE state = 'valid'")
    assert {name for (name,) in routed} == {name for name in PLATFORMS if booked(story, name)}
    assert len(routed) >= 4


@pytest.mark.airflow
def test_every_document_that_is_not_in_the_books_is_an_exception_with_words(story: Story) -> None:
    waiting = story.rows(
        "SELECT number, says, fix FROM airbooks.exception WHERE state = 'open' AND severity = 'error' AND number NOT LIKE 'PAY-%%'"
    )
    missing = story.business.numbers - story.business.good - Counter([story.business.damaged["closed_period"]])
    assert {number for number, _, _ in waiting} == set(missing)
    assert all(says and fix for _, says, fix in waiting)


@pytest.mark.airflow
@pytest.mark.parametrize("run", ["second", "daily"])
def test_another_run_delivers_nothing_and_writes_nothing(run: str, story: Story) -> None:
    assert len({write.partition(":")[0] for write in writes(story.asked("first"))}) >= 4  # writes are recognised
    assert (story.runs[run]["state"], story.delivered(run)) == ("success", 0)
    assert writes(story.asked(run)) == []


@pytest.mark.airflow
def test_only_counts_ids_and_names_travel_between_tasks(story: Story) -> None:
    returned = json.dumps([run["returned"] for run in story.runs.values()])
    assert not [number for number in story.business.numbers if number in returned]


@pytest.mark.airflow
def test_the_audit_trail_of_all_runs_is_unbroken(story: Story) -> None:
    with psycopg.connect(story.staging) as database:
        assert audit.verify(database) == []


# -- the form -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.airflow
def test_a_wrong_form_fails_the_run_at_once_and_says_why(story: Story) -> None:
    run = story.runs["wrong form"]
    assert (run["state"], run["tasks"]["extract"], run["tasks"]["stage"]) == ("failed", "failed", "upstream_failed")
    assert "A posting date override needs a reason: it goes into the audit trail. Fill in the field Reason." in story.log("wrong form")
    assert "the task extract failed, see its log" in story.log("wrong form")
    assert not any(story.asked("wrong form").values())


@pytest.mark.airflow
def test_a_dry_run_shows_every_request_and_sends_none(story: Story) -> None:
    asked, log = story.asked("dry run"), story.log("dry run")
    assert story.runs["dry run"]["state"] == "success"
    assert writes(asked) == []
    corrections = [number for number in story.business.good if "-CN-" in number]
    for number in story.business.good - Counter(corrections):  # a credit note follows its invoice, which is not there yet
        shown = re.split(rf"\b{number} \| \S+ .* would be sent:", log)
        assert len(shown) == 2, number
        assert number in shown[1].partition("would be sent:")[0].rpartition("\n")[0], number  # in the body that follows


@pytest.mark.airflow
def test_the_bodies_of_a_dry_run_are_those_that_are_sent_but_for_new_customers(story: Story) -> None:
    shown = {body["DocNumber"]: body for body in _bodies(story.log("dry run"))}
    (create,) = (each for each in story.asked("chosen")["quickbooks_us"] if "/batch" in each.path)  # two documents: one batch
    sent = sorted((item["Invoice"] for item in json.loads(create.body)["BatchItemRequest"]), key=lambda body: str(body["DocNumber"]))
    assert [body["DocNumber"] for body in sent] == story.chosen
    for body in sent:
        expected = shown[body["DocNumber"]]
        assert expected.pop("CustomerRef")["value"].startswith("(customer C-US-")
        assert body.pop("CustomerRef")["value"].isdigit()
        assert body == expected


def _bodies(log: str) -> Iterator[dict[str, Any]]:
    """The JSON bodies of QuickBooks invoices in a log, one a line."""
    lines = (line for line in log.splitlines() if line.startswith('{"CustomerRef"'))
    yield from (json.JSONDecoder().raw_decode(line)[0] for line in lines)


@pytest.mark.airflow
def test_no_secret_stands_in_any_log(story: Story) -> None:
    secrets = {secret for each in story.sandbox.simulators.values() for secret in secrets_of(each.connection())} | {FERNET_KEY}
    assert len(secrets) >= len(PLATFORMS) + 1
    assert [secret for secret in secrets if secret in story.printed] == []


@pytest.mark.airflow
def test_chosen_connections_and_documents_are_the_only_ones_delivered(story: Story) -> None:
    assert story.delivered("chosen") == len(story.chosen) == 2
    touched = {name for name, requests in story.asked("chosen").items() if requests}
    assert touched == {"quickbooks_us"}
    run_id = story.runs["chosen"]["run_id"]
    sent = story.rows("SELECT number FROM airbooks.audit_event WHERE actor = %s AND action = 'delivery booked' ORDER BY number", run_id)
    assert [number for (number,) in sent] == story.chosen


@pytest.mark.airflow
def test_force_makes_no_second_document(story: Story) -> None:
    assert story.runs["forced"]["state"] == "success"
    assert story.runs["forced"]["returned"]["stage"]["valid"] == len(story.chosen)
    assert (story.delivered("forced"), writes(story.asked("forced"))) == (0, [])


@pytest.mark.airflow
def test_a_posting_date_with_a_reason_opens_a_closed_period_for_one_document_and_is_kept(story: Story) -> None:
    number = story.business.damaged["closed_period"]
    assert story.delivered("posting date") == 1
    bodies = [each.body for requests in story.asked("posting date").values() for each in requests if number in each.body]
    assert any("2026-01-02" in body for body in bodies)
    found = story.rows("SELECT detail -> 'overrides' FROM airbooks.audit_event WHERE number = %s AND action = 'staged valid'", number)
    assert found == [
        ({"documents": [number], "posting_date": "2026-01-02", "reason": "typed too late, agreed with the auditor"},),
    ]


# -- payments -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.airflow
def test_every_payment_is_applied_or_before_a_person(story: Story) -> None:
    assert story.runs["payments"]["state"] == "success", story.log("payments")[-3000:]
    states = dict(story.rows("SELECT state, count(*)::int FROM airbooks.incoming_payment GROUP BY 1"))
    assert set(states) <= {"matched", "review", "new"}  # new: names a document that is an exception
    assert states["matched"] > states.get("review", 0)
    stuck = story.rows(
        "SELECT number, last_error FROM airbooks.delivery d JOIN airbooks.document USING (document_id) WHERE operation = 'apply' AND"
        " d.state <> 'delivered' AND NOT EXISTS (SELECT FROM airbooks.exception e WHERE e.delivery_id = d.delivery_id AND e.state = 'open')"
    )
    assert stuck == []


@pytest.mark.airflow
@pytest.mark.parametrize("connection", PLATFORMS)
def test_the_platform_s_payments_are_those_that_were_applied_to_the_cent(connection: str, story: Story) -> None:
    recorded = story.rows(
        "SELECT p.gross_total, p.currency FROM airbooks.delivery d JOIN airbooks.document p USING (document_id)"
        " WHERE d.connection = %s AND d.operation = 'apply' AND d.state = 'delivered' ORDER BY 1",
        connection,
    )
    held = [(each.amount, each.currency) for each in story.sandbox.books(PLATFORMS[connection]).payments if each.status == "posted"]
    assert sorted(held) == recorded
    assert recorded


@pytest.mark.airflow
def test_no_money_is_lost_between_the_bank_and_the_allocations(story: Story) -> None:
    wrong = story.rows(
        """
        SELECT i.incoming_id, i.amount + i.fee, sum(a.amount), p.amount FROM airbooks.incoming_payment i
        JOIN airbooks.allocation a USING (incoming_id)
        JOIN LATERAL (SELECT sum(d.gross_total) AS amount FROM airbooks.document d WHERE d.document_id IN (
            SELECT payment_document_id FROM airbooks.allocation b WHERE b.incoming_id = i.incoming_id)) p ON true
        WHERE a.cancelled_at IS NULL GROUP BY 1, 2, 4 HAVING p.amount <> i.amount + i.fee OR sum(a.amount) > i.amount + i.fee
        """
    )
    assert wrong == []


@pytest.mark.airflow
def test_a_dry_run_of_payments_decides_in_the_log_only(story: Story) -> None:
    dry, real = story.runs["payments dry run"], story.runs["payments"]
    assert dry["state"] == "success", story.log("payments dry run")[-3000:]
    assert dry["returned"]["match"]["applied"] == real["returned"]["match"]["applied"] > 0
    assert (real["returned"]["take_in"], dry["returned"]["tell_sales"]) == ({}, {})
    assert writes(story.asked("payments dry run")) == []


@pytest.mark.airflow
def test_another_payment_run_books_nothing(story: Story) -> None:
    assert story.runs["payments again"]["returned"]["take_in"] == {}
    assert writes(story.asked("payments again")) == []


@pytest.mark.airflow
def test_every_difference_of_the_three_way_reconciliation_has_a_cause(story: Story) -> None:
    assert story.rows("SELECT division FROM airbooks.reconciliation WHERE unexplained > 0") == []
    assert len(story.rows("SELECT DISTINCT division FROM airbooks.reconciliation")) == 4


@pytest.mark.airflow
def test_a_period_that_is_explained_is_locked_by_the_form(story: Story) -> None:
    locked = story.rows("SELECT division, locked_until::text, reason FROM airbooks.period_lock ORDER BY 1")
    assert locked == [(division, "2026-01-31", "January") for division in ("AU", "EU", "UK", "US")], story.log("payments again")[-2000:]


@pytest.mark.airflow
def test_the_sales_system_knows_what_is_paid(story: Story) -> None:
    with psycopg.connect(story.erp) as database:
        told = database.execute("SELECT sum(paid_amount) FROM erp.sales_document").fetchone()
    settled = story.rows(
        "SELECT sum(a.settled) FROM airbooks.allocation a JOIN airbooks.document d USING (document_id) WHERE d.kind = 'invoice'"
    )
    assert told is not None
    assert told[0] == settled[0][0] > 0


@pytest.mark.airflow
def test_reports_are_files_that_a_finance_person_opens(story: Story) -> None:
    shown = story.log("payments")
    assert "The report of US" in shown
    assert ".xlsx and .csv in" in shown
