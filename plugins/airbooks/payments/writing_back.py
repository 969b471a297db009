"""Status and balance back to the sales system: only what changed since it was told last, by SQL or by REST.

What was told is kept in airbooks.written_back, after the sales system has taken it: a run that dies in between tells the same again, which
changes nothing there (the SQL sets values, a REST request repeats its idempotency key).
"""

from __future__ import annotations

import hashlib
import logging
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby, islice
from typing import Any, Protocol
from urllib.parse import quote

import httpx
import psycopg

from airbooks.payments.decision import ZERO
from airbooks.platforms.errors import AirbooksError
from airbooks.platforms.wire import base_url
from airbooks.sources.database import SqlHook, bind
from airbooks.staging import audit
from airbooks.staging.balances import Balance, balances
from airbooks.staging.documents import canonical_json, copy_in

log = logging.getLogger("airflow.task.airbooks.payments")

CHUNK = 500


Refused = Mapping[str, str]  # source id: why


class WritingError(AirbooksError):
    """The sales system did not take what it was told. `can_retry`: the same may succeed later without anybody doing anything."""

    def __init__(self, message: str, *, can_retry: bool) -> None:
        super().__init__(message)
        self.can_retry = can_retry


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a sales system is told of one of its documents; amounts in `currency`, `status` as airbooks.staging.balances.Why writes it."""

    source: str
    source_id: str
    number: str
    status: str
    paid: Decimal
    open_amount: Decimal
    currency: str

    @property
    def told(self) -> tuple[str, Decimal, Decimal, str]:
        return self.status, self.paid, self.open_amount, self.currency


class StatusWriter(Protocol):
    """Tells a sales system. `name` is the source (sources.yaml) whose documents it is told about."""

    @property
    def name(self) -> str: ...

    def write(self, statuses: Sequence[Status]) -> Refused:
        """Tell these; returns which of them it will never take, and why. Telling the same twice changes nothing.

        Raises WritingError where it took none, or nobody knows which: then all of them are told again.
        """


# -- what is to be told ----------------------------------------------------------------------------------------------------------------


def statuses(database: psycopg.Connection, source: str, today: date) -> Iterator[Status]:
    """How every document of a source stands. One that goes to several connections is paid by all, and open as on the first of them."""
    found = (each for each in balances(database) if each.source == source)
    for _, group in groupby(found, key=lambda each: each.document_id):
        yield _status(list(group), today)


def _status(group: Sequence[Balance], today: date) -> Status:
    first = group[0]
    return Status(
        source=first.source,
        source_id=first.source_id,
        number=first.number,
        status=first.why(today).value,
        paid=sum((each.paid for each in group), ZERO),
        open_amount=first.open_amount,
        currency=first.currency,
    )


def write_back(database: psycopg.Connection, writer: StatusWriter, run_id: str, today: date) -> int:
    """Tell a sales system what changed since it was told last; returns of how many documents. Commits after each chunk.

    What it refuses is logged, and told again with the next run. Raises WritingError where it does not take a chunk: what it took before is
    kept.
    """
    before = _written(database, writer.name)
    changed = [each for each in statuses(database, writer.name, today) if before.get(each.source_id) != each.told]
    database.commit()
    rest = iter(changed)
    taken = 0
    while chunk := list(islice(rest, CHUNK)):
        refused = writer.write(chunk)
        for each in chunk:
            if each.source_id in refused:
                log.warning("%s | %s did not take its status: %s", each.number, writer.name, refused[each.source_id])
        taken += _keep(database, writer.name, [each for each in chunk if each.source_id not in refused], run_id)
        database.commit()
    log.info("%s was told the status of %d of %d documents", writer.name, taken, len(changed))
    return taken


def _written(database: psycopg.Connection, target: str) -> dict[str, tuple[str, Decimal, Decimal, str]]:
    rows = database.execute(
        "SELECT source_id, status, paid, open_amount, currency FROM airbooks.written_back WHERE target = %s AND source = %s",
        (target, target),
    )
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}


_COLUMNS = ("source", "source_id", "status", "paid", "open_amount", "currency")


def _keep(database: psycopg.Connection, target: str, told: Sequence[Status], run_id: str) -> int:
    database.execute(
        "CREATE TEMP TABLE IF NOT EXISTS told (source text, source_id text, status text, paid numeric, open_amount numeric, currency text)"
        " ON COMMIT DELETE ROWS"
    )
    copy_in(database, "told", _COLUMNS, (tuple(getattr(each, name) for name in _COLUMNS) for each in told))
    database.execute(
        """
        INSERT INTO airbooks.written_back (target, source, source_id, status, paid, open_amount, currency, run_id)
        SELECT %(target)s, source, source_id, status, paid, open_amount, currency, %(run_id)s FROM told
        ON CONFLICT (target, source, source_id) DO UPDATE SET status = excluded.status, paid = excluded.paid,
            open_amount = excluded.open_amount, currency = excluded.currency, written_at = now(), run_id = excluded.run_id
        """,
        {"target": target, "run_id": run_id},
    )
    database.execute("DELETE FROM told")
    audit.append(database, [_event(target, each, run_id) for each in told])
    return len(told)


def _event(target: str, told: Status, run_id: str) -> audit.Event:
    detail = {"target": target, "status": told.status, "paid": told.paid, "open": told.open_amount, "currency": told.currency}
    return audit.Event(actor=run_id, action="status written back", number=told.number, detail=detail)


# -- by SQL ----------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlStatusWriter:
    """A sales database. `statement` is an UPDATE (or MERGE) of one document that sets values, with the parameters `:source_id`, `:number`,
    `:status`, `:paid`, `:open_amount` and `:currency`; it is executed for many documents in one transaction."""

    name: str
    hook: SqlHook
    statement: str

    def write(self, statuses: Sequence[Status]) -> Refused:
        """All of them, or none: then the driver's own error is raised."""
        bound = [bind(self.statement, _parameters(each), self.hook.placeholder) for each in statuses]
        with closing(self.hook.get_conn()) as connection:
            with closing(connection.cursor()) as cursor:
                cursor.executemany(bound[0][0], [values for _, values in bound])
            connection.commit()
        return {}


