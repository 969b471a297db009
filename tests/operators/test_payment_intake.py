"""Money in, from files to staging: each movement once, advice with its payment, what is wrong told without holding the rest."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from tests.sources.databases import SqliteDatabase

from airbooks.operators import payment_intake
from airbooks.operators.payment_intake import take_in
from airbooks.payments.settings import PaymentsConfig, load_payments_config
from airbooks.sources import open_database
from airbooks.staging import inbox
from airbooks.staging.answers import Answer, answer
from airbooks.staging.causes import AnswerKind
from airbooks.staging.incoming import read

CONFIG = {
    "sources": "{}\n",
    "mappings": "{}\n",
    "routes": "connections:\n  books_us: { platform: odoo, division: US, currency: USD }\nroutes: []\n",
    "payments": """accounts:
  us_bank: { currency: USD, divisions: [US] }
statements:
  bank:
    path: FOLDER/bank*.csv
    format: table
    account: us_bank
    table: { mapping: { fields: { booked_on: { column: Date, as: date }, amount: { column: Amount, as: amount }, payer_name: Payer } } }
  remittances:
    path: FOLDER/advice*.csv
    format: table
    advice: true
    table:
      key: Payment
      mapping:
        total: sum
        fields:
          source_id: Payment
          booked_on: { column: Date, as: date }
          currency: Currency
          payer_name: Payer
          advice: { each: lines, fields: { document_number: Document, amount: { column: Paid, as: amount } } }
""",
}
BANK = "Date,Amount,Payer\n2026-11-04,100.00,Northwind Tools Ltd\n2026-11-04,50.00,Harbour Air Ltd\n"
ADVICE = (
    "Payment,Date,Currency,Payer,Document,Paid\n"
    "P-1,2026-11-03,USD,Northwind Tools Ltd,US-SI-000001,70.00\n"
    "P-1,2026-11-03,USD,Northwind Tools Ltd,US-SI-000002,30.00\n"
)


@pytest.fixture
def config(tmp_path: Path) -> PaymentsConfig:
    for name, text in CONFIG.items():
        (tmp_path / f"{name}.yaml").write_text(text.replace("FOLDER", str(tmp_path)), "utf-8")
    return load_payments_config(tmp_path)


def amounts(database: psycopg.Connection) -> list[Decimal]:
    return sorted(each.movement.amount for each in read(database, ["new"]))


def lines(database: psycopg.Connection) -> list[str]:
    return [line.document_number for each in read(database, ["new"]) for line in each.movement.advice]


@pytest.mark.parametrize("first", ["bank", "advice"])
def test_advice_is_no_money_and_belongs_to_its_payment_whichever_comes_first(
    database: psycopg.Connection, config: PaymentsConfig, tmp_path: Path, first: str
) -> None:
    files = {"bank": BANK, "advice": ADVICE}
    for name in (first, *(each for each in files if each != first)):
        (tmp_path / f"{name}.csv").write_text(files[name], "utf-8")
        take_in(database, config, f"run-{name}")
    assert amounts(database) == [Decimal("50.00"), Decimal("100.00")]
    assert lines(database) == ["US-SI-000001", "US-SI-000002"]


def test_a_file_that_comes_again_under_another_name_tells_nothing_new(
    database: psycopg.Connection, config: PaymentsConfig, tmp_path: Path
) -> None:
    (tmp_path / "bank.csv").write_text(BANK, "utf-8")
    take_in(database, config, "run-1")
    (tmp_path / "bank copy.csv").write_text(BANK + "2026-11-05,50.00,Harbour Air Ltd\n", "utf-8")
    assert take_in(database, config, "run-2")["new"] == 1
    assert amounts(database) == [Decimal("50.00"), Decimal("50.00"), Decimal("100.00")]


def test_a_line_that_cannot_be_read_holds_no_other(database: psycopg.Connection, config: PaymentsConfig, tmp_path: Path) -> None:
    (tmp_path / "bank.csv").write_text(BANK + "soon,1.00,Nobody\n", "utf-8")
    assert take_in(database, config, "run-1")["wrong"] == 1
    assert amounts(database) == [Decimal("50.00"), Decimal("100.00")]


def open_questions(database: psycopg.Connection) -> int:
    row = database.execute("SELECT count(*) FROM airbooks.exception WHERE state = 'open'").fetchone()
    assert row
    return int(row[0])


def answer_all(database: psycopg.Connection, kind: AnswerKind) -> None:
    for (cause_id,) in database.execute("SELECT cause_id FROM airbooks.exception_cause WHERE state = 'open'").fetchall():
        answer(database, cause_id, Answer(kind=kind, by="accountant", reason="none of ours"))
    database.commit()


def test_a_line_that_a_person_left_out_is_not_asked_about_again(
    database: psycopg.Connection, config: PaymentsConfig, tmp_path: Path
) -> None:
    (tmp_path / "bank.csv").write_text(BANK + "soon,1.00,Nobody\n", "utf-8")
    take_in(database, config, "run-1")
    answer_all(database, AnswerKind.REJECT)
    assert take_in(database, config, "run-2")["wrong"] == 0
    assert open_questions(database) == 0


def test_a_file_that_cannot_be_opened_is_asked_about_and_holds_up_no_other(
    database: psycopg.Connection, config: PaymentsConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bank-1.csv").write_text(BANK, "utf-8")
    (tmp_path / "bank-2.csv").write_text(BANK, "utf-8")
    opened = Path.read_bytes

    def closed(path: Path) -> bytes:  # root may open any file, so its mode would not do
        if path.name == "bank-1.csv":
            raise PermissionError(13, "Permission denied")
        return opened(path)

    monkeypatch.setattr(Path, "read_bytes", closed)
    tally = take_in(database, config, "run-1")
    assert (tally["new"], tally["wrong"], open_questions(database)) == (2, 1, 1)


PROVIDER = """providers:
  stripe:
    account: us_bank
    event: type
    events: { paid: receipt }
    mapping: { fields: { source_id: id, booked_on: { column: on, as: date }, amount: { column: amount, as: amount }, currency: unit } }
