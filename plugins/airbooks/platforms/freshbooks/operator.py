"""Airflow operator for FreshBooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class FreshBooksInvoiceOperator(InvoiceOperator):
    """Delivers one chunk of the outbox to one FreshBooks account: drafts, checked to the cent, then marked as sent.

    :param mark_sent: mark the drafts as sent, which makes them count in reports; False leaves them for a person.
    :param send_email: FreshBooks mails each invoice to the buyer's e-mail address instead (invoices without one are marked as sent).
    :param include_pdf: attach the invoice as PDF to that e-mail.
    """

    platform: ClassVar[str] = "freshbooks"

    def __init__(self, *, mark_sent: bool = True, send_email: bool = False, include_pdf: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if send_email and not mark_sent:
            raise ValueError("send_email needs mark_sent: an invoice that FreshBooks mails is sent, and no draft any more")
        self.mark_sent = mark_sent
        self.send_email = send_email
        self.include_pdf = include_pdf

    def platform_options(self) -> Mapping[str, Any]:
        return {"post": self.mark_sent, "send_email": self.send_email, "include_pdf": self.include_pdf}
