"""Airflow processes on a metadata database of their own: Airflow reads its settings once per process, so each test starts one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography.fernet import Fernet

from airbooks.paths import PLUGINS, REPOSITORY

FERNET_KEY = Fernet.generate_key().decode()
USER, PASSWORD = "ines", "a-password"
LIMIT = 270  # seconds a program may take


def postgres_connection(url: str) -> str:
    """One of our databases as the JSON of an Airflow connection."""
    socket = parse_qs(urlsplit(url).query)["host"][0]
    return json.dumps({"conn_type": "postgres", "host": socket, "login": "postgres", "schema": urlsplit(url).path.lstrip("/")})


def settings(home: Path, metadata: str, dags: Path, **connections: str) -> dict[str, str]:
    """The environment of such a process, with one user, ines; `connections` are Airflow connections as JSON, by id."""
    (home / "passwords.json").write_text(json.dumps({USER: PASSWORD}))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return {
        **inherited,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__FERNET_KEY": FERNET_KEY,
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "no-plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__API_AUTH__JWT_SECRET": "only-for-this-test-and-long-enough-for-sha-512-signatures-of-tokens",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata.replace("postgresql:", "postgresql+psycopg2:"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PYTHONPATH": f"{PLUGINS}{os.pathsep}{REPOSITORY}",
        **{f"AIRFLOW_CONN_{name.upper()}": value for name, value in connections.items()},
    }


def run_module(environment: dict[str, str], *command: str) -> str:
    """Run `python -m command` in its AIRFLOW_HOME; what it printed. Fails with the end of that, also when it takes too long."""
    home = Path(environment["AIRFLOW_HOME"])
    printed = home / f"printed-{time.time_ns()}.txt"
    with printed.open("w") as file:
        program = subprocess.Popen([sys.executable, "-m", *command], env=environment, cwd=home, stdout=file, stderr=subprocess.STDOUT)
        try:
            code = program.wait(LIMIT)
        except subprocess.TimeoutExpired:
            program.kill()
            code = program.wait()
    text = printed.read_text("utf-8")
    assert code == 0, text[-6000:]
    return text
