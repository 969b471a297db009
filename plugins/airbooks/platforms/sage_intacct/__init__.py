"""Sage Intacct (XML gateway)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airbooks.platforms.sage_intacct.hook import SageIntacctHook
    from airbooks.platforms.sage_intacct.operator import SageIntacctInvoiceOperator

__all__ = ["SageIntacctHook", "SageIntacctInvoiceOperator"]
_MODULES = {"SageIntacctHook": "hook", "SageIntacctInvoiceOperator": "operator"}


def __getattr__(name: str) -> Any:
    """The classes are imported when asked for: plain data and the simulator need no Airflow."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
