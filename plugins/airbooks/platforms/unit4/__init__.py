"""Unit4 ERPx: the connector's hook and operator, imported when asked for (they import Airflow; spec and sandbox do not)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airbooks.platforms.unit4.hook import Unit4Hook
    from airbooks.platforms.unit4.operator import Unit4InvoiceOperator

__all__ = ["Unit4Hook", "Unit4InvoiceOperator"]

_HOMES = {"Unit4Hook": "hook", "Unit4InvoiceOperator": "operator"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
