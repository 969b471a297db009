"""Payments out of a database: through the same reading as documents, by their own ids."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

from tests.sources.bank.declared import mapping
from tests.sources.bank.statements import parted
from tests.sources.databases import SqliteDatabase

from airbooks.sources import Selection, SqlSource
from airbooks.sources.bank.movement import Reading
from airbooks.sources.bank.sql import read_sql
from airbooks.sources.database import Columns

MAPPING = mapping(
    """
    fields:
      booked_on: { column: paid_on, as: date }
      amount: { column: amount, as: number }
      currency: currency
      customer_code: customer
    """,
    "account",
    "source_id",
)


def source(file: Path) -> SqlSource:
    return SqlSource(
        name="treasury",
        hook=SqliteDatabase(file),
        header="SELECT id, paid_on, amount, currency, customer, changed_at FROM payment",
        children={},
        columns=Columns(id="id", changed_at="changed_at"),
    )


def test_rows_are_movements_by_their_id_and_a_bad_one_holds_no_other(tmp_path: Path) -> None:
    file = tmp_path / "treasury.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE payment (id TEXT, paid_on TEXT, amount TEXT, currency TEXT, customer TEXT, changed_at TEXT)")
        rows = [("1", "2026-11-02", "97.10", "USD", "C-1"), ("2", "soon", "1", "USD", "C-1"), ("3", "2026-11-02", "97.10", "USD", "C-1")]
        connection.executemany("INSERT INTO payment VALUES (?, ?, ?, ?, ?, '2026-11-02 10:00:00')", rows)
    reading = Reading(source="treasury")
    chunks = list(read_sql(source(file), Selection(), reading, MAPPING, {"account": "bank"}))
    good, bad = parted(each for chunk in chunks for each in chunk)
    assert [(each.amount, each.customer_code, each.source_id) for each in good] == [
        (Decimal("97.10"), "C-1", "1"),
        (Decimal("97.10"), "C-1", "3"),
    ]
    assert len({each.fingerprint for each in good}) == 2
    assert (bad[0].entry, bad[0].field, bad[0].value) == ("payment 2", "booked_on", "soon")