"""


@pytest.fixture
def with_provider(config: PaymentsConfig, tmp_path: Path) -> PaymentsConfig:
    (tmp_path / "payments.yaml").write_text((tmp_path / "payments.yaml").read_text("utf-8") + PROVIDER, "utf-8")
    return load_payments_config(tmp_path)


def tell(database: psycopg.Connection, event_id: str, on: str) -> None:
    body = json.dumps({"type": "paid", "id": f"ch-{event_id}", "on": on, "amount": "7.00", "unit": "USD"}).encode()
    inbox.put(database, inbox.Arrival(source="stripe", event_id=event_id, signed_at=datetime.now(UTC), body=body))
    database.commit()


def test_each_event_that_cannot_be_used_is_a_question_of_its_own(database: psycopg.Connection, with_provider: PaymentsConfig) -> None:
    for event_id, on in (("e-1", "soon"), ("e-2", "soon"), ("e-3", "2026-11-04")):
        tell(database, event_id, on)
    tally = take_in(database, with_provider, "run-1")
    assert (tally["new"], tally["wrong"], open_questions(database)) == (1, 2, 2)


def test_an_event_is_taken_once_more_when_a_person_answers_retry(database: psycopg.Connection, with_provider: PaymentsConfig) -> None:
    tell(database, "e-1", "soon")
    take_in(database, with_provider, "run-1")
    database.execute(
        "UPDATE airbooks.inbox_event SET body = jsonb_set(body, '{on}', '\"2026-11-04\"')"
    )  # as a mended mapping would read it
    assert take_in(database, with_provider, "run-2")["new"] == 0
    answer_all(database, AnswerKind.RETRY)
    assert take_in(database, with_provider, "run-3")["new"] == 1
    assert (amounts(database), open_questions(database)) == ([Decimal("7.00")], 0)


TREASURY = """databases:
  treasury:
    connection: treasury
    account: us_bank
    header: SELECT id, paid_on, amount, changed_at FROM payment
    columns: { id: id, changed_at: changed_at }
    mapping: { fields: { booked_on: { column: paid_on, as: date }, amount: { column: amount, as: amount } } }
"""


def test_a_row_that_cannot_be_read_is_read_again_until_it_is_mended(
    database: psycopg.Connection, config: PaymentsConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "payments.yaml").write_text((tmp_path / "payments.yaml").read_text("utf-8") + TREASURY, "utf-8")
    with_treasury, file = load_payments_config(tmp_path), tmp_path / "treasury.db"
    monkeypatch.setattr(payment_intake, "open_database", lambda name, settings: open_database(name, settings, SqliteDatabase(file)))
    with sqlite3.connect(file) as treasury:
        treasury.execute("CREATE TABLE payment (id TEXT, paid_on TEXT, amount TEXT, changed_at TEXT)")
        treasury.execute("INSERT INTO payment VALUES ('1', 'soon', '9.00', '2026-11-02 10:00:00')")
    assert take_in(database, with_treasury, "run-1")["wrong"] == 1
    assert take_in(database, with_treasury, "run-2")["wrong"] == 1
    assert open_questions(database) == 1
    with sqlite3.connect(file) as treasury:
        treasury.execute("UPDATE payment SET paid_on = '2026-11-02'")
    assert take_in(database, with_treasury, "run-3")["new"] == 1
    assert (amounts(database), open_questions(database)) == ([Decimal("9.00")], 0)
