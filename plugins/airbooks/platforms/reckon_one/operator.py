"""Airflow operator for Reckon One."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class ReckonOneInvoiceOperator(InvoiceOperator):
    """Delivers one chunk of the outbox to one book of Reckon One: created, checked to the cent, then approved.

    :param approve: approve documents that are drafts (books with invoice approval); False leaves them for a person. In a book without
        approval documents count at once.
    :param template: name or id of the template that invoices are printed with; empty: the book's default.
    :param payment_details: how to pay, printed on invoices (bank and account number); empty: nothing is sent.
    """

    platform: ClassVar[str] = "reckon_one"
    template_fields: Sequence[str] = (*InvoiceOperator.template_fields, "template", "payment_details")

    def __init__(self, *, approve: bool = True, template: str = "", payment_details: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.approve = approve
        self.template = template
        self.payment_details = payment_details

    def platform_options(self) -> Mapping[str, Any]:
        return {"post": self.approve, "template": self.template, "payment_details": self.payment_details}
