"""A firm: one connection of any platform with its outbox, and everything a deliver task has, without Airflow's scheduler around it.

It reaches the sandbox by its address alone, so that it works in the sandbox's process as in any other.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import httpx
import psycopg
from cryptography.fernet import Fernet
from tests.faults.papers import Papers
from tests.platforms.company import Document

from airbooks.delivery import engine
from airbooks.delivery.preparing import Workplace
from airbooks.delivery.verdicts import Place
from airbooks.platforms import registry
from airbooks.platforms.base import Account, PlatformHook
from airbooks.platforms.spec import Urgency
from airbooks.sandbox.kit import Row
from airbooks.staging import documents, planning
from airbooks.staging.budget import SharedBudget, buckets_of
from airbooks.staging.sessions import StoredSessions
from airbooks.staging.tokens import StoredTokens

EVERYTHING = (0, 2**62)
PLANTED_AT_ONCE = 2_000
URGENCIES = {"real-time": Urgency.REALTIME, "daily": Urgency.DAILY}
OPEN = ("pending", "sending", "accepted", "unknown")


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast time goes: `scale` for the platforms' limits, the rest in seconds of the clock on the wall."""

    scale: float = 1000.0
    settle: float = 0.0
    absence: float = 0.0
    poll: float = 0.0
    overdue: float = 3600.0
    probe: float = 0.02
    read_timeout: float = 2.0


class ScaledBudget(SharedBudget):
    """The shared budget, whose penalties run on the scaled clock as its limits do."""

    scale = 1.0

    def penalise(self, seconds: float) -> None:
        super().penalise(seconds / self.scale)


@dataclass(frozen=True)
class Raw:
    """A raw document of the harness; the canonical one is what counts."""

    source: str
    source_id: str
    changed_at: datetime
    payload: Mapping[str, Any]


class Ledger:
    """What the sandbox at `url` is asked and told under /__sandbox__."""

    def __init__(self, url: str) -> None:
        self.url = url
        # A sandbox says where it is a moment before it listens there.
        self._client = httpx.Client(base_url=f"{url}/__sandbox__", timeout=120.0, transport=httpx.HTTPTransport(retries=5))

    def connections(self) -> dict[str, Row]:
        return dict(self._get("connections"))

    def books(self, slug: str) -> Row:
        return dict(self._get(f"books/{slug}"))

    def requests(self, slug: str) -> list[Row]:
        return list(self._get(f"requests/{slug}"))

    def faults(self) -> Row:
        return dict(self._get("faults"))

    def inject(self, slug: str, kind: str, **parameters: Any) -> None:
        self._client.post("faults", json={"slug": slug, "kind": kind, "parameters": parameters}).raise_for_status()

    def clear_faults(self) -> None:
        self._client.delete("faults").raise_for_status()

    def move_clock(self, slug: str, seconds: float) -> None:
        self._client.put(f"clock/{slug}", json={"seconds": seconds}).raise_for_status()

    def close(self) -> None:
        self._client.close()

    def _get(self, path: str) -> Any:
        return self._client.get(path).raise_for_status().json()


