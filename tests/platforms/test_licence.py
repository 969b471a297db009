"""Sessions that cost a licence: none is lost with a worker that dies, and none is ended under a worker that lives."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from tests.platforms.test_authorisation import look

from airbooks.canonical import DocumentKind
from airbooks.platforms import licence, registry
from airbooks.platforms.acumatica.sandbox import AcumaticaSimulator
from airbooks.platforms.acumatica.sandbox.simulator import SESSIONS
from airbooks.platforms.base import Account, PlatformHook
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.sap_business_one.sandbox.simulator import SapBusinessOneSimulator
from airbooks.sandbox.server import Sandbox
from airbooks.staging.sessions import StoredSessions

REPOSITORY = Path(__file__).resolve().parents[2]
KEY = Fernet.generate_key()
COOKIE = {"auth": "cookie"}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "acumatica": ("acumatica", {}),
    "acumatica by cookie": ("acumatica", COOKIE),
    "sap_business_one": ("sap_business_one", {}),
    "epicor": ("epicor", {"keep_session": True}),
}


class Office:
    """Workers at one connection of one platform, each with a database connection of its own, as long as it lives."""

    def __init__(self, sandbox: Sandbox, dsn: str, slug: str, extra: dict[str, Any]) -> None:
        self.sandbox, self.dsn, self.slug = sandbox, dsn, slug
        stored = sandbox.simulators[slug].connection()
        told = {name: stored.get(name) or "" for name in ("host", "schema", "login", "password")}
        self.account: dict[str, Any] = {**told, "port": stored.get("port"), "extra": {**stored.get("extra", {}), **extra}}
        self._held = ExitStack()

    def worker(self, key: bytes = KEY, **changes: Any) -> PlatformHook:
        """A living worker's hook; `changes` are fields that the connection has instead."""
        aside = self._held.enter_context(psycopg.connect(self.dsn, autocommit=True))
        account = Account(**{**self.account, **changes})
        made = registry.hook_class(self.slug)(self.connection, account=account, sessions=StoredSessions(aside, Fernet(key)))
        return self._held.enter_context(made)

    @property
    def connection(self) -> str:
        return f"{self.slug}_test"

    def killed_worker(self) -> None:
        """A worker process that works, and is killed in the middle of it."""
        arguments = [self.dsn, self.slug, self.connection, json.dumps(self.account), KEY.decode()]
        environment = {"PYTHONPATH": f"{REPOSITORY / 'plugins'}:{REPOSITORY}", "PATH": "/usr/bin:/bin"}
        command = [sys.executable, "-m", "tests.platforms.killed_worker", *arguments]
        done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == -signal.SIGKILL, done.stderr
        self._until_gone()

    def vanished_worker(self) -> None:
        """What is left of a worker that died: its session on the platform, and nothing that holds it."""
        with psycopg.connect(self.dsn, autocommit=True) as aside:
            sessions = StoredSessions(aside, Fernet(KEY))
            hook = registry.hook_class(self.slug)(self.connection, account=Account(**self.account), sessions=sessions)
            look(hook)
        self._until_gone()

    def _until_gone(self) -> None:
        newest = "SELECT airbooks.session_is_held(s) FROM airbooks.open_session s ORDER BY session_id DESC LIMIT 1"
        while self.ask(newest)[0][0]:
            time.sleep(0.01)  # Postgres has not seen it go yet

    def ask(self, question: str) -> list[Any]:
        with psycopg.connect(self.dsn) as database:
            return database.execute(question).fetchall()

    def remembered(self) -> int:
        return int(self.ask("SELECT count(*) FROM airbooks.open_session")[0][0])

    def live(self) -> int:
        """How many sessions the platform counts now."""
        simulator = self.sandbox.simulators[self.slug]
        if isinstance(simulator, AcumaticaSimulator):
            return len(simulator.sessions.live)
        if isinstance(simulator, SapBusinessOneSimulator):
            return simulator.sessions.live()
        return len(simulator.store.table("sessions"))

    def log_outs(self) -> int:
        return sum(each.path.lower().endswith("/logout") for each in self.sandbox.requests(self.slug))

    def close(self) -> None:
        self._held.close()


@pytest.fixture
def opened(sandbox: Callable[..., Sandbox], postgres_url: str) -> Iterator[Callable[..., Office]]:
    with ExitStack() as held:

        def made(slug: str, **extra: Any) -> Office:
            office = Office(sandbox(slug, time_scale=1000), postgres_url, slug, extra)
            held.callback(office.close)
            return office

        yield made


@pytest.fixture(params=KINDS)
def office(request: pytest.FixtureRequest, opened: Callable[..., Office]) -> Office:
    slug, extra = KINDS[request.param]
    return opened(slug, **extra)


# -- workers that die --------------------------------------------------------------------------------------------------------------------


