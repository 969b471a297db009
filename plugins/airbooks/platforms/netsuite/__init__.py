"""Oracle NetSuite (SuiteTalk REST web services)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airbooks.platforms.netsuite.hook import NetSuiteHook
    from airbooks.platforms.netsuite.operator import NetSuiteInvoiceOperator

__all__ = ["NetSuiteHook", "NetSuiteInvoiceOperator"]


def __getattr__(name: str) -> Any:
    """The two classes, imported (with Airflow) only when somebody asks for them."""
    if name == "NetSuiteHook":
        from airbooks.platforms.netsuite.hook import NetSuiteHook

        return NetSuiteHook
    if name == "NetSuiteInvoiceOperator":
        from airbooks.platforms.netsuite.operator import NetSuiteInvoiceOperator

        return NetSuiteInvoiceOperator
    raise AttributeError(name)
