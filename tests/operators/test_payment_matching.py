"""A run of matching over staging: what it decides at once, what it leaves alone, what it never locks."""

from __future__ import annotations

import logging
from datetime import date
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from tests.staging.settling import Books

from airbooks.canonical import IncomingPayment
from airbooks.operators.payment_matching import match_all
from airbooks.payments.settings import PaymentsConfig, load_payments_config
from airbooks.staging import incoming

PAID = date(2026, 3, 20)
CONFIG = {
    "sources": "{}\n",
    "mappings": "{}\n",
    "routes": "connections:\n  odoo_au: { platform: odoo, division: AU, currency: AUD }\nroutes: []\n",
    "payments": "accounts:\n  au_bank: { currency: AUD, divisions: [AU], ledger: { odoo_au: BANK } }\n",
}


@pytest.fixture
def config(tmp_path: Path) -> PaymentsConfig:
    for name, text in CONFIG.items():
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    return load_payments_config(tmp_path)


def paid(number: str, amount: str = "100.00") -> IncomingPayment:
    return IncomingPayment(
        source="bank",
        source_id=number,
        account="au_bank",
        fingerprint=number,
        booked_on=PAID,
        amount=Decimal(amount),
        currency="AUD",
        customer_code="C-1",
        references=(number,),
        bank_reference=number,
    )


def arrive(database: psycopg.Connection, *movements: IncomingPayment) -> None:
    incoming.store(database, movements, "test")
    database.commit()


def states(database: psycopg.Connection) -> list[str]:
    return [row[0] for row in database.execute("SELECT state FROM airbooks.incoming_payment ORDER BY incoming_id").fetchall()]


def test_many_payments_are_written_at_once_and_each_settles_its_own_invoice(database: psycopg.Connection, config: PaymentsConfig) -> None:
    books = Books(database)
    numbers = [f"AU-SI-{serial:06}" for serial in range(1, 31)]
    for number in numbers:
        books.sell(number)
    arrive(database, *map(paid, numbers))
    assert match_all(database, config, PAID, "run")["applied"] == 30
    rows = database.execute(
        "SELECT a.number, i.source_id, p.preceding, p.body ->> 'bank_account', p.gross_total, p.revision FROM airbooks.allocation a"
        " JOIN airbooks.incoming_payment i USING (incoming_id) JOIN airbooks.document p ON p.document_id = a.payment_document_id ORDER BY 1"
    ).fetchall()
    assert rows == [(number, number, [number], "BANK", Decimal("100.00"), 1) for number in numbers]
    assert match_all(database, config, PAID, "again")["applied"] == 0


def test_a_dry_run_says_what_it_would_decide_and_keeps_nothing(
    database: psycopg.Connection, config: PaymentsConfig, caplog: pytest.LogCaptureFixture
) -> None:
    Books(database).sell("AU-SI-000001")
    arrive(database, paid("AU-SI-000001"), paid("AU-SI-000009", "77.70"))
    with caplog.at_level(logging.INFO, "airflow.task.airbooks.payments"):
        assert match_all(database, config, PAID, "run", keep=False)["applied"] == 1
    assert any("apply AU-SI-000001" in record.getMessage() for record in caplog.records)
    database.rollback()
    assert states(database) == ["new", "new"]
    for table in ("allocation", "exception"):
        assert database.execute(f"SELECT count(*) FROM airbooks.{table} WHERE true").fetchone() == (0,), table
    assert match_all(database, config, PAID, "run")["applied"] == 1


def test_what_stayed_on_account_here_pays_an_invoice_that_comes_later(database: psycopg.Connection, config: PaymentsConfig) -> None:
    arrive(database, paid("AU-SI-000001"))
    database.execute("UPDATE airbooks.incoming_payment SET state = 'on_account'")
    match_all(database, config, PAID, "run-1")
    assert states(database) == ["on_account"]
    assert database.execute("SELECT count(*) FROM airbooks.exception").fetchone() == (0,)
    Books(database).sell("AU-SI-000001")
    assert match_all(database, config, PAID, "run-2")["applied"] == 1
    assert states(database) == ["matched"]


def test_what_a_platform_booked_on_account_is_not_matched_again(database: psycopg.Connection, config: PaymentsConfig) -> None:
    books = Books(database)
    books.pay([(books.sell("AU-SI-000001"), "100.00")])
    database.execute("UPDATE airbooks.incoming_payment SET state = 'on_account'")
    books.sell("AU-SI-000002")
    assert match_all(database, config, PAID, "run")["applied"] == 0


def test_a_payment_of_a_locked_period_is_applied_by_nobody_but_a_person(database: psycopg.Connection, config: PaymentsConfig) -> None:
    Books(database).sell("AU-SI-000001")
    database.execute(
        "INSERT INTO airbooks.reconciliation (division, starts_on, ends_on, tolerance, differences, unexplained, content_hash, made_by)"
        " VALUES ('AU', '2026-03-01', '2026-03-31', 0, 0, 0, 'h', 'run')"
    )
    database.execute(
        "INSERT INTO airbooks.period_lock (division, locked_until, by, reason, reconciliation_id)"
        " SELECT 'AU', '2026-03-31', 'accountant', 'closed', reconciliation_id FROM airbooks.reconciliation"
    )
    arrive(database, paid("AU-SI-000001"))
    assert match_all(database, config, PAID, "run")["reviewed"] == 1
    row = database.execute("SELECT reason FROM airbooks.incoming_payment").fetchone()
    assert row
    assert row[0].endswith("; but the books are locked until 2026-03-31")
