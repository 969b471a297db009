"""Airflow operator for Unit4 ERPx."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator
from airbooks.platforms.unit4.spec import PAYMENT_METHOD


class Unit4InvoiceOperator(InvoiceOperator):
    """Delivers one chunk of the outbox to one company of a Unit4 ERPx tenant, one transaction batch for each document.

    :param run_gl07: order GL07 for each document that is created; False leaves posting to the tenant's own schedule; None does what the
        connection says (as voids and payments always do).
    :param payment_method: payment method of the open item (at most 2 characters), instead of the connection's.
    :param company_reference: our reference on the open item (a user of ERPx, for example SALES1).
    :param responsible: who is responsible for the open item (a user of ERPx).
    """

    platform: ClassVar[str] = "unit4"
    template_fields: Sequence[str] = (*InvoiceOperator.template_fields, "company_reference", "responsible")

    def __init__(
        self,
        *,
        run_gl07: bool | None = None,
        payment_method: str = "",
        company_reference: str = "",
        responsible: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if len(payment_method) > PAYMENT_METHOD:
            raise ValueError(f"payment_method has at most {PAYMENT_METHOD} characters, not {payment_method!r}")
        self.run_gl07 = run_gl07
        self.payment_method = payment_method
        self.company_reference = company_reference
        self.responsible = responsible

    def platform_options(self) -> Mapping[str, Any]:
        return {
            "run_gl07": self.run_gl07,
            "payment_method": self.payment_method,
            "company_reference": self.company_reference,
            "responsible": self.responsible,
        }