def test_what_a_killed_worker_left_open_is_logged_out_by_the_next(office: Office) -> None:
    office.killed_worker()
    assert office.live() == 1
    with office.worker() as hook:
        look(hook)
        assert office.live() == 1
        assert office.log_outs() == 1
    assert office.live() == 0
    assert office.remembered() == 0


@pytest.mark.parametrize("extra", [{}, COOKIE])
def test_work_goes_on_when_killed_workers_had_the_whole_licence(opened: Callable[..., Office], extra: dict[str, Any]) -> None:
    office = opened("acumatica", **extra, sessions="")
    simulator = office.sandbox.simulators["acumatica"]
    assert isinstance(simulator, AcumaticaSimulator)
    simulator.sessions.limit = 1
    office.vanished_worker()
    assert office.live() == 1
    with office.worker() as hook:
        look(hook)
    assert [each.status for each in office.sandbox.requests("acumatica") if each.status == 429] == []


def test_a_session_is_not_readable_in_the_table(office: Office) -> None:
    with office.worker() as hook:
        look(hook)
        rows = office.ask("SELECT t::text, sealed FROM airbooks.open_session t")
        secrets = [each for each in hook.secrets() if len(each) > 5]
        assert len(rows) == 1
        assert secrets
        assert not [secret for secret in secrets if secret in rows[0][0] or secret.encode() in bytes(rows[0][1])]


def test_a_living_workers_session_is_never_ended(office: Office) -> None:
    first, second = office.worker(), office.worker()
    look(first)
    look(second)
    office.vanished_worker()
    with office.worker() as third:
        look(third)
        assert office.log_outs() == 1
    for each in (first, second):
        look(each)
    assert (office.log_outs(), office.live(), office.remembered()) == (2, 2, 2)


def test_two_workers_do_not_log_out_the_same_session(office: Office) -> None:
    office.vanished_worker()
    for hook in [office.worker() for _ in range(2)]:
        look(hook)
    assert office.log_outs() == 1


def test_a_log_out_that_fails_hinders_nobody_and_is_tried_again(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    office.vanished_worker()
    office.sandbox.inject(office.slug, "error_before_commit", path="ogout", times=None)
    with office.worker() as hook:
        look(hook)
    assert "could not be logged out" in caplog.text
    assert office.remembered() == 2
    office.sandbox.clear_faults()
    with office.worker() as hook:
        look(hook)
    assert (office.live(), office.remembered()) == (0, 0)


def test_a_session_goes_nowhere_but_where_it_was_opened(office: Office) -> None:
    office.vanished_worker()
    with office.worker(extra={**office.account["extra"], "read_timeout": "another connection"}) as hook:
        look(hook)
        assert office.log_outs() == 0
        assert office.remembered() == 1


def test_what_cannot_be_unsealed_is_left_to_its_idle_time(office: Office) -> None:
    office.vanished_worker()
    with office.worker(key=Fernet.generate_key()) as hook:
        look(hook)
    assert office.remembered() == 0


def test_a_session_that_could_not_be_logged_out_for_an_hour_is_forgotten(office: Office) -> None:
    office.vanished_worker()
    with psycopg.connect(office.dsn) as database:
        database.execute("UPDATE airbooks.open_session SET left_at = now() - interval '61 minutes'")
    with office.worker() as hook:
        look(hook)
        assert office.log_outs() == 0
    assert office.remembered() == 0


def test_a_connection_test_leaves_no_session_open(office: Office) -> None:
    hook = office.worker()
    assert hook.test_connection()[0]
    assert (office.live(), office.remembered()) == (0, 0)


# -- a licence of a known size -----------------------------------------------------------------------------------------------------------


def test_nobody_asks_for_more_sessions_than_the_licence_allows(opened: Callable[..., Office], monkeypatch: pytest.MonkeyPatch) -> None:
    office = opened("acumatica")
    living = [office.worker() for _ in range(SESSIONS)]
    for each in living:
        look(each)
    assert not living[0].sibling().has_room()
    monkeypatch.setattr(licence, "LONGEST_WAIT", 0.0)
    with pytest.raises(PlatformError) as caught:
        office.worker().find_invoice("XX-SI-1", DocumentKind.INVOICE)
    assert (caught.value.action, caught.value.outcome) == (Action.WAIT, Outcome.DID_NOT_HAPPEN)
    assert [each.status for each in office.sandbox.requests("acumatica") if each.status == 429] == []


def test_who_waits_for_a_session_goes_on_when_another_ends(opened: Callable[..., Office]) -> None:
    office = opened("acumatica", sessions=1)
    first, second = office.worker(), office.worker()
    look(first)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(look, second)
        first.close()
        waiting.result(60)
    assert office.live() == 1


def test_a_place_that_was_not_used_is_free_again(opened: Callable[..., Office]) -> None:
    office = opened("acumatica", sessions=1)
    with office.worker() as sibling:
        assert sibling.has_room()
    assert office.remembered() == 0
