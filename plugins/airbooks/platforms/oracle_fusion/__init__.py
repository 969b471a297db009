"""Oracle Fusion Cloud ERP: the connector's hook and operator, imported when asked for (they import Airflow; spec and sandbox do not)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airbooks.platforms.oracle_fusion.hook import OracleFusionHook
    from airbooks.platforms.oracle_fusion.operator import OracleFusionInvoiceOperator

__all__ = ["OracleFusionHook", "OracleFusionInvoiceOperator"]

_HOMES = {"OracleFusionHook": "hook", "OracleFusionInvoiceOperator": "operator"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
