"""A sales database as a source: nothing skipped, nothing twice, whatever happens there while it is read."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from tests.sources.databases import PostgresDatabase, SqliteDatabase

from airbooks.sources import RawDocument, Selection, SourceError, SqlSource
from airbooks.sources.database import Columns, bind, child_queries

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
COLUMNS = Columns(id="id", changed_at="changed_at", number="number", division="division")
HEADER = "SELECT id, number, division, total, changed_at FROM invoice WHERE number LIKE 'SI-%'"
CHILDREN = {"lines": "SELECT id, item, net::text AS net FROM line WHERE id IN (:ids) ORDER BY id, item"}


@pytest.fixture
def shop(empty_postgres_url: str) -> PostgresDatabase:
    """Ten invoices, three at a time with the same change time, two lines each."""
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute("CREATE TABLE invoice (id int, number text, division text, total numeric, changed_at timestamptz)")
        connection.execute("CREATE TABLE line (id int, item text, net numeric)")
        for n in range(1, 11):
            add_invoice(connection, n, START + timedelta(hours=n // 3))
    return PostgresDatabase(empty_postgres_url)


def add_invoice(connection: psycopg.Connection, n: int, changed_at: datetime) -> None:
    division = "US" if n % 2 else "UK"
    connection.execute("INSERT INTO invoice VALUES (%s, %s, %s, %s, %s)", (n, f"SI-{n}", division, f"{n}.10", changed_at))
    connection.execute("INSERT INTO line VALUES (%s, 'A', 1.10), (%s, 'B', %s)", (n, n, n - 1))


def source(hook: PostgresDatabase, paging: str = "limit") -> SqlSource:
    return SqlSource(name="shop", hook=hook, header=HEADER, children=CHILDREN, columns=COLUMNS, paging=paging)


def ids(documents: list[RawDocument]) -> list[int]:
    return [int(each.source_id) for each in documents]


def read(shop: PostgresDatabase, selection: Selection = Selection(), chunk: int = 4) -> list[RawDocument]:
    return [document for batch in source(shop).read(selection, chunk) for document in batch]


@pytest.mark.parametrize("paging", ["limit", "fetch"])
def test_every_document_comes_once_in_chunks_of_the_asked_size(shop: PostgresDatabase, paging: str) -> None:
    chunks = list(source(shop, paging).read(Selection(), 4))
    assert [len(chunk) for chunk in chunks] == [4, 4, 2]
    assert ids([document for chunk in chunks for document in chunk]) == list(range(1, 11))


def test_a_document_carries_its_lines_and_its_numbers_lose_no_digit(shop: PostgresDatabase) -> None:
    third = read(shop)[2]
    assert third.payload == {
        "id": 3,
        "number": "SI-3",
        "division": "US",
        "total": "3.10",
        "lines": [{"item": "A", "net": "1.10"}, {"item": "B", "net": "2"}],
    }
    assert third.changed_at == START + timedelta(hours=1)


def test_a_document_that_was_saved_again_unchanged_has_the_same_content(shop: PostgresDatabase) -> None:
    before = read(shop, Selection(numbers=("SI-5",)))
    with psycopg.connect(shop.url) as connection:
        connection.execute("UPDATE invoice SET changed_at = now() WHERE id = 5")
    after = read(shop, Selection(numbers=("SI-5",)))
    assert before[0].changed_at < after[0].changed_at
    assert before[0].payload == after[0].payload


def test_rows_inserted_or_changed_while_reading_neither_shift_a_page_nor_come_twice(shop: PostgresDatabase) -> None:
    seen: list[int] = []
    for batch in source(shop).read(Selection(), 2):
        seen += ids(batch)
        with psycopg.connect(shop.url) as connection:
            add_invoice(connection, 100 + len(seen), datetime.now(UTC) + timedelta(seconds=5))
            connection.execute("UPDATE invoice SET changed_at = now() + interval '1 minute' WHERE id = 1")
    assert seen == list(range(1, 11))


def test_a_row_inserted_before_the_reading_position_is_found_by_the_overlap_of_the_next_run(shop: PostgresDatabase) -> None:
    watermark = source(shop).now()
    read(shop, Selection(until=watermark))
    with psycopg.connect(shop.url) as connection:
        add_invoice(connection, 11, watermark - timedelta(minutes=3))  # a transaction that committed late
    assert ids(read(shop, Selection(since=watermark))) == [11]


def test_until_is_the_databases_own_time_and_bounds_the_run(shop: PostgresDatabase) -> None:
    with psycopg.connect(shop.url) as connection:
        add_invoice(connection, 11, datetime.now(UTC) + timedelta(days=1))
    assert 11 not in ids(read(shop))
    assert abs(source(shop).now() - datetime.now(UTC)) < timedelta(minutes=5)


def test_documents_can_be_chosen_by_change_time_number_and_division(shop: PostgresDatabase) -> None:
    assert ids(read(shop, Selection(numbers=("SI-2", "SI-9")))) == [2, 9]
    assert ids(read(shop, Selection(divisions=("UK",)))) == [2, 4, 6, 8, 10]
    late = Selection(since=START + timedelta(hours=2, minutes=10), until=START + timedelta(hours=2, minutes=59))
    assert ids(read(shop, late)) == []
    assert ids(read(shop, Selection(since=START + timedelta(hours=3), divisions=("US",)))) == [9]


def test_a_number_is_a_value_and_never_sql(shop: PostgresDatabase) -> None:
    assert read(shop, Selection(numbers=("SI-1'; DROP TABLE invoice; --",))) == []
    assert len(read(shop)) == 10


def test_the_same_source_reads_another_database_through_its_own_placeholders(tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE invoice (id INTEGER, number TEXT, division TEXT, total TEXT, changed_at TEXT)")
        connection.executemany(
            "INSERT INTO invoice VALUES (?, ?, 'US', '1.10', ?)", [(n, f"SI-{n}", f"2026-03-01 0{n}:00:00+00:00") for n in range(1, 6)]
        )
    clock = "SELECT '2026-03-01 04:30:00+00:00'"
    other = SqlSource(name="shop", hook=SqliteDatabase(file), header=HEADER, children={}, columns=COLUMNS, clock=clock)
    documents = [document for chunk in other.read(Selection(until=datetime(2026, 3, 1, 4, 30, tzinfo=UTC)), 2) for document in chunk]
    assert ids(documents) == [1, 2, 3, 4]


def test_an_id_that_is_not_unique_is_refused_rather_than_documents_dropped(shop: PostgresDatabase) -> None:
    twice = SqlSource(
        name="shop",
        hook=shop,
        header="SELECT 1 AS id, TIMESTAMPTZ '2026-01-01' AS changed_at FROM invoice",
        children={},
        columns=Columns(id="id", changed_at="changed_at"),
    )
    with pytest.raises(SourceError, match="'id' is not unique"):
        list(twice.read(Selection(), 4))


def test_selecting_by_a_column_that_is_not_described_is_told(shop: PostgresDatabase) -> None:
    bare = SqlSource(name="shop", hook=shop, header=HEADER, children={}, columns=Columns(id="id", changed_at="changed_at"))
    with pytest.raises(SourceError, match="name the column under `columns`"):
        list(bare.read(Selection(divisions=("US",))))


def test_a_child_query_that_would_read_everything_is_refused() -> None:
    with pytest.raises(SourceError, match="must limit itself"):
        child_queries({"lines": "SELECT id, net FROM line"})


def test_placeholders_leave_casts_and_per_cent_signs_alone() -> None:
    assert bind("SELECT a::text LIKE '5%' AND b IN (:ids)", {"ids": (1, 2)}, "%s") == (
        "SELECT a::text LIKE '5%%' AND b IN (%s, %s)",
        [1, 2],
    )
    assert bind("SELECT a::text LIKE '5%'", {}, "%s") == ("SELECT a::text LIKE '5%'", [])
    with pytest.raises(SourceError, match=":until"):
        bind("SELECT :until", {"ids": (1,)}, "?")
