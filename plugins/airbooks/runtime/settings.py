"""One local run: its folders, ports, secrets and the environment its processes get."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from airbooks import paths
from airbooks.runtime.errors import SetupError
from airbooks.runtime.postgres import Cluster, runs_as_root

LOOPBACK = "127.0.0.1"
ADMIN = "admin"
METADATA, STAGING, ERP = "airflow", "airbooks", "sales_erp"  # databases in the one embedded server
# In a demo the vendors' minutes pass this much faster, for the simulators as for us: a business day is not to take one.
DEMO_TIME_SCALE = 20.0
_REACHABLE_BY_ALL = Path("/var/lib/airbooks")  # the server's account cannot enter root's home


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Made once per state folder, readable by its owner only."""

    identity: str
    admin_password: str
    fernet_key: str
    jwt_secret: str
    session_secret: str

    @classmethod
    def made(cls) -> Secrets:
        return cls(
            identity=secrets.token_hex(4),
            admin_password=secrets.token_urlsafe(12),
            fernet_key=urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            jwt_secret=secrets.token_urlsafe(48),
            session_secret=secrets.token_urlsafe(32),
        )

    def __repr__(self) -> str:
        return "Secrets(***)"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Everything that follows from a state folder and two ports. Paths below `state` unless said otherwise."""

    state: Path
    ui_port: int
    sandbox_port: int
    dags: Path = paths.DAGS
    plugins: Path = paths.PLUGINS
    platforms: tuple[str, ...] | None = None  # simulators the sandbox serves; None: all there are
    time_scale: float = 1.0  # how much faster than real time the platforms' limits run, on both sides

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Stack:
        given = json.loads(text)
        return cls(
            state=Path(given["state"]),
            ui_port=given["ui_port"],
            sandbox_port=given["sandbox_port"],
            dags=Path(given["dags"]),
            plugins=Path(given["plugins"]),
            platforms=None if given["platforms"] is None else tuple(given["platforms"]),
            time_scale=given["time_scale"],
        )

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def airflow_home(self) -> Path:
        return self.state / "airflow"

    @property
    def status_file(self) -> Path:
        return self.state / "status.json"

    @property
    def lock_file(self) -> Path:
        return self.state / "lock"

    @property
    def sandbox_tables(self) -> Path:
        return self.state / "sandbox"

    @property
    def ui_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ui_port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://{LOOPBACK}:{self.sandbox_port}"

    @property
    def secrets_file(self) -> Path:
        return self.state / "secrets.json"

    @cached_property
    def secrets(self) -> Secrets:
        self.state.mkdir(parents=True, exist_ok=True)
        if not self.secrets_file.exists():
            _write_private(self.secrets_file, json.dumps(asdict(Secrets.made())))
        return Secrets(**json.loads(self.secrets_file.read_text("utf-8")))

    @cached_property
    def cluster(self) -> Cluster:
        return Cluster(_REACHABLE_BY_ALL / self.secrets.identity if runs_as_root() else self.state / "postgres")

    def airflow_environment(self) -> dict[str, str]:
        """The environment of every process: the caller's without its own Airflow settings, and ours."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "_AIRFLOW"))}
        return {**inherited, **self._python(), **self._airflow()}

    def _python(self) -> dict[str, str]:
        return {
            "AIRBOOKS_STATE": str(self.state),
            "AIRBOOKS_TIME_SCALE": str(self.time_scale),
            "NO_PROXY": _without_proxy(),
            "no_proxy": _without_proxy(),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONPATH": str(self.plugins),
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore::DeprecationWarning",
        }

    def _airflow(self) -> dict[str, str]:
        made = self.secrets
        return {
            "AIRFLOW_HOME": str(self.airflow_home),
            "AIRFLOW__API__BASE_URL": self.ui_url,
            "AIRFLOW__API__HOST": LOOPBACK,
            "AIRFLOW__API__PORT": str(self.ui_port),
            "AIRFLOW__API__SECRET_KEY": made.session_secret,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": made.jwt_secret,
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.ui_url}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__FERNET_KEY": made.fernet_key,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",  # LocalExecutor keeps that many processes
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.plugins),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.airflow_home / "passwords.json"),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",  # seconds between two looks at an unchanged file
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "2",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.cluster.url(METADATA).replace("postgresql:", "postgresql+psycopg2:"),
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.logs / "tasks"),
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "AIRFLOW__TRIGGERER__CAPACITY": "100",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }

    def write_airflow_home(self) -> None:
        self.airflow_home.mkdir(parents=True, exist_ok=True)
        _write_private(self.airflow_home / "passwords.json", json.dumps({ADMIN: self.secrets.admin_password}))


def _without_proxy() -> str:
    """The hosts that no proxy of this network stands in front of, our own parts among them."""
    given = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return ",".join(filter(None, [given, LOOPBACK, "localhost"]))


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def steady_port(state: Path) -> int:
    """The sandbox's port in this state folder, the same in every run if it is free: sessions of earlier runs name it."""
    file = state / "sandbox.port"
    state.mkdir(parents=True, exist_ok=True)
    if not file.exists() or not _is_free(int(file.read_text())):
        file.write_text(str(free_port()))
    return int(file.read_text())


def _is_free(port: int) -> bool:
    try:
        socket.create_server((LOOPBACK, port)).close()
    except OSError:
        return False
    return True


def require_free(port: int, what: str, option: str) -> None:
    """Raises SetupError if somebody listens on `port` already."""
    try:
        socket.create_server((LOOPBACK, port)).close()
    except OSError as taken:
        raise SetupError(
            f"Port {port}, wanted for {what}, is not free ({taken.strerror}). Stop what uses it, or choose another: {option}"
        ) from taken


def _write_private(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text, "utf-8")
