"""`POST /airbooks/webhooks/{source}`: events from payment providers, and from whoever else signs what they send.

This is the one route of airbooks without a log-in: the signature is the proof. What it answers, always as `{"status": ...}`:

    200  accepted    the event is committed
    200  duplicate   it was here already; nothing changed
    400  unreadable  signed, but no JSON object with an event id of 1 to 255 characters, or nothing that Postgres can hold
    401  refused     not proven: unknown source, missing header, wrong secret, changed body, a signature older than five minutes
    408  too slow    the body did not arrive within 15 seconds
    409  conflict    the id is here with another content; both are kept, the first one counts, and somebody has to look at it
    413  too large   more than 256 KiB
    503  try again   the staging database does not answer, or too many events wait; repeat it

A 2xx is answered after the commit and never before; every other answer may be repeated without harm. A worker of the API server keeps four
connections to the staging database at most; its Extra should hold a `connect_timeout` shorter than the providers' patience.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from typing import Any

import psycopg
from airflow.sdk.exceptions import AirflowNotFoundException
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from airbooks.platforms.errors import ConfigurationError
from airbooks.staging.inbox import Arrival, Put, put
from airbooks.ui.inbox_signatures import NotProvenError, Proof
from airbooks.ui.inbox_sources import Source, read_source

LARGEST_BODY = 256 * 1024  # bytes
LONGEST_ID = 255  # characters
MOST_CONNECTIONS = 4  # per worker of the API server
PATIENCE = 15  # seconds: for a body to arrive, for a free connection
STATEMENT_TIMEOUT = "5s"
RETRY_AFTER = "30"  # seconds
UNPROVEN_SECONDS = 0.1  # at least, to judge an event and refuse it as not proven

log = logging.getLogger("airbooks.webhooks")


class RefusedError(Exception):
    """The event is not taken: the HTTP status that says so, and a word for the sender."""

    def __init__(self, status: HTTPStatus, word: str) -> None:
        super().__init__(word)
        self.status, self.word = status, word


NOT_PROVEN = (HTTPStatus.UNAUTHORIZED, "refused")
UNREADABLE = (HTTPStatus.BAD_REQUEST, "unreadable")
TRY_AGAIN = (HTTPStatus.SERVICE_UNAVAILABLE, "try again")
ANSWERS = {Put.ACCEPTED: HTTPStatus.OK, Put.DUPLICATE: HTTPStatus.OK, Put.CONFLICT: HTTPStatus.CONFLICT}


class Inbox:
    """Takes events into the staging database, over a few connections that are opened when needed and kept."""

    def __init__(self, open_database: Callable[[], psycopg.Connection]) -> None:
        self._open = open_database
        self._places = asyncio.Semaphore(MOST_CONNECTIONS)
        self._idle: list[psycopg.Connection] = []

    async def receive(self, source: str, request: Request) -> Response:
        try:
            body = await read_body(request)
            async with no_hint():
                outcome = await self._in_turn(partial(self.take_in, source, dict(request.headers), body))
        except RefusedError as refused:
            return answer(refused.status, refused.word)
        return answer(ANSWERS[outcome], outcome.value)

    async def _in_turn(self, work: Callable[[], Put]) -> Put:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._places.acquire()
        except TimeoutError:
            log.error("Too many events wait for the staging database.")  # noqa: TRY400 nothing to trace
            raise RefusedError(*TRY_AGAIN) from None
        try:
            return await run_in_threadpool(work)
        finally:
            self._places.release()

    def take_in(self, name: str, headers: dict[str, str], body: bytes) -> Put:
        """Prove an event and commit it; raises RefusedError. Blocks: for a thread."""
        source = read_source(name)
        proof = prove(source, headers, body)
        content = read_object(name, body)
        event_id = usable_id(name, proof.event_id or content.get(source.event_id_field))
        arrival = Arrival(source=name, event_id=event_id, signed_at=proof.signed_at, body=body)
        with told_as_refusals(arrival):
            outcome = self._put(arrival, source.varying_fields)
        level = logging.ERROR if outcome is Put.CONFLICT else logging.INFO
        log.log(level, "Event %r of %s: %s.", event_id, name, outcome)
        return outcome

    def _put(self, arrival: Arrival, varying: tuple[str, ...]) -> Put:
        """Over a kept connection; over a new one when there is none, or when it fails: what is repeated is kept once."""
        try:
            return self._commit(self._idle.pop(), arrival, varying)
        except IndexError:
            pass
        except psycopg.OperationalError as lost:
            log.info("A kept connection to the staging database failed (%s); trying a new one.", type(lost).__name__)
        return self._commit(self._opened(), arrival, varying)

    def _commit(self, database: psycopg.Connection, arrival: Arrival, varying: tuple[str, ...]) -> Put:
        try:
            with database.transaction():
                outcome = put(database, arrival, varying)
        except psycopg.Error:
            database.close()
            raise
        self._idle.append(database)
        return outcome

    def _opened(self) -> psycopg.Connection:
        database = self._open()
        database.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'")
        database.commit()
        return database

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


def webhooks(inbox: Inbox) -> APIRouter:
    """The route, on that inbox."""
    router = APIRouter()
    router.add_api_route("/webhooks/{source}", inbox.receive, methods=["POST"], response_class=JSONResponse, response_model=None)
    return router


def answer(status: HTTPStatus, word: str) -> Response:
    headers = {
        HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": RETRY_AFTER},
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: {"Connection": "close"},  # the rest of the body is not read
    }
    return JSONResponse({"status": word}, status, headers.get(status))


async def read_body(request: Request) -> bytes:
    """The whole body; raises RefusedError when it is too large, whatever its Content-Length says, too slow, or cut off."""
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_BODY:
                    raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large")
    except TimeoutError:
        raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, "too slow") from None
    except ClientDisconnect:
        raise RefusedError(*UNREADABLE) from None
    return bytes(body)


@asynccontextmanager
async def no_hint() -> AsyncIterator[None]:
    """A want of proof is told no sooner than others: a connection that Airflow has at hand is found faster than that there is none."""
    began = time.monotonic()
    try:
        yield
    except RefusedError as refused:
        if refused.status is HTTPStatus.UNAUTHORIZED:
            await asyncio.sleep(UNPROVEN_SECONDS - (time.monotonic() - began))
        raise


def prove(source: Source, headers: dict[str, str], body: bytes) -> Proof:
    try:
        return source.scheme.prove(headers, body, source.keys)
    except NotProvenError as why:
        log.warning("An event for source %r was refused: %s.", source.name[:64], why)
        raise RefusedError(*NOT_PROVEN) from None


def read_object(name: str, body: bytes) -> dict[str, Any]:
    """The JSON object in a body that is proven; raises RefusedError when there is none."""
    try:
        found = json.loads(body.decode(), parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        log.error("An event of %s is signed, but is no JSON object.", name)
        raise RefusedError(*UNREADABLE)
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def usable_id(name: str, found: Any) -> str:
    """An event's id as it is kept; raises RefusedError when it is no text or number of 1 to LONGEST_ID characters."""
    event_id = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
    if not 0 < len(event_id) <= LONGEST_ID:
        log.error("An event of %s has no id of 1 to %d characters.", name, LONGEST_ID)
        raise RefusedError(*UNREADABLE)
    return event_id


@contextmanager
def told_as_refusals(arrival: Arrival) -> Iterator[None]:
    """What goes wrong with the staging database, as an answer to the sender; the log names the error, but nothing of the event's body."""
    try:
        yield
    except psycopg.DataError as unfit:
        log.error("Event %r of %s cannot be held: %s.", *(arrival.event_id, arrival.source, type(unfit).__name__))  # noqa: TRY400
        raise RefusedError(*UNREADABLE) from None
    except psycopg.Error as failure:
        log.error("The staging database did not take an event: %s.", type(failure).__name__)  # noqa: TRY400 its details may quote the event
        raise RefusedError(*TRY_AGAIN) from None
    except (ConfigurationError, AirflowNotFoundException) as missing:
        log.error("The staging database cannot take events: %s", missing)  # noqa: TRY400 the message says what to do
        raise RefusedError(*TRY_AGAIN) from None
