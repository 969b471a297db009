"""Money in, from files to staging: each movement once, advice with its payment, what is wrong told without holding the rest."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from airbooks.operators.payment_intake import take_in
from airbooks.payments.settings import PaymentsConfig, load_payments_config
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
def database(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url) as connection:
        yield connection


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
