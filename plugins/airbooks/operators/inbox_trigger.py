"""Waking a Dag when events come in: a trigger for Airflow's AssetWatcher that listens to the staging database.

What it fires is a hint. Asset events may be lost or made one of; the Dag drains the inbox whenever it runs, and runs on a schedule as well.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from typing import Any

import psycopg
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from psycopg.conninfo import make_conninfo

from airbooks.platforms.errors import ConfigurationError
from airbooks.staging.database import STAGING, connect
from airbooks.staging.inbox import CHANNEL, WAITING

log = logging.getLogger("airbooks.inbox")


class InboxTrigger(BaseEventTrigger):
    """Fires when events of some sources have come in, once per burst, and when it starts and some wait already.

    :param sources: whose events; empty: everybody's.
    :param staging_conn_id: the Postgres connection that holds the staging schema.
    :param settle_seconds: a burst ends when this long after its first event; one firing covers all of it.
    :param look_seconds: how often the table is looked at although nothing was told: a connection may be dead without saying so.
    :param pause_seconds: between two tries to reach a database that does not answer.
    """

    def __init__(
        self,
        *,
        sources: Iterable[str] = (),
        staging_conn_id: str = STAGING,
        settle_seconds: float = 1.0,
        look_seconds: float = 60.0,
        pause_seconds: float = 5.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.sources, self.staging_conn_id = sorted(sources), staging_conn_id
        self.settle_seconds, self.look_seconds, self.pause_seconds = settle_seconds, look_seconds, pause_seconds
        self._fired_for = 0

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "airbooks.operators.inbox_trigger.InboxTrigger", {
            "sources": self.sources,
            "staging_conn_id": self.staging_conn_id,
            "settle_seconds": self.settle_seconds,
            "look_seconds": self.look_seconds,
            "pause_seconds": self.pause_seconds,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        while True:
            try:
                async with aclosing(self._arrivals()) as arrivals:
                    async for newest in arrivals:
                        yield TriggerEvent({"sources": self.sources, "newest": newest})  # type: ignore[no-untyped-call]
            except (psycopg.Error, ConfigurationError, AirflowNotFoundException) as failure:
                log.warning("The inbox cannot be listened to just now; trying again. %s", failure)
            await asyncio.sleep(self.pause_seconds)

    async def _arrivals(self) -> AsyncGenerator[int]:
        """The newest waiting event whenever something was told, or is new since it was told last; ends only with an error."""
        async with await psycopg.AsyncConnection.connect(await asyncio.to_thread(self._address), autocommit=True) as database:
            await database.execute(f"LISTEN {CHANNEL}")  # before the first look, so that nothing comes between the two
            is_told = False
            while True:
                newest = await self._newest(database)
                if newest and (is_told or newest > self._fired_for):
                    self._fired_for = newest
                    yield newest
                is_told = await self._burst(database)

    def _address(self) -> str:
        """Where the staging database is, as Airflow's Postgres hook connects to it."""
        with connect(self.staging_conn_id) as database:
            return make_conninfo(database.info.dsn, password=database.info.password or None)

    async def _newest(self, database: psycopg.AsyncConnection) -> int:
        row = await (await database.execute(WAITING, {"sources": self.sources})).fetchone()
        return int(row[0]) if row else 0

    async def _burst(self, database: psycopg.AsyncConnection) -> bool:
        """Whether one of our sources was told within `look_seconds`; returns when the burst is over."""
        first = [told.payload async for told in database.notifies(timeout=self.look_seconds, stop_after=1)]
        is_ours = bool(first) and (not self.sources or not set(first).isdisjoint(self.sources))
        if is_ours:
            async for _ in database.notifies(timeout=self.settle_seconds):
                pass  # covered by the same look at the table
        return is_ours
