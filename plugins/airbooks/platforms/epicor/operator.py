"""The operator for Epicor Kinetic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class EpicorInvoiceOperator(InvoiceOperator):
    """Delivers one chunk to one Epicor company: invoices on hold in an invoice group, checked to the cent, released and posted.

    :param post: post the invoice group; False leaves the invoices in it, not on hold, for a person to post.
    :param one_time_ship_to: deliveries become one-time ship-to addresses of the lines; False writes them into the invoice comment.
    :param salesperson_codes: our salespersons are Epicor's SalesRepCodes; False writes them into the invoice comment.
    """

    platform: ClassVar[str] = "epicor"

    def __init__(self, *, post: bool = True, one_time_ship_to: bool = True, salesperson_codes: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.post = post
        self.one_time_ship_to = one_time_ship_to
        self.salesperson_codes = salesperson_codes

    def platform_options(self) -> Mapping[str, Any]:
        return {"post": self.post, "one_time_ship_to": self.one_time_ship_to, "salesperson_codes": self.salesperson_codes}
