"""The operator that delivers invoices to Sage Intacct."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class SageIntacctInvoiceOperator(InvoiceOperator):
    """Delivers a chunk of the outbox to one company of Sage Intacct.

    :param draft: create documents as drafts and leave posting to a person (default: they are posted at once).
    """

    platform: ClassVar[str] = "sage_intacct"

    def __init__(self, *, draft: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.draft = draft

    def platform_options(self) -> Mapping[str, Any]:
        return {"draft": self.draft}
