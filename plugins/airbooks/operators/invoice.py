"""The operator that delivers one chunk of the outbox to one connection; every platform's InvoiceOperator is one of these."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class InvoiceOperator(BaseOperator):
    """Delivers the documents of one chunk, exactly once each, and returns counts (never documents).

    :param connection_id: the Airflow connection (one company file on the platform).
    :param chunk: first and last id of a range of outbox rows of this connection; an XCom of the planning task.
    :param staging_conn_id: the Postgres connection that holds the staging schema.

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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.connection_id = connection_id
        self.chunk = chunk
        self.staging_conn_id = staging_conn_id

    @abstractmethod
    def platform_options(self) -> Mapping[str, Any]:
        """The platform's own options (approve, send e-mail, ...), as its hook reads them from `Sending.options`."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Deliver the chunk; a failure of one document never fails the task, a connection that cannot work does."""
        from airbooks.operators.delivering import deliver_chunk  # heavy: not for the Dag processor

        return deliver_chunk(self, context)
