"""SAP S/4HANA: journal entries over SOAP, customers and open items over OData V2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airbooks.platforms.sap_s4hana.hook import SapS4HanaHook
    from airbooks.platforms.sap_s4hana.operator import SapS4HanaInvoiceOperator

__all__ = ["SapS4HanaHook", "SapS4HanaInvoiceOperator"]
_MODULES = {"SapS4HanaHook": "hook", "SapS4HanaInvoiceOperator": "operator"}


def __getattr__(name: str) -> Any:
    """The classes are imported when asked for: plain data and the simulator need no Airflow."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
