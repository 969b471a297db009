"""The Makefile's own promises: it names its targets, and says what is missing before it does anything."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from airbooks import paths

TARGETS = {"demo", "up", "down", "test", "lint", "types", "fmt", "realdata", "clean", "distclean"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(paths.REPOSITORY / name, tmp_path)
    return tmp_path


def make(checkout: Path, *arguments: str, path: str = os.defpath) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path, "HOME": str(checkout)}
    return subprocess.run(
        [shutil.which("make") or "make", "--no-print-directory", *arguments],
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def program(file: Path, text: str) -> Path:
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def test_make_alone_lists_the_targets(checkout: Path) -> None:
    listed = {line.split()[1] for line in make(checkout).stdout.splitlines() if line.strip().startswith("make ")}
    assert listed >= TARGETS


def test_an_unsuitable_python_is_named_with_the_way_out(checkout: Path) -> None:
    done = make(checkout, "demo", "PYTHON=python2.7")
    assert done.returncode != 0
    assert "airbooks needs Python 3.11, 3.12 or 3.13 as 'python2.7'" in done.stdout
    assert not (checkout / ".venv").exists()


def test_a_python_without_venv_is_named_with_the_way_out(checkout: Path) -> None:
    crippled = program(checkout / "python", 'case "$2" in venv) exit 1;; *) exit 0;; esac')
    done = make(checkout, "demo", f"PYTHON={crippled}", "UV=.tools/bin/uv")
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stdout
    assert not (checkout / ".tools").exists()


def test_down_and_clean_work_before_anything_was_made(checkout: Path) -> None:
    assert make(checkout, "down").stdout == "Nothing was up.\n"
    assert make(checkout, "clean").returncode == 0


def test_uv_is_installed_in_the_pinned_version_with_its_hashes(checkout: Path) -> None:
    wanted = [line for line in (checkout / "requirements.txt").read_text("utf-8").splitlines() if line.startswith("uv==")]
    program(checkout / "python", 'mkdir -p .tools/bin && cp python .tools/bin/pip && echo "$@" >> calls')
    make(checkout, ".tools/bin/uv", f"PYTHON={checkout / 'python'}")
    asked = (checkout / ".tools" / "uv.txt").read_text("utf-8")
    assert asked.startswith(wanted[0])
    assert "--hash=sha256:" in asked
    assert "--require-hashes -r .tools/uv.txt" in (checkout / "calls").read_text()
