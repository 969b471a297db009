"""Month-end: what was reconciled and locked stays as it is, and every later change inside waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pytest
from tests.sources.databases import PostgresDatabase
from tests.staging.rows import one

from airbooks.config import Config, load_config
from airbooks.erp.generate import fill
from airbooks.operators import intake
from airbooks.operators.form import RunForm
from airbooks.paths import INCLUDE
from airbooks.payments.differences import Setting
from airbooks.payments.reconciling import Stored, reconcile_division
from airbooks.payments.sales_ledger import load_sales_ledgers
from airbooks.sources import open_source
from airbooks.staging import audit, exceptions, planning
from airbooks.staging.periods import Lock, PeriodError, lock, locked_until, unlock

ANCHOR = date(2026, 11, 20)
OCTOBER = Setting(division="UK", starts_on=date(2026, 9, 1), ends_on=date(2026, 10, 31))
PERSON = "auditor@example.com"


@pytest.fixture
def erp(empty_postgres_url: str) -> str:
    fill(empty_postgres_url, anchor=ANCHOR)
    return empty_postgres_url


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(INCLUDE / "config")


@pytest.fixture
def database(postgres_url: str, erp: str, config: Config) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url) as connection:
        take_in(connection, erp, config)
        yield connection


def take_in(database: psycopg.Connection, erp: str, config: Config, form: RunForm | None = None) -> None:
    intake.extract(database, open_source(config.sources["erp"], PostgresDatabase(erp)), form or RunForm(), "run")
    intake.stage(database, config, form or RunForm(), "run")


def reconciled(database: psycopg.Connection, erp: str, setting: Setting = OCTOBER) -> Stored:
    return reconcile_division(database, setting, load_sales_ledgers(INCLUDE / "config")["erp"].open(PostgresDatabase(erp)), "run")


def locked(database: psycopg.Connection, erp: str) -> Lock:
    reconciled(database, erp)
    made = lock(database, "UK", OCTOBER.ends_on, by=PERSON, reason="October is closed")
    database.commit()
    return made


def change(erp: str, statement: str, *values: Any) -> None:
    with psycopg.connect(erp) as connection:
        connection.execute(statement, values)


def state(database: psycopg.Connection, number: str) -> tuple[str, list[str]]:
    row = database.execute(
        "SELECT d.state, array_remove(array_agg(DISTINCT e.code), NULL) FROM airbooks.document d LEFT JOIN airbooks.exception e"
        " ON e.raw_id = d.raw_id AND e.state = 'open' WHERE d.number = %s AND d.is_current GROUP BY 1",
        [number],
    ).fetchone()
    assert row
    return row[0], row[1]


INSIDE = (
    "SELECT number FROM airbooks.document WHERE division = 'UK' AND state = 'valid' AND kind = 'invoice'"
    " AND issue_date BETWEEN '2026-10-01' AND '2026-10-31' ORDER BY number LIMIT 1"
)
NOTE = "UPDATE erp.sales_document SET note = 'a word more' WHERE document_number = %s"


@pytest.mark.parametrize("division", ["US", "UK", "AU", "EU"])
def test_the_demos_sales_leave_nothing_unexplained(database: psycopg.Connection, erp: str, division: str) -> None:
    found = reconciled(database, erp, replace(OCTOBER, division=division, ends_on=ANCHOR)).found
    assert found.unreconciled == ()
    assert all(line.sales is not None for line in found.lines)
    assert found.differences


def test_a_lock_needs_a_reconciliation_of_that_day(database: psycopg.Connection) -> None:
    with pytest.raises(PeriodError, match="has not been reconciled"):
        lock(database, "UK", OCTOBER.ends_on, by=PERSON, reason="October is closed")


def test_a_lock_needs_every_difference_explained(database: psycopg.Connection, erp: str) -> None:
    number = one(database, INSIDE)
    change(erp, "DELETE FROM erp.sales_document WHERE document_number = %s", number)
    reconciled(database, erp)
    with pytest.raises(PeriodError, match="unexplained"):
        lock(database, "UK", OCTOBER.ends_on, by=PERSON, reason="October is closed")


@pytest.mark.parametrize("act", [lock, unlock])
def test_both_ways_need_a_reason(database: psycopg.Connection, act: Any) -> None:
    with pytest.raises(PeriodError, match="Say why"):
        act(database, "UK", OCTOBER.ends_on, by=PERSON, reason=" ")


def test_a_lock_is_there_once_and_is_in_the_audit_trail(database: psycopg.Connection, erp: str) -> None:
    made = locked(database, erp)
    with pytest.raises(PeriodError, match="already"):
        lock(database, "UK", OCTOBER.ends_on, by=PERSON, reason="again")
    assert dict(locked_until(database)) == {"UK": OCTOBER.ends_on}
    row = database.execute("SELECT actor, detail FROM airbooks.audit_event WHERE action = 'period locked'").fetchone()
    assert row == (
        PERSON,
        {"division": "UK", "locked_until": "2026-10-31", "reason": "October is closed", "reconciliation": made.reconciliation_id},
    )
    assert audit.verify(database) == []


def test_a_change_inside_is_an_exception_and_the_accepted_revision_stays_delivered(
    database: psycopg.Connection, erp: str, config: Config
) -> None:
    number = one(database, INSIDE)
    locked(database, erp)
    change(erp, NOTE, number)
    take_in(database, erp, config)
    assert state(database, number) == ("exception", ["AB-PERIOD-LOCKED"])
    says = one(database, "SELECT says FROM airbooks.exception WHERE code = 'AB-PERIOD-LOCKED'")
    assert says == (
        f"Invoice {number}: the books of UK were reconciled until 2026-10-31 and are locked; it is dated inside, and is new or changed."
    )


def test_what_was_accepted_before_is_untouched_also_when_it_is_read_again(database: psycopg.Connection, erp: str, config: Config) -> None:
    valid = "SELECT count(*) FROM airbooks.document WHERE division = 'UK' AND state = 'valid' AND is_current"
    before = one(database, valid)
    locked(database, erp)
    take_in(database, erp, config, RunForm(divisions=("UK",), force=True, reason="to be sure"))
    assert one(database, valid) == before


def test_what_waited_for_a_person_when_the_period_was_locked_is_not_posted_into_it(
    database: psycopg.Connection, erp: str, config: Config
) -> None:
    waiting = "SELECT number FROM airbooks.document WHERE division = 'UK' AND state = 'exception' AND issue_date <= '2026-10-31' LIMIT 1"
    number = one(database, waiting)
    locked(database, erp)
    take_in(database, erp, config, RunForm(documents=(number,), force=True, reason="to be sure"))
    assert "AB-PERIOD-LOCKED" in state(database, number)[1]


def test_a_document_that_is_moved_out_of_the_period_is_an_exception_too(database: psycopg.Connection, erp: str, config: Config) -> None:
    number = one(database, INSIDE)
    locked(database, erp)
    change(erp, "UPDATE erp.sales_document SET issue_date = '2026-11-03', due_date = '2026-12-03' WHERE document_number = %s", number)
    take_in(database, erp, config)
    assert state(database, number) == ("exception", ["AB-PERIOD-LOCKED"])


def test_a_cancellation_inside_is_an_exception_and_plans_no_void(database: psycopg.Connection, erp: str, config: Config) -> None:
    number = one(database, INSIDE)
    platforms = {name: each.platform for name, each in config.connections.items()}
    planning.plan(database, platforms, "run")
    locked(database, erp)
    change(erp, "UPDATE erp.sales_document SET status = 'cancelled' WHERE document_number = %s", number)
    take_in(database, erp, config)
    planning.plan(database, platforms, "run")
    assert state(database, number) == ("exception", ["AB-PERIOD-LOCKED"])
    assert one(database, "SELECT count(*) FROM airbooks.delivery WHERE operation = 'void'") == 0


def test_another_division_and_the_days_after_stay_open(database: psycopg.Connection, erp: str, config: Config) -> None:
    outside = "SELECT number FROM airbooks.document WHERE state = 'valid' AND {} ORDER BY number LIMIT 1"
    numbers = [one(database, outside.format(where)) for where in ("division = 'US'", "division = 'UK' AND issue_date > '2026-10-31'")]
    locked(database, erp)
    for number in numbers:
        change(erp, NOTE, number)
    take_in(database, erp, config)
    assert [state(database, number) for number in numbers] == [("valid", []), ("valid", [])]


def test_a_posting_date_after_the_lock_lets_a_change_pass(database: psycopg.Connection, erp: str, config: Config) -> None:
    number = one(database, INSIDE)
    locked(database, erp)
    change(erp, NOTE, number)
    take_in(database, erp, config)
    cause = one(database, "SELECT cause_id FROM airbooks.exception WHERE code = 'AB-PERIOD-LOCKED'")
    view = exceptions.describe(database, cause)
    assert view.posting_date == date(2026, 11, 1)
    override = exceptions.AnswerKind.OVERRIDE
    given = exceptions.Answer(kind=override, posting_date=view.posting_date, reason="agreed with the auditor", by=PERSON)
    exceptions.answer(database, cause, given)
    database.commit()
    intake.stage(database, config, RunForm(), "run")
    assert state(database, number) == ("valid", [])
    assert one(database, "SELECT body ->> 'posting_date' FROM airbooks.document WHERE number = %s AND is_current", number) == "2026-11-01"


def test_an_unlocked_period_takes_changes_again_and_earlier_locks_stand(database: psycopg.Connection, erp: str, config: Config) -> None:
    number = one(database, INSIDE)
    reconciled(database, erp, replace(OCTOBER, ends_on=date(2026, 9, 30)))
    lock(database, "UK", date(2026, 9, 30), by=PERSON, reason="September is closed")
    locked(database, erp)
    lifted = unlock(database, "UK", date(2026, 10, 1), by=PERSON, reason="a late credit note")
    database.commit()
    assert [each.locked_until for each in lifted] == [OCTOBER.ends_on]
    assert dict(locked_until(database)) == {"UK": date(2026, 9, 30)}
    change(erp, NOTE, number)
    take_in(database, erp, config)
    assert state(database, number) == ("valid", [])
    assert one(database, "SELECT count(*) FROM airbooks.audit_event WHERE action = 'period unlocked'") == 1
    with pytest.raises(PeriodError, match="not locked"):
        unlock(database, "UK", date(2026, 10, 1), by=PERSON, reason="once more")
