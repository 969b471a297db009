"""Airflow operator for Xero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator
from airbooks.platforms.xero.spec import OURS, XEROS


class XeroInvoiceOperator(InvoiceOperator):
    """Delivers one chunk of the outbox to one Xero organisation.

    :param approve: approve documents (AUTHORISED: they are in the books); otherwise they are drafts, for people to approve in Xero.
    :param send_email: Xero mails each new invoice to its contact, at most once: one that cannot be mailed is booked all the same, with a
        note, and one whose answer was lost and that was found by look-up is not mailed. Credit notes are never mailed: there is no call.
    :param rounding: whose rounding of tax counts. `ours`: the document's tax is put on its lines to the cent; `xero`: Xero computes it line
        by line, and a document that comes out differently becomes an exception.
    :param branding_theme_id: id of the branding theme that documents are printed with; empty: the organisation's default.
    """

    platform: ClassVar[str] = "xero"
    template_fields: Sequence[str] = (*InvoiceOperator.template_fields, "branding_theme_id")

    def __init__(
        self, *, approve: bool = True, send_email: bool = False, rounding: str = OURS, branding_theme_id: str = "", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if rounding not in {OURS, XEROS}:
            raise ValueError(f"rounding is {rounding!r}; it is {OURS!r} or {XEROS!r}")
        if send_email and not approve:
            raise ValueError("send_email needs approve: Xero mails no drafts")
        self.approve = approve
        self.send_email = send_email
        self.rounding = rounding
        self.branding_theme_id = branding_theme_id

    def platform_options(self) -> Mapping[str, Any]:
        return {
            "approve": self.approve,
            "send_email": self.send_email,
            "rounding": self.rounding,
            "branding_theme_id": self.branding_theme_id,
        }
