"""The operator for Odoo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class OdooInvoiceOperator(InvoiceOperator):
    """Delivers one chunk to one company of an Odoo database: drafts by import, checked to the cent, then posted.

    :param post: post the drafts (`action_post`); False leaves them for a person to post.
    :param company_id: the company this route is meant for; a connection that works in another one is refused.
    :param sale_journal_id: another sales journal than the connection's, by database id.
    :param use_our_number: our document number becomes the legal number (`name`); the journal's next numbers then follow its pattern.
    """

    platform: ClassVar[str] = "odoo"

    def __init__(
        self,
        *,
        post: bool = True,
        company_id: int | None = None,
        sale_journal_id: int | None = None,
        use_our_number: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.post = post
        self.company_id = company_id
        self.sale_journal_id = sale_journal_id
        self.use_our_number = use_our_number

    def platform_options(self) -> Mapping[str, Any]:
        return {
            "post": self.post,
            "company_id": self.company_id,
            "sale_journal_id": self.sale_journal_id,
            "use_our_number": self.use_our_number,
        }
