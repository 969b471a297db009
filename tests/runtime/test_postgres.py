"""The embedded Postgres: starts anywhere, survives a kill, and says what is wrong when it cannot start."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from airbooks.runtime.errors import SetupError
from airbooks.runtime.postgres import Cluster, serving, stop


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="airbooks-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def answer(cluster: Cluster, database: str = "postgres") -> int:
    with psycopg.connect(cluster.url(database)) as connection:
        (found,) = connection.execute("SELECT 42").fetchall()[0]
    return int(found)


def test_it_serves_and_stops_with_the_block(home: Path) -> None:
    with serving(Cluster(home)) as cluster:
        assert answer(cluster) == 42
    with pytest.raises(psycopg.OperationalError):
        answer(cluster)


def test_a_killed_server_comes_back_with_what_was_committed(home: Path) -> None:
    cluster = Cluster(home)
    cluster.prepare()
    server = cluster.start()
    cluster.wait_ready(server)
    assert cluster.ensure_database("kept") is True
    server.kill()
    server.wait()
    with serving(cluster):
        assert cluster.ensure_database("kept") is False
        assert answer(cluster, "kept") == 42


def test_a_folder_with_a_very_long_name_is_no_obstacle(home: Path) -> None:
    deep = home / "a-folder-with-a-rather-long-name" / "and-another-one-inside-of-it" / "and-so-on-until-the-kernel-objects"
    home.chmod(0o755)
    cluster = Cluster(deep, durable=False)
    with serving(cluster):
        assert answer(cluster) == 42
    cluster.remove()
    assert not cluster.socket_dir.exists()


def test_only_its_owner_can_reach_it(home: Path) -> None:
    with serving(Cluster(home, durable=False)) as cluster:
        assert cluster.socket_dir.stat().st_mode & 0o777 == 0o700
        with psycopg.connect(cluster.url()) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_a_data_directory_that_cannot_be_used_is_reported_in_postgres_own_words(home: Path) -> None:
    cluster = Cluster(home)
    cluster.prepare()
    (cluster.data / "PG_VERSION").write_text("9.6\n")
    server = cluster.start()
    try:
        with pytest.raises(SetupError, match="incompatible"):
            cluster.wait_ready(server)
    finally:
        stop(server)
