"""The staging schema is brought up to date once, in order, and never silently rewritten."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from tests.staging.rows import add_document

from airbooks.paths import MIGRATIONS
from airbooks.staging.migrate import MigrationError, migrate, read_migrations


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("CREATE SCHEMA IF NOT EXISTS shop; CREATE TABLE shop.one (a integer);")
    (tmp_path / "0002_second.sql").write_text("ALTER TABLE shop.one ADD b text;")
    return tmp_path


def _journal(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM airbooks.schema_migration ORDER BY name")]


def test_the_shipped_schema_is_applied_once(empty_postgres_url: str) -> None:
    shipped = [migration.name for migration in read_migrations(MIGRATIONS)]
    assert migrate(empty_postgres_url) == shipped
    assert migrate(empty_postgres_url) == []
    with psycopg.connect(empty_postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM airbooks.delivery").fetchone() == (0,)


def planned_twice(dsn: str, shipped_before: Path, attempts: tuple[int, int]) -> None:
    """A database of before in which two runs planned one document for one connection, as new and as an update."""
    for each in sorted(MIGRATIONS.glob("*.sql")):
        if each.name < "0014":
            shutil.copy(each, shipped_before / each.name)
    migrate(dsn, shipped_before)
    with psycopg.connect(dsn) as database:
        row = add_document(database, "AU-SI-1", state="valid")
        for operation, attempt in zip(("create", "update"), attempts, strict=True):
            database.execute(
                "INSERT INTO airbooks.delivery (document_id, connection, platform, operation, attempt)"
                " VALUES (%s, 'odoo_au', 'odoo', %s, %s)",
                [row.document_id, operation, attempt],
            )


@pytest.mark.parametrize(("attempts", "left"), [((0, 0), "create"), ((1, 0), "create"), ((0, 1), "update")])
def test_what_two_runs_planned_and_nobody_tried_goes(empty_postgres_url: str, tmp_path: Path, attempts: tuple[int, int], left: str) -> None:
    planned_twice(empty_postgres_url, tmp_path, attempts)
    assert "0014_one_delivery.sql" in migrate(empty_postgres_url)
    with psycopg.connect(empty_postgres_url) as database:
        assert database.execute("SELECT operation FROM airbooks.delivery").fetchall() == [(left,)]


def test_what_was_tried_in_two_ways_is_for_a_person_and_is_named(empty_postgres_url: str, tmp_path: Path) -> None:
    planned_twice(empty_postgres_url, tmp_path, (1, 1))
    with pytest.raises((MigrationError, psycopg.errors.RaiseException), match="AU-SI-1 on odoo_au"):
        migrate(empty_postgres_url)


def test_only_what_is_new_is_applied_and_in_order(empty_postgres_url: str, folder: Path) -> None:
    assert migrate(empty_postgres_url, folder) == ["0001_first.sql", "0002_second.sql"]
    (folder / "0003_third.sql").write_text("INSERT INTO shop.one (a, b) VALUES (1, 'x');")
    assert migrate(empty_postgres_url, folder) == ["0003_third.sql"]
    assert _journal(empty_postgres_url) == ["0001_first.sql", "0002_second.sql", "0003_third.sql"]


def test_an_applied_file_that_was_changed_is_refused_and_nothing_is_applied(empty_postgres_url: str, folder: Path) -> None:
    migrate(empty_postgres_url, folder)
    (folder / "0002_second.sql").write_text("ALTER TABLE shop.one ADD c text;")
    (folder / "0003_third.sql").write_text("CREATE TABLE shop.three ();")
    with pytest.raises(MigrationError, match=r"0002_second.sql was changed after it had been applied"):
        migrate(empty_postgres_url, folder)
    assert _journal(empty_postgres_url) == ["0001_first.sql", "0002_second.sql"]


def test_a_database_newer_than_the_package_is_refused(empty_postgres_url: str, folder: Path) -> None:
    migrate(empty_postgres_url, folder)
    (folder / "0002_second.sql").unlink()
    with pytest.raises(MigrationError, match=r"0002_second.sql, which this version of airbooks does not know"):
        migrate(empty_postgres_url, folder)


def test_a_failing_file_leaves_nothing_of_itself_behind(empty_postgres_url: str, folder: Path) -> None:
    (folder / "0002_second.sql").write_text("CREATE TABLE shop.half (); SELECT 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty_postgres_url, folder)
    assert _journal(empty_postgres_url) == ["0001_first.sql"]
    with psycopg.connect(empty_postgres_url) as connection:
        assert connection.execute("SELECT to_regclass('shop.half')").fetchone() == (None,)


def test_several_processes_may_migrate_at_once(empty_postgres_url: str, folder: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda _: migrate(empty_postgres_url, folder), range(4)))
    assert sorted(name for names in applied for name in names) == ["0001_first.sql", "0002_second.sql"]


@pytest.mark.parametrize(
    ("names", "words"),
    [(["first.sql"], "rename first.sql"), (["0001_a.sql", "0001_b.sql"], "share the number 0001")],
)
def test_files_without_a_clear_order_are_refused(tmp_path: Path, names: list[str], words: str) -> None:
    for name in names:
        shutil.copy(MIGRATIONS / "0001_core.sql", tmp_path / name)
    with pytest.raises(MigrationError, match=words):
        read_migrations(tmp_path)
