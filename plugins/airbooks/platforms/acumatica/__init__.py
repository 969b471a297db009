"""Acumatica Cloud ERP (contract-based REST API)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airbooks.platforms.acumatica.hook import AcumaticaHook
    from airbooks.platforms.acumatica.operator import AcumaticaInvoiceOperator

__all__ = ["AcumaticaHook", "AcumaticaInvoiceOperator"]


def __getattr__(name: str) -> Any:
    """The two classes, imported (with Airflow) only when somebody asks for them."""
    if name == "AcumaticaHook":
        from airbooks.platforms.acumatica.hook import AcumaticaHook

        return AcumaticaHook
    if name == "AcumaticaInvoiceOperator":
        from airbooks.platforms.acumatica.operator import AcumaticaInvoiceOperator

        return AcumaticaInvoiceOperator
    raise AttributeError(name)
