"""What an InvoiceOperator does when it runs: open the databases and the hook, deliver (or preview) its chunk, say how it went."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import psycopg

from airbooks.config import Config, load_config
from airbooks.delivery import engine
from airbooks.delivery.lanes import open_lanes
from airbooks.delivery.preparing import Workplace
from airbooks.delivery.previewing import preview
from airbooks.delivery.resolving import ABSENCE_PAUSE
from airbooks.delivery.verdicts import Place
from airbooks.operators.form import read_form
from airbooks.operators.stopping import guarded
from airbooks.platforms import registry
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.spec import Urgency
from airbooks.staging import circuit, outbox
from airbooks.staging.budget import SharedBudget, buckets_of
from airbooks.staging.database import connect
from airbooks.staging.sessions import StoredSessions
from airbooks.staging.tokens import StoredTokens, airflow_seal

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airbooks.operators.form import RunForm
    from airbooks.operators.invoice import InvoiceOperator

log = logging.getLogger("airflow.task.airbooks.delivery")


@contextlib.contextmanager
def staging_databases(conn_id: str) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    """The task's own connection, and one in autocommit for locks, budgets and customers."""
    with contextlib.closing(connect(conn_id)) as database, contextlib.closing(connect(conn_id)) as aside:
        aside.autocommit = True
        yield database, aside


def time_scale() -> float:
    """How much faster than real time the platforms' limits run; only a sandbox sets it (AIRBOOKS_TIME_SCALE)."""
    return float(os.environ.get("AIRBOOKS_TIME_SCALE", "1"))


def poll_seconds(platform: str) -> float:
    """The pause between two questions about a request that the platform took on."""
    return registry.spec(platform).poll_seconds / time_scale()


def open_hook(
    platform: str,
    conn_id: str,
    staging_conn_id: str,
    aside: psycopg.Connection,
    urgency: Urgency = Urgency.HOURLY,
    *,
    insists: bool = False,
) -> PlatformHook:
    """The platform's hook with the durable stores of tokens and sessions, and the shared budget.

    One that `insists` logs in however often it was refused.
    """
    spec = registry.spec(platform)
    seal = airflow_seal()
    tokens = StoredTokens(lambda: connect(staging_conn_id), seal, insists=insists)
    hook = registry.hook_class(platform)(conn_id, tokens=tokens, sessions=StoredSessions(aside, seal))
    buckets = buckets_of(spec.limits, time_scale(), hook.counted_as)
    hook.budget = SharedBudget(aside, conn_id, buckets, platform=platform, urgency=urgency)
    return hook


@contextlib.contextmanager
def workplace(
    config: Config,
    conn_id: str,
    staging_conn_id: str,
    options: dict[str, Any],
    urgency: Urgency = Urgency.HOURLY,
    *,
    insists: bool = False,
) -> Iterator[Workplace]:
    """Everything the delivery engine needs for one connection; closed afterwards. `insists` is for people (see `open_hook`)."""
    platform = config.connections[conn_id].platform
    spec = registry.spec(platform)
    with (
        staging_databases(staging_conn_id) as (database, aside),
        open_hook(platform, conn_id, staging_conn_id, aside, urgency, insists=insists) as hook,
    ):
        yield Workplace(
            connection=conn_id,
            hook=hook,
            database=database,
            aside=aside,
            configured=lambda kind, code: config.mapping(conn_id, kind, code),
            options=options,
            urgency=urgency,
            place=Place(
                conn_id,
                spec.title,
                spec.settle_seconds / time_scale(),
                poll_seconds=poll_seconds(platform),
                overdue_seconds=spec.overdue_seconds,
                probe_seconds=circuit.PAUSE / time_scale(),
            ),
        )


@contextlib.contextmanager
def visit(
    config: Config, conn_id: str, staging_conn_id: str, urgency: Urgency = Urgency.HOURLY, *, insists: bool = False
) -> Iterator[Workplace]:
    """A workplace with one of the connection's places, for calls that deliver nothing. Raises NoSlotError."""
    with workplace(config, conn_id, staging_conn_id, {}, urgency, insists=insists) as work, open_lanes(work, 1):
        yield work


@contextlib.contextmanager
def _turn(operator: InvoiceOperator, context: Context, form: RunForm, config: Config) -> Iterator[engine.Run]:
    """One worker's turn at the operator's connection."""
    options, urgency = dict(operator.platform_options()), Urgency(operator.urgency)
    with workplace(config, operator.connection_id, operator.staging_conn_id, options, urgency) as work:
        yield engine.Run(
            work=work,
            worker=f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4()}",
            run_id=context["run_id"],
            absence_pause=ABSENCE_PAUSE / time_scale(),
            numbers=form.documents,
        )


def deliver_chunk(operator: InvoiceOperator, context: Context) -> dict[str, Any]:
    """Deliver the operator's chunk and return counts; `waiting` is how many the platform took on and answers later.

    Called again, it records the answers that have come, and sends what waited for them (a credit note for its invoice).

    Raises AirflowFailException when the connection itself needs a person.
    """
    config = load_config()
    form = read_form(context["params"], tuple(config.connections))
    with _turn(operator, context, form, config) as run:
        if form.dry_run:
            with open_lanes(run.work, 1):
                return dict(preview(run, operator.span))
        return _counts(run, guarded(run, lambda: engine.deliver(run, operator.span)), operator)


def _counts(run: engine.Run, tally: Counter[str], operator: InvoiceOperator) -> dict[str, Any]:
    waiting = len(outbox.accepted(run.work.database, run.work.connection, operator.span))
    calls = run.work.hook.wire.calls
    log.info("%s: %s; %d calls", run.work.connection, _in_words(tally), calls)
    return {"connection": run.work.connection, "calls": calls, **tally, **({"waiting": waiting} if waiting else {})}


def _in_words(tally: dict[str, int]) -> str:
    return ", ".join(f"{count} {event}" for event, count in sorted(tally.items())) or "nothing to do"
