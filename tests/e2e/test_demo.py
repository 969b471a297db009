"""The commands as a person types them, with the real scheduler."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from tests.main_business import main_business

from airbooks import paths
from airbooks.runtime.control import clean
from airbooks.runtime.processes import members
from airbooks.runtime.settings import Stack
from airbooks.runtime.supervisor import Status

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    main_business(tmp_path / "config")
    folder = tmp_path / "state"
    yield folder
    clean(Stack(state=folder, ui_port=0, sandbox_port=0))


def airbooks(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    places = {"AIRBOOKS_STATE": str(state), "AIRBOOKS_CONFIG": str(state.parent / "config"), "PYTHONPATH": str(paths.PLUGINS)}
    command = [sys.executable, "-m", "airbooks.cli", *arguments]
    return subprocess.run(command, env={**os.environ, **places}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def last_line(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    line = done.stdout.rstrip().splitlines()[-1]
    assert line.startswith("demo: ok "), done.stdout
    return dict(re.findall(r"(\w+)=(\S+)", line))


def test_a_demo_delivers_everything_once_and_a_second_one_nothing(state: Path) -> None:
    first = last_line(airbooks(state, "demo", "--documents", "60"))
    assert (first["documents"], first["duplicates"], first["lost"]) == ("60", "0", "0")
    assert int(first["delivered"]) + int(first["exceptions"]) == 60
    assert int(first["delivered"]) > 0
    assert int(first["payments"]) >= int(first["matched"]) + int(first["reviews"])
    assert (int(first["matched"]) > 0, first["unreconciled"]) == (True, "0")

    again = airbooks(state, "demo", "--documents", "60")
    second = last_line(again)
    assert (second["delivered"], second["duplicates"], second["lost"]) == ("0", "0", "0")
    for what in ("exceptions", "payments", "matched", "reviews", "unreconciled"):
        assert second[what] == first[what]
    assert "Nothing new" in again.stdout


def test_a_crash_of_the_scheduler_is_named_and_takes_everything_down(state: Path) -> None:
    up = airbooks(state, "up", "--ui-port", "0", "--documents", "10")
    assert up.returncode == 0, up.stdout
    status = Status.read(state / "status.json")
    assert status is not None
    assert httpx.get(f"http://127.0.0.1:{status.ui_port}/api/v2/monitor/health").status_code == 200

    next(each for each in psutil.Process(status.pid).children() if "airflow scheduler" in " ".join(each.cmdline())).kill()
    psutil.Process(status.pid).wait(60)
    ended = Status.read(state / "status.json")
    assert ended is not None
    assert ended.phase == "failed"
    assert ended.says.startswith("scheduler ended by itself (signal SIGKILL)")
    assert not members(status.pid)
    assert "scheduler ended by itself" in airbooks(state, "down").stdout
