"""The processes of a storm: a durable Postgres that can be killed and started again, and the sandbox with its tempest."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet
from tests.faults.firm import Firm, Ledger, Pace
from tests.faults.papers import Papers

from airbooks.paths import INCLUDE
from airbooks.runtime.postgres import Cluster, stop
from airbooks.sandbox.kit import Row
from airbooks.staging.migrate import migrate

DATABASE = "faults"
REPOSITORY = Path(__file__).resolve().parents[2]
PACE = Pace(scale=1000.0, settle=2.5, absence=0.5, poll=0.2, overdue=3600.0, probe=0.1, read_timeout=0.6)


class Postgres:
    """The embedded server with durable settings; `crash` is a kill without any good-bye, and the recovery after it."""

    def __init__(self, home: Path) -> None:
        self.cluster = Cluster(home, durable=True)
        self.cluster.prepare()
        self._start()
        self.cluster.ensure_database(DATABASE)
        migrate(self.dsn)
        self.crashes = 0

    @property
    def dsn(self) -> str:
        return self.cluster.url(DATABASE)

    def _start(self) -> None:
        self._server = self.cluster.start()
        self.cluster.wait_ready(self._server)

    def crash(self) -> None:
        self._server.send_signal(signal.SIGQUIT)  # what pg_ctl calls an immediate stop
        self._server.wait(30)
        self._start()
        self.crashes += 1

    def close(self) -> None:
        stop(self._server)
        self.cluster.remove()


@dataclass
class World:
    """Postgres, the sandbox, and one firm per platform."""

    postgres: Postgres
    url: str
    ledger: Ledger
    sandbox_pid: int
    connections: dict[str, Row]
    pace: Pace = PACE
    seal: Fernet = field(default_factory=lambda: Fernet(Fernet.generate_key()))

    def firm(self, slug: str, papers: Papers | None = None) -> Firm:
        return Firm(slug, self.postgres.dsn, self.connections[slug], self.seal, pace=self.pace, papers=papers)

    def tally(self) -> dict[str, Row]:
        return dict(httpx.get(f"{self.url}/__tempest__/tally", timeout=60.0).raise_for_status().json())

    def set_rate(self, rate: float) -> None:
        httpx.put(f"{self.url}/__tempest__/rate", json={"rate": rate}, timeout=60.0).raise_for_status()

    def sandbox_megabytes(self) -> int:
        """What the sandbox's process holds in memory now."""
        status = Path(f"/proc/{self.sandbox_pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS")), 0)


@contextlib.contextmanager
def world(slugs: Sequence[str], *, rate: float, seed: int, pace: Pace = PACE) -> Iterator[World]:
    """Everything started, and stopped and removed again."""
    home = Path(tempfile.mkdtemp(prefix="airbooks-faults-"))
    home.chmod(0o711)  # as root, Postgres runs under another account
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        postgres = Postgres(home / "postgres")
        stack.callback(postgres.close)
        sandbox = stack.enter_context(_sandbox(home / "books", slugs, rate, seed, pace.scale))
        assert sandbox.stdout is not None
        url = sandbox.stdout.readline().strip()
        ledger = Ledger(url)
        stack.callback(ledger.close)
        _await(url)
        yield World(postgres, url, ledger, sandbox.pid, ledger.connections(), pace)


@contextlib.contextmanager
def _sandbox(folder: Path, slugs: Sequence[str], rate: float, seed: int, scale: float) -> Iterator[subprocess.Popen[str]]:
    arguments: list[Any] = [folder, scale, rate, seed, *slugs]
    command = [sys.executable, "-m", "tests.faults.tempest", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": f"{INCLUDE.parent / 'plugins'}:{REPOSITORY}"}
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _await(url: str) -> None:
    httpx.Client(transport=httpx.HTTPTransport(retries=8)).get(f"{url}/__sandbox__/health", timeout=60.0).raise_for_status()
