"""Airflow operator for Brightpearl."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class BrightpearlInvoiceOperator(InvoiceOperator):
    """Delivers one chunk of the outbox to one Brightpearl account: sales orders, checked to the cent, then closed, which invoices them.

    What the documents themselves say (a mapped dimension) comes before these; ids are those of the account's lists.

    :param close: close orders and credits; False leaves them as orders for the warehouse or a person to go on with.
    :param status_id: order status of new sales orders, instead of the connection's.
    :param lead_source_id: lead source of documents that name none.
    :param project_id: project.
    :param team_id: team.
    :param staff_owner_id: contact id of the staff member who owns the orders.
    """

    platform: ClassVar[str] = "brightpearl"
    template_fields: Sequence[str] = (
        *InvoiceOperator.template_fields,
        "status_id",
        "lead_source_id",
        "project_id",
        "team_id",
        "staff_owner_id",
    )

    def __init__(
        self,
        *,
        close: bool = True,
        status_id: str = "",
        lead_source_id: str = "",
        project_id: str = "",
        team_id: str = "",
        staff_owner_id: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.close = close
        self.status_id = status_id
        self.lead_source_id = lead_source_id
        self.project_id = project_id
        self.team_id = team_id
        self.staff_owner_id = staff_owner_id

    def platform_options(self) -> Mapping[str, Any]:
        return {
            "post": self.close,
            "status_id": self.status_id,
            "lead_source_id": self.lead_source_id,
            "project_id": self.project_id,
            "team_id": self.team_id,
            "staff_owner_id": self.staff_owner_id,
        }
