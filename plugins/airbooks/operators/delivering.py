"""What an InvoiceOperator does when it runs: open the databases and the hook, deliver (or preview) its chunk, say how it went."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import uuid
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import psycopg

from airbooks.config import Config, load_config
from airbooks.delivery import engine
from airbooks.delivery.preparing import Workplace
from airbooks.delivery.resolving import ABSENCE_PAUSE
from airbooks.delivery.verdicts import Place, Ready
from airbooks.operators.form import read_form
from airbooks.platforms import registry
from airbooks.platforms.base import PlatformHook, Preview
from airbooks.staging import outbox
from airbooks.staging.budget import SharedBudget, buckets_of
from airbooks.staging.database import connect
from airbooks.staging.tokens import StoredTokens, airflow_seal

if TYPE_CHECKING:
    from airflow.sdk import Context

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


def open_hook(platform: str, conn_id: str, staging_conn_id: str, aside: psycopg.Connection) -> PlatformHook:
    """The platform's hook with the durable token store and the shared budget."""
    spec = registry.spec(platform)
    budget = SharedBudget(aside, conn_id, buckets_of(spec.limits, time_scale()), platform=platform)
    tokens = StoredTokens(lambda: connect(staging_conn_id), airflow_seal())
    return registry.hook_class(platform)(conn_id, tokens=tokens, budget=budget)


@contextlib.contextmanager
def workplace(config: Config, conn_id: str, staging_conn_id: str, options: dict[str, Any]) -> Iterator[Workplace]:
    """Everything the delivery engine needs for one connection; closed afterwards."""
    platform = config.connections[conn_id].platform
    spec = registry.spec(platform)
    with staging_databases(staging_conn_id) as (database, aside), open_hook(platform, conn_id, staging_conn_id, aside) as hook:
        yield Workplace(
            connection=conn_id,
            hook=hook,
            database=database,
            aside=aside,
            configured=lambda kind, code: config.mapping(conn_id, kind, code),
            options=options,
            place=Place(conn_id, spec.title, spec.settle_seconds / time_scale()),
        )


def deliver_chunk(operator: InvoiceOperator, context: Context) -> dict[str, Any]:
    """Deliver the operator's chunk and return counts. Raises AirflowFailException when the connection itself needs a person."""
    from airflow.sdk.exceptions import AirflowFailException

    config = load_config()
    form = read_form(context["params"], tuple(config.connections))
    run_id = context["run_id"]
    worker = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4()}"
    span = (int(operator.chunk[0]), int(operator.chunk[1]))
    with workplace(config, operator.connection_id, operator.staging_conn_id, dict(operator.platform_options())) as work:
        run = engine.Run(work=work, worker=worker, run_id=run_id, absence_pause=ABSENCE_PAUSE / time_scale(), numbers=form.documents)
        if form.dry_run:
            return dict(engine.preview(run, span, _show))
        try:
            tally = engine.deliver(run, span)
        except engine.ConnectionStoppedError as error:
            outbox.set_connection_state(work.database, operator.connection_id, "stopped", str(error))
            work.database.commit()
            raise AirflowFailException(str(error)) from None
        outbox.set_connection_state(work.database, operator.connection_id, "working", "")
        work.database.commit()
        log.info("%s: %s; %d calls", operator.connection_id, _in_words(tally), work.hook.wire.calls)
        return {"connection": operator.connection_id, "calls": work.hook.wire.calls, **tally}


def _in_words(tally: dict[str, int]) -> str:
    return ", ".join(f"{count} {event}" for event, count in sorted(tally.items())) or "nothing to do"


def _show(ready: Ready, requests: Sequence[Preview]) -> None:
    document = ready.document
    log.info(
        "%s | %s %s | %s %s | would be sent:",
        document.number,
        document.buyer.code,
        document.buyer.name,
        f"{document.gross_total:,}",
        document.currency,
    )
    for request in requests:
        log.info("%s %s\n%s", request.method, request.path, request.body)
