"""Airflow operator for Wave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class WaveInvoiceOperator(InvoiceOperator):
    """Delivers one chunk of the outbox to one Wave business: drafts, checked to the cent, then approved.

    :param approve: approve the drafts; only approved invoices count in the books. False leaves them for a person to approve.
    :param mark_sent: mark approved invoices as sent (by other means than Wave).
    :param send_email: Wave mails each approved invoice to the buyer's e-mail address; needs the scope invoice:send. An invoice that was
        sent before, or whose buyer has no address, is not mailed.
    :param online_payments: whether customers may pay these invoices through Wave; None is the business's own setting.
    """

    platform: ClassVar[str] = "wave"

    def __init__(
        self,
        *,
        approve: bool = True,
        mark_sent: bool = False,
        send_email: bool = False,
        online_payments: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.approve = approve
        self.mark_sent = mark_sent
        self.send_email = send_email
        self.online_payments = online_payments

    def platform_options(self) -> Mapping[str, Any]:
        return {
            "post": self.approve,
            "mark_sent": self.mark_sent,
            "send_email": self.send_email,
            "online_payments": self.online_payments,
        }
