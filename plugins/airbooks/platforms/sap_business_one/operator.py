"""The operator for SAP Business One."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class SapBusinessOneInvoiceOperator(InvoiceOperator):
    """Delivers one chunk to a Business One company; the request that creates a document posts it.

    :param series: numbering series (its number in Business One) of invoices; None takes the user's default.
    :param credit_note_series: the same of credit notes.
    :param branch: branch (BPL id) that the documents belong to; None takes the connection's.
    :param document_rates: send the document's own exchange rate; False takes the rate of the day from Business One's table.
    :param sales_person_codes: our salespersons are numbers of Business One's sales employees; False writes them into the remarks.
    """

    platform: ClassVar[str] = "sap_business_one"

    def __init__(
        self,
        *,
        series: int | None = None,
        credit_note_series: int | None = None,
        branch: int | None = None,
        document_rates: bool = True,
        sales_person_codes: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.series = series
        self.credit_note_series = credit_note_series
        self.branch = branch
        self.document_rates = document_rates
        self.sales_person_codes = sales_person_codes

    def platform_options(self) -> Mapping[str, Any]:
        return {
            "series": self.series,
            "credit_note_series": self.credit_note_series,
            "branch": self.branch,
            "document_rates": self.document_rates,
            "sales_person_codes": self.sales_person_codes,
        }
