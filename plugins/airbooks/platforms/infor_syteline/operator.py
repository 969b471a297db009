"""The operator for SyteLine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class InforSyteLineInvoiceOperator(InvoiceOperator):
    """Delivers one chunk to a SyteLine site: A/R documents with their distributions, checked to the cent, then posted.

    :param post: post by the connection's method or event; False leaves the documents to the finance team's posting task, as does a
        connection whose posting is `none`.
    :param approval_status: ApprovalStatus of the documents, for sites that use revision and pay days ("A" approved); empty sends none.
    """

    platform: ClassVar[str] = "infor_syteline"

    def __init__(self, *, post: bool = True, approval_status: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.post = post
        self.approval_status = approval_status

    def platform_options(self) -> Mapping[str, Any]:
        """Posting is the hook's business: also a document that is left unposted must get all its distributions."""
        return {"posting": self.post, "approval_status": self.approval_status}
