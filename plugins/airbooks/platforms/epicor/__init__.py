"""Epicor Kinetic (REST API v2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airbooks.platforms.epicor.hook import EpicorHook
    from airbooks.platforms.epicor.operator import EpicorInvoiceOperator

__all__ = ["EpicorHook", "EpicorInvoiceOperator"]


def __getattr__(name: str) -> Any:
    """The two classes, imported (with Airflow) only when somebody asks for them."""
    if name == "EpicorHook":
        from airbooks.platforms.epicor.hook import EpicorHook

        return EpicorHook
    if name == "EpicorInvoiceOperator":
        from airbooks.platforms.epicor.operator import EpicorInvoiceOperator

        return EpicorInvoiceOperator
    raise AttributeError(name)
