"""Microsoft Dynamics 365 Business Central (API v2.0)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airbooks.platforms.business_central.hook import BusinessCentralHook
    from airbooks.platforms.business_central.operator import BusinessCentralInvoiceOperator

__all__ = ["BusinessCentralHook", "BusinessCentralInvoiceOperator"]


def __getattr__(name: str) -> Any:
    """The two classes, imported (with Airflow) only when somebody asks for them."""
    if name == "BusinessCentralHook":
        from airbooks.platforms.business_central.hook import BusinessCentralHook

        return BusinessCentralHook
    if name == "BusinessCentralInvoiceOperator":
        from airbooks.platforms.business_central.operator import BusinessCentralInvoiceOperator

        return BusinessCentralInvoiceOperator
    raise AttributeError(name)