def _parameters(status: Status) -> dict[str, Any]:
    return {name: getattr(status, name) for name in ("source_id", "number", "status", "paid", "open_amount", "currency")}


# -- by REST ---------------------------------------------------------------------------------------------------------------------------

SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a sales system takes statuses: `url` names the document with `{source_id}` or `{number}`; `headers` authorise, and are never
    printed. `body` says which of our values each of its fields gets (empty: all, by our names)."""

    url: str
    method: str = "PUT"
    body: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestStatusWriter:
    """A sales system with an HTTP interface: one request per document, JSON with amounts as text, and an Idempotency-Key.

    408, 425, 429, 5xx and what is lost on the way may succeed later (WritingError.can_retry); 401 and 403 are for the connection (no
    retry); any other refusal is the document's own.
    """

    name: str
    endpoint: Endpoint

    def write(self, statuses: Sequence[Status]) -> Refused:
        refused: dict[str, str] = {}
        with httpx.Client(headers=dict(self.endpoint.headers), timeout=SECONDS) as client:
            for status in statuses:
                if why := self._refusal(client, status):
                    refused[status.source_id] = why
        return refused

    def _refusal(self, client: httpx.Client, status: Status) -> str:
        given = {name: str(value) for name, value in _parameters(status).items()}
        url = self.endpoint.url.format(**{name: quote(value, safe="") for name, value in given.items()})
        body = {theirs: given[name] for theirs, name in self.endpoint.body.items()} or given
        headers = {"Idempotency-Key": idempotency_key(self.name, status), "Content-Type": "application/json"}
        try:
            reply = client.request(self.endpoint.method, url, content=canonical_json(body), headers=headers)
        except httpx.TransportError as error:
            raise WritingError(f"{self.name} did not answer about {status.number}: {type(error).__name__}", can_retry=True) from None
        if reply.is_success:
            return ""
        if reply.status_code in {408, 425, 429} or reply.is_server_error:
            raise WritingError(f"{self.name} answered {reply.status_code} about {status.number}", can_retry=True)
        if reply.status_code in {401, 403}:
            raise WritingError(f"{self.name} does not let us in ({reply.status_code}): check its connection", can_retry=False)
        return f"HTTP {reply.status_code}"


def idempotency_key(name: str, status: Status) -> str:
    """The same for the same message, another as soon as anything of it changes."""
    return hashlib.sha256(canonical_json([name, status.source_id, *map(str, status.told)])).hexdigest()


def endpoint_of(conn_id: str, path: str, method: str = "PUT", body: Mapping[str, str] | None = None) -> Endpoint:
    """An endpoint below the address of an Airflow connection; its log-in is sent as Basic, or the extra `token` as Bearer."""
    from airflow.sdk import BaseHook
    from airflow.sdk.log import mask_secret

    stored = BaseHook.get_connection(conn_id)
    extra = stored.extra_dejson
    token = str(extra.get("token") or "")
    for secret in filter(None, (stored.password, token)):
        mask_secret(secret)
    root = base_url(stored.host or "", stored.schema or "", stored.port, allow_http=bool(extra.get("allow_http")))
    headers = _authorisation(stored.login or "", stored.password or "", token)
    return Endpoint(url=f"{root}/{path.lstrip('/')}", method=method, body=body or {}, headers=headers)


def _authorisation(login: str, password: str, token: str) -> dict[str, str]:
    if token:
        return {"Authorization": f"Bearer {token}"}
    if login:
        return {"Authorization": f"Basic {b64encode(f'{login}:{password}'.encode()).decode()}"}
    return {}
