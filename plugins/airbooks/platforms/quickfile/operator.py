"""Airflow operator for QuickFile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class QuickFileInvoiceOperator(InvoiceOperator):
    """Delivers one chunk of the outbox to one QuickFile account: drafts, checked to the cent, then marked as sent.

    :param post: mark the drafts as sent; False leaves them for a person to send.
    :param send_by_email: QuickFile mails each invoice to the client's default contact (buyers without an e-mail address get none).
    :param send_by_post: QuickFile prints and posts each invoice; the account is charged for it.
    """

    platform: ClassVar[str] = "quickfile"

    def __init__(self, *, post: bool = True, send_by_email: bool = False, send_by_post: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.post = post
        self.send_by_email = send_by_email
        self.send_by_post = send_by_post

    def platform_options(self) -> Mapping[str, Any]:
        return {"post": self.post, "send_by_email": self.send_by_email, "send_by_post": self.send_by_post}
