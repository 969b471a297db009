"""Airflow operator for Zoho Books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class ZohoBooksInvoiceOperator(InvoiceOperator):
    """Delivers one chunk of the outbox to one Zoho Books organisation: drafts, checked to the cent, then marked as sent.

    The data centre (us, eu, in, au, jp, ca, sa, cn) belongs to the account and therefore to the connection (`data_center`).

    :param mark_sent: mark invoices as sent and credit notes as open, which posts them to the ledger (nothing is mailed); False leaves
        drafts for a person to send or approve.
    :param location_id: id of the location for documents that name none.
    :param salespersons: write our salesperson into the document's salesperson field; False writes it into the notes.
    """

    platform: ClassVar[str] = "zoho_books"
    template_fields: Sequence[str] = (*InvoiceOperator.template_fields, "location_id")

    def __init__(self, *, mark_sent: bool = True, location_id: str = "", salespersons: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mark_sent = mark_sent
        self.location_id = location_id
        self.salespersons = salespersons

    def platform_options(self) -> Mapping[str, Any]:
        return {"post": self.mark_sent, "location_id": self.location_id, "salespersons": self.salespersons}
