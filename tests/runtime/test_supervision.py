"""Whatever happens to a run, nothing of it is left behind, and the person at the terminal is told why."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from airbooks import paths
from airbooks.runtime.control import clean
from airbooks.runtime.processes import members
from airbooks.runtime.settings import Stack, free_port
from airbooks.runtime.supervisor import Status


class Command:
    """An `airbooks` command with a state folder of its own, as a person starts it from a terminal."""

    def __init__(self, state: Path, *arguments: str) -> None:
        self.state = state
        self.environment = {**os.environ, "AIRBOOKS_STATE": str(state), "PYTHONPATH": str(paths.PLUGINS)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "airbooks.cli", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def status_in(self, *phases: str) -> Status:
        """The supervisor's status once it is in one of `phases`."""
        while self.process.poll() is None:
            status = Status.read(self.state / "status.json")
            if status is not None and status.phase in phases:
                return status
            time.sleep(0.05)
        raise AssertionError(f"the command ended first: {self.output()}")

    def output(self) -> str:
        return self.process.communicate(timeout=90)[0]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    yield folder
    clean(Stack(state=folder, ui_port=0, sandbox_port=0))


def wait_until_gone(session: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while members(session) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [process.cmdline() for process in members(session)]


def part(session: int, pattern: str) -> psutil.Process:
    """The oldest process of the session whose command line matches."""
    found = [process for process in members(session) if re.search(pattern, " ".join(process.cmdline()))]
    return min(found, key=lambda process: process.create_time())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_demo_leaves_nothing_running(state: Path, how: signal.Signals) -> None:
    command = Command(state, "demo")
    supervisor = command.status_in("databases").pid
    command.process.send_signal(how)
    assert "interrupted; everything that was started is stopped" in command.output()
    assert command.process.returncode == 130
    assert not members(supervisor)


def test_a_killed_demo_leaves_nothing_running(state: Path) -> None:
    command = Command(state, "demo")
    supervisor = command.status_in("databases").pid
    command.process.kill()
    wait_until_gone(supervisor)


@pytest.mark.parametrize(("name", "pattern"), [("sandbox", "airbooks.cli sandbox"), ("postgres", "bin/postgres")])
def test_a_part_that_dies_is_named_and_takes_the_run_down(state: Path, name: str, pattern: str) -> None:
    command = Command(state, "demo")
    supervisor = command.status_in("databases").pid
    part(supervisor, pattern).kill()
    told = command.output()
    assert name in told.lower()
    assert "SIGKILL" in told
    assert told.rstrip().endswith("demo: failed")
    assert command.process.returncode == 1
    assert not members(supervisor)


def test_a_killed_supervisor_is_noticed_and_down_clears_what_it_left(state: Path) -> None:
    command = Command(state, "demo")
    supervisor = command.status_in("databases").pid
    psutil.Process(supervisor).kill()
    assert "demo: failed" in command.output()
    assert "what it left behind is stopped" in Command(state, "down").output()
    assert not members(supervisor)


def test_a_busy_port_is_told_before_anything_starts(state: Path) -> None:
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"], stderr=subprocess.DEVNULL) as other:
        while not psutil.Process(other.pid).net_connections():
            time.sleep(0.05)
        command = Command(state, "up", "--ui-port", str(port))
        told = command.output()
        other.terminate()
    assert f"Port {port}, wanted for Airflow's pages, is not free" in told
    assert command.process.returncode == 1
    assert not (state / "status.json").exists()


def test_a_second_run_in_the_same_folder_is_refused(state: Path) -> None:
    first = Command(state, "demo")
    first.status_in("databases")
    second = Command(state, "demo")
    assert "airbooks is up already" in second.output()
    assert second.process.returncode == 1
    first.process.send_signal(signal.SIGINT)
    first.output()


def test_down_without_a_run_says_so(state: Path) -> None:
    assert Command(state, "down").output() == "Nothing was up.\n"
