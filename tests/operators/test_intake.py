"""From the sales system to staged revisions: nothing dropped, each damage one exception, the good ones on their way."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from airbooks.config import Config, load_config
from airbooks.erp.generate import fill
from airbooks.operators import intake
from airbooks.operators.form import RunForm
from airbooks.paths import INCLUDE
from airbooks.runtime.postgres import Cluster
from airbooks.sources import Source, open_source
from airbooks.staging import audit, documents, exceptions, planning

ANCHOR = date(2026, 11, 20)


class ErpHook:
    """What a source needs of an Airflow database hook."""

    placeholder = "%s"

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def get_conn(self) -> Any:
        return psycopg.connect(self.dsn)


@pytest.fixture(scope="module")
def erp(postgres_server: Cluster) -> str:
    postgres_server.ensure_database("erp_of_intake")
    dsn = postgres_server.url("erp_of_intake")
    fill(dsn, anchor=ANCHOR)
    return dsn


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(INCLUDE / "config")


@pytest.fixture
def source(erp: str, config: Config) -> Source:
    return open_source(config.sources["erp"], ErpHook(erp))


def take_in(database: psycopg.Connection, source: Source, config: Config, form: RunForm | None = None, run: str = "run") -> Counter[str]:
    form = form or RunForm()
    return intake.extract(database, source, form, run) + intake.stage(database, config, form, run)


def planted(erp: str) -> dict[str, str]:
    with psycopg.connect(erp) as connection:
        rows = connection.execute("SELECT document_number, kind FROM erp.planted_damage WHERE ends_in = 'exception'").fetchall()
    return dict(rows)


def test_every_document_is_a_revision_or_an_exception(database: psycopg.Connection, source: Source, config: Config, erp: str) -> None:
    tally = take_in(database, source, config)
    assert tally["read"] == tally["new or changed"] == 600
    assert tally["valid"] + tally["exception"] + tally["unreadable"] == 600
    waiting = database.execute("SELECT count(*) FROM airbooks.raw_document WHERE staged_at IS NULL").fetchone()
    assert waiting == (0,)
    lines, taxes = (database.execute(f"SELECT count(*) FROM airbooks.{table}").fetchone() for table in ("document_line", "document_tax"))
    assert lines
    assert taxes
    assert lines[0] > 2_000
    assert taxes[0] >= 598
    assert audit.verify(database) == []


def test_each_kind_of_damage_ends_in_exactly_one_exception(database: psycopg.Connection, source: Source, config: Config, erp: str) -> None:
    take_in(database, source, config)
    rows = database.execute(
        "SELECT number, count(*), min(says), min(fix) FROM airbooks.exception WHERE state = 'open' GROUP BY 1"
    ).fetchall()
    found = {number: (count, says, fix) for number, count, says, fix in rows}
    damaged = planted(erp)
    assert {number: count for number, (count, _, _) in found.items()} == dict.fromkeys(damaged, 1), damaged
    for number, (_, says, fix) in found.items():
        assert number in says, f"{says!r} does not name {number}"
        assert len(fix) > 20


def test_the_good_documents_of_the_same_chunk_are_planned(database: psycopg.Connection, source: Source, config: Config, erp: str) -> None:
    tally = take_in(database, source, config)
    planned = planning.plan(database, {name: each.platform for name, each in config.connections.items()}, "run")
    assert planned == tally["valid"] == 600 - len(planted(erp))


def test_a_second_run_reads_the_overlap_and_changes_nothing(database: psycopg.Connection, source: Source, config: Config) -> None:
    take_in(database, source, config)
    before = database.execute("SELECT count(*), max(document_id) FROM airbooks.document").fetchone()
    again = take_in(database, source, config, run="second")
    assert again["new or changed"] == 0
    assert database.execute("SELECT count(*), max(document_id) FROM airbooks.document").fetchone() == before


def test_a_form_with_numbers_reads_only_them_and_leaves_the_watermark(database: psycopg.Connection, source: Source, config: Config) -> None:
    tally = take_in(database, source, config, RunForm(documents=("US-SI-000003", "UK-SI-000004")))
    assert tally["read"] == 2
    assert documents.read_watermark(database, "erp") is None


def test_the_watermark_is_the_sources_time_and_never_moves_back(database: psycopg.Connection, source: Source, config: Config) -> None:
    take_in(database, source, config)
    first = documents.read_watermark(database, "erp")
    assert first
    assert datetime.now(UTC) - first < timedelta(minutes=5)
    documents.move_watermark(database, "erp", first - timedelta(days=1), "late")
    assert documents.read_watermark(database, "erp") == first


def test_a_posting_date_override_opens_a_closed_period_and_is_in_the_audit_trail(
    database: psycopg.Connection, source: Source, config: Config, erp: str
) -> None:
    take_in(database, source, config)
    (number,) = (number for number, kind in planted(erp).items() if kind == "closed_period")
    form = RunForm(documents=(number,), posting_date=date(2026, 11, 2), force=True, reason="the auditor agreed")
    tally = take_in(database, source, config, form, run="manual")
    assert tally["valid"] == 1
    row = database.execute(
        "SELECT state, body->>'posting_date', body->>'issue_date' FROM airbooks.document WHERE number = %s AND is_current", (number,)
    ).fetchone()
    assert row
    assert row[:2] == ("valid", "2026-11-02")
    assert row[2] < "2026-01-01"
    told = database.execute("SELECT detail->'overrides'->>'reason' FROM airbooks.audit_event WHERE actor = 'manual'").fetchone()
    assert told == ("the auditor agreed",)
    assert database.execute("SELECT count(*) FROM airbooks.exception WHERE number = %s AND state = 'open'", (number,)).fetchone() == (0,)


def test_an_answered_mapping_releases_every_document_that_waits_for_it(
    database: psycopg.Connection, source: Source, config: Config
) -> None:
    take_in(database, source, config)
    row = database.execute("SELECT cause_id FROM airbooks.exception_cause WHERE subject = 'tax_code:AU-GST15'").fetchone()
    assert row
    outcome = exceptions.answer(
        database,
        row[0],
        exceptions.Answer(kind=exceptions.AnswerKind.MAP, round=1, by="a finance engineer", map_to="GST 10%"),
    )
    assert outcome.documents == 3
    tally = intake.stage(database, config, RunForm(), "next run")
    assert tally["valid"] == 3
    assert database.execute("SELECT state FROM airbooks.exception_cause WHERE cause_id = %s", row).fetchone() == ("closed",)


def test_a_changed_document_is_a_new_revision_and_the_old_one_stays(
    database: psycopg.Connection, config: Config, empty_postgres_url: str
) -> None:
    fill(empty_postgres_url, documents=40, anchor=ANCHOR)
    source = open_source(config.sources["erp"], ErpHook(empty_postgres_url))
    take_in(database, source, config)
    row = database.execute("SELECT number, source_id FROM airbooks.document WHERE state = 'valid' AND kind = 'invoice' LIMIT 1").fetchone()
    assert row
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute("UPDATE erp.sales_document SET note = 'Deliver to gate 4' WHERE document_number = %s", (row[0],))
    tally = take_in(database, source, config, run="second")
    assert tally["new or changed"] == 1
    revisions = database.execute(
        "SELECT revision, is_current FROM airbooks.document WHERE source_id = %s ORDER BY revision", (row[1],)
    ).fetchall()
    assert revisions == [(1, False), (2, True)]


def test_a_document_that_the_sales_system_took_back_is_voided_where_it_went(
    database: psycopg.Connection, source: Source, config: Config, erp: str
) -> None:
    platforms = {name: each.platform for name, each in config.connections.items()}
    take_in(database, source, config)
    planning.plan(database, platforms, "run")
    row = database.execute(
        "SELECT delivery_id, number FROM airbooks.delivery JOIN airbooks.document USING (document_id) LIMIT 1"
    ).fetchone()
    assert row
    for state in ("sending", "delivered"):
        database.execute("UPDATE airbooks.delivery SET state = %s, remote_id = '17' WHERE delivery_id = %s", (state, row[0]))
    cancel = "UPDATE erp.sales_document SET status = %s, changed_at = clock_timestamp() WHERE document_number = %s"
    with psycopg.connect(erp) as sales:
        sales.execute(cancel, ("cancelled", row[1]))
    try:
        tally = take_in(database, source, config, run="second")
        planning.plan(database, platforms, "second")
    finally:
        with psycopg.connect(erp) as sales:
            sales.execute(cancel, ("posted", row[1]))
    assert tally["cancelled"] == 1
    voids = database.execute(
        "SELECT number, delivery.state FROM airbooks.delivery JOIN airbooks.document USING (document_id) WHERE operation = 'void'"
    )
    assert voids.fetchall() == [(row[1], "pending")]
