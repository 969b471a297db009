"""payments.yaml: right or refused with file and line, read again only when it changes."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from airbooks.paths import INCLUDE
from airbooks.payments.settings import PaymentsConfig, load_payments_config
from airbooks.sources.bank.movement import Batches, Debits
from airbooks.yaml_file import ConfigError

OTHERS = {
    "sources": "{}\n",
    "mappings": "{}\n",
    "routes": "connections:\n  books_us: { platform: odoo, division: US, currency: USD }\nroutes: []\n",
}
PAYMENTS = """accounts:
  us_bank: { names: ["001 234"], currency: USD, divisions: [US], ledger: { books_us: 1000 } }
  cards: { currency: USD, divisions: US }
statements:
  daily: { path: $AIRBOOKS_STATE/bank/*.bai, format: bai2, debits: all, batches: one, check_totals: false, max_megabytes: 5 }
  export:
    path: s3://bank/us/*.csv
    format: table
    account: us_bank
    table: { key: Payment, options: { sep: ";" }, mapping: { fields: { booked_on: Date, amount: { column: Paid, as: amount } } } }
databases:
  treasury:
    connection: treasury
    header: SELECT 1
    columns: { id: id, changed_at: changed_at }
    account: us_bank
    mapping: { fields: { booked_on: paid_on, amount: amount } }
providers:
  card:
    account: cards
    event: type
    events: { paid: receipt, disputed: charge_back }
    mapping: { minor_units: true, fields: { source_id: id, booked_on: day, amount: net, currency: currency } }
matching: { apply_from: 0.98, most_in_a_sum: 4, withholding_customers: [C-1, C-2] }
status: { source: shop, type: sql, connection: erp, statement: "UPDATE invoice SET open = :open WHERE number = :number" }
"""


def write(folder: Path, text: str = PAYMENTS) -> Path:
    for name, content in {**OTHERS, "payments": text}.items():
        (folder / f"{name}.yaml").write_text(content, "utf-8")
    return folder


@pytest.fixture
def config(tmp_path: Path) -> PaymentsConfig:
    return load_payments_config(write(tmp_path))


def test_an_account_is_known_by_every_name_that_statements_use(config: PaymentsConfig) -> None:
    reading = config.statements["daily"].reading
    assert reading.account("001234") == reading.account("001 234 ") == reading.account("us_bank") == "us_bank"
    assert config.bank_account("us_bank", "books_us") == "1000"
    assert config.bank_account("us_bank", "other") == config.bank_account("unknown", "books_us") == ""


def test_a_feed_says_where_its_files_lie_and_how_they_are_read(config: PaymentsConfig) -> None:
    daily, export = config.statements["daily"], config.statements["export"]
    assert daily.path.endswith("/bank/*.bai")
    assert "$" not in daily.path
    assert (daily.reading.debits, daily.reading.batches, daily.reading.max_megabytes) == (Debits.ALL, Batches.ONE, 5)
    assert (daily.reading.check_totals, export.reading.check_totals) == (False, True)
    assert export.path == "s3://bank/us/*.csv"
    assert export.table is not None
    assert (export.table.key, export.table.options, export.table.defaults["currency"]) == ("Payment", {"sep": ";"}, "USD")


def test_files_of_advice_need_no_account(tmp_path: Path) -> None:
    text = PAYMENTS.replace("    account: us_bank\n    table", "    advice: true\n    table").replace(
        "booked_on: Date,", "booked_on: Date, currency: C,"
    )
    feed = load_payments_config(write(tmp_path, text)).statements["export"]
    assert (feed.is_advice, feed.table and feed.table.defaults) == (True, {"account": ""})


def test_matching_has_what_is_said_and_defaults_for_the_rest(config: PaymentsConfig) -> None:
    assert (config.matching.apply_from, config.matching.most_in_a_sum, config.matching.tolerance_minor) == (Decimal("0.98"), 4, 5)
    assert config.matching.withholding_customers == {"C-1", "C-2"}
    assert config.status is not None
    assert (config.status.source, config.status.connection) == ("shop", "erp")


def test_files_are_found_by_their_pattern_and_read(tmp_path: Path) -> None:
    folder = tmp_path / "bank" / "2026"
    folder.mkdir(parents=True)
    for name in ("b.csv", "a.csv", "c.txt"):
        (folder / name).write_text("Payment;Date;Paid\nP-1;2026-11-02;10.00\n", "utf-8")
    text = PAYMENTS.replace("s3://bank/us/*.csv", f"{tmp_path}/bank/*/*.csv")
    text = text.replace("booked_on: Date", "booked_on: { column: Date, as: date }")
    feed = load_payments_config(write(tmp_path, text)).statements["export"]
    files = list(feed.files())
    assert [each.name for each in files] == ["a.csv", "b.csv"]
    (found,) = feed.read(files[0])
    assert getattr(found, "amount", None) == Decimal("10.00"), found


def test_the_file_is_read_again_when_it_changes_and_only_then(tmp_path: Path) -> None:
    first = load_payments_config(write(tmp_path))
    assert load_payments_config(tmp_path) is first
    write(tmp_path, PAYMENTS.replace("0.98", "0.9"))
    assert load_payments_config(tmp_path).matching.apply_from == Decimal("0.9")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("divisions: [US]", "divisions: [UK]", "payments.yaml:2: no division 'UK'; known: US"),
        ("{ books_us: 1000 }", "{ book_us: 1000 }", "payments.yaml:2: no connection 'book_us' (did you mean 'books_us'?)"),
        ("currency: USD, divisions: US }", "currency: XXX, divisions: US }", "payments.yaml:3: 'XXX' is not a currency"),
        (
            "  cards: { currency",
            '  cards: { names: ["001234"], currency',
            "payments.yaml:3: '001234' is a name of account 'us_bank' already",
        ),
        ("format: bai2", "format: bai", "payments.yaml:5: no format 'bai' (did you mean 'bai2'?)"),
        ("debits: all", "debits: some", "payments.yaml:5: 'some' is none of returns, all"),
        ("max_megabytes: 5", "max_megabytes: lots", "payments.yaml:5: 'lots' is not a whole number"),
        ("account: us_bank\n    table", "account: us_bnk\n    table", "payments.yaml:9: no account 'us_bnk' (did you mean 'us_bank'?)"),
        ("amount: { column: Paid, as: amount }", "amont: Paid", "payments.yaml:10: there is no canonical field 'amont'"),
        ("format: table", "format: camt", "payments.yaml:7: `table` describes the columns"),
        ("header: SELECT 1", "heder: SELECT 1", "payments.yaml:13: 'header' is missing"),
        ("source_id: id, ", "", "payments.yaml:20: the field 'source_id' is required and not mapped"),
        ("disputed: charge_back", "disputed: chargeback", "payments.yaml:22: 'chargeback' is none of receipt, refund, charge_back"),
        ("apply_from: 0.98", "apply_from: 98", "payments.yaml:24: `apply_from` is a confidence from 0 to 1"),
        ("apply_from: 0.98", "aply_from: 0.98", "payments.yaml:24: unknown key 'aply_from' (did you mean 'apply_from'?)"),
        ("type: sql", "type: rest", "payments.yaml:25: a writer of type rest needs `path`"),
        ("accounts:\n", "acounts:\n", "payments.yaml:2: unknown key 'acounts' (did you mean 'accounts'?)"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in PAYMENTS
    with pytest.raises(ConfigError) as error:
        load_payments_config(write(tmp_path, PAYMENTS.replace(old, new, 1)))
    found = [line.removeprefix(f"{tmp_path}/") for line in str(error.value).splitlines()]
    assert [line for line in found if line.startswith(problem)], found


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "payments.yaml").unlink()
    with pytest.raises(ConfigError, match=r"payments\.yaml:1: the file is missing"):
        load_payments_config(tmp_path)


def test_the_shipped_configuration_is_right() -> None:
    config = load_payments_config(INCLUDE / "config")
    assert {account.currency for account in config.accounts.values()} == {"USD", "GBP", "AUD", "EUR"}
    assert {feed.format for feed in config.statements.values()} == {"bai2", "mt940", "camt", "table"}


def test_a_dag_file_can_ask_without_importing_airflow_pandas_or_a_database_driver() -> None:
    code = "import sys, airbooks.payments.settings; print([each for each in ('airflow', 'pandas', 'psycopg') if each in sys.modules])"
    path = os.pathsep.join(each for each in sys.path if each)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path})
    assert done.stdout.strip() == "[]"
