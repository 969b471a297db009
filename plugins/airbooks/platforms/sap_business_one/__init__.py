"""SAP Business One (Service Layer, OData)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airbooks.platforms.sap_business_one.hook import SapBusinessOneHook
    from airbooks.platforms.sap_business_one.operator import SapBusinessOneInvoiceOperator

__all__ = ["SapBusinessOneHook", "SapBusinessOneInvoiceOperator"]


def __getattr__(name: str) -> Any:
    """The two classes, imported (with Airflow) only when somebody asks for them."""
    if name == "SapBusinessOneHook":
        from airbooks.platforms.sap_business_one.hook import SapBusinessOneHook

        return SapBusinessOneHook
    if name == "SapBusinessOneInvoiceOperator":
        from airbooks.platforms.sap_business_one.operator import SapBusinessOneInvoiceOperator

        return SapBusinessOneInvoiceOperator
    raise AttributeError(name)
