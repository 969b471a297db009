"""Airflow operator for KashFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class KashFlowInvoiceOperator(InvoiceOperator):
    """Delivers one chunk of the outbox to one KashFlow company.

    :param automatic_credit_control: KashFlow sends its reminder letters for these invoices.
    :param update_customer_address: the bill-to address of each document becomes the customer's address.
    :param project_number: number of the project for documents and lines that name none.
    :param cis_reverse_charge: documents with reverse-charged lines fall under the Construction Industry Scheme.
    """

    platform: ClassVar[str] = "kashflow"
    template_fields: Sequence[str] = (*InvoiceOperator.template_fields, "project_number")

    def __init__(
        self,
        *,
        automatic_credit_control: bool = False,
        update_customer_address: bool = False,
        project_number: int | str = "",
        cis_reverse_charge: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.automatic_credit_control = automatic_credit_control
        self.update_customer_address = update_customer_address
        self.project_number = project_number
        self.cis_reverse_charge = cis_reverse_charge

    def platform_options(self) -> Mapping[str, Any]:
        return {
            "automatic_credit_control": self.automatic_credit_control,
            "update_customer_address": self.update_customer_address,
            "project_number": str(self.project_number),
            "cis_reverse_charge": self.cis_reverse_charge,
        }
