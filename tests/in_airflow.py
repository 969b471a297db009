"""A fresh Airflow process of its own: what users see depends on what was imported first, so each question gets a new interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
PLUGINS = REPOSITORY / "plugins"


def install(folder: Path) -> None:
    """What an installed distribution leaves in site-packages: its metadata with the entry points of pyproject.toml."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    info = folder / f"{project['name']}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = (
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in points.items())
        for group, points in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text("\n".join(groups))


def is_installed() -> bool:
    """Whether this interpreter has the package as `make` installs it."""
    return any(distribution.metadata["Name"] == "airbooks" for distribution in distributions())


def ask(code: str, home: Path, *, installed: bool = False, **settings: str) -> Any:
    """Run `code` in a fresh interpreter with this repository as Airflow's plugins folder; its last line of output is JSON."""
    path: list[str] = []
    if installed and not is_installed():
        install(home / "site")
        path = [str(home / "site"), str(PLUGINS)]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PLUGINS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "PYTHONPATH": os.pathsep.join(path),
        **settings,
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=home, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])
