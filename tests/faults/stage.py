"""Where a scenario is played: a fresh sandbox of one platform, a fresh database, one firm, and what people and machines can do to them."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import psycopg
from cryptography.fernet import Fernet
from tests.faults.books import Expected, Key, live
from tests.faults.firm import Firm, Ledger, Pace
from tests.faults.judge import Judgement, broken_trail, judge, leaks
from tests.faults.limits import is_over_limit
from tests.faults.papers import Papers
from tests.platforms.company import Document

from airbooks.delivery import engine
from airbooks.platforms import registry
from airbooks.platforms.errors import AirbooksError
from airbooks.sandbox.faults import Kind
from airbooks.sandbox.requests import secrets_of
from airbooks.sandbox.server import running
from airbooks.staging import planning
from airbooks.staging.tokens import StoredTokens

QUIET_SECONDS = 20.0
TURNS = 12


class KilledError(BaseException):
    """Stands for a SIGKILL where the harness stays in one process: nothing in the product may catch it."""


class _Said(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class Stage:
    """One scenario's company on one platform, and the documents planted in it."""

    def __init__(self, slug: str, url: str, dsn: str, pace: Pace) -> None:
        self.slug, self.spec, self.dsn, self.pace = slug, registry.spec(slug), dsn, pace
        self.ledger = Ledger(url)
        self.papers = Papers(slug)
        self.seal = Fernet(Fernet.generate_key())
        self.stored = self.ledger.connections()[slug]
        self.firm = Firm(slug, dsn, self.stored, self.seal, pace=pace, papers=self.papers)
        self.planted: dict[Key, Expected] = {}
        self.others: set[Key] = set()  # booked there by somebody else
        self._before = {row["remote_id"] for row in self.ledger.books(slug)["documents"]}
        self._last_turn: datetime | None = None
        self._tokens: set[str] = set()
        self._said = _Said()
        self.stopped: list[str] = []
        self.broken: list[str] = []  # turns that ended with an error that a later turn mends
        self.strikes = 0  # of the wire's faults and of the platform's own
        self._own_faults = False
        self.complaints: list[str] = []  # what a scenario itself found wrong

    # -- documents ------------------------------------------------------------------------------------------------------------

    def plant(self, *documents: Document) -> None:
        """Stage and plan these documents; a changed one replaces what was expected of it."""
        self.firm.plant(documents)
        self.planted |= {each.key: each for each in map(Expected.of, documents)}

    def plant_mix(self, wanted: int) -> list[Document]:
        made = list(self.papers.documents(wanted))
        self.plant(*made)
        return made

    def expect_gone(self, document: Document) -> None:
        """Somebody takes it away on the platform: it must not come back."""
        expected = Expected.of(document)
        self.planted[expected.key] = Expected(expected.key, expected.currency, expected.net, expected.tax, expected.total, gone=True)

    # -- faults ---------------------------------------------------------------------------------------------------------------

    def arm(self, kind: str, **parameters: Any) -> None:
        self._own_faults = self._own_faults or kind not in set(Kind)
        self.ledger.inject(self.slug, kind, **parameters)

    def calm(self) -> None:
        """Everything works again."""
        faults = self.ledger.faults()
        self.strikes += sum(each["struck"] for each in faults["wire"]) + sum(faults["struck"].get(self.slug, {}).values())
        self.ledger.clear_faults()

    # -- turns ----------------------------------------------------------------------------------------------------------------

    def turn(self, run_id: str = "hourly", numbers: Sequence[str] = (), firm: Firm | None = None) -> None:
        """One task's turn; what ends a task in Airflow (and is tried again there) ends only the turn here."""
        self._last_turn = self.one("SELECT clock_timestamp()")
        self._tokens |= self._held_tokens()
        try:
            (firm or self.firm).deliver(run_id, numbers=numbers)
        except engine.ConnectionStoppedError as error:
            self.stopped.append(str(error))
        except (AirbooksError, psycopg.OperationalError) as error:
            self.broken.append(str(error))

    def killed_turn(self, run_id: str = "hourly") -> None:
        """A turn in which the process dies wherever KilledError was planted."""
        with contextlib.suppress(KilledError):
            self.turn(run_id)

    def turns_at_once(self, *acts: Callable[[], None]) -> None:
        """Several workers in the same second."""
        with ThreadPoolExecutor(len(acts)) as workers:
            ended = [workers.submit(act) for act in acts]
        self.complaints += [f"a worker broke down: {each.exception()!r}" for each in ended if each.exception() is not None]

    def deliver(self, turns: int = TURNS) -> None:
        """Turn after turn, with the pauses between attempts skipped and those before look-ups kept, until nothing moves any more."""
        deadline = time.monotonic() + QUIET_SECONDS
        for number in range(turns):
            if number:
                self.firm.hurry()
                self._await_look_ups(deadline)
            self.turn()
            if not self.firm.open():
                return

    def _await_look_ups(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            row = self.one(
                "SELECT extract(epoch FROM min(not_before) - now())::float8 FROM airbooks.delivery"
                " WHERE state = 'unknown' AND connection = %s",
                self.firm.connection,
            )
            if row is None or row <= 0:
                return
            time.sleep(min(row, 0.2))

    def release(self) -> None:
        """A person answers Retry to everything that lies before people."""
        with psycopg.connect(self.dsn) as database:
            planning.release(database, [each.number for each in self.planted], "a person")

    def authorise_again(self) -> None:
        """A person consents on the platform once more, and enters what it gives into the connection."""
        self.stored = self.firm.stored = self.ledger.connections()[self.slug]

    # -- people on the platform -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def hook(self) -> Iterator[Any]:
        """Somebody else's session at the platform, with the connection's tokens."""
        with psycopg.connect(self.dsn, autocommit=True) as aside, self.firm.hook(aside) as hook:
            yield hook

    def void_there(self, document: Document) -> None:
        """A person voids or deletes the document on the platform."""
        with self.hook() as hook:
            for remote in hook.find_invoice(document.number, document.kind):
                sending = self.papers.sending(hook, document, remote.customer_id)
                self.papers.void(hook, sending, remote)
        self.expect_gone(document)

    def book_there(self, document: Document) -> None:
        """Another system books a document of its own under this number."""
        self.others.add(Expected.of(document).key)
        with self.hook() as hook:
            self.papers.book(hook, document)

    # -- the database -----------------------------------------------------------------------------------------------------------

    def one(self, statement: str, *parameters: Any) -> Any:
        with psycopg.connect(self.dsn) as database:
            row = database.execute(statement, parameters).fetchone()
        return row[0] if row else None

    def execute(self, statement: str, *parameters: Any) -> None:
        with psycopg.connect(self.dsn) as database:
            database.execute(statement, parameters)

    def cut_sessions(self) -> None:
        """Postgres ends every session of this database but the one that says so."""
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    def unreachable(self) -> Firm:
        """The same connection, with a closed port instead of the platform's."""
        port = self.ledger.url.rpartition(":")[2]
        stored = json.loads(json.dumps(self.stored).replace(f":{port}", ":1"))
        stored["port"] = 1 if str(stored.get("port")) == port else stored.get("port")
        return Firm(self.slug, self.dsn, stored, self.seal, pace=self.pace, papers=self.papers)

    # -- the end ----------------------------------------------------------------------------------------------------------------

    def secrets(self) -> set[str]:
        """What must stand nowhere in clear: the connection's secrets and the tokens that it was given before and after each turn."""
        extra = self.stored.get("extra") or {}
        fields = {str(extra[each.name]) for each in self.spec.form if each.secret and extra.get(each.name)}
        return {each for each in {*secrets_of(self.stored), *fields, *self._tokens, *self._held_tokens()} if each}

    def _held_tokens(self) -> set[str]:
        token = StoredTokens(lambda: psycopg.connect(self.dsn), self.seal).read(self.firm.connection)
        return {token.access, token.refresh} if token else set()

    def judge(self) -> Judgement:
        """The books against what was planted; the audit trail, leaks and the platform's limits are judged with them."""
        held = live(self.ledger.books(self.slug)["documents"], self._before)
        with psycopg.connect(self.dsn) as database:
            found = judge(database, self.firm.connection, self.planted.values(), held, others=self.others, last_turn=self._last_turn)
            found.leaks += leaks(database, self.secrets(), self._said.lines)
            found.unproven += broken_trail(database)
        refused = 0 if self._own_faults else sum(is_over_limit(self.slug, each["status"], each["fault"]) for each in self._asked())
        found.unproven += [*self.complaints, *([f"the platform's limits were broken {refused} times"] if refused else [])]
        return found

    def _asked(self) -> list[dict[str, Any]]:
        return self.ledger.requests(self.slug)

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """While it lasts, what is logged is kept for the search for secrets."""
        root, level = logging.getLogger(), logging.getLogger().level
        root.addHandler(self._said)
        root.setLevel(logging.INFO)
        try:
            yield
        finally:
            root.setLevel(level)
            root.removeHandler(self._said)


@contextlib.contextmanager
def set_up(slug: str, dsn: str, pace: Pace) -> Iterator[Stage]:
    """A stage with a sandbox of its own in this process."""
    with running([slug], time_scale=pace.scale) as sandbox:
        stage = Stage(slug, sandbox.url, dsn, pace)
        try:
            with stage.heard():
                yield stage
        finally:
            stage.ledger.close()
