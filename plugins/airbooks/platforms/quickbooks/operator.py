"""Airflow operator for QuickBooks Online."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class QuickBooksInvoiceOperator(InvoiceOperator):
    """Delivers one chunk of the outbox to one QuickBooks company.

    :param send_email: QuickBooks mails each document to the buyer's e-mail address (documents without one are booked all the same).
    :param print_later: put each document into QuickBooks' print queue.
    :param location_id: id of the location (Department) for documents whose lines name none.
    """

    platform: ClassVar[str] = "quickbooks"
    template_fields: Sequence[str] = (*InvoiceOperator.template_fields, "location_id")

    def __init__(self, *, send_email: bool = False, print_later: bool = False, location_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.send_email = send_email
        self.print_later = print_later
        self.location_id = location_id

    def platform_options(self) -> Mapping[str, Any]:
        return {"send_email": self.send_email, "print_later": self.print_later, "location_id": self.location_id}
