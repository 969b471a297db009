"""The operator that delivers one chunk of the outbox to one connection; every platform's InvoiceOperator is one of these."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airbooks.platforms.spec import Urgency

if TYPE_CHECKING:
    from airflow.sdk import Context


class InvoiceOperator(BaseOperator):
    """Delivers the documents of one chunk, exactly once each, and returns counts (never documents).

    :param connection_id: the Airflow connection (one company file on the platform).
    :param chunk: first and last id of a range of outbox rows of this connection; an XCom of the planning task.
    :param staging_conn_id: the Postgres connection that holds the staging schema.
    :param answer_wait: how long this task waits (deferred, without a worker slot) for platforms that take requests on and answer later;
        what is still open then is asked about by the next run.
    :param urgency: realtime, hourly or daily: who goes first where a platform's limits make calls wait.

    A platform's operator sets `platform` and turns its own arguments into `platform_options()`, which reach the hook as `Sending.options`.
    """

    platform: ClassVar[str]
    template_fields: Sequence[str] = ("chunk",)
    ui_color = "#e3f1e8"

    def __init__(
        self,
        *,
        connection_id: str,
        chunk: Any = None,
        staging_conn_id: str = "airbooks_staging",
        answer_wait: timedelta = timedelta(minutes=30),
        urgency: str = Urgency.HOURLY,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.connection_id = connection_id
        self.chunk = chunk
        self.staging_conn_id = staging_conn_id
        self.answer_wait = answer_wait
        self.urgency = Urgency(urgency)

    @property
    def span(self) -> tuple[int, int]:
        """First and last id of the chunk's outbox rows."""
        return int(self.chunk[0]), int(self.chunk[1])

    @abstractmethod
    def platform_options(self) -> Mapping[str, Any]:
        """The platform's own options (approve, send e-mail, ...), as its hook reads them from `Sending.options`."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Deliver the chunk; a failure of one document never fails the task, a connection that cannot work does."""
        from airbooks.operators.delivering import deliver_chunk  # heavy: not for the Dag processor

        deadline = datetime.now(UTC) + self.answer_wait
        return self._wait_for_answers(deliver_chunk(self, context), deadline, {})

    def collect(self, context: Context, deadline: str, counted: dict[str, Any], **_event: Any) -> dict[str, Any]:
        """Go on after the platform has answered: record its answers, send what waited for them, wait for those that are still open."""
        from airbooks.operators.delivering import deliver_chunk

        return self._wait_for_answers(deliver_chunk(self, context), datetime.fromisoformat(deadline), counted)

    def _wait_for_answers(self, counts: dict[str, Any], deadline: datetime, counted: Mapping[str, Any]) -> dict[str, Any]:
        counts = together(counted, counts)
        if not counts.get("waiting") or datetime.now(UTC) >= deadline:
            return counts
        from airflow.sdk.exceptions import TaskDeferred

        from airbooks.operators.delivering import poll_seconds
        from airbooks.operators.waiting import AnswersTrigger

        trigger = AnswersTrigger(
            connection_id=self.connection_id,
            staging_conn_id=self.staging_conn_id,
            span=self.span,
            poll_seconds=poll_seconds(self.platform),
            deadline=deadline,
        )
        again = {"deadline": deadline.isoformat(), "counted": counts}
        raise TaskDeferred(trigger=trigger, method_name="collect", kwargs=again)


def together(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The counts of a task over all its turns; `waiting` is how many still wait."""
    added = {name: before.get(name, 0) + count for name, count in now.items() if isinstance(count, int)}
    return {**before, **now, **added, "waiting": now.get("waiting", 0)} if before else dict(now)
