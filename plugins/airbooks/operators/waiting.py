"""Waiting for platforms that take a request on and answer later: a trigger that asks, and never sends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

log = logging.getLogger("airflow.task.airbooks.delivery")


class AnswersTrigger(BaseTrigger):
    """Fires when the platform has answered at least one request of a range of deliveries, or at `deadline` (UTC).

    It holds no worker slot and records nothing: the task that it wakes asks again and writes the answers down. A platform that cannot be
    asked just now is asked again after `poll_seconds`.
    """

    def __init__(self, *, connection_id: str, staging_conn_id: str, span: tuple[int, int], poll_seconds: float, deadline: datetime) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.connection_id, self.staging_conn_id = connection_id, staging_conn_id
        self.span, self.poll_seconds, self.deadline = (int(span[0]), int(span[1])), poll_seconds, deadline

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "airbooks.operators.waiting.AnswersTrigger", {
            "connection_id": self.connection_id,
            "staging_conn_id": self.staging_conn_id,
            "span": list(self.span),
            "poll_seconds": self.poll_seconds,
            "deadline": self.deadline,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        while datetime.now(UTC) < self.deadline:
            await asyncio.sleep(self.poll_seconds)
            if await asyncio.to_thread(self._has_answers):
                break
        yield TriggerEvent({"connection": self.connection_id})  # type: ignore[no-untyped-call]

    def _has_answers(self) -> bool:
        from airbooks.config import load_config
        from airbooks.delivery.collecting import has_answers
        from airbooks.operators.delivering import visit
        from airbooks.platforms.errors import AirbooksError

        try:
            with visit(load_config(), self.connection_id, self.staging_conn_id) as work:
                return has_answers(work, self.span)
        except AirbooksError as error:
            log.warning("%s cannot be asked just now: %s", self.connection_id, error)
            return False
