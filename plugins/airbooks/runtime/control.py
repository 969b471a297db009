"""Starting and stopping a local run from a command: one supervisor per state folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
import psutil
import psycopg

from airbooks.runtime.errors import SetupError
from airbooks.runtime.processes import members, stop_all
from airbooks.runtime.settings import Stack, require_free
from airbooks.runtime.supervisor import Status

NEEDED_SPACE = 1_000_000_000  # bytes: the databases, the logs, and room to grow
Progress = Callable[[str], None]


@dataclass
class Run:
    """A supervisor that this command started."""

    stack: Stack
    supervisor: subprocess.Popen[bytes]
    lifeline: IO[bytes]  # the supervisor's standard input: at its end, it stops
    detached: bool = False

    def wait(self, phase: str, progress: Progress) -> None:
        """Return when the run has come to `phase` (`databases` or `ready`), telling `progress` what is awaited meanwhile.

        Raises SetupError with the supervisor's words if it fails.
        """
        while (status := self.status()).phase not in (phase, "ready"):
            if status.phase in ("starting", "databases"):
                progress(f"Starting {status.says}" if status.says else "Starting")
            self.check()
            time.sleep(0.1)

    def check(self) -> None:
        """Raises SetupError if the supervisor, and with it everything, is gone."""
        if self.supervisor.poll() is not None:
            log = self.stack.logs / "supervisor.log"
            raise SetupError(self.status().says or f"The supervisor ended ({self.supervisor.returncode}); see {log}")

    def status(self) -> Status:
        status = Status.read(self.stack.status_file)
        if status is None or status.pid != self.supervisor.pid:
            return Status(pid=self.supervisor.pid, started_at=0, ui_port=self.stack.ui_port, sandbox_port=self.stack.sandbox_port)
        return status

    def reason(self, problem: Exception) -> str:
        """Why the command failed: a part that died under it, if one did, or else `problem` itself."""
        try:
            self.supervisor.wait(3)
        except subprocess.TimeoutExpired:
            return str(problem)
        return self.status().says or str(problem)

    def detach(self) -> None:
        """Let the run go on after this command."""
        self.lifeline.write(b"detach\n")
        self.lifeline.flush()
        self.detached = True

    def stop(self) -> None:
        """Stop every part and wait until all are gone, even if that takes the rough way."""
        self.lifeline.close()
        try:
            self.supervisor.wait(60)
        except subprocess.TimeoutExpired:
            stop_all(self.supervisor.pid, spare=lambda _process: False, seconds=1)
            self.supervisor.wait()


def launch(stack: Stack) -> Run:
    """Start a supervisor. Raises SetupError if one runs already, a port is taken or the disk is full."""
    stack.logs.mkdir(parents=True, exist_ok=True)
    require_stopped(stack.state)
    for folder in (stack.state, stack.cluster.home):
        folder.mkdir(parents=True, exist_ok=True)
        require_space(folder)
    require_free(stack.ui_port, "Airflow's pages", "make up UI_PORT=...")
    require_free(stack.sandbox_port, "the sandbox", "make up SANDBOX_PORT=...")
    reading, writing = os.pipe()
    with (stack.logs / "supervisor.log").open("wb") as log, os.fdopen(reading):
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "airbooks.runtime.supervisor", stack.to_json()],
            env=stack.airflow_environment(),
            stdin=reading,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Run(stack, supervisor, os.fdopen(writing, "wb"))


@contextmanager
def running(stack: Stack) -> Iterator[Run]:
    """A run that starts up when the block begins and is stopped when it ends, unless the block detached it."""
    run = launch(stack)
    try:
        yield run
    except (SetupError, OSError, psycopg.Error, httpx.HTTPError) as problem:
        raise SetupError(run.reason(problem)) from problem
    finally:
        if not run.detached:
            with _undisturbed():
                run.stop()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold off a second Ctrl-C while things are being stopped."""
    before = {each: signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def current(state: Path) -> Status | None:
    """The status of the run in this state folder, or None if none is up."""
    status = Status.read(state / "status.json")
    if status is None or not _is_supervisor(status):
        return None
    return status


def require_stopped(state: Path) -> None:
    """Raises SetupError if a run is up; clears away what a killed supervisor left behind."""
    status = current(state)
    if status is not None:
        raise SetupError(f"airbooks is up already, with its pages at http://127.0.0.1:{status.ui_port}. Run `make down` first.")
    clear_leftovers(state)


def clear_leftovers(state: Path) -> int:
    """Stop the parts of a run whose supervisor was killed; how many processes there were."""
    status = Status.read(state / "status.json")
    if status is None or psutil.pid_exists(status.pid):
        return 0
    left = members(status.pid)
    stop_all(status.pid, spare=lambda process: process.name() == "postgres", seconds=5)
    for process in members(status.pid):
        if process.ppid() not in {each.pid for each in left if each.name() == "postgres"}:
            process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + 20
    while members(status.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    return len(left)


def down(state: Path) -> str:
    """Stop the run in this state folder and wait for its end; a sentence about what was there to stop."""
    status = current(state)
    if status is not None:
        os.kill(status.pid, signal.SIGTERM)
        psutil.Process(status.pid).wait(60)
        return "airbooks is down."
    if clear_leftovers(state):
        return "The supervisor had been killed; what it left behind is stopped. airbooks is down."
    last = Status.read(state / "status.json")
    if last is not None and last.phase == "failed":
        return f"Nothing is up: the last run took itself down. {last.says}"
    return "Nothing was up."


def clean(stack: Stack) -> None:
    """Stop the run in this state folder and forget all it wrote, databases included."""
    down(stack.state)
    if stack.secrets_file.exists():
        stack.cluster.remove()
    shutil.rmtree(stack.state, ignore_errors=True)


def _is_supervisor(status: Status) -> bool:
    try:
        return (
            abs(psutil.Process(status.pid).create_time() - status.started_at) < 1
            and psutil.Process(status.pid).status() != psutil.STATUS_ZOMBIE
        )
    except psutil.NoSuchProcess:
        return False


def require_space(folder: Path) -> None:
    """Raises SetupError if the disk under `folder` has too little room."""
    free = shutil.disk_usage(folder).free
    if free < NEEDED_SPACE:
        raise SetupError(
            f"The disk under {folder} has {free / 1e6:,.0f} MB left; airbooks wants {NEEDED_SPACE / 1e6:,.0f} MB. "
            "Free some space, or let AIRBOOKS_STATE name a folder on another disk."
        )
