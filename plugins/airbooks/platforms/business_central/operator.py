"""The operator for Business Central."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class BusinessCentralInvoiceOperator(InvoiceOperator):
    """Delivers one chunk to a Business Central company: drafts, checked to the cent, then posted.

    :param post: post the drafts; False leaves them for a person to post.
    :param salesperson_codes: our salespersons are Business Central's salesperson codes; False writes them into a comment line.
    """

    platform: ClassVar[str] = "business_central"

    def __init__(self, *, post: bool = True, salesperson_codes: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.post = post
        self.salesperson_codes = salesperson_codes

    def platform_options(self) -> Mapping[str, Any]:
        return {"post": self.post, "salesperson_codes": self.salesperson_codes}
