"""The operator that delivers invoices to SAP S/4HANA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class SapS4HanaInvoiceOperator(InvoiceOperator):
    """Delivers a chunk of the outbox to one company code of SAP S/4HANA, as journal entries (DR and DG documents).

    :param header_text: text of every document's header (at most 25 characters); without one it is the buyer's reference.
    :param tax_check: S/4HANA compares the tax amounts with its own calculation and refuses what differs (DoTaxAmountCheck).
    :param tax_dates: send the document date as tax reporting and tax determination date, for countries where these are switched on.
    """

    platform: ClassVar[str] = "sap_s4hana"
    template_fields: Sequence[str] = (*InvoiceOperator.template_fields, "header_text")

    def __init__(self, *, header_text: str = "", tax_check: bool = False, tax_dates: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.header_text = header_text
        self.tax_check = tax_check
        self.tax_dates = tax_dates

    def platform_options(self) -> Mapping[str, Any]:
        return {"header_text": self.header_text, "tax_check": self.tax_check, "tax_dates": self.tax_dates}
