"""The process that owns a local run: starts every part in order, watches them, and takes all of them down with the first that fails.

It leads a session of its own, so Ctrl-C in the terminal reaches only the command that started it. That command holds the other end of the
supervisor's standard input: when the command ends, however it ends, the supervisor reads the end of the file and stops everything.
A line `detach` lets the run go on without the command.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType

import httpx
import psutil
import psycopg
from psycopg import sql

from airbooks.runtime.errors import SetupError
from airbooks.runtime.postgres import stop as stop_postgres
from airbooks.runtime.processes import stop_all
from airbooks.runtime.settings import ERP, METADATA, STAGING, Stack

GRACE = 8.0  # seconds that Airflow's processes get to end by themselves
START_LIMIT = 300.0  # seconds until every part must be healthy
HEALTH_OF = {"metadatabase": "API server", "scheduler": "scheduler", "dag_processor": "Dag processor", "triggerer": "triggerer"}


@dataclass(kw_only=True)
class Status:
    """What the supervisor tells the commands, in `status.json`."""

    pid: int
    started_at: float  # of the process `pid`, seconds since the epoch: tells it from a later process with the same number
    ui_port: int
    sandbox_port: int
    phase: str = "starting"  # starting | databases (they exist) | ready | stopping | stopped | failed
    says: str = ""

    def write(self, file: Path) -> None:
        part = file.with_suffix(".part")
        part.write_text(json.dumps(asdict(self)), "utf-8")
        part.replace(file)

    @classmethod
    def read(cls, file: Path) -> Status | None:
        try:
            return cls(**json.loads(file.read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None


class Stopped(Exception):  # noqa: N818 - not an error: somebody asked for it
    """Somebody asked the supervisor to stop."""


class PartEndedError(SetupError):
    """A part of the run ended by itself."""


@dataclass
class Supervisor:
    """Starts and watches the parts of `stack`. `run` returns the exit code of the process."""

    stack: Stack
    status: Status = field(init=False)
    parts: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    attached: bool = True
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=5, trust_env=False))

    def __post_init__(self) -> None:
        me = psutil.Process()
        self.status = Status(pid=me.pid, started_at=me.create_time(), ui_port=self.stack.ui_port, sandbox_port=self.stack.sandbox_port)

    def run(self) -> int:
        signal.signal(signal.SIGTERM, _raise_stopped)
        signal.signal(signal.SIGINT, _raise_stopped)
        try:
            self.start()
            self.say("ready", "")
            self.watch(lambda: False)
        except Stopped:
            self.stop("stopped", "")
            return 0
        except (SetupError, OSError, psycopg.Error) as problem:
            self.stop("failed", str(problem))
            return 1
        return 0

    def start(self) -> None:
        self.say("starting", "Postgres")
        self.start_postgres()
        self.start_sandbox()
        self.migrate_metadata()
        self.say("databases", "Airflow")
        self.launch("api-server", "-m", "airflow", "api-server", "--host", "127.0.0.1", "--port", str(self.stack.ui_port))
        self.launch("scheduler", "-m", "airflow", "scheduler", "--skip-serve-logs")
        self.launch("dag-processor", "-m", "airflow", "dag-processor")
        self.launch("triggerer", "-m", "airflow", "triggerer", "--skip-serve-logs")
        self.wait(self.healthy, "all parts to report healthy")

    def start_postgres(self) -> None:
        cluster = self.stack.cluster
        cluster.prepare()
        self.parts["postgres"] = cluster.start()
        cluster.wait_ready(self.parts["postgres"])
        for database in (METADATA, STAGING, ERP):
            cluster.ensure_database(database)

    def start_sandbox(self) -> None:
        stack = self.stack
        chosen = [] if stack.platforms is None else ["--platforms", ",".join(stack.platforms)]
        port, tables = str(stack.sandbox_port), str(stack.sandbox_tables)
        scale = str(stack.time_scale)
        self.launch("sandbox", "-m", "airbooks.cli", "sandbox", "--port", port, "--tables", tables, "--time-scale", scale, *chosen)

    def migrate_metadata(self) -> None:
        """Bring Airflow's metadata database to this Airflow's version, unless a note on the database says it is there."""
        from importlib.metadata import version

        wanted = f"apache-airflow {version('apache-airflow')}"
        with psycopg.connect(self.stack.cluster.url(), autocommit=True) as connection:
            found = connection.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [METADATA]
            ).fetchone()
            if found == (wanted,):
                return
            self.say("databases", "Airflow's metadata database")
            migration = self.launch("db-migrate", "-m", "airflow", "db", "migrate")
            self.wait(lambda: migration.poll() is not None, "the metadata database", ignoring="db-migrate")
            del self.parts["db-migrate"]
            if migration.returncode != 0:
                raise SetupError(f"Airflow's metadata database could not be migrated.\n{self.log_end('db-migrate')}")
            connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(METADATA), sql.Literal(wanted)))

    def launch(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log(name).open("wb") as log:
            self.parts[name] = subprocess.Popen(
                [sys.executable, *arguments],
                env=self.stack.airflow_environment(),
                cwd=self.stack.state,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self.parts[name]

    def healthy(self) -> bool:
        try:
            sandbox = self.http.get(f"{self.stack.sandbox_url}/__sandbox__/health")
            airflow = self.http.get(f"{self.stack.ui_url}/api/v2/monitor/health")
        except httpx.TransportError:
            return False
        if sandbox.status_code != 200 or airflow.status_code != 200:
            return False
        report = airflow.json()
        waiting = [title for part, title in HEALTH_OF.items() if (report.get(part) or {}).get("status") != "healthy"]
        self.say("databases", ", ".join(waiting) or "Airflow")
        return not waiting

    def wait(self, done: Callable[[], bool], what: str, *, ignoring: str = "") -> None:
        deadline = time.monotonic() + START_LIMIT
        self.watch(lambda: done() or time.monotonic() > deadline, ignoring=ignoring)
        if time.monotonic() > deadline:
            raise SetupError(f"Waited {START_LIMIT:.0f} seconds for {what}. The logs are in {self.stack.logs}.")

    def watch(self, until: Callable[[], bool], *, ignoring: str = "") -> None:
        """Return when `until` says so. Raises Stopped when the command goes away, PartEndedError when a part ends."""
        while not until():
            self.listen(0.2)
            for name, part in self.parts.items():
                if name != ignoring and part.poll() is not None:
                    raise PartEndedError(f"{name} ended by itself ({_ending(part.returncode)}).\n{self.log_end(name)}")

    def listen(self, seconds: float) -> None:
        """Wait for a word from the command, at most `seconds`."""
        if not self.attached:
            time.sleep(seconds)
            return
        if not select.select([sys.stdin], [], [], seconds)[0]:
            return
        if os.read(sys.stdin.fileno(), 100).strip() != b"detach":
            raise Stopped
        self.attached = False

    def stop(self, phase: str, says: str) -> None:
        """End every part and whatever they started: first who asks, then who answers, Postgres last."""
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        self.say("stopping", says)
        self.stop_all_but("sandbox", "postgres")
        self.stop_all_but("postgres")
        if "postgres" in self.parts:
            stop_postgres(self.parts["postgres"])
        self.say(phase, says)

    def stop_all_but(self, *names: str) -> None:
        kept = {os.getpid(), *(self.parts[name].pid for name in names if name in self.parts)}

        def spare(process: psutil.Process) -> bool:
            return process.pid in kept or process.name() == "postgres"

        stop_all(os.getsid(0), spare=spare, seconds=GRACE)

    def say(self, phase: str, says: str) -> None:
        self.status.phase, self.status.says = phase, says
        self.status.write(self.stack.status_file)

    def log(self, name: str) -> Path:
        return self.stack.logs / f"{name}.log"

    def log_end(self, name: str, characters: int = 1500) -> str:
        log = self.stack.cluster.log if name == "postgres" else self.log(name)
        text = log.read_text("utf-8", "replace").strip() if log.exists() else ""
        return f"The end of {log}:\n{text[-characters:]}"


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _raise_stopped(_signal: int, _frame: FrameType | None) -> None:
    raise Stopped


def main() -> int:
    """Run as `python -m airbooks.runtime.supervisor STACK`, at the head of a new session; STACK is `Stack.to_json()`."""
    stack = Stack.from_json(sys.argv[1])
    stack.logs.mkdir(parents=True, exist_ok=True)
    stack.write_airflow_home()
    with stack.lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Supervisor(stack).run()


if __name__ == "__main__":
    sys.exit(main())