class Firm:
    """One connection of the platform `slug`, named `connection`; `codes` overrides what ours are called there (None: no mapping)."""

    def __init__(
        self,
        slug: str,
        dsn: str,
        stored: Row,
        seal: Fernet,
        *,
        connection: str = "",
        pace: Pace | None = None,
        papers: Papers | None = None,
    ) -> None:
        self.slug, self.dsn, self.stored, self.seal = slug, dsn, stored, seal
        self.connection, self.pace = connection or f"{slug}_firm", pace or Pace()
        self.spec = registry.spec(slug)
        self.codes: dict[tuple[str, str], str | None] = {}
        self._papers = papers

    @cached_property
    def papers(self) -> Papers:
        return self._papers or Papers(self.slug)

    # -- planting -------------------------------------------------------------------------------------------------------------

    def plant(self, wanted: Sequence[Document]) -> None:
        """Valid documents, staged and planned, in bulk."""
        with psycopg.connect(self.dsn) as database:
            for start in range(0, len(wanted), PLANTED_AT_ONCE):
                self._stage(database, wanted[start : start + PLANTED_AT_ONCE])
                database.commit()
            planning.plan(database, {self.connection: self.slug}, "planted")

    def _stage(self, database: psycopg.Connection, wanted: Sequence[Document]) -> None:
        now = datetime.now(UTC)
        raws = [Raw(each.source, each.source_id, now, each.model_dump(mode="json")) for each in wanted]
        documents.store_raw(database, raws, "planted", force=True)
        waiting = {(row.source, row.source_id): row.raw_id for row in documents.waiting_raw(database, 10 * PLANTED_AT_ONCE)}
        staged = [
            documents.StagedDocument(
                raw_id=waiting[each.source, each.source_id],
                document=each,
                state="cancelled" if each.cancelled else "valid",
                route=(self.connection,),
            )
            for each in wanted
        ]
        documents.save_documents(database, staged, "planted")
        documents.mark_staged(database, list(waiting.values()))

    # -- delivering -----------------------------------------------------------------------------------------------------------

    def hook(self, aside: psycopg.Connection, urgency: Urgency = Urgency.HOURLY) -> PlatformHook:
        """The platform's hook with the durable stores of tokens and sessions and the shared budget, as a deliver task opens it."""
        stored = self.stored
        account = Account(
            host=stored["host"] or "",
            schema=stored.get("schema") or "",
            login=stored.get("login") or "",
            password=stored.get("password") or "",
            port=stored.get("port"),
            extra=stored.get("extra") or {},
        )
        tokens = StoredTokens(lambda: psycopg.connect(self.dsn), self.seal)
        kind = registry.hook_class(self.slug)
        sessions = StoredSessions(aside, self.seal)
        hook = kind(self.connection, account=account, tokens=tokens, sessions=sessions, read_timeout=self.pace.read_timeout)
        buckets = buckets_of(self.spec.limits, self.pace.scale, hook.counted_as)
        budget = hook.budget = ScaledBudget(aside, self.connection, buckets, platform=self.slug, urgency=urgency)
        budget.scale = self.pace.scale
        return hook

    @contextlib.contextmanager
    def turn(self, run_id: str = "hourly", numbers: Sequence[str] = ()) -> Iterator[engine.Run]:
        """One worker's turn, with database connections of its own."""
        urgency = URGENCIES.get(run_id, Urgency.HOURLY)
        with psycopg.connect(self.dsn) as database, psycopg.connect(self.dsn, autocommit=True) as aside, self.hook(aside, urgency) as hook:
            work = Workplace(
                connection=self.connection,
                hook=hook,
                database=database,
                aside=aside,
                configured=self._configured,
                options=self._options,
                urgency=urgency,
                place=Place(
                    self.connection,
                    self.spec.title,
                    self.pace.settle,
                    poll_seconds=self.pace.poll,
                    overdue_seconds=self.pace.overdue,
                    probe_seconds=self.pace.probe,
                ),
            )
            worker = f"{run_id}:{uuid.uuid4()}"
            yield engine.Run(work=work, worker=worker, run_id=run_id, absence_pause=self.pace.absence, numbers=tuple(numbers))

    def deliver(self, run_id: str = "hourly", span: tuple[int, int] = EVERYTHING, numbers: Sequence[str] = ()) -> Counter[str]:
        """One task's turn at a range of deliveries (only these document numbers, if any are given)."""
        with self.turn(run_id, numbers) as run:
            return engine.deliver(run, span)

    def deliver_until_quiet(self, seconds: float = 60.0) -> Counter[str]:
        """Turn after turn until nothing is open any more, skipping the pauses between attempts but not those before look-ups."""
        total: Counter[str] = Counter()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            total += self.deliver()
            if not self.open():
                break
            self.hurry()
        return total

    def open(self) -> int:
        """How many deliveries have not ended yet."""
        return sum(count for state, count in self.states().items() if state in OPEN)

    def hurry(self) -> None:
        """What waits for its next attempt or its platform's next answer may go on at once."""
        with psycopg.connect(self.dsn) as database:
            database.execute(
                "UPDATE airbooks.delivery SET not_before = now() WHERE connection = %s AND state IN ('pending', 'accepted')",
                (self.connection,),
            )
        time.sleep(0.02)

    def states(self) -> Counter[str]:
        with psycopg.connect(self.dsn) as database:
            return Counter(
                dict(
                    database.execute(
                        "SELECT state, count(*) FROM airbooks.delivery WHERE connection = %s GROUP BY state", (self.connection,)
                    ).fetchall()
                )
            )

    def _configured(self, kind: str, code: str) -> str | None:
        if (kind, code) in self.codes:
            return self.codes[kind, code]
        return self.papers.setting.codes(kind, code)

    @cached_property
    def _options(self) -> Mapping[str, Any]:
        return self.papers.options()
